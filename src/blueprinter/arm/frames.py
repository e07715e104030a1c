"""What the expressions of a template see: its parameters, variables and functions, and the loops around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.arm.copying import Loop, LoopKind, copy_index
from blueprinter.arm.dependencies import evaluation_order
from blueprinter.arm.evaluating import Evaluator
from blueprinter.arm.hashing import guid
from blueprinter.arm.model import DeploymentContext, ExpressionError, UserFunction, Value
from blueprinter.arm.parameter_types import UnknownType, is_nullable, resolve, with_secure_parts
from blueprinter.arm.parameters import SuppliedParameter, check_value, is_placeholder, symbol
from blueprinter.arm.secure_values import opened
from blueprinter.arm.template import FunctionNode, Members, Template
from blueprinter.casing import fold
from blueprinter.text import did_you_mean, plural

_MAX_CALLS = 32
"""How deep functions of a template may call each other; Azure refuses recursion altogether."""


class Used(Protocol):
    """A resource of the template that an expression refers to."""

    @property
    def id(self) -> Value: ...


Uses: TypeAlias = "dict[Used, None]"
"""The resources that expressions refer to, in the order in which they do: an ordered set."""


class Home(Protocol):
    """The deployment that answers what the expressions of its template ask of Azure."""

    @property
    def context(self) -> DeploymentContext: ...
    @property
    def tentative(self) -> bool:
        """Whether it is deployed under a condition that is not known."""
        ...

    @property
    def certain(self) -> bool:
        """Whether it is deployed at all: under no condition, and in no number, that is not known."""
        ...

    @property
    def scope_id(self) -> Value:
        """The id of the scope that it is deployed to, as far as that is given."""
        ...

    def deployment_object(self) -> Value: ...
    def resource_group(self) -> Value: ...
    def subscription(self) -> Value: ...
    def management_group(self) -> Value: ...
    def tenant(self) -> Value: ...
    def environment(self) -> Value: ...
    def reference(self, arguments: tuple[Value, ...], uses: Uses) -> Value: ...
    def references(self, arguments: tuple[Value, ...], uses: Uses) -> Value: ...
    def list_function(self, name: str, arguments: tuple[Value, ...], uses: Uses) -> Value: ...
    def runtime(self, name: str, arguments: tuple[Value, ...]) -> Value: ...
    def unresolved_id(self, name: str, arguments: tuple[Value, ...]) -> Value: ...


class Frame(Struct, eq=False):
    """The names of one template and their values, each computed when it is first asked for."""

    template: Template
    evaluator: Evaluator
    supplied: Mapping[str, SuppliedParameter]
    home: Home
    from_people: bool
    """Whether people give the parameters: then one without a value stays symbolic. Otherwise it is a fault."""
    strict: bool = False
    _parameters: dict[str, Value] = field(default_factory=dict)
    _variables: dict[str, tuple[Value, Uses]] = field(default_factory=dict)
    _running: dict[str, None] = field(default_factory=dict)

    def evaluate_all(self) -> None:
        """Evaluates every parameter and variable, used or not: their faults are faults of the template."""
        defaults = {name: node.get("defaultValue") for name, node in self.template.parameters.items()}
        for name in evaluation_order(defaults, "parameters", defaults):
            self.parameter(name)
        written = {
            name: node.value if node.loop is None else dict(node.loop.value)
            for name, node in self.template.variables.items()
        }
        for name in evaluation_order(written, "variables", written):
            self.variable(name, {})

    def check_assertions(self) -> None:
        """Reports the `asserts` of the template that do not hold (an experiment of Bicep's)."""
        assertions = self.template.assertions
        for name in assertions.value:
            around = View(self, self.home, f"The template assertion '{name}'")
            if opened(self.evaluator.member(assertions, name, around)) is False:
                self.evaluator.faults.warning(
                    "BP535", f"the assertion `{name}` does not hold", assertions.at(name)
                )

    def parameter(self, name: str) -> Value:
        """The value of a parameter. Raises `ExpressionError` where there is none of that name."""
        key = fold(name)
        if key in self._parameters:
            return self._parameters[key]
        node = self.template.parameters.get(key)
        if node is None:
            known = [self.template.names[f"parameters/{other}"] for other in self.template.parameters]
            raise ExpressionError(f"the template declares no parameter `{name}`{_near(name, known)}")
        written = self.template.names[f"parameters/{key}"]
        value = self._parameters[key] = self._once(
            f"the parameter `{written}`", lambda: self._parameter_value(written, node)
        )
        return value

    def _parameter_value(self, name: str, node: Members) -> Value:
        try:
            schema = resolve(node.value, self.template.definitions)
        except UnknownType as fault:
            self.evaluator.faults.error("BP520", f"parameter `{name}`: {fault}", node.place)
            return symbol(name)
        value = self._given_or_default(name, node, is_nullable(schema))
        add = self.evaluator.faults.secrets.add
        try:
            return with_secure_parts(value, schema, self.template.definitions, symbol(name).expression, add)
        except UnknownType:
            return value  # told when the value was checked

    def _given_or_default(self, name: str, node: Members, nullable: bool) -> Value:
        faults = self.evaluator.faults
        given = self.supplied.get(fold(name))
        default = node.get("defaultValue")
        if given is not None and (given.value is not None or (nullable and default is None)):
            if self.from_people and is_placeholder(given.value, node, self.template):
                message = f"`{given.value}` is a placeholder that does not fit parameter `{name}`, it stays symbolic"
                faults.warning("BP523", message, given.place or node.place)
                return symbol(name)
            check_value(name, given.value, node, self.template, faults, given.place or node.place)
            return given.value
        if default is not None:
            around = View(self, self.home, f"The template parameter '{name}'", in_default_value=True)
            value = self.evaluator.member(node, "defaultValue", around)
            check_value(name, value, node, self.template, faults, node.at("defaultValue"))
            return value
        if nullable:
            return None
        message = f"no value for parameter `{name}`"
        if self.strict or not self.from_people:
            faults.error("BP523", message, node.place, key=True)
        else:
            faults.warning("BP523", f"{message}, it stays symbolic", node.place, key=True)
        return symbol(name)

    def variable(self, name: str, uses: Uses) -> Value:
        """The value of a variable; what it refers to is added to `uses`. Raises `ExpressionError`."""
        key = fold(name)
        found = self._variables.get(key)
        if found is None:
            node = self.template.variables.get(key)
            if node is None:
                known = [other.name for other in self.template.variables.values()]
                raise ExpressionError(f"the template declares no variable `{name}`{_near(name, known)}")
            around = View(self, self.home, f"The template variable '{node.name}'")
            before = self.evaluator.interruptions
            value = self._once(f"the variable `{node.name}`", lambda: self._variable_value(key, around))
            found = (value, around.uses)
            if self.evaluator.interruptions == before:
                self._variables[key] = found
        uses.update(found[1])
        return found[0]

    def _variable_value(self, key: str, around: View) -> Value:
        node = self.template.variables[key]
        if node.loop is None:
            return self.evaluator.value(node.value, node.place, around)
        return self.evaluator.turns(node.name, node.loop, LoopKind.VARIABLE, around)

    def _once(self, what: str, compute: Callable[[], Value]) -> Value:
        """Computes a value that must not need itself. Raises `ExpressionError` where it does."""
        if what in self._running:
            chain = [*self._running, what]
            first, *rest = chain[chain.index(what) :]
            raise ExpressionError(f"{first} needs {', which needs '.join(rest)}")
        self._running[what] = None
        try:
            return compute()
        finally:
            del self._running[what]

    def user_function(self, name: str, caller: View) -> UserFunction | None:
        """The function that the template declares under a name, None where there is none."""
        node = self.template.functions.get(fold(name))
        if node is None:
            return None
        return lambda arguments: self._call(node, arguments, caller)

    def _call(self, node: FunctionNode, arguments: tuple[Value, ...], caller: View) -> Value:
        if len(arguments) != len(node.parameters):
            wanted = plural(len(node.parameters), "argument")
            raise ExpressionError(f"the function `{node.name}` takes {wanted}, {len(arguments)} given")
        if caller.calls >= _MAX_CALLS:
            raise ExpressionError(f"the function `{node.name}` calls itself")
        named = {fold(name): value for name, value in zip(node.parameters, arguments, strict=True)}
        around = replace(caller, arguments=named, loops=(), in_default_value=False, calls=caller.calls + 1)
        return self.evaluator.member(node.output, "value", around)


class View(Struct, eq=False):
    """The surroundings of one expression: a frame, the loops around the place, and the deployment it stands in.

    In a nested template of outer scope the names are those of the parent's frame while `inside` is the nested
    deployment. Implements `Surroundings`, and with it `TemplateContext`.
    """

    frame: Frame
    inside: Home
    subject: str
    loops: tuple[Loop, ...] = ()
    uses: Uses = field(default_factory=dict)
    in_default_value: bool = False
    arguments: Mapping[str, Value] | None = None
    """The arguments, inside a function that the template declares: it sees no other parameters."""
    calls: int = 0

    @property
    def deployment(self) -> DeploymentContext:
        return self.frame.home.context

    def turn(self, loop: Loop) -> View:
        return replace(self, loops=(*self.loops, loop))

    def parameter(self, name: str) -> Value:
        if self.arguments is None:
            return self.frame.parameter(name)
        if fold(name) not in self.arguments:
            raise ExpressionError(f"the function has no parameter `{name}`")
        return self.arguments[fold(name)]

    def variable(self, name: str) -> Value:
        if self.arguments is not None and not self.frame.template.symbolic:
            raise ExpressionError("a function of a template cannot use its variables")
        return self.frame.variable(name, self.uses)

    def user_function(self, name: str) -> UserFunction | None:
        return self.frame.user_function(name, self)

    def copy_index(self, name: str | None, offset: int) -> Value:
        return copy_index(self.loops, name, offset)

    def deployment_object(self) -> Value:
        return self.frame.home.deployment_object()

    def resource_group(self) -> Value:
        return self.frame.home.resource_group()

    def subscription(self) -> Value:
        return self.frame.home.subscription()

    def management_group(self) -> Value:
        return self.frame.home.management_group()

    def tenant(self) -> Value:
        return self.frame.home.tenant()

    def environment(self) -> Value:
        return self.frame.home.environment()

    def reference(self, arguments: tuple[Value, ...]) -> Value:
        return self.inside.reference(arguments, self.uses)

    def references(self, arguments: tuple[Value, ...]) -> Value:
        return self.inside.references(arguments, self.uses)

    def list_function(self, name: str, arguments: tuple[Value, ...]) -> Value:
        return self.inside.list_function(name, arguments, self.uses)

    def runtime(self, name: str, arguments: tuple[Value, ...]) -> Value:
        return self.inside.runtime(name, arguments)

    def unresolved_id(self, name: str, arguments: tuple[Value, ...]) -> Value:
        return self.frame.home.unresolved_id(name, arguments)

    def utc_now(self) -> str | None:
        return self.deployment.utc_now or None

    def new_guid(self) -> str | None:
        seed = self.deployment.guid_seed
        return guid((seed, self.subject)) if seed else None

    def spend(self, work: int) -> None:
        self.frame.evaluator.budget.spend(work)


def _near(name: str, known: list[str]) -> str:
    near = did_you_mean(name, known)
    return f", {near}" if near else ""
