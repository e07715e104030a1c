"""From a blueprint to what it puts into force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from blueprinter.arm import Resource, Unknown
from blueprinter.blueprint import (
    Absence,
    Assignment,
    Blueprint,
    Framework,
    ResolvedBlueprint,
    load_assignment,
    load_blueprint,
    load_builtin_facts,
    policy_assignment_id,
    resolve,
)
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import parse
from blueprinter.policy import (
    ComplianceState,
    NoneExist,
    PolicyDefinition,
    PolicySetDefinition,
    UnsupportedReason,
    compile_policies,
    effect_of,
    read_aliases,
    read_definition,
    read_policy_set,
)

Write = Callable[[Mapping[str, str]], Path]

SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"
OTHER = "/subscriptions/00000000-0000-0000-0000-000000000002"
GUID = "e56962a6-4747-49cd-b67b-bf8b01975c4c"
HEAD = "schema: blueprinter/blueprint/1\n"


def definition(name: str, parameters: str = "{}", effect: str = "audit", extra: str = "") -> PolicyDefinition:
    text = f"""\
name: {name}
properties:
  mode: Indexed
  displayName: {name}
  {extra or "description: x"}
  parameters: {parameters}
  policyRule: {{if: {{field: type, equals: Microsoft.Storage/storageAccounts}}, then: {{effect: "{effect}"}}}}
"""
    return read_definition(parse(text, "policy.yaml"))


PLACES = "{places: {type: Array}, effect: {type: String, defaultValue: Audit}}"
DEFINITIONS = {
    GUID: definition(GUID, PLACES, "[parameters('effect')]"),
    "https": definition("https", "{effect: {type: String, defaultValue: Audit}}", "[parameters('effect')]"),
    "ports": definition("ports", "{ports: {type: Array}}"),
    "ask": definition("ask", "{}", "manual"),
    "old": definition("old", extra="metadata: {deprecated: true}"),
}
SET = read_policy_set(
    parse(
        """\
name: bench
properties:
  displayName: Benchmark
  parameters: {allowed: {type: Array}, level: {type: String, defaultValue: Audit}}
  policyDefinitionGroups: [{name: SMALL_1.1}, {name: SMALL_1.2.a}, {name: OTHER_1}]
  policyDefinitions:
    - policyDefinitionId: /providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c
      policyDefinitionReferenceId: places
      parameters: {places: {value: "[parameters('allowed')]"}}
      groupNames: [SMALL_1.1]
    - policyDefinitionId: /providers/Microsoft.Authorization/policyDefinitions/https
      policyDefinitionReferenceId: https
      parameters: {effect: {value: "[parameters('level')]"}}
      groupNames: [SMALL_1.1, small_1.2.a, OTHER_1]
    - policyDefinitionId: /providers/Microsoft.Authorization/policyDefinitions/ask
      policyDefinitionReferenceId: ask
      groupNames: [SMALL_1.2.a]
    - policyDefinitionId: /providers/Microsoft.Authorization/policyDefinitions/gone
      policyDefinitionReferenceId: gone
      groupNames: [SMALL_1.2.a]
""",
        "set.yaml",
    )
)
SETS: dict[str, PolicySetDefinition] = {"bench": SET}


def assignment(extra: str = "", scope: str = SUB) -> Assignment:
    return load_assignment(parse(f"name: prod\nblueprint: x\nscope: {scope}\n{extra}", "prod.yaml"))


def run(blueprint: Blueprint, given: Assignment | None = None) -> ResolvedBlueprint:
    return resolve(blueprint, definitions=DEFINITIONS, sets=SETS, assignment=given)


def read(root: Path, framework: Framework | None = None) -> Blueprint:
    frameworks = {framework.id: framework} if framework else {}
    return load_blueprint(root, frameworks=frameworks, builtin_facts=None)


PARAMETERS = (
    HEAD
    + """\
properties:
  parameters:
    place: {type: string, defaultValue: westeurope}
    places: {type: array, defaultValue: ["[parameters('place')]", northeurope]}
    open: {type: string}
    pin: {type: secureString}
  resourceGroups:
    Hub:
      name: "[concat(parameters('PLACE'), '-rg')]"
      location: "[parameters('place')]"
      tags: {x: "[parameters('open')]"}
    Spoke: {}
