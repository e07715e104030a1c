"""An assignment on a management group, put again after subscriptions came and went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from blueprinter.azure import ArmClient, connect_to_sandbox
from blueprinter.cli import run
from blueprinter.deploy import membership
from blueprinter.sandbox import Response, SandboxServer, ServerSettings, Settings, open_sandbox
from unit.deploy.box import NOW, SUB, Azure, Handle, Kit, definition
from unit.deploy.test_commands import assignment, head, write

OTHER = SUB[:-1] + "2"
FILE = "assignments/prod.json"
PLATFORM = "/providers/Microsoft.Management/managementGroups/platform"


@pytest.fixture
def url() -> Iterator[str]:
    settings = Settings(retry_after_ms=1)
    box = open_sandbox(clock=lambda: NOW, settings=settings, subscriptions=[SUB[15:], OTHER[15:]])
    with SandboxServer(box, ServerSettings(port=0)) as server:
        yield server.url


@pytest.mark.parametrize("stack_scope", ["subscription", "managementGroup"])
def test_who_came_to_a_management_group_and_who_left_it(
    stack_scope: str,
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BLUEPRINTER_SANDBOX", url)
    write("policies/storage/audits/policy.json", definition())
    write("blueprints/sample/blueprint.json", head("1.0.0"))
    audits = {"policyDefinition": "audits", "parameters": {}, "resourceGroup": "app"}
    write("blueprints/sample/artifacts/audits.json", {"kind": "policyAssignment", "properties": audits})
    body = assignment(managementGroup="platform", subscriptions="all", stackScope=stack_scope)
    del body["scope"]
    write(FILE, body)
    group = "2023-04-01"
    with ArmClient(connect_to_sandbox(url), poll_seconds=0) as arm:
        arm.wait(arm.start("PUT", PLATFORM, group, body={"properties": {"displayName": "p"}}))
        arm.call("PUT", f"{PLATFORM}{SUB}", group)
        assert run(["assign", FILE, "--yes"]) == 0
        assert "BP66" not in capsys.readouterr().err  # the first time everything is new, which is no news
        arm.call("PUT", f"{PLATFORM}{OTHER}", group)
        assert run(["plan", FILE]) == 0
        shown = capsys.readouterr().err
        assert f"[BP663]: `{OTHER}` is new" in shown
        assert "BP664" not in shown
        assert run(["assign", FILE, "--yes"]) == 0
        assert "assigned sample 1.0.0, content" in capsys.readouterr().out
        arm.call("DELETE", f"{PLATFORM}{SUB}", group)
        assert run(["assign", FILE, "--yes"]) == 0
        shown = capsys.readouterr().err
        assert f"[BP664]: `{SUB}` is not in" in shown
        assert "BP663" not in shown
        assert run(["unassign", FILE, "--subscription", SUB, "--yes"]) == 0
        capsys.readouterr()
        assert run(["plan", FILE, "--exit-code"]) == 0
        assert "BP66" not in capsys.readouterr().err


def test_where_nothing_may_be_read_nothing_is_told(tmp_path: Path) -> None:
    azure, target = Azure(), Kit(tmp_path).target()
    azure.assign(target, progress=False)
    placed = replace(target.assignment, management_group=PLATFORM, scopes=(OTHER,))

    def told() -> list[str]:
        with azure.arm() as arm:
            return [one.code for one in membership(arm, placed, (OTHER,), [target])]

    def refusing(handle: Handle) -> Handle:
        def handler(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
            if "/deploymentStacks/" in url:
                return Response.of({"error": {"code": "AuthorizationFailed", "message": "no"}}, 403)
            return handle(method, url, headers, body)

        return handler

    assert told() == ["BP664"]
    azure.around = refusing
    assert told() == []
