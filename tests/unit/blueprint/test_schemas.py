"""JSON Schemas of the files that people write."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

from blueprinter.blueprint import SCHEMAS
from blueprinter.document import load, parse

KINDS = [
    "blueprint",
    "artifact",
    "controls",
    "framework",
    "assignment",
    "adopted",
    "exemptions",
    "attestations",
    "soa",
    "inherited",
    "builtin-facts",
]


def test_every_kind_has_a_schema() -> None:
    assert list(SCHEMAS.names()) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_schemas_are_schemas(kind: str) -> None:
    row = SCHEMAS.get(kind)
    assert row is not None
    schema = row.json_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"blueprinter/{kind}/1"


def test_the_shipped_frameworks_validate(root: Path) -> None:
    row = SCHEMAS.get("framework")
    assert row is not None
    validator = Draft202012Validator(row.json_schema())
    for path in sorted((root / "blueprints" / "frameworks").glob("*.yaml")):
        validator.validate(load(path).value)


@pytest.mark.parametrize(
    ("kind", "text", "valid"),
    [
        ("artifact", "kind: policyAssignment\nproperties: {policyDefinition: x}\n", True),
        ("artifact", "kind: policyAssignment\nproperties: {policyDefinitio: x}\n", False),
        ("artifact", "kind: other\nproperties: {}\n", False),
        (
            "artifact",
            "kind: roleAssignment\nproperties: {roleDefinitionId: x, principalIds: '[parameters(''p'')]'}\n",
            True,
        ),
        ("assignment", "blueprint: x\nscope: /subscriptions/y\n", True),
        ("assignment", "blueprint: x\nscope: [/subscriptions/y]\nsubscriptions: all\n", True),
        ("assignment", "blueprint: x\nsubscriptions: some\n", False),
        ("controls", "framework: x\ncontrols: {A.1: [{artifact: y, strength: partial, why: z}]}\n", True),
        ("controls", "framework: x\ncontrols: {A.1: [{artifact: y, strength: partial}]}\n", False),
    ],
)
def test_schemas_tell_right_from_wrong(kind: str, text: str, valid: bool) -> None:
    row = SCHEMAS.get(kind)
    assert row is not None
    validator = Draft202012Validator(row.json_schema())
    value = parse(text, "x.yaml").value
    if valid:
        validator.validate(value)
    else:
        with pytest.raises(ValidationError):
            validator.validate(value)
