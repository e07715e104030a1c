"""Deployments: a template at a target, the whole one or one nested in another, and what it answers expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from blueprinter.arm import scope_objects
from blueprinter.arm.evaluating import Evaluator
from blueprinter.arm.faults import Faults
from blueprinter.arm.frames import Uses, View
from blueprinter.arm.instances import Instance, Lister
from blueprinter.arm.model import DeploymentContext, ExpressionSyntaxError, Unknown, Value
from blueprinter.arm.outputs import evaluate_outputs
from blueprinter.arm.parameter_types import is_secure, resolve
from blueprinter.arm.parser import parse_expression
from blueprinter.arm.partial import partial
from blueprinter.arm.places import Place
from blueprinter.arm.syntax import Call, Literal, node_text, quoted, reduced_call, value_text
from blueprinter.arm.targets import Target, path, resource_ids
from blueprinter.arm.template import Template
from blueprinter.casing import fold, same
from blueprinter.document import Document
from blueprinter.text import plural

MAX_RESOURCES = 800
"""Microsoft Learn, "Template best practices": limits of a template; copies count."""

_ID_FUNCTIONS = frozenset(
    {
        "extensionresourceid",
        "managementgroupresourceid",
        "resourceid",
        "subscriptionresourceid",
        "tenantresourceid",
    }
)


@dataclass(slots=True, eq=False)
class Work:
    """What all deployments of one expansion share."""

    root: DeploymentContext
    strict: bool
    read: Callable[[str, str], Document] | None
    open_nested: Callable[[Work, Deployment, Instance], Deployment | None]
    faults: Faults = field(default_factory=Faults)
    evaluator: Evaluator = field(init=False)
    templates: dict[tuple[int, str], Template] = field(default_factory=dict)
    """Nested templates, by the identity of their document and the pointer into it."""
    documents: dict[tuple[str, str], Document] = field(default_factory=dict)
    """Linked documents, by the file that links them and the path it gives."""
    unexpanded: dict[tuple[Place, str], int] = field(default_factory=dict)
    """Deployments whose template could not be had: place and reason -> how many."""

    def __post_init__(self) -> None:
        self.evaluator = Evaluator(self.faults)

    def linked(self, file: str, relative: str) -> Document:
        """The document that a file links by a relative path. Raises `InvalidInput`."""
        if self.read is None:
            raise RuntimeError("nobody reads linked templates here")
        if (file, relative) not in self.documents:
            self.documents[file, relative] = self.read(file, relative)
        return self.documents[file, relative]


@dataclass(slots=True, eq=False)
class Deployment:
    """One template at one target. Implements `Home` for the expressions that stand in it.

    `enter` gives it the frame that its expressions see: its own, or in outer scope that of its parent.
    """

    work: Work
    template: Template
    target: Target
    name: Value
    location: Value
    parent: Deployment | None = None
    context: DeploymentContext = field(init=False)
    depth: int = 0
    tentative: bool = False
    """Whether it is deployed, alone or with what is around it, under a condition that is not known."""
    certain: bool = True
    """False where that holds, and where it is not known how many of it are deployed."""
    _view: View | None = None
    _instances: list[Instance] | None = None
    _index: dict[str, list[Instance]] = field(default_factory=dict)
    _short_names: dict[str, list[Instance]] = field(default_factory=dict)
    _empty: set[str] = field(default_factory=set)
    """What names a loop without turns: see `Lister.empty`."""
    _nested: dict[Instance, Deployment | None] = field(default_factory=dict)
    _outputs: dict[str, Value] | None = None
    _busy: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        name = self.name if isinstance(self.name, str) else ""
        location = self.location if isinstance(self.location, str) else ""
        self.context = self.target.context(self.work.root, name, location)

    def enter(self, view: View) -> Deployment:
        """Sets the surroundings of the template's resources and outputs."""
        self._view = view
        return self

    @property
    def scope_id(self) -> Value:
        """The id of the scope that it is deployed to, empty where not all of it is given."""
        return self.target.id() or ""

    @property
    def view(self) -> View:
        """The surroundings of the template's resources and outputs."""
        if self._view is None:
            raise RuntimeError("a deployment is entered before it is asked")
        return self._view

    def instances(self) -> list[Instance]:
        """The resources of the template, in its order; empty while they are being listed."""
        if self._instances is None:
            if self._interrupted("instances"):
                return []
            with self.work.faults.tentative(self.tentative):
                lister = Lister(self.work.evaluator, self.target, self._empty)
                found = list(lister.all(self.template.resources, self.view))
                self._busy.discard("instances")
                self._instances = found
                if len(found) > MAX_RESOURCES:
                    counted = plural(len(found), "resource")
                    message = f"{counted} with all copies, at most {MAX_RESOURCES} are allowed"
                    self.work.faults.error("BP521", message, self.template.members.at("resources"), key=True)
                self._report_twins(found)
            for instance in found:
                for key in _keys(instance):
                    self._index.setdefault(fold(key), []).append(instance)
                if len(instance.names) > 1:
                    last = instance.names[-1]
                    short = fold(_key(last)) if isinstance(last, (str, Unknown)) else ""
                    self._short_names.setdefault(short, []).append(instance)
        return self._instances

    def _report_twins(self, instances: list[Instance]) -> None:
        """Reports resources with the id of another; conditions that are not known may part them."""
        seen: set[str] = set()
        for instance in instances:
            if instance.existing or instance.condition is not True or not isinstance(instance.id, str):
                continue
            if instance.id and fold(instance.id) in seen:
                message = f"the resource `{instance.id}` stands twice in the template"
                self.work.faults.error("BP534", message, instance.node.members.at("name"))
            seen.add(fold(instance.id))

    def nested(self, instance: Instance) -> Deployment | None:
        """What a nested deployment deploys; None where its template cannot be had, or while it is being opened."""
        if instance not in self._nested:
            if self._interrupted(value_text(instance.id)):
                return None
            self._nested[instance] = self.work.open_nested(self.work, self, instance)
            self._busy.discard(value_text(instance.id))
        return self._nested[instance]

    def outputs(self) -> Mapping[str, Value]:
        """`{name: {type, value}}`; empty while they are being evaluated."""
        if self._outputs is None:
            if self._interrupted("outputs"):
                return {}
            with self.work.faults.tentative(self.tentative):
                self._outputs = dict(evaluate_outputs(self.template, self.work.evaluator, self.view))
            self._busy.discard("outputs")
        return self._outputs

    def is_secure_output(self, name: str) -> bool:
        """Whether an output is declared as a secure one: what it holds is never given."""
        node = self.template.outputs[fold(name)]
        return is_secure(resolve(node.value, self.template.definitions))

    def _interrupted(self, what: str) -> bool:
        """Whether this is under way already, further up; else it is from now on."""
        if what in self._busy:
            self.work.evaluator.interruptions += 1
            return True
        self._busy.add(what)
        return False

    def named(self, key: Value) -> list[Instance]:
        """The resources of this template that an id, name, symbol or name of a loop names."""
        if not isinstance(key, (str, Unknown)):
            return []
        self.instances()
        found = self._index.get(fold(_key(key)), [])
        if not found and isinstance(key, Unknown):
            found = self._index.get(fold(_type_and_names(key.expression)), [])
        return found

    def short_named(self, key: Value) -> list[Instance]:
        """The resources whose name ends in a segment, which `dependsOn` may use where one resource has it."""
        self.instances()
        return self._short_names.get(fold(_key(key)), []) if isinstance(key, (str, Unknown)) else []

    def names_empty_loop(self, key: Value) -> bool:
        """Whether a text names a loop without turns, or what would have stood in one."""
        self.instances()
        return isinstance(key, str) and fold(key) in self._empty

    def _find(self, key: Value) -> Instance | None:
        """The one resource that the first argument of `reference` names, here or by its id further up."""
        found = self.named(key)
        if len(found) == 1 and not (found[0].loop and same(found[0].loop, str(key))):
            return found[0]
        above = self.parent
        while above is not None and isinstance(key, str) and key.startswith("/"):
            found = above.named(key)
            if len(found) == 1:
                return found[0]
            above = above.parent
        return None

    def reference(self, arguments: tuple[Value, ...], uses: Uses) -> Value:
        """`reference(name | id | symbol [, apiVersion] [, 'Full'])`."""
        found = self._find(arguments[0])
        if found is None:
            return reduced_call("reference", arguments)
        uses[found] = None
        return self._answer(found, self._call("reference", found, arguments), _is_full(arguments, 2))

    def references(self, arguments: tuple[Value, ...], uses: Uses) -> Value:
        """`references(symbol of a loop [, 'Full'])`: one object for each resource of the loop."""
        symbol = arguments[0]
        found = [one for one in self.instances() if isinstance(symbol, str) and same(one.node.symbol, symbol)]
        if not found or any(isinstance(loop.index, Unknown) for one in found for loop in one.view.loops):
            return reduced_call("references", arguments)
        uses.update(dict.fromkeys(found))
        full = _is_full(arguments, 1)
        rest: tuple[Value, ...] = ("Full",) if full else ()
        return [
            self._answer(one, reduced_call("reference", (one.id, one.api_version, *rest)).expression, full)
            for one in found
        ]

    def _answer(self, found: Instance, expression: str, full: bool) -> Unknown:
        home = found.view.inside
        if (
            not found.ids
            or not found.is_deployed
            or found.condition is not True
            or not isinstance(home, Deployment)
        ):
            return Unknown(expression)
        if found.is_deployment:

            def read_outputs() -> Mapping[str, Value]:
                nested = home.nested(found)
                if nested is None:
                    return {}
                outputs: dict[str, Value] = {
                    name: {"value": Unknown(f"{expression}.outputs.{name}.value")}
                    if nested.is_secure_output(name)
                    else output
                    for name, output in nested.outputs().items()
                }
                return {"outputs": outputs} if outputs else {}

            if not full:
                return partial(expression, read_outputs, exact=True)
            inner = partial(f"{expression}.properties", read_outputs, exact=True)
            return partial(expression, lambda: {"properties": inner}, exact=True)

        def read_body() -> Mapping[str, Value]:
            body = found.body() or {}
            if full:
                return body
            properties = body.get("properties")
            return properties if isinstance(properties, dict) else {}

        return partial(expression, read_body)

    def _call(self, name: str, found: Instance, arguments: tuple[Value, ...]) -> str:
        """The call with the id of its resource in place of a name or symbol, which mean nothing outside."""
        first, *rest = arguments
        if found.ids and isinstance(first, str) and not first.startswith("/"):
            first = found.id
            rest = rest or ([found.api_version] if found.api_version is not None else [])
        return reduced_call(name, (first, *rest)).expression

    def list_function(self, name: str, arguments: tuple[Value, ...], uses: Uses) -> Value:
        """`list…(name | id | symbol, apiVersion, …)`: only Azure has the answer."""
        found = self._find(arguments[0]) if arguments else None
        if found is None:
            return reduced_call(name, arguments)
        uses[found] = None
        return Unknown(self._call(name, found, arguments))

    def runtime(self, name: str, arguments: tuple[Value, ...]) -> Value:
        """Every other function whose answer only Azure has; `resourceInfo` is answered from the template."""
        found = self._find(arguments[0]) if arguments else None
        if name == "resourceInfo" and found is not None:
            return {"id": found.id, "name": found.name, "type": found.type, "apiVersion": found.api_version}
        return reduced_call(name, arguments)

    def unresolved_id(self, name: str, arguments: tuple[Value, ...]) -> Value:
        """The call, with the scope where it is another one than that of the whole deployment: outside of this
        template nobody could tell it any more."""
        place = next(index for index, one in enumerate(arguments) if isinstance(one, str) and "/" in one)
        kind, names = str(arguments[place]).strip("/"), arguments[place + 1 :]
        if not self.target.moved or place > 1 or not self.target.subscription:
            return reduced_call(name, arguments)
        if place == 0 and name == "resourceId":
            return resource_ids(self.target, kind, names)[0]
        return reduced_call(name, (self.target.subscription, *arguments))

    def deployment_object(self) -> Value:
        version = self.template.members.get("contentVersion")
        return scope_objects.deployment(self.target, self.name, self.location, version)

    def resource_group(self) -> Value:
        return scope_objects.resource_group(self.target, self.work.root.location, self._group)

    def _group(self) -> Mapping[str, Value] | None:
        """The resource group of this deployment, where a deployment further up makes it.

        This one cannot, and its own resources may be called after what is asked for.
        """
        found = self.parent._find(self.target.id()) if self.parent is not None else None
        return found.body() if found is not None and found.is_deployed else None

    def subscription(self) -> Value:
        return scope_objects.subscription(self.target, self.context.tenant_id)

    def management_group(self) -> Value:
        return scope_objects.management_group(self.target)

    def tenant(self) -> Value:
        return scope_objects.tenant(self.context.tenant_id)

    def environment(self) -> Value:
        return scope_objects.environment(self.context.cloud)


