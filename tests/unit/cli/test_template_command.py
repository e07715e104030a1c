"""`template expand` and `template eval`: what they print, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unit.arm.expanding import SCHEMAS, deployment, resource, template
from unit.cli.conftest import Cli

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
SECRET = "Corr3ct-h0rse"


def write(name: str, value: Any) -> None:
    Path(name).write_text(json.dumps(value, indent=2), encoding="utf-8")


def context(**facts: str) -> None:
    write("context.json", facts)


def answers(cli: Cli, *requests: dict[str, Any], options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    Path("requests.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in requests), encoding="utf-8")
    done = cli("template", "eval", "requests.jsonl", *options)
    assert done.code == 0
    return [json.loads(line) for line in done.out.splitlines()]


def test_expand_prints_one_document(cli: Cli) -> None:
    write("main.json", template([resource("a")], outputs={"n": {"type": "int", "value": 3}}))
    done = cli("template", "expand", "main.json")
    assert done.code == 0
    assert done.err == ""
    assert json.loads(done.out) == {
        "schema": "blueprinter/template-expand/1",
        "resources": [
            {
                "id": "[resourceId('Contoso.Test/things', 'a')]",
                "type": "Contoso.Test/things",
                "name": "a",
                "apiVersion": "2024-01-01",
            }
        ],
        "outputs": {"n": 3},
        "diagnostics": [],
    }


def test_expand_takes_facts_from_a_context(cli: Cli) -> None:
    expressions = {
        "tenant": "[tenant().tenantId]",
        "subscription": "[subscription().subscriptionId]",
        "group": "[resourceGroup().name]",
        "location": "[resourceGroup().location]",
        "deployment": "[deployment().name]",
        "now": "[parameters('now')]",
        "cloud": "[environment().name]",
    }
    outputs = {key: {"type": "string", "value": value} for key, value in expressions.items()}
    parameters = {"now": {"type": "string", "defaultValue": "[utcNow('yyyy')]"}}
    write("main.json", template(parameters=parameters, outputs=outputs))
    context(
        scope="resourceGroup",
        tenantId="t",
        subscriptionId=SUBSCRIPTION,
        resourceGroup="rg",
        location="westeurope",
        deploymentName="d",
        utcNow="2026-01-01T00:00:00Z",
    )
    done = cli("--cloud", "AzureUSGovernment", "template", "expand", "main.json", "--context", "context.json")
    assert json.loads(done.out)["outputs"] == {
        "tenant": "t",
        "subscription": SUBSCRIPTION,
        "group": "rg",
        "location": "westeurope",
        "deployment": "d",
        "now": "2026",
        "cloud": "AzureUSGovernment",
    }
    done = cli("template", "expand", "main.json")
    assert json.loads(done.out)["outputs"] == {
        **{key: value for key, value in expressions.items() if key not in ("now", "cloud")},
        "now": "[utcNow('yyyy')]",
        "cloud": "AzureCloud",
    }


@pytest.mark.parametrize("scope", ["managementGroup", "tenant", "subscription"])
def test_expand_at_other_scopes(cli: Cli, scope: str) -> None:
    whole = template([resource("a", "Microsoft.Authorization/policyDefinitions")], scope="resourceGroup")
    write("main.json", whole)
    context(scope=scope, managementGroup="mg", subscriptionId=SUBSCRIPTION)
    by_context = cli("template", "expand", "main.json", "--context", "context.json").out
    write("main.json", {**whole, "$schema": SCHEMAS[scope]})
    context(managementGroup="mg", subscriptionId=SUBSCRIPTION)
    by_schema = cli("template", "expand", "main.json", "--context", "context.json").out
    holder = {
        "managementGroup": "/providers/Microsoft.Management/managementGroups/mg",
        "tenant": "",
        "subscription": f"/subscriptions/{SUBSCRIPTION}",
    }[scope]
    expected = f"{holder}/providers/Microsoft.Authorization/policyDefinitions/a"
    assert [json.loads(text)["resources"][0]["id"] for text in (by_context, by_schema)] == [expected] * 2


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"scop": "tenant"}, "did you mean `scope`?"),
        ({"scope": "planet"}, "the scope must be one of"),
        ({"location": 3}, "`location` of the context must be a string"),
        ([], "the context must be an object"),
    ],
)
def test_a_faulty_context_is_refused(cli: Cli, facts: Any, message: str) -> None:
    write("main.json", template())
    write("context.json", facts)
    for command in (("expand", "main.json"), ("eval", "main.json")):
        done = cli("template", *command, "--context", "context.json")
        assert done.code == 2
        assert message in done.err
        assert done.out == ""


def test_a_required_parameter_stays_symbolic_unless_strict(cli: Cli) -> None:
    write("main.json", template([resource("[parameters('n')]")], parameters={"n": {"type": "string"}}))
    done = cli("template", "expand", "main.json")
    assert done.code == 0
    assert json.loads(done.out)["resources"][0]["name"] == "[parameters('n')]"
    assert [one["severity"] for one in json.loads(done.out)["diagnostics"]] == ["warning"]
    assert "warning[BP523]: no value for parameter `n`, it stays symbolic" in done.err
    strict = cli("template", "expand", "main.json", "--strict")
    assert (strict.code, strict.out) == (2, "")
    assert "main.json:5:5: error[BP523]: no value for parameter `n`" in strict.err


def test_parameters_come_from_files(cli: Cli) -> None:
    write("main.json", template([resource("[parameters('n')]")], parameters={"n": {"type": "string"}}))
    write("main.parameters.json", {"parameters": {"n": {"value": "beside"}}})
    write("one.json", {"parameters": {"n": {"value": "one"}}})
    write("two.json", {"n": "two"})

    def name(*options: str) -> str:
        found: str = json.loads(cli("template", "expand", "main.json", *options).out)["resources"][0]["name"]
        return found

    assert name() == "beside"
    assert name("--parameters", "one.json") == "one"
    assert name("--parameters", "one.json", "--parameters", "two.json") == "two"
    write("one.json", {"parameters": {"x": {"value": 1}}})
    done = cli("template", "expand", "main.json", "--parameters", "one.json")
    assert done.code == 2
    assert "one.json:3:5: error[BP524]: the template declares no parameter `x`" in done.err


def test_values_of_a_key_vault_are_not_fetched(cli: Cli) -> None:
    write(
        "main.json",
        template(
            [resource("a", properties={"password": "[parameters('p')]"})],
            parameters={"p": {"type": "securestring"}},
        ),
    )
    vault = {"id": "/subscriptions/x/resourceGroups/y/providers/Microsoft.KeyVault/vaults/v"}
    write("p.json", {"parameters": {"p": {"reference": {"keyVault": vault, "secretName": "s"}}}})
    done = cli("template", "expand", "main.json", "--parameters", "p.json", "--strict")
    assert done.code == 0
    assert json.loads(done.out)["resources"][0]["properties"] == {"password": "[parameters('p')]"}


def test_secure_values_are_nowhere(cli: Cli) -> None:
    """Neither as they are, nor in what is made of them, nor in a complaint about them."""
    inner = template(
        [resource("inner", properties={"p": "[base64(parameters('plain'))]"})],
        parameters={"plain": {"type": "string", "maxLength": 3}},
        outputs={"up": {"type": "string", "value": "[toUpper(parameters('plain'))]"}},
    )
    whole = template(
        [
            resource(
                "[concat('x', parameters('p'))]",
                properties={
                    "a": "[base64(concat('user:', parameters('p')))]",
                    "b": "[reference('d').outputs.up.value]",
                    "c": "[variables('made').deep[0]]",
                    "d": "[int(parameters('p'))]",
                    "e": "[parameters('o').key]",
                    "f": "[if(empty(parameters('p')), 'none', 'some')]",
                    "g": "[map(parameters('o').list, lambda('x', concat('-', lambdaVariables('x'))))]",
                },
            ),
            deployment("d", inner, parameters={"plain": "[variables('made').deep[0]]"}),
        ],
        parameters={"p": {"type": "securestring"}, "o": {"type": "secureObject"}},
        variables={"made": {"deep": ["[replace(parameters('p'), '-', '')]"]}},
        outputs={"leak": {"type": "string", "value": "[parameters('o').list[0]]"}},
    )
    write("main.json", whole)
    values = {"p": SECRET, "o": {"key": f"key-{SECRET}", "list": [f"list-{SECRET}"]}}
    write("p.json", {"parameters": {name: {"value": value} for name, value in values.items()}})
    done = cli("template", "expand", "main.json", "--parameters", "p.json")
    assert done.code == 2  # the inner parameter is too long, and the secret is no integer
    for text in (done.out, done.err):
        for made in (SECRET, SECRET.replace("-", ""), SECRET.upper(), "Q29ycjN", "VzZXI6Q29ycj"):
            assert made not in text
    assert "the value of parameter `plain` is not valid: a secure value that does not fit" in done.err
    assert "has no value for what a secure parameter holds" in done.err

    del whole["resources"][0]["properties"]["d"]
    del inner["parameters"]["plain"]["maxLength"]
    write("main.json", whole)
    done = cli("template", "expand", "main.json", "--parameters", "p.json")
    (first, second) = json.loads(done.out)["resources"]
    assert first["properties"] == {"p": "[base64(replace(parameters('p'), '-', ''))]"}
    assert second["name"] == "[concat('x', parameters('p'))]"
    assert second["properties"] == {
        "a": "[base64(concat('user:', parameters('p')))]",
        "b": "[toUpper(replace(parameters('p'), '-', ''))]",
        "c": "[replace(parameters('p'), '-', '')]",
        "e": "[parameters('o').key]",
        "f": "some",
        "g": "[createArray(concat('-', parameters('o').list[0]))]",
    }
    assert SECRET not in done.out


def test_faults_name_their_place(cli: Cli) -> None:
    write("main.json", template([resource("a", properties={"x": "[lenght('a')]"})]))
    done = cli("template", "expand", "main.json")
    assert done.code == 2
    assert done.out == ""
    assert "main.json:10:16: error[BP525]: unknown function `lenght`, did you mean `length`?" in done.err


def test_linked_templates_stay_in_their_folder(cli: Cli) -> None:
    Path("own").mkdir()
    link = {"mode": "Incremental", "templateLink": {"relativePath": "part.json"}}
    write("own/main.json", template([resource("d", "Microsoft.Resources/deployments", properties=link)]))
    write("own/part.json", template([resource("linked")]))
    done = cli("template", "expand", "own/main.json")
    assert [one["name"] for one in json.loads(done.out)["resources"]] == ["linked"]

    link["templateLink"] = {"relativePath": "../part.json"}
    write("own/main.json", template([resource("d", "Microsoft.Resources/deployments", properties=link)]))
    done = cli("template", "expand", "own/main.json")
    assert done.code == 2
    assert "error[BP114]" in done.err

    link["templateLink"] = {"relativePath": "absent.json"}
    write("own/main.json", template([resource("d", "Microsoft.Resources/deployments", properties=link)]))
    done = cli("template", "expand", "own/main.json")
    assert done.code == 0
    assert [one["code"] for one in json.loads(done.out)["diagnostics"]] == ["BP528"]


def test_a_key_that_stands_twice_is_a_warning(cli: Cli) -> None:
    text = json.dumps(template([resource("a", tags={"x": "first"})]))
    Path("main.json").write_text(text.replace('"x": "first"', '"x": "first", "x": "second"'))
    done = cli("template", "expand", "main.json")
    printed = json.loads(done.out)
    assert done.code == 0
    assert printed["resources"][0]["tags"] == {"x": "second"}
    assert [(one["code"], one["severity"]) for one in printed["diagnostics"]] == [("BP106", "warning")]


def test_eval_answers_line_by_line(cli: Cli) -> None:
    functions = [
        {
            "namespace": "c",
            "members": {
                "double": {
                    "parameters": [{"name": "n", "type": "int"}],
                    "output": {"type": "int", "value": "[mul(parameters('n'), 2)]"},
                }
            },
        }
    ]
    found = answers(
        cli,
        {"expression": "[add(1, 2)]"},
        {"expression": "[parameters('p').a]", "parameters": {"p": {"a": "[not(evaluated)]"}}},
        {
            "expression": "[variables('v')]",
            "parameters": {"p": 1},
            "variables": {"v": "[add(parameters('p'), 1)]"},
        },
        {"expression": "[c.double(4)]", "functions": functions},
        {"expression": "[resourceGroup().name]", "context": {"resourceGroup": "rg"}},
        {"expression": "[resourceGroup().name]"},
        {"expression": "plain"},
        {"expression": "[[escaped]"},
        {"expression": "[nothing()]"},
        {"expression": 3},
        {"expression": "[null()]"},
        {"expression": "[json('\"\\ud800\"')]"},
        {"expression": "[subscription().id]", "context": {"subscription": "x"}},
    )
    assert found[:8] == [
        {"value": 3},
        {"value": "[not(evaluated)]"},
        {"value": 2},
        {"value": 8},
        {"value": "rg"},
        {"value": "[resourceGroup().name]"},
        {"value": "plain"},
        {"value": "[escaped]"},
    ]
    assert [list(one) for one in found[8:]] == [["error"], ["error"], ["value"], ["value"], ["error"]]


def test_eval_answers_what_is_no_request(cli: Cli) -> None:
    Path("requests.jsonl").write_text('{"expression": \n\n[1]\n"x"\n{"expression": "[1]"}\n')
    done = cli("template", "eval", "requests.jsonl")
    assert done.code == 0
    assert [list(json.loads(line)) for line in done.out.splitlines()] == [
        ["error"],
        ["error"],
        ["error"],
        ["value"],
    ]


def test_eval_takes_facts_and_values_for_all_requests(cli: Cli) -> None:
    context(resourceGroup="shared", subscriptionId=SUBSCRIPTION)
    vault = {"keyVault": {"id": "/x"}, "secretName": "s"}
    write("p.json", {"parameters": {"n": {"value": [1, 2]}, "s": {"reference": vault}}})
    found = answers(
        cli,
        {"expression": "[concat(resourceGroup().name, string(parameters('n')[1]))]"},
        {"expression": "[resourceGroup().name]", "context": {"resourceGroup": "own"}},
        {"expression": "[parameters('n')]", "parameters": {"n": "own"}},
        {"expression": "[concat('a', parameters('s'))]"},
        {"expression": "[environment().name]"},
        options=("--context", "context.json", "--parameters", "p.json"),
    )
    assert found == [
        {"value": "shared2"},
        {"value": "own"},
        {"value": "own"},
        {"value": "[concat('a', parameters('s'))]"},
        {"value": "AzureCloud"},
    ]


def test_no_policy_sees_the_resources_of_extensions(cli: Cli) -> None:
    made = {
        "own": resource("a"),
        "other": {"extension": "cluster", "type": "core/Secret@v1", "properties": {"x": 1}},
    }
    whole = template(made, languageVersion="2.2-experimental", extensions={"cluster": {"name": "Kubernetes"}})
    write("main.json", whole)
    rule = {"if": {"field": "tags.owner", "exists": False}, "then": {"effect": "audit"}}
    write("policy.json", {"properties": {"displayName": "owner", "mode": "All", "policyRule": rule}})
    done = cli("evaluate", "main.json", "--policies", "policy.json", "-o", "jsonl")
    assert [json.loads(line)["resourceType"] for line in done.out.splitlines()] == ["Contoso.Test/things"]


def test_annotations_are_all_that_stands_on_stdout(cli: Cli) -> None:
    write("main.json", template([resource("a", properties={"mode": "[toLower('OPEN')]"})]))
    rule = {
        "if": {"field": "Contoso.Test/things/mode", "equals": "open"},
        "then": {"effect": "deny"},
    }
    write("policy.json", {"properties": {"displayName": "closed: always", "policyRule": rule}})
    done = cli("evaluate", "main.json", "--policies", "policy.json", "-o", "github", "-o", "run.sarif")
    assert done.code == 3
    (line,) = done.out.splitlines()
    assert line.startswith("::warning file=main.json,line=10,col=17,endLine=10,endColumn=")
    assert ",title=closed%3A always::Contoso.Test/things a: " in line
    log = json.loads(Path("run.sarif").read_text())
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "main.json", "uriBaseId": "%SRCROOT%"}
    assert place["region"]["startLine"] == 10
