"""`base.name` and `base[name]`: property and element access."""

from __future__ import annotations

from blueprinter.arm.model import ExpressionError, Unknown, Value
from blueprinter.arm.rows import kind_of
from blueprinter.arm.secure_values import opened, secured
from blueprinter.arm.syntax import value_text
from blueprinter.casing import key_of
from blueprinter.text import did_you_mean


def select(base: Value, name: Value, *, lenient: bool = False, dotted: bool = False) -> Value:
    """The property (name a string, exact case first) or element (name an integer) of a value.

    What is missing raises `ExpressionError`; `lenient`, the rule of Azure Policy, gives null for a missing
    property instead, also of null and of the empty text that `field()` gives for what is absent.
    """
    if isinstance(name, Unknown) and name.hidden:
        name = opened(name)
    if isinstance(base, dict):
        if isinstance(name, str):
            if name in base:
                return base[name]
            key = key_of(base, name)
            if key is not None:
                return base[key]
            if lenient:
                return None
            near = did_you_mean(name, base)
            raise ExpressionError(f"the object has no property `{name}`" + (f", {near}" if near else ""))
        if not isinstance(name, Unknown):
            raise ExpressionError(f"a property is named by a string, not by {kind_of(name)}")
    elif isinstance(base, list):
        if type(name) is int:
            if 0 <= name < len(base):
                return base[name]
            raise ExpressionError(f"the index `{name}` is outside of the array of length {len(base)}")
        if not isinstance(name, Unknown):
            raise ExpressionError(f"an element is chosen by an integer, not by {kind_of(name)}")
    elif isinstance(base, Unknown):
        if base.hidden and not isinstance(name, Unknown):
            expression = f"{base.expression}.{name}" if dotted else f"{base.expression}[{value_text(name)}]"
            return secured(select(opened(base), name, lenient=lenient), expression)
        if base.known is not None and isinstance(name, str):
            key = key_of(base.known, name)
            if key is not None:
                return base.known[key]
    else:
        if lenient and (base is None or base == ""):
            return None
        raise ExpressionError(f"{kind_of(base)} has no property or element `{_shown(name)}`")
    if dotted:
        return Unknown(f"{value_text(base)}.{name}")
    return Unknown(f"{value_text(base)}[{value_text(name)}]")


def _shown(name: Value) -> str:
    return name if isinstance(name, str) else value_text(name)
