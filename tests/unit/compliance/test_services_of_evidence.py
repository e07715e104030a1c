"""Which services in use the provider's evidence names: in scope, out of scope or not stated, cloud by cloud."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from blueprinter.blueprint import InheritedEvidence, load_registers
from blueprinter.casing import fold
from blueprinter.cli import run as run_command
from blueprinter.cli.evaluation import Request, run_evaluation
from blueprinter.cli.workspace import open_workspace
from blueprinter.compliance import Inherited, Run, inherited_part
from blueprinter.compliance.inherited import scope_of_entry, services_asked, services_of_entry
from blueprinter.compliance.offerings import CONTROL_PLANE, OFFERINGS, is_control_plane, service_name
from unit.compliance.small_runs import NOW, TODAY, certificate

GOVERNMENT = "AzureUSGovernment"


def status(*entries: InheritedEvidence, services: list[tuple[str, str]]) -> tuple[Inherited, str]:
    part = inherited_part(
        entries, control="A.1", framework="iso-27001-2022", services=services, today=TODAY, warn_days=30
    )
    return part.status, part.reason


def test_the_control_plane_is_not_asked_for() -> None:
    used = [
        ("AzureCloud", "Microsoft.Authorization"),
        ("AzureCloud", "microsoft.resources"),
        ("AzureCloud", "Microsoft.Storage"),
    ]
    assert services_asked(used) == (("AzureCloud", "Microsoft.Storage"),)
    assert status(certificate(), services=used)[0] is Inherited.PASS


def test_where_only_the_control_plane_is_used_the_cloud_is_asked_for() -> None:
    used = [("AzureCloud", "Microsoft.Resources"), (GOVERNMENT, "Microsoft.Authorization")]
    assert services_asked(used) == (("AzureCloud", ""), (GOVERNMENT, ""))
    assert status(certificate(), services=used) == (
        Inherited.LAPSED,
        "certificate `azure-iso27001` does not cover AzureUSGovernment",
    )
    assert status(certificate(), services=used[:1])[0] is Inherited.PASS


def test_three_standings_of_a_service() -> None:
    entry = certificate(
        services={"microsoft.storage": "in", "Microsoft.Sql": "out", "Microsoft.Web": "not-stated"}
    )
    used = [
        ("AzureCloud", f"Microsoft.{name}") for name in ("Storage", "Sql", "Web", "BotService", "Resources")
    ]
    assert scope_of_entry(entry, used) == {
        "Microsoft.BotService": "not-stated",
        "Microsoft.Sql": "out",
        "Microsoft.Storage": "in",
        "Microsoft.Web": "not-stated",
    }


def test_an_entry_speaks_for_its_own_clouds() -> None:
    both = [("AzureCloud", "Microsoft.Storage"), (GOVERNMENT, "Microsoft.KeyVault")]
    assert services_of_entry(certificate(), both) == (both[0],)
    assert scope_of_entry(certificate(), both) == {"Microsoft.Storage": "in"}
    elsewhere = [(GOVERNMENT, "Microsoft.Storage")]
    assert scope_of_entry(certificate(), elsewhere) == {"Microsoft.Storage": "not-stated"}


def test_what_microsoft_publishes_to_be_outside_is_outside_in_that_cloud_only() -> None:
    silent = certificate(
        clouds=("AzureCloud", GOVERNMENT), services={"Microsoft.UniversalPrint": "not-stated"}
    )
    assert scope_of_entry(silent, [(GOVERNMENT, "Microsoft.UniversalPrint")]) == {
        "Microsoft.UniversalPrint": "out"
    }
    assert scope_of_entry(silent, [("AzureCloud", "Microsoft.UniversalPrint")]) == {
        "Microsoft.UniversalPrint": "not-stated"
    }
    stated = certificate(clouds=(GOVERNMENT,), services={"Microsoft.UniversalPrint": "in"})
    assert scope_of_entry(stated, [(GOVERNMENT, "Microsoft.UniversalPrint")]) == {
        "Microsoft.UniversalPrint": "in"
    }
    assert status(silent, services=[(GOVERNMENT, "Microsoft.UniversalPrint")])[1].endswith(
        "excludes Universal Print (Microsoft.UniversalPrint)"
    )


def test_services_have_names_that_people_know() -> None:
    assert service_name("microsoft.dbforpostgresql") == "Azure Database for PostgreSQL"
    assert service_name("Contoso.Widgets") == "Contoso.Widgets"
    assert not {fold(row.name) for row in OFFERINGS} & CONTROL_PLANE


def test_the_shipped_forms_ask_for_no_control_plane(root: Path) -> None:
    for form in (root / "blueprints").glob("*/registers/inherited.yaml"):
        for entry in load_registers(form.parent, framework=None, now=NOW).inherited:
            assert not [service for service in entry.services if is_control_plane(service)], form
            assert not [service for service in entry.services if OFFERINGS.get(service) is None], form


@pytest.mark.parametrize("cloud", ["AzureGermanCloud", "AzureGermany"])
def test_the_retired_cloud_is_refused(root: Path, cloud: str, capsys: pytest.CaptureFixture[str]) -> None:
    inventory = root / "examples" / "contoso" / "inventory" / "platform.jsonl"
    arguments = ["--cloud", cloud, "evaluate", "azure-starter", "--inventory", str(inventory)]
    assert run_command(arguments) == 2
    assert cloud in capsys.readouterr().err


def test_a_run_tells_the_standing_of_every_service(run_of_the_estate: Run) -> None:
    (certificates, *_), namespaces = (
        run_of_the_estate.certificates,
        {type_.partition("/")[0] for type_ in run_of_the_estate.population.types},
    )
    assert set(map(fold, certificates.services)) == {
        fold(one) for one in namespaces if not is_control_plane(one)
    }
    assert set(certificates.services.values()) <= {"in", "out", "not-stated"}
    assert certificates.services["Microsoft.Storage"] == "in"


@pytest.fixture
def run_of_the_estate(root: Path) -> Run:
    estate = root / "examples" / "contoso"
    request = Request(
        now=datetime(2026, 11, 20, 6, tzinfo=UTC),
        blueprint="iso-27001-2022",
        inventories=(str(estate / "inventory" / "platform.jsonl"),),
        registers=estate / "registers",
    )
    return run_evaluation(request, open_workspace(root))
