"""Literals with a type: `datetime(2026-11-20)`, `timespan(1d)`, `dynamic({…})`, `int(null)`."""

from __future__ import annotations

import orjson

from blueprinter.sandbox.kql.faults import Place, parser_failure
from blueprinter.sandbox.kql.syntax import Literal
from blueprinter.sandbox.kql.types import CONVERSIONS, NULLS, TYPE_NAMES, Type


def typed_literal(name: str, text: str, place: Place) -> Literal:
    """`text`: what stood between the parentheses. Raises `QueryFault` where it is no value of the type."""
    type = TYPE_NAMES[name]
    inner = text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
    if type is Type.DYNAMIC:
        return Literal(_json(text, place), type, place)
    if text == "null":
        return Literal(NULLS[type], type, place)
    value = CONVERSIONS[type](inner)
    if value is None:
        raise parser_failure(place, text)
    return Literal(value, type, place)


def _json(text: str, place: Place) -> object:
    """JSON; texts may stand in single quotes, as Kusto takes them."""
    for attempt in (text, text.replace("'", '"')):
        try:
            return orjson.loads(attempt)
        except orjson.JSONDecodeError:
            continue
    raise parser_failure(place, text)
