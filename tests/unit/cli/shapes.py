"""Shapes of JSON as the documents write them: `{"schema": "…", "runs": [{run, now, error?, gate: null | {holds}}]}`.

A key may stand in quotes; `?` behind it: it may be missing. `null |`: null may stand there instead. What follows a
colon and is neither an object nor an array is any value. An object of one key with a value, such as `{state: count}`,
is a map; `…` lets an object have more keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r'\s*("[^"]*"|[{}\[\],:?|…]|[^\s{}\[\],:?|"…]+)')


@dataclass
class Shape:
    """What a value must look like."""

    kind: str = "any"
    """any | object | map | array"""
    members: dict[str, Shape] = field(default_factory=dict)
    optional: set[str] = field(default_factory=set)
    open: bool = False
    nullable: bool = False
    text: str = ""

    def faults(self, value: Any, path: str = "$") -> Iterator[str]:
        """Where a value is not of this shape."""
        if value is None and (self.nullable or self.kind == "any"):
            return
        if self.kind == "array":
            if not isinstance(value, list):
                yield f"{path} is no array"
                return
            for index, one in enumerate(value):
                yield from self.members["*"].faults(one, f"{path}[{index}]")
        elif self.kind in ("object", "map"):
            if not isinstance(value, dict):
                yield f"{path} is no object"
                return
            if self.kind == "map":
                for key, one in value.items():
                    yield from next(iter(self.members.values())).faults(one, f"{path}.{key}")
                return
            for key in sorted(set(self.members) - self.optional - set(value)):
                yield f"{path}.{key} is missing"
            for key in sorted(set(value) - set(self.members)):
                if not self.open:
                    yield f"{path}.{key} is not documented"
            for key in set(value) & set(self.members):
                yield from self.members[key].faults(value[key], f"{path}.{key}")
        elif self.text and value != self.text:
            yield f"{path} is {value!r} and not {self.text!r}"


def shape_of(text: str) -> Shape:
    """The shape that a text draws."""
    return _read([match[1] for match in _TOKEN.finditer(text)])


def _read(tokens: list[str]) -> Shape:
    nullable = tokens[:2] == ["null", "|"]
    if nullable:
        del tokens[:2]
    head = tokens.pop(0)
    if head == "{":
        return _object(tokens, nullable)
    if head == "[":
        shape = Shape("array", {"*": _read(tokens)}, nullable=nullable)
        assert tokens.pop(0) == "]"
        return shape
    while tokens and tokens[0] not in (",", "}", "]"):
        tokens.pop(0)
        head = ""
    return Shape(nullable=nullable, text=head.strip('"') if head.startswith('"') else "")


def _object(tokens: list[str], nullable: bool) -> Shape:
    shape, valued = Shape("object", nullable=nullable), 0
    while tokens[0] != "}":
        key = tokens.pop(0).strip('"')
        if key in (",", "…"):
            shape.open = shape.open or key == "…"
            continue
        if tokens[0] == "?":
            tokens.pop(0)
            shape.optional.add(key)
        shape.members[key] = Shape()
        if tokens[0] == ":":
            tokens.pop(0)
            shape.members[key] = _read(tokens)
            valued += 1
    tokens.pop(0)
    if len(shape.members) == 1 and valued and "schema" not in shape.members:
        shape.kind = "map"
    return shape