"""
)


def test_parameters_from_defaults(write: Write) -> None:
    found = run(read(write({"blueprint.yaml": PARAMETERS})))
    assert found.parameters == {
        "place": "westeurope",
        "places": ["westeurope", "northeurope"],
        "open": Unknown("parameters('open')"),
        "pin": Unknown("parameters('pin')"),
    }
    assert found.resource_groups["Hub"]["name"] == "westeurope-rg"
    assert found.resource_groups["Spoke"]["name"] == Unknown("resourceGroups('Spoke').name")
    assert [(one.code, one.position.line) for one in found.diagnostics] == [("BP271", 6), ("BP271", 7)]


def test_parameters_from_an_assignment(write: Write) -> None:
    vault = f"{SUB}/resourceGroups/x/providers/Microsoft.KeyVault/vaults/v"
    given = assignment(
        "parameters:\n  PLACE: {value: '[northeurope]'}\n  open: {value: x}\n"
        f"  pin: {{reference: {{keyVault: {{id: {vault}}}, secretName: p}}}}\n"
        "resourceGroups: {spoke: {name: rg-spoke, location: eastus}}\n"
    )
    found = run(read(write({"blueprint.yaml": PARAMETERS})), given)
    assert found.parameters["place"] == "[northeurope]"  # a value is no expression
    assert found.parameters["places"] == ["[northeurope]", "northeurope"]
    assert found.parameters["pin"] == Unknown("parameters('pin')")
    assert found.resource_groups["Hub"]["tags"] == {"x": "x"}
    assert found.resource_groups["Spoke"] == {"name": "rg-spoke", "location": "eastus", "tags": {}}
    assert found.diagnostics == ()


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ("parameters: {plac: {value: x}}", "BP272"),
        ("parameters: {place: {value: 1}}", "BP272"),
        ("parameters: {pin: {value: x}}", "BP273"),
        ("resourceGroups: {Spoke: {name: a, location: b}, Spook: {name: a}}", "BP272"),
        ("resourceGroups: {Spoke: {name: a}}", "BP274"),
    ],
)
def test_an_assignment_that_does_not_fit(write: Write, extra: str, code: str) -> None:
    if "resourceGroups" not in extra:
        extra += "\nresourceGroups: {Spoke: {name: a, location: b}}"
    with pytest.raises(InvalidInput) as found:
        run(read(write({"blueprint.yaml": PARAMETERS})), assignment(extra + "\n"))
    assert [one.code for one in found.value.diagnostics if one.code != "BP271"] == [code]


def test_another_version_than_the_assignment_names(write: Write) -> None:
    root = write({"blueprint.yaml": HEAD + "properties: {version: '2'}\n"})
    with pytest.raises(InvalidInput) as found:
        run(read(root), assignment("version: '1'\n"))
    assert [one.code for one in found.value.diagnostics] == ["BP275"]


SINGLE = f"""\
kind: policyAssignment
properties:
  policyDefinitionId: {GUID}
  parameters: {{PLACES: {{value: ["[parameters('place')]"]}}, effect: {{value: "[[literal]"}}}}
  notScopes: ["[concat(subscription().id, '/resourceGroups/sandbox')]"]
  enforcementMode: DoNotEnforce
"""
PLACE = (
    HEAD
    + "properties: {parameters: {place: {type: string}}, resourceGroups: {Hub: {name: rg, location: x}}}\n"
)


def test_a_policy_that_an_artifact_assigns(write: Write) -> None:
    root = write({"blueprint.yaml": PLACE, "artifacts/places.yaml": SINGLE})
    found = run(read(root), assignment("parameters: {place: {value: westeurope}}\n", f"[{SUB}, {OTHER}]"))
    first, second = found.policies
    assert first.definition is DEFINITIONS[GUID]
    assert first.parameters == {"places": ["westeurope"], "effect": "[literal]"}
    assert first.not_scopes == (f"{SUB}/resourceGroups/sandbox",)
    assert not first.enforced
    assert first.assignment_id == policy_assignment_id(SUB, "prod", "places", GUID)
    assert (first.scope, second.scope) == (SUB, OTHER)
    assert (first.set_definition_id, first.reference_id) == ("", "")
    assert found.unmapped == (GUID,)
    assert found.absent == {}


def test_a_policy_of_a_resource_group(write: Write) -> None:
    artifact = SINGLE + "  resourceGroup: hub\n"
    root = write({"blueprint.yaml": PLACE, "artifacts/places.yaml": artifact})
    values = "parameters: {place: {value: x}}\n"
    [policy] = run(read(root), assignment(values)).policies
    assert policy.scope == f"{SUB}/resourceGroups/rg"
    without = run(read(root.joinpath()), None)
    assert [one.code for one in without.diagnostics] == ["BP267", "BP271"]


LINKED = f"""\
framework: small
controls:
  A.1.1:
    - {{policyDefinitionId: {GUID}, strength: full, why: x}}
