"""The nodes of a parsed expression, and their way back to text.

What is an expression at all: a string that starts with `[`, ends with `]` and does not start with `[[`
(Microsoft Learn, "Syntax and expressions in ARM templates").
"""

from __future__ import annotations

import json
from typing import TypeAlias

from msgspec import Struct

from blueprinter.arm.limits import MAX_REDUCED, size_of
from blueprinter.arm.model import LimitPassed, Unknown, UnknownKey, Value


class Literal(Struct, frozen=True):
    """A string or an integer."""

    value: str | int
    offset: int = 0
    quote: str = "'"
    """The quote a string stands in; `"` is legal in blueprints only."""


class Call(Struct, frozen=True):
    """A function with its arguments; a function of the template itself is named `namespace.function`."""

    name: str
    arguments: tuple[Node, ...]
    offset: int = 0


class Property(Struct, frozen=True):
    """`base.name` (dotted, the name a `Literal`) or `base[name]`."""

    base: Node
    name: Node
    offset: int = 0
    dotted: bool = True


Node: TypeAlias = "Literal | Call | Property"


def is_expression(text: str) -> bool:
    """Whether a string of a template, policy or blueprint is an expression."""
    return text[:1] == "[" and text[-1:] == "]" and text[:2] != "[["


def unescape(text: str) -> str:
    """A string that is no expression, as it is meant: `[[x]` is the text `[x]`, all else stands for itself."""
    return text[1:] if text[:2] == "[[" and text[-1:] == "]" else text


def node_text(node: Node) -> str:
    """The expression as text, without the outer brackets; parsing it gives the same nodes."""
    if isinstance(node, Literal):
        return quoted(node.value, node.quote) if isinstance(node.value, str) else str(node.value)
    if isinstance(node, Call):
        return f"{node.name}({', '.join(node_text(argument) for argument in node.arguments)})"
    if node.dotted and isinstance(node.name, Literal):
        return f"{node_text(node.base)}.{node.name.value}"
    return f"{node_text(node.base)}[{node_text(node.name)}]"


def value_text(value: Value) -> str:
    """An expression that gives the value, without the outer brackets: what stands in a reduced expression."""
    if isinstance(value, Unknown):
        return value.expression
    if isinstance(value, bool):
        return "true()" if value else "false()"
    if value is None:
        return "null()"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"json('{json.dumps(value)}')"
    if isinstance(value, list):
        return f"createArray({', '.join(map(value_text, value))})"
    members = [text for key, member in value.items() for text in (_key_text(key), value_text(member))]
    return f"createObject({', '.join(members)})"


def _key_text(key: str) -> str:
    return key[1:-1] if isinstance(key, UnknownKey) else quoted(key)


def quoted(text: str, quote: str = "'") -> str:
    """A string literal."""
    return quote + text.replace(quote, quote * 2) + quote


def reduced_call(name: str, arguments: tuple[Value, ...] | list[Value]) -> Unknown:
    """The unknown result of a call whose arguments are reduced. Raises `LimitPassed` for ones that are too large."""
    for argument in arguments:
        if isinstance(argument, (list, dict)):
            size_of(argument)
    text = f"{name}({', '.join(map(value_text, arguments))})"
    if len(text) > MAX_REDUCED:
        raise LimitPassed(
            f"the expression of a value that only Azure knows is longer than {MAX_REDUCED:,} characters"
        )
    return Unknown(text)
