"""Values as text, in the three ways of the template language: inside other text, as JSON, and read back."""

from __future__ import annotations

import json
import math

from blueprinter.arm.model import ExpressionError, Unknown, Value


def shown(value: Value) -> str:
    """A value inside text, as `format`, `join` and `concat` write it: booleans `True` and `False`, null as nothing,
    objects and arrays as compact JSON in single quotes."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return number_text(value)
    return json_text(value, quote="'")


def json_text(value: Value, quote: str = '"') -> str:
    """Compact JSON, properties in the order they were written."""
    if isinstance(value, Unknown):
        raise ExpressionError("a value known only after deployment cannot be written as JSON")
    if isinstance(value, str):
        return _quoted(value, quote)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, float):
        # JSON keeps the point that says that this is no integer
        text = number_text(value)
        return text if any(char in text for char in ".EN") or math.isinf(value) else f"{text}.0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return f"[{','.join(json_text(member, quote) for member in value)}]"
    members = (f"{_quoted(key, quote)}:{json_text(member, quote)}" for key, member in value.items())
    return f"{{{','.join(members)}}}"


def _quoted(text: str, quote: str) -> str:
    inner = json.dumps(text, ensure_ascii=False)[1:-1]
    if quote == "'":
        inner = inner.replace('\\"', '"').replace("'", "\\'")
    return f"{quote}{inner}{quote}"


def number_text(value: int | float) -> str:
    """A number in the shortest form that reads back as the same, as .NET writes it (`1E+20`, `3`, `0.5`)."""
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    text = repr(value)
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        power = int(exponent)
        return f"{mantissa.removesuffix('.0')}E{'+' if power > 0 else '-'}{abs(power):02d}"
    text = text.removesuffix(".0")
    digits = text.lstrip("-")
    if "." not in digits and len(digits) > 15:
        head = digits.rstrip("0")
        mantissa = head[0] + (f".{head[1:]}" if len(head) > 1 else "")
        return f"{'-' if value < 0 else ''}{mantissa}E+{len(digits) - 1:02d}"
    return text
