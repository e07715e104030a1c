"""Rows that are parsed in part, and ids that come twice: shortcuts of a reading that nothing may be able to tell."""

from __future__ import annotations

import json
import pickle

import pytest

from blueprinter.compliance.marks import Marks, mark_of
from blueprinter.compliance.projecting import REFUSED, RowPart, Shapes, decoder_of, part_of
from blueprinter.policy import LACKING, Reads, Shape

TYPE = "Microsoft.Web/sites"
NONE: Shapes = {}
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


def part(row: bytes, reads: Reads = READS, type_: str = TYPE, shapes: Shapes = NONE) -> RowPart:
    """What is parsed of a row."""
    found = part_of(type_, reads, shapes, lambda *_: None)
    assert found is not None
    return decoder_of([found])(row)


def values(found: RowPart, reads: Reads = READS) -> dict[str, object]:
    """Columns and members as they were parsed."""
    columns, members = reads.attributes()
    return {
        **{name: getattr(found, kept) for name, kept in columns.items()},
        **{name: getattr(found.properties, kept) for name, kept in members.items()},
    }


def test_only_what_is_read_is_kept() -> None:
    found = part(line())
    assert (found.id, found.spelled, found.stated) == (ROW["id"], TYPE, LACKING)
    assert values(found) == {"tags": None, "httpsOnly": True}
    assert len(found.__struct_fields__) == len(("id", "stated", "properties", "tags"))


def test_values_that_are_read_are_whole() -> None:
    tags = {"a": {"b": [1, None, "c"]}}
    assert values(part(line(tags=tags)))["tags"] == tags


INNER = Shape((("a", Shape()), ("b", Shape((("c", Shape()),)))))
DEEP: Shapes = {("tags",): INNER, ("properties", "httpsOnly"): Shape(element=INNER)}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        pytest.param(
            {"a": [1], "x": 2, "b": {"c": {"d": 1}, "e": 3}}, {"a": [1], "b": {"c": {"d": 1}}}, id="all"
        ),
        pytest.param({"A": 1, "b": {}}, {"b": {}}, id="in another letter case, and absent"),
        pytest.param({"b": None}, {"b": None}, id="null inside"),
        pytest.param(None, None, id="null"),
    ],
)
def test_of_objects_only_those_members_are_kept(value: object, kept: object) -> None:
    found = part(line(tags=value, properties={"httpsOnly": [value, value]}), shapes=DEEP)
    assert values(found) == {"tags": kept, "httpsOnly": [kept, kept]}


@pytest.mark.parametrize("value", ["text", 7, True, [], {"b": "text"}, {"b": [{"c": 1}]}], ids=repr)
def test_what_is_no_object_where_members_are_read_is_refused(value: object) -> None:
    with pytest.raises(REFUSED):
        part(line(tags=value), shapes=DEEP)
    with pytest.raises(REFUSED):
        part(line(properties={"httpsOnly": [value]}), shapes=DEEP)


def test_members_of_an_object_that_comes_twice_are_those_of_the_last() -> None:
    row = line(properties={}).replace(b'"tags":null', b'"tags":{"a":1,"b":{"c":2}},"tags":{"a":3}')
    assert values(part(row, shapes=DEEP))["tags"] == json.loads(row)["tags"] == {"a": 3}


def test_where_properties_are_closed_other_keys_are_refused() -> None:
    closed = part_of(TYPE, READS, NONE, lambda *_: None, {"hostNames", "state", "httpsOnly"})
    assert closed is not None
    decode = decoder_of([closed])
    assert values(decode(line())) == {"tags": None, "httpsOnly": True}
    assert values(decode(line(properties={"state": {"deep": [1]}})))["httpsOnly"] is LACKING
    for other in ("HttpsOnly", "new"):
        with pytest.raises(REFUSED):
            decode(line(properties={other: True}))


def test_properties_are_whole_where_all_of_them_are_read() -> None:
    reads = Reads(frozenset({"properties"}))
    assert values(part(line(), reads), reads) == {"properties": ROW["properties"]}
    assert values(part(line(properties=None), reads), reads) == {"properties": None}


@pytest.mark.parametrize(
    ("row", "name"),
    [
        pytest.param(without("tags"), "tags", id="a column that is absent"),
        pytest.param(without("tags", TAGS={"a": "b"}), "tags", id="a column in another letter case"),
        pytest.param(
            line(properties={"HttpsOnly": True}), "httpsOnly", id="a property in another letter case"
        ),
        pytest.param(line(properties={}), "httpsOnly", id="a property that is absent"),
    ],
)
def test_what_a_row_lacks_is_marked(row: bytes, name: str) -> None:
    assert values(part(row))[name] is LACKING


def test_a_row_without_properties_is_marked() -> None:
    assert part(without("properties")).properties is LACKING
    assert part(without("properties"), Reads()).properties is LACKING


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(line(properties=None), id="properties that are null"),
        pytest.param(line(properties=[]), id="properties that are no object"),
        pytest.param(line(id=7), id="an id that is no text"),
        pytest.param(line(id=""), id="an empty id"),
        pytest.param(without("id"), id="no id"),
        pytest.param(without("type"), id="no type"),
        pytest.param(line(type=TYPE.lower()), id="a type in another letter case"),
        pytest.param(line(type=None), id="a type that is no text"),
        pytest.param(line()[:-1], id="a line that is cut off"),
        pytest.param(line() + b"{}", id="more than one value"),
        pytest.param(line(location="x").replace(b'"x"', b"x"), id="no JSON where nobody reads"),
        pytest.param(line(location="x").replace(b'"x"', b'"\\ud800"'), id="half a pair where nobody reads"),
        pytest.param(line().replace(b'"type"', b'"type":"x","type"'), id="two types"),
        pytest.param(b"[1]", id="no object"),
        pytest.param(b"\n", id="nothing"),
    ],
)
def test_everything_else_is_refused(row: bytes) -> None:
    with pytest.raises(REFUSED):
        part(row)


def test_of_a_key_that_comes_twice_the_last_one_counts() -> None:
    row = line().replace(b'"tags":null', b'"tags":{"a":"1"},"tags":{"a":"2"}')
    assert values(part(row))["tags"] == json.loads(row)["tags"] == {"a": "2"}


def test_a_stated_api_version_is_seen() -> None:
    assert part(line(apiVersion="2024-01-01")).stated == "2024-01-01"


def test_a_parser_knows_several_types() -> None:
    known = [part_of(type_, READS, NONE, lambda *_: None) for type_ in (TYPE, TYPE.lower())]
    decode = decoder_of([one for one in known if one is not None])
    assert [decode(line(type=type_)).spelled for type_ in (TYPE.lower(), TYPE)] == [TYPE.lower(), TYPE]


@pytest.mark.parametrize("key", ['quo"te', "back\\slash", "line\nfeed"])
def test_keys_that_cannot_be_had_so_are_parsed_whole(key: str) -> None:
    assert part_of(TYPE, Reads(frozenset({key})), NONE, lambda *_: None) is None
    assert part_of(TYPE, Reads(frozenset(), frozenset({key})), NONE, lambda *_: None) is None


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