"""


def test_what_needs_a_value_that_is_not_known_is_undecided(write: Write, small: Framework) -> None:
    root = write({"blueprint.yaml": PLACE, "artifacts/places.yaml": SINGLE, "controls.yaml": LINKED})
    found = run(read(root, small))
    assert [(one.definition.name, one.missing) for one in found.policies] == [(GUID, ("places",))]
    assert found.policies[0].parameters == {"effect": "[literal]"}
    assert (found.absent, found.unmapped) == ({}, ())
    assert [one.code for one in found.diagnostics] == [
        "BP271"
    ]  # of the blueprint, and not of the artifact too


VAULT = (
    "{keyVault: {id: /subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v}, secretName: x}"
)


@pytest.mark.parametrize(
    ("parameters", "given", "expected"),
    [
        ("{}", "", ("places", "/properties", "needs a value for `places`")),
        ("{effect: {value: Audit}}", "", ("places", "/properties", "needs a value for `places`")),
        (
            f"{{Places: {{reference: {VAULT}}}}}",
            "",
            ("places", "/properties/parameters/Places", "the value of `Places` is not known here"),
        ),
        (
            f"{{places: {{value: []}}, effect: {{reference: {VAULT}}}}}",
            "",
            ("effect", "/properties/parameters/effect", "the value of `effect` is not known here"),
        ),
        (
            "{places: {value: \"[parameters('place')]\"}}",
            f"parameters: {{place: {{reference: {VAULT}}}}}\n",
            ("places", "/properties/parameters/places", "the value of `places` is not known here"),
        ),
    ],
)
def test_a_parameter_without_a_value_is_told_and_undecided(
    write: Write, parameters: str, given: str, expected: tuple[str, str, str]
) -> None:
    artifact = (
        f"kind: policyAssignment\nproperties: {{policyDefinitionId: {GUID}, parameters: {parameters}}}\n"
    )
    blueprint = HEAD + "properties: {parameters: {place: {type: array, defaultValue: []}}}\n"
    found = run(read(write({"blueprint.yaml": blueprint, "artifacts/a.yaml": artifact})), assignment(given))
    [told] = [one for one in found.diagnostics if one.code == "BP271"]
    [policy] = found.policies
    missing, pointer, message = expected
    assert policy.missing == (missing,)
    assert told.position.pointer == pointer
    assert message in told.message


def test_what_is_undecided_has_a_state_that_says_so(write: Write) -> None:
    secret = f"{{effect: {{reference: {VAULT}}}}}"
    artifact = f"kind: policyAssignment\nproperties: {{policyDefinition: https, parameters: {secret}}}\n"
    found = run(read(write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/a.yaml": artifact})))
    type = "Microsoft.Storage/storageAccounts"
    id = f"{SUB}/resourceGroups/rg/providers/{type}/x"
    account = Resource(id, type, "x", {"id": id, "name": "x", "type": type, "location": "westeurope"})
    compiled = compile_policies(found.policies, aliases=read_aliases(parse("[]", "a.json")), now="2026-11-20")
    assert [(one.state, one.reason) for one in compiled.run(account, lambda *_: NoneExist())] == [
        (ComplianceState.UNSUPPORTED, UnsupportedReason.PARAMETER_MISSING)
    ]


def test_outputs_of_artifacts_are_not_known(write: Write, small: Framework) -> None:
    artifact = SINGLE.replace("parameters('place')", "artifacts('t').outputs.place")
    template = "kind: template\nproperties: {template: {resources: []}}\n"
    files = {
        "blueprint.yaml": HEAD + "properties: {}\n",
        "artifacts/places.yaml": artifact,
        "artifacts/t.yaml": template,
    }
    found = run(read(write({**files, "controls.yaml": LINKED}), small))
    assert [one.missing for one in found.policies] == [("places",)]
    assert [(one.code, one.position.pointer) for one in found.diagnostics] == [
        ("BP271", "/properties/parameters/PLACES")
    ]
    assert [one.name for one in found.artifacts] == ["t", "places"]
    parameters = found.artifacts[1].properties["parameters"]
    assert parameters == {
        "PLACES": {"value": ["[artifacts('t').outputs.place]"]},
        "effect": {"value": "[[literal]"},
    }


INITIATIVE = """\
kind: policyAssignment
properties:
  policyDefinitionId: /providers/Microsoft.Authorization/policySetDefinitions/Bench
  parameters: {%s}
