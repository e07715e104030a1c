"""What authors are told holds: contradictions never fire, tautologies always do; and no input whatever crashes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from blueprinter.arm import Resource
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Document, parse
from blueprinter.policy import (
    AliasTable,
    AssignedPolicy,
    ComplianceState,
    NoneExist,
    explain_policy,
    explanation_lines,
    is_definition,
    lint_document,
    read_around,
    read_definition,
    read_resource,
    read_values,
)

NOW = "2026-01-01T00:00:00Z"
ALIASES = AliasTable.inline(
    {
        "Microsoft.Test/things/count": "properties.count",
        "Microsoft.Test/things/rules[*]": "properties.rules[*]",
        "Microsoft.Test/things/rules[*].port": "properties.rules[*].port",
    }
)

# ---------------------------------------------------------------- logic

OPERANDS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("equals", "notEquals", "contains", "notContains"), st.deferred(lambda: VALUES)),
    **dict.fromkeys(("in", "notIn"), st.deferred(lambda: st.lists(VALUES, min_size=1, max_size=3))),
    **dict.fromkeys(("like", "notLike"), st.sampled_from(["a*", "*b", "8*", "1*", "t*", "a", "*"])),
    **dict.fromkeys(
        ("matchInsensitively", "notMatchInsensitively"), st.sampled_from(["a", "##", "?", "1.0"])
    ),
    **dict.fromkeys(("less", "lessOrEquals", "greater", "greaterOrEquals"), st.sampled_from([0, 1, 2, 80])),
    "exists": st.sampled_from([True, False, "true", "False"]),
}
VALUES = st.sampled_from(
    ["", "a", "A", "b", "ab", "80", 80, 1, "1.0", True, "true", "West Europe", "westeurope"]
)
PRESENT = st.sampled_from(
    ["", "a", "A", "b", "AB", "80", 80, 1, 1.0, True, "true", "TRUE", "West Europe", "c", 81, ["a"]]
)


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, Any]:
    operator = draw(st.sampled_from(list(OPERANDS)))
    field = draw(st.sampled_from(["tags.a", "location", "Microsoft.Test/things/count"]))
    leaf = {"field": field, operator: draw(OPERANDS[operator])}
    return {"not": leaf} if draw(st.integers(0, 3)) == 0 else leaf


@st.composite
def resources(draw: st.DrawFn) -> Resource:
    body: dict[str, Any] = {"type": "Microsoft.Test/things", "name": "x", "properties": {}}
    if draw(st.booleans()):
        body["tags"] = {"A": draw(PRESENT)}
    if draw(st.booleans()):
        body["location"] = draw(st.sampled_from(["westeurope", "West Europe", "a", "", "80"]))
    if draw(st.booleans()):
        body["properties"]["count"] = draw(PRESENT)
    return Resource("", "Microsoft.Test/things", "x", body)


def nothing(type: str, name: str | None, scope: str) -> NoneExist:
    return NoneExist()


def outcomes(members: list[dict[str, Any]], resource: Resource) -> list[str]:
    """How each condition comes out on a resource."""
    found = []
    for member in members:
        document = parse(json.dumps({"if": member, "then": {"effect": "audit"}}), "policy.json")
        assigned = AssignedPolicy(read_definition(document))
        explained = explain_policy(assigned, resource, nothing, aliases=ALIASES, now=NOW)
        found.append(str(explained.rule.outcome))
    return found


@settings(max_examples=300, deadline=None)
@given(
    st.lists(leaves(), max_size=4),
    st.lists(leaves(), min_size=2, max_size=4),
    st.lists(resources(), min_size=4, max_size=10),
)
def test_what_lint_says_of_logic_is_so(
    outer: list[dict[str, Any]], branches: list[dict[str, Any]], estate: list[Resource]
) -> None:
    """`outer` must all hold, and one of `branches`."""
    condition = {"allOf": [*outer, {"anyOf": branches}]}
    document = parse(json.dumps({"if": condition, "then": {"effect": "audit"}}), "policy.json")
    for found in lint_document(document, aliases=ALIASES):
        if found.code not in ("BP420", "BP421"):
            continue
        path = found.position.pointer.removeprefix("/if/allOf/").split("/")
        event(f"{found.code} {'inside' if 'anyOf' in path else 'outside'}")
        for resource in estate:
            around = outcomes(outer, resource)
            if set(around) - {"true"}:
                continue
            assert "anyOf" in path, "conditions that exclude each other all hold"
            inside = outcomes(branches, resource)
            if found.code == "BP420":
                assert inside[int(path[2])] != "true"
            else:
                assert inside.count("false") < len(inside)


# ---------------------------------------------------------------- robustness

KEYS = st.sampled_from(
    [
        "properties",
        "policyRule",
        "if",
        "then",
        "effect",
        "details",
        "allOf",
        "anyOf",
        "not",
        "field",
        "value",
        "count",
        "where",
        "name",
        "equals",
        "in",
        "like",
        "exists",
        "greater",
        "match",
        "parameters",
        "type",
        "mode",
        "defaultValue",
        "allowedValues",
        "metadata",
        "displayName",
        "version",
        "operations",
        "operation",
        "deployment",
        "template",
        "roleDefinitionIds",
        "existenceCondition",
        "policyDefinitions",
        "policyDefinitionId",
        "id",
        "tags",
    ]
)
TEXTS = st.sampled_from(
    [
        "",
        "*",
        "a?*",
        "type",
        "tags.x",
        "tags[*]",
        "Microsoft.Test/things/rules[*]",
        "Microsoft.Test/things/rules[*].port",
        "[parameters('p')]",
        "[field('type')]",
        "[current()]",
        "[",
        "[concat(]",
        "[[x]",
        "Audit",
        "Deny",
        "modify",
        "PT1M",
        "deployIfNotExists",
        "auditIfNotExists",
        "append",
        "String",
        "Array",
        "All",
        "Indexed",
        "\x1b[31m",
        "\ud800",
        "add",
        "1.0.0",
        "Microsoft.Test/things",
        "[if(true(), 'kind', 'name')]",
        "[concat('tags[', parameters('p'), ']')]",
    ]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 2000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)
CONDITIONS = st.recursive(
    st.builds(
        lambda left, what, operator, right: {left: what, operator: right},
        st.sampled_from(["field", "value", "count"]),
        TEXTS | JSON,
        st.sampled_from(
            ["equals", "notEquals", "in", "notIn", "like", "exists", "greater", "contains", "match"]
        ),
        JSON,
    )
    | st.builds(
        lambda array, where, operator, right: {"count": {**array, "where": where}, operator: right},
        st.sampled_from(
            [{"field": "Microsoft.Test/things/rules[*]"}, {"value": ["a", 1], "name": "n"}, {"value": []}]
        ),
        st.builds(lambda what, right: {"field": what, "equals": right}, TEXTS, TEXTS),
        st.sampled_from(["equals", "greater", "less"]),
        st.integers(-2, 3) | JSON,
    ),
    lambda inner: (
        st.builds(
            lambda key, members: {key: members},
            st.sampled_from(["allOf", "anyOf"]),
            st.lists(inner, max_size=4),
        )
        | st.builds(lambda member: {"not": member}, inner)
    ),
    max_leaves=10,
)
DEFINITIONS = st.builds(
    lambda condition, effect, details, parameters, more: {
        "properties": {
            **more,
            "parameters": parameters,
            "policyRule": {
                "if": condition,
                "then": {"effect": effect, **({"details": details} if details else {})},
            },
        }
    },
    CONDITIONS,
    TEXTS,
    JSON,
    st.dictionaries(st.just("p"), st.dictionaries(KEYS, JSON, max_size=4), max_size=1) | JSON,
    st.dictionaries(KEYS, JSON, max_size=3),
)


@settings(max_examples=300, deadline=None)
@given(DEFINITIONS | JSON, st.dictionaries(KEYS, JSON, max_size=5))
def test_no_input_crashes_lint_or_explain(definition: Any, body: dict[str, Any]) -> None:
    try:
        document = parse(json.dumps(definition), "policy.json")
    except InvalidInput:  # a text with half a character
        return
    for found in lint_document(document, aliases=ALIASES):
        assert found.code.startswith("BP")
        assert found.position.line >= 1
        str(found).encode()
    if not is_definition(document.value):
        return
    try:
        assigned = AssignedPolicy(read_definition(document))
        explained = explain_policy(
            assigned,
            Resource("/subscriptions/s/x", "Microsoft.Test/things", "x", body),
            nothing,
            aliases=ALIASES,
            now=NOW,
            document=document,
        )
    except InvalidInput:
        return
    json.dumps(explained.as_json())
    "\n".join(explanation_lines(explained)).encode()
    state = explained.judgement.state
    assert (state is ComplianceState.UNSUPPORTED) is (explained.judgement.reason is not None)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_no_input_crashes_what_reads_it(value: Any) -> None:
    try:
        document = parse(json.dumps(value), "given.json")
    except InvalidInput:
        return
    for read in (read_resource, read_around, read_values):
        assert refused_with(read, document) <= {"BP317", "BP318"}


def refused_with(read: Callable[[Document], object], document: Document) -> set[str]:
    """The codes with which a document is refused."""
    try:
        read(document)
    except InvalidInput as refused:
        return {found.code for found in refused.diagnostics}
    return set()
