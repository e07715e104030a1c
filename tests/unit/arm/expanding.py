"""What the tests of expansion share: templates in short, and their expansion."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from blueprinter.arm import DeploymentContext, Expansion, expand, expand_to_json
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Document, parse

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-app"
SCHEMAS = {
    "resourceGroup": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "subscription": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
    "managementGroup": "https://schema.management.azure.com/schemas/2019-08-01/managementGroupDeploymentTemplate.json#",
    "tenant": "https://schema.management.azure.com/schemas/2019-08-01/tenantDeploymentTemplate.json#",
}
CONTEXT = DeploymentContext(
    subscription_id=SUBSCRIPTION,
    resource_group="rg-app",
    location="westeurope",
    deployment_name="main",
    tenant_id="aaaaaaaa-0000-0000-0000-000000000000",
    utc_now="2026-01-02T03:04:05Z",
)


def template(resources: Any = (), *, scope: str = "resourceGroup", **sections: Any) -> dict[str, Any]:
    """A template of these resources; sections such as `parameters` and `outputs` by name."""
    listed = resources if isinstance(resources, dict) else list(resources)
    return {"$schema": SCHEMAS[scope], "contentVersion": "1.0.0.0", **sections, "resources": listed}


def resource(name: str = "one", type: str = "Contoso.Test/things", **members: Any) -> dict[str, Any]:
    """A resource; `apiVersion` is 2024-01-01."""
    return {"type": type, "apiVersion": "2024-01-01", "name": name, **members}


def deployment(name: str, inner: Any, *, evaluation: str = "inner", **members: Any) -> dict[str, Any]:
    """A nested deployment; parameters of inner scope are plain values."""
    given = members.pop("parameters", None)
    properties: dict[str, Any] = {
        "mode": "Incremental",
        "expressionEvaluationOptions": {"scope": evaluation},
        "template": inner,
    }
    if given is not None:
        properties["parameters"] = {key: {"value": value} for key, value in given.items()}
    return resource(name, "Microsoft.Resources/deployments", properties=properties, **members)


def document(value: Any, file: str = "main.json") -> Document:
    """A document of JSON text (given as such, or made from a value)."""
    return parse(value if isinstance(value, str) else json.dumps(value, indent=2), file)


def expanded(
    value: Any,
    *,
    parameters: Mapping[str, Any] | None = None,
    parameter_document: Document | None = None,
    context: DeploymentContext = CONTEXT,
    strict: bool = False,
    read: Callable[[str, str], Document] | None = None,
) -> Expansion:
    """The expansion of a template."""
    return expand(
        document(value),
        parameters=parameters,
        parameter_document=parameter_document,
        context=context,
        strict=strict,
        read=read,
    )


def printed(value: Any, **options: Any) -> dict[str, Any]:
    """The expansion of a template, as it is printed."""
    shown: dict[str, Any] = expand_to_json(expanded(value, **options))
    return shown


def names(value: Any, **options: Any) -> list[str]:
    """The names of the resources in deployment order."""
    return [one["name"] for one in printed(value, **options)["resources"]]


def outputs(value: Any, **options: Any) -> dict[str, Any]:
    """The printed outputs."""
    shown: dict[str, Any] = printed(value, **options)["outputs"]
    return shown


def output(expression: Any, type: str = "string", **options: Any) -> Any:
    """The printed value of one output."""
    sections = {key: options.pop(key) for key in ("parameters", "variables", "functions") if key in options}
    whole = template(
        options.pop("resources", ()), outputs={"it": {"type": type, "value": expression}}, **sections
    )
    return outputs(whole, **options)["it"]


def faults(value: Any, **options: Any) -> list[tuple[str, str]]:
    """Code and message of each error that the expansion ends with."""
    try:
        expanded(value, **options)
    except InvalidInput as found:
        return [(one.code, one.message) for one in found.diagnostics]
    return []


def warnings(value: Any, **options: Any) -> list[tuple[str, str]]:
    """Code and message of each warning of the expansion."""
    return [(one.code, one.message) for one in expanded(value, **options).diagnostics]