"""


def test_an_initiative_without_a_controls_file(write: Write, small: Framework) -> None:
    artifact = INITIATIVE % "ALLOWED: {value: [westeurope]}, level: {value: Deny}"
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/bench.yaml": artifact})
    found = run(read(root, small), assignment())
    places, https, ask = found.policies
    assert (places.reference_id, places.parameters) == ("places", {"places": ["westeurope"]})
    assert (https.reference_id, https.parameters) == ("https", {"effect": "Deny"})
    assert https.set_definition_id == SET.id
    assert https.scope == SUB
    assert found.framework is small
    assert [(one.control, one.test, one.strength, one.source) for one in found.links] == [
        ("A.1.1", GUID, "partial", "Microsoft"),
        ("A.1.1", "https", "partial", "Microsoft"),
        ("A.1.2", "gone", "partial", "Microsoft"),
        ("A.1.2", "https", "partial", "Microsoft"),
    ]
    assert ask.definition.name == "ask"  # asks for an attestation, so it tests no control and maps to none
    assert found.absent == {"gone": Absence.MISSING}
    assert found.unmapped == ()
    assert [one.code for one in found.diagnostics] == ["BP265"]


def test_members_that_need_a_value_of_the_initiative(write: Write, small: Framework) -> None:
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/bench.yaml": INITIATIVE % ""})
    found = run(read(root, small))
    assert [(one.reference_id, one.missing) for one in found.policies] == [
        ("places", ("places",)),
        ("https", ()),
        ("ask", ()),
    ]
    assert found.absent == {"gone": Absence.MISSING}
    told = [one.message for one in found.diagnostics if one.code == "BP271"]
    assert told == ["`Benchmark` needs a value for `allowed`"]


def test_a_value_of_the_initiative_that_is_not_known_is_not_its_default(write: Write) -> None:
    artifact = INITIATIVE % f"allowed: {{value: []}}, LEVEL: {{reference: {VAULT}}}"
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/bench.yaml": artifact})
    found = run(read(root))
    assert [(one.reference_id, one.missing) for one in found.policies] == [
        ("places", ()),
        ("https", ("effect",)),
        ("ask", ()),
    ]
    assert effect_of(found.policies[1]) is None
    assert [one.message for one in found.diagnostics if one.code == "BP271"] == [
        "the value of `LEVEL` is not known here"
    ]


def test_a_member_that_its_initiative_gives_no_value(write: Write) -> None:
    members = tuple(replace(one, parameters={}) for one in SET.members)
    root = write(
        {
            "blueprint.yaml": HEAD + "properties: {}\n",
            "artifacts/bench.yaml": INITIATIVE % "allowed: {value: []}",
        }
    )
    found = resolve(read(root), definitions=DEFINITIONS, sets={"bench": replace(SET, members=members)})
    told = [(one.message, one.position.pointer) for one in found.diagnostics if one.code == "BP271"]
    assert told == [(f"`{GUID}` needs a value for `places`", "/properties")]


def test_an_initiative_that_is_not_available(write: Write, small: Framework) -> None:
    artifact = (INITIATIVE % "").replace("Bench", "other")
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/bench.yaml": artifact})
    found = run(read(root, small))
    assert (found.policies, found.links, found.framework) == ((), (), None)
    assert [one.code for one in found.diagnostics] == ["BP265"]


CONTROLS = """\
framework: small
controls:
  A.1.1:
    - {policyDefinition: https, strength: full, why: x}
    - {policyDefinition: ports, strength: full, why: x}
    - {policyDefinition: nowhere, strength: full, why: x}
    - {policyDefinition: old, strength: full, why: x}
  A.1.2:
    - {policyDefinition: https, strength: partial, why: x}
    - {artifact: places, strength: partial, why: x}
