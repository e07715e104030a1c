"""The one policy set of what controls.yaml names and no artifact assigns: its members, and what they are handed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from blueprinter.arm import has_unknown
from blueprinter.blueprint.builtin_facts import BuiltinFacts
from blueprinter.blueprint.model import (
    OWN_MAPPING,
    Absence,
    ControlsMember,
    ControlsSet,
    Link,
    LinkTarget,
)
from blueprinter.blueprint.naming import generated_set_id
from blueprinter.blueprint.values import Values
from blueprinter.casing import key_of
from blueprinter.policy import PolicyDefinition

_LEFT_OUT = frozenset({Absence.DEPRECATED, Absence.NOT_IN_CLOUD})


def controls_set(
    links: Sequence[Link],
    by_artifacts: Collection[str],
    absent: Mapping[str, Absence],
    values: Values,
    definitions: Mapping[str, PolicyDefinition],
    facts: BuiltinFacts | None,
) -> ControlsSet | None:
    """The set, or None where nothing is left for it.

    Left out are definitions that an artifact assigns (`by_artifacts`), deprecated ones, those that the cloud does not
    have, and those that need a value which nobody gives. `absent` says what of these is known.
    """
    blueprint, assignment = values.blueprint, values.assignment
    controls: dict[str, list[str]] = {}
    for link in links:
        if link.target is LinkTarget.POLICY and link.source == OWN_MAPPING and link.test not in by_artifacts:
            if link.equivalent in by_artifacts and link.equivalent in definitions:
                continue
            controls.setdefault(link.test, []).append(link.control)
    members: list[ControlsMember] = []
    for key, named in controls.items():
        definition = definitions.get(key)
        fact = facts.get(key) if facts is not None else None
        required = _parameters(definition, fact.parameters if fact is not None else None)
        handed_on = handed_on_parameters(definition.name if definition else key, required, values)
        lacking = [
            name
            for name, needed in required.items()
            if (has_unknown(values.parameter(handed_on[name])) if name in handed_on else needed)
        ]
        if not lacking and absent.get(key) not in _LEFT_OUT:
            members.append(ControlsMember(key, definition, fact, handed_on, tuple(dict.fromkeys(named))))
    if not members:
        return None
    taken = {own for member in members for own in member.handed_on.values()}
    parameters = tuple((name, row.type) for name, row in blueprint.parameters.items() if name in taken)
    scope = assignment.definition_scope or values.scope if assignment is not None else ""
    return ControlsSet(generated_set_id(scope, blueprint.name, parameters), tuple(members), parameters)


def handed_on_parameters(definition: str, required: Mapping[str, bool], values: Values) -> dict[str, str]:
    """Parameter of a definition -> the blueprint's parameter that it takes: `<definition>_<parameter>`, or for one
    without a default the one of its own name."""
    found: dict[str, str] = {}
    for name, needed in required.items():
        own = key_of(values.blueprint.parameters, f"{definition}_{name}")
        if own is None and needed:
            own = key_of(values.blueprint.parameters, name)
        if own is not None:
            found[name] = own
    return found


def _parameters(
    definition: PolicyDefinition | None, of_facts: Mapping[str, bool] | None
) -> Mapping[str, bool]:
    """Parameter name -> whether a value is required."""
    if definition is not None:
        return {name: not one.has_default for name, one in definition.parameters.items()}
    return of_facts or {}
