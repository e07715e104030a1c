"""`parse`: columns out of a text, by what stands between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from blueprinter.sandbox.kql.compiler import Columns, Row, Surroundings, compile_text
from blueprinter.sandbox.kql.faults import semantic
from blueprinter.sandbox.kql.matching import pattern_of, search
from blueprinter.sandbox.kql.syntax import Parse, ParsedColumn
from blueprinter.sandbox.kql.types import CONVERSIONS, NULLS, Type, Value


def parse_columns(
    node: Parse, around: Surroundings
) -> tuple[Columns, Callable[[Iterable[Row]], Iterator[Row]]]:
    """The columns that come out, and how. A text that does not fit gives nulls; with `kind=relaxed` a value that is
    none of its type is null by itself. With `kind=regex` the texts are regular expressions and may stand anywhere."""
    wanted = [part for part in node.parts if isinstance(part, ParsedColumn)]
    if len({column.name for column in wanted}) < len(wanted):
        raise semantic("parse: a column is named twice.", node.place)
    subject, pattern = compile_text(node.expression, around), _pattern(node)
    nothing: Row = {column.name: NULLS[column.type] for column in wanted}

    def run(rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            match = search(pattern, subject(row))
            yield {**row, **(_values(node, wanted, match) or nothing if match else nothing)}

    return {**around.columns, **{column.name: column.type for column in wanted}}, run


def _values(node: Parse, wanted: list[ParsedColumn], match: re.Match[str]) -> Row | None:
    """None where a value does not have the type that it must have."""
    found: Row = {}
    for place, column in enumerate(wanted):
        text = match.group(f"c{place}")
        value: Value = CONVERSIONS[column.type](text.strip() if column.type is not Type.TEXT else text)
        if value is None and node.kind != "relaxed":
            return None
        found[column.name] = value
    return found


def _pattern(node: Parse) -> re.Pattern[str]:
    """One regular expression of all parts. What comes last takes the rest."""
    pieces: list[str] = [] if node.kind == "regex" else ["\\A"]
    columns = 0
    for place, part in enumerate(node.parts):
        last = place == len(node.parts) - 1
        any_text = ".*" if last else ".*?"
        if part is None:
            pieces.append(any_text)
        elif isinstance(part, ParsedColumn):
            pieces.append(f"(?P<c{columns}>{any_text})")
            columns += 1
        elif node.kind == "regex":
            pieces.append(f"(?:{pattern_of(part, node.place).pattern})")
        else:
            pieces.append(re.escape(part))
    return re.compile("".join(pieces) + ("" if node.kind == "regex" else "\\Z"), re.DOTALL)