def _is_full(arguments: tuple[Value, ...], index: int) -> bool:
    return len(arguments) > index and same(str(arguments[index]), "full")


def _key(value: str | Unknown) -> str:
    return value if isinstance(value, str) else f"[{value.expression}]"


def _signature(kind: str, names: Iterable[str]) -> str:
    """A type with the expressions that give its names: `type(name, name)`."""
    return f"{kind}({', '.join(names)})"


def _type_and_names(expression: str) -> str:
    """The signature of the resource whose id a call such as `resourceId(group, type, name)` gives.

    The scope is left out: where it is not known, type and names are all there is to go by. "" for anything else.
    """
    try:
        node = parse_expression(f"[{expression}]")
    except ExpressionSyntaxError:
        return ""
    if not isinstance(node, Call) or fold(node.name) not in _ID_FUNCTIONS:
        return ""
    for index, argument in enumerate(node.arguments):
        if isinstance(argument, Literal) and isinstance(argument.value, str) and "/" in argument.value:
            return _signature(argument.value.strip("/"), map(node_text, node.arguments[index + 1 :]))
    return ""


def _keys(instance: Instance) -> Iterator[str]:
    """The texts that may name a resource in `reference` and `dependsOn`, each once."""
    found: dict[str, None] = {}
    for value in (*instance.ids, *([instance.name] if instance.ids else [])):
        if isinstance(value, (str, Unknown)):
            found[_key(value)] = None
    if instance.names:
        found[_signature(instance.type, map(value_text, instance.names))] = None
    for symbol in instance.symbols:
        found[symbol] = None
    if instance.loop:
        found[instance.loop] = None
        if instance.node.symbol:
            found[instance.node.symbol] = None
    if isinstance(instance.name, str):
        found[f"{instance.type}/{instance.name}"] = None
        known = [name for name in instance.names if isinstance(name, str)]
        found[path(instance.type, known).removeprefix("/providers/")] = None
    elif isinstance(instance.name, Unknown):
        found[_key(Unknown(f"concat({quoted(instance.type + '/')}, {instance.name.expression})"))] = None
    folded: dict[str, str] = {}
    for key in found:
        folded.setdefault(fold(key), key)
    yield from folded.values()
