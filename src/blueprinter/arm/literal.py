"""Data on its way into a template."""

from __future__ import annotations

from blueprinter.arm.copying import is_property_copy
from blueprinter.arm.syntax import quoted
from blueprinter.document import Json


def literal(value: Json) -> Json:
    """A value as it must stand in a template to mean itself.

    Every string, and every key, that would be read as an expression or as an escape gets one more `[`, which
    `unescape` undoes. A key `copy` whose value would be read as loops is written as an expression that gives it.

    Source: Microsoft Learn, "Syntax and expressions in ARM templates", section "Escape characters", and "Property
    iteration in ARM templates".
    """
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [literal(member) for member in value]
    if isinstance(value, dict):
        return {literal_key(key, member): literal(member) for key, member in value.items()}
    return value


def literal_key(key: str, member: Json) -> str:
    """The key of a member as it must stand in a template."""
    return f"[string({quoted(key)})]" if is_property_copy(key, member) else _text(key)


def _text(text: str) -> str:
    return f"[{text}" if text[:1] == "[" and text[-1:] == "]" else text
