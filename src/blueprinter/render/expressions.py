"""Expressions of a blueprint as expressions of the template that deploys it.

`parameters()` and `concat()` stay, secrets excepted; resource groups and what policies and roles give become what is
known of them; the outputs of a template artifact become `reference()` of its deployment.
Source: Microsoft Learn, "Functions available for use with Azure Blueprints".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.arm import (
    Call,
    ExpressionError,
    Literal,
    Node,
    Property,
    is_expression,
    literal,
    literal_key,
    node_text,
    parse_expression,
    unescape,
)
from blueprinter.casing import fold, get, key_of
from blueprinter.document import Json
from blueprinter.render.model import Job, ScopeKind
from blueprinter.render.naming import parameter_name

_AT_SUBSCRIPTION = ("id", "subscriptionId", "tenantId", "displayName")


class SecretUsed(ExpressionError):
    """A secure parameter where its value would be written down."""


class KnownTooLate(ExpressionError):
    """The output of an artifact where Azure needs the value before it deploys."""


class Outputs(Struct, frozen=True):
    """What `artifacts('…').outputs` gives for one artifact."""

    deployment: str = ""
    """Name of the nested deployment of a template artifact; else empty."""
    known: Mapping[str, Node] = field(default_factory=dict)
    """Of policies and roles: output -> what it is."""


class Translator(Struct):
    """Translates what one holder (an artifact, a resource group, a default) says.

    `used` collects the artifacts that it names, which it has to wait for.
    """

    job: Job
    outputs: Callable[[str], tuple[str, Outputs] | None]
    """By any name of an artifact: its own name, and what it gives."""
    group: str = ""
    """Placeholder of the resource group that the holder targets."""
    early: bool = False
    """Whether Azure needs the value before it deploys."""
    used: dict[str, None] = field(default_factory=dict)
    asked: dict[str, None] = field(default_factory=dict)
    """The parameters of the blueprint that it names."""

    def at_start(self) -> Translator:
        """The same, for values that Azure needs first."""
        return replace(self, early=True)

    def value(self, value: Json) -> Json:
        """A value of a blueprint as it stands in the template, at every depth. Raises `ExpressionError`."""
        if isinstance(value, str):
            node = self.node(value)
            return literal(node.value) if isinstance(node, Literal) else f"[{node_text(node)}]"
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if isinstance(value, dict):
            return {literal_key(key, member): self.value(member) for key, member in value.items()}
        return value

    def node(self, text: str) -> Node:
        """The expression of a text, or the text as one."""
        if not is_expression(text):
            return Literal(unescape(text))
        return self._node(parse_expression(text))

    def group_node(self, placeholder: str, key: str) -> Node:
        """Name or location of a resource group."""
        blueprint = self.job.resolved.blueprint
        declared = key_of(blueprint.resource_groups, placeholder)
        if declared is None:
            raise ExpressionError(f"no resource group placeholder `{placeholder}`")
        row = blueprint.resource_groups[declared]
        stated = row.name if key == "name" else row.location
        if isinstance(stated, str):
            return replace(self, group="", early=True).node(stated)
        given: Mapping[str, str] = get(self.job.assignment.resource_groups, declared) or {}
        if not given.get(key):
            raise ExpressionError(f"the resource group `{placeholder}` has no {key}")
        return Literal(given[key])

    def _node(self, node: Node) -> Node:
        if isinstance(node, Literal):
            return Literal(node.value)
        if isinstance(node, Property):
            chain = list(_chain(node))
            root = chain[0]
            if isinstance(root, Call) and fold(root.name) in {"resourcegroup", "resourcegroups"}:
                return self._group_member(root, chain[1:])
            if isinstance(root, Call) and fold(root.name) == "artifacts":
                return self._output(root, chain[1:])
            return Property(self._node(node.base), self._node(node.name), dotted=node.dotted)
        name = fold(node.name)
        if name == "parameters":
            return self._parameter(node)
        if name == "subscription":
            if self.job.kind is not ScopeKind.SUBSCRIPTION:
                raise ExpressionError("`subscription()` has no meaning at a management group")
            return Call("subscription", ())
        if name in {"resourcegroup", "resourcegroups"}:
            members = [self._group_member(node, [Literal(key)]) for key in ("name", "location")]
            return Call("createObject", (Literal("name"), members[0], Literal("location"), members[1]))
        if name == "artifacts":
            raise ExpressionError("`artifacts()` as a whole is no value: name one of its `outputs`")
        return Call(node.name, tuple(self._node(argument) for argument in node.arguments))

    def _parameter(self, call: Call) -> Node:
        name = _text(call)
        declared = key_of(self.job.resolved.blueprint.parameters, name)
        if declared is None:
            raise ExpressionError(f"the blueprint has no parameter `{name}`")
        if self.job.resolved.blueprint.parameters[declared].secure:
            raise SecretUsed(
                f"the secure parameter `{declared}` is used outside of a secure parameter of a template"
            )
        self.asked[declared] = None
        return Call("parameters", (Literal(parameter_name(declared)),))

    def _group_member(self, call: Call, rest: list[Node]) -> Node:
        own = fold(call.name) == "resourcegroup"
        placeholder = self.group if own else _text(call)
        if own and not placeholder:
            raise ExpressionError("`resourceGroup()` has no meaning for an artifact of the subscription")
        member = rest[0]
        key = str(member.value) if isinstance(member, Literal) else ""
        found = next((one for one in ("name", "location") if fold(one) == fold(key)), None)
        if found is None or len(rest) > 1:
            raise ExpressionError(
                f"a resource group of a blueprint has a `name` and a `location`, no `{key}`"
            )
        return self.group_node(placeholder, found)

    def _output(self, call: Call, rest: list[Node]) -> Node:
        name = _text(call)
        found = self.outputs(name)
        if found is None:
            raise ExpressionError(f"no artifact is called `{name}`")
        own, outputs = found
        self.used[own] = None
        keys = [str(one.value) if isinstance(one, Literal) else "" for one in rest[:2]]
        if len(keys) < 2 or fold(keys[0]) != "outputs":
            raise ExpressionError(f"`artifacts('{name}')` has `outputs`, and each has a name")
        if outputs.deployment:
            if self.early:
                raise KnownTooLate(f"`artifacts('{name}').outputs.{keys[1]}` is known only after deployment")
            base: Node = Call("reference", (Literal(outputs.deployment),))
            for key in ("outputs", keys[1], "value"):
                base = Property(base, Literal(key))
        else:
            known = get(outputs.known, keys[1])
            if known is None:
                hint = ", ".join(outputs.known)
                raise ExpressionError(f"the artifact `{name}` has no output `{keys[1]}`, but {hint}")
            base = known
        for one in rest[2:]:
            base = Property(
                base, self._node(one), dotted=isinstance(one, Literal) and isinstance(one.value, str)
            )
        return base


def _chain(node: Node) -> Iterator[Node]:
    """The root of a chain of members, and each member."""
    if isinstance(node, Property):
        yield from _chain(node.base)
        yield node.name
    else:
        yield node


def _text(call: Call) -> str:
    argument = call.arguments[0] if call.arguments else None
    if not isinstance(argument, Literal):
        raise ExpressionError(f"`{call.name}()` takes a text in a blueprint")
    return str(argument.value)
