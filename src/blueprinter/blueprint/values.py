"""What the expressions of a blueprint give: parameters, resource groups, the target subscription."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from blueprinter.arm import (
    ExpressionError,
    Language,
    Unknown,
    Value,
    evaluate,
    has_unknown,
    is_expression,
    unescape,
    value_text,
)
from blueprinter.blueprint.assignment import Assignment
from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.model import Blueprint
from blueprinter.blueprint.parameters import misfit
from blueprinter.blueprint.scopes import is_subscription
from blueprinter.casing import get, key_of
from blueprinter.document import Document, Json, child
from blueprinter.text import did_you_mean


class Values(Struct):
    """The context of a blueprint's expressions, for one target subscription (`BlueprintContext` of `arm`).

    What only the assignment knows, and there is none, is `Unknown`; so are secrets and outputs of artifacts.
    """

    blueprint: Blueprint
    assignment: Assignment | None = None
    scope: str = ""
    """Id of the target subscription, or empty."""
    group: str | None = None
    """Placeholder of the resource group that the current artifact targets."""
    _known: dict[str, Value] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    def within(self, group: str | None) -> Values:
        """The same values for an artifact that targets a resource group."""
        return Values(self.blueprint, self.assignment, self.scope, group, self._known)

    def parameter(self, name: str) -> Value:
        declared = key_of(self.blueprint.parameters, name)
        if declared is None:
            raise ExpressionError(f"the blueprint has no parameter `{name}`")
        if declared not in self._known:
            if declared in self._asked:
                raise ExpressionError(f"the default of `{declared}` is made of itself")
            self._asked.add(declared)
            try:
                self._known[declared] = self._parameter(declared)
            finally:
                self._asked.discard(declared)
        return self._known[declared]

    def is_given(self, name: str) -> bool:
        """Whether the assignment gives a parameter a value, or a reference to one."""
        return self.assignment is not None and get(self.assignment.parameters, name) is not None

    def is_open(self, name: str) -> bool:
        """Whether a parameter of the blueprint has neither a value nor a default."""
        declared = get(self.blueprint.parameters, name)
        return declared is not None and not declared.has_default and not self.is_given(name)

    def _parameter(self, name: str) -> Value:
        parameter = self.blueprint.parameters[name]
        given = get(self.assignment.parameters, name) if self.assignment is not None else None
        if given is not None and given.reference is None and not parameter.secure:
            return as_value(given.value)
        if given is not None or parameter.secure or not parameter.has_default:
            return Unknown(f"parameters('{name}')")
        return self.evaluate(parameter.default)

    def artifact(self, name: str) -> Value:
        return Unknown(f"artifacts('{name}')")

    def resource_group(self) -> Mapping[str, Value]:
        if self.group is None:
            raise ExpressionError("`resourceGroup()` has no meaning for an artifact of the subscription")
        return self.resource_group_of(self.group)

    def resource_group_of(self, placeholder: str) -> Mapping[str, Value]:
        declared = key_of(self.blueprint.resource_groups, placeholder)
        if declared is None:
            raise ExpressionError(f"no resource group placeholder `{placeholder}`")
        row = self.blueprint.resource_groups[declared]
        given = get(self.assignment.resource_groups, declared) if self.assignment is not None else None
        found: dict[str, Value] = {}
        for key, own in (("name", row.name), ("location", row.location)):
            other = (given or {}).get(key)
            if own is not None:
                found[key] = self.evaluate(own)
            elif other is not None:
                found[key] = other
            else:
                found[key] = Unknown(f"resourceGroups('{declared}').{key}")
        return found

    def subscription(self) -> Mapping[str, Value]:
        found: dict[str, Value] = {
            key: Unknown(f"subscription().{key}")
            for key in ("id", "subscriptionId", "tenantId", "displayName")
        }
        if is_subscription(self.scope):
            found["id"] = self.scope
            found["subscriptionId"] = self.scope.rpartition("/")[2]
        return found

    def evaluate(self, value: Json) -> Value:
        """A value with its expressions evaluated, at every depth. Raises `ExpressionError`."""
        if isinstance(value, str):
            return evaluate(value, Language.BLUEPRINT, self) if is_expression(value) else unescape(value)
        if isinstance(value, list):
            return [self.evaluate(one) for one in value]
        if isinstance(value, dict):
            return {key: self.evaluate(one) for key, one in value.items()}
        return value

    def evaluate_at(self, document: Document, pointer: str, value: Json, faults: Faults) -> Value:
        """As `evaluate`, for a value that stands at a pointer; an expression without a value is among the faults."""
        try:
            return self.evaluate(value)
        except ExpressionError as wrong:
            faults.error("BP266", wrong.message, document.locate(pointer))
            return Unknown("null()")


def as_value(value: Json) -> Value:
    """JSON as a value: the same, seen as something that may hold what is unknown."""
    if isinstance(value, list):
        return [as_value(one) for one in value]
    if isinstance(value, dict):
        return {key: as_value(one) for key, one in value.items()}
    return value


def as_json(value: Value) -> Json:
    """A value without anything unknown in it as JSON."""
    if isinstance(value, Unknown):
        raise TypeError("what is unknown is no JSON")
    if isinstance(value, list):
        return [as_json(one) for one in value]
    if isinstance(value, dict):
        return {key: as_json(one) for key, one in value.items()}
    return value


def as_written(value: Value) -> Json:
    """A value as it would stand in a template: what is unknown as an expression, texts that look like one escaped."""
    if isinstance(value, Unknown):
        return f"[{value_text(value)}]"
    if isinstance(value, str):
        return f"[{value}" if value[:1] == "[" and value[-1:] == "]" else value
    if isinstance(value, list):
        return [as_written(one) for one in value]
    if isinstance(value, dict):
        return {key: as_written(one) for key, one in value.items()}
    return value


def parameter_values(values: Values, faults: Faults) -> Mapping[str, Value]:
    """Every parameter with its value; without one it is `Unknown`, and a warning."""
    blueprint, document = values.blueprint, values.blueprint.document
    found: dict[str, Value] = {}
    for name, parameter in blueprint.parameters.items():
        pointer = child("/properties/parameters", name)
        try:
            found[name] = values.parameter(name)
        except ExpressionError as wrong:
            faults.error("BP266", wrong.message, document.locate(pointer + "/defaultValue"))
            found[name] = Unknown(f"parameters('{name}')")
            continue
        if values.is_open(name):
            hint = "give it a value in the assignment, or a default; tests that need it cannot run"
            message = f"the parameter `{name}` has no value"
            faults.warn("BP271", message, document.locate(pointer, key=True), hint)
        elif not has_unknown(found[name]) and not values.is_given(name):
            why = misfit(parameter, as_json(found[name]))
            if why is not None:
                where = document.locate(pointer + "/defaultValue")
                faults.error("BP212", f"the default of `{name}` does not fit: {why}", where)
    return found


def check_given(blueprint: Blueprint, assignment: Assignment, faults: Faults) -> None:
    """Adds to `faults` what an assignment gives that the blueprint does not take, or does not give."""
    document = assignment.document
    base = "/properties" if isinstance(document.value, dict) and "properties" in document.value else ""
    for name, given in assignment.parameters.items():
        pointer = child(f"{base}/parameters", name)
        declared = key_of(blueprint.parameters, name)
        if declared is None:
            hint = did_you_mean(name, blueprint.parameters)
            where = document.locate(pointer, key=True)
            faults.error("BP272", f"the blueprint has no parameter `{name}`", where, hint)
            continue
        parameter = blueprint.parameters[declared]
        if given.reference is None and parameter.secure:
            hint = "give a `reference` to a secret of a Key Vault"
            message = f"the secure parameter `{name}` is given in plain text"
            faults.error("BP273", message, document.locate(pointer), hint)
        elif given.reference is None and (why := misfit(parameter, given.value)) is not None:
            where = document.locate(child(pointer, "value"))
            faults.error("BP272", f"the value of `{name}` does not fit: {why}", where)
    _check_groups(blueprint, assignment, f"{base}/resourceGroups", faults)
    if assignment.version and blueprint.version and assignment.version != blueprint.version:
        message = (
            f"the assignment is of version `{assignment.version}`, the blueprint is `{blueprint.version}`"
        )
        where = document.locate(f"{base}/version" if not base else f"{base}/blueprintId")
        faults.error("BP275", message, where, "assign the version that is there, or check out the other one")


def _check_groups(blueprint: Blueprint, assignment: Assignment, base: str, faults: Faults) -> None:
    document = assignment.document
    for placeholder in assignment.resource_groups:
        if key_of(blueprint.resource_groups, placeholder) is None:
            hint = did_you_mean(placeholder, blueprint.resource_groups)
            where = document.locate(child(base, placeholder), key=True)
            faults.error("BP272", f"the blueprint has no resource group `{placeholder}`", where, hint)
    for placeholder, row in blueprint.resource_groups.items():
        given: Mapping[str, str] = get(assignment.resource_groups, placeholder) or {}
        missing: Sequence[str] = [
            key
            for key, own in (("name", row.name), ("location", row.location))
            if own is None and not given.get(key)
        ]
        if missing:
            what = " and ".join(f"`{key}`" for key in missing)
            message = f"the resource group `{placeholder}` has no {what}"
            hint = "the definition leaves it open, so the assignment gives it under `resourceGroups`"
            faults.error("BP274", message, document.locate(base, key=True), hint)
