"""The sandbox answers every request: whatever comes, an error is one that Azure would give, none of its own."""

from __future__ import annotations

import json
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blueprinter.sandbox import Request, Sandbox, open_sandbox
from blueprinter.sandbox.providers import PROVIDERS
from unit.sandbox.heart_box import GROUP, ORIGIN, STORAGE, SUB, at_six

ROUTES = sorted({route.pattern for provider in PROVIDERS for route in provider.routes})
METHODS = ("GET", "PUT", "PATCH", "POST", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "BREW")
SCOPES = ("", SUB, GROUP, f"{STORAGE}/one", "/providers/Microsoft.Management/managementGroups/mg")
HOSTILE = (
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    '"',
    "%",
    "%2F",
    "%2f..%2f",
    "%00",
    "%ff%fe",
    "..",
    ".",
    "a" * 5000,
    "ünïcode",
    "\u202e",
    "{name}",
    "$skiptoken",
    "00000000-0000-0000-0000-000000000001",
    "Microsoft.Storage",
    "latest",
    "one",
    "one.",
    "queryResults",
    "１２",
    "²",
)
MEMBERS = (
    "properties",
    "location",
    "tags",
    "template",
    "parameters",
    "policyRule",
    "policyDefinitionId",
    "policyDefinitions",
    "mode",
    "name",
    "id",
    "type",
    "sku",
    "identity",
    "if",
    "then",
    "effect",
    "query",
    "options",
    "subscriptions",
    "scope",
    "resourceDetails",
    "resourceContent",
    "actionOnUnmanage",
    "denySettings",
    "roleDefinitionId",
    "principalId",
    "policyAssignmentId",
    "level",
    "expiresOn",
    "resources",
    "targetResourceGroup",
    "details",
    "parent",
)

segments = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from((GROUP, SUB, "[resourceGroup().id]", "[", "westeurope", "Incremental", "Default")),
)
bodies = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(MEMBERS), st.text(max_size=4)), inner, max_size=5),
    ),
    max_leaves=12,
)
queries = st.dictionaries(
    st.sampled_from(
        ("api-version", "$top", "$skiptoken", "$filter", "$apply", "$expand", "$orderby", "$select", "$from")
    ),
    st.one_of(
        st.text(max_size=20),
        st.sampled_from(
            (
                "-1",
                "0",
                "99999999999999999999",
                "²",
                "WzEsMl0",
                "WyJhIiwxXQ",
                "W10",
                "WzksIDFd" * 500,
                "name eq 'a'",
                "name eq",
                "((((",
                "groupby((resourceId))",
                "2026-11-20",
                "2026-13-45T99:99:99Z",
            )
        ),
    ),
    max_size=4,
)


@st.composite
def paths(draw: st.DrawFn) -> str:
    """A path that follows a route, or none at all."""
    if draw(st.integers(0, 9)) == 0:
        return "/" + "/".join(draw(st.lists(segments, max_size=6)))
    parts = []
    for part in draw(st.sampled_from(ROUTES)).split("/"):
        if part == "{scope*}":
            parts.append(draw(st.sampled_from(SCOPES)).strip("/"))
        elif part == "{subscription}":
            parts.append(draw(st.sampled_from((SUB.rpartition("/")[2], "x"))))
        elif part == "{group}":
            parts.append(draw(st.sampled_from(("rg", "mg", "other"))))
        elif part.startswith("{"):
            parts.append(draw(segments))
        else:
            parts.append(draw(st.sampled_from((part, part, part, part.upper()))))
    return "/" + draw(st.sampled_from(("/", "/", "/", "//"))).join(parts)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    path = draw(paths())
    if draw(st.booleans()):
        path = quote(path, errors="replace")
    query = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in draw(queries).items())
    if "api-version" not in query and draw(st.integers(0, 4)):
        query = f"api-version=2024-01-01&{query}"
    body = draw(
        st.one_of(
            bodies.map(lambda body: json.dumps(body).encode("utf-8", "surrogatepass")),
            st.binary(max_size=20),
            st.sampled_from((b"", b"{", b"\xff\xfe", b"[" * 3000, b'{"a":' * 2000, b'{"properties": NaN}')),
        )
    )
    headers = draw(
        st.dictionaries(
            st.sampled_from(("authorization", "content-type", "x-ms-client-request-id")),
            st.one_of(st.text(max_size=20), st.sampled_from(("Bearer a.b.c", "Bearer a.bnVsbA.c"))),
        )
    )
    return Request(draw(st.sampled_from(METHODS)), f"{ORIGIN}{path}?{query}", headers, body)


def an_estate() -> Sandbox:
    """A group with a storage account, and a management group."""
    box = open_sandbox(clock=at_six)
    for path in (GROUP, f"{STORAGE}/one", SCOPES[-1]):
        body = b"{}" if "managementGroups" in path else b'{"location": "westeurope"}'
        answer = box.handle(Request("PUT", f"{ORIGIN}{path}?api-version=2024-01-01", {}, body))
        assert answer.status < 300
    box.tick()
    return box


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(requests(), min_size=1, max_size=4))
def test_every_request_is_answered(sent: list[Request]) -> None:
    with an_estate() as box:
        for request in sent:
            answer = box.handle(request)
            assert 200 <= answer.status < 500, (request, answer)
            if answer.status >= 400 and answer.body:
                error = json.loads(answer.body)["error"]
                assert error["code"]
                assert error["message"]