"""


def test_what_the_controls_name_becomes_one_set(write: Write, small: Framework) -> None:
    text = (
        HEAD
        + "properties:\n  parameters:\n    https_effect: {type: string, defaultValue: Deny}\n"
        + "    place: {type: string}\n"
    )
    root = write({"blueprint.yaml": text, "artifacts/places.yaml": SINGLE, "controls.yaml": CONTROLS})
    found = run(read(root, small), assignment("parameters: {place: {value: x}}\n"))
    generated = [one for one in found.policies if one.set_definition_id]
    assert [one.definition.name for one in generated] == ["https", "old"]
    assert {one.set_definition_id for one in generated} == {generated[0].set_definition_id}
    assert {one.assignment_id for one in generated} == {generated[0].assignment_id}
    assert generated[0].parameters == {"effect": "Deny"}
    assert generated[0].reference_id == "https"
    assert found.absent == {
        "ports": Absence.PARAMETER_MISSING,
        "nowhere": Absence.MISSING,
        "old": Absence.DEPRECATED,
    }
    assert found.unmapped == (GUID,)
    assert [(one.code, one.position.line) for one in found.diagnostics] == [("BP271", 5), ("BP265", 6)]


def test_a_parameter_called_like_the_policy_s(write: Write, small: Framework) -> None:
    text = HEAD + "properties: {parameters: {ports: {type: array, defaultValue: [22]}}}\n"
    controls = "framework: small\ncontrols:\n  A.1.1: [{policyDefinition: ports, strength: full, why: x}]\n"
    blueprint = read(write({"blueprint.yaml": text, "controls.yaml": controls}), small)
    [policy] = run(blueprint).policies
    assert policy.parameters == {"ports": [22]}


def test_every_scope_gets_the_set(write: Write, small: Framework) -> None:
    controls = "framework: small\ncontrols:\n  A.1.1: [{policyDefinition: https, strength: full, why: x}]\n"
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "controls.yaml": controls})
    found = run(read(root, small), assignment(scope=f"[{SUB}, {OTHER}]"))
    assert [one.scope for one in found.policies] == [SUB, OTHER]


def test_what_an_initiative_assigns_is_not_assigned_twice(write: Write, small: Framework) -> None:
    controls = f"""\
        framework: small
        controls:
          A.1.1:
            - {{policyDefinition: https, strength: full, why: x}}
            - {{policyDefinition: ports, strength: full, why: x, equivalent: {GUID}}}
        """
    artifact = INITIATIVE % "allowed: {value: []}"
    root = write(
        {
            "blueprint.yaml": HEAD + "properties: {}\n",
            "artifacts/bench.yaml": artifact,
            "controls.yaml": controls,
        }
    )
    found = run(read(root, small))
    assert [one.definition.name for one in found.policies] == [GUID, "https", "ask"]
    assert found.absent == {}
    assert found.unmapped == ("gone",)


def test_deprecated_by_the_facts(write: Write, small: Framework) -> None:
    facts = load_builtin_facts(parse(f"definitions: {{{GUID}: {{deprecated: true}}}}", "facts.yaml"))
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "controls.yaml": LINKED})
    found = resolve(read(root, small), definitions={}, sets={}, builtin_facts=facts)
    assert found.absent == {GUID: Absence.MISSING}
    available = resolve(read(root, small), definitions={GUID: definition(GUID)}, sets={}, builtin_facts=facts)
    assert available.absent == {GUID: Absence.DEPRECATED}


def test_live_only_is_for_what_cannot_be_decided_offline(write: Write, small: Framework) -> None:
    controls = "framework: small\ncontrols:\n  A.1.1: [{policyDefinition: %s, strength: full, why: x, source: live}]\n"
    vault = read_definition(
        parse(
            "name: keys\nproperties:\n  mode: Microsoft.KeyVault.Data\n  policyRule: {if: {field: type, "
            "equals: Microsoft.KeyVault.Data/vaults/keys}, then: {effect: audit}}\n",
            "p.yaml",
        )
    )
    for name, live, codes in (("https", False, ["BP246"]), ("keys", True, [])):
        root = write({"blueprint.yaml": HEAD + "properties: {}\n", "controls.yaml": controls % name})
        found = resolve(read(root, small), definitions={**DEFINITIONS, "keys": vault}, sets={})
        assert [one.live_only for one in found.links] == [live]
        assert [one.code for one in found.diagnostics] == codes


def test_principals_become_one_list(write: Write) -> None:
    role = (
        "kind: roleAssignment\nproperties: {roleDefinitionId: 8e3af657-a8ff-443c-a75c-2fe8c4bcb635, "
        "principalIds: [\"[parameters('owners')]\", c]}\n"
    )
    text = HEAD + "properties: {parameters: {owners: {type: array, defaultValue: [a, b]}}}\n"
    [artifact] = run(read(write({"blueprint.yaml": text, "artifacts/owners.yaml": role}))).artifacts
    assert artifact.properties["principalIds"] == ["a", "b", "c"]


def test_templates_are_not_touched(write: Write) -> None:
    artifact = """\
        kind: template
        properties:
          displayName: "[Preview]"
          parameters: {p: {value: "[parameters('title')]"}}
          template: {parameters: {p: {type: string}}, resources: [{name: "[concat('a', variables('b'))]"}]}
        """
    text = HEAD + "properties: {parameters: {title: {type: string, defaultValue: '[[x]'}}}\n"
    [found] = run(read(write({"blueprint.yaml": text, "artifacts/t.yaml": artifact}))).artifacts
    # texts are as a template would hold them
    assert found.properties["displayName"] == "[[Preview]"
    assert found.properties["parameters"] == {"p": {"value": "[[x]"}}
    template = found.properties["template"]
    assert isinstance(template, dict)
    assert template["resources"] == [{"name": "[concat('a', variables('b'))]"}]


def test_a_value_that_the_definition_does_not_take(write: Write) -> None:
    artifact = SINGLE.replace("[\"[parameters('place')]\"]", "text")
    [policy] = run(read(write({"blueprint.yaml": PLACE, "artifacts/a.yaml": artifact}))).policies
    assert policy.parameters["places"] == "text"
    found = run(read(write({"blueprint.yaml": PLACE, "artifacts/a.yaml": artifact})))
    assert "BP269" in [one.code for one in found.diagnostics]


CHOSEN = "{effect: {type: String, defaultValue: Audit, allowedValues: [Audit, Deny, Disabled]}}"


@pytest.mark.parametrize(
    ("given", "pointer", "message"),
    [
        ("allowed: {value: [a]}, level: {value: deny}", "/properties/parameters", "`effect` is `deny`"),
        ("allowed: {value: a}", "/properties/parameters/allowed", "`allowed` is of type Array, found text"),
        ("allowed: {value: [a]}, more: {value: 1}", "/properties/parameters/more", "`more` is not declared"),
    ],
)
def test_values_that_an_initiative_or_its_members_do_not_take(
    write: Write, given: str, pointer: str, message: str
) -> None:
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/bench.yaml": INITIATIVE % given})
    definitions = {**DEFINITIONS, "https": definition("https", CHOSEN, "[parameters('effect')]")}
    found = resolve(read(root), definitions=definitions, sets=SETS)
    wrong = [one for one in found.diagnostics if one.code == "BP269" and message in one.message]
    assert [one.position.pointer for one in wrong] == [pointer if "level" not in given else "/properties"]


def test_a_member_of_another_version_may_take_other_values(write: Write) -> None:
    given = "allowed: {value: [a]}, level: {value: deny}"
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/bench.yaml": INITIATIVE % given})
    newer = definition("https", CHOSEN, "[parameters('effect')]", "version: 2.0.0")
    members = tuple(
        replace(one, definition_version="1.*.*") if one.reference_id == "https" else one
        for one in SET.members
    )
    pinned = {"bench": replace(SET, members=members)}
    found = resolve(read(root), definitions={**DEFINITIONS, "https": newer}, sets=pinned)
    codes = [one.code for one in found.diagnostics]
    assert ("BP276" in codes, "BP269" in codes) == (True, False)


LITERAL = definition("literal")
RELATED = read_definition(
    parse(
        "name: literal\nproperties:\n  policyRule:\n    if: {field: type, equals: a/b}\n"
        "    then: {effect: auditIfNotExists, details: {type: a/c}}\n",
        "policy.yaml",
    )
)


@pytest.mark.parametrize(
    ("definition", "effect", "refused"),
    [
        (LITERAL, "Deny", False),
        (LITERAL, "disabled", False),
        (LITERAL, "auditIfNotExists", True),
        (LITERAL, "deployIfNotExists", True),
        (LITERAL, "Manual", True),
        (LITERAL, "modify", True),
        (LITERAL, "append", True),
        (RELATED, "audit", False),
        (RELATED, "deployIfNotExists", False),
        (definition("literal", effect="manual"), "Manual", False),
        (definition("literal", "{e: {type: String}}", "[parameters('e')]"), "Manual", False),
    ],
)
def test_overrides_of_an_effect_that_is_no_parameter(
    write: Write, definition: PolicyDefinition, effect: str, refused: bool
) -> None:
    artifact = (OVERRIDDEN % ("policyEffect", effect)).replace("https", "literal")
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/a.yaml": artifact})
    found = resolve(read(root), definitions={"literal": definition}, sets={})
    told = [one.message for one in found.diagnostics if one.code == "BP268"]
    message = f"an override sets the effect `{effect}`, whose details the rule does not have in `literal`"
    assert told == ([message] if refused else [])


OVERRIDDEN = """\
kind: policyAssignment
properties:
  policyDefinition: https
  overrides: [{kind: %s, value: %s}]
