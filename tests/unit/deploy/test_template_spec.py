"""Versions in a template spec: kept once, never changed, checked when they are used."""

from __future__ import annotations

import base64
import io
import json
import random
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from blueprinter.archive import packed
from blueprinter.azure import ArmClient, connect_to_sandbox
from blueprinter.deploy import DeployError, Published, keep, take
from blueprinter.deploy.template_spec import unpacked
from blueprinter.diagnostics import InvalidInput
from blueprinter.sandbox import Fault, Response, Rule
from unit.deploy.box import SUB, Azure, Handle
from unit.deploy.test_commands import assignment, code, head, repository, url, write

__all__ = ["repository", "url"]

GROUP = f"{SUB}/resourceGroups/rg-specs"
SPEC = f"{GROUP}/providers/Microsoft.Resources/templateSpecs/sample"
VERSION = f"{SPEC}/versions/1.0.0"
API = "2022-02-01"


@pytest.fixture
def arm(url: str, repository: Path) -> Iterator[ArmClient]:
    with ArmClient(connect_to_sandbox(url), poll_seconds=0) as found:
        found.call("PUT", GROUP, "2022-09-01", body={"location": "northeurope"}, idempotent=True)
        yield found


def publish(*options: str) -> int:
    return code("publish", "sample", "--template-spec", GROUP, "--yes", *options)


def held(arm: ArmClient) -> Any:
    return arm.get(VERSION, API)


def put(arm: ArmClient, body: Any) -> None:
    kept = {key: body[key] for key in ("location", "tags", "properties")}
    arm.call("PUT", VERSION, API, body=kept, idempotent=True)


def change_policy(name: str) -> None:
    properties = {"policyDefinition": "audits", "parameters": {}, "displayName": name}
    write(
        "blueprints/sample/artifacts/assign-audits.json",
        {"kind": "policyAssignment", "properties": properties},
    )


