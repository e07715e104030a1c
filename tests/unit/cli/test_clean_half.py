"""Every blueprint on the clean half of the demo estate: no test fails, every technical control is satisfied."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from blueprinter.blueprint import AutomationClass, load_assignment, resolve
from blueprinter.casing import fold
from blueprinter.cli.evaluation import Request, run_evaluation
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.compliance import ControlState, Run
from blueprinter.document import parse
from blueprinter.policy import effect_of

ROOT = Path(__file__).parents[3]
ESTATE = ROOT / "examples" / "contoso"
BLUEPRINTS = (
    "azure-starter",
    "iso-20000-1-2018",
    "iso-27001-2013",
    "iso-27001-2022",
    "iso-27001-ase-sql",
    "iso-27001-shared-services",
    "iso-9001-2015",
)


@cache
def workspace() -> Workspace:
    return open_workspace(ROOT)


@cache
def run_of(blueprint: str) -> Run:
    request = Request(
        now=datetime(2026, 11, 20, 12, tzinfo=UTC),
        blueprint=blueprint,
        inventories=(str(ESTATE / "inventory" / "platform.jsonl"),),
        registers=ESTATE / "registers",
    )
    return run_evaluation(request, workspace())


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_no_test_fails(blueprint: str) -> None:
    results = run_of(blueprint).results
    assert results
    assert [result.control.id for result in results if result.tested == "fail"] == []


NO_CERTIFICATE = {"iso-27001-2013": {"A.13.1.1"}}
"""Technical, and shared with the provider: the last certificates of the edition of 2013 ended on 31 October 2025, so
nothing can be inherited for it, on any estate."""


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_every_technical_control_is_satisfied_or_has_no_resources(blueprint: str) -> None:
    run = run_of(blueprint)
    linked = {
        link.link.control for result in run.results for link in result.links if link.link.strength.direct
    }
    open_ones = {
        result.control.id: result.reasons
        for result in run.results
        if result.control.automation is AutomationClass.TECHNICAL
        and result.control.id in linked
        and result.state not in {ControlState.SATISFIED, ControlState.NO_RESOURCES}
    }
    assert set(open_ones) == NO_CERTIFICATE.get(blueprint, set())
    assert {reason for reasons in open_ones.values() for reason in reasons} <= {
        "evidence of the provider missing"
    }


@pytest.mark.parametrize("blueprint", ["iso-27001-2022", "iso-27001-2013"])
def test_a_whole_map_has_a_direct_link_for_every_technical_control(blueprint: str) -> None:
    technical = [
        result
        for result in run_of(blueprint).results
        if result.control.automation is AutomationClass.TECHNICAL
    ]
    assert technical
    assert all(any(link.link.strength == "full" for link in result.links) for result in technical)


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_everything_starts_in_audit(blueprint: str) -> None:
    """Nothing is refused and nothing is changed with the parameters as shipped."""
    here = workspace()
    found = resolve(here.blueprint(blueprint), definitions=here.definitions, sets=here.sets)
    effects = {fold(effect_of(policy) or "") for policy in found.policies}
    assert effects
    assert effects <= {"audit", "auditifnotexists", "disabled", "manual"}


def test_deletion_is_refused_once_it_is_chosen() -> None:
    here = workspace()
    given = {
        "name": "contoso",
        "blueprint": "iso-27001-2022",
        "scope": "/subscriptions/11111111-1111-4111-8111-111111111111",
        "location": "westeurope",
        "parameters": {"critical-types-not-deletable_effect": {"value": "DenyAction"}},
    }
    found = resolve(
        here.blueprint("iso-27001-2022"),
        definitions=here.definitions,
        sets=here.sets,
        assignment=load_assignment(parse(json.dumps(given), "contoso.json")),
    )
    (chosen,) = [
        policy for policy in found.policies if policy.definition.name == "critical-types-not-deletable"
    ]
    assert effect_of(chosen) == "DenyAction"
