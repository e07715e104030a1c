"""Deployments of the sandbox: what Azure answers, refuses and makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure.core.exceptions import HttpResponseError
from azure.mgmt.resource.deployments import DeploymentsMgmtClient

from blueprinter.sandbox import Principal, Settings
from blueprinter.sandbox.deploying import start_deployment
from unit.sandbox.azure_box import (
    CREDENTIAL,
    GROUP,
    ORIGIN,
    SUB,
    SUB_SCHEMA,
    SUBSCRIPTION,
    Azure,
    deployment,
    nested,
    request,
    resource,
    template,
)

NET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks"
STORAGE = "Microsoft.Storage/storageAccounts"


@pytest.fixture
def azure() -> Azure:
    return Azure()


def test_a_deployment_is_accepted_runs_and_succeeds(azure: Azure) -> None:
    body = request(
        template(
            resource("a"),
            outputs={
                "id": {"type": "string", "value": "[resourceId('Microsoft.Network/virtualNetworks', 'a')]"}
            },
        )
    )
    first = azure.send("PUT", deployment(), body)
    assert first.status == 201
    status = first.headers["Azure-AsyncOperation"]
    assert status.startswith(f"{ORIGIN}{deployment()}/operationStatuses/")
    properties = first.json()["properties"]
    assert properties["provisioningState"] == "Accepted"
    assert properties["providers"] == [
        {
            "namespace": "Microsoft.Network",
            "resourceTypes": [{"resourceType": "virtualNetworks", "locations": ["westeurope"]}],
        }
    ]
    found = azure.finish(deployment())["properties"]
    assert azure.ok("GET", status) == {"status": "Succeeded"}
    assert found["outputs"] == {"id": {"type": "String", "value": f"{NET}/a"}}
    assert found["outputResources"] == [{"id": f"{NET}/a"}]
    assert azure.ok("GET", f"{NET}/a")["location"] == "westeurope"
    assert azure.send("PUT", deployment(), body).status == 200


def test_resources_are_made_in_waves_in_the_order_of_their_needs(azure: Azure) -> None:
    needs_b = "[resourceId('Microsoft.Network/virtualNetworks', 'b')]"
    azure.ok("PUT", deployment(), request(template(resource("a", needs=[needs_b]), resource("b"))))
    before: list[tuple[bool, bool]] = []
    for _ in range(4):
        before.append(tuple(azure.send("GET", f"{NET}/{name}").status == 200 for name in "ab"))  # type: ignore[arg-type]  # two names
    assert (True, False) not in before
    found = azure.finish(deployment())["properties"]
    assert [one["resourceName"] for one in found["dependencies"]] == ["a"]
    assert found["dependencies"][0]["dependsOn"][0]["id"] == f"{NET}/b"


def test_reference_reads_what_was_made_and_invents_what_a_provider_would_fill_in(azure: Azure) -> None:
    account = resource("account", STORAGE, properties={"minimumTlsVersion": "TLS1_2"})
    outputs = {
        "tls": {"type": "string", "value": "[reference('account').minimumTlsVersion]"},
        "blob": {"type": "string", "value": "[concat('<', reference('account').primaryEndpoints.blob, '>')]"},
        "place": {"type": "string", "value": "[reference('account', '2023-01-01', 'full').location]"},
        "none": {
            "type": "string",
            "nullable": True,
            "value": "[tryGet(tryGet(reference('account'), 'x'), 'y')]",
        },
    }
    found = azure.deploy(template(account, outputs=outputs))["outputs"]
    assert found["tls"]["value"] == "TLS1_2"
    assert found["blob"]["value"].startswith("<https://account.blob.")
    assert found["place"]["value"] == "westeurope"
    assert found["none"]["value"] is None


def test_the_identity_of_a_resource_is_known_to_what_needs_it(azure: Azure) -> None:
    site = resource("site", "Microsoft.Web/sites", identity={"type": "SystemAssigned"})
    principal = "[reference('site', '2022-03-01', 'full').identity.principalId]"
    found = azure.deploy(template(site, resource("a", tags={"who": principal})))
    assert found["provisioningState"] == "Succeeded", found
    made = azure.ok("GET", f"{GROUP}/providers/Microsoft.Web/sites/site")["identity"]["principalId"]
    assert azure.ok("GET", f"{NET}/a")["tags"] == {"who": made}


def test_what_is_missing_fails_the_resource_that_needs_it_and_what_needs_that(azure: Azure) -> None:
    missing = "[reference(resourceId('Microsoft.Network/virtualNetworks', 'gone'), '2023-01-01').x]"
    first = resource("first", properties={"x": missing})
    found = azure.deploy(template(first, resource("second", needs=["first"]), resource("third")))
    assert found["provisioningState"] == "Failed"
    error = found["error"]
    assert (error["code"], error["details"][0]["code"]) == ("DeploymentFailed", "ResourceNotFound")
    made = {name: azure.send("GET", f"{NET}/{name}").status for name in ("first", "second", "third")}
    assert made == {"first": 404, "second": 404, "third": 200}
    entries = azure.ok("GET", f"{deployment()}/operations")["value"]
    assert [one["properties"]["provisioningState"] for one in entries] == ["Failed", "Succeeded"]
    assert "outputs" not in found


def test_nested_deployments_are_deployments_of_their_own(azure: Azure) -> None:
    inner = template(
        resource("[parameters('name')]"),
        parameters={"name": {"type": "string"}},
        outputs={
            "id": {
                "type": "string",
                "value": "[resourceId('Microsoft.Network/virtualNetworks', parameters('name'))]",
            }
        },
    )
    outer = template(
        nested("one", inner, parameters={"name": {"value": "a"}}),
        nested(
            "two",
            inner,
            parameters={"name": {"value": "[last(split(reference('one').outputs.id.value, '/'))]"}},
            resourceGroup="other",
        ),
        outputs={"id": {"type": "string", "value": "[reference('two').outputs.id.value]"}},
    )
    azure.ok("PUT", f"{SUB}/resourceGroups/other", {"location": "northeurope"})
    found = azure.deploy(outer)
    there = f"{SUB}/resourceGroups/other/providers/Microsoft.Network/virtualNetworks/a"
    # `two` is found at the outer deployment's own scope or by name, whatever group it deploys to
    assert found["provisioningState"] == "Succeeded", found
    assert found["outputs"]["id"]["value"] == there
    assert {one["id"] for one in found["outputResources"]} == {f"{NET}/a", there}
    names = [
        one["name"] for one in azure.ok("GET", f"{GROUP}/providers/Microsoft.Resources/deployments/")["value"]
    ]
    assert names == ["d", "one"]
    one = azure.ok("GET", deployment("one"))["properties"]
    assert one["correlationId"] == found["correlationId"]


def test_outer_scope_takes_names_from_the_parent(azure: Azure) -> None:
    inner = template(
        resource("[variables('name')]"),
        resource("[concat('copy', copyIndex())]", copy={"name": "many", "count": 2}),
        resource("z", needs=["[variables('name')]"], properties={"x": "[reference(variables('name')).y]"}),
        outputs={"x": {"type": "string", "value": "[parameters('p')]"}},
    )
    outer = template(
        nested("n", inner, scope="outer"),
        parameters={"p": {"type": "string"}, "secret": {"type": "securestring"}},
        variables={"name": "a"},
        outputs={"x": {"type": "string", "value": "[reference('n').outputs.x.value]"}},
    )
    found = azure.deploy(outer, parameters={"p": "[[text]", "secret": "s3cret"})
    assert found["provisioningState"] == "Succeeded", found
    assert found["outputs"]["x"]["value"] == "[[text]"
    assert len(found["outputResources"]) == 4


def test_secure_values_are_sent_and_shown_nowhere(azure: Azure) -> None:
    inner = template(
        resource(
            "vm",
            "Microsoft.Compute/virtualMachines",
            properties={"osProfile": {"adminUsername": "a", "adminPassword": "[parameters('p')]"}},
        ),
        parameters={"p": {"type": "securestring", "minLength": 5}},
        outputs={"back": {"type": "securestring", "value": "[parameters('p')]"}},
    )
    outer = template(
        nested("n", inner, parameters={"p": {"value": "[parameters('p')]"}}),
        parameters={"p": {"type": "securestring"}},
        outputs={
            "hidden": {"type": "securestring", "value": "[parameters('p')]"},
            "careless": {"type": "string", "value": "[concat('x', parameters('p'))]"},
            "long": {"type": "int", "value": "[length(parameters('p'))]"},
        },
    )
    found = azure.deploy(outer, parameters={"p": "s3cret-s3cret"})
    assert found["provisioningState"] == "Succeeded", found
    assert found["parameters"] == {"p": {"type": "SecureString"}}
    assert found["outputs"]["hidden"] == {"type": "SecureString"}
    assert found["outputs"]["careless"] == {"type": "String"}
    assert found["outputs"]["long"]["value"] == len("s3cret-s3cret")
    machine = azure.ok("GET", f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm")
    assert machine["properties"]["osProfile"] == {"adminUsername": "a"}
    for path in (
        deployment(),
        deployment("n"),
        f"{deployment()}/operations",
        f"{deployment('n')}/operations",
    ):
        assert b"s3cret" not in azure.send("GET", path).body
    with azure.box.open_box() as box:
        for table in ("operations", "deployment_secrets", "deployment_operations"):
            assert "s3cret" not in str(list(box.store.rows(f"SELECT * FROM {table}")))


def test_secure_outputs_are_handed_on_and_not_shown(azure: Azure) -> None:
    inner = template(
        parameters={"p": {"type": "securestring"}},
        outputs={"o": {"type": "securestring", "value": "[concat('x', parameters('p'))]"}},
    )
    needs_ten = template(
        parameters={"q": {"type": "securestring", "minLength": 10, "maxLength": 10}},
        outputs={"n": {"type": "int", "value": "[length(parameters('q'))]"}},
    )
    handed = {"q": {"value": "[listOutputsWithSecureValues('one', '2025-04-01').o]"}}
    body = template(
        nested("one", inner, parameters={"p": {"value": "[parameters('p')]"}}),
        nested("two", needs_ten, parameters=handed),
        parameters={"p": {"type": "securestring"}},
        outputs={
            "n": {"type": "int", "value": "[reference('two').outputs.n.value]"},
            "leak": {"type": "string", "value": "[listOutputsWithSecureValues('one', '2025-04-01').o]"},
        },
    )
    found = azure.deploy(body, parameters={"p": "123456789"})
    assert found["provisioningState"] == "Succeeded", found
    assert found["outputs"] == {"n": {"type": "Int", "value": 10}, "leak": {"type": "String"}}
    plain = template(
        outputs={
            "o": {
                "type": "string",
                "value": f"[reference('{deployment('one')}', '2022-09-01').outputs.o.value]",
            }
        }
    )
    failed = azure.deploy(plain, name="plain")["error"]["details"][0]
    assert failed["code"] == "DeploymentOutputEvaluationFailed"
    assert "The language expression property 'value' doesn't exist" in failed["message"]


def test_keys_are_made_up_and_not_shown_in_outputs(azure: Azure) -> None:
    keys = (
        "[listKeys(resourceId('Microsoft.Storage/storageAccounts', 'account'), '2023-01-01').keys[0].value]"
    )
    site = resource("site", "Microsoft.Web/sites", needs=["account"], properties={"key": keys})
    found = azure.deploy(
        template(resource("account", STORAGE), site, outputs={"key": {"type": "string", "value": keys}})
    )
    assert found["outputs"]["key"]["value"] == "***"
    made = azure.ok("GET", f"{GROUP}/providers/Microsoft.Web/sites/site")["properties"]["key"]
    assert len(made) == 32


def test_conditions_copies_and_existing_resources(azure: Azure) -> None:
    azure.ok("PUT", f"{NET}/there", {"location": "westeurope", "properties": {"mark": "m"}})
    body = {
        "$schema": template()["$schema"],
        "languageVersion": "2.0",
        "contentVersion": "1.0.0.0",
        "resources": {
            "there": {
                "existing": True,
                "type": "Microsoft.Network/virtualNetworks",
                "apiVersion": "2023-01-01",
                "name": "there",
            },
            "no": {**resource("no"), "condition": False},
            "many": {**resource("[format('m{0}', copyIndex())]"), "copy": {"name": "many", "count": 3}},
        },
        "outputs": {
            "mark": {"type": "string", "value": "[reference('there').mark]"},
            "names": {"type": "array", "copy": {"count": 2, "input": "[copyIndex(5)]"}},
        },
    }
    found = azure.deploy(body)
    assert found["outputs"]["mark"]["value"] == "m"
    assert found["outputs"]["names"] == {"type": "Array", "value": [5, 6]}
    assert [one["id"] for one in found["outputResources"]] == [f"{NET}/m{index}" for index in range(3)]


def test_serial_copies_are_made_batch_after_batch(azure: Azure) -> None:
    loop = {"name": "many", "count": 4, "mode": "serial", "batchSize": 2}
    azure.ok("PUT", deployment(), request(template(resource("[concat('m', copyIndex())]", copy=loop))))
    counts = set()
    for _ in range(6):
        counts.add(len(azure.ok("GET", f"{GROUP}/resources")["value"]))
    assert counts == {2, 4} or counts == {0, 2, 4}


def test_complete_mode_removes_what_the_template_does_not_have(azure: Azure) -> None:
    azure.ok("PUT", f"{NET}/old", {"location": "westeurope"})
    azure.ok("PUT", f"{NET}/old/subnets/s", {"properties": {}})
    found = azure.deploy(template(resource("a"), nested("n", template(resource("b")))), mode="Complete")
    assert found["provisioningState"] == "Succeeded"
    names = [one["name"] for one in azure.ok("GET", f"{GROUP}/resources")["value"]]
    assert names == ["a", "b"]
    azure.deploy(template(resource("a")))
    assert len(azure.ok("GET", f"{GROUP}/resources")["value"]) == 2


def test_a_subscription_deployment_makes_a_group_and_deploys_into_it(azure: Azure) -> None:
    inner = template(resource("a", location="[resourceGroup().location]"))
    outer = template(
        {
            "type": "Microsoft.Resources/resourceGroups",
            "apiVersion": "2022-09-01",
            "name": "made",
            "location": "northeurope",
        },
        nested("into", inner, resourceGroup="made", dependsOn=["made"]),
        schema=SUB_SCHEMA,
    )
    found = azure.deploy(outer, scope=SUB)
    assert found["provisioningState"] == "Succeeded", found
    made = azure.ok("GET", f"{SUB}/resourceGroups/made/providers/Microsoft.Network/virtualNetworks/a")
    assert made["location"] == "northeurope"
    assert azure.ok("GET", deployment("d", SUB))["location"] == "westeurope"


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (request(template(resource("a"), schema=SUB_SCHEMA)), "InvalidTemplate", "schema"),
        (
            request(template(resource("a"), parameters={"p": {"type": "string"}})),
            "InvalidTemplate",
            "is not provided",
        ),
        (request(template(), parameters={"x": 1}), "InvalidTemplate", "not present in the original template"),
        (
            request(template(resource("[reference('b').x]"), resource("b"))),
            "InvalidTemplate",
            "not expected at this location",
        ),
        (
            request(template(resource("a", needs=["b"]), resource("b", needs=["a"]))),
            "InvalidTemplate",
            "Circular dependency detected on resource",
        ),
        (
            request(template(resource("a", needs=["b"]))),
            "InvalidTemplate",
            "'b' is not defined in the template",
        ),
        (request(template(resource("a"), resource("A"))), "InvalidTemplate", "is defined multiple times"),
        (
            request(template(resource("[concat('n', copyIndex())]", copy={"name": "c", "count": 801}))),
            "InvalidTemplate",
            "800",
        ),
        (
            request(
                template(parameters={f"p{index}": {"type": "int", "defaultValue": 1} for index in range(257)})
            ),
            "InvalidTemplate",
            "256",
        ),
        (
            request(template(outputs={f"o{index}": {"type": "int", "value": 1} for index in range(65)})),
            "InvalidTemplate",
            "64",
        ),
        (
            request(template(resource("a"), variables={"v": "x" * (4 * 1024 * 1024)})),
            "InvalidTemplate",
            "bytes",
        ),
        ({"location": "westeurope", **request(template())}, "InvalidDeployment", "not allowed"),
        (
            {"properties": {"mode": "Incremental", "templateLink": {"uri": "https://example.org/t.json"}}},
            "InvalidContentLink",
            "example.org",
        ),
        ({"properties": {"mode": "Sometimes", "template": template()}}, "InvalidRequestContent", "mode"),
        (
            {"properties": {"mode": "Incremental", "template": template(), "fast": True}},
            "InvalidRequestContent",
            "fast",
        ),
        ({"properties": {"template": template()}}, "InvalidRequestContent", "mode"),
    ],
)
def test_what_is_refused_at_once(azure: Azure, body: Any, code: str, words: str) -> None:
    for method, path in (("PUT", deployment()), ("POST", f"{deployment()}/validate")):
        status, found, message = azure.refused(method, path, body)
        assert (status, found) == (400, code)
        assert words in message
    assert azure.send("HEAD", deployment()).status == 404


def test_names_places_and_running_deployments_are_guarded(azure: Azure) -> None:
    gone = f"{SUB}/resourceGroups/gone"
    assert azure.refused("PUT", deployment("d", gone), request(template()))[:2] == (
        404,
        "ResourceGroupNotFound",
    )
    empty = template(schema=SUB_SCHEMA)
    no_place = {"properties": {"mode": "Incremental", "template": empty}}
    assert azure.refused("PUT", deployment("d", SUB), no_place)[:2] == (400, "InvalidDeployment")
    azure.ok("PUT", deployment("d", SUB), request(empty, SUB))
    active = Azure(Settings(steps=5))
    active.ok("PUT", deployment("d", SUB), request(empty, SUB))
    assert active.refused("PUT", deployment("d", SUB), request(empty, SUB))[:2] == (409, "DeploymentActive")
    azure.finish(deployment("d", SUB))
    moved = {**request(empty, SUB), "location": "eastus"}
    assert azure.refused("PUT", deployment("d", SUB), moved)[:2] == (409, "InvalidDeploymentLocation")
    spelled = {**request(empty, SUB), "location": "West Europe"}
    assert azure.send("PUT", deployment("d", SUB), spelled).status == 200


def test_cancel_stops_a_running_deployment_and_its_nested_ones() -> None:
    azure = Azure(Settings(steps=4))
    assert azure.refused("POST", f"{deployment()}/cancel")[:2] == (404, "DeploymentNotFound")
    azure.ok("PUT", deployment(), request(template(nested("n", template(resource("a"))))))
    while azure.send("HEAD", deployment("n")).status == 404:
        pass
    assert azure.send("POST", f"{deployment()}/cancel").status == 204
    for name in ("d", "n"):
        assert azure.finish(deployment(name))["properties"]["provisioningState"] == "Canceled"
    assert azure.refused("POST", f"{deployment()}/cancel")[:2] == (409, "DeploymentCannotBeCancelled")
    for _ in range(6):
        assert azure.send("GET", f"{NET}/a").status == 404


def test_delete_forgets_the_deployment_and_keeps_what_it_made(azure: Azure) -> None:
    azure.deploy(template(resource("a")))
    answer = azure.send("DELETE", deployment())
    assert answer.status == 202
    assert azure.send("GET", answer.headers["Location"]).status == 204
    assert azure.send("GET", deployment()).status == 404
    assert azure.send("GET", f"{NET}/a").status == 200
    assert azure.send("DELETE", deployment()).status == 204


def test_key_vault_references(azure: Azure) -> None:
    vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/v"
    body = request(
        template(
            parameters={"p": {"type": "securestring"}},
            outputs={"n": {"type": "int", "value": "[length(parameters('p'))]"}},
        )
    )
    body["properties"]["parameters"] = {"p": {"reference": {"keyVault": {"id": vault}, "secretName": "s"}}}  # type: ignore[index]  # it is an object
    assert azure.refused("PUT", deployment(), body)[1] == "KeyVaultParameterReferenceNotFound"
    azure.deploy(template(resource("v", "Microsoft.KeyVault/vaults")), name="vault")
    assert azure.refused("PUT", deployment(), body)[1] == "KeyVaultParameterReferenceSecretRetrieveFailed"
    azure.deploy(
        template(resource("v/s", "Microsoft.KeyVault/vaults/secrets", properties={"value": "x"})),
        name="secret",
    )
    azure.ok("PUT", deployment(), body)
    assert azure.finish(deployment())["properties"]["outputs"]["n"]["value"] == 32


def test_a_nested_key_vault_reference_is_read_when_its_turn_comes(azure: Azure) -> None:
    reference = {"keyVault": {"id": "[resourceId('Microsoft.KeyVault/vaults', 'v')]"}, "secretName": "s"}
    inner = template(parameters={"p": {"type": "securestring"}})
    body = template(
        resource("v", "Microsoft.KeyVault/vaults"),
        resource("v/s", "Microsoft.KeyVault/vaults/secrets", needs=["v"], properties={"value": "x"}),
        nested("n", inner, parameters={"p": {"reference": reference}}, dependsOn=["v/s"]),
    )
    assert azure.deploy(body)["provisioningState"] == "Succeeded"
    without = template(
        nested("n", inner, parameters={"p": {"reference": {**reference, "secretName": "other"}}})
    )
    found = azure.deploy(without, name="e")
    assert found["error"]["details"][0]["code"] == "KeyVaultParameterReferenceSecretRetrieveFailed"


def test_a_failure_in_a_nested_deployment_is_told_as_azure_nests_it(azure: Azure) -> None:
    inner = template(resource("parent/child", "Microsoft.Network/virtualNetworks/subnets"))
    error = azure.deploy(template(nested("n", inner)))["error"]
    middle = error["details"][0]
    assert [error["code"], middle["code"], middle["details"][0]["code"]] == [
        "DeploymentFailed",
        "ResourceDeploymentFailure",
        "DeploymentFailed",
    ]
    assert middle["target"] == deployment("n")
    assert middle["details"][0]["details"][0]["code"] == "ParentResourceNotFound"


def test_new_guids_stay_the_same_within_a_deployment(azure: Azure) -> None:
    body = template(
        parameters={
            "id": {"type": "string", "defaultValue": "[newGuid()]"},
            "now": {"type": "string", "defaultValue": "[utcNow('yyyy')]"},
        },
        outputs={
            "a": {"type": "string", "value": "[parameters('id')]"},
            "year": {"type": "string", "value": "[parameters('now')]"},
        },
    )
    found = [azure.deploy(body, name=name) for name in ("one", "two")]
    assert found[0]["outputs"]["a"]["value"] == found[0]["parameters"]["id"]["value"]
    assert found[0]["outputs"]["a"]["value"] != found[1]["outputs"]["a"]["value"]
    assert found[0]["outputs"]["year"]["value"] == "2026"


def test_what_if_tells_what_would_change(azure: Azure) -> None:
    azure.deploy(template(resource("same"), resource("other", tags={"a": "1"}), resource("alone")))
    body = request(template(resource("same"), resource("other", tags={"a": "2"}), resource("new")))
    answer = azure.send("POST", f"{deployment('w')}/whatIf", body)
    assert answer.status == 202
    found = azure.ok("GET", answer.headers["Location"])
    assert found["status"] == "Succeeded"
    kinds = {
        one["resourceId"].rpartition("/")[2]: one["changeType"] for one in found["properties"]["changes"]
    }
    assert kinds == {"same": "NoChange", "other": "Modify", "new": "Create", "alone": "Ignore"}
    changed = next(one for one in found["properties"]["changes"] if one["changeType"] == "Modify")
    assert changed["delta"][0]["children"] == [
        {"path": "a", "propertyChangeType": "Modify", "before": "1", "after": "2"}
    ]
    assert azure.send("GET", f"{NET}/new").status == 404


def test_the_history_of_a_scope_ends_at_800(azure: Azure) -> None:
    with azure.box.open_box() as box:
        for index in range(800):
            name = f"old{index}"
            box.store.put(
                deployment(name), "Microsoft.Resources/deployments", {"id": deployment(name), "name": name}
            )
    assert azure.refused("PUT", deployment(), request(template()))[:2] == (409, "DeploymentQuotaExceeded")
    assert azure.refused("PUT", deployment("n" * 65), request(template()))[1] == "InvalidDeploymentName"


def test_an_object_of_a_resource_is_given_as_it_is(azure: Azure) -> None:
    """A network is put again with its own address space, as templates do that only change its DNS servers."""
    properties = {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "s", "properties": {"addressPrefix": "10.0.0.0/24"}}],
    }
    azure.ok("PUT", f"{NET}/a", {"location": "westeurope", "properties": properties})
    asked = f"reference('{NET}/a', '2021-02-01')"
    again = {"addressSpace": f"[{asked}.addressSpace]", "subnets": f"[{asked}.subnets]", "flag": True}
    azure.ok("PUT", deployment(), request(template(resource("b", properties=again))))
    azure.finish(deployment())
    assert azure.ok("GET", f"{NET}/b")["properties"] == {**properties, "flag": True}


def test_template_specs_can_be_deployed(azure: Azure) -> None:
    spec = f"{GROUP}/providers/Microsoft.Resources/templateSpecs/s"
    azure.ok("PUT", spec, {"location": "westeurope", "properties": {}})
    azure.ok(
        "PUT",
        f"{spec}/versions/1",
        {"location": "westeurope", "properties": {"mainTemplate": template(resource("a"))}},
    )
    body = {"properties": {"mode": "Incremental", "templateLink": {"id": f"{spec}/versions/1"}}}
    azure.ok("PUT", deployment(), body)
    assert azure.finish(deployment())["properties"]["outputResources"] == [{"id": f"{NET}/a"}]


def test_policies_are_asked_before_anything_is_deployed(azure: Azure) -> None:
    authorization = "/providers/Microsoft.Authorization"
    rule = {
        "if": {
            "allOf": [
                {"field": "type", "equals": "Microsoft.Network/virtualNetworks"},
                {"field": "tags['a']", "exists": False},
            ]
        },
        "then": {"effect": "deny"},
    }
    definition = f"{SUB}{authorization}/policyDefinitions/p"
    azure.ok("PUT", definition, {"properties": {"mode": "Indexed", "policyRule": rule}})
    azure.ok(
        "PUT", f"{SUB}{authorization}/policyAssignments/p", {"properties": {"policyDefinitionId": definition}}
    )
    inner = template(resource("b"))
    body = request(template(resource("a"), nested("n", inner), resource("good", tags={"a": "b"})))
    for method, path in (("POST", f"{deployment()}/validate"), ("PUT", deployment())):
        error = azure.send(method, path, body).json()["error"]
        assert error["code"] == "InvalidTemplateDeployment"
        assert {(one["target"], one["code"]) for one in error["details"]} == {
            ("a", "RequestDisallowedByPolicy"),
            ("b", "RequestDisallowedByPolicy"),
        }
    assert azure.send("GET", f"{NET}/good").status == 404
    # a value that only the deployment knows is judged when the resource is made
    late = template(
        resource("site", "Microsoft.Web/sites"), resource("late", properties={"x": "[reference('site').y]"})
    )
    found = azure.deploy(late, name="late")
    assert found["error"]["details"][0]["code"] == "RequestDisallowedByPolicy"


def test_nested_deployments_go_to_the_scope_that_they_name(azure: Azure) -> None:
    root = f"/providers/Microsoft.Management/managementGroups/{azure.settings.tenant_id}"
    policy = {
        "type": "Microsoft.Authorization/policyDefinitions",
        "apiVersion": "2021-06-01",
        "name": "p",
        "properties": {
            "mode": "All",
            "policyRule": {"if": {"field": "name", "equals": "x"}, "then": {"effect": "audit"}},
        },
    }
    above = template(policy, schema=SUB_SCHEMA.replace("subscription", "managementGroup"))
    body = template(
        nested("up", above, scope="inner", location="westeurope"),
        nested("down", template(resource("a")), subscriptionId=SUBSCRIPTION, resourceGroup="rg"),
        schema=SUB_SCHEMA,
    )
    resources: Any = body["resources"]
    resources[0]["scope"] = f"Microsoft.Management/managementGroups/{azure.settings.tenant_id}"
    found = azure.deploy(body, scope=SUB)
    assert found["provisioningState"] == "Succeeded", found
    assert azure.ok("GET", f"{root}/providers/Microsoft.Authorization/policyDefinitions/p")["name"] == "p"
    assert azure.ok("GET", deployment("up", root))["location"] == "westeurope"
    assert azure.send("HEAD", deployment("down")).status == 204


def test_a_network_watcher_comes_with_the_first_network(azure: Azure) -> None:
    watchers = f"{SUB}/resourceGroups/NetworkWatcherRG"
    logs = template(resource("NetworkWatcher_westeurope/log", "Microsoft.Network/networkWatchers/flowLogs"))
    assert (
        azure.refused("PUT", deployment("d", watchers), request(logs, watchers))[1] == "ResourceGroupNotFound"
    )
    inner = nested("log", logs, resourceGroup="NetworkWatcherRG", dependsOn=["a"])
    found = azure.deploy(template(resource("a"), inner))
    assert found["provisioningState"] == "Succeeded", found


def test_an_operation_that_breaks_off_ends_its_deployment(azure: Azure) -> None:
    azure.ok("PUT", deployment(), request(template(resource("a"))))
    with azure.box.open_box() as box:
        (operation,) = box.running(deployment())
        box.cancel(operation.id)
    assert azure.finish(deployment())["properties"]["provisioningState"] == "Canceled"


def test_deployments_can_be_begun_from_within(azure: Azure) -> None:
    with azure.box.open_box() as box:
        who = Principal("11111111-1111-1111-1111-111111111111", azure.settings.tenant_id)
        begun = start_deployment(box, GROUP, "inside", request(template(resource("a"))), who)
        assert (begun.status, begun.subject) == ("Running", deployment("inside"))
    assert azure.finish(deployment("inside"))["properties"]["provisioningState"] == "Succeeded"


# --- recorded traffic


def _shape(value: Any) -> Any:
    """The keys of a body, without what only one provider fills in."""
    if isinstance(value, dict):
        return {key: _shape(member) for key, member in value.items() if key not in _FREE}
    if isinstance(value, list):
        return [_shape(one) for one in value]
    return type(value).__name__


_FREE = {"value", "tags"}


@pytest.mark.parametrize("name", ["basic", "at_scope"])
def test_recorded_traffic_of_azure_is_answered_alike(shared: Path, name: str) -> None:
    azure = Azure()
    folder = shared / "data" / "recordings" / "azure-mgmt-resource-15.0.0"
    text = (folder / f"test_mgmt_resource.test_deployments_{name}.yaml").read_text(encoding="utf-8")
    recorded = "/subscriptions/00000000-0000-0000-0000-000000000000"
    azure.ok("PUT", f"{SUB}/resourceGroups/rgname", {"location": "westus"})
    links: dict[str, str] = {}
    for interaction in yaml.safe_load(text)["interactions"]:
        asked, answered = interaction["request"], interaction["response"]
        url = links.get(asked["uri"], asked["uri"].replace(recorded, SUB))
        body = json.loads(asked["body"]) if asked["body"] else None
        if "/operations/" in url:
            entries = azure.ok(
                "GET", url.partition("/operations/")[0] + "/operations?api-version=2020-06-01"
            )["value"]
            url = (
                url.partition("/operations/")[0]
                + f"/operations/{entries[0]['operationId']}?api-version=2020-06-01"
            )
        found = azure.send(asked["method"], url, body)
        where = f"{asked['method']} {asked['uri']}"
        if "operationStatuses" in url:
            while found.json()["status"] == "Running":
                found = azure.send("GET", url)
        assert found.status == answered["status"]["code"], (where, found.body)
        theirs = {key.lower(): value[0] for key, value in answered["headers"].items()}
        ours = {key.lower(): value for key, value in found.headers.items()}
        for header in ("azure-asyncoperation", "location"):
            assert (header in ours) == (header in theirs), where
            if header in theirs:
                links[theirs[header]] = ours[header]
                assert (
                    ours[header].partition("?")[0].rpartition("/")[0]
                    == theirs[header].replace(recorded, SUB).partition("?")[0].rpartition("/")[0]
                )
        if answered["body"]["string"]:
            expected = json.loads(answered["body"]["string"])
            assert _shape(found.json()) == _shape(expected), where


def test_recorded_traffic_at_a_subscription_but_for_its_links(shared: Path) -> None:
    """The recording links a template on the network, which the sandbox refuses; it is sent along here."""
    azure = Azure()
    folder = shared / "data" / "recordings" / "azure-mgmt-resource-15.0.0"
    text = (folder / "test_mgmt_resource.test_deployments_at_subscription.yaml").read_text(encoding="utf-8")
    recorded = "/subscriptions/00000000-0000-0000-0000-000000000000"
    name = "pytestlinked28c01555"
    blank = template(parameters={}, variables={}, outputs={})
    azure.ok("PUT", deployment(name, SUB), {**request(blank, SUB), "location": "westus"})
    azure.finish(deployment(name, SUB))
    links: dict[str, str] = {}
    for interaction in yaml.safe_load(text)["interactions"]:
        asked, answered = interaction["request"], interaction["response"]
        url = links.get(asked["uri"], asked["uri"].replace(recorded, SUB))
        body = json.loads(asked["body"]) if asked["body"] else None
        if body is not None:
            if "whatIf" not in url:
                assert azure.refused(asked["method"], url, body)[1] == "InvalidContentLink"
            body = {"location": body["location"], "properties": {"mode": "Incremental", "template": blank}}
        if "/operations/" in url:
            head = url.partition("/operations/")[0]
            entry = azure.ok("GET", f"{head}/operations")["value"][0]
            url = f"{head}/operations/{entry['operationId']}"
        found = azure.send(asked["method"], url, body)
        assert found.status == answered["status"]["code"], url
        theirs = {key.lower(): value[0] for key, value in answered["headers"].items()}
        ours = {key.lower(): value for key, value in found.headers.items()}
        for header in ("azure-asyncoperation", "location"):
            assert (header in ours) == (header in theirs), url
            if header in theirs:
                links[theirs[header]] = ours[header]
        if answered["body"]["string"]:
            expected = json.loads(answered["body"]["string"])
            for one in (expected, *expected.get("value", [])):
                for linked in ("templateLink", "parametersLink"):
                    one.get("properties", {}).pop(linked, None)
            assert _shape(found.json()) == _shape(expected), url


# --- the official client


def test_the_official_client_deploys_waits_and_lists(azure: Azure) -> None:
    client = DeploymentsMgmtClient(CREDENTIAL, SUBSCRIPTION, **azure.client_options())
    operations = client.deployments
    assert operations.check_existence("rg", "d") is False
    found = template(resource("a"), outputs={"x": {"type": "int", "value": 7}})
    body = request(found)
    validated = operations.begin_validate("rg", "d", body).result()
    assert [one.id for one in validated.properties.validated_resources] == [f"{NET}/a"]
    made = operations.begin_create_or_update("rg", "d", body).result()
    assert (made.properties.provisioning_state, made.properties.outputs["x"]["value"]) == ("Succeeded", 7)
    assert [one.name for one in operations.list_by_resource_group("rg")] == ["d"]
    assert [
        one.name for one in operations.list_by_resource_group("rg", filter="provisioningState eq 'Failed'")
    ] == []
    steps = list(client.deployment_operations.list("rg", "d"))
    assert steps[0].properties.target_resource.id == f"{NET}/a"
    assert client.deployment_operations.get("rg", "d", steps[0].operation_id).id == steps[0].id
    changes = operations.begin_what_if("rg", "d", request(template(resource("b")))).result()
    assert {one.change_type for one in changes.properties.changes} == {"Create", "Ignore"}
    assert operations.export_template("rg", "d").template["resources"][0]["name"] == "a"
    with pytest.raises(HttpResponseError) as refused:
        operations.cancel("rg", "d")
    assert refused.value.error.code == "DeploymentCannotBeCancelled"
    operations.begin_delete("rg", "d").result()
    assert operations.check_existence("rg", "d") is False


def test_the_official_client_deploys_at_every_scope_and_is_told_of_failures(azure: Azure) -> None:
    operations = DeploymentsMgmtClient(CREDENTIAL, SUBSCRIPTION, **azure.client_options()).deployments
    tenant = azure.settings.tenant_id
    body = request(template(), SUB)
    assert (
        operations.begin_create_or_update_at_subscription_scope("d", body).result().location == "westeurope"
    )
    operations.begin_create_or_update_at_management_group_scope(tenant, "d", body).result()
    operations.begin_create_or_update_at_tenant_scope("d", body).result()
    assert operations.get_at_tenant_scope("d").id == "/providers/Microsoft.Resources/deployments/d"
    assert [one.name for one in operations.list_at_management_group_scope(tenant)] == ["d"]
    broken = request(template(resource("x/y", "Microsoft.Network/virtualNetworks/subnets")))
    with pytest.raises(HttpResponseError) as failed:
        operations.begin_create_or_update("rg", "broken", broken).result()
    assert failed.value.error.code == "DeploymentFailed"
    assert failed.value.error.details[0].code == "ParentResourceNotFound"
