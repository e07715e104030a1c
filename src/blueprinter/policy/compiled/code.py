"""Pieces of Python syntax trees, and the namespace in which the finished functions run.

Every node carries a place, which Python's compiler asks for; giving it here is cheaper than adding it afterwards.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

NAMED = {
    "AttributeError": AttributeError,
    "KeyError": KeyError,
    "dict": dict,
    "enumerate": enumerate,
    "float": float,
    "int": int,
    "len": len,
    "list": list,
    "str": str,
    "type": type,
}
"""What generated code may call of Python itself."""


class Namespace:
    """The objects that generated code reaches by name, and fresh names for its own variables."""

    def __init__(self) -> None:
        self.objects: dict[str, object] = dict(NAMED)
        self._known: dict[int, str] = {}
        self._count = 0

    def fresh(self, kind: str) -> str:
        """A name that is used nowhere else; `kind` is one of our own words, for whoever reads a disassembly."""
        self._count += 1
        return f"{kind}_{self._count}"

    def name_of(self, value: object, kind: str = "object") -> ast.expr:
        """An expression that gives this very object."""
        name = self._known.get(id(value))
        if name is None:
            name = self._known[id(value)] = self.fresh(kind)
            self.objects[name] = value
        return load(name)

    def constant(self, value: object) -> ast.expr:
        """An expression that gives a value: written out where Python can, by name otherwise."""
        if value is None or type(value) in (str, int, float, bool):
            return constant(value)
        if type(value) is tuple and all(type(item) is str for item in value):
            return constant(value)
        return self.name_of(value, "value")


_LOAD = ast.Load()
_STORE = ast.Store()


def constant(value: Any) -> ast.Constant:
    """A number, a text, a boolean, None, or a tuple of such."""
    return ast.Constant(value, lineno=1, col_offset=0)


def load(name: str) -> ast.Name:
    return ast.Name(name, _LOAD, lineno=1, col_offset=0)


def store(name: str) -> ast.Name:
    return ast.Name(name, _STORE, lineno=1, col_offset=0)


def assign(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([store(name)], value, lineno=1, col_offset=0)


def assign_each(names: Sequence[str], value: ast.expr) -> ast.stmt:
    """As many variables as the value has elements."""
    return ast.Assign([_names(names)], value, lineno=1, col_offset=0)


def _names(names: Sequence[str]) -> ast.Tuple:
    return ast.Tuple([store(name) for name in names], _STORE, lineno=1, col_offset=0)


def together(values: Sequence[ast.expr]) -> ast.expr:
    """A tuple."""
    return ast.Tuple(list(values), _LOAD, lineno=1, col_offset=0)


def add(name: str, number: int | ast.expr) -> ast.stmt:
    value = constant(number) if isinstance(number, int) else number
    return ast.AugAssign(store(name), ast.Add(), value, lineno=1, col_offset=0)


def let(name: str, value: ast.expr) -> ast.expr:
    return ast.NamedExpr(store(name), value, lineno=1, col_offset=0)


def call(function: ast.expr, *arguments: ast.expr) -> ast.expr:
    return ast.Call(function, list(arguments), [], lineno=1, col_offset=0)


def method(base: ast.expr, name: str, *arguments: ast.expr) -> ast.expr:
    return call(attribute(base, name), *arguments)


def attribute(base: ast.expr, name: str) -> ast.expr:
    return ast.Attribute(base, name, _LOAD, lineno=1, col_offset=0)


def mapping(members: Mapping[str, ast.expr]) -> ast.expr:
    """A dictionary of text to values."""
    keys: list[ast.expr | None] = [constant(key) for key in members]
    return ast.Dict(keys, list(members.values()), lineno=1, col_offset=0)


def item(base: ast.expr, place: ast.expr) -> ast.expr:
    return ast.Subscript(base, place, _LOAD, lineno=1, col_offset=0)


def compare(left: ast.expr, operator: type[ast.cmpop], right: ast.expr) -> ast.expr:
    return ast.Compare(left, [operator()], [right], lineno=1, col_offset=0)


def equals(left: ast.expr, right: ast.expr) -> ast.expr:
    return compare(left, ast.Eq, right)


def same(left: ast.expr, right: ast.expr) -> ast.expr:
    return compare(left, ast.Is, right)


def other(left: ast.expr, right: ast.expr) -> ast.expr:
    return compare(left, ast.IsNot, right)


def has_type(value: ast.expr, kind: str) -> ast.expr:
    """Whether a value is exactly of a type that is named in `NAMED`."""
    return same(call(load("type"), value), load(kind))


def both(parts: Sequence[ast.expr]) -> ast.expr:
    return parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), list(parts), lineno=1, col_offset=0)


def either(parts: Sequence[ast.expr]) -> ast.expr:
    return parts[0] if len(parts) == 1 else ast.BoolOp(ast.Or(), list(parts), lineno=1, col_offset=0)


def opposite(part: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), part, lineno=1, col_offset=0)


def choose(condition: ast.expr, positive: ast.expr, negative: ast.expr) -> ast.expr:
    return ast.IfExp(condition, positive, negative, lineno=1, col_offset=0)


def when(condition: ast.expr, body: Sequence[ast.stmt], otherwise: Sequence[ast.stmt] = ()) -> ast.stmt:
    return ast.If(condition, list(body), list(otherwise), lineno=1, col_offset=0)


def loop(names: Sequence[str], values: ast.expr, body: Sequence[ast.stmt]) -> ast.stmt:
    """`for` over one variable, or over several that are taken apart."""
    target = store(names[0]) if len(names) == 1 else _names(names)
    return ast.For(target, values, list(body), [], lineno=1, col_offset=0)


def do(value: ast.expr) -> ast.stmt:
    return ast.Expr(value, lineno=1, col_offset=0)


def nothing() -> ast.stmt:
    return ast.Pass(lineno=1, col_offset=0)


def give(value: ast.expr) -> ast.stmt:
    return ast.Return(value, lineno=1, col_offset=0)


def guarded(body: Sequence[ast.stmt], faults: ast.expr, otherwise: Sequence[ast.stmt]) -> ast.stmt:
    """`try`; costs nothing unless something is raised."""
    handler = ast.ExceptHandler(faults, None, list(otherwise), lineno=1, col_offset=0)
    return ast.Try(list(body), [handler], [], [], lineno=1, col_offset=0)


def function(name: str, parameters: Sequence[str], body: Sequence[ast.stmt]) -> ast.FunctionDef:
    taken = [ast.arg(parameter, lineno=1, col_offset=0) for parameter in parameters]
    arguments = ast.arguments([], taken, None, [], [], None, [])
    return ast.FunctionDef(name, arguments, list(body), [], lineno=1, col_offset=0)
