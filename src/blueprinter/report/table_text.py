"""A plain table as CSV, Markdown and a page of HTML: whatever stands in its cells is text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from blueprinter.report.words import NOT_A_VERDICT, NOTHING
from blueprinter.text import for_csv, for_markdown


class TextTable(Struct, frozen=True):
    """A title, what the table says in sentences, and its rows."""

    title: str
    lead: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()
    """Rows that need a look, by number."""


def as_csv(tables: Iterable[TextTable]) -> Iterator[str]:
    """Header and rows; several tables are separated by an empty line."""
    for number, table in enumerate(tables):
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        if number:
            writer.writerow(())
        writer.writerow(table.columns)
        for row in table.rows:
            writer.writerow([for_csv(cell) for cell in row])
        yield buffer.getvalue()


def as_markdown(tables: Iterable[TextTable]) -> Iterator[str]:
    """A section a table; the limit of it all at the end."""
    for number, table in enumerate(tables):
        yield f"{'#' if number == 0 else '##'} {for_markdown(table.title)}\n\n"
        for sentence in table.lead:
            yield f"{for_markdown(sentence)}\n\n"
        yield _row(table.columns)
        yield _row("---" for _ in table.columns)
        for row in table.rows:
            yield _row(for_markdown(cell or NOTHING) for cell in row)
        yield "\n"
    yield f"<sub>{for_markdown(NOT_A_VERDICT)}</sub>\n"


def cells(*values: object) -> tuple[str, ...]:
    """A row from values; what is absent is empty."""
    return tuple(_cell(value) for value in values)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(str(one) for one in value)
    return str(value)


def _row(row: Iterable[str]) -> str:
    return f"| {' | '.join(row)} |\n"
