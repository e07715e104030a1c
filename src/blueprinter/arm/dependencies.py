"""The order in which parameters or variables are evaluated: what one refers to comes before it.

Values are computed when they are asked for, in any order; with this one a long chain of them needs no deep stack.
References are looked for in the text: one too many only changes the order, one too few costs some stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from blueprinter.casing import fold
from blueprinter.document import Json

_REFERENCE = re.compile(r"\b(parameters|variables)\s*\(\s*'((?:[^']|'')*)'\s*\)", re.IGNORECASE)


def referred(value: Json, function: str) -> Iterator[str]:
    """The folded names that the expressions in a value give to `parameters` or `variables`, in their order."""
    waiting: list[Json] = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            for called, name in _REFERENCE.findall(part) if part[:1] == "[" else ():
                if fold(called) == function:
                    yield fold(name.replace("''", "'"))
        elif isinstance(part, dict):
            waiting += part.values()
            waiting += part
        elif isinstance(part, list):
            waiting += part


def evaluation_order(values: Mapping[str, Json], function: str, wanted: Iterable[str]) -> list[str]:
    """The wanted names and all that they need, each after what it needs; `values` by folded name.

    Where names need each other in a circle, the first of them comes first: whoever evaluates it finds the circle.
    """
    done: dict[str, None] = {}
    seen: set[str] = set()
    for first in wanted:
        way: list[tuple[str, Iterator[str]]] = []
        name: str | None = first
        while name is not None:
            if name in seen:
                done.setdefault(name)  # unless it is done, this is a circle
            elif name in values:
                seen.add(name)
                way.append((name, referred(values[name], function)))
            name = None
            while way and name is None:
                name = next(way[-1][1], None)
                if name is None:
                    done.setdefault(way.pop()[0])
    return list(done)
