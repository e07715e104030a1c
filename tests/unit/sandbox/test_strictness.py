"""Bodies held against shapes, and principals read from tokens."""

from __future__ import annotations

import pytest

from blueprinter.sandbox import Settings
from blueprinter.sandbox.identity import ANYONE, principal_of, unsigned_token
from blueprinter.sandbox.model import Refusal
from blueprinter.sandbox.strictness import FLAG, TEXT, WHOLE, check_members, list_of, map_of, one_of, record

SHAPE = record(
    {
        "name": TEXT,
        "level": one_of("Low", "High"),
        "count": WHOLE,
        "flag": FLAG,
        "tags": map_of(TEXT),
        "parts": list_of(record({"id": TEXT}, "id")),
    },
    "name",
)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x"},
        {"NAME": "x", "Level": "high", "tags": {"any": "thing"}, "parts": [{"id": "1"}]},
        {"name": "x", "count": 1, "flag": False, "level": None},
        None,
    ],
)
def test_body_fits(body: object) -> None:
    check_members(body, SHAPE)  # type: ignore[arg-type]  # any JSON


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "'name'"),
        ({"name": None}, "'name'"),
        ({"name": "x", "colour": 1}, "'properties.colour'"),
        ({"name": 1}, "'properties.name'"),
        ({"name": "x", "level": "Middle"}, "'properties.level'"),
        ({"name": "x", "count": True}, "'properties.count'"),
        ({"name": "x", "tags": {"a": 1}}, "'properties.tags.a'"),
        ({"name": "x", "parts": [{"id": "1"}, {}]}, "'properties.parts[1]'"),
        ({"name": "x", "parts": {}}, "'properties.parts'"),
        ([], "'properties'"),
    ],
)
def test_body_does_not_fit_and_the_place_is_named(body: object, named: str) -> None:
    with pytest.raises(Refusal) as found:
        check_members(body, SHAPE, "properties")  # type: ignore[arg-type]  # any JSON
    assert (found.value.status, found.value.code) == (400, "InvalidRequestContent")
    assert named in found.value.message


def test_principal_stands_in_the_token() -> None:
    token = unsigned_token({"oid": "me", "tid": "home", "appid": "tool"})
    found = principal_of(f"Bearer {token}", Settings())
    assert (found.object_id, found.tenant_id, found.app_id) == ("me", "home", "tool")


@pytest.mark.parametrize("header", ["", "Bearer sandbox", "Bearer a.b.c", "Bearer e30.W10.", "Bearer é.é.é"])
def test_worthless_token_is_anyone(header: str) -> None:
    settings = Settings()
    found = principal_of(header, settings)
    assert (found.object_id, found.tenant_id) == (ANYONE, settings.tenant_id)
