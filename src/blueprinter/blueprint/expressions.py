"""Expressions in the files of a blueprint: where they stand and what they call."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from blueprinter.arm import (
    Call,
    ExpressionSyntaxError,
    Language,
    Literal,
    Node,
    Property,
    check_expression,
    is_expression,
    parse_expression,
)
from blueprinter.blueprint.faults import Faults
from blueprinter.diagnostics import Position
from blueprinter.document import Document, Json, child


class Expression(Struct, frozen=True):
    """An expression that parsed, and where it stands."""

    pointer: str
    text: str
    node: Node
    document: Document

    def place(self) -> Position:
        return self.document.locate(self.pointer)

    def named(self, function: str) -> Iterator[str]:
        """The plain names that calls of a function take as their first argument."""
        for call in calls(self.node):
            if call.name.casefold() == function.casefold() and call.arguments:
                first = call.arguments[0]
                if isinstance(first, Literal) and isinstance(first.value, str):
                    yield first.value


def strings(value: Json, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON value with its pointer, in order; keys are not among them."""
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from strings(member, child(pointer, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from strings(member, child(pointer, index))


def calls(node: Node) -> Iterator[Call]:
    """Every call in an expression, outer before inner."""
    if isinstance(node, Call):
        yield node
        for argument in node.arguments:
            yield from calls(argument)
    elif isinstance(node, Property):
        yield from calls(node.base)
        yield from calls(node.name)


def parsed(document: Document, pointer: str, value: Json, faults: Faults) -> Iterator[Expression]:
    """The expressions in a value that stands at a pointer; one that does not parse is among the faults."""
    for place, text in strings(value, pointer):
        if not is_expression(text):
            continue
        try:
            node = parse_expression(text)
            check_expression(node, Language.BLUEPRINT)
        except ExpressionSyntaxError as wrong:
            hint = "a text that starts with `[` and is no expression starts with `[[`"
            faults.error("BP209", wrong.message, document.locate(place), hint)
            continue
        yield Expression(place, text, node, document)
