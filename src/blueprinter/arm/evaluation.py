"""One expression on its own: what `template eval` answers.

A request gives the values of parameters, variables and functions as a template declares them, and facts of the
deployment. What only Azure knows comes back as the reduced expression in brackets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.arm import scope_objects
from blueprinter.arm.compiler import compile_text
from blueprinter.arm.copying import Loop, LoopKind, checked_count, copy_index, is_property_copy
from blueprinter.arm.dependencies import evaluation_order, referred
from blueprinter.arm.limits import TURN, Budget, size_of
from blueprinter.arm.model import (
    AnyContext,
    DeploymentContext,
    ExpressionError,
    Language,
    Unknown,
    UserFunction,
    Value,
)
from blueprinter.arm.syntax import is_expression, reduced_call, unescape
from blueprinter.arm.targets import Target, target_of
from blueprinter.casing import fold, get
from blueprinter.document import Json
from blueprinter.text import did_you_mean, plural

_MAX_CALLS = 32
_SCOPES = ("resourceGroup", "subscription", "managementGroup", "tenant")
_FACTS = {
    "scope": "scope",
    "tenantId": "tenant_id",
    "subscriptionId": "subscription_id",
    "managementGroup": "management_group",
    "resourceGroup": "resource_group",
    "location": "location",
    "deploymentName": "deployment_name",
    "utcNow": "utc_now",
}


def evaluate_request(
    request: Mapping[str, Json],
    *,
    context: DeploymentContext | None = None,
    parameters: Mapping[str, Value] | None = None,
) -> dict[str, Json]:
    """The answer to a request `{"expression", "parameters"?, "variables"?, "functions"?, "context"?}`.

    `context` and `parameters` hold where the request has none of its own. The answer is `{"value": …}`, or
    `{"error": message}` when the expression has no value or the request is malformed.
    """
    try:
        expression = request.get("expression")
        if not isinstance(expression, str):
            raise ExpressionError("the request has no `expression`")
        setting = _setting(request, context or DeploymentContext(), parameters or {})
        setting.prepare(expression)
        value = setting.value(expression)
        size_of(value)
        return {"value": as_json(value)}
    except ExpressionError as found:
        return {"error": found.message}
    except RecursionError:
        return {"error": "the value is nested too deeply"}


def deployment_context(facts: Json) -> DeploymentContext:
    """The facts of a deployment from their JSON form. Raises `ExpressionError` for an unknown or ill-typed one."""
    if not isinstance(facts, dict):
        raise ExpressionError("the context must be an object")
    known: dict[str, str] = {}
    for name, value in facts.items():
        if name not in _FACTS:
            near = did_you_mean(name, _FACTS)
            raise ExpressionError(f"unknown key `{name}` in the context" + (f", {near}" if near else ""))
        if not isinstance(value, str):
            raise ExpressionError(f"`{name}` of the context must be a string")
        known[_FACTS[name]] = value
    if known.get("scope", "resourceGroup") not in _SCOPES:
        raise ExpressionError(f"the scope must be one of {', '.join(_SCOPES)}, not `{known['scope']}`")
    return replace(DeploymentContext(), **known)


def as_json(value: Value) -> Json:
    """A value as JSON: what is unknown becomes its expression in brackets."""
    if isinstance(value, Unknown):
        return f"[{value.expression}]"
    if isinstance(value, list):
        return [as_json(member) for member in value]
    if isinstance(value, dict):
        return {key: as_json(member) for key, member in value.items()}
    return value


def _setting(
    request: Mapping[str, Json], context: DeploymentContext, values: Mapping[str, Value]
) -> _Setting:
    named: dict[str, dict[str, Json]] = {}
    for part in ("parameters", "variables"):
        given = request.get(part) or {}
        if not isinstance(given, dict):
            raise ExpressionError(f"`{part}` of the request must be an object")
        named[part] = given
    parameters: dict[str, Value] = {fold(name): _value(given) for name, given in named["parameters"].items()}
    if not request.get("parameters"):
        parameters = {fold(name): value for name, value in values.items()}
    if request.get("context"):
        context = replace(deployment_context(request["context"]), cloud=context.cloud)
    shared = _Shared(context, named["variables"], _functions(request.get("functions")))
    return _Setting(shared, parameters)


def _value(given: Json) -> Value:
    """JSON is a value as it stands; the copy makes that plain to the type checker."""
    if isinstance(given, list):
        return [_value(member) for member in given]
    if isinstance(given, dict):
        return {key: _value(member) for key, member in given.items()}
    return given


def _functions(given: Json) -> dict[str, Mapping[str, Json]]:
    """The functions of a template's `functions` section by their folded full name."""
    found: dict[str, Mapping[str, Json]] = {}
    for space in given if isinstance(given, list) else []:
        if not isinstance(space, dict):
            continue
        members = get(space, "members")
        for name, body in members.items() if isinstance(members, dict) else ():
            if isinstance(body, dict):
                found[fold(f"{get(space, 'namespace')}.{name}")] = body
    return found


