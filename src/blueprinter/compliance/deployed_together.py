"""Related resources among those that one template deploys, where many an id is known only to Azure.

Where ids are still expressions, a child is told by its type and name, an extension by its `scope`. What a template
does not create may exist already, so only a type that it does create can be known not to exist.
"""

from __future__ import annotations

from collections.abc import Sequence

from blueprinter.arm import (
    Call,
    ExpressionSyntaxError,
    Literal,
    Node,
    Resource,
    Unknown,
    id_within,
    is_expression,
    node_text,
    parse_expression,
)
from blueprinter.casing import fold, same
from blueprinter.compliance.scope import type_key
from blueprinter.policy import Found, LookupResult, NoneExist, NotCollected

_ANY = "?"
_EXTENDS = "/providers/"


class DeployedTogether:
    """Answers `Lookup` for the resources of one template."""

    def __init__(self, resources: Sequence[Resource], *, complete: bool = True) -> None:
        """`complete`: nothing else is deployed with them."""
        self._complete = complete
        self._by_id = {fold(resource.id): resource for resource in resources}
        self._by_type: dict[str, list[Resource]] = {}
        for resource in resources:
            self._by_type.setdefault(_kind(resource), []).append(resource)

    def __call__(self, type: str, name: str | None, scope: str) -> LookupResult:
        """Resources of a type at or below a scope; see `policy.Lookup`. An empty scope is that of the template."""
        own = self._by_type.get(type_key(type), [])
        host = self._by_id.get(fold(scope))
        placed = [(one, _is_below(one, scope, host), _is_named(one, name)) for one in own]
        found = tuple(one for one, below, named in placed if below and named)
        if found and all(one.certain for one in found):
            return Found(found)
        if found:
            return NotCollected(f"whether this `{type}` is deployed is known only when it is")
        if not own:
            return NotCollected(f"no `{type}` is in the template, and one may exist already")
        if not self._complete:
            return NotCollected(f"a linked template was not read, and may deploy a `{type}`")
        if any(below is not False and named is not False for _, below, named in placed):
            return NotCollected(f"which `{type}` belongs here is known only after deployment")
        return NoneExist()


def _kind(resource: Resource) -> str:
    """The type as it is looked for: an extension may be written as `<type>/providers/<kind>`, with its namespace
    in the name."""
    host, extends, kind = fold(resource.type).rpartition(_EXTENDS)
    names = resource.name.split("/")
    if extends and len(names) > host.count("/") + 1:
        return type_key(f"{names[host.count('/')]}/{kind}")
    return type_key(resource.type)


def _is_below(resource: Resource, scope: str, host: Resource | None) -> bool | None:
    """Whether a resource lies in a scope; None = not known before deployment."""
    if not scope or resource is host:
        return True
    if not is_expression(resource.id) and not is_expression(scope):
        return id_within(resource.id, scope)
    if host is None:
        return None
    if not same(resource.home, host.home):
        return None if is_expression(resource.home) or is_expression(host.home) else False
    if fold(resource.type).startswith(f"{fold(host.type)}/"):
        return _is_child(resource.name, host.name)
    return _extends(resource, host)


def _is_child(name: str, parent: str) -> bool | None:
    """Whether a full name is that of a child: `x/default` of `x`, `[concat(parameters('x'), '/default')]` of
    `[parameters('x')]`."""
    if not is_expression(name):
        return None if is_expression(parent) else fold(name).startswith(f"{fold(parent)}/")
    first, _ = _ends_of(name)
    if first is None:
        return None
    if not is_expression(parent):
        return same(str(first.value), parent) if isinstance(first, Literal) else None
    above = _node(parent)
    return True if above is not None and node_text(first) == node_text(above) else None


def _extends(resource: Resource, host: Resource) -> bool | None:
    """Whether a resource extends another, which its `scope` names by id or as `type/name`."""
    stated = resource.body.get("scope")
    scope = f"[{stated.expression}]" if isinstance(stated, Unknown) else stated
    if not isinstance(scope, str):
        return False
    if fold(scope) in {fold(host.id), fold(f"{host.type}/{host.name}")}:
        return True
    return None if is_expression(scope) or is_expression(host.name) else False


def _is_named(resource: Resource, name: str | None) -> bool | None:
    """Whether a resource has a name in the forms of `policy.Lookup`; None = not known before deployment.

    Before deployment the names of its parents may be unknown, so only the last counts where they are.
    """
    if name is None or name == _ANY or name.endswith(f"/{_ANY}"):
        return True
    wanted = name.rpartition("/")[2]
    if is_expression(resource.name):
        last = _ends_of(resource.name)[1]
        return None if last is None else same(last, wanted)
    if name.startswith("/") or is_expression(name) or _EXTENDS in fold(resource.type):
        return same(resource.name.rpartition("/")[2], wanted)
    return same(resource.name, name)


def _ends_of(name: str) -> tuple[Node | None, str | None]:
    """Of a name that joins others with `/`, what stands before the first, and the text behind the last."""
    node = _node(name)
    if not isinstance(node, Call) or len(node.arguments) <= 1:
        return None, None
    first, second, last = node.arguments[0], node.arguments[1], node.arguments[-1]
    if same(node.name, "concat"):
        text = _text(last)
        tail = text.rpartition("/")[2] if text is not None and "/" in text else None
        return (first if (_text(second) or "").startswith("/") else None), tail
    if same(node.name, "format") and (pattern := _text(first)) is not None and pattern.startswith("{0}/"):
        tail = pattern.rpartition("/")[2]
        whole = f"{{{len(node.arguments) - 2}}}"
        return second, (_text(last) if tail == whole else None if "{" in tail else tail)
    return None, None


def _text(node: Node) -> str | None:
    return node.value if isinstance(node, Literal) and isinstance(node.value, str) else None


def _node(text: str) -> Node | None:
    try:
        return parse_expression(text)
    except ExpressionSyntaxError:
        return None
