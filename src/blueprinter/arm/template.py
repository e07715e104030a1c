"""A template as it is written: its sections as typed nodes, each with its place.

Nothing is evaluated here. Source of the structure: Microsoft Learn, "Understand the structure and syntax of
ARM templates", and for `languageVersion` 2.0 its section on symbolic names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import cast

from msgspec import Struct

from blueprinter.arm.copying import property_loops
from blueprinter.arm.faults import Faults
from blueprinter.arm.model import Value
from blueprinter.arm.places import Place
from blueprinter.casing import fold, get, key_of
from blueprinter.document import Document, Json
from blueprinter.text import plural

MAX_PARAMETERS = 256
MAX_VARIABLES = 512
MAX_OUTPUTS = 64
MAX_SIZE = 4 * 1024 * 1024
"""Microsoft Learn, "Template best practices": limits of a template."""

_SYMBOLIC_VERSIONS = ("2.", "1.9-experimental", "1.10-experimental")
_SCOPES = {
    "deploymenttemplate": "resourceGroup",
    "subscriptiondeploymenttemplate": "subscription",
    "managementgroupdeploymenttemplate": "managementGroup",
    "tenantdeploymenttemplate": "tenant",
}
_NOTHING: Mapping[str, Json] = {}


class Members(Struct, frozen=True):
    """An object of a template, looked up without regard to case."""

    value: Mapping[str, Json]
    place: Place

    def get(self, name: str) -> Json:
        """The member's value, None when absent."""
        return get(self.value, name)

    def has(self, name: str) -> bool:
        """Whether the member is written, be it as null."""
        return key_of(self.value, name) is not None

    def at(self, name: str) -> Place:
        """The member's place."""
        return self.place.child(key_of(self.value, name) or name)

    def inner(self, name: str) -> Members:
        """The member as an object; empty when it is absent or no object."""
        value = self.get(name)
        return Members(value if isinstance(value, dict) else _NOTHING, self.at(name))


class VariableNode(Struct, frozen=True):
    """A variable; with `loop` its value is the array that this copy element makes."""

    name: str
    value: Json
    place: Place
    loop: Members | None = None


class FunctionNode(Struct, frozen=True):
    """A function that the template declares, called as `namespace.name`."""

    name: str
    parameters: tuple[str, ...]
    output: Members


class ResourceNode(Struct, frozen=True):
    """A resource as it is written; `symbol` is its name in a template of `languageVersion` 2.0, else empty."""

    symbol: str
    members: Members
    children: tuple[ResourceNode, ...]


class Template(Struct, frozen=True):
    """A template. Mappings have folded names as keys and keep the order of the file."""

    members: Members
    scope: str
    """What its `$schema` says: resourceGroup, subscription, managementGroup, tenant; empty when it says nothing."""
    symbolic: bool
    parameters: Mapping[str, Members]
    definitions: Mapping[str, Json]
    assertions: Members
    variables: Mapping[str, VariableNode]
    functions: Mapping[str, FunctionNode]
    resources: tuple[ResourceNode, ...]
    outputs: Mapping[str, Members]
    names: Mapping[str, str]
    """Folded names of parameters and outputs -> as they are written; keys are `parameters/x` and `outputs/x`."""


def schema_scope(value: Json) -> str:
    """The scope that a `$schema` names, empty when it is not the schema of a deployment template."""
    if not isinstance(value, str):
        return ""
    last = value.rstrip("#").rpartition("/")[2].lower()
    return _SCOPES.get(last.removesuffix(".json"), "")


def as_value(value: Json) -> Value:
    """JSON as a value of an expression: it is one, though the type checker cannot see it."""
    return cast(Value, value)


def as_written(value: Value) -> Json:
    """A value that holds nothing unknown, as JSON to be read as a template: the opposite of `as_value`."""
    return cast(Json, value)


def check_size(document: Document, pointer: str, faults: Faults) -> None:
    """Reports a file whose template is too large; white space and comments do not count."""
    if len(document.text) <= MAX_SIZE:
        return
    size = len(json.dumps(document.value, separators=(",", ":"), ensure_ascii=False).encode())
    if size > MAX_SIZE:
        message = f"the template has {size:,} bytes, at most {MAX_SIZE:,} are allowed"
        faults.error("BP521", message, Place(document, pointer))


def is_template(value: Json) -> bool:
    """Whether a JSON value is a deployment template: its `$schema` says so and it has resources."""
    if not isinstance(value, dict):
        return False
    return bool(schema_scope(get(value, "$schema"))) and isinstance(get(value, "resources"), (list, dict))