"""


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("policyEffect", "Modify", "BP268"),
        ("policyEffect", "deny", ""),
        ("policyVersion", "1.*.*", "BP276"),
        ("definitionVersion", "2.*.*", ""),
    ],
)
def test_overrides_that_azure_refuses_or_that_are_not_at_hand(
    write: Write, kind: str, value: str, code: str
) -> None:
    artifact = OVERRIDDEN % (kind, value)
    newer = definition("https", CHOSEN, "[parameters('effect')]", "version: 2.1.0")
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/a.yaml": artifact})
    found = resolve(read(root), definitions={"https": newer}, sets={})
    told = [(one.code, one.position.pointer) for one in found.diagnostics]
    assert told == ([(code, "/properties/overrides")] if code else [])


def test_the_same_input_gives_the_same_ids(write: Write) -> None:
    root = write({"blueprint.yaml": PLACE, "artifacts/places.yaml": SINGLE})
    given = "parameters: {place: {value: x}}\n"
    ids = {policy.assignment_id for _ in range(2) for policy in run(read(root), assignment(given)).policies}
    assert len(ids) == 1
    assert ids.pop().startswith(f"{SUB}/providers/Microsoft.Authorization/policyAssignments/places-")


LIMITED = (
    SINGLE
    + """\
  definitionVersion: 1.*.*
  nonComplianceMessages: [{message: ask the network team}]
  resourceSelectors:
    - name: first ring
      selectors: [{kind: resourceLocation, in: ["[parameters('place')]", eastus]}]
  overrides:
    - {kind: policyEffect, value: Deny, selectors: [{kind: resourceLocation, in: [eastus]}]}
