"""Secure values on their way through expressions: conditions look at them, nothing prints them.

A secure value is an `Unknown` that holds its value: whoever does not ask for it sees a value that is not known, and
prints its expression. What is made of it is secure again, but for what gives nothing away: whether and how long
it is. Source: Microsoft Learn, "Best practices for ARM templates", section on secure parameters.
"""

from __future__ import annotations

from blueprinter.arm.model import Unknown, Value

_MEASURES = frozenset({"indexof", "lastindexof", "length"})
"""Functions whose integers say nothing of the text itself."""


def secured(value: Value, expression: str) -> Value:
    """A value that is printed as its expression; null and what is empty hold no secret."""
    if value is None or isinstance(value, Unknown) or value in ("", [], {}):
        return value
    return Unknown(expression, hidden=(value,))


def opened(value: Value) -> Value:
    """The value behind a secure one; any other as it is."""
    return value.hidden[0] if isinstance(value, Unknown) and value.hidden else value


def opened_throughout(value: Value) -> Value:
    """A value with all secure ones in it opened; a container without any is not copied."""
    value = opened(value)
    if isinstance(value, list):
        elements = [opened_throughout(element) for element in value]
        return elements if any(new is not old for new, old in zip(elements, value, strict=True)) else value
    if isinstance(value, dict):
        members = {key: opened_throughout(member) for key, member in value.items()}
        return members if any(members[key] is not value[key] for key in value) else value
    return value


def secured_result(function: str, result: Value, expression: str) -> Value:
    """What a function made of secure values: truth values, null and lengths are no secrets."""
    if isinstance(result, bool) or (isinstance(result, int) and function.casefold() in _MEASURES):
        return result
    return secured(result, expression)
