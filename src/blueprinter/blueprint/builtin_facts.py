"""What is known of Azure's built-in definitions without asking Azure: the facts that ship with the policies."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct, field

from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.model import Blueprint, BuiltinFact, LinkTarget
from blueprinter.blueprint.parts import mapping, text, texts
from blueprinter.casing import key_of
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.document import Document, Json, child
from blueprinter.policy import definition_key
from blueprinter.text import did_you_mean

_BUILTIN = re.compile(
    r"(/providers/Microsoft\.Authorization/policy(Set)?Definitions/)?"
    r"[0-9a-z]{8}-([0-9a-z]{4}-){3}[0-9a-z]{12}\Z",
    re.IGNORECASE,
)


class BuiltinFacts(Struct, frozen=True):
    """Facts by `definition_key`. What is not among them is not known, which is no statement that it is missing."""

    facts: Mapping[str, BuiltinFact] = field(default_factory=dict)

    def get(self, id_or_name: str) -> BuiltinFact | None:
        """The facts of a definition, by its full id or its GUID."""
        return self.facts.get(definition_key(id_or_name))


def load_builtin_facts(document: Document) -> BuiltinFacts:
    """Facts from `builtin-facts.json`: `{definitions: {<GUID>: {…}}, initiatives: {<GUID>: {…}}}`.

    Raises `InvalidInput` when the document holds neither.
    """
    value = mapping(document.value)
    if "definitions" not in value and "initiatives" not in value:
        raise InvalidInput([error("BP218", "this file holds no facts of built-ins", document.locate(""))])
    found: dict[str, BuiltinFact] = {}
    for section in ("definitions", "initiatives"):
        for name, held in mapping(value.get(section)).items():
            row = mapping(held)
            required = texts(row.get("requiredParameters"))
            found[definition_key(name)] = BuiltinFact(
                key=definition_key(name),
                display_name=text(row, "displayName"),
                version=text(row, "version"),
                initiative=section == "initiatives",
                deprecated=row.get("deprecated") is True,
                parameters=(
                    {one: one in required for one in texts(row["parameters"])}
                    if "parameters" in row
                    else None
                ),
                effects=texts(row.get("effects")),
                role_ids=texts(row.get("roleDefinitionIds")),
                clouds=texts(row.get("clouds")),
                needs_identity=_yes_or_no(row.get("needsIdentity")),
            )
    return BuiltinFacts(found)


def _yes_or_no(value: Json) -> bool | None:
    return value if isinstance(value, bool) else None


def is_builtin(id: str) -> bool:
    """Whether an id is that of a built-in: below no subscription or management group, or a bare GUID."""
    return _BUILTIN.match(id) is not None


def check_builtins(blueprint: Blueprint, facts: BuiltinFacts, faults: Faults) -> None:
    """Warns of built-ins that are deprecated or not known, and of parameters that do not fit them."""
    for artifact in blueprint.artifacts:
        id = text(artifact.properties, "policyDefinitionId")
        if artifact.kind != "policyAssignment" or not is_builtin(id):
            continue
        fact = _known(id, facts, artifact.document.locate("/properties/policyDefinitionId"), faults)
        if fact is None or fact.parameters is None:
            continue
        given = mapping(artifact.properties.get("parameters"))
        shown = f"`{fact.display_name}` ({fact.version})"
        for name in given:
            if key_of(fact.parameters, name) is None:
                place = artifact.document.locate(child("/properties/parameters", name), key=True)
                hint = did_you_mean(name, fact.parameters) or "Azure refuses the assignment"
                faults.warn("BP219", f"{shown} has no parameter `{name}`", place, hint)
        for name, required in fact.parameters.items():
            if required and key_of(given, name) is None:
                place = artifact.document.locate("/properties/parameters", key=True)
                hint = "Azure refuses the assignment without it"
                faults.warn("BP219", f"{shown} needs the parameter `{name}`", place, hint)
    for link in blueprint.links:
        if link.target is LinkTarget.POLICY and is_builtin(link.test):
            _known(link.test, facts, link.position, faults)


def _known(id: str, facts: BuiltinFacts, where: Position, faults: Faults) -> BuiltinFact | None:
    fact = facts.get(id)
    key = definition_key(id)
    if fact is None:
        hint = "`blueprinter catalog import FOLDER` reads a checkout of the built-in definitions"
        faults.warn("BP218", f"nothing is known of the built-in `{key}`", where, hint)
    elif fact.deprecated:
        name = fact.display_name.removeprefix("[Deprecated]: ")
        hint = "nothing maintains it any more; name its successor, or remove it"
        faults.warn(
            "BP217",
            f"the built-in `{key}` is deprecated: `{name}` ({fact.version})",
            where,
            hint,
        )
    return fact
