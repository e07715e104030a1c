"""JSON as Azure's files hold it: one language, two readers that agree."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprinter.diagnostics import InvalidInput
from blueprinter.document import parse
from blueprinter.document.json_text import measure, scan

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON_VALUES, st.sampled_from([None, 2]))
def test_the_scanner_reads_what_the_standard_library_writes(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    assert scan(text) == value
    assert parse(text, "x.json").value == value


@given(JSON_VALUES)
def test_every_measured_span_holds_its_value(value: object) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False)
    for pointer, span in measure(text).items():
        held: object = value
        for token in pointer.split("/")[1:]:
            key = token.replace("~1", "/").replace("~0", "~")
            held = held[int(key)] if isinstance(held, list) else held[key]  # type: ignore[index]
        assert json.loads(text[span.start : span.end]) == held


def test_comments_trailing_commas_and_long_strings_are_read() -> None:
    text = '{ // note\n  "a": [1, 2,], /* more */ "b": "two\nlines", "c": "// no comment", }'
    assert parse(text, "x.json").value == {"a": [1, 2], "b": "two\nlines", "c": "// no comment"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_with_a_mark_are_read(encoding: str) -> None:
    assert parse('{"name": "Zürich"}'.encode(encoding), "x.json").value == {"name": "Zürich"}


@pytest.mark.parametrize(
    ("text", "where", "code"),
    [
        ("", (1, 1), "BP105"),
        ("  \n ", (1, 1), "BP105"),
        ('{"a" 1}', (1, 6), "BP105"),
        ('{"a": 1,\n "a": 2}', (2, 2), "BP106"),
        ('{"a": {"b": 1, "b": 2}}', (1, 16), "BP106"),
        ("[1 2]", (1, 4), "BP105"),
        ("[1,,2]", (1, 3), "BP105"),
        ("[,1]", (1, 2), "BP105"),
        ("{", (1, 1), "BP105"),
        ("[1,", (1, 4), "BP105"),
        ('{"a": "x', (1, 7), "BP105"),
        ('{"a": tru}', (1, 7), "BP105"),
        ("{'a': 1}", (1, 2), "BP105"),
        ("[NaN]", (1, 2), "BP105"),
        ("[Infinity]", (1, 2), "BP105"),
        ("[01]", (1, 3), "BP105"),
        ("{} {}", (1, 4), "BP105"),
        ('["\\q"]', (1, 2), "BP105"),
        ('["ok", "\\ud83d"]', (1, 8), "BP105"),
        ("[" * 129 + "]" * 129, (1, 129), "BP104"),
        ("[" * 100_000, (1, 129), "BP104"),
    ],
)
def test_a_fault_names_its_place(text: str, where: tuple[int, int], code: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        parse(text, "x.json")
    (found,) = raised.value.diagnostics
    assert (found.code, found.position.line, found.position.column) == (code, *where)


def test_a_surrogate_pair_is_one_character() -> None:
    assert parse('["\\ud83d\\ude00"]', "x.json").value == ["\U0001f600"]


def test_128_levels_are_allowed() -> None:
    parse("[" * 128 + "]" * 128, "x.json")


def test_bytes_that_are_no_text_are_named() -> None:
    with pytest.raises(InvalidInput) as raised:
        parse(b'{\n"a": "\xff"}', "x.json")
    (found,) = raised.value.diagnostics
    assert (found.code, found.position.line, found.position.column) == ("BP102", 2, 7)


def test_locate_gives_values_keys_and_the_nearest_ancestor() -> None:
    document = parse('{\n  "a": {"b": [10, 20]},\n  "c/d": 1\n}', "x.json")
    assert str(document.locate("/a/b/1")) == "x.json:2:19"
    assert str(document.locate("/a", key=True)) == "x.json:2:3"
    assert str(document.locate("/c~1d")) == "x.json:3:10"
    assert str(document.locate("/a/missing")) == "x.json:2:8"
    assert document.locate("/a/missing").pointer == "/a/missing"