class _Shared(Struct, eq=False):
    """What all parts of one request see."""

    context: DeploymentContext
    variables: Mapping[str, Json]
    functions: Mapping[str, Mapping[str, Json]]
    values: dict[str, Value] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)
    codes: dict[str, Callable[[AnyContext], Value]] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)

    @property
    def target(self) -> Target:
        return target_of(self.context, self.context.scope)


class _Setting(Struct, eq=False):
    """Implements `TemplateContext` for the expression, its variables and the functions it calls."""

    shared: _Shared
    parameters: Mapping[str, Value]
    loops: tuple[Loop, ...] = ()
    calls: int = 0

    @property
    def deployment(self) -> DeploymentContext:
        return self.shared.context

    @property
    def in_default_value(self) -> bool:
        return True  # the expression may come from anywhere, so also from there

    def prepare(self, expression: str) -> None:
        """Evaluates the variables that an expression may need, so that a long chain of them needs no deep stack.

        A fault of one is told when it turns out to be needed.
        """
        by_name = dict(_variables(self.shared.variables))
        for name in evaluation_order(by_name, "variables", referred(expression, "variables")):
            with suppress(ExpressionError):
                self.variable(name)

    def parameter(self, name: str) -> Value:
        if fold(name) not in self.parameters:
            near = did_you_mean(name, self.parameters)
            raise ExpressionError(f"there is no parameter `{name}`" + (f", {near}" if near else ""))
        return self.parameters[fold(name)]

    def variable(self, name: str) -> Value:
        key, shared = fold(name), self.shared
        if key in shared.values:
            return shared.values[key]
        if key in shared.running:
            raise ExpressionError(f"the variable `{name}` needs its own value")
        shared.running.append(key)
        try:
            value = self._variable(name)
        finally:
            shared.running.pop()
        shared.values[key] = value
        return value

    def _variable(self, name: str) -> Value:
        plain = _Setting(self.shared, self.parameters)
        for key, given in self.shared.variables.items():
            loops = _loops(key, given)
            if loops is not None:
                for loop in loops:
                    if fold(str(get(loop, "name"))) == fold(name):
                        return plain.turns(loop, LoopKind.VARIABLE)
            elif fold(key) == fold(name):
                return plain.value(given)
        near = did_you_mean(name, self.shared.variables)
        raise ExpressionError(f"there is no variable `{name}`" + (f", {near}" if near else ""))

    def code(self, expression: str) -> Callable[[AnyContext], Value]:
        """The compiled expression; each is compiled once."""
        codes = self.shared.codes
        if expression not in codes:
            codes[expression] = compile_text(expression, Language.TEMPLATE)
        return codes[expression]

    def value(self, given: Json) -> Value:
        """The value of a part of a template: strings and keys may be expressions, `copy` a loop."""
        if isinstance(given, str):
            return self.code(given)(self) if is_expression(given) else unescape(given)
        if isinstance(given, list):
            return [self.value(member) for member in given]
        if not isinstance(given, dict):
            return given
        found: dict[str, Value] = {}
        for key, member in given.items():
            loops = _loops(key, member)
            if loops is not None:
                found.update((str(get(loop, "name")), self.turns(loop, LoopKind.PROPERTY)) for loop in loops)
            else:
                found[self._key(key)] = self.value(member)
        return found

    def _key(self, key: str) -> str:
        name = self.value(key)
        if isinstance(name, Unknown):
            return f"[{name.expression}]"
        if not isinstance(name, str):
            raise ExpressionError(f"the key `{key}` must give a string")
        return name

    def turns(self, loop: Mapping[str, Json], kind: LoopKind) -> Value:
        """The array that a loop makes of its input."""
        count, name = checked_count(self.value(get(loop, "count"))), str(get(loop, "name"))
        if isinstance(count, Unknown):
            raise ExpressionError(f"the count of the copy loop `{name}` is not known: `{count.expression}`")
        made: list[Value] = []
        for index in range(count):
            self.spend(TURN)
            inside = replace(self, loops=(*self.loops, Loop(name, index, kind)))
            made.append(inside.value(get(loop, "input")))
        return made

    def user_function(self, name: str) -> UserFunction | None:
        body = self.shared.functions.get(fold(name))
        if body is None:
            return None
        return lambda arguments: self._call(name, body, arguments)

    def _call(self, name: str, body: Mapping[str, Json], arguments: tuple[Value, ...]) -> Value:
        declared, output = get(body, "parameters") or [], get(body, "output")
        names = [
            fold(str(get(one, "name")))
            for one in (declared if isinstance(declared, list) else [])
            if isinstance(one, dict)
        ]
        if len(arguments) != len(names):
            raise ExpressionError(
                f"the function `{name}` takes {plural(len(names), 'argument')}, {len(arguments)} given"
            )
        if self.calls >= _MAX_CALLS:
            raise ExpressionError(f"the function `{name}` calls itself")
        inside = _Setting(self.shared, dict(zip(names, arguments, strict=True)), (), self.calls + 1)
        return inside.value(get(output, "value") if isinstance(output, dict) else None)

    def copy_index(self, name: str | None, offset: int) -> Value:
        return copy_index(self.loops, name, offset)

    def deployment_object(self) -> Value:
        return scope_objects.deployment(
            self.shared.target, self.deployment.deployment_name, self.deployment.location, None
        )

    def resource_group(self) -> Value:
        return scope_objects.resource_group(self.shared.target, self.deployment.location, _nothing)

    def subscription(self) -> Value:
        return scope_objects.subscription(self.shared.target, self.deployment.tenant_id)

    def management_group(self) -> Value:
        return scope_objects.management_group(self.shared.target)

    def tenant(self) -> Value:
        return scope_objects.tenant(self.deployment.tenant_id)

    def environment(self) -> Value:
        return scope_objects.environment(self.deployment.cloud)

    def reference(self, arguments: tuple[Value, ...]) -> Value:
        return reduced_call("reference", arguments)

    def references(self, arguments: tuple[Value, ...]) -> Value:
        return reduced_call("references", arguments)

    def list_function(self, name: str, arguments: tuple[Value, ...]) -> Value:
        return reduced_call(name, arguments)

    def runtime(self, name: str, arguments: tuple[Value, ...]) -> Value:
        return reduced_call(name, arguments)

    def unresolved_id(self, name: str, arguments: tuple[Value, ...]) -> Value:
        return reduced_call(name, arguments)

    def utc_now(self) -> str | None:
        return self.deployment.utc_now or None

    def new_guid(self) -> str | None:
        return None

    def spend(self, work: int) -> None:
        self.shared.budget.spend(work)


def _variables(written: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """The variables by folded name, also those that a `copy` element makes."""
    for key, given in written.items():
        loops = _loops(key, given)
        if loops is None:
            yield fold(key), given
        else:
            yield from ((fold(str(get(loop, "name"))), dict(loop)) for loop in loops)


def _loops(key: str, member: Json) -> list[Mapping[str, Json]] | None:
    """The loops of a `copy` element, None for every other member."""
    if not isinstance(member, list) or not is_property_copy(key, member):
        return None
    return [loop for loop in member if isinstance(loop, dict)]


def _nothing() -> None:
    """The resource group as the template makes it: there is none here."""
