"""Which route a path takes."""

from __future__ import annotations

import pytest

from blueprinter.sandbox.model import Call, Response, Route
from blueprinter.sandbox.routing import Matched, Router


def _handler(name: str):  # type: ignore[no-untyped-def]  # a handler that is told by its name
    def handler(call: Call) -> Response:
        return Response.empty()

    handler.__name__ = name
    return handler


PATTERNS = {
    "group": "/subscriptions/{subscription}/resourcegroups/{group}",
    "groups": "/subscriptions/{subscription}/resourcegroups",
    "lock": "{scope*}/providers/Microsoft.Authorization/locks/{lock}",
    "default tags": "{scope*}/providers/Microsoft.Resources/tags/default",
    "any": "{id*}",
}
ROUTER = Router(Route("GET", pattern, _handler(name)) for name, pattern in PATTERNS.items())
GROUP = "/subscriptions/s/resourceGroups/rg"
LOCK = "providers/Microsoft.Authorization/locks"


@pytest.mark.parametrize(
    ("path", "route", "values"),
    [
        ("/subscriptions/S/RESOURCEGROUPS/Rg", "group", {"subscription": "S", "group": "Rg"}),
        ("/subscriptions/S/resourceGroups/", "groups", {"subscription": "S"}),
        (f"{GROUP}/{LOCK}/a", "lock", {"scope": GROUP, "lock": "a"}),
        (f"/{LOCK}/a", "lock", {"scope": "", "lock": "a"}),
        (f"{GROUP}/{LOCK}/a/{LOCK}/b", "lock", {"scope": f"{GROUP}/{LOCK}/a", "lock": "b"}),
        (f"{GROUP}/providers/microsoft.resources/tags/Default", "default tags", {"scope": GROUP}),
        (f"{GROUP}/{LOCK}", "any", {"id": f"{GROUP}/{LOCK}"}),
        ("/", "any", {"id": ""}),
    ],
)
def test_most_specific_route_takes_a_path(path: str, route: str, values: dict[str, str]) -> None:
    found = ROUTER.find("GET", path)
    assert isinstance(found, Matched)
    assert (found.handler.__name__, dict(found.values)) == (route, values)


def test_other_method_is_told_from_unknown_path() -> None:
    router = Router([Route("GET", "/a/{b}", _handler("a")), Route("PUT", "/a/{c}", _handler("a"))])
    assert router.find("POST", "/a/1") == {"GET", "PUT"}
    assert router.find("GET", "/b") == frozenset()


def test_two_handlers_for_one_pattern_are_a_fault() -> None:
    with pytest.raises(ValueError, match="two handlers"):
        Router([Route("GET", "/a/{b}", _handler("a")), Route("GET", "/a/{c}", _handler("b"))])
