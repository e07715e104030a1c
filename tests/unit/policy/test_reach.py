"""What an assignment says beside its definition: exclusions, resource selectors, overrides, messages, versions."""

from __future__ import annotations

from typing import Any

import pytest

from blueprinter.arm import Unknown
from blueprinter.policy import (
    AssignedPolicy,
    ComplianceState,
    Override,
    OverrideKind,
    ResourceSelector,
    Selector,
    SelectorKind,
    UnsupportedReason,
    compile_policies,
    effect_of,
    fits_version,
    messages_for,
    read_overrides,
    read_resource_selectors,
)
from unit.policy.small_policies import GROUP, NOW, Answers, definition, resource, state, states

BAD = {"field": "name", "exists": True}
"""What every resource here is."""


def assigned(**options: Any) -> AssignedPolicy:
    return AssignedPolicy(definition(BAD), **options)


def selectors(*kinds: Any) -> tuple[ResourceSelector, ...]:
    found, faults = read_resource_selectors([{"name": "s", "selectors": list(kinds)}])
    assert not faults
    return found


def thing(**body: Any) -> Any:
    return resource("Contoso.Test/things", "a", **body)


# ------------------------------------------------------------ exclusions


def test_what_is_excluded_is_not_applicable_and_counted_where_all_states_are_asked_for() -> None:
    policy = assigned(scope="/subscriptions/s1", not_scopes=(GROUP,))
    found = state(policy, thing())
    assert (found.state, found.detail) == (
        ComplianceState.NOT_APPLICABLE,
        "excluded by `notScopes` of the assignment",
    )
    assert not states(policy, thing(), all_states=False)


def test_outside_of_the_scope_there_is_no_state_at_all() -> None:
    assert not states(assigned(scope="/subscriptions/s2", not_scopes=(GROUP,)), thing())


def test_a_switched_off_policy_excludes_nothing() -> None:
    off = AssignedPolicy(definition(BAD, {"effect": "Disabled"}), not_scopes=(GROUP,))
    assert not states(off, thing())


# ------------------------------------------------------------ resource selectors


@pytest.mark.parametrize(
    ("kinds", "body", "expected"),
    [
        ([{"kind": "resourceLocation", "in": ["East US"]}], {"location": "eastus"}, True),
        ([{"kind": "resourceLocation", "in": ["eastus"]}], {"location": "East US 2"}, False),
        ([{"kind": "resourceLocation", "in": ["eastus"]}], {}, False),
        ([{"kind": "resourceLocation", "notIn": ["eastus"]}], {"location": "EASTUS"}, False),
        ([{"kind": "resourceLocation", "notIn": ["eastus"]}], {}, True),
        ([{"kind": "resourceType", "in": ["contoso.test/THINGS"]}], {}, True),
        ([{"kind": "resourceType", "notIn": ["Contoso.Test/things"]}], {}, False),
        (
            [
                {"kind": "resourceType", "in": ["Contoso.Test/things"]},
                {"kind": "resourceLocation", "in": ["a"]},
            ],
            {"location": "b"},
            False,
        ),
        ([{"kind": "resourceWithoutLocation", "in": ["subscriptionLevelResources"]}], {}, False),
        ([], {}, True),
    ],
)
def test_a_resource_meets_every_selector(kinds: list[Any], body: dict[str, Any], expected: bool) -> None:
    found = state(assigned(resource_selectors=selectors(*kinds)), thing(**body))
    assert found.state is (ComplianceState.NON_COMPLIANT if expected else ComplianceState.NOT_APPLICABLE)
    if not expected:
        assert found.detail == "left out by the resource selectors of the assignment"


def test_subscription_level_resources_without_a_location() -> None:
    chosen = selectors({"kind": "resourceWithoutLocation", "in": ["subscriptionLevelResources"]})
    pricing = resource("Microsoft.Security/pricings", "VirtualMachines", scope="/subscriptions/s1")
    assert state(assigned(resource_selectors=chosen), pricing).state is ComplianceState.NON_COMPLIANT


def test_any_of_several_resource_selectors_suffices() -> None:
    one = selectors({"kind": "resourceLocation", "in": ["eastus"]})
    other = selectors({"kind": "resourceType", "in": ["Contoso.Test/things"]})
    policy = assigned(resource_selectors=one + other)
    assert state(policy, thing(location="westus")).state is ComplianceState.NON_COMPLIANT


def test_who_makes_a_request_is_not_known_offline() -> None:
    policy = assigned(resource_selectors=selectors({"kind": "userPrincipalId", "in": ["p"]}))
    found = state(policy, thing())
    assert (found.state, found.reason) == (ComplianceState.UNSUPPORTED, UnsupportedReason.RUNTIME_VALUE)
    both = selectors(
        {"kind": "groupPrincipalId", "in": ["p"]}, {"kind": "resourceLocation", "in": ["eastus"]}
    )
    assert (
        state(assigned(resource_selectors=both), thing(location="westus")).state
        is ComplianceState.NOT_APPLICABLE
    )


