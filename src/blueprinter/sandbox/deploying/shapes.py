"""What the bodies of deployments may hold."""

from __future__ import annotations

from blueprinter.sandbox.strictness import ANY, FLAG, READ_ONLY, TEXT, Shape, map_of, one_of, record

_VAULT = record({"keyVault": record({"id": TEXT}, "id"), "secretName": TEXT, "secretVersion": TEXT})
PARAMETERS = map_of(
    record({"value": ANY, "reference": _VAULT, "expression": TEXT, "type": TEXT, "metadata": ANY})
)
TEMPLATE_LINK = record(
    {"uri": TEXT, "id": TEXT, "relativePath": TEXT, "contentVersion": TEXT, "queryString": TEXT}
)
PARAMETERS_LINK = record({"uri": TEXT, "contentVersion": TEXT})
VALIDATION_LEVEL = one_of("Template", "Provider", "ProviderNoRbac")

_PROPERTIES: dict[str, Shape] = {
    "template": ANY,
    "templateLink": TEMPLATE_LINK,
    "parameters": ANY,
    "parametersLink": PARAMETERS_LINK,
    "externalInputs": ANY,
    "externalInputDefinitions": ANY,
    "extensionConfigs": ANY,
    "mode": one_of("Incremental", "Complete"),
    "debugSetting": record({"detailLevel": TEXT}),
    "onErrorDeployment": record(
        {"type": one_of("LastSuccessful", "SpecificDeployment"), "deploymentName": TEXT}
    ),
    "expressionEvaluationOptions": record({"scope": one_of("NotSpecified", "Outer", "Inner")}),
    "validationLevel": VALIDATION_LEVEL,
    "whatIfSettings": record({"resultFormat": one_of("ResourceIdOnly", "FullResourcePayloads")}),
}
_MEMBERS: dict[str, Shape] = {
    **READ_ONLY,
    "location": TEXT,
    "tags": map_of(TEXT),
    "scope": TEXT,
    "identity": record({"type": TEXT, "userAssignedIdentities": map_of(ANY)}),
    "properties": record({**_PROPERTIES, "provisioningState": TEXT, "duration": TEXT}, "mode"),
}
DEPLOYMENT = record(_MEMBERS, "properties")

_STACK_PROPERTIES: dict[str, Shape] = {
    "template": ANY,
    "templateLink": TEMPLATE_LINK,
    "parameters": PARAMETERS,
    "parametersLink": PARAMETERS_LINK,
    "extensionConfigs": ANY,
    "externalInputs": ANY,
    "externalInputDefinitions": ANY,
    "actionOnUnmanage": record(
        {
            "resources": one_of("delete", "detach"),
            "resourceGroups": one_of("delete", "detach"),
            "managementGroups": one_of("delete", "detach"),
            "resourcesWithoutDeleteSupport": one_of("detach", "fail"),
        },
        "resources",
    ),
    "debugSetting": record({"detailLevel": TEXT}),
    "deploymentScope": TEXT,
    "description": TEXT,
    "denySettings": record(
        {
            "mode": one_of("denyDelete", "denyWriteAndDelete", "none"),
            "excludedPrincipals": Shape(),
            "excludedActions": Shape(),
            "applyToChildScopes": FLAG,
        },
        "mode",
    ),
    "bypassStackOutOfSyncError": FLAG,
    "validationLevel": VALIDATION_LEVEL,
    "provisioningState": TEXT,
    "correlationId": TEXT,
    "outputs": ANY,
    "duration": TEXT,
    "error": ANY,
    "resources": ANY,
    "detachedResources": ANY,
    "deletedResources": ANY,
    "failedResources": ANY,
    "deploymentId": TEXT,
    "deploymentExtensions": ANY,
}
_STACK_MEMBERS: dict[str, Shape] = {**READ_ONLY, "location": TEXT, "tags": map_of(TEXT)}
STACK = record(
    {**_STACK_MEMBERS, "properties": record(_STACK_PROPERTIES, "actionOnUnmanage", "denySettings")},
    "properties",
)
STACK_WHAT_IF = record(
    {
        **_STACK_MEMBERS,
        "properties": record(
            {
                **_STACK_PROPERTIES,
                "deploymentStackResourceId": TEXT,
                "deploymentStackLastModified": TEXT,
                "retentionInterval": TEXT,
                "changes": ANY,
                "diagnostics": ANY,
            },
            "actionOnUnmanage",
            "denySettings",
            "deploymentStackResourceId",
            "retentionInterval",
        ),
    },
    "properties",
)
