"""The conformance figures that a report prints are true: the cases are counted, and run, again.

After a wanted change, `BLUEPRINTER_UPDATE_GOLDEN=1 pytest tests/unit/report/test_conformance_figures.py` writes the
figures anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from blueprinter.policy import AliasTable, CaseResult, load_tests, run_cases
from blueprinter.report import conformance
from blueprinter.report.conformance import CONFORMANCE_FILE

ROOT = Path(__file__).parents[3]
END_TO_END = "e2e_"


def holds(family: str, results: Iterable[CaseResult]) -> None:
    """Asserts that the shipped figure of a family is that of these results."""
    found = list(results)
    passed, cases = sum(one.passed for one in found), len(found)
    if os.environ.get("BLUEPRINTER_UPDATE_GOLDEN"):
        kept = json.loads(CONFORMANCE_FILE.read_text(encoding="utf-8"))
        for row in kept["families"]:
            if row["family"] == family:
                row |= {"passed": passed, "cases": cases}
        CONFORMANCE_FILE.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
        conformance.cache_clear()
    (figure,) = (one for one in conformance() if one.family == family)
    assert (figure.passed, figure.cases) == (passed, cases)


@pytest.mark.parametrize(("family", "whole"), [("policy language", False), ("whole policies", True)])
def test_the_figure_of_the_conformance_cases_is_true(shared: Path, family: str, whole: bool) -> None:
    folder = shared / "conformance" / "policy"
    files = [
        file
        for file in sorted(folder.rglob("*.tests.json"))
        if file.relative_to(folder).parts[0].startswith(END_TO_END) is whole
    ]
    assert files
    holds(family, (one for file in files for one in run_cases(load_tests(file), folder, AliasTable.empty())))


def test_the_figure_of_the_shipped_policies_is_true() -> None:
    folder = ROOT / "policies"
    files = sorted(folder.rglob("*tests.yaml"))
    assert files
    aliases = AliasTable.empty()
    holds("shipped policies", (one for file in files for one in run_cases(load_tests(file), folder, aliases)))