def test_a_location_that_only_azure_knows() -> None:
    policy = assigned(resource_selectors=selectors({"kind": "resourceLocation", "in": ["eastus"]}))
    found = state(policy, thing(location=Unknown("parameters('region')")))
    assert (found.state, found.reason) == (ComplianceState.UNSUPPORTED, UnsupportedReason.RUNTIME_VALUE)


def test_a_list_that_only_azure_knows_in_part() -> None:
    found, faults = read_resource_selectors(
        [{"selectors": [{"kind": "resourceLocation", "in": ["eastus", Unknown("parameters('r')")]}]}]
    )
    assert not faults
    policy = assigned(resource_selectors=found)
    assert state(policy, thing(location="eastus")).state is ComplianceState.NON_COMPLIANT
    assert state(policy, thing(location="westus")).state is ComplianceState.UNSUPPORTED


@pytest.mark.parametrize(
    ("value", "pointer", "message"),
    [
        ({}, "", "`resourceSelectors` is an array"),
        ([5], "/0", "an element of `resourceSelectors` is an object"),
        ([{"selectors": [{"kind": "resourceLocaton", "in": []}]}], "/0/selectors/0/kind", "the kind"),
        (
            [{"selectors": [{"kind": "policyDefinitionReferenceId", "in": ["a"]}]}],
            "/0/selectors/0/kind",
            "the kind",
        ),
        ([{"selectors": [{"kind": "resourceType"}]}], "/0/selectors/0", "either `in` or `notIn`"),
        ([{"selectors": [{"kind": "resourceType", "in": [], "notIn": []}]}], "/0/selectors/0", "either"),
        ([{"selectors": [{"kind": "resourceType", "in": [1]}]}], "/0/selectors/0/in", "array of texts"),
        ([{"selectors": [{"kind": "resourceType", "in": ["a"] * 51}]}], "/0/selectors/0/in", "51 values"),
        (
            [{"selectors": [{"kind": "resourceType", "in": ["a"]}, {"kind": "resourceType", "in": ["b"]}]}],
            "/0/selectors/1",
            "stands twice",
        ),
        (
            [
                {
                    "selectors": [
                        {"kind": "resourceLocation", "in": ["a"]},
                        {"kind": "resourceWithoutLocation", "in": ["subscriptionLevelResources"]},
                    ]
                }
            ],
            "/0/selectors",
            "exclude each other",
        ),
        ([{"selectors": [{"kind": "resourceWithoutLocation", "in": ["all"]}]}], "/0/selectors/0/in", "takes"),
        ([{"selectors": []}] * 11, "", "11 `resourceSelectors`"),
    ],
)
def test_what_azure_refuses_of_selectors(value: Any, pointer: str, message: str) -> None:
    _, faults = read_resource_selectors(value)
    (fault,) = faults
    assert fault.pointer == pointer
    assert message in fault.message


# ------------------------------------------------------------ overrides


def overrides(*listed: Any) -> tuple[Override, ...]:
    found, faults = read_overrides(list(listed))
    assert not faults
    return found


def test_an_override_of_the_effect() -> None:
    policy = assigned(overrides=overrides({"kind": "policyEffect", "value": "Deny"}))
    assert effect_of(policy) == "Deny"
    assert state(policy, thing()).effect == "Deny"


def test_an_override_switches_a_member_off_by_its_reference_id() -> None:
    off = overrides(
        {
            "kind": "policyEffect",
            "value": "disabled",
            "selectors": [{"kind": "policyDefinitionReferenceId", "in": ["Limit"]}],
        }
    )
    assert not states(assigned(overrides=off, reference_id="limit"), thing())
    assert effect_of(assigned(overrides=off, reference_id="other")) == "audit"


def test_an_override_for_some_locations() -> None:
    listed = overrides(
        {
            "kind": "policyEffect",
            "value": "disabled",
            "selectors": [{"kind": "resourceLocation", "in": ["eastus"]}],
        },
        {"kind": "policyEffect", "value": "deny"},
        {"kind": "policyEffect", "value": "never"} | {"value": "audit"},
    )
    policy = assigned(overrides=listed)
    assert effect_of(policy) is None
    assert not states(policy, thing(location="East US"))
    assert state(policy, thing(location="westus")).effect == "deny"


def test_an_override_that_does_not_apply_leaves_the_effect() -> None:
    listed = overrides(
        {
            "kind": "policyEffect",
            "value": "deny",
            "selectors": [{"kind": "resourceLocation", "in": ["eastus"]}],
        }
    )
    assert state(assigned(overrides=listed), thing(location="westus")).effect == "audit"
    unknown = state(assigned(overrides=listed), thing(location=Unknown("x")))
    assert (unknown.state, unknown.reason) == (ComplianceState.UNSUPPORTED, UnsupportedReason.RUNTIME_VALUE)


def test_an_override_whose_effect_is_not_known() -> None:
    listed, faults = read_overrides([{"kind": "policyEffect", "value": Unknown("parameters('effect')")}])
    assert not faults
    found = state(assigned(overrides=listed), thing())
    assert (found.state, found.reason) == (ComplianceState.UNSUPPORTED, UnsupportedReason.PARAMETER_MISSING)


