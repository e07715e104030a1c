"""Rows that are parsed in part, and ids that come twice: shortcuts of a reading that nothing may be able to tell."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping

import pytest

from blueprinter.compliance.marks import Marks, mark_of
from blueprinter.compliance.projecting import REFUSED, RowPart, decoder_of, part_of
from blueprinter.policy import LACKING, Glance, Reads, Wanted, attributes_of

TYPE = "Microsoft.Web/sites"
READS = Reads({"tags": {}, "properties": {"httpsOnly": {}}})
ROW = {
    "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a",
    "type": TYPE,
    "location": "westeurope",
    "tags": None,
    "properties": {"httpsOnly": True, "hostNames": ["a", {"b": 1.5}]},
}


def line(**changes: object) -> bytes:
    return json.dumps({**ROW, **changes}, ensure_ascii=False, separators=(",", ":")).encode()


def without(name: str, **changes: object) -> bytes:
    row = {**ROW, **changes}
    del row[name]
    return json.dumps(row).encode()


def part(row: bytes, reads: Reads = READS, type_: str = TYPE) -> RowPart:
    """What is parsed of a row."""
    found = part_of(type_, Glance(reads, _nothing), lambda _: None)
    assert found is not None
    return decoder_of([found])(row)


def _nothing(_: object) -> None:
    return None


def values(found: RowPart, reads: Reads = READS) -> dict[str, object]:
    """Columns and members as they were parsed."""
    return _inside(found, reads.columns, reads.attributes())


def _inside(holder: object, wanted: Wanted, kept: Mapping[str, str]) -> dict[str, object]:
    """What is read of an object, by key; of an object in it by the keys of that."""
    found: dict[str, object] = {}
    for key, attribute in kept.items():
        value = getattr(holder, attribute)
        if wanted[key] and value is not LACKING and value is not None:
            found.update(_inside(value, wanted[key], attributes_of(wanted[key])))
        else:
            found[key] = value
    return found


def test_only_what_is_read_is_kept() -> None:
    found = part(line())
    assert (found.id, found.spelled, found.stated) == (ROW["id"], TYPE, LACKING)
    assert values(found) == {"tags": None, "httpsOnly": True}
    assert len(found.__struct_fields__) == len(("id", "stated", "properties", "tags"))


def test_values_that_are_read_are_whole() -> None:
    tags = {"a": {"b": [1, None, "c"]}}
    assert values(part(line(tags=tags)))["tags"] == tags


def test_properties_are_whole_where_all_of_them_are_read() -> None:
    reads = Reads({"properties": {}})
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
    known = [part_of(type_, Glance(READS, _nothing), lambda _: None) for type_ in (TYPE, TYPE.lower())]
    decode = decoder_of([one for one in known if one is not None])
    assert [decode(line(type=type_)).spelled for type_ in (TYPE.lower(), TYPE)] == [TYPE.lower(), TYPE]


@pytest.mark.parametrize("key", ['quo"te', "back\\slash", "line\nfeed"])
def test_keys_that_cannot_be_had_so_are_parsed_whole(key: str) -> None:
    assert part_of(TYPE, Glance(Reads({key: {}}), _nothing), lambda _: None) is None
    assert part_of(TYPE, Glance(Reads({"properties": {key: {}}}), _nothing), lambda _: None) is None


def test_reading_all_of_a_value_wins_over_reading_some() -> None:
    some = Reads({"tags": {"a": {}}, "properties": {"x": {"y": {}}}})
    every = Reads({"properties": {"x": {}, "z": {}}})
    both = Reads({"tags": {"a": {}}, "properties": {"x": {}, "z": {}}})
    assert some.and_(every) == every.and_(some) == both
    assert some.and_(Reads({"kind": {}})).columns["properties"] == some.columns["properties"]
    assert some.and_(Reads({"properties": {"x": {"w": {}}}})).columns["properties"] == {
        "x": {"w": {}, "y": {}}
    }


NESTED = Reads({"tags": {"a": {}}, "properties": {"acls": {"rules": {"first": {}}}}})


@pytest.mark.parametrize(
    ("tags", "properties", "expected"),
    [
        ({"a": 1, "b": 2}, {"acls": {"rules": {"first": [1], "second": 2}}}, {"a": 1, "first": [1]}),
        (None, {"acls": {"rules": None}}, {"tags": None, "rules": None}),
        ({}, {"acls": {}}, {"a": LACKING, "rules": LACKING}),
        ({"A": 1}, {"Acls": {}}, {"a": LACKING, "acls": LACKING}),
    ],
)
def test_objects_are_taken_apart(tags: object, properties: object, expected: dict[str, object]) -> None:
    assert values(part(line(tags=tags, properties=properties), NESTED), NESTED) == expected


@pytest.mark.parametrize("tags", ["a", [], 7, True])
def test_what_is_no_object_cannot_be_taken_apart(tags: object) -> None:
    with pytest.raises(REFUSED):
        part(line(tags=tags, properties={"acls": None}), NESTED)


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


# ------------------------------------------------------------ rows that lack something


def completed(row: bytes, reads: Reads = NESTED, *, lenient: bool = True) -> RowPart | None:
    """The part of a row after a look for what it lacks; None = it has to be parsed whole."""
    found = part_of(TYPE, Glance(reads, _nothing, lenient), lambda part: part)
    assert found is not None
    result = decoder_of([found])(row).completed(row)
    assert result is None or isinstance(result, RowPart)
    return result


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (line(tags={}, properties={}), {"a": None, "acls": None}),
        (line(tags={"ä": "ß"}, properties={"acls": {}}), {"a": None, "rules": None}),
        (without("tags", properties={"acls": {"rules": {}}}), {"tags": None, "first": None}),
        (line(tags={"a": 1}, properties={"acls": None}), {"a": 1, "acls": None}),
    ],
)
def test_what_a_line_names_nowhere_is_absent(row: bytes, expected: dict[str, object]) -> None:
    found = completed(row)
    assert found is not None
    assert values(found, NESTED) == expected


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(line(tags={"A": 1}, properties={"acls": None}), id="another letter case"),
        pytest.param(line(tags={}, properties={"acls": None, "a": 1}), id="somewhere else"),
        pytest.param(line(tags={}, properties={"acls": None, "x": "a"}), id="as a text"),
        pytest.param(line(tags={}, properties={"ACLS": {}}), id="an object in another letter case"),
        pytest.param(line(tags={}, properties={"acls": {"Rules": 1}}), id="within an object"),
        pytest.param(
            line(tags={"x": "y"}, properties={"acls": None}).replace(b'"x"', b'"\\u0061"'), id="an escape"
        ),
        pytest.param(line(tags={"a": 1}, properties={}, apiVersion="1"), id="a stated version"),
        pytest.param(without("properties"), id="no properties"),
    ],
)
def test_what_a_line_may_name_is_looked_for_in_the_whole_row(row: bytes) -> None:
    assert completed(row) is None


def test_letters_that_fold_to_a_name_are_found() -> None:
    reads = Reads({"tags": {"disk": {}}, "properties": {}})
    assert completed(line(tags={"diſk": 1}), reads) is None
    assert completed(line(tags={"diſc": 1}), reads) is not None


def test_nothing_is_put_where_null_is_not_the_same() -> None:
    assert completed(line(tags={}, properties={}), lenient=False) is None
