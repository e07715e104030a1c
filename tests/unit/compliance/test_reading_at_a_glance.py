"""Rows that are parsed in part, and ids that come twice: shortcuts of a reading that nothing may be able to tell."""

from __future__ import annotations

import json
import pickle

import pytest

from blueprinter.compliance.marks import Marks, mark_of
from blueprinter.compliance.projecting import REFUSED, glance
from blueprinter.policy import Reads

TYPE = "Microsoft.Web/sites"
READS = Reads(frozenset({"tags", "properties"}), frozenset({"httpsOnly"}))
ROW = {
    "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a",
    "type": TYPE,
    "location": "westeurope",
    "tags": None,
    "properties": {"httpsOnly": True, "hostNames": ["a", {"b": 1.5}]},
}


def line(**changes: object) -> bytes:
    return json.dumps({**ROW, **changes}, separators=(",", ":")).encode()


def without(name: str, **changes: object) -> bytes:
    row = {**ROW, **changes}
    del row[name]
    return json.dumps(row).encode()


def test_only_what_is_read_is_kept() -> None:
    assert glance(TYPE, READS)(line()) == {
        "id": ROW["id"],
        "type": TYPE,
        "tags": None,
        "properties": {"httpsOnly": True},
    }


def test_values_that_are_read_are_whole() -> None:
    tags = {"a": {"b": [1, None, "c"]}}
    assert glance(TYPE, READS)(line(tags=tags))["tags"] == tags


def test_what_nobody_reads_of_properties_is_empty() -> None:
    assert glance(TYPE, Reads(frozenset({"tags"})))(line())["properties"] == {}


def test_properties_are_whole_where_all_of_them_are_read() -> None:
    found = glance(TYPE, Reads(frozenset({"properties"})))
    assert found(line())["properties"] == ROW["properties"]
    assert found(line(properties=None))["properties"] is None


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(without("tags"), id="a column that is absent"),
        pytest.param(without("tags", TAGS={"a": "b"}), id="a column in another letter case"),
        pytest.param(line(properties={"HttpsOnly": True}), id="a property in another letter case"),
        pytest.param(line(properties={}), id="a property that is absent"),
        pytest.param(line(properties=None), id="no properties"),
        pytest.param(line(properties=[]), id="properties that are no object"),
        pytest.param(line(id=7), id="an id that is no text"),
        pytest.param(line(type=TYPE.lower()), id="a type in another letter case"),
        pytest.param(line()[:-1], id="a line that is cut off"),
        pytest.param(line() + b"{}", id="more than one value"),
        pytest.param(line(location="x").replace(b'"x"', b"x"), id="no JSON where nobody reads"),
        pytest.param(b"[1]", id="no object"),
    ],
)
def test_everything_else_is_parsed_whole(row: bytes) -> None:
    with pytest.raises(REFUSED):
        glance(TYPE, READS)(row)


def test_of_a_key_that_comes_twice_the_last_one_counts() -> None:
    row = line().replace(b'"tags":null', b'"tags":{"a":"1"},"tags":{"a":"2"}')
    assert glance(TYPE, READS)(row)["tags"] == json.loads(row)["tags"] == {"a": "2"}


def test_a_stated_api_version_is_seen() -> None:
    assert "apiVersion" in glance(TYPE, READS)(line(apiVersion="2024-01-01"))


def test_reading_all_of_properties_wins_over_reading_some() -> None:
    every = Reads(frozenset({"properties"}))
    assert READS.and_(every) == every.and_(READS) == Reads(frozenset({"properties", "tags"}))
    assert READS.and_(Reads(frozenset({"kind"}))).members == READS.members


def ids(count: int) -> list[str]:
    return [
        f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/{number}" for number in range(count)
    ]


@pytest.mark.parametrize("count", [10, 140_000])
def test_ids_that_come_twice_are_found(count: int) -> None:
    marks = Marks()
    everyone = ids(count)
    marks.extend(everyone)
    assert marks.twice() == frozenset()
    marks.add(mark_of(everyone[3].upper()))
    assert marks.twice() == {mark_of(everyone[3])}


def test_marks_of_several_readings_are_put_together() -> None:
    everyone = ids(100_000)
    first, second = Marks(), Marks()
    first.extend(everyone[:70_000])
    second.extend([*everyone[70_000:], everyone[0]])
    first.merge(pickle.loads(pickle.dumps(second)))
    assert first.twice() == {mark_of(everyone[0])}
