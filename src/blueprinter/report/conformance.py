"""How many conformance cases this version passes, as counted by its own tests and shipped with it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from blueprinter.compliance import ConformanceFigure

CONFORMANCE_FILE = Path(__file__).parent / "conformance.json"


@cache
def conformance() -> tuple[ConformanceFigure, ...]:
    """The figures of this version, a family each; a test of the project fails where one is not true."""
    families = json.loads(CONFORMANCE_FILE.read_text(encoding="utf-8"))["families"]
    return tuple(
        ConformanceFigure(one["family"], one["about"], one["passed"], one["cases"]) for one in families
    )
