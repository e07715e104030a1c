"""Every quickstart template and verified module beside the checkout, deployed to the sandbox.

A template may only fail for a reason that lies outside of it: a template on the network, a role that the catalogue
of the sandbox does not have, a parameter whose example is a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from blueprinter.casing import get, key_of
from blueprinter.document import load
from unit.sandbox.azure_box import GROUP, SUB, Azure, Clock, deployment

pytestmark = pytest.mark.soak

OUTSIDE = re.compile(
    r"InvalidContentLink|RoleDefinitionDoesNotExist|templateLink|GET-PREREQ|is not one of the allowed values: \.|"
    r"outside of the array"
)
_MISSING = re.compile(r"The Resource '([^']+)'(?: under resource group '([^']+)')? was not found")
_ROUNDS = 10


class Example:
    """Makes up values for parameters that have none, each text another one."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._count = 0

    def of(self, schema: Mapping[str, Any], depth: int = 0) -> Any:
        schema = self.resolved(schema)
        kind = str(schema.get("type", "string")).lower()
        allowed = schema.get("allowedValues")
        if allowed:
            return [allowed[0]] if kind == "array" else allowed[0]
        if "string" in kind:
            return self._text(schema)
        if kind == "array":
            each = schema.get("items") or {"type": "string"}
            return [self.of(each, depth + 1) for _ in range(schema.get("minLength", 0))] if depth < 8 else []
        if "object" in kind:
            return self._object(schema, depth)
        return schema.get("minValue", 1) if kind == "int" else True

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self._definitions.get(schema["$ref"].rpartition("/")[2], {}), **rest}
        return schema

    def _text(self, schema: Mapping[str, Any]) -> str:
        self._count += 1
        length = max(min(12, schema.get("maxLength", 12)), schema.get("minLength", 1))
        return (f"a{self._count:02d}" + "bcdefgh1" * 20)[:length]

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        chosen = schema.get("discriminator")
        if chosen:
            name, variant = next(iter(chosen["mapping"].items()))
            return {**self.of(variant, depth + 1), chosen["propertyName"]: name}
        members = schema.get("properties") or {} if depth < 8 else {}
        return {
            name: self.of(member, depth + 1)
            for name, member in members.items()
            if not self.resolved(member).get("nullable")
        }


def values(template: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """The example parameters beside a template, completed."""
    found: dict[str, Any] = {}
    example = file.with_name(file.name.replace(".json", ".parameters.json"))
    if example.exists():
        written: Any = load(example).value
        found = dict(written.get("parameters") or {})
    make = Example(template.get("definitions") or {})
    for name, schema in (template.get("parameters") or {}).items():
        key = key_of(found, name)
        given = get(found[key], "value") if key is not None else None
        placeholder = isinstance(given, str) and given.startswith("GEN-")
        if key is not None and not placeholder and "reference" not in found[key]:
            continue
        if key is not None or ("defaultValue" not in schema and not make.resolved(schema).get("nullable")):
            found[key or name] = {"value": make.of(schema)}
    return found


def deployed(
    template: Mapping[str, Any], parameters: object, before: Sequence[str]
) -> tuple[str, dict[str, Any]]:
    """State and innermost error of a deployment to a sandbox that holds some resources before."""
    azure = Azure(clock=Clock(step=timedelta()))
    for id in before:
        azure.send("PUT", id, {"location": "westeurope", "properties": {}})
    schema = str(template.get("$schema", "")).lower()
    scope = GROUP
    if "subscriptiondeployment" in schema:
        scope = SUB
    elif "managementgroupdeployment" in schema:
        scope = f"/providers/Microsoft.Management/managementGroups/{azure.settings.tenant_id}"
    elif "tenantdeployment" in schema:
        scope = ""
    body: dict[str, Any] = {
        "properties": {"mode": "Incremental", "template": template, "parameters": parameters}
    }
    if scope != GROUP:
        body["location"] = "westeurope"
    foreseen = azure.send("POST", f"{deployment('d', scope)}/validate", body)
    answer = azure.send("PUT", deployment("d", scope), body)
    if answer.status >= 400:
        return "refused", answer.json()["error"]
    properties = azure.finish(deployment("d", scope))["properties"]
    if properties["provisioningState"] == "Succeeded":
        # what was foreseen as a whole is what came of one deployment after the other
        wanted = {one["id"].lower() for one in foreseen.json()["properties"]["validatedResources"]}
        made = {one["id"].lower() for one in properties["outputResources"]}
        assert wanted <= made, wanted - made
    error = properties.get("error") or {}
    while error.get("details"):
        error = error["details"][0]
    return properties["provisioningState"], error


def lacking(error: Mapping[str, Any]) -> str:
    """The id of the resource that a deployment expects to be there."""
    if error.get("code") == "ParentResourceNotFound":
        return str(error["target"]).rpartition("/")[0].rpartition("/")[0]
    found = _MISSING.match(str(error.get("message", "")))
    if error.get("code") != "ResourceNotFound" or found is None:
        return ""
    namespace, *parts = found[1].split("/")
    half = len(parts) // 2
    pairs = "/".join(f"{kind}/{name}" for kind, name in zip(parts[:half], parts[half:], strict=True))
    where = f"/resourceGroups/{found[2]}" if found[2] else ""
    return f"{SUB}{where}/providers/{namespace}/{pairs}"


def ancestors(id: str) -> list[str]:
    """A resource and those that it is a part of, outermost first; also what it extends."""
    found: list[str] = []
    for part in range(id.count("/providers/")):
        head, *rest = id.split("/providers/")
        base = "/providers/".join([head, *rest[: part + 1]]).split("/")
        start = len(base) - base[::-1].index("providers")
        found += ["/".join(base[:end]) for end in range(start + 3, len(base) + 1, 2)]
    return found


def templates(shared: Path) -> list[Path]:
    folder = shared / "data" / "arm-templates"
    return [path for path in sorted(folder.rglob("*.json")) if ".parameters" not in path.name]


def test_every_template_deploys_or_fails_for_a_reason_outside_of_it(shared: Path) -> None:
    failed: dict[str, str] = {}
    done = 0
    for path in templates(shared):
        template: Any = load(path).value
        if not isinstance(template, dict) or "resources" not in template:
            continue
        parameters = values(template, path)
        before: list[str] = []
        for _ in range(_ROUNDS):
            state, error = deployed(template, parameters, before)
            missing = lacking(error)
            if not missing or missing in before:
                break
            before += ancestors(missing)
        done += state == "Succeeded"
        if state != "Succeeded":
            failed[path.parent.name + "/" + path.name] = (
                f"{state}: {error.get('code')}: {error.get('message')}"
            )
    print(f"{done} templates deployed, {len(failed)} not")  # noqa: T201 - the figure is what a soak run is for
    for name, reason in failed.items():
        print(f"  {name}: {reason[:160]}")  # noqa: T201 - as above
    assert done > 0
    assert not {name: reason for name, reason in failed.items() if not OUTSIDE.search(reason)}
