"""Crosswalks: CSV files that map a standard to another one, or link its controls to policies.

`control,mapped_control,relation[,title]` or `control,policy,strength[,why]`, the columns in any order, in UTF-8.
Reading is strict: an unknown column, an empty cell or a line that stands twice is a fault with its place.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from blueprinter.blueprint import Strength
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error
from blueprinter.document import decode
from blueprinter.text import did_you_mean

RELATIONS = ("equal", "merge", "split")
_MAPPING = ("control", "mapped_control", "relation")
_LINKS = ("control", "policy", "strength")
_OPTIONAL = {_MAPPING: "title", _LINKS: "why"}


class MappingLine(Struct, frozen=True):
    """A control of the standard and its counterpart in a known one."""

    control: str
    mapped: str
    relation: str
    title: str
    """Short title of the control; empty where the file gives none."""
    position: Position


class LinkLine(Struct, frozen=True):
    """A control and a policy that speaks to it."""

    control: str
    policy: str
    """A name under policies/, the GUID of a built-in, or a full id."""
    strength: Strength
    why: str
    position: Position


class Crosswalk(Struct, frozen=True):
    """The lines of a file, in its order; one of the two kinds."""

    file: str
    mappings: tuple[MappingLine, ...] = ()
    links: tuple[LinkLine, ...] = ()


class _Lines(Protocol):
    """What `csv.reader` gives."""

    @property
    def line_num(self) -> int: ...
    def __next__(self) -> list[str]: ...


def read_crosswalk(path: Path) -> Crosswalk:
    """Reads a crosswalk. Raises `InvalidInput` with every fault of the file."""
    file = str(path)
    try:
        text = decode(path.read_bytes(), file)
    except OSError as found:
        reason = (found.strerror or "cannot be read").lower()
        raise InvalidInput([error("BP101", f"`{file}`: {reason}", Position(file))]) from found
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    faults: list[Diagnostic] = []
    try:
        header = [name.strip().casefold() for name in next(lines, [])]
        columns = _kind(header, file, faults)
        rows = list(_rows(lines, header, columns, file, faults)) if columns else []
    except csv.Error as found:
        where = Position(file, lines.line_num, 1)
        raise InvalidInput([error("BP295", f"no CSV: {found}", where)]) from found
    if not rows and not faults:
        faults.append(error("BP296", "the crosswalk has no line", Position(file, 1, 1)))
    read: Crosswalk
    if columns == _MAPPING:
        read = Crosswalk(file, mappings=tuple(_mappings(rows, faults)))
    else:
        read = Crosswalk(file, links=tuple(_links(rows, file, faults)))
    if faults:
        raise InvalidInput(faults)
    return read


_Row = tuple[Mapping[str, str], Position]


def _kind(header: Sequence[str], file: str, faults: list[Diagnostic]) -> tuple[str, ...]:
    """The columns that the file must have, by its header; empty and a fault when it is neither kind."""
    where = Position(file, 1, 1)
    for columns in (_MAPPING, _LINKS):
        allowed = {*columns, _OPTIONAL[columns]}
        if set(columns) <= set(header) <= allowed and len(header) == len(set(header)):
            return columns
    known = {*_MAPPING, *_LINKS, *_OPTIONAL.values()}
    odd = next((name for name in header if name not in known), None)
    shapes = " or ".join(f"`{','.join(columns)}[,{_OPTIONAL[columns]}]`" for columns in (_MAPPING, _LINKS))
    hint = (did_you_mean(odd, known) if odd else None) or f"the first line is {shapes}"
    if odd is not None and len(header) == 1 and ";" in odd:
        hint = "separate the columns by commas"
    message = f"unknown column `{odd}`" if odd is not None else "the columns fit neither kind of crosswalk"
    faults.append(error("BP295", message, where, hint))
    return ()


def _rows(
    lines: _Lines,
    header: Sequence[str],
    columns: Sequence[str],
    file: str,
    faults: list[Diagnostic],
) -> Iterator[_Row]:
    """The lines that are whole; blank ones are passed over."""
    seen: dict[tuple[str, str], int] = {}
    while True:
        first = lines.line_num + 1  # a text in quotes may run over several lines
        try:
            cells = next(lines)
        except StopIteration:
            return
        where = Position(file, first, 1)
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            message = f"{len(cells)} cells in a file of {len(header)} columns"
            faults.append(error("BP296", message, where, "a text with a comma stands in double quotes"))
            continue
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        if absent := [name for name in columns if not row[name]]:
            faults.append(error("BP296", f"no `{absent[0]}` in this line", where))
            continue
        key = row[columns[0]].casefold(), row[columns[1]].casefold()
        if key in seen:
            message = f"`{row[columns[0]]}` and `{row[columns[1]]}` stand in line {seen[key]} already"
            faults.append(error("BP296", message, where, "remove one of the two"))
            continue
        seen[key] = first
        yield row, where


def _mappings(rows: Sequence[_Row], faults: list[Diagnostic]) -> Iterator[MappingLine]:
    for row, where in rows:
        relation = row["relation"].casefold()
        if _one_of(relation, RELATIONS, "relation", where, faults):
            yield MappingLine(row["control"], row["mapped_control"], relation, row.get("title", ""), where)


def _links(rows: Sequence[_Row], file: str, faults: list[Diagnostic]) -> Iterator[LinkLine]:
    for row, where in rows:
        strength = row["strength"].casefold()
        if _one_of(strength, tuple(Strength), "strength", where, faults):
            why = row.get("why") or f"as {Path(file).name} says"
            yield LinkLine(row["control"], row["policy"], Strength(strength), why, where)


def _one_of(word: str, allowed: Sequence[str], what: str, where: Position, faults: list[Diagnostic]) -> bool:
    if word in allowed:
        return True
    hint = did_you_mean(word, allowed) or f"one of {', '.join(allowed)}"
    faults.append(error("BP296", f"`{word}` is no {what}", where, hint))
    return False
