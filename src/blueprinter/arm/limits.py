"""How large a value may grow: a template as a whole is at most 4 MB, so no part of it can be larger.

Source: Microsoft Learn, "ARM template best practices". Without the limits a few nested calls could fill the memory.
"""

from __future__ import annotations

from blueprinter.arm.model import ExpressionError, Value

MAX_TEXT = 4 * 1024 * 1024
"""Characters of a text."""
MAX_ELEMENTS = 1_000_000
"""Elements of an array."""


def bounded(text: str) -> str:
    """The text. Raises `ExpressionError` when it is too long."""
    if len(text) > MAX_TEXT:
        raise ExpressionError(f"the text is longer than {MAX_TEXT:,} characters")
    return text


def bounded_array(elements: list[Value]) -> list[Value]:
    """The array. Raises `ExpressionError` when it has too many elements."""
    if len(elements) > MAX_ELEMENTS:
        raise ExpressionError(f"the array has more than {MAX_ELEMENTS:,} elements")
    return elements
