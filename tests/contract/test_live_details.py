"""Why findings of a live run fail: as Azure says it, asked only of what is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from blueprinter.cli import run as command
from blueprinter.sandbox import Response
from contract.cloud import FIRST
from contract.tenant import ONE, STORAGE, Tenant, made

SOURCES = ("resource-graph", "policy-insights")
DETAILS = "$expand=PolicyEvaluationDetails"


@pytest.fixture
def judged(tenant: Tenant) -> list[str]:
    """The arguments of a live run over three accounts, of which two have a finding each."""
    id = made(tenant)
    tenant.assign("baseline", ONE)
    return ["--initiative", id, "--subscription", FIRST, "--now", tenant.trigger()]


def spy(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, answer: Response | None = None) -> list[str]:
    """The addresses of requests for details; `answer` is given to them instead."""
    asked: list[str] = []
    respond = tenant.sandbox.respond

    def watched(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Any:
        if DETAILS in url:
            asked.append(url)
            if answer is not None:
                return answer
        return respond(method, url, headers, body)

    monkeypatch.setattr(tenant.sandbox, "respond", watched)
    return asked


def reasons(whole: Mapping[str, Any]) -> dict[str, tuple[str, str, str]]:
    return {
        one["resourceId"].rpartition("/")[2]: (one.get("path"), one.get("expected"), one.get("actual"))
        for one in whole["findings"]
    }


@pytest.mark.parametrize("source", SOURCES)
def test_expected_and_actual(
    tenant: Tenant, judged: list[str], source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = spy(tenant, monkeypatch)
    code, whole, said = tenant.evaluate(*judged, "--source", source, "--explain-requests")
    assert code == 3, said
    assert reasons(whole) == {
        "plain": ("properties.supportsHttpsTrafficOnly", "true", "false"),
        "open": ("properties.allowBlobPublicAccess", "false", "true"),
    }
    assert len(asked) == 2  # one a resource
    counted = next(line for line in said.splitlines() if "repeated" in line)
    _, _, said = tenant.evaluate(*judged, "--source", source, "--explain-requests", "--details", "0")
    fewer = next(line for line in said.splitlines() if "repeated" in line)
    assert int(counted.split()[0]) == int(fewer.split()[0]) + 2


def test_no_more_than_asked_for_and_that_is_said(
    tenant: Tenant, judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = spy(tenant, monkeypatch)
    _, whole, said = tenant.evaluate(*judged, "--details", "1")
    assert len(asked) == 1
    assert sum(reason[1] is not None for reason in reasons(whole).values()) == 1
    assert "reasons: asked for of 1 resource, the worst first; 1 finding without (see --details)" in said


def test_what_is_gone_or_may_not_be_read_has_no_reason(
    tenant: Tenant, judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for status in (404, 403):
        error = {"error": {"code": "No", "message": "no"}}
        spy(tenant, monkeypatch, Response.of(error, status))
        code, whole, said = tenant.evaluate(*judged)
        assert code == 3, said
        assert {reason[1:] for reason in reasons(whole).values()} == {(None, None)}
        monkeypatch.undo()
        monkeypatch.chdir(tenant.base)
        monkeypatch.setattr("blueprinter.cli.commands.evaluate.client", lambda *_: tenant.arm())


HOSTILE = "</script>\x1b[31m=cmd|' /C calc'!A0\n::error::|`"


def test_hostile_values_are_shown_as_text(
    tenant: Tenant, judged: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expression = {"result": "True", "expressionKind": "Field", "expression": HOSTILE, "path": HOSTILE,
                  "operator": "NotEquals", "targetValue": HOSTILE, "expressionValue": HOSTILE}  # fmt: skip
    rows = [
        {
            "policyAssignmentId": f"{ONE}/providers/microsoft.authorization/policyassignments/baseline",
            "policyDefinitionReferenceId": f"reference {name}",
            "policyEvaluationDetails": {"evaluatedExpressions": [expression]},
        }
        for name in ("https-only", "no-public-access")
    ]
    spy(tenant, monkeypatch, Response.of({"value": rows}))
    files = ["-o", "html=run.html", "-o", "csv=run.csv", "-o", "markdown=run.md", "-o", "github=run.txt"]
    code = command(["--no-color", "evaluate", *judged, *files, "-o", "console"])
    shown = capsys.readouterr().out
    assert code == 3
    assert "\x1b" not in shown
    assert "\n::error::" not in shown
    assert "</script>\x1b" not in (tenant.base / "run.html").read_text()
    for line in (tenant.base / "run.csv").read_text().splitlines():
        assert not line.startswith(("=", "+", "@"))
        assert "\x1b" not in line
    assert "\x1b" not in (tenant.base / "run.md").read_text()


def test_a_secret_value_is_nowhere(
    tenant: Tenant, judged: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not on the screen, not in the history, not in a bundle, not in a recording."""
    expression = {"result": "True", "expressionKind": "Field", "expression": f"{STORAGE}/adminPassword",
                  "path": "properties.adminPassword", "operator": "NotEquals", "targetValue": "hunter2",
                  "expressionValue": "hunter3"}  # fmt: skip
    row = {
        "policyAssignmentId": f"{ONE}/providers/microsoft.authorization/policyassignments/baseline",
        "policyDefinitionReferenceId": "reference https-only",
        "policyEvaluationDetails": {"evaluatedExpressions": [expression]},
    }
    spy(tenant, monkeypatch, Response.of({"value": [row]}))
    code, whole, said = tenant.evaluate(*judged, "--save", "--record", "recording")
    assert code == 3, said
    assert reasons(whole)["plain"] == ("properties.adminPassword", *["not shown: it may be a secret"] * 2)
    assert command(["history", "bundle", "-o", "evidence"]) == 0, capsys.readouterr().err
    assert command(["history", "verify", "evidence"]) == 0, capsys.readouterr().err
    written = [one for one in tenant.base.rglob("*") if one.is_file() and one.suffix != ".db"]
    assert len(written) > 10
    for file in written:
        assert b"hunter" not in file.read_bytes(), file
    answers = (tenant.base / "evidence/answers.jsonl").read_bytes()
    assert b"not shown: it may be a secret" in answers
    assert "hunter" not in said + json.dumps(whole)
