"""deployIfNotExists and deny across clients: deployed after the fact, remediated, refused inside a deployment."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.policyinsights import PolicyInsightsClient
from azure.mgmt.policyinsights.models import QueryOptions
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.policy import PolicyClient
from azure.mgmt.resource.resources import ResourceManagementClient

from contract.cloud import FIRST, SUBSCRIPTION, Cloud
from contract.estate import STORAGE, VERSION, account, assign, make_accounts, template

CONTRIBUTOR = "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"
SERVICES = f"{STORAGE}/blobServices"


def _deploys_services() -> dict[str, Any]:
    inner = template(
        "deploymentTemplate",
        parameters={"account": {"type": "string"}},
        resources=[
            {
                "type": SERVICES,
                "apiVersion": "2023-01-01",
                "name": "[concat(parameters('account'), '/default')]",
                "properties": {"isVersioningEnabled": True},
            }
        ],
    )
    return {
        "properties": {
            "displayName": "Versions are kept",
            "mode": "Indexed",
            "policyRule": {
                "if": {"field": "type", "equals": STORAGE},
                "then": {
                    "effect": "deployIfNotExists",
                    "details": {
                        "type": SERVICES,
                        "roleDefinitionIds": [CONTRIBUTOR],
                        "existenceCondition": {
                            "field": f"{SERVICES}/isVersioningEnabled",
                            "equals": True,
                        },
                        "deployment": {
                            "properties": {
                                "mode": "incremental",
                                "template": inner,
                                "parameters": {"account": {"value": "[field('name')]"}},
                            }
                        },
                    },
                },
            },
        }
    }


def _assign(cloud: Cloud, policies: PolicyClient) -> str:
    """With an identity that may do it."""
    made = policies.policy_definitions.create_or_update("versions", _deploys_services())
    assigned = policies.policy_assignments.create(
        SUBSCRIPTION,
        "versions",
        {
            "location": "westeurope",
            "identity": {"type": "SystemAssigned"},
            "properties": {"policyDefinitionId": made.id},
        },
    )
    cloud.client(AuthorizationManagementClient, FIRST).role_assignments.create(
        SUBSCRIPTION,
        "22222222-2222-2222-2222-222222222222",
        {
            "properties": {
                "roleDefinitionId": f"{SUBSCRIPTION}{CONTRIBUTOR}",
                "principalId": assigned.identity.principal_id,
                "principalType": "ServicePrincipal",
            }
        },
    )
    return str(assigned.id)


def _states(insights: PolicyInsightsClient) -> dict[str, str]:
    insights.policy_states.begin_trigger_subscription_evaluation(FIRST).result()
    found = insights.policy_states.list_query_results_for_subscription(
        policy_states_resource="latest", subscription_id=FIRST, query_options=QueryOptions()
    )
    return {one.resource_id.rpartition("/")[2]: one.compliance_state for one in found}


def test_remediation(cloud: Cloud, resources: ResourceManagementClient, policies: PolicyClient) -> None:
    """What was there before the policy is mended by a remediation, and then complies."""
    insights = cloud.client(PolicyInsightsClient, FIRST)
    make_accounts(resources, old="westeurope")
    assignment = _assign(cloud, policies)
    assert _states(insights) == {"old": "NonCompliant"}
    body = {"properties": {"policyAssignmentId": assignment}}
    insights.remediations.create_or_update_at_subscription("fix", body)
    for _ in range(30):
        found = insights.remediations.get_at_subscription("fix")
        if found.provisioning_state not in ("Accepted", "Evaluating", "Running"):
            break
    assert found.provisioning_state == "Succeeded"
    assert found.deployment_status.successful_deployments == 1
    listed = list(insights.remediations.list_deployments_at_subscription("fix"))
    assert [one.remediated_resource_id.lower() for one in listed] == [account("old").lower()]
    services = resources.resources.get_by_id(f"{account('old')}/blobServices/default", **VERSION)
    assert services.properties == {"isVersioningEnabled": True}
    assert _states(insights) == {"old": "Compliant"}
    insights.remediations.delete_at_subscription("fix")
    assert list(insights.remediations.list_for_subscription()) == []


def test_deployed_after_a_write(
    cloud: Cloud, resources: ResourceManagementClient, policies: PolicyClient
) -> None:
    _assign(cloud, policies)
    make_accounts(resources, new="westeurope")
    services = f"{account('new')}/blobServices/default"
    # it takes its time, as the clock of requests counts it
    for _ in range(30):
        if resources.resources.check_existence_by_id(services, **VERSION):
            break
    assert resources.resources.get_by_id(services, **VERSION).properties == {"isVersioningEnabled": True}


def test_denied_inside_a_deployment(
    resources: ResourceManagementClient, policies: PolicyClient, deployments: DeploymentsMgmtClient
) -> None:
    """Either way the client learns which policy it was; after the fact only from the body of the answer."""
    assignment = assign(policies, "deny")
    resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    found = template(
        "deploymentTemplate",
        resources=[
            {
                "type": STORAGE,
                "apiVersion": "2023-01-01",
                "name": "bad",
                "location": "northeurope",
                "properties": {},
            }
        ],
    )
    body = {"properties": {"mode": "Incremental", "template": found}}
    with pytest.raises(HttpResponseError) as caught:
        deployments.deployments.begin_create_or_update("rg", "d", body).result()
    assert caught.value.response is not None
    text = caught.value.response.text()
    assert "RequestDisallowedByPolicy" in text
    assert assignment.lower() in text.lower()
    assert not resources.resources.check_existence_by_id(account("bad"), **VERSION)
