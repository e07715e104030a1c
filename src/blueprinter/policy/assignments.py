"""From an initiative or a definition to what an assignment puts into force.

Sources: Microsoft Learn, "Azure Policy initiative definition structure" and "Azure Policy assignment structure".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NoReturn, cast

from msgspec import Struct

from blueprinter.arm import (
    ExpressionError,
    Language,
    Value,
    compile_expression,
    is_expression,
    parse_expression,
    policy_equal,
    unescape,
)
from blueprinter.casing import fold, get, key_of, same
from blueprinter.document import Json
from blueprinter.policy.effects import Family, family_of
from blueprinter.policy.model import (
    AssignedPolicy,
    Override,
    OverrideKind,
    PolicyDefinition,
    PolicyParameter,
    PolicySetDefinition,
    ResourceSelector,
    definition_key,
)
from blueprinter.policy.operators import shown
from blueprinter.policy.selectors import overrides_of
from blueprinter.policy.syntax import Constant, Rule, as_value, parameter_of


class _Missing(Exception):
    """A parameter of the initiative has neither a value nor a default."""


class _SetContext(Struct, frozen=True):
    """What the parameters of a member may ask for: those of the initiative, and nothing else."""

    values: Mapping[str, Value]

    def parameter(self, name: str) -> Value:
        if fold(name) not in self.values:
            raise _Missing(name)
        return self.values[fold(name)]

    def field(self, name: str) -> NoReturn:
        raise ExpressionError("`field` has no meaning in an initiative")

    def current(self, name: str | None) -> NoReturn:
        raise ExpressionError("`current` has no meaning in an initiative")

    def policy(self) -> NoReturn:
        raise ExpressionError("`policy` has no meaning in an initiative")

    def request_context(self) -> NoReturn:
        raise ExpressionError("`requestContext` has no meaning in an initiative")

    def resource_group(self) -> NoReturn:
        raise ExpressionError("`resourceGroup` has no meaning in an initiative")

    def subscription(self) -> NoReturn:
        raise ExpressionError("`subscription` has no meaning in an initiative")

    def utc_now(self) -> NoReturn:
        raise ExpressionError("`utcNow` has no meaning in an initiative")

    def spend(self, work: int) -> None:
        """Nothing is counted: each parameter is worked out once, and not for each resource."""


def assign_set(
    set_definition: PolicySetDefinition,
    definitions: Mapping[str, PolicyDefinition],
    parameters: Mapping[str, Json],
    assignment_id: str = "",
    scope: str = "",
    *,
    not_scopes: tuple[str, ...] = (),
    enforced: bool = True,
    resource_selectors: tuple[ResourceSelector, ...] = (),
    overrides: tuple[Override, ...] = (),
    messages: Json = None,
) -> tuple[tuple[AssignedPolicy, ...], tuple[str, ...]]:
    """The members of an initiative as an assignment puts them into force, and the keys of missing definitions.

    `definitions` are by `definition_key`; `parameters` are the assignment's values. A member's parameter that
    takes a parameter of the initiative without any value is listed as `missing` in it. `messages` are the
    assignment's `nonComplianceMessages`. Raises `ExpressionError` for a member's expression that cannot be evaluated.
    """
    values = {
        fold(one.name): as_value(one.default) for one in set_definition.parameters.values() if one.has_default
    }
    values.update({fold(name): as_value(value) for name, value in parameters.items()})
    context = _SetContext(values)
    message = messages_for(messages)
    assigned: list[AssignedPolicy] = []
    missing: list[str] = []
    for member in set_definition.members:
        key = definition_key(member.definition_id)
        definition = definitions.get(key)
        if definition is None:
            missing.append(key)
            continue
        own: dict[str, Json] = {}
        without: list[str] = []
        for name, stated in member.parameters.items():
            try:
                own[name] = cast(Json, _resolved(stated, context))
            except _Missing:
                without.append(name)
        assigned.append(
            AssignedPolicy(
                definition=definition,
                parameters=own,
                assignment_id=assignment_id,
                set_definition_id=set_definition.id,
                reference_id=member.reference_id,
                scope=scope,
                not_scopes=not_scopes,
                enforced=enforced,
                missing=tuple(without),
                resource_selectors=resource_selectors,
                overrides=overrides,
                message=message(member.reference_id),
                definition_version=member.definition_version,
            )
        )
    return tuple(assigned), tuple(missing)


def _resolved(value: Json, context: _SetContext) -> Value:
    if isinstance(value, str):
        if not is_expression(value):
            return unescape(value)
        return compile_expression(parse_expression(value), Language.POLICY)(context)
    if isinstance(value, list):
        return [_resolved(item, context) for item in value]
    if isinstance(value, dict):
        return {key: _resolved(member, context) for key, member in value.items()}
    return value


def is_enforced(mode: object) -> bool:
    """Whether an assignment with this `enforcementMode` acts on requests: with `DoNotEnforce` it does not, and with
    `Enroll` not before a resource is enrolled (Microsoft Learn, "Azure Policy enrollment structure")."""
    return not (isinstance(mode, str) and fold(mode) in ("donotenforce", "enroll"))


# ---------------------------------------------------------------- messages and versions


def messages_for(listed: Json) -> Callable[[str], str]:
    """From `nonComplianceMessages` to the message of a reference id: its own, else the one for all, else none."""
    general = ""
    own: dict[str, str] = {}
    for item in listed if isinstance(listed, list) else []:
        message = get(item, "message") if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(message, str):
            continue
        reference = get(item, "policyDefinitionReferenceId")
        if isinstance(reference, str) and reference:
            own.setdefault(fold(reference), message)
        else:
            general = general or message
    return lambda reference: own.get(fold(reference), general)


def fits_version(version: str, pin: str) -> bool:
    """Whether a version of a definition (`1.2.0`) is one that an assignment asks for (`1.*.*`, `1.2.*`, `1.*`, `1.2`).

    A preview is taken only where the pin says `-preview`; what left its preview with the same number fits too.
    Without a pin, and of a definition that states no version, everything does.
    """
    if not pin or not version:
        return True
    wanted, _, stage = pin.partition("-")
    stated, _, own_stage = version.partition("-")
    if same(own_stage, "preview") and not same(stage, "preview"):
        return False
    pairs = zip(wanted.split("."), stated.split("."), strict=False)
    return all(part in ("*", number) for part, number in pairs)


# ---------------------------------------------------------------- parameter values


def parameter_faults(
    declared: Mapping[str, PolicyParameter], given: Mapping[str, Json]
) -> tuple[tuple[str, str], ...]:
    """What Azure would refuse of the values given to a definition or an initiative: pairs of the parameter's
    name and a message. Allowed values of an Array hold for each of its elements, or for the whole array; letter case
    counts."""
    faults: list[tuple[str, str]] = []
    for name, value in given.items():
        parameter = get(declared, name)
        if parameter is None:
            faults.append((name, f"the parameter `{name}` is not declared"))
            continue
        accepts = _TYPES.get(fold(parameter.type))
        if accepts is not None and not accepts(value):
            faults.append((name, f"the parameter `{name}` is of type {parameter.type}, found {_kind(value)}"))
        elif parameter.allowed and not _is_allowed(value, parameter.allowed):
            listed = ", ".join(shown(as_value(one)) for one in parameter.allowed)
            faults.append(
                (name, f"the parameter `{name}` is `{shown(as_value(value))}`, allowed are {listed}")
            )
    for parameter in declared.values():
        if not parameter.has_default and key_of(given, parameter.name) is None:
            faults.append((parameter.name, f"the parameter `{parameter.name}` has no value"))
    return tuple(faults)


def effect_faults(policy: AssignedPolicy) -> tuple[str, ...]:
    """What Azure would refuse of the overrides of a policy's effect: one that the definition's parameter for it does
    not allow, in any letter case, and one whose details the rule does not have. Sources: Microsoft Learn, "Azure Policy
    assignment structure", section "Overrides", and "Azure Policy definitions effect basics", section "Interchanging
    effects"."""
    rule = policy.definition.rule
    parameter = get(policy.definition.parameters, parameter_of(rule.effect))
    allowed = [one for one in parameter.allowed if isinstance(one, str)] if parameter is not None else []
    effects = [one.value for one in overrides_of(policy, OverrideKind.EFFECT) if one.value]
    if allowed:
        return tuple(
            f"an override sets the effect `{effect}`, allowed are {', '.join(allowed)}"
            for effect in effects
            if not any(same(effect, known) for known in allowed)
        )
    return tuple(
        f"an override sets the effect `{effect}`, whose details the rule does not have"
        for effect in effects
        if _lacks_details(rule, family_of(effect))
    )


