"""Whatever is given as a definition, an initiative, an assignment's selectors, aliases, a test file or a resource:
the engine gives a result or a diagnostic, and nothing else. The compiler says what the interpreter says."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blueprinter.arm import FUNCTIONS, ExpressionError, Language, Resource, Unknown
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import parse
from blueprinter.policy import (
    OPERATORS,
    AliasTable,
    AssignedPolicy,
    BulkPolicies,
    ComplianceState,
    Found,
    LookupResult,
    NoneExist,
    NotCollected,
    assign_set,
    compile_policies,
    messages_for,
    read_aliases,
    read_definition,
    read_overrides,
    read_policy_set,
    read_resource_selectors,
    run_cases,
)
from differential.test_compiler import Compared, compare

HERE = Path(__file__).parent
NOW = "2026-01-01T00:00:00Z"
TYPE = "Contoso.Test/things"

KEYS = [
    "if", "then", "effect", "details", "allOf", "anyOf", "not", "field", "value", "count", "where", "name", "type",
    "operations", "operation", "condition", "existenceCondition", "existenceScope", "resourceGroupName", "deployment",
    "properties", "parameters", "policyRule", "mode", "metadata", "defaultValue", "allowedValues", "policyDefinitions",
    "policyDefinitionId", "policyDefinitionReferenceId", "policyDefinitionGroups", "groupNames", "versions", "kind",
    "selectors", "in", "notIn", "message", "cases", "definition", "aliases", "expect", "resource", "related",
    "namespace", "resourceTypes", "resourceType", "defaultPath", "paths", "path", "apiVersions", "tags", "location",
    *OPERATORS.names(),
]  # fmt: skip
FUNCTION_NAMES = [row.name for row in FUNCTIONS if Language.POLICY in row.available_in]
TEXTS = [
    "", "a", "type", "name", "location", "kind", "id", "tags", "tags.a", "tags['a']", "tags[*]", "sku.name",
    "audit", "deny", "modify", "append", "auditIfNotExists", "deployIfNotExists", "manual", "denyAction",
    "disabled", "All", "Indexed", "Microsoft.Kubernetes.Data", TYPE, f"{TYPE}/r[*]", f"{TYPE}/r[*].v",
    f"{TYPE}/r[*].s[*]", f"{TYPE}/p", "properties.p", "properties.r[*]", "properties.r[*].v", "[*]", "a[*][*]",
    "[", "]", "[]", "[[x]", "[parameters('p')]", "[field('name')]", "[current()]", "[current('r[*]')]",
    "[policy()]", "add", "remove", "*", "a*b*?", "#?.", "true", "2020-01-01", "2020-01-01T00:00:00Z",
    "10.0.0.0/8", "9" * 400, "\x00", "ﬃ", "é" * 50, "'", "''", "addOrReplace",
]  # fmt: skip

scalars = (
    st.sampled_from(TEXTS)
    | st.text(max_size=8)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.none()
)


def nested(leaves: st.SearchStrategy[Any], size: int = 20) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(KEYS) | st.text(max_size=4)
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5),
        max_leaves=size,
    )


arguments = st.deferred(
    lambda: (
        st.sampled_from(
            ["'a'", "''", "1", "-1", "99999999", "'it''s'", "'10.0.0.0/8'", "'2020-01-01T00:00:00Z'"]
        )
        | calls
        | st.tuples(calls, st.sampled_from([".a", "['a']", "[0]", ".a.b", "[-1]"])).map("".join)
    )
)
calls = st.builds(
    lambda name, given: f"{name}({', '.join(given)})",
    st.sampled_from(FUNCTION_NAMES),
    st.lists(arguments, max_size=3),
)
expressions = calls.map(lambda text: f"[{text}]")
operands = nested(scalars | expressions, 6)
fields = st.sampled_from([text for text in TEXTS if text and not text.startswith("[")])


def comparison(left: dict[str, Any], operator: str, right: Any) -> dict[str, Any]:
    return {**left, operator: right}


conditions = st.recursive(
    st.builds(
        comparison,
        st.builds(lambda field: {"field": field}, fields)
        | st.builds(lambda value: {"value": value}, operands),
        st.sampled_from(list(OPERATORS.names())),
        operands,
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda members: {"allOf": members})
        | st.lists(inner, max_size=3).map(lambda members: {"anyOf": members})
        | inner.map(lambda member: {"not": member})
        | st.builds(
            lambda field, where, right: {"count": {"field": field, "where": where}, "greater": right},
            st.sampled_from([f"{TYPE}/r[*]", f"{TYPE}/r[*].s[*]", "properties.r[*]", "tags[*]"]),
            inner,
            operands,
        )
        | st.builds(
            lambda value, where: {"count": {"value": value, "name": "n", "where": where}, "equals": 1},
            st.lists(operands, max_size=3) | expressions,
            inner,
        )
    ),
    max_leaves=6,
)
effects = st.sampled_from(
    ["audit", "Deny", "manual", "denyAction", "[parameters('p')]", "[field('name')]", "other"]
)
details = st.none() | st.builds(
    lambda name, condition: {"type": f"{TYPE}/children", "name": name, "existenceCondition": condition},
    st.sampled_from(["a", "a/?", "[field('fullName')]", "[field('tags')]"]),
    conditions,
)
operations = st.builds(
    lambda field, value: {
        "operations": [{"operation": "add", "field": field, "value": value, "condition": value}]
    },
    fields,
    operands,
)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    """Rules that mostly have the right form."""
    then: dict[str, Any] = {"effect": draw(effects)}
    given_details = draw(details | operations)
    if given_details is not None:
        then["details"] = given_details
        if "type" in given_details:
            then["effect"] = "auditIfNotExists"
        elif "operations" in given_details:
            then["effect"] = "modify"
    parameters = {"p": {"type": "Object", "defaultValue": draw(nested(scalars, 4))}}
    return {
        "properties": {
            "mode": "All",
            "parameters": parameters,
            "policyRule": {"if": draw(conditions), "then": then},
        }
    }


bodies = st.fixed_dictionaries(
    {},
    optional={
        "properties": st.fixed_dictionaries(
            {}, optional={key: nested(scalars, 8) for key in ("p", "r", "P", "name")}
        )
        | nested(scalars, 6),
        "tags": st.dictionaries(st.sampled_from(["a", "A", "b"]), scalars) | scalars,
        "location": scalars,
        "kind": scalars,
        "sku": nested(scalars, 3),
        "identity": nested(scalars, 3),
        "name": scalars,
        "apiVersion": scalars,
    },
)


def with_unknowns(value: Any, unknown: bool) -> Any:
    """Every third text as a value that only Azure knows."""
    if isinstance(value, dict):
        return {key: with_unknowns(member, unknown) for key, member in value.items()}
    if isinstance(value, list):
        return [with_unknowns(member, unknown) for member in value]
    return Unknown("reference('x')") if unknown and isinstance(value, str) and len(value) % 3 == 1 else value


def lookup(answers: list[Any]) -> Callable[[str, str | None, str], LookupResult]:
    def find(type: str, name: str | None, scope: str) -> LookupResult:
        if not answers:
            return NotCollected()
        found = tuple(
            Resource(f"{scope}/children/{place}", type, "c", body) for place, body in enumerate(answers)
        )
        return Found(found) if isinstance(answers[0], dict) and answers[0] else NoneExist()

    return find


def read(value: Any, file: str = "policy.json") -> Any:
    return parse(json.dumps(value), file)


# ------------------------------------------------------------ the checks


def attempt(reader: Callable[..., Any], *given: Any) -> Any:
    """What a reader gives, or None where it refuses and says why."""
    try:
        return reader(*given)
    except InvalidInput as refused:
        if not refused.diagnostics:
            pytest.fail("refused without a diagnostic")
        return None


def check_any_json(value: Any) -> None:
    for reader in (read_definition, read_policy_set, read_aliases):
        attempt(reader, read(value))
    attempt(run_cases, read(value, str(HERE / "x.tests.json")), HERE, AliasTable.empty())
    read_resource_selectors(value)
    read_overrides(value)
    messages_for(value)("x")


def check_rule(value: Any, body: dict[str, Any], related: list[Any], unknown: bool) -> None:
    definition = attempt(read_definition, read(value))
    if definition is None:
        return
    name = body.get("name")
    subject = Resource(
        f"/subscriptions/s/resourceGroups/g/providers/{TYPE}/a",
        TYPE,
        name if isinstance(name, str) else "a",
        with_unknowns(body, unknown),
        api_version="2020-01-01",
    )
    policies = compile_policies(
        [AssignedPolicy(definition)], aliases=AliasTable.empty(), now=NOW, all_states=True
    )
    for state in policies.run(subject, lookup(related)):
        assert state.state in ComplianceState
        assert (state.reason is not None) is (state.state is ComplianceState.UNSUPPORTED)
    if not unknown:
        fewer = compile_policies([AssignedPolicy(definition)], aliases=AliasTable.empty(), now=NOW)
        row = {**body, "id": subject.id, "type": TYPE}
        compare(row, BulkPolicies(fewer), lookup(related), Compared(), json.dumps(value))


def check_initiative(parameters: Any, value: Any) -> None:
    member = {"policyDefinitionId": "/x/d", "parameters": {"p": {"value": value}}}
    found = attempt(read_policy_set, read({"parameters": parameters, "policyDefinitions": [member]}))
    if found is None:
        return
    rule = {"if": {"field": "name", "exists": True}, "then": {"effect": "audit"}}
    definitions = {"d": read_definition(read(rule), name="d")}
    with suppress(ExpressionError):
        assign_set(found, definitions, {})


QUICK = settings(deadline=None, suppress_health_check=list(HealthCheck))


@given(nested(scalars | expressions, 30))
@settings(QUICK, max_examples=250)
def test_any_json(value: Any) -> None:
    check_any_json(value)


@given(rules(), bodies, st.lists(bodies, max_size=2), st.booleans())
@settings(QUICK, max_examples=250)
def test_rules_on_resources(value: Any, body: Any, related: Any, unknown: bool) -> None:
    check_rule(value, body, related, unknown)


@given(nested(scalars, 6), operands)
@settings(QUICK, max_examples=150)
def test_initiatives(parameters: Any, value: Any) -> None:
    check_initiative(parameters, value)


@pytest.mark.soak
@given(nested(scalars | expressions, 60))
@settings(QUICK, max_examples=20_000)
def test_any_json_at_length(value: Any) -> None:
    check_any_json(value)


@pytest.mark.soak
@given(rules(), bodies, st.lists(bodies, max_size=2), st.booleans())
@settings(QUICK, max_examples=10_000)
def test_rules_on_resources_at_length(value: Any, body: Any, related: Any, unknown: bool) -> None:
    check_rule(value, body, related, unknown)
