"""Every diagnostic can be explained."""

from __future__ import annotations

import re
from pathlib import Path

from blueprinter.blueprint import CODES


def test_codes_are_rows_and_rows_are_codes(root: Path) -> None:
    used = {
        code
        for path in (root / "src" / "blueprinter" / "blueprint").glob("*.py")
        if path.name != "codes.py"
        for code in re.findall(r'"(BP2\d\d)"', path.read_text(encoding="utf-8"))
    }
    rows = [row.name for row in CODES]
    assert rows == sorted(set(rows))
    assert used == set(rows)


def test_rows_follow_the_grammar() -> None:
    for row in CODES:
        assert not row.title.endswith("."), row.name
        assert row.title[0].islower() or row.title.startswith(("`", "Compliant")), row.name
        assert row.explanation.endswith("."), row.name
