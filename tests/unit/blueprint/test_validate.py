"""Whatever people write can be validated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blueprinter.blueprint import Framework, Kind, kind_of, validate_path
from blueprinter.diagnostics import Diagnostic, error
from blueprinter.document import Document, parse

Write = Callable[[Mapping[str, str]], Path]

REPOSITORY = {
    "blueprints/mine/blueprint.yaml": "schema: blueprinter/blueprint/1\nproperties: {typo: 1}\n",
    "blueprints/mine/artifacts/a.yaml": "kind: wrong\nproperties: {}\n",
    "blueprints/frameworks/other.yaml": "id: other\n",
    "policies/storage/https/policy.json": '{"policyRule": {}}',
    "policies/storage/https/tests.yaml": "cases: []\n",
    "policies/aliases.json": "[]",
    "assignments/prod.yaml": "blueprint: mine\n",
    "registers/soa.yaml": "framework: small\ncontrols: {}\n",
    "registers/exemptions.yaml": "exemptions: [{}]\n",
    "registers/evidence/data.json": "not JSON",
    "notes.json": "not JSON",
}


def refuse(document: Document) -> tuple[Diagnostic, ...]:
    return (error("BP300", "refused", document.locate("")),)


def seen(root: Path, path: str, small: Framework) -> list[tuple[str, str]]:
    found = validate_path(
        root / path,
        frameworks={"small": small},
        policy_check=refuse,
        now=datetime(2026, 11, 1, tzinfo=UTC),
    )
    return sorted({(one.code, str(Path(one.position.file).relative_to(root))) for one in found})


def test_a_whole_repository(write: Write, small: Framework) -> None:
    assert seen(write(REPOSITORY), "", small) == [
        ("BP110", "blueprints/mine/blueprint.yaml"),
        ("BP112", "blueprints/frameworks/other.yaml"),
        ("BP112", "registers/exemptions.yaml"),
        ("BP203", "blueprints/mine/artifacts/a.yaml"),
        ("BP251", "registers/exemptions.yaml"),
        ("BP260", "registers/soa.yaml"),
        ("BP270", "assignments/prod.yaml"),
        ("BP300", "policies/storage/https/policy.json"),
        ("BP300", "policies/storage/https/tests.yaml"),
    ]


@pytest.mark.parametrize(
    ("path", "codes"),
    [
        ("blueprints/mine", ["BP110", "BP203"]),
        ("blueprints/mine/blueprint.yaml", ["BP110", "BP203"]),
        ("blueprints/mine/artifacts/a.yaml", ["BP110", "BP203"]),
        ("blueprints/frameworks", ["BP112"]),
        ("policies", ["BP300"]),
        ("policies/storage/https/policy.json", ["BP300"]),
        ("registers", ["BP112", "BP251", "BP260"]),
        ("registers/soa.yaml", ["BP260"]),
        ("assignments/prod.yaml", ["BP270"]),
        ("registers/evidence", ["BP277"]),
        ("notes.json", ["BP105"]),
        ("absent", ["BP101"]),
    ],
)
def test_a_part_of_it(write: Write, small: Framework, path: str, codes: list[str]) -> None:
    assert sorted({code for code, _ in seen(write(REPOSITORY), path, small)}) == codes


@pytest.mark.parametrize(
    ("file", "text", "kind"),
    [
        ("x.yaml", "schema: blueprinter/soa/1\n", Kind.SOA),
        ("x.yaml", "schema: blueprinter/so/1\n", None),
        ("Blueprint.json", "{}", Kind.BLUEPRINT),
        ("01-blueprint.json", "{}", Kind.BLUEPRINT),
        ("artifact.x.json", "{}", Kind.ARTIFACT),
        ("a/Artifacts/x.json", "{}", Kind.ARTIFACT),
        ("mine/controls.yaml", "x: 1", Kind.CONTROLS),
        ("registers/inherited.yaml", "x: 1", Kind.INHERITED),
        ("x.json", '{"kind": "template", "properties": {}}', Kind.ARTIFACT),
        ("x.json", '{"properties": {"blueprintId": ""}}', Kind.ASSIGNMENT),
        ("x.json", '{"properties": {"policyRule": {}}}', Kind.POLICY),
        ("x.json", '{"if": {}, "then": {}}', Kind.POLICY),
        ("x.json", '{"properties": {"policyDefinitions": []}}', Kind.POLICY),
        ("x.tests.yaml", "cases: []", Kind.POLICY_TESTS),
        ("x.yaml", "groups: []\ncontrols: []", Kind.FRAMEWORK),
        ("x.yaml", "a: 1", None),
        ("x.json", "[]", None),
    ],
)
def test_what_a_file_is(file: str, text: str, kind: Kind | None) -> None:
    assert kind_of(parse(text, file)) is kind


def test_a_misspelt_kind(write: Write, small: Framework) -> None:
    root = write({"x.yaml": "a: 1\nschema: blueprinter/controlls/1\n"})
    [only] = validate_path(root / "x.yaml", frameworks={"small": small})
    assert (only.code, only.position.line, only.hint) == (
        "BP277",
        2,
        "did you mean `blueprinter/controls/1`?",
    )


def test_controls_without_a_blueprint(write: Write, small: Framework) -> None:
    root = write({"controls.yaml": "framework: small\ncontrols: {}\n"})
    assert seen(root, "controls.yaml", small) == [("BP201", "controls.yaml")]