def test_a_version_is_kept_and_assigned_from_azure(
    arm: ArmClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish() == 0
    found = held(arm)
    assert found["location"] == "northeurope"
    assert found["properties"]["description"] == "x"
    assert found["tags"]["blueprintVersion"] == "1.0.0"
    assert found["properties"]["mainTemplate"]["resources"] == []
    write("assignments/prod.json", assignment(blueprint=SPEC, version="1.0.0"))
    shutil.rmtree("blueprints")
    shutil.rmtree("policies")
    capsys.readouterr()
    assert code("plan", "assignments/prod.json", "--exit-code") == 4
    assert code("assign", "assignments/prod.json", "--yes") == 0
    assert "assigned sample 1.0.0" in capsys.readouterr().out
    assert code("drift", "assignments/prod.json") == 0
    before = held(arm)
    assert code("assign", "assignments/prod.json", "--yes") == 0
    assert "unchanged" in capsys.readouterr().out
    assert held(arm) == before


def test_the_same_content_again_writes_nothing(arm: ArmClient, capsys: pytest.CaptureFixture[str]) -> None:
    assert publish() == 0
    before = held(arm)
    assert publish() == 0
    assert "published already, with this very content" in capsys.readouterr().err
    assert held(arm) == before


def test_other_content_is_refused(arm: ArmClient, capsys: pytest.CaptureFixture[str]) -> None:
    assert publish() == 0
    before = held(arm)
    change_policy("other")
    assert publish() == 2
    assert "BP655" in capsys.readouterr().err
    assert held(arm) == before
    write("blueprints/sample/blueprint.json", head("1.1.0"))
    assert publish() == 0
    assert [row["name"] for row in arm.items(f"{SPEC}/versions", API)] == ["1.0.0", "1.1.0"]


def test_what_was_changed_in_azure_is_not_assigned(
    arm: ArmClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish() == 0
    write("assignments/prod.json", assignment(blueprint=SPEC, version="1.0.0"))
    whole = held(arm)
    record = whole["properties"]["metadata"]["blueprinter"]
    record["sha256"] = "0" * 64
    put(arm, whole)
    capsys.readouterr()
    assert code("plan", "assignments/prod.json") == 2
    assert "was changed after it was published" in capsys.readouterr().err


def test_an_archive_that_is_not_what_was_published_is_not_assigned(
    arm: ArmClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever can write the template spec can write a fitting hash of the archive, and not that of the content."""
    assert publish() == 0
    whole = held(arm)
    record = whole["properties"]["metadata"]["blueprinter"]
    files = unpacked(base64.b64decode("".join(record["archive"])), "x")
    name = "blueprints/sample/artifacts/assign-audits.json"
    files[name] = files[name].replace(b'"parameters": {}', b'"parameters": {}, "displayName": "x"')
    data = packed(files)
    record |= {"sha256": sha256(data).hexdigest(), "archive": [base64.b64encode(data).decode()]}
    put(arm, whole)
    write("assignments/prod.json", assignment(blueprint=SPEC, version="1.0.0"))
    capsys.readouterr()
    assert code("plan", "assignments/prod.json") == 2
    assert "was changed after it was published" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"version": "9.9.9"}, "versions/9.9.9` is not there"),
        ({}, "which version of the template spec?"),
    ],
)
def test_a_version_that_is_not_there(
    arm: ArmClient, capsys: pytest.CaptureFixture[str], more: dict[str, str], said: str
) -> None:
    assert publish() == 0
    write("assignments/prod.json", assignment(blueprint=SPEC, **more))
    capsys.readouterr()
    assert code("plan", "assignments/prod.json") == 2
    assert said in capsys.readouterr().err


def test_a_template_spec_of_somebody_else_is_left_alone(
    arm: ArmClient, capsys: pytest.CaptureFixture[str]
) -> None:
    arm.call("PUT", SPEC, API, body={"location": "northeurope", "properties": {}}, idempotent=True)
    assert publish() == 2
    assert "holds something else than the blueprint" in capsys.readouterr().err
    assert arm.find(VERSION, API) is None
    template = {"$schema": "x", "contentVersion": "1.0.0.0", "resources": []}
    put(arm, {"location": "northeurope", "tags": {}, "properties": {"mainTemplate": template}})
    write("assignments/prod.json", assignment(blueprint=SPEC, version="1.0.0"))
    assert code("plan", "assignments/prod.json") == 2
    assert "was not published by blueprinter" in capsys.readouterr().err


def test_where_it_cannot_be_kept(arm: ArmClient, capsys: pytest.CaptureFixture[str]) -> None:
    assert code("publish", "sample", "--template-spec", SUB, "--yes") == 2
    assert "BP662" in capsys.readouterr().err
    assert code("publish", "sample", "--template-spec", f"{SUB}/resourceGroups/none", "--yes") == 2
    assert "is not there" in capsys.readouterr().err
    assert code("publish", "sample", "--template-spec", GROUP) == 2
    assert "BP657" in capsys.readouterr().err
    assert arm.find(SPEC, API) is None


def test_too_much_for_a_template_spec(arm: ArmClient, capsys: pytest.CaptureFixture[str]) -> None:
    noise = "".join(random.Random(1).choices("0123456789abcdef", k=4_000_000))
    Path("blueprints/sample/notes.txt").write_text(noise)
    assert publish() == 2
    assert "takes 2,097,152" in capsys.readouterr().err
    assert arm.find(SPEC, API) is None


def test_offline_the_copy_of_the_last_time_counts(arm: ArmClient, capsys: pytest.CaptureFixture[str]) -> None:
    assert publish() == 0
    write("assignments/prod.json", assignment(blueprint=SPEC, version="1.0.0"))
    write("inventory.json", [])
    capsys.readouterr()
    assert code("evaluate", "-a", "assignments/prod.json", "--inventory", "inventory.json") == 2
    assert "`blueprinter plan` takes it out of Azure" in capsys.readouterr().err
    assert code("plan", "assignments/prod.json") == 0
    assert code("evaluate", "-a", "assignments/prod.json", "--inventory", "inventory.json") == 5


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "c:/x", "a\\..\\x"])
def test_an_archive_never_leads_out(name: str) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(name, "x")
    with pytest.raises(InvalidInput, match="leads out"):
        unpacked(held.getvalue(), "x")


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04" + b"\0" * 40, packed({"a": b"x" * 50})[:-30]])
def test_what_is_no_archive(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="no zip file"):
        unpacked(data, "x")


def test_an_archive_that_would_fill_the_disk() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"\0" * (65 * 1024 * 1024))
    with pytest.raises(InvalidInput, match="more than"):
        unpacked(held.getvalue(), "x")


def test_the_record_is_json_that_people_can_read(arm: ArmClient) -> None:
    assert publish() == 0
    record = held(arm)["properties"]["metadata"]["blueprinter"]
    assert {key: record[key] for key in ("schema", "blueprint", "version", "changeNotes")} == {
        "schema": "blueprinter/published/1",
        "blueprint": "sample",
        "version": "1.0.0",
        "changeNotes": "x",
    }
    assert all(len(part) <= 16_000 for part in record["archive"])
    files = unpacked(base64.b64decode("".join(record["archive"])), "x")
    assert json.loads(files["published.json"])["content"] == record["content"]


# --- faults -----------------------------------------------------------------------------------------------------------

RECORD = Published("sample", "1.0.0", "c0ffee", "x")
FILES = {"published.json": b"{}", "blueprints/sample/blueprint.json": b"{}"}


def group(azure: Azure) -> Azure:
    azure.put(GROUP, {"location": "northeurope"}, "2022-09-01")
    azure.sent.clear()
    return azure


@pytest.mark.parametrize(
    "fault", [Fault.DROP, Fault.DROP_AFTER, Fault.TIMEOUT_AFTER, Fault.ERROR, Fault.THROTTLE]
)
@pytest.mark.parametrize("route", ["templateSpecs/{spec}", "templateSpecs/{spec}/versions/{version}"])
def test_a_fault_on_the_way_leads_to_the_same_version(fault: Fault, route: str) -> None:
    path = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Resources/" + route
    azure = group(Azure(misbehaviour=(Rule(fault, path, "PUT", times=1),)))
    with azure.arm() as arm:
        assert keep(arm, SPEC, RECORD, FILES, "")
        assert take(arm, SPEC, "1.0.0") == (RECORD, FILES)


def test_publishing_that_was_cut_off_is_mended_by_running_again() -> None:
    azure = group(Azure())
    azure.put(SPEC, {"location": "northeurope", "tags": {"blueprint": "sample"}, "properties": {}}, API)
    with azure.arm() as arm:
        assert keep(arm, SPEC, RECORD, FILES, "")
        azure.sent.clear()
        assert not keep(arm, SPEC, RECORD, FILES, "")
    assert azure.writes == []


def test_who_is_overwritten_is_told() -> None:
    """Azure has no way to say `only where there is none`: whoever comes second in the same moment wins."""
    azure = group(Azure())

    def around(handle: Handle) -> Handle:
        def answer(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
            if method == "PUT" and "/versions/" in url:
                body = body.replace(b"c0ffee", b"decade")
            return handle(method, url, headers, body)

        return answer

    azure.around = around
    with azure.arm() as arm, pytest.raises(DeployError, match="BP640"):
        keep(arm, SPEC, RECORD, FILES, "")
