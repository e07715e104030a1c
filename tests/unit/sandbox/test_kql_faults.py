"""Queries that are none: code, line, column from 0 and token, as the service answers."""

from __future__ import annotations

from random import Random

import pytest

from blueprinter.sandbox.kql import QueryFault
from blueprinter.sandbox.kql.aggregates import AGGREGATES
from blueprinter.sandbox.kql.functions import FUNCTIONS
from unit.sandbox.kql_estate import ask

# the first two are recorded in public reports of the service's answers
POSITIONS: list[tuple[str, int, int, str]] = [
    ("where where", 1, 11, "<EOF>"),
    ("Things syntax error", 1, 7, "syntax"),
    ("Things |", 1, 8, "<EOF>"),
    ("Things | wher name == 'x'", 1, 9, "wher"),
    ("Things\n| where name = 'x'", 2, 13, "="),
    ("Things\n| where (name == 'x'\n| limit 1", 3, 0, "|"),
    ("Things | project", 1, 16, "<EOF>"),
    ("Things | project name,", 1, 22, "<EOF>"),
    ("Things | where name == 'open", 1, 23, "'"),
    ("Things | where name == 'x' and", 1, 30, "<EOF>"),
    ("Things | where name in ()", 1, 24, ")"),
    ("Things | summarize count() by", 1, 29, "<EOF>"),
    ("Things | order name", 1, 15, "name"),
    ("Things | top 5", 1, 14, "<EOF>"),
    ("Things | join Owners", 1, 20, "<EOF>"),
    ("Things | join hint.strategy=broadcast Owners on name", 1, 18, "."),
    ("Things | where name == #", 1, 23, "#"),
    ("Things | where made > datetime(someday)", 1, 22, "someday"),
    ("Things | mv-expand tags to typeof(money)", 1, 34, "money"),
    ("", 1, 0, "<EOF>"),
]


@pytest.mark.parametrize(("query", "line", "column", "token"), POSITIONS, ids=[case[0] for case in POSITIONS])
def test_parser_failure(query: str, line: int, column: int, token: str) -> None:
    with pytest.raises(QueryFault) as caught:
        ask(query)
    detail = caught.value.detail()
    assert detail["code"] == detail["message"] == "ParserFailure"
    assert (detail["line"], detail["characterPositionInLine"], detail["token"]) == (line, column, token)


@pytest.mark.parametrize(
    "operator", ["parse-where", "evaluate", "render", "make-series", "let", "lookup", "mv-apply"]
)
def test_operator_that_resource_graph_does_not_take(operator: str) -> None:
    with pytest.raises(QueryFault) as caught:
        ask(f"Things | {operator} x")
    assert caught.value.detail() == {
        "code": "InvalidQueryLanguage",
        "message": "InvalidQueryLanguage",
        "line": -1,
        "characterPositionInLine": -1,
        "token": operator,
    }


def test_join_flavor() -> None:
    with pytest.raises(QueryFault) as caught:
        ask("Things | join kind=LeftSemi (Owners) on name")
    assert caught.value.detail() == {
        "code": "UnsupportedJoinFlavor",
        "message": 'The join kind "LeftSemi" is not supported or not allowed.',
    }


SEMANTIC: list[tuple[str, str]] = [
    ("Nowhere | limit 1", "Nowhere"),
    ("Things | where nothing == 1", "nothing"),
    ("Things | project Name", "Name"),
    ("Things | project name | where size == 1", "size"),
    ("Things | project-away nothing", "nothing"),
    ("Things | project-rename a = nothing", "nothing"),
    ("Things | summarize count() by tags.env", "tags_env"),
    ("Things | distinct tags", "tags"),
    ("Things | order by properties.flag", ""),
    ("Things | join Owners on owner", "owner"),
    ("Things | extend owner = tags.owner | join Owners on owner", "owner"),
    ("Things | limit name", ""),
    ("Things | limit -1", ""),
    ("Things | mv-expand name", ""),
    ("Things | mv-expand tags limit 3000", ""),
    ("Things | union (Owners | project name = 1)", ""),
    ("Things | project-rename size = name", ""),
]


@pytest.mark.parametrize(("query", "token"), SEMANTIC, ids=[case[0] for case in SEMANTIC])
def test_query_without_sense(query: str, token: str) -> None:
    """Refused before the first row: the tables are empty or not."""
    with pytest.raises(QueryFault) as caught:
        ask(query)
    assert caught.value.code == "SemanticError"
    assert caught.value.token == token
    assert caught.value.place is not None


