"""The sample queries of Microsoft Learn ("Azure Resource Graph sample queries for Azure Policy", "… for management
groups") over a few states; the results follow from the states."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from blueprinter.sandbox.kql import Table, Type, run

COLUMNS = {"id": Type.TEXT, "name": Type.TEXT, "type": Type.TEXT, "properties": Type.DYNAMIC}
WEIGHTS = (
    "stateWeight = iff(complianceState == 'NonCompliant', int(300), iff(complianceState == 'Compliant', int(200),"
    " iff(complianceState == 'Conflict', int(100), iff(complianceState == 'Exempt', int(50), int(0)))))"
)
COUNTS = """
| summarize overallStateWeight = max(max_stateWeight),
nonCompliantCount = sumif(counts, max_stateWeight == 300),
compliantCount = sumif(counts, max_stateWeight == 200),
conflictCount = sumif(counts, max_stateWeight == 100),
exemptCount = sumif(counts, max_stateWeight == 50) by {keys}
| extend totalResources = todouble(nonCompliantCount + compliantCount + conflictCount + exemptCount)
| extend compliancePercentage = iff(totalResources == 0, todouble(100),
 100 * todouble(compliantCount + exemptCount) / totalResources)
"""
OVERALL = (
    "iff(overallStateWeight == 300, 'noncompliant', iff(overallStateWeight == 200, 'compliant',"
    " iff(overallStateWeight == 100, 'conflict', iff(overallStateWeight == 50, 'exempt', 'notstarted'))))"
)


def _state(
    resource: str, state: str, *, assignment: str = "a1", definition: str = "d1", groups: Any = None
) -> Any:
    return {
        "id": f"{resource}/providers/microsoft.policyinsights/policystates/{definition}",
        "name": definition,
        "type": "microsoft.policyinsights/policystates",
        "properties": {
            "complianceState": state,
            "resourceId": resource,
            "resourceType": "Microsoft.Storage/storageAccounts",
            "resourceLocation": "westeurope" if resource != "/r/4" else "northeurope",
            "policyAssignmentId": f"/s/{assignment}",
            "policyAssignmentScope": "/s",
            "policyAssignmentName": assignment,
            "policyDefinitionId": definition,
            "policyDefinitionGroupNames": groups or [""],
        },
    }


STATES = [
    # one resource, two policies of one assignment: the worse one counts
    _state("/r/1", "Compliant", groups=["g1", "g2"]),
    _state("/r/1", "NonCompliant", definition="d2", groups=["g2"]),
    _state("/r/2", "Compliant", groups=["g1", "g2"]),
    _state("/r/3", "Exempt", groups=["g1", "g2"]),
    _state("/r/4", "Compliant", assignment="a2"),
]
OTHERS = [
    {
        "id": "/mg/child",
        "name": "child",
        "type": "microsoft.management/managementgroups",
        "properties": {
            "displayName": "Child",
            "details": {
                "managementGroupAncestorsChain": [
                    {"name": "mid", "displayName": "Mid"},
                    {"name": "root", "displayName": "Root"},
                ]
            },
        },
    }
]


def _ask(query: str) -> list[dict[str, Any]]:
    def rows() -> Iterable[dict[str, Any]]:
        return STATES

    tables = {"PolicyResources": Table(COLUMNS, rows), "ResourceContainers": Table(COLUMNS, lambda: OTHERS)}
    return list(run(query, tables, now=datetime(2026, 11, 20, tzinfo=UTC)).rows)


def test_compliance_by_policy_assignment() -> None:
    found = _ask(
        f"""PolicyResources
        | where type =~ 'Microsoft.PolicyInsights/PolicyStates'
        | extend complianceState = tostring(properties.complianceState)
        | extend
            resourceId = tostring(properties.resourceId),
            policyAssignmentId = tostring(properties.policyAssignmentId),
            policyAssignmentScope = tostring(properties.policyAssignmentScope),
            policyAssignmentName = tostring(properties.policyAssignmentName),
            policyDefinitionId = tostring(properties.policyDefinitionId),
            policyDefinitionReferenceId = tostring(properties.policyDefinitionReferenceId),
            {WEIGHTS}
        | summarize max(stateWeight) by resourceId, policyAssignmentId, policyAssignmentScope, policyAssignmentName
        | summarize counts = count() by policyAssignmentId, policyAssignmentScope, max_stateWeight,
          policyAssignmentName
        {COUNTS.format(keys="policyAssignmentId, policyAssignmentScope, policyAssignmentName")}
        | project policyAssignmentName, scope = policyAssignmentScope, complianceState = {OVERALL},
          compliancePercentage, compliantCount, nonCompliantCount, conflictCount, exemptCount"""
    )
    assert found == [
        {
            "policyAssignmentName": "a1",
            "scope": "/s",
            "complianceState": "noncompliant",
            "compliancePercentage": 200 / 3,
            "compliantCount": 1,
            "nonCompliantCount": 1,
            "conflictCount": 0,
            "exemptCount": 1,
        },
        {
            "policyAssignmentName": "a2",
            "scope": "/s",
            "complianceState": "compliant",
            "compliancePercentage": 100.0,
            "compliantCount": 1,
            "nonCompliantCount": 0,
            "conflictCount": 0,
            "exemptCount": 0,
        },
    ]


def test_compliance_by_resource_type() -> None:
    found = _ask(
        f"""PolicyResources
        | where type =~ 'Microsoft.PolicyInsights/PolicyStates'
        | extend complianceState = tostring(properties.complianceState)
        | extend resourceId = tostring(properties.resourceId),
            resourceType = tolower(tostring(properties.resourceType)), {WEIGHTS}
        | summarize max(stateWeight) by resourceId, resourceType
        | summarize counts = count() by resourceType, max_stateWeight
        {COUNTS.format(keys="resourceType")}
        | project resourceType, overAllComplianceState = {OVERALL}, totalResources"""
    )
    assert found == [
        {
            "resourceType": "microsoft.storage/storageaccounts",
            "overAllComplianceState": "noncompliant",
            "totalResources": 4.0,
        }
    ]


def test_all_non_compliant_resources() -> None:
    found = _ask(
        """PolicyResources
        | where type == 'microsoft.policyinsights/policystates'
        | where properties.complianceState == 'NonCompliant'
        | extend NonCompliantResourceId = properties.resourceId, PolicyAssignmentName = properties.policyAssignmentName
        """
    )
    assert [(row["NonCompliantResourceId"], row["PolicyAssignmentName"]) for row in found] == [("/r/1", "a1")]


def test_resource_compliance_by_state_and_location() -> None:
    found = _ask(
        """PolicyResources
        | where type == 'microsoft.policyinsights/policystates'
        | extend complianceState = tostring(properties.complianceState)
        | extend resourceLocation = tostring(properties.resourceLocation)
        | summarize count() by resourceLocation, complianceState"""
    )
    assert found == [
        {"resourceLocation": "westeurope", "complianceState": "Compliant", "count_": 2},
        {"resourceLocation": "westeurope", "complianceState": "NonCompliant", "count_": 1},
        {"resourceLocation": "westeurope", "complianceState": "Exempt", "count_": 1},
        {"resourceLocation": "northeurope", "complianceState": "Compliant", "count_": 1},
    ]


def test_distinct_resources_by_group() -> None:
    """Two stages, so that a resource counts once for a group, with its worst state."""
    found = _ask(
        f"""PolicyResources
        | where type =~ 'Microsoft.PolicyInsights/PolicyStates'
        | extend complianceState = tostring(properties.complianceState), resourceId = tostring(properties.resourceId)
        | extend {WEIGHTS}
        | mv-expand g = properties.policyDefinitionGroupNames limit 400
        | extend g = tostring(g) | where isnotempty(g)
        | summarize max(stateWeight) by resourceId, g
        | summarize n = count() by g, max_stateWeight
        | order by g asc, max_stateWeight desc"""
    )
    assert [(row["g"], row["max_stateWeight"], row["n"]) for row in found] == [
        ("g1", 200, 2),
        ("g1", 50, 1),
        ("g2", 300, 1),
        ("g2", 200, 1),
        ("g2", 50, 1),
    ]


def test_ancestors_of_a_management_group() -> None:
    found = _ask(
        """ResourceContainers
        | where type == 'microsoft.management/managementgroups'
        | extend mgParent = properties.details.managementGroupAncestorsChain
        | mv-expand with_itemindex=MGHierarchy mgParent
        | project name, properties.displayName, mgParent, MGHierarchy, mgParent.name"""
    )
    assert [(row["MGHierarchy"], row["mgParent_name"], row["properties_displayName"]) for row in found] == [
        (0, "mid", "Child"),
        (1, "root", "Child"),
    ]
