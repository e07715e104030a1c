"""The parser of queries: a table, and operators behind pipes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from blueprinter.sandbox.kql.cursor import Cursor
from blueprinter.sandbox.kql.faults import QueryFault, parser_failure, unsupported
from blueprinter.sandbox.kql.scalar_parser import parse_column, parse_columns, parse_scalar
from blueprinter.sandbox.kql.syntax import (
    Count,
    Distinct,
    Expansion,
    Extend,
    Join,
    Limit,
    MvExpand,
    Name,
    Operator,
    Parse,
    ParsedColumn,
    Project,
    ProjectAway,
    ProjectRename,
    Query,
    Sort,
    SortKey,
    Summarize,
    Top,
    Union,
    Where,
)
from blueprinter.sandbox.kql.tokens import UNSUPPORTED_HYPHENATED, Kind
from blueprinter.sandbox.kql.types import TYPE_NAMES, Type

JOIN_KINDS = ("innerunique", "inner", "leftouter", "fullouter")
"""The flavors that Resource Graph takes, of those that Kusto has."""

# operators of Kusto that are no part of the language of Resource Graph as it is documented
_UNSUPPORTED = frozenset(
    (
        *UNSUPPORTED_HYPHENATED,
        "as",
        "consume",
        "evaluate",
        "facet",
        "find",
        "fork",
        "getschema",
        "invoke",
        "let",
        "lookup",
        "partition",
        "print",
        "range",
        "reduce",
        "render",
        "sample",
        "scan",
        "search",
        "serialize",
        "externaldata",
        "datatable",
        "set",
    )
)


def parse(text: str) -> Query:
    """A query. Raises `QueryFault` with the position where it stops being one."""
    cursor = Cursor(text)
    found = _query(cursor)
    cursor.accept_sign(";")
    if cursor.token.kind is not Kind.END:
        raise cursor.fault()
    return found


def _query(cursor: Cursor) -> Query:
    place = cursor.place
    operators: list[Operator] = []
    table = ""
    if cursor.at_word(*_OPERATORS, *_UNSUPPORTED):
        operators.append(_operator(cursor))
    else:
        table = cursor.expect_name()
    while cursor.accept_sign("|"):
        operators.append(_operator(cursor))
    return Query(table, tuple(operators), place)


def _operator(cursor: Cursor) -> Operator:
    token = cursor.token
    if token.kind is not Kind.NAME:
        raise cursor.fault()
    if token.text in _UNSUPPORTED:
        raise unsupported(token.text)
    read = _OPERATORS.get(token.text)
    if read is None:
        raise cursor.fault()
    cursor.advance()
    return read(cursor)


def _where(cursor: Cursor) -> Operator:
    return Where(parse_scalar(cursor))


def _project(cursor: Cursor) -> Operator:
    return Project(parse_columns(cursor))


def _extend(cursor: Cursor) -> Operator:
    return Extend(parse_columns(cursor))


def _project_away(cursor: Cursor) -> Operator:
    return ProjectAway(_patterns(cursor))


def _project_keep(cursor: Cursor) -> Operator:
    return ProjectAway(_patterns(cursor), keep=True)


def _patterns(cursor: Cursor) -> tuple[Name, ...]:
    """Names with `*`, which touch: `properties*`, `*Id`."""
    found: list[Name] = []
    while True:
        place = cursor.place
        start = end = cursor.token.start
        while cursor.token.start == end and (cursor.token.kind is Kind.NAME or cursor.at_sign("*")):
            end = cursor.advance().end
        if start == end:
            if not cursor.at_sign("["):
                raise cursor.fault()
            found.append(Name(cursor.expect_name(), place))
        else:
            found.append(Name(cursor.text[start:end], place))
        if not cursor.accept_sign(","):
            return tuple(found)


def _project_rename(cursor: Cursor) -> Operator:
    pairs: list[tuple[str, Name]] = []
    while True:
        new = cursor.expect_name()
        cursor.expect_sign("=")
        place = cursor.place
        pairs.append((new, Name(cursor.expect_name(), place)))
        if not cursor.accept_sign(","):
            return ProjectRename(tuple(pairs))


def _summarize(cursor: Cursor) -> Operator:
    aggregates = () if cursor.at_word("by") else parse_columns(cursor)
    keys = parse_columns(cursor) if cursor.accept_word("by") else ()
    return Summarize(aggregates, keys)


def _distinct(cursor: Cursor) -> Operator:
    place = cursor.place
    if cursor.accept_sign("*"):
        return Distinct((), place)
    return Distinct(parse_columns(cursor), place)


def _count(cursor: Cursor) -> Operator:
    return Count(cursor.place)


def _sort(cursor: Cursor) -> Operator:
    cursor.expect_word("by")
    keys = [_sort_key(cursor)]
    while cursor.accept_sign(","):
        keys.append(_sort_key(cursor))
    return Sort(tuple(keys))


def _sort_key(cursor: Cursor) -> SortKey:
    """Descending unless said otherwise; nulls last when descending, first when ascending."""
    expression = parse_scalar(cursor)
    ascending = cursor.at_word("asc")
    if cursor.at_word("asc", "desc"):
        cursor.advance()
    nulls_first = ascending
    if cursor.accept_word("nulls"):
        nulls_first = cursor.expect_word("first", "last") == "first"
    return SortKey(expression, ascending, nulls_first)


def _top(cursor: Cursor) -> Operator:
    number = parse_scalar(cursor)
    cursor.expect_word("by")
    return Top(number, _sort_key(cursor))


def _limit(cursor: Cursor) -> Operator:
    return Limit(parse_scalar(cursor))


def _mv_expand(cursor: Cursor) -> Operator:
    place = cursor.place
    bags_as_arrays = False
    index_column = ""
    while cursor.at_word("kind", "bagexpansion", "with_itemindex") and cursor.names_a_column():
        option = cursor.advance().text
        cursor.expect_sign("=")
        if option == "with_itemindex":
            index_column = cursor.expect_name()
        else:
            bags_as_arrays = cursor.expect_word("bag", "array") == "array"
    expansions = [_expansion(cursor)]
    while cursor.accept_sign(","):
        expansions.append(_expansion(cursor))
    limit = parse_scalar(cursor) if cursor.accept_word("limit") else None
    return MvExpand(tuple(expansions), limit, bags_as_arrays, index_column, place)


def _expansion(cursor: Cursor) -> Expansion:
    column = parse_column(cursor)
    if not cursor.accept_word("to"):
        return Expansion(column, None)
    cursor.expect_word("typeof")
    cursor.expect_sign("(")
    to: Type = TYPE_NAMES[cursor.expect_word(*TYPE_NAMES)]
    cursor.expect_sign(")")
    return Expansion(column, to)


def _parse(cursor: Cursor) -> Operator:
    """`parse [kind=simple|regex|relaxed] expression with [*] 'text' column [: type] …`"""
    place = cursor.place
    kind = "simple"
    if cursor.at_word("kind") and cursor.names_a_column():
        cursor.advance()
        cursor.expect_sign("=")
        kind = cursor.expect_word("simple", "regex", "relaxed")
    expression = parse_scalar(cursor)
    cursor.expect_word("with")
    parts: list[str | ParsedColumn | None] = []
    while not cursor.at_sign("|", ")", ";") and cursor.token.kind is not Kind.END:
        if cursor.accept_sign("*"):
            parts.append(None)
        elif cursor.token.kind is Kind.TEXT:
            parts.append(cursor.advance().text)
        else:
            name = cursor.expect_name()
            type = TYPE_NAMES[cursor.expect_word(*TYPE_NAMES)] if cursor.accept_sign(":") else Type.TEXT
            parts.append(ParsedColumn(name, type))
    if not any(isinstance(part, ParsedColumn) for part in parts):
        raise cursor.fault()
    return Parse(kind, expression, tuple(parts), place)


def _join(cursor: Cursor) -> Operator:
    place = cursor.place
    kind = JOIN_KINDS[0]
    while cursor.at_word("kind", "hint"):
        if cursor.advance().text == "hint":
            raise parser_failure(cursor.place, cursor.token.text)
        cursor.expect_sign("=")
        kind = cursor.expect_name()
        if kind not in JOIN_KINDS:
            raise QueryFault(
                "UnsupportedJoinFlavor", f'The join kind "{kind}" is not supported or not allowed.'
            )
    right = _source(cursor)
    cursor.expect_word("on")
    pairs = [_join_pair(cursor)]
    while cursor.accept_sign(","):
        pairs.append(_join_pair(cursor))
    return Join(kind, right, tuple(pairs), place)


def _join_pair(cursor: Cursor) -> tuple[Name, Name]:
    """`key`, or `$left.a == $right.b` in either order."""
    if not cursor.at_word("$left", "$right"):
        place = cursor.place
        name = Name(cursor.expect_name(), place)
        return name, name
    first_side, first = _join_side(cursor)
    cursor.expect_sign("==")
    if not cursor.at_word("$right" if first_side == "$left" else "$left"):
        raise cursor.fault()
    _, second = _join_side(cursor)
    return (first, second) if first_side == "$left" else (second, first)


def _join_side(cursor: Cursor) -> tuple[str, Name]:
    side = cursor.advance().text
    if not cursor.at_sign("["):
        cursor.expect_sign(".")
    place = cursor.place
    return side, Name(cursor.expect_name(), place)


def _union(cursor: Cursor) -> Operator:
    place = cursor.place
    inner = False
    source_column = ""
    while cursor.at_word("kind", "withsource") and cursor.names_a_column():
        option = cursor.advance().text
        cursor.expect_sign("=")
        if option == "kind":
            inner = cursor.expect_word("inner", "outer") == "inner"
        else:
            source_column = cursor.expect_name()
    legs = [_source(cursor)]
    while cursor.accept_sign(","):
        legs.append(_source(cursor))
    return Union(inner, source_column, tuple(legs), place)


def _source(cursor: Cursor) -> Query:
    """A table, or a query in parentheses."""
    if cursor.accept_sign("("):
        with cursor.nested():
            found = _query(cursor)
        cursor.expect_sign(")")
        return found
    place = cursor.place
    return Query(cursor.expect_name(), (), place)


_OPERATORS: Mapping[str, Callable[[Cursor], Operator]] = {
    "where": _where,
    "project": _project,
    "project-away": _project_away,
    "project-keep": _project_keep,
    "project-rename": _project_rename,
    "extend": _extend,
    "summarize": _summarize,
    "distinct": _distinct,
    "count": _count,
    "sort": _sort,
    "order": _sort,
    "top": _top,
    "limit": _limit,
    "take": _limit,
    "mv-expand": _mv_expand,
    "mvexpand": _mv_expand,
    "parse": _parse,
    "join": _join,
    "union": _union,
}
