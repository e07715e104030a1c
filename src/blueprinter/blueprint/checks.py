"""Checks of a blueprint that was read: names, limits, references, defaults, secrets, templates.

Sources: Microsoft Learn, "Azure Blueprints: limits", "Functions available for use with Azure Blueprints",
"Creating dynamic blueprints through parameters".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct, field

from blueprinter.arm import Call, Literal
from blueprinter.blueprint.artifacts import by_alias
from blueprinter.blueprint.expressions import Expression, calls, parsed
from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.model import Artifact, Blueprint
from blueprinter.blueprint.order import deployment_order
from blueprinter.blueprint.parameters import misfit
from blueprinter.blueprint.parts import items, mapping, text
from blueprinter.blueprint.template_checks import check_template
from blueprinter.casing import fold, key_of
from blueprinter.document import Document, Json, child
from blueprinter.text import did_you_mean

_NAME = re.compile(r"[A-Za-z0-9._-]+\Z")
_VERSION = re.compile(r"[A-Za-z0-9.-]{1,20}\Z")
_GUID = re.compile(r"[0-9a-z]{8}-([0-9a-z]{4}-){3}[0-9a-z]{12}\Z", re.IGNORECASE)
"""Ids of built-ins look like GUIDs but are not always hexadecimal."""
_SECRET_NAME = re.compile(
    r"(password|passwd|pwd|passphrase|secret|connection[-_ ]?string|access[-_ ]?key|sas[-_ ]?token)\Z",
    re.IGNORECASE,
)
_PLAIN = frozenset({"string", "object"})
_Report: TypeAlias = Callable[..., None]
"""`Faults.error`, or `Faults.warn` for what Azure Blueprints has taken already."""
_MAX_ARTIFACT = 2 * 1024 * 1024
_MAX_NAME, _MAX_DISPLAY_NAME, _MAX_TEXT, _MAX_STRONG_TYPE, _MAX_GROUP_NAME = 48, 256, 500, 64, 90


def check(blueprint: Blueprint, handed_on: Collection[str] | None, faults: Faults) -> None:
    """Adds to `faults` what is wrong with a blueprint, its definition and each of its artifacts.

    `handed_on` are folded names of parameters that linked policies take; None = not known. What Azure Blueprints
    let pass and today's Azure does not is a warning in an exported folder, an error in ours.
    """
    uses = _Uses(blueprint, faults)
    _limits(blueprint, faults)
    _parameters(blueprint, faults)
    _groups(blueprint, uses, faults)
    names = by_alias(blueprint.artifacts)
    for artifact in blueprint.artifacts:
        _artifact(artifact, blueprint, names, faults)
    _calls(blueprint, uses, names, faults)
    _secure(uses, faults)
    _order(blueprint, uses, faults)
    if handed_on is not None:
        _unused(blueprint, uses, handed_on, faults)


def uses_of(blueprint: Blueprint) -> Mapping[str, tuple[str, ...]]:
    """What artifacts (by name) and resource groups (by placeholder) name through `artifacts()`."""
    return _Uses(blueprint, Faults()).artifacts()


TEMPLATE_KEYS = frozenset({"template", "templateFile"})
LITERAL_KEYS = TEMPLATE_KEYS | {"displayName", "description", "metadata"}
"""Properties of an artifact that hold no expressions of the blueprint: templates have their own, texts for people
none (many start with `[Preview]`)."""


def is_definition_id(text: str) -> bool:
    """Whether a text is a full id of a definition, or the bare GUID of a built-in."""
    return text.startswith("/") or _GUID.match(text) is not None


class _Uses(Struct):
    """All expressions of a blueprint outside its templates, by what holds them."""

    blueprint: Blueprint
    faults: Faults
    defaults: dict[str, list[Expression]] = field(default_factory=dict)
    groups: dict[str, list[Expression]] = field(default_factory=dict)
    inside: dict[str, list[Expression]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        document = self.blueprint.document
        for name, parameter in self.blueprint.parameters.items():
            pointer = child(child("/properties/parameters", name), "defaultValue")
            self.defaults[name] = list(parsed(document, pointer, parameter.default, self.faults))
        for name, group in self.blueprint.resource_groups.items():
            pointer = child("/properties/resourceGroups", name)
            tags: Json = group.tags_expression or dict(group.tags)
            held: dict[str, Json] = {"name": group.name, "location": group.location, "tags": tags}
            self.groups[name] = list(parsed(document, pointer, held, self.faults))
        for artifact in self.blueprint.artifacts:
            found = self.inside.setdefault(artifact.name, [])
            for key, value in artifact.properties.items():
                if key not in LITERAL_KEYS:
                    pointer = child("/properties", key)
                    found.extend(parsed(artifact.document, pointer, value, self.faults))

    def all(self) -> Iterator[Expression]:
        for holder in (self.defaults, self.groups, self.inside):
            for found in holder.values():
                yield from found

    def artifacts(self) -> Mapping[str, tuple[str, ...]]:
        return {
            name: tuple(dict.fromkeys(one for expression in found for one in expression.named("artifacts")))
            for name, found in (*self.groups.items(), *self.inside.items())
        }


# --- names and lengths -------------------------------------------------------------------------------------------


def _limits(blueprint: Blueprint, faults: Faults) -> None:
    document = blueprint.document
    report = faults.warn if blueprint.exported else faults.error
    properties = mapping(mapping(document.value).get("properties"))
    _name(blueprint.name, "a blueprint", document, "/name", blueprint, faults)
    _length(text(properties, "displayName"), _MAX_DISPLAY_NAME, document, "/properties/displayName", report)
    _length(text(properties, "description"), _MAX_TEXT, document, "/properties/description", report)
    _length(text(properties, "changeNotes"), _MAX_TEXT, document, "/properties/changeNotes", report)
    if blueprint.version and not _VERSION.match(blueprint.version):
        hint = "at most 20 letters, digits, hyphens and periods"
        where = document.locate("/properties/version")
        faults.error("BP202", f"`{blueprint.version}` cannot be the version of a blueprint", where, hint)
    if text(properties, "targetScope") == "managementGroup":
        hint = "Azure Blueprints reserved `managementGroup` and never accepted it; use `subscription`"
        where = document.locate("/properties/targetScope")
        faults.warn("BP222", "the target scope is a management group", where, hint)
    for name, parameter in blueprint.parameters.items():
        pointer = child("/properties/parameters", name) + "/metadata"
        _length(parameter.display_name, _MAX_DISPLAY_NAME, document, pointer + "/displayName", report)
        _length(parameter.description, _MAX_TEXT, document, pointer + "/description", report)
        _length(parameter.strong_type, _MAX_STRONG_TYPE, document, pointer + "/strongType", report)
    for name, group in blueprint.resource_groups.items():
        pointer = child("/properties/resourceGroups", name) + "/name"
        if isinstance(group.name, str) and not group.name.startswith("["):
            _length(group.name, _MAX_GROUP_NAME, document, pointer, faults.error)


def _name(
    name: str, what: str, document: Document, pointer: str, blueprint: Blueprint, faults: Faults
) -> None:
    if len(name) > _MAX_NAME or not _NAME.match(name):
        report = faults.warn if blueprint.exported else faults.error
        hint = f"at most {_MAX_NAME} letters, digits, `.`, `_` and `-`"
        report("BP202", f"`{name}` cannot be the name of {what}", document.locate(pointer), hint)


def _length(value: str, most: int, document: Document, pointer: str, report: _Report) -> None:
    if len(value) > most:
        message = f"{len(value)} characters where Azure takes {most}"
        report("BP202", message, document.locate(pointer))


# --- parameters --------------------------------------------------------------------------------------------------


def _parameters(blueprint: Blueprint, faults: Faults) -> None:
    document = blueprint.document
    report = faults.warn if blueprint.exported else faults.error
    for name, parameter in blueprint.parameters.items():
        pointer = child("/properties/parameters", name)
        if parameter.has_default and parameter.secure and parameter.default_reference is None:
            hint = "a secure value comes from Key Vault, by a reference of the assignment"
            where = document.locate(pointer + "/defaultValue")
            report("BP213", f"the secure parameter `{name}` has a default in plain text", where, hint)
        elif parameter.has_default and not parameter.secure:
            why = misfit(parameter, parameter.default)
            if why is not None:
                where = document.locate(pointer + "/defaultValue")
                report("BP212", f"the default of `{name}` does not fit: {why}", where)
        if fold(parameter.type) in _PLAIN and _SECRET_NAME.search(name):
            hint = "as `secureString` it is taken from Key Vault and kept out of the deployment history"
            where = document.locate(pointer + "/type")
            faults.warn("BP214", f"`{name}` looks like a secret and is a plain {parameter.type}", where, hint)


def _groups(blueprint: Blueprint, uses: _Uses, faults: Faults) -> None:
    document = blueprint.document
    names = [*by_alias(blueprint.artifacts), *map(fold, blueprint.resource_groups)]
    for placeholder, group in blueprint.resource_groups.items():
        pointer = child("/properties/resourceGroups", placeholder)
        for index, name in enumerate(group.depends_on):
            if fold(name) not in names:
                where = document.locate(f"{pointer}/dependsOn/{index}")
                message = f"the resource group `{placeholder}` depends on `{name}`, which nothing is called"
                faults.warn("BP221", message, where, did_you_mean(name, names) or "the dependency is ignored")
        for expression in uses.groups[placeholder]:
            if "/tags" not in expression.pointer and any(expression.named("artifacts")):
                report = faults.warn if blueprint.exported else faults.error
                hint = "outputs exist after a deployment only; use a parameter"
                message = f"name and location of `{placeholder}` are needed before anything is deployed"
                report("BP224", message, expression.place(), hint)
            _refuse_resource_group(expression, "in a definition, only in artifacts", faults)
    for found in uses.defaults.values():
        for expression in found:
            _refuse_resource_group(expression, "in a definition, only in artifacts", faults)


# --- artifacts ---------------------------------------------------------------------------------------------------


def _artifact(
    artifact: Artifact, blueprint: Blueprint, names: Mapping[str, Artifact], faults: Faults
) -> None:
    document = artifact.document
    _name(artifact.name, "an artifact", document, "/name", blueprint, faults)
    report = faults.warn if blueprint.exported else faults.error
    _length(artifact.display_name, _MAX_DISPLAY_NAME, document, "/properties/displayName", report)
    _length(text(artifact.properties, "description"), _MAX_TEXT, document, "/properties/description", report)
    if len(document.text.encode()) > _MAX_ARTIFACT:
        report("BP202", "an artifact is at most 2 MiB", document.locate(""))
    placeholders = blueprint.resource_groups
    if artifact.resource_group and key_of(placeholders, artifact.resource_group) is None:
        where = document.locate("/properties/resourceGroup")
        hint = did_you_mean(artifact.resource_group, placeholders) or _known("placeholders", placeholders)
        faults.error("BP207", f"no resource group placeholder `{artifact.resource_group}`", where, hint)
    for index, name in enumerate(artifact.depends_on):
        if fold(name) not in names and key_of(placeholders, name) is None:
            where = document.locate(f"/properties/dependsOn/{index}")
            candidates = [*(one.name for one in blueprint.artifacts), *placeholders]
            message = f"`{artifact.name}` depends on `{name}`, which nothing is called"
            report("BP208", message, where, did_you_mean(name, candidates))
    for name, value in mapping(artifact.properties.get("parameters")).items():
        if isinstance(value, dict) and ("value" in value) == ("reference" in value):
            where = document.locate(child("/properties/parameters", name))
            hint = "exactly one of `value` and `reference`"
            faults.error("BP204", f"the parameter `{name}` has no single value", where, hint)
    _KINDS[artifact.kind](artifact, blueprint, faults)


def _policy_assignment(artifact: Artifact, blueprint: Blueprint, faults: Faults) -> None:
    document, properties = artifact.document, artifact.properties
    name, full = text(properties, "policyDefinition"), text(properties, "policyDefinitionId")
    if bool(name) == bool(full):
        hint = "exactly one of `policyDefinition` (a name under policies/) and `policyDefinitionId`"
        faults.error(
            "BP204", f"`{artifact.name}` assigns no single definition", document.locate("/properties"), hint
        )
    if full and not is_definition_id(full):
        hint = (
            "the id of a definition is known when the blueprint is written: a full id, or a built-in's GUID"
        )
        where = document.locate("/properties/policyDefinitionId")
        faults.error("BP224", f"`{full}` is no id of a definition", where, hint)


def _role_assignment(artifact: Artifact, blueprint: Blueprint, faults: Faults) -> None:
    document, properties = artifact.document, artifact.properties
    role = text(properties, "roleDefinitionId")
    if role and not is_definition_id(role):
        hint = "the role is known when the blueprint is written: a full id, or a built-in role's GUID"
        where = document.locate("/properties/roleDefinitionId")
        faults.error("BP224", f"`{role}` is no id of a role", where, hint)
    principals = properties.get("principalIds")
    wrong = not isinstance(principals, (str, list)) or not all(
        isinstance(one, str) for one in items(principals)
    )
    if "principalIds" in properties and wrong:
        hint = "a list of object ids, or an expression that gives one"
        where = document.locate("/properties/principalIds")
        faults.error("BP111", "expected text or a list of texts", where, hint)


def _template(artifact: Artifact, blueprint: Blueprint, faults: Faults) -> None:
    given = [
        key
        for key in ("template", "templateFile")
        if key in mapping(mapping(artifact.document.value).get("properties"))
    ]
    if len(given) != 1:
        hint = "exactly one of `template` and `templateFile`"
        where = artifact.document.locate("/properties")
        faults.error("BP204", f"`{artifact.name}` holds no single template", where, hint)
    check_template(artifact, faults)


_KINDS = {
    "policyAssignment": _policy_assignment,
    "roleAssignment": _role_assignment,
    "template": _template,
}


# --- expressions -------------------------------------------------------------------------------------------------


def _calls(blueprint: Blueprint, uses: _Uses, names: Mapping[str, Artifact], faults: Faults) -> None:
    for expression in uses.all():
        for name in expression.named("parameters"):
            if key_of(blueprint.parameters, name) is None:
                hint = did_you_mean(name, blueprint.parameters) or _known("parameters", blueprint.parameters)
                faults.error("BP206", f"the blueprint has no parameter `{name}`", expression.place(), hint)
        for name in expression.named("resourceGroups"):
            if key_of(blueprint.resource_groups, name) is None:
                near = did_you_mean(name, blueprint.resource_groups)
                faults.error("BP207", f"no resource group placeholder `{name}`", expression.place(), near)
        for name in expression.named("artifacts"):
            if fold(name) not in names:
                near = did_you_mean(name, (one.name for one in blueprint.artifacts))
                faults.error("BP208", f"no artifact `{name}`", expression.place(), near)
    for artifact in blueprint.artifacts:
        if not artifact.resource_group:
            for expression in uses.inside[artifact.name]:
                _refuse_resource_group(expression, "in an artifact that targets the subscription", faults)


def _refuse_resource_group(expression: Expression, where: str, faults: Faults) -> None:
    if any(fold(call.name) == "resourcegroup" for call in calls(expression.node)):
        message = f"`resourceGroup()` has no meaning {where}"
        faults.error("BP210", message, expression.place(), "use `resourceGroups('placeholder')`")


def _secure(uses: _Uses, faults: Faults) -> None:
    """A secure value may only be handed on, whole, to a parameter of a template."""
    blueprint = uses.blueprint
    report = faults.warn if blueprint.exported else faults.error
    secure = {fold(name) for name, parameter in blueprint.parameters.items() if parameter.secure}
    templates = {artifact.name for artifact in blueprint.artifacts if artifact.kind == "template"}
    for holder, found in (*uses.defaults.items(), *uses.groups.items(), *uses.inside.items()):
        to_template = holder in templates and found is uses.inside[holder]
        for expression in found:
            shown = next((name for name in expression.named("parameters") if fold(name) in secure), None)
            if shown is None:
                continue
            whole = isinstance(expression.node, Call) and isinstance(expression.node.arguments[0], Literal)
            if not (whole and to_template and expression.pointer.startswith("/properties/parameters/")):
                hint = "a secure value can only be handed on, whole, to a parameter of a template artifact"
                report(
                    "BP226",
                    f"the secure parameter `{shown}` would be stored in plain text",
                    expression.place(),
                    hint,
                )


def _order(blueprint: Blueprint, uses: _Uses, faults: Faults) -> None:
    deployment = deployment_order(blueprint.artifacts, blueprint.resource_groups, uses.artifacts())
    if deployment.cycle:
        names = by_alias(blueprint.artifacts)
        held = next((names[fold(name)] for name in deployment.cycle if fold(name) in names), None)
        document = held.document if held is not None else blueprint.document
        path = " → ".join(f"`{name}`" for name in deployment.cycle)
        message = f"these wait for each other: {path}"
        where = document.locate("/properties/dependsOn", key=True)
        faults.error("BP211", message, where, "remove one of the dependencies")
    _default_cycle(blueprint, uses, faults)


def _default_cycle(blueprint: Blueprint, uses: _Uses, faults: Faults) -> None:
    """A default that is made of itself, by way of other parameters."""
    needs = {
        fold(name): [fold(one) for expression in found for one in expression.named("parameters")]
        for name, found in uses.defaults.items()
    }
    for name in blueprint.parameters:
        reached: set[str] = set()
        waiting = list(needs[fold(name)])
        while waiting:
            one = waiting.pop()
            if one not in reached:
                reached.add(one)
                waiting.extend(needs.get(one, ()))
        if fold(name) in reached:
            where = blueprint.document.locate(child("/properties/parameters", name) + "/defaultValue")
            faults.error("BP211", f"the default of `{name}` is made of itself", where)


def _unused(blueprint: Blueprint, uses: _Uses, handed_on: Collection[str], faults: Faults) -> None:
    used = {fold(name) for expression in uses.all() for name in expression.named("parameters")}
    used.update(handed_on)
    for name in blueprint.parameters:
        if fold(name) not in used:
            where = blueprint.document.locate(child("/properties/parameters", name), key=True)
            faults.note("BP220", f"the parameter `{name}` is never used", where)


def _known(what: str, names: Mapping[str, object]) -> str:
    return f"known {what}: {', '.join(names)}" if names else f"the blueprint declares no {what}"