def _lacks_details(rule: Rule, family: Family) -> bool:
    """Whether a rule cannot have effects of a family, since it says nothing of what they do; nothing becomes manual."""
    if family is Family.EXISTENCE:
        return rule.existence is None
    if family is Family.MODIFY:
        return rule.modify is None
    if family is Family.APPEND:
        return rule.append is None
    literal = rule.effect.value if isinstance(rule.effect, Constant) else None
    return family is Family.MANUAL and isinstance(literal, str) and family_of(literal) is not family


def is_of_type(type: str, value: Json) -> bool:
    """Whether a value fits a parameter type (in any letter case); every value fits a type that is not known."""
    accepts = _TYPES.get(fold(type))
    return accepts is None or accepts(value)


def _is_allowed(value: Json, allowed: Sequence[Json]) -> bool:
    """As spelled (Microsoft Learn, "Azure Policy definition structure parameters": allowed values are compared with
    regard to letter case)."""
    if any(_is_same(value, one) for one in allowed):
        return True
    return isinstance(value, list) and all(any(_is_same(item, one) for one in allowed) for item in value)


def _is_same(value: Json, allowed: Json) -> bool:
    if isinstance(value, str) and isinstance(allowed, str):
        return value == allowed
    return bool(policy_equal(as_value(value), as_value(allowed)))


def _is_integer(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_date_time(value: Json) -> bool:
    if not isinstance(value, str):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


_TYPES: dict[str, Callable[[Json], bool]] = {
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "boolean": lambda value: (
        isinstance(value, bool) or (isinstance(value, str) and fold(value) in ("true", "false"))
    ),
    "integer": _is_integer,
    "float": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "datetime": _is_date_time,
}


def _kind(value: Json) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    if value is None:
        return "null"
    return "an array" if isinstance(value, list) else "an object"
