"""The query language of Policy Insights, apart from any server."""

from __future__ import annotations

from typing import Any

import pytest

from blueprinter.sandbox.acting.odata import (
    Columns,
    ODataFault,
    instant,
    read_filter,
    read_order,
    read_selection,
    sort_rows,
)
from blueprinter.sandbox.acting.transformations import read_apply

COLUMNS = Columns.of(
    ("resourceId", "complianceState", "isCompliant", "timestamp", "groups", "size", "nothing"), ("atScope",)
)
ROW: dict[str, Any] = {
    "resourceId": "/subscriptions/s/resourcegroups/app/providers/microsoft.storage/storageaccounts/o'hara",
    "complianceState": "NonCompliant",
    "isCompliant": False,
    "timestamp": "2026-11-20T06:00:00.0000000Z",
    "groups": ["A.5.1", "A.8.24"],
    "size": 3,
    "nothing": None,
    "atscope()": True,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ComplianceState eq 'NonCompliant'", True),
        ("complianceState EQ 'noncompliant'", True),
        ("ComplianceState ne 'NonCompliant'", False),
        ("IsCompliant eq false", True),
        ("isCompliant eq 0", False),
        ("size gt 2 and size le 3", True),
        ("size lt 3 or size ge 4", False),
        ("Timestamp ge 2026-11-20T05:00:00Z", True),
        ("timestamp lt 2026-11-20T09:00:00+02:00", True),
        ("timestamp lt 2026-11-20T07:00:00+01:00", False),
        ("timestamp gt datetime'2026-11-19'", True),
        ("nothing eq null", True),
        ("resourceId ne null", True),
        ("not (size eq 3)", False),
        ("not size eq 4", True),
        ("size in (1, 2, 3)", True),
        ("complianceState in ('Compliant', 'Exempt')", False),
        ("'A.8.24' IN Groups", True),
        ("'a.8.2' in groups", False),
        ("endswith(resourceId, 'O''Hara')", True),
        ("startswith(tolower(resourceId), '/SUBSCRIPTIONS/s')", True),
        ("contains(resourceId, 'storage') eq true", True),
        ("length(complianceState) eq 12", True),
        ("atScope()", True),
        ("size eq 9 or size eq 3 and isCompliant eq true", False),
        ("(size eq 9 or size eq 3) and isCompliant eq false", True),
    ],
)
def test_a_filter_decides(text: str, expected: bool) -> None:
    assert read_filter(text, COLUMNS)(ROW) is expected


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("size", None, ""),
        ("sise eq 3", 0, "named 'sise'"),
        ("size eq", 7, "a value expected"),
        ("size eq 3 size", 10, "the end expected"),
        ("(size eq 3", 10, "')' expected"),
        ("frobnicate(size)", 0, "unknown function"),
        ("contains(size)", 0, "takes 2 arguments"),
        ("size eq 'x", 8, "does not end"),
        ("size eq 3 and # 4", 14, "'#'"),
        ("timestamp gt 2026-13-01", 13, "no date"),
        ("(" * 60 + "size eq 3" + ")" * 60, 51, "nests too deeply"),
    ],
)
def test_a_fault_says_where(text: str, position: int | None, words: str) -> None:
    if position is None:
        assert read_filter(text, COLUMNS)(ROW) is False
        return
    with pytest.raises(ODataFault, match=r".") as caught:
        read_filter(text, COLUMNS)
    assert caught.value.position == position
    assert words in caught.value.message


ROWS = [
    {"resourceId": "/a", "complianceState": "NonCompliant", "size": 1},
    {"resourceId": "/A", "complianceState": "Compliant", "size": 5},
    {"resourceId": "/b", "complianceState": "NonCompliant", "size": 2},
    {"resourceId": "/b", "complianceState": "NonCompliant", "size": None},
]


def _apply(text: str) -> list[dict[str, Any]]:
    return [dict(row) for row in read_apply(text, COLUMNS).run(ROWS)]


def test_groups_are_counted() -> None:
    assert _apply("groupby((ResourceId), aggregate($count as Number))") == [
        {"resourceId": "/a", "Number": 2},
        {"resourceId": "/b", "Number": 2},
    ]


def test_methods_of_aggregates() -> None:
    text = (
        "aggregate(size with sum as Total, size with max as Most, size with min as Least, size with average as Mean,"
        " resourceId with countdistinct as Resources, $count as All)"
    )
    assert _apply(text) == [{"Total": 8, "Most": 5, "Least": 1, "Mean": 8 / 3, "Resources": 2, "All": 4}]


def test_transformations_follow_each_other() -> None:
    text = (
        "filter(complianceState eq 'NonCompliant')/groupby((complianceState, resourceId))"
        "/groupby((complianceState), aggregate($count as Resources))"
    )
    assert _apply(text) == [{"complianceState": "NonCompliant", "Resources": 2}]


def test_an_aggregate_of_nothing_is_one_row() -> None:
    assert _apply("filter(size gt 9)/aggregate($count as N, size with max as M)") == [{"N": 0, "M": None}]


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("groupby(resourceId)", 8),
        ("groupby((nope))", 9),
        ("groupby((size), filter(size eq 1))", 16),
        ("aggregate(size with median as M)", 20),
        ("aggregate(size)", 14),
        ("aggregate($count)", 16),
        ("compute(size as x)", 0),
        ("groupby((size))/groupby((resourceId))", 25),
    ],
)
def test_a_faulty_apply_says_where(text: str, position: int) -> None:
    with pytest.raises(ODataFault) as caught:
        read_apply(text, COLUMNS)
    assert caught.value.position == position


def test_order_and_selection() -> None:
    rows: list[Any] = list(ROWS)
    sort_rows(rows, read_order("complianceState asc, Size desc", COLUMNS))
    assert [row["size"] for row in rows] == [5, 2, 1, None]
    assert read_selection("Size, resourceid, size", COLUMNS) == ("size", "resourceId")
    with pytest.raises(ODataFault):
        read_order("size upwards", COLUMNS)


def test_an_instant_is_written_as_rows_have_it() -> None:
    assert instant("2026-11-20T06:00:00.1234567Z") == "2026-11-20T06:00:00.1234560Z"
    assert instant("2026-11-20") == "2026-11-20T00:00:00.0000000Z"
