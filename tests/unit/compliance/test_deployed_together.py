"""What is known of related resources before a template is deployed, ids known or not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from blueprinter.arm import DeploymentContext, expand
from blueprinter.compliance import ExpandedTemplate, TemplateEstate
from blueprinter.document import parse
from blueprinter.policy import Found, Lookup, NoneExist, NotCollected

STORAGE = "Microsoft.Storage/storageAccounts"
BLOB = f"{STORAGE}/blobServices"
SETTINGS = "Microsoft.Insights/diagnosticSettings"
LOCKS = "Microsoft.Authorization/locks"
SUB = "11111111-1111-4111-8111-111111111111"
HERE = DeploymentContext(subscription_id=SUB, resource_group="rg")
ANYWHERE = DeploymentContext(scope="")


def row(type: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": type, "apiVersion": "2023-05-01", "name": name, "properties": {}, **more}


def lookup(*rows: dict[str, Any], context: DeploymentContext, **values: Any) -> tuple[Lookup, dict[str, str]]:
    """The surroundings in a template of these rows, and the id of each resource by its name."""
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"n": {"type": "string"}, "m": {"type": "string"}},
        "resources": list(rows),
    }
    document = parse(json.dumps(template), "main.json")
    expansion = expand(document, parameters=values, context=context)
    estate = TemplateEstate([ExpandedTemplate("main.json", b"{}", expansion)])
    ((_, find),) = estate.groups([])
    return find, {one.name: one.id for one in expansion.resources}


BOTH = pytest.mark.parametrize("context", [HERE, ANYWHERE], ids=["known scope", "unknown scope"])


@BOTH
def test_children_with_known_names(context: DeploymentContext) -> None:
    find, ids = lookup(row(STORAGE, "one"), row(STORAGE, "two"), row(BLOB, "one/default"), context=context)
    assert isinstance(find(BLOB, None, ids["one"]), Found)
    assert isinstance(find(BLOB, "one/default", ids["one"]), Found)
    assert find(BLOB, "one/other", ids["one"]) == NoneExist()
    assert find(BLOB, None, ids["two"]) == NoneExist()
    assert isinstance(find(f"{STORAGE}/fileServices", None, ids["one"]), NotCollected)


@BOTH
@pytest.mark.parametrize(
    "child",
    [
        "[concat(parameters('n'), '/default')]",
        "[format('{0}/{1}', parameters('n'), 'default')]",
        "[format('{0}/default', parameters('n'))]",
    ],
)
def test_children_of_a_parent_whose_name_is_a_parameter(context: DeploymentContext, child: str) -> None:
    parent = "[parameters('n')]"
    find, ids = lookup(row(STORAGE, parent), row(BLOB, child), context=context)
    assert isinstance(find(BLOB, None, ids[parent]), Found)
    assert isinstance(find(BLOB, "/default", ids[parent]), Found)
    assert not isinstance(find(BLOB, "/other", ids[parent]), Found)
    known, ids = lookup(row(STORAGE, parent), row(BLOB, child), context=context, n="x")
    assert isinstance(known(BLOB, "x/default", ids["x"]), Found)


@BOTH
def test_whose_child_it_is_may_be_unknown(context: DeploymentContext) -> None:
    find, ids = lookup(
        row(STORAGE, "[parameters('n')]"),
        row(STORAGE, "[parameters('m')]"),
        row(BLOB, "[concat(parameters('n'), '/default')]"),
        context=context,
    )
    assert isinstance(find(BLOB, None, ids["[parameters('m')]"]), NotCollected)


@BOTH
@pytest.mark.parametrize(
    "scope",
    [
        "[resourceId('Microsoft.Storage/storageAccounts', 'one')]",
        "Microsoft.Storage/storageAccounts/one",
        "[format('Microsoft.Storage/storageAccounts/{0}', 'one')]",
    ],
)
def test_extensions_by_their_scope(context: DeploymentContext, scope: str) -> None:
    find, ids = lookup(
        row(STORAGE, "one"), row(STORAGE, "two"), row(SETTINGS, "logs", scope=scope), context=context
    )
    assert isinstance(find(SETTINGS, None, ids["one"]), Found)
    assert not isinstance(find(SETTINGS, None, ids["two"]), Found)


@BOTH
def test_extensions_in_the_older_spelling(context: DeploymentContext) -> None:
    older = row(f"{STORAGE}/providers/locks", "one/Microsoft.Authorization/keep")
    find, ids = lookup(row(STORAGE, "one"), row(STORAGE, "two"), older, context=context)
    assert isinstance(find(LOCKS, None, ids["one"]), Found)
    assert isinstance(find(LOCKS, "keep", ids["one"]), Found)
    assert find(LOCKS, None, ids["two"]) == NoneExist()


def test_in_the_resource_group() -> None:
    rows = (row(STORAGE, "one"), row("Microsoft.RecoveryServices/vaults", "vault"))
    find, _ = lookup(*rows, context=HERE)
    group = f"/subscriptions/{SUB}/resourceGroups/RG"
    assert isinstance(find(STORAGE, None, group), Found)
    assert find(STORAGE, None, f"{group}-other") == NoneExist()
    unknown, _ = lookup(*rows, context=ANYWHERE)
    assert isinstance(unknown(STORAGE, None, ""), Found)
    assert isinstance(unknown(STORAGE, None, group), NotCollected)


def test_templates_do_not_see_each_other() -> None:
    first = parse(json.dumps({"resources": [row(STORAGE, "one")]}), "a.json")
    second = parse(json.dumps({"resources": [row(BLOB, "one/default")]}), "b.json")
    estate = TemplateEstate(
        [
            ExpandedTemplate(document.file, document.text.encode(), expand(document, context=ANYWHERE))
            for document in (first, second)
        ]
    )
    groups = [(list(resources), find) for resources, find in estate.groups([])]
    assert [len(resources) for resources, _ in groups] == [1, 1]
    (storage,), find = groups[0]
    assert isinstance(find(BLOB, None, storage.id), NotCollected)


@BOTH
@pytest.mark.parametrize(
    "more",
    [
        {"condition": "[equals(parameters('m'), 'yes')]"},
        {"copy": {"name": "c", "count": "[length(parameters('m'))]"}},
    ],
    ids=["a condition", "a number"],
)
def test_what_may_not_be_deployed_is_no_related_resource(
    context: DeploymentContext, more: dict[str, Any]
) -> None:
    find, ids = lookup(row(STORAGE, "one"), row(BLOB, "one/default", **more), context=context)
    assert isinstance(find(BLOB, None, ids["one"]), NotCollected)
    assert find(BLOB, "one/other", ids["one"]) == NoneExist()


def nested(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    properties = {"mode": "Incremental", "template": {"resources": list(rows)}}
    return {**row("Microsoft.Resources/deployments", "inner", **more), "properties": properties}


@BOTH
def test_what_lies_in_a_deployment_that_may_not_be_made(context: DeploymentContext) -> None:
    inner = nested(row(BLOB, "one/default"), condition="[equals(parameters('m'), 'yes')]")
    find, ids = lookup(row(STORAGE, "one"), inner, context=context)
    assert isinstance(find(BLOB, None, ids["one"]), NotCollected)


def test_a_child_of_the_same_name_in_another_group_is_another() -> None:
    inner = nested(row(BLOB, "one/default"), resourceGroup="[parameters('m')]")
    find, ids = lookup(row(STORAGE, "one"), inner, context=HERE)
    assert isinstance(find(BLOB, None, ids["one"]), NotCollected)
    find, ids = lookup(row(STORAGE, "one"), inner, context=HERE, m="other")
    assert find(BLOB, None, ids["one"]) == NoneExist()
    find, ids = lookup(row(STORAGE, "one"), inner, context=HERE, m="rg")
    assert isinstance(find(BLOB, None, ids["one"]), Found)


def test_a_linked_template_that_is_not_read_may_deploy_more() -> None:
    linked = {
        **row("Microsoft.Resources/deployments", "linked"),
        "properties": {"mode": "Incremental", "templateLink": {"relativePath": "typo.json"}},
    }
    find, ids = lookup(row(STORAGE, "one"), row(BLOB, "two/default"), linked, context=HERE)
    assert isinstance(find(BLOB, None, ids["one"]), NotCollected)