def read_template(value: Json, place: Place, faults: Faults) -> Template:
    """The nodes of a template; faults of its structure are reported and the faulty parts left out."""
    if not isinstance(value, dict):
        faults.error("BP520", "a template must be an object", place)
        value = {}
    members = Members(value, place)
    if not members.has("resources"):
        faults.error("BP520", "the template has no `resources`", place, "is this file a template?")
    version = members.get("languageVersion")
    symbolic = isinstance(version, str) and version.startswith(_SYMBOLIC_VERSIONS)
    resources = members.get("resources")
    names: dict[str, str] = {}
    parameters = dict(_named_objects(members, "parameters", names, faults))
    outputs = dict(_named_objects(members, "outputs", names, faults))
    variables = {fold(node.name): node for node in _variables(members, faults)}
    for section, found, most in (
        ("parameters", parameters, MAX_PARAMETERS),
        ("variables", variables, MAX_VARIABLES),
        ("outputs", outputs, MAX_OUTPUTS),
    ):
        if len(found) > most:
            counted = plural(len(found), section[:-1])
            faults.error("BP521", f"{counted}, at most {most} are allowed", members.at(section), key=True)
    return Template(
        members,
        schema_scope(members.get("$schema")),
        symbolic or isinstance(resources, dict),
        parameters,
        _object(members, "definitions", faults),
        members.inner("asserts"),
        variables,
        {fold(node.name): node for node in _functions(members, faults)},
        tuple(_resources(resources, members.at("resources"), faults)),
        outputs,
        names,
    )


def _object(members: Members, name: str, faults: Faults) -> Mapping[str, Json]:
    value = members.get(name)
    if value is None or isinstance(value, dict):
        return value or _NOTHING
    faults.error("BP520", f"`{name}` must be an object", members.at(name))
    return _NOTHING


def _named_objects(
    members: Members, section: str, names: dict[str, str], faults: Faults
) -> Iterator[tuple[str, Members]]:
    for name, value in _object(members, section, faults).items():
        place = members.at(section).child(name)
        if not isinstance(value, dict):
            faults.error("BP520", f"`{name}` in `{section}` must be an object", place)
            continue
        key = f"{section}/{fold(name)}"
        if key in names:
            faults.error(
                "BP520", f"`{name}` in `{section}` differs from `{names[key]}` in case only", place, key=True
            )
        names[key] = name
        yield fold(name), Members(value, place)


def _variables(members: Members, faults: Faults) -> Iterator[VariableNode]:
    place = members.at("variables")
    for name, value in _object(members, "variables", faults).items():
        here = place.child(name)
        loops = property_loops(name, value)
        if loops is None:
            yield VariableNode(name, value, here)
            continue
        for index, item in enumerate(loops):
            loop = Members(item, here.child(index))
            copied = loop.get("name")
            if isinstance(copied, str):
                yield VariableNode(copied, None, loop.place, loop)
            else:
                faults.error("BP520", "the `name` of a copied variable must be a string", loop.at("name"))


def _functions(members: Members, faults: Faults) -> Iterator[FunctionNode]:
    spaces = members.get("functions")
    if spaces is not None and not isinstance(spaces, list):
        faults.error("BP520", "`functions` must be an array", members.at("functions"))
    for index, space in enumerate(spaces if isinstance(spaces, list) else ()):
        place = members.at("functions").child(index)
        namespace = get(space, "namespace") if isinstance(space, dict) else None
        if not isinstance(space, dict) or not isinstance(namespace, str):
            faults.error("BP520", "a group of functions must be an object with a `namespace`", place)
            continue
        declared = Members(space, place)
        for name, function in _object(declared, "members", faults).items():
            here = declared.at("members").child(name)
            if not isinstance(function, dict):
                faults.error("BP520", f"the function `{name}` must be an object", here)
                continue
            node = Members(function, here)
            output = node.inner("output")
            if not output.has("value"):
                faults.error("BP520", f"the function `{name}` has no output value", here)
                continue
            yield FunctionNode(f"{namespace}.{name}", tuple(_argument_names(node, faults)), output)


def _argument_names(function: Members, faults: Faults) -> Iterator[str]:
    declared = function.get("parameters")
    for index, item in enumerate(declared if isinstance(declared, list) else ()):
        name = get(item, "name") if isinstance(item, dict) else None
        if isinstance(name, str):
            yield name
        else:
            faults.error(
                "BP520", "a parameter of a function needs a `name`", function.at("parameters").child(index)
            )


def _resources(value: Json, place: Place, faults: Faults) -> Iterator[ResourceNode]:
    """The resources of a template, or the children of a resource: an array, or an object keyed by symbol."""
    if isinstance(value, dict):
        items: Iterator[tuple[str | int, Json]] = iter(value.items())
    elif isinstance(value, list):
        items = iter(enumerate(value))
    else:
        if value is not None:
            faults.error("BP520", "`resources` must be an array, or an object of symbolic names", place)
        return
    for token, item in items:
        here = place.child(token)
        if not isinstance(item, dict):
            faults.error("BP520", "a resource must be an object", here)
            continue
        members = Members(item, here)
        if not isinstance(members.get("type"), str):
            faults.error(
                "BP520",
                "the resource has no `type`",
                here,
                "a type is text such as `Microsoft.Storage/storageAccounts`",
            )
            continue
        children = tuple(_resources(members.get("resources"), members.at("resources"), faults))
        yield ResourceNode(token if isinstance(token, str) else "", members, children)
