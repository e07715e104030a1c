"""controls.yaml: links from controls to tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from blueprinter.blueprint import (
    Framework,
    LinkTarget,
    Strength,
    load_blueprint,
    policy_names,
    validate_blueprint,
)
from blueprinter.diagnostics import Diagnostic, Severity

Write = Callable[[Mapping[str, str]], Path]

BLUEPRINT = "schema: blueprinter/blueprint/1\nproperties: {}\n"
TEMPLATE = "kind: template\nproperties: {template: {resources: []}}\n"


def folder(write: Write, controls: str) -> Path:
    return write(
        {
            "policies/storage/https-only/policy.json": "{}",
            "policies/storage/soft-delete/policy.json": "{}",
            "policies/network/soft-delete/policy.json": "{}",
            "mine/blueprint.yaml": BLUEPRINT,
            "mine/artifacts/vault.yaml": TEMPLATE,
            "mine/controls.yaml": controls,
        }
    )


def faults(root: Path, framework: Framework) -> list[Diagnostic]:
    names = policy_names([root / "policies"])
    return list(
        validate_blueprint(root / "mine", frameworks={"small": framework}, builtin_facts=None, policies=names)
    )


def test_links(write: Write, small: Framework) -> None:
    root = folder(
        write,
        """\
        framework: small
        controls:
          A.1.1:
            - policyDefinition: HTTPS-only
              strength: full
              why: reads it
              equivalent: 404c3081-a854-4457-ae30-26a93ef643f9
            - {policyDefinitionId: 17k78e20-9358-41c9-923c-fb736d382a12, strength: partial, why: some, source: live}
          A.1.2:
            - {artifact: VAULT, strength: partial, why: it is there}
          A.1.3:
            - policyDefinitionId: /providers/Microsoft.Authorization/policyDefinitions/Own
              strength: indicative
              why: a hint
          "4.1": []
        """,
    )
    blueprint = load_blueprint(root / "mine", frameworks={"small": small}, builtin_facts=None)
    assert blueprint.framework is small
    assert blueprint.has_controls
    assert blueprint.deliberately_empty == ("4.1",)
    first, second, third, fourth = blueprint.links
    assert (first.control, first.test, first.strength) == ("A.1.1", "https-only", Strength.FULL)
    assert first.equivalent == "404c3081-a854-4457-ae30-26a93ef643f9"
    assert first.position.line == 4
    assert (second.test, second.live_only) == ("17k78e20-9358-41c9-923c-fb736d382a12", True)
    assert (third.target, third.test) == (LinkTarget.ARTIFACT, "vault")
    assert (fourth.test, fourth.strength, fourth.source) == ("own", Strength.INDICATIVE, "controls.yaml")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("{policyDefinition: https-only, strength: full, why: x}", None),
        ("{policyDefinition: https-only, strength: full}", "BP112"),
        ("{policyDefinition: https-only, strength: full, why: ''}", "BP111"),
        ("{policyDefinition: https-only, strength: strong, why: x}", "BP111"),
        ("{policyDefinition: https-only, strength: full, why: x, sorce: live}", "BP110"),
        ("{policyDefinition: https-only, artifact: vault, strength: partial, why: x}", "BP242"),
        ("{strength: partial, why: x}", "BP242"),
        ("{policyDefinition: htps-only, strength: full, why: x}", "BP243"),
        ("{policyDefinition: soft-delete, strength: full, why: x}", "BP243"),
        ("{policyDefinitionId: https-only, strength: full, why: x}", "BP224"),
        ("{policyDefinition: https-only, strength: full, why: x, equivalent: other}", "BP224"),
        ("{artifact: vult, strength: partial, why: x}", "BP208"),
        ("{artifact: vault, strength: full, why: x}", "BP244"),
        (
            "{policyDefinitionId: /providers/Microsoft.Authorization/policySetDefinitions/x, strength: full, why: x}",
            "BP224",
        ),
    ],
)
def test_faults_of_a_link(write: Write, small: Framework, row: str, code: str | None) -> None:
    found = faults(folder(write, f"framework: small\ncontrols:\n  A.1.1:\n    - {row}\n"), small)
    assert [(one.code, one.position.line) for one in found] == ([(code, 4)] if code else [])


@pytest.mark.parametrize("control", ["A.1.3", "A.1.10", '"4.1"'])
@pytest.mark.parametrize(("strength", "allowed"), [("partial", False), ("full", False), ("indicative", True)])
def test_no_direct_link_to_what_no_test_decides(
    write: Write, small: Framework, control: str, strength: str, allowed: bool
) -> None:
    row = f"{{policyDefinition: https-only, strength: {strength}, why: x}}"
    found = faults(folder(write, f"framework: small\ncontrols:\n  {control}: [{row}]\n"), small)
    assert [one.code for one in found] == ([] if allowed else ["BP241"])


def test_controls_must_exist(write: Write, small: Framework) -> None:
    found = faults(folder(write, 'framework: small\ncontrols:\n  a.1.1: []\n  B.1.1: []\n  "4": []\n'), small)
    assert [(one.code, one.position.line, one.hint) for one in found] == [
        ("BP240", 3, "did you mean `A.1.1`?"),
        ("BP240", 4, "did you mean `A.1.1`?"),
        ("BP240", 5, "link what stands below it: 4.1"),
    ]


def test_numbers_as_controls_are_refused(write: Write, small: Framework) -> None:
    [only] = faults(folder(write, "framework: small\ncontrols:\n  4.1: []\n"), small)
    assert (only.code, only.hint) == ("BP113", 'quote it: `"4.1"`')


def test_the_framework_must_exist(write: Write, small: Framework) -> None:
    [only] = faults(folder(write, "framework: smal\ncontrols: {}\n"), small)
    assert (only.code, only.hint) == ("BP234", "did you mean `small`?")


def test_one_test_counts_once_for_a_control(write: Write, small: Framework) -> None:
    id = "404c3081-a854-4457-ae30-26a93ef643f9"
    root = folder(
        write,
        f"""\
        framework: small
        controls:
          A.1.1:
            - {{policyDefinition: https-only, strength: full, why: x, equivalent: {id}}}
            - {{policyDefinitionId: {id}, strength: partial, why: x}}
          A.1.2:
            - {{policyDefinition: https-only, strength: partial, why: x}}
        """,
    )
    assert [(one.code, one.position.line) for one in faults(root, small)] == [("BP245", 5)]


def test_policies_are_only_checked_when_they_are_known(write: Write, small: Framework) -> None:
    root = folder(
        write, "framework: small\ncontrols:\n  A.1.1: [{policyDefinition: x, strength: full, why: y}]\n"
    )
    diagnostics = validate_blueprint(root / "mine", frameworks={"small": small}, builtin_facts=None)
    assert not [one for one in diagnostics if one.severity is Severity.ERROR]


def test_a_parameter_that_a_linked_policy_takes_is_used(write: Write, small: Framework) -> None:
    parameters = '{"ports": {"type": "Array"}, "effect": {"type": "String", "defaultValue": "Audit"}}'
    definition = """\
        schema: blueprinter/blueprint/1
        properties:
          parameters:
            ports: {type: array}
            open-ports_effect: {type: string}
            effect: {type: string}
        """
    controls = (
        "framework: small\ncontrols:\n  A.1.1: [{policyDefinition: open-ports, strength: full, why: x}]\n"
    )
    root = write(
        {
            "policies/network/open-ports/policy.json": f'{{"properties": {{"parameters": {parameters}}}}}',
            "mine/blueprint.yaml": definition,
            "mine/controls.yaml": controls,
        }
    )
    assert [(one.code, one.position.line) for one in faults(root, small)] == [("BP220", 6)]
    unchecked = validate_blueprint(root / "mine", frameworks={"small": small}, builtin_facts=None)
    assert unchecked == ()