"""
)


def test_selectors_overrides_messages_and_versions_are_carried(write: Write) -> None:
    root = write({"blueprint.yaml": PLACE, "artifacts/places.yaml": LIMITED})
    found = run(read(root), assignment("parameters: {place: {value: westeurope}}\n"))
    (policy,) = found.policies
    (ring,) = policy.resource_selectors
    assert (ring.name, ring.selectors[0].values) == ("first ring", ("westeurope", "eastus"))
    assert [(one.value, one.selectors[0].values) for one in policy.overrides] == [("Deny", ("eastus",))]
    assert (policy.message, policy.definition_version) == ("ask the network team", "1.*.*")
    # `effect` is given a value that the definition does take, and nothing else is said
    assert [one.code for one in found.diagnostics] == []


def test_members_get_their_own_message_and_the_overrides(write: Write) -> None:
    artifact = (
        INITIATIVE % "ALLOWED: {value: [westeurope]}"
        + """\
  nonComplianceMessages:
    - {message: everything}
    - {message: only https, policyDefinitionReferenceId: HTTPS}
  overrides:
    - kind: policyEffect
      value: disabled
      selectors: [{kind: policyDefinitionReferenceId, in: [https]}]
"""
    )
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/bench.yaml": artifact})
    places, https, _ = run(read(root), assignment()).policies
    assert (places.message, https.message) == ("everything", "only https")
    assert (effect_of(places), effect_of(https)) == ("Audit", "disabled")


@pytest.mark.parametrize(
    ("reference", "made_up", "told"),
    [
        ("HTTPS", False, []),
        ("gone", False, []),
        ("htps", False, [("BP268", "did you mean `https`?")]),
        ("htps", True, []),  # Azure gives a member without a reference id one of its own
    ],
)
def test_messages_are_for_members(
    write: Write, reference: str, made_up: bool, told: list[tuple[str, str]]
) -> None:
    messages = f"[{{message: all}}, {{message: one, policyDefinitionReferenceId: {reference}}}]"
    artifact = INITIATIVE % "allowed: {value: []}" + f"  nonComplianceMessages: {messages}\n"
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/bench.yaml": artifact})
    members = tuple(
        replace(one, reference_id="") if made_up and one.reference_id == "places" else one
        for one in SET.members
    )
    found = resolve(read(root), definitions=DEFINITIONS, sets={"bench": replace(SET, members=members)})
    assert [(one.code, one.hint) for one in found.diagnostics if one.code != "BP265"] == told


def test_a_ring_that_only_looks_enforces_nothing(write: Write, small: Framework) -> None:
    artifact = (
        "kind: policyAssignment\nproperties: {policyDefinition: ports, parameters: {ports: {value: []}}}\n"
    )
    controls = "framework: small\ncontrols:\n  A.1.1: [{policyDefinition: https, strength: full, why: x}]\n"
    root = write(
        {
            "blueprint.yaml": HEAD + "properties: {}\n",
            "artifacts/ports.yaml": artifact,
            "controls.yaml": controls,
        }
    )
    rings = (
        f"rings: [{{name: look, enforcementMode: DoNotEnforce, subscriptions: [{SUB}]}}, {{name: enforce}}]\n"
    )
    found = run(read(root, small), assignment(rings, f"[{SUB}, {OTHER}]"))
    assert [(one.definition.name, one.scope, one.enforced) for one in found.policies] == [
        ("ports", SUB, False),
        ("ports", OTHER, True),
        ("https", SUB, False),
        ("https", OTHER, True),
    ]


def test_a_selector_that_azure_refuses(write: Write) -> None:
    artifact = LIMITED.replace('kind: resourceLocation, in: ["', 'kind: resourceLocaton, in: ["')
    found = run(read(write({"blueprint.yaml": PLACE, "artifacts/a.yaml": artifact})), None)
    (wrong,) = [one for one in found.diagnostics if one.code == "BP268"]
    assert wrong.position.pointer == "/properties/resourceSelectors/0/selectors/0/kind"


@pytest.mark.parametrize(
    ("type", "hint"),
    [("BuiltIn", "Azure judges by the one that is asked for"), ("Custom", "Azure refuses a pin")],
)
def test_another_version_of_the_definition(write: Write, type: str, hint: str) -> None:
    artifact = "kind: policyAssignment\nproperties: {policyDefinition: newer, definitionVersion: 1.*.*}\n"
    newer = definition("newer", extra=f"version: 2.0.0\n  policyType: {type}")
    root = write({"blueprint.yaml": HEAD + "properties: {}\n", "artifacts/a.yaml": artifact})
    found = resolve(read(root), definitions={"newer": newer}, sets={})
    assert [(one.code, one.position.line) for one in found.diagnostics] == [("BP276", 2)]
    assert hint in found.diagnostics[0].hint
    assert [one.definition_version for one in found.policies] == ["1.*.*"]
