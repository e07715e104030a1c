"""Pieces of Python syntax trees, and the namespace in which the finished functions run."""

from __future__ import annotations

import ast
from collections.abc import Sequence

NAMED = {
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
            return ast.Constant(value)
        if type(value) is tuple and all(type(item) is str for item in value):
            return ast.Constant(value)
        return self.name_of(value, "value")


_LOAD = ast.Load()
_STORE = ast.Store()


def load(name: str) -> ast.Name:
    return ast.Name(name, _LOAD)


def assign(name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name(name, _STORE)], value)


def add(name: str, number: int) -> ast.AugAssign:
    return ast.AugAssign(ast.Name(name, _STORE), ast.Add(), ast.Constant(number))


def let(name: str, value: ast.expr) -> ast.NamedExpr:
    return ast.NamedExpr(ast.Name(name, _STORE), value)


def call(function: ast.expr, *arguments: ast.expr) -> ast.Call:
    return ast.Call(function, list(arguments), [])


def method(base: ast.expr, name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(base, name, _LOAD), list(arguments), [])


def item(base: ast.expr, place: int) -> ast.Subscript:
    return ast.Subscript(base, ast.Constant(place), _LOAD)


def compare(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.Compare:
    return ast.Compare(left, [operator], [right])


def equals(left: ast.expr, right: ast.expr) -> ast.Compare:
    return compare(left, ast.Eq(), right)


def same(left: ast.expr, right: ast.expr) -> ast.Compare:
    return compare(left, ast.Is(), right)


def other(left: ast.expr, right: ast.expr) -> ast.Compare:
    return compare(left, ast.IsNot(), right)


def has_type(value: ast.expr, kind: str) -> ast.Compare:
    """Whether a value is exactly of a type that is named in `NAMED`."""
    return same(call(load("type"), value), load(kind))


def both(parts: Sequence[ast.expr]) -> ast.expr:
    return parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), list(parts))


def either(parts: Sequence[ast.expr]) -> ast.expr:
    return parts[0] if len(parts) == 1 else ast.BoolOp(ast.Or(), list(parts))


def opposite(part: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), part)


def choose(condition: ast.expr, positive: ast.expr, negative: ast.expr) -> ast.IfExp:
    return ast.IfExp(condition, positive, negative)


def when(condition: ast.expr, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt] = ()) -> ast.If:
    return ast.If(condition, list(body), list(orelse))


def give(value: ast.expr) -> ast.Return:
    return ast.Return(value)


def guarded(body: Sequence[ast.stmt], faults: ast.expr, otherwise: Sequence[ast.stmt]) -> ast.Try:
    """`try`; costs nothing unless something is raised."""
    return ast.Try(list(body), [ast.ExceptHandler(faults, None, list(otherwise))], [], [])


def function(name: str, parameters: Sequence[str], body: Sequence[ast.stmt]) -> ast.FunctionDef:
    arguments = ast.arguments([], [ast.arg(parameter) for parameter in parameters], None, [], [], None, [])
    return ast.FunctionDef(name, arguments, list(body), [])