def test_aggregate_without_aggregation() -> None:
    with pytest.raises(QueryFault, match="InvalidAggregation"):
        ask("Things | summarize name")
    with pytest.raises(QueryFault, match="UnknownFunction"):
        ask("Things | where count() > 1")


def test_long_lists_of_conditions() -> None:
    either = " or ".join(f"name == 'x{number}'" for number in range(3000))
    assert ask(f"Things | where {either} or name == 'alpha' | count") == [{"Count": 1}]
    names = ", ".join(f"'x{number}'" for number in range(3000))
    assert ask(f"Things | where name in~ ({names}, 'ALPHA') | count") == [{"Count": 1}]


@pytest.mark.parametrize(
    "query",
    [
        f"Things | where {'(' * 400}true{')' * 400}",
        f"Things | where {'not(' * 400}true{')' * 400}",
        f"Things | extend x = {'-' * 4000}1",
        f"Things | extend x = {' + '.join('1' * 4000)}",
        f"Things | project properties{'.a' * 4000}",
        f"{'Things | join (' * 400}",
        f"Things | where name {'== 1 ' * 4000}",
    ],
    ids=["parentheses", "calls", "minus", "sums", "members", "joins", "comparisons"],
)
def test_depth_has_an_end(query: str) -> None:
    with pytest.raises(QueryFault) as caught:
        ask(query)
    assert caught.value.code == "ParserFailure"


WORDS = """
    Things Owners | | | | where project extend summarize by order sort asc desc nulls first last top limit take
    distinct count mv-expand to typeof ( ) ( ) [ ] { } , , . . .. = == != =~ < >= + - * / % and or not in in~ !in
    between has contains startswith matches regex join kind on union withsource $left $right name size weight made
    tags properties location 'a' 'prod' @'x' "y" 1 2 1.5 1d 5m true false null dynamic datetime timespan int
    tostring toint iff case coalesce strcat split bin now ago count() sum max make_set arg_max * ; // # ! ~
"""
VALUES = """
    name|size|weight|made|tags|properties|properties.rules|properties.flag|tags.env|'text'|''|'7'|0|-1|3|2.5|true|false
    1d|-90m|int(null)|datetime(null)|timespan(null)|dynamic(null)|dynamic([1,'a',null])|dynamic({'a':1})|now()|ago(9999d)
    made-ago(1d)|'day'|'('|99999999999999999999|1e308|datetime(9999-12-31)
"""
OPERATORS = (
    *("==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "=~", "has", "contains", "!startswith_cs"),
    *("in~", "has_any", "between", "and", "or"),
)


def _answers(query: str) -> bool:
    """Whether it is a query. Anything but a fault is an error of the test."""
    try:
        ask(query)
    except QueryFault:
        return False
    return True


def test_nothing_but_faults_for_nonsense() -> None:
    """Whatever the words: rows or a fault, nothing else."""
    random, words = Random(7), WORDS.split()
    queries = ("Things | " + " ".join(random.choices(words, k=random.randint(1, 14))) for _ in range(3000))
    assert sum(_answers(query) for query in queries) > 0


def test_functions_of_anything() -> None:
    """Every function and operator with arguments of every kind: an answer for every row, or a fault before any."""
    random, values = Random(8), [value for line in VALUES.split() for value in line.split("|")]

    def pick(least: int, most: int) -> str:
        return ", ".join(random.choices(values, k=random.randint(least, most)))

    queries = [f"Things | project x = {name}({pick(0, 4)})" for name in FUNCTIONS for _ in range(40)]
    queries += [
        f"Things | summarize x = {name}({pick(0, 2)}) by size" for name in AGGREGATES for _ in range(40)
    ]
    for sign in OPERATORS:
        for _ in range(60):
            right = {"between": f"({pick(1, 1)} .. {pick(1, 1)})", "in~": f"({pick(1, 3)})"}.get(
                sign, pick(1, 1)
            )
            right = f"({right})" if sign == "has_any" else right
            queries.append(f"Things | project x = {pick(1, 1)} {sign} {right} | order by tostring(x)")
    queries += [f"Things | mv-expand x = {value} | summarize max({value}) by {value}" for value in values]
    queries += [f"Things | order by {value}, name | top 2 by {value} | distinct {value}" for value in values]
    answered = sum(_answers(query) for query in queries)
    assert answered > len(queries) / 5
