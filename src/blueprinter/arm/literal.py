"""Data on its way into a template."""

from __future__ import annotations

from blueprinter.document import Json


def literal(value: Json) -> Json:
    """A value as it must stand in a template to mean itself: every string, and every key, that would be read as
    an expression or as an escape gets one more `[`. `unescape` undoes it.

    Source: Microsoft Learn, "Syntax and expressions in ARM templates", section "Escape characters".
    """
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [literal(member) for member in value]
    if isinstance(value, dict):
        return {_text(key): literal(member) for key, member in value.items()}
    return value


def _text(text: str) -> str:
    return f"[{text}" if text[:1] == "[" and text[-1:] == "]" else text
