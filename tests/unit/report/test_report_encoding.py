"""JSON that is written a piece at a time is the same text as JSON that is written at once."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import pytest

from blueprinter.document import json_document, json_pieces

VALUES: tuple[Mapping[str, object], ...] = (
    {},
    {"schema": "x/1"},
    {"none": None, "number": 1.5, "yes": True, "empty": [], "nothing": {}},
    {"text": 'line\nfeed, "quoted", \\ and ü', 'a "key"\n': 1},
    {"deep": {"list": [1, {"of": ["lists", []]}], "object": {"a": {"b": {}}}}},
    {"first": [], "rows": [{"id": 1, "tags": {"a": "b"}}, {"id": 2, "tags": {}}, []], "last": [[]]},
)


@pytest.mark.parametrize("value", VALUES)
def test_pieces_are_the_document(value: Mapping[str, object]) -> None:
    assert "".join(json_pieces(value)) == json_document(value)


@pytest.mark.parametrize("value", VALUES)
def test_an_iterator_is_an_array(value: Mapping[str, object]) -> None:
    lazy = {key: iter(member) if isinstance(member, list) else member for key, member in value.items()}
    assert "".join(json_pieces(lazy)) == json_document(value)


def test_values_are_asked_for_one_by_one() -> None:
    rows = iter(range(3))
    pieces = json_pieces({"rows": rows})
    assert next(piece for piece in pieces if "0" in piece)
    assert list(rows) == [1, 2]


def test_half_a_surrogate_pair_is_escaped_where_it_stands() -> None:
    text = "".join(json_pieces({"half": "\ud800", "rows": iter(["ü", "\udfff"])}))
    assert '"half": "\\ud800"' in text
    assert orjson.loads(text.replace("\\ud800", "").replace("\\udfff", "")) == {"half": "", "rows": ["ü", ""]}