def test_an_override_of_the_version_changes_no_effect() -> None:
    listed = overrides({"kind": "policyVersion", "value": "2.*.*"})
    assert listed == (Override(OverrideKind.VERSION, "2.*.*"),)
    assert state(assigned(overrides=listed), thing()).effect == "audit"


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ("x", ""),
        ([{"kind": "effect", "value": "deny"}], "/0/kind"),
        ([{"kind": "policyEffect"}], "/0/value"),
        ([{"kind": "policyEffect", "value": "denny"}], "/0/value"),
        ([{"kind": "policyEffect", "value": "deny"}] * 11, ""),
    ],
)
def test_what_azure_refuses_of_overrides(value: Any, pointer: str) -> None:
    _, faults = read_overrides(value)
    assert [fault.pointer for fault in faults] == [pointer]


def test_selectors_are_read_without_regard_to_case() -> None:
    found, faults = read_resource_selectors(
        [{"Name": "s", "Selectors": [{"Kind": "RESOURCETYPE", "In": ["a/b"]}]}]
    )
    assert not faults
    assert found == (ResourceSelector("s", (Selector(SelectorKind.RESOURCE_TYPE, ("a/b",)),)),)


# ------------------------------------------------------------ messages and versions


def test_the_message_of_the_assignment_is_told_of_what_does_not_comply() -> None:
    policy = assigned(message="call the network team")
    assert state(policy, thing()).detail == "call the network team"
    fine = AssignedPolicy(definition({"field": "name", "exists": False}), message="call the network team")
    assert state(fine, thing()).detail == ""


def test_a_message_for_one_member_comes_before_the_general_one() -> None:
    listed = [{"message": "general"}, {"message": "for tls", "policyDefinitionReferenceId": "TLS"}]
    message = messages_for(listed)
    assert (message("tls"), message("other"), message("")) == ("for tls", "general", "general")
    assert messages_for([{"message": "x", "policyDefinitionReferenceId": "a"}])("b") == ""
    assert messages_for("no list")("a") == ""


@pytest.mark.parametrize(
    ("version", "pin", "fits"),
    [
        ("1.2.3", "1.*.*", True),
        ("1.2.3", "1.2.*", True),
        ("1.2.3", "1.2", True),
        ("1.2.3", "1.*", True),
        ("1.2.3", "1.3", False),
        ("1.3.0", "1.2.*", False),
        ("2.0.0", "1.*.*", False),
        ("10.0.0", "1.*.*", False),
        ("1.0.0-preview", "1.*.*", False),
        ("1.0.0-preview", "1.*.*-preview", True),
        ("1.0.0", "1.*.*-preview", True),
        ("1.0.1-deprecated", "1.*.*", True),
        ("1.0.0", "", True),
        ("", "1.*.*", True),
    ],
)
def test_versions(version: str, pin: str, fits: bool) -> None:
    assert fits_version(version, pin) is fits


# ------------------------------------------------------------ conflicts


def modify(
    value: str, conflict: str = "deny", field: str = "tags.env", operation: str = "addOrReplace"
) -> Any:
    details: dict[str, Any] = {
        "conflictEffect": conflict,
        "operations": [{"operation": operation, "field": field, "value": value}],
    }
    return definition(BAD, {"effect": "modify", "details": details}, name=f"set {value}")


def conflict_states(*policies: Any) -> list[ComplianceState]:
    compiled = compile_policies(
        [AssignedPolicy(one) for one in policies], aliases=_aliases(), now=NOW, all_states=True
    )
    return [one.state for one in compiled.run(thing(properties={}), Answers())]


def _aliases() -> Any:
    from blueprinter.policy import AliasTable

    return AliasTable.inline({"Contoso.Test/things/r[*]": "properties.r[*]"})


BOTH = [ComplianceState.CONFLICT] * 2
NEITHER = [ComplianceState.NON_COMPLIANT] * 2


def test_two_that_write_different_values_are_in_conflict() -> None:
    assert conflict_states(modify("a"), modify("b", field="tags['ENV']")) == BOTH
    assert conflict_states(modify("a"), modify("A")) == NEITHER
    assert conflict_states(modify("a"), modify("b", field="tags.other")) == NEITHER


def test_who_steps_back_is_in_no_conflict() -> None:
    assert conflict_states(modify("a"), modify("b", conflict="Audit")) == NEITHER
    assert conflict_states(modify("a", conflict="audit"), modify("b", conflict="disabled")) == NEITHER


def test_one_that_removes_and_one_that_adds() -> None:
    assert conflict_states(modify("a"), modify("a", operation="Remove")) == BOTH


def test_appended_values_conflict_too() -> None:
    def append(value: str, field: str = "tags.env") -> Any:
        return definition(
            BAD, {"effect": "append", "details": [{"field": field, "value": value}]}, name=value
        )

    assert conflict_states(append("a"), append("b")) == BOTH
    members = "Contoso.Test/things/r[*]"
    assert conflict_states(append("a", members), append("b", members)) == NEITHER
