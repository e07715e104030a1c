"""Templates that people published: every one expands, and only what Azure alone knows is left as an expression."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blueprinter.arm import (
    Call,
    DeploymentContext,
    Expansion,
    Literal,
    Node,
    Property,
    Unknown,
    Value,
    expand,
    expand_to_json,
    parse_expression,
)
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Document, load, parse

CONTEXT = DeploymentContext(
    subscription_id="11111111-2222-3333-4444-555555555555",
    resource_group="rg-app",
    management_group="mg-root",
    tenant_id="aaaaaaaa-0000-0000-0000-000000000000",
    location="westeurope",
    deployment_name="main",
    utc_now="2026-01-02T03:04:05Z",
)
RUNTIME = frozenset(
    {
        "deployer",
        "deployment",
        "managementgroup",
        "newguid",
        "parameters",
        "pickzones",
        "providers",
        "reference",
        "references",
        "resourcegroup",
        "roledefinitions",
        "subscription",
        "tenant",
        "tologicalzone",
        "tophysicalzone",
        # the index of a loop whose length is not known
        "copyindex",
        "lambdavariables",
    }
)
"""Functions whose answer only Azure has, or that ask for a fact that nobody gave."""
CONSTRUCTORS = frozenset({"createarray", "createobject", "false", "json", "null", "true"})
"""Literals inside of expressions."""


def leftovers(value: Value) -> Iterator[str]:
    """The expressions in a value."""
    if isinstance(value, Unknown):
        yield value.expression
    elif isinstance(value, (list, dict)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from leftovers(member)


def reducible(node: Node) -> str:
    """A call that could have been computed, "" when there is none."""
    if isinstance(node, Literal):
        return ""
    if isinstance(node, Property):
        return reducible(node.base) or reducible(node.name)
    name = node.name.casefold()
    if (
        name not in RUNTIME | CONSTRUCTORS
        and not name.startswith("list")
        and not any(map(needs_azure, node.arguments))
    ):
        return node.name
    return next((found for found in map(reducible, node.arguments) if found), "")


def needs_azure(node: Node) -> bool:
    if isinstance(node, Call):
        name = node.name.casefold()
        return name in RUNTIME or name.startswith("list") or any(map(needs_azure, node.arguments))
    return isinstance(node, Property) and (needs_azure(node.base) or needs_azure(node.name))


def check_leftovers(found: Expansion, known: set[str]) -> None:
    """Nothing is left that could have been computed, and no parameter that has a value."""
    values = [*(resource.body for resource in found.resources), found.outputs]
    for expression in {text for value in values for text in leftovers(dict(value))}:
        assert reducible(parse_expression(f"[{expression}]")) == "", expression
        assert not known & set(re.findall(r"parameters\('([^']+)'\)", expression)), expression


def filled(text: str) -> str:
    """A parameter file with its placeholders filled as its repository's pipeline does: `GEN-UNIQUE-5` becomes five
    characters, `GEN-UNIQUE` eight."""
    return re.sub(r"GEN-UNIQUE(?:-(\d+))?", lambda match: "u" * int(match[1] or 8), text)


def quickstarts(shared: Path) -> list[Path]:
    return sorted((shared / "data" / "arm-templates" / "quickstart").iterdir())


def plain_parameters(template: Document, given: Document) -> set[str]:
    """The parameters that have a value which may be shown."""
    declared: Any = template.value
    values: Any = given.value
    types = {name: str(node["type"]).casefold() for name, node in declared["parameters"].items()}
    return {name for name in values["parameters"] if not types.get(name, "").startswith("secure")}


def test_quickstart_templates_expand(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done: Counter[str] = Counter()
    for folder in quickstarts(shared):
        template = load(folder / "azuredeploy.json")
        given = parse(
            filled((folder / "azuredeploy.parameters.json").read_text(encoding="utf-8")), "parameters.json"
        )
        found = expand(template, parameter_document=given, context=CONTEXT)
        check_leftovers(found, plain_parameters(template, given))
        done["expanded"] += 1
        done["resources"] += len(found.resources)
        done.update(one.code for one in found.diagnostics)
        assert {one.code for one in found.diagnostics} <= {"BP523", "BP528"}
    with capsys.disabled():
        print(f"\nquickstart templates: {dict(done)}")  # noqa: T201  # figures for whoever runs the suite
    assert done["expanded"] == 81


def test_quickstart_templates_with_raw_placeholders(shared: Path) -> None:
    """Placeholders that are not filled in are values like others; where one is too long it stays symbolic."""
    codes: Counter[str] = Counter()
    for folder in quickstarts(shared):
        found = expand(
            load(folder / "azuredeploy.json"),
            parameter_document=load(folder / "azuredeploy.parameters.json"),
            context=CONTEXT,
        )
        codes.update(one.code for one in found.diagnostics if "placeholder" in one.message)
    assert codes == {"BP523": 3}


def test_verified_modules_expand(shared: Path) -> None:
    folder = shared / "data" / "arm-templates" / "verified-modules"
    files = sorted(folder.glob("*.json"))
    assert len(files) >= 48
    for file in files:
        found = expand(load(file), context=CONTEXT)
        assert {one.code for one in found.diagnostics} <= {"BP523", "BP528", "BP529", "BP530"}
        check_leftovers(found, set())


def template_artifacts(shared: Path) -> Iterator[tuple[Path, Document]]:
    for file in sorted((shared / "data" / "azure-blueprints").rglob("*.json")):
        try:
            document = load(file)
        except InvalidInput:
            continue  # one file of the samples is empty
        if isinstance(document.value, dict) and document.value.get("kind") == "template":
            yield file, document


def test_template_artifacts_of_blueprints_expand(shared: Path) -> None:
    expanded = 0
    for _, document in template_artifacts(shared):
        found = expand(document, context=CONTEXT, pointer="/properties/template")
        assert {one.code for one in found.diagnostics} <= {"BP523", "BP528", "BP529", "BP530"}
        check_leftovers(found, set())
        expanded += 1
    assert expanded >= 19


def again(printed: dict[str, Any], schema: str) -> Document:
    """A template of resources that were printed; the parameters that are left in them are declared."""
    left = sorted(set(re.findall(r"parameters\('([^']+)'\)", json.dumps(printed))))
    resources = [{key: value for key, value in one.items() if key != "id"} for one in printed["resources"]]
    whole = {
        "$schema": schema,
        "contentVersion": "1.0.0.0",
        "parameters": {name: {"type": "string"} for name in left},
        "resources": resources,
    }
    return parse(json.dumps(whole), "again.json")


def test_expanding_what_was_expanded_changes_nothing(shared: Path) -> None:
    compared = 0
    for folder in quickstarts(shared):
        template = load(folder / "azuredeploy.json")
        given = parse(
            filled((folder / "azuredeploy.parameters.json").read_text(encoding="utf-8")), "parameters.json"
        )
        printed: dict[str, Any] = expand_to_json(expand(template, parameter_document=given, context=CONTEXT))
        if "newGuid(" in json.dumps(printed):
            continue  # legal in a parameter's default only
        schema = template.value["$schema"]  # type: ignore[index,call-overload]  # a template
        twice = expand_to_json(expand(again(printed, str(schema)), context=CONTEXT))
        assert twice["resources"] == printed["resources"], folder.name
        compared += 1
    assert compared >= 79
