"""The small run in every text format, byte by byte.

After a wanted change, `BLUEPRINTER_UPDATE_GOLDEN=1 pytest tests/unit/report` writes the files anew; read the
difference before it is kept.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from blueprinter.report import FORMATS, ReportOptions
from unit.report import runs

GOLDEN = Path(__file__).parents[2] / "golden" / "report"
CASES = {
    "small.txt": ("console", runs.small, ReportOptions(width=100)),
    "small-narrow.txt": ("console", runs.small, ReportOptions(width=60)),
    "small-colour.txt": ("console", runs.small, ReportOptions(width=100, color=True)),
    "small.json": ("json", runs.small, ReportOptions()),
    "small.jsonl": ("jsonl", runs.small, ReportOptions()),
    "small-all.jsonl": ("jsonl", runs.small, ReportOptions(all_states=True)),
    "small.csv": ("csv", runs.small, ReportOptions()),
    "small.md": ("markdown", runs.small, ReportOptions()),
    "full.md": ("markdown", runs.full, ReportOptions()),
    "small.azure-devops": ("azure-devops", runs.small, ReportOptions()),
    "small.junit.xml": ("junit", runs.small, ReportOptions()),
    "small.sarif": ("sarif", runs.small, ReportOptions()),
    "small.github": ("github", runs.small, ReportOptions()),
    "empty.txt": ("console", runs.empty, ReportOptions(width=100)),
    "empty.md": ("markdown", runs.empty, ReportOptions()),
    "findings-only.txt": ("console", runs.without_framework, ReportOptions(width=100)),
    "findings-only.md": ("markdown", runs.without_framework, ReportOptions()),
}


@pytest.mark.parametrize("name", CASES)
def test_text_is_as_kept(name: str) -> None:
    format, make, options = CASES[name]
    row = FORMATS.get(format)
    assert row is not None
    assert row.write is not None
    text = "".join(row.write(make(), options))
    file = GOLDEN / name
    if os.environ.get("BLUEPRINTER_UPDATE_GOLDEN"):
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode()
