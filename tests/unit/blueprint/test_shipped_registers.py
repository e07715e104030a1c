"""The shipped forms: a Statement of Applicability with nothing decided, and provider evidence to be filled in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from blueprinter.arm import CLOUDS
from blueprinter.blueprint import (
    AutomationClass,
    Framework,
    Registers,
    Responsibility,
    load_framework,
    load_registers,
)
from blueprinter.compliance import Inherited, inherited_part
from blueprinter.diagnostics import Severity

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def annex(root: Path) -> Framework:
    return load_framework(root / "blueprints" / "frameworks" / "iso-27001-2022.yaml")


@pytest.fixture(scope="module")
def shipped(root: Path, annex: Framework) -> Registers:
    return load_registers(root / "blueprints" / "iso-27001-2022" / "registers", framework=annex, now=NOW)


def test_the_statement_lists_every_control_and_decides_nothing(annex: Framework, shipped: Registers) -> None:
    assert tuple(shipped.soa) == annex.counted
    assert len(shipped.soa) == 93
    for entry in shipped.soa.values():
        assert entry.applicable
        assert (entry.status, entry.reasons, entry.owner, entry.how) == ("", (), "", "")


def test_every_form_is_lapsed_and_says_where_to_get_it(shipped: Registers) -> None:
    assert {one.kind for one in shipped.inherited} == {"certificate", "report", "statement"}
    assert all(one.valid_to is None for one in shipped.inherited)
    told = [one for one in shipped.diagnostics if one.code == "BP264"]
    assert len(told) == len(shipped.inherited)
    assert all(one.severity is Severity.WARNING and one.hint for one in told)
    part = inherited_part(
        shipped.inherited,
        control="A.7.1",
        framework="iso-27001-2022",
        services=[("AzureCloud", "Microsoft.Storage")],
        today=NOW.date(),
        warn_days=30,
    )
    assert part.status is Inherited.LAPSED
    assert "not filled in" in part.reason
    assert "Service Trust Portal" in part.reason


def test_the_forms_list_the_controls_that_need_the_provider(annex: Framework, shipped: Registers) -> None:
    needed = {
        control.id
        for control in annex.controls.values()
        if control.id in annex.counted
        and (
            control.automation in (AutomationClass.INHERITED, AutomationClass.INHERITED_AND_ATTESTED)
            or control.responsibility is Responsibility.SHARED
        )
    }
    for one in shipped.inherited:
        assert set(one.controls) == needed


def test_every_cloud_that_stands_has_a_form(shipped: Registers) -> None:
    clouds = {cloud for one in shipped.inherited for cloud in one.clouds}
    assert clouds == {row.name for row in CLOUDS if not row.retired}


def test_a_form_filled_in_speaks_for_the_services_it_names(
    root: Path, annex: Framework, tmp_path: Path
) -> None:
    form = (root / "blueprints" / "iso-27001-2022" / "registers" / "inherited.yaml").read_text()
    first, _, rest = form.partition("  # Azure Government")
    filled = (
        first.replace("Microsoft.Storage: not-stated", "Microsoft.Storage: in")
        .replace("validFrom: null", "validFrom: 2026-01-01")
        .replace("validTo: null", "validTo: 2028-12-31")
        .replace("reviewedOn: null", "reviewedOn: 2026-11-01")
        .replace("reviewedBy: null", "reviewedBy: someone@fabrikam.example")
    )
    assert rest
    (tmp_path / "inherited.yaml").write_text(filled)
    held = load_registers(tmp_path, framework=annex, now=NOW).inherited

    def status(service: str, cloud: str = "AzureCloud") -> tuple[Inherited, str]:
        part = inherited_part(
            held,
            control="A.7.1",
            framework="iso-27001-2022",
            services=[(cloud, service)],
            today=date(2026, 11, 20),
            warn_days=30,
        )
        return part.status, part.reason

    assert status("Microsoft.Storage")[0] is Inherited.PASS
    assert status("Microsoft.Sql") == (
        Inherited.LAPSED,
        "certificate `azure-iso27001` does not state Azure SQL Database (Microsoft.Sql)",
    )
    several = inherited_part(
        held,
        control="A.7.1",
        framework="iso-27001-2022",
        services=[("AzureCloud", name) for name in ("Microsoft.Sql", "Microsoft.Storage", "Microsoft.Web")],
        today=date(2026, 11, 20),
        warn_days=30,
    )
    assert several.reason == (
        "certificate `azure-iso27001` does not state Azure SQL Database (Microsoft.Sql), "
        "and so for 1 more service in use"
    )
    assert status("microsoft.visualstudio")[1].endswith("excludes Azure DevOps (microsoft.visualstudio)")
    assert "does not cover AzureUSGovernment" in status("Microsoft.Storage", "AzureUSGovernment")[1]
