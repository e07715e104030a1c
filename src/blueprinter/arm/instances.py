"""The resources of a deployment: each resource of the template in each turn of its loop, with type, name and id."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.arm.copying import Loop, LoopKind
from blueprinter.arm.evaluating import Evaluator
from blueprinter.arm.frames import Uses, View
from blueprinter.arm.limits import size_of
from blueprinter.arm.model import Unknown, Value
from blueprinter.arm.secure_values import opened
from blueprinter.arm.syntax import is_expression, quoted, reduced_call, value_text
from blueprinter.arm.targets import Target, extension_id, nested_target, resource_ids
from blueprinter.arm.template import Members, ResourceNode, schema_scope
from blueprinter.casing import fold, same

DEPLOYMENT_TYPE = "microsoft.resources/deployments"
MAX_RESOURCE_SIZE = 1024 * 1024
"""Bytes of a resource definition: Microsoft Learn, "ARM template best practices"."""
_MAX_BODIES = 20
"""How many bodies may be computed one within the other."""
_INSTANCE = 10_000
"""What a resource counts as in the work of an expansion, beside its body."""

_NOT_IN_BODY = frozenset(
    {
        "@options",
        "asserts",
        "comments",
        "condition",
        "copy",
        "dependson",
        "existing",
        "extension",
        "id",
        "import",
        "metadata",
        "name",
        "resources",
        "scope",
        "type",
        "apiversion",
    }
)
"""Members that steer the deployment, and those that are computed."""

_SPELLINGS = {
    fold(name): name
    for name in (
        "extendedLocation",
        "identity",
        "kind",
        "location",
        "managedBy",
        "managedByExtended",
        "plan",
        "properties",
        "sku",
        "tags",
        "zones",
    )
}
"""How Azure spells the members that every resource may have."""


class Instance(Struct, eq=False):
    """A resource of a deployment. `names` has one part for each segment of the type after its namespace."""

    node: ResourceNode
    view: View
    type: str
    names: tuple[Value, ...]
    name: Value
    ids: tuple[Value, ...]
    """Its id, and after it the other texts by which expressions may name it; empty for an extensible resource."""
    scope: Value | None
    api_version: Value
    condition: bool | Unknown
    existing: bool
    symbols: tuple[str, ...]
    loop: str = ""
    size: int = 0
    """About how many characters its body has as JSON, once that is computed."""
    _body: dict[str, Value] | None = None
    _running: bool = False

    @property
    def id(self) -> Value:
        """The id, "" for an extensible resource, which has none."""
        return self.ids[0] if self.ids else ""

    @property
    def uses(self) -> Uses:
        """The resources that its expressions were found to refer to."""
        return self.view.uses

    @property
    def is_deployment(self) -> bool:
        """Whether it is a nested or linked deployment."""
        return fold(self.type) == DEPLOYMENT_TYPE

    @property
    def is_deployed(self) -> bool:
        """Whether the deployment makes it: neither existing before nor left out by its condition."""
        return not self.existing and self.condition is not False

    @property
    def is_certain(self) -> bool:
        """Whether nothing that is not known yet decides if it is deployed, or how often."""
        counted = all(not isinstance(loop.index, Unknown) for loop in self.view.loops)
        return counted and not isinstance(self.condition, Unknown) and self.view.inside.certain

    def body(self) -> Mapping[str, Value] | None:
        """What is deployed: id, type, name, apiVersion, scope, and its other members.

        None while it is being computed, that is when it refers to itself, and where too many resources that refer
        to one another are being computed: what is asked of it stays a reference.
        """
        evaluator = self.view.frame.evaluator
        if self._body is None:
            if self._running or evaluator.bodies >= _MAX_BODIES:
                evaluator.interruptions += 1
                return None
            self._running = True
            evaluator.bodies += 1
            tentative = isinstance(self.condition, Unknown) or self.view.inside.tentative
            with evaluator.faults.tentative(tentative):
                self._body = dict(self._members(evaluator))
                self.size = size_of(self._body)
                evaluator.budget.spend(self.size)
                if self.size > MAX_RESOURCE_SIZE:
                    self._report_size(self._body, evaluator)
            self._running = False
            evaluator.bodies -= 1
        return self._body

    def _report_size(self, body: Mapping[str, Value], evaluator: Evaluator) -> None:
        size = len(json.dumps(body, separators=(",", ":"), default=lambda unknown: unknown.expression))
        if size > MAX_RESOURCE_SIZE:
            message = f"the resource has {size:,} bytes, at most {MAX_RESOURCE_SIZE:,} are allowed"
            evaluator.faults.error("BP521", message, self.node.members.place)

    def _members(self, evaluator: Evaluator) -> Iterator[tuple[str, Value]]:
        members = self.node.members
        if self.ids:
            yield "id", self.id
        yield "type", self.type
        if self.ids:
            yield "name", self.name
        if self.api_version is not None:
            yield "apiVersion", self.api_version
        if self.scope is not None:
            yield "scope", self.scope
        for key, value in members.value.items():
            folded = fold(key)
            if folded not in _NOT_IN_BODY:
                yield _SPELLINGS.get(folded, key), evaluator.value(value, members.place.child(key), self.view)


class Lister(Struct, frozen=True):
    """Lists the resources of one template that is deployed to one target."""

    evaluator: Evaluator
    target: Target
    empty: set[str] = field(default_factory=set)
    """Folded names of loops without turns, and symbols of what would have stood in them: others may depend on these."""

    def all(self, nodes: Sequence[ResourceNode], view: View) -> Iterator[Instance]:
        """The resources, children after their parent, turns of a loop in their order."""
        for node in nodes:
            yield from self._turns(node, view, None)

    def _turns(self, node: ResourceNode, view: View, parent: Instance | None) -> Iterator[Instance]:
        if not node.members.has("copy"):
            yield from self._with_children(node, view, parent, "", None)
            return
        loop = node.members.inner("copy")
        name = self.evaluator.member(loop, "name", view)
        if not isinstance(name, str):
            self.evaluator.faults.error("BP526", "the copy loop has no `name`", node.members.at("copy"))
            return
        batch = loop.get("batchSize")
        if type(batch) is int and batch < 1:
            self.evaluator.faults.error("BP526", "`batchSize` must be at least 1", loop.at("batchSize"))
        count = self.evaluator.count(loop, view)
        if isinstance(count, Unknown):
            message = f"the number of copies in loop `{name}` is not known, one is shown"
            self.evaluator.faults.warning("BP530", message, loop.at("count"))
        turns: Sequence[int | Unknown]
        turns = [Unknown(f"copyIndex({quoted(name)})")] if isinstance(count, Unknown) else range(count)
        if not turns:
            self.empty.update(map(fold, (name, *_symbols_in(node))))
        for index in turns:
            inside = view.turn(Loop(name, index, LoopKind.RESOURCE))
            yield from self._with_children(node, inside, parent, name, index)

    def _with_children(
        self, node: ResourceNode, view: View, parent: Instance | None, loop: str, index: int | Unknown | None
    ) -> Iterator[Instance]:
        self.evaluator.budget.spend(_INSTANCE)
        instance = self._instance(node, replace(view, uses={}), parent, loop, index)
        if instance is None:
            return
        yield instance
        for child in node.children:
            yield from self._turns(child, instance.view, instance)

    def _instance(
        self, node: ResourceNode, view: View, parent: Instance | None, loop: str, index: int | Unknown | None
    ) -> Instance | None:
        members, faults = node.members, self.evaluator.faults
        if not members.has("name") and not _is_extensible(members):
            faults.error("BP520", "the resource has no `name`", members.place)
            return None
        # a condition may stand for what the name and the rest need, so where it is false they need not have values
        view.subject = f"The template resource '{node.symbol or members.get('name')}'"
        condition = self._condition(members, view)
        with faults.muted(condition is False), faults.tentative(isinstance(condition, Unknown)):
            return self._identified(node, view, parent, condition, _symbols(node, parent, index), loop)

    def _identified(
        self,
        node: ResourceNode,
        view: View,
        parent: Instance | None,
        condition: bool | Unknown,
        symbols: tuple[str, ...],
        loop: str,
    ) -> Instance | None:
        members, evaluate = node.members, self.evaluator.member
        existing = members.get("existing") is True
        kind = str(members.get("type"))
        if is_expression(kind):
            found = opened(evaluate(members, "type", view))
            if not isinstance(found, str):
                message = "the `type` of a resource has to be known before it is deployed"
                self.evaluator.faults.error("BP531", message, members.at("type"))
                return None
            kind = found
        if _is_extensible(members):
            return Instance(node, view, kind, (), "", (), None, None, condition, existing, symbols, loop)
        name = self._name(members, view)
        scope = evaluate(members, "scope", view) if members.has("scope") else None
        if parent is not None:
            kind, name = _joined(parent, kind, name)
            scope = parent.scope if scope is None else scope
        view.subject = f"The template resource '{name.expression if isinstance(name, Unknown) else name}'"
        names = self._segments(kind, name, members)
        if names is None:
            return None
        extends = scope is not None and fold(kind) != DEPLOYMENT_TYPE
        target = self._target(kind, existing, scope, members, view)
        ids = (extension_id(scope, kind, names, target),) if extends else resource_ids(target, kind, names)
        if target != self.target and not extends:
            ids += resource_ids(self.target, kind, names)
        version = evaluate(members, "apiVersion", view)
        return Instance(
            node, view, kind, names, name, ids, scope, version, condition, existing, symbols, loop
        )

    def _target(self, kind: str, existing: bool, scope: Value, members: Members, view: View) -> Target:
        """The scope that a resource stands at: deployments, and what exists before, may name another one."""
        if fold(kind) != DEPLOYMENT_TYPE and not existing:
            return self.target
        template = members.inner("properties").inner("template")
        return nested_target(
            self.target,
            scope=scope if fold(kind) == DEPLOYMENT_TYPE else None,
            subscription=self.evaluator.member(members, "subscriptionId", view),
            resource_group=self.evaluator.member(members, "resourceGroup", view),
            schema=schema_scope(template.get("$schema")),
        )

    def _name(self, members: Members, view: View) -> str | Unknown:
        value = self.evaluator.member(members, "name", view)
        if isinstance(value, (str, Unknown)):
            return value
        self.evaluator.faults.error("BP527", "the `name` of a resource must be a string", members.at("name"))
        return Unknown(value_text(value))

    def _condition(self, members: Members, view: View) -> bool | Unknown:
        value = opened(self.evaluator.member(members, "condition", view))
        if value is None or isinstance(value, bool):
            return value is not False
        if isinstance(value, Unknown):
            message = f"the condition is not known, the resource is kept: `{value.expression}`"
            self.evaluator.faults.warning("BP529", message, members.at("condition"))
            return value
        if isinstance(value, str) and fold(value) in {"true", "false"}:
            return same(value, "true")
        self.evaluator.faults.error("BP527", "a condition must be true or false", members.at("condition"))
        return False

    def _segments(self, kind: str, name: str | Unknown, members: Members) -> tuple[Value, ...] | None:
        """The parts of a name, one for each segment of the type after its namespace."""
        wanted = kind.count("/")
        if isinstance(name, str):
            parts = name.split("/")
            if len(parts) == wanted:
                return tuple(parts)
            message = f"the name `{name}` has {len(parts)} segments, the type `{kind}` needs {wanted}"
            hint = "a type `Namespace/a/b` needs a name `x/y`"
            self.evaluator.faults.error("BP531", message, members.at("name"), hint)
            return None
        if wanted == 1:
            return (name,)
        whole = reduced_call("split", (name, "/")).expression
        return tuple(Unknown(f"{whole}[{index}]") for index in range(wanted))


def _is_extensible(members: Members) -> bool:
    """Whether the resource is none of Azure Resource Manager but of an extension: it has no id."""
    return members.has("import") or members.has("extension")


def _symbols_in(node: ResourceNode) -> Iterator[str]:
    """The symbols of a resource and of those that are written inside of it."""
    if node.symbol:
        yield node.symbol
    for child in node.children:
        yield from _symbols_in(child)


def _symbols(node: ResourceNode, parent: Instance | None, index: int | Unknown | None) -> tuple[str, ...]:
    """The symbolic names of a resource: in a loop `symbol[0]`, as a child also `parent::child`."""
    if not node.symbol:
        return ()
    own = f"{node.symbol}[{index}]" if isinstance(index, int) else node.symbol
    return (own, *(f"{outer}::{own}" for outer in (parent.symbols if parent is not None else ())))


def _joined(parent: Instance, kind: str, name: str | Unknown) -> tuple[str, str | Unknown]:
    """Type and name of a child, which are written relative to its parent or in full."""
    if fold(kind).startswith(fold(parent.type) + "/"):
        relative = kind[len(parent.type) + 1 :]
        if isinstance(name, str) and name.count("/") + 1 == kind.count("/"):
            return kind, name
    elif _is_full(kind):
        return kind, name
    else:
        relative = kind
    whole = f"{parent.type}/{relative}"
    if isinstance(parent.name, str) and isinstance(name, str):
        return whole, f"{parent.name}/{name}"
    return whole, reduced_call("concat", (parent.name, "/", name))


def _is_full(kind: str) -> bool:
    namespace, _, rest = kind.partition("/")
    return "." in namespace and bool(rest)
