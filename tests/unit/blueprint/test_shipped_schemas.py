"""Every file under blueprints/, policies/ and the demo estate fits the schema that `blueprinter schema` publishes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from blueprinter.blueprint import SCHEMAS, Kind, kind_of
from blueprinter.cli.commands.schema import KINDS
from blueprinter.document import Document, load
from blueprinter.policy import is_definition, policy_tests_schema, read_definition

ROOT = Path(__file__).parents[3]
WRITTEN = sorted(
    path
    for folder in ("blueprints", "examples/contoso/registers", "examples/contoso/assignments")
    for path in (ROOT / folder).rglob("*.yaml")
)
POLICIES = sorted((ROOT / "policies").glob("*/*"))
REGISTERS = {Kind.EXEMPTIONS, Kind.ATTESTATIONS, Kind.SOA, Kind.INHERITED}


@cache
def validator(kind: str) -> Draft202012Validator:
    row = SCHEMAS.get(kind)
    assert row is not None, kind
    return Draft202012Validator(row.json_schema())


@cache
def cases_validator() -> Draft202012Validator:
    return Draft202012Validator(policy_tests_schema())


def faults(found: Draft202012Validator, document: Document) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in found.iter_errors(document.value)]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_people_write_fits_its_schema(path: Path) -> None:
    document = load(path)
    kind = kind_of(document)
    assert kind is not None
    assert faults(validator(str(kind)), document) == []


def test_the_kinds_are_all_there() -> None:
    kinds = {kind_of(load(path)) for path in WRITTEN}
    assert kinds >= {
        Kind.BLUEPRINT,
        Kind.ARTIFACT,
        Kind.CONTROLS,
        Kind.FRAMEWORK,
        Kind.ASSIGNMENT,
        *REGISTERS,
    }


def schema_name(path: Path) -> str | None:
    """The kind of file that stands at a place under blueprints/ or policies/: what `blueprinter schema` calls it."""
    if path.parent == ROOT / "policies":
        return {"aliases.json": "aliases", "builtin-facts.json": "builtin-facts"}.get(path.name)
    if ROOT / "policies" in path.parents:
        return {"policy.json": "policy", "tests.yaml": "policy-tests"}.get(path.name)
    kind = kind_of(load(path))
    return str(kind) if kind is not None else None


@cache
def published(kind: str) -> Draft202012Validator:
    """The schema that `blueprinter schema KIND` prints."""
    row = KINDS.get(kind)
    assert row is not None, kind
    return Draft202012Validator(row.json_schema())


SHIPPED = sorted(
    path for folder in ("blueprints", "policies") for path in (ROOT / folder).rglob("*") if path.is_file()
)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_shipped_file_fits_a_published_schema(path: Path) -> None:
    kind = schema_name(path)
    assert kind is not None, "a file of no kind that has a schema"
    assert faults(published(kind), load(path)) == []


@pytest.mark.parametrize("kind", KINDS.names())
def test_a_published_schema_is_a_schema(kind: str) -> None:
    Draft202012Validator.check_schema(published(kind).schema)


@pytest.mark.parametrize("folder", POLICIES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_policy_is_whole(folder: Path) -> None:
    document = load(folder / "policy.json")
    assert is_definition(document.value)
    definition = read_definition(document)
    assert definition.name == folder.name
    metadata: Any = document.value
    metadata = metadata["properties"]["metadata"]
    assert {"version", "category", "severity", "specification"} <= metadata.keys()
    assert faults(cases_validator(), load(folder / "tests.yaml")) == []


@pytest.mark.parametrize(
    ("kind", "path", "spoil"),
    [
        ("controls", "blueprints/iso-27001-2022/controls.yaml", lambda value: value | {"contols": {}}),
        ("framework", "blueprints/frameworks/iso-27001-2022.yaml", lambda value: value | {"controls": {}}),
        (
            "policy",
            "policies/storage/storage-https-only/policy.json",
            lambda value: value | {"policyRule": {}},
        ),
        (
            "policy",
            "policies/storage/storage-https-only/policy.json",
            lambda value: (
                value | {"properties": value["properties"] | {"policyRule": {"if": {"field": "type"}}}}
            ),
        ),
        (
            "policy-tests",
            "policies/storage/storage-https-only/tests.yaml",
            lambda value: value | {"cases": []},
        ),
        ("aliases", "policies/aliases.json", lambda value: [{"resourceTypes": []}]),
        ("builtin-facts", "policies/builtin-facts.json", lambda value: value | {"definitions": {"x": {}}}),
        ("soa", "blueprints/iso-27001-2022/registers/soa.yaml", lambda value: value | {"framework": 1}),
    ],
)
def test_a_spoilt_file_does_not(kind: str, path: str, spoil: Callable[[Any], Any]) -> None:
    value: Any = load(ROOT / path).value
    assert published(kind).is_valid(value)
    assert not published(kind).is_valid(spoil(value))
