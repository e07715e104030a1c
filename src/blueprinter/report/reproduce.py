"""The command that gives a result again, for an evidence index and an auditor."""

from __future__ import annotations

import shlex

from blueprinter.compliance import Run
from blueprinter.report.words import stamp


def command(run: Run) -> str:
    """The evaluation as one line for a shell, with its clock; the input's hash says whether it is the same input."""
    given = run.arguments or _from_files(run)
    return shlex.join(["blueprinter", *given, "--now", stamp(run.now), "-o", "json=run.json"])


def _from_files(run: Run) -> tuple[str, ...]:
    """The arguments as far as a run without a command line shows them."""
    source = "--template" if run.template_only else "--inventory"
    files = (word for file in run.population.files for word in (source, file))
    return ("evaluate", *([run.blueprint] if run.blueprint else []), *files)


def show_command(resource: str) -> str:
    """Reads one resource as it is now."""
    return shlex.join(["az", "resource", "show", "--ids", resource])
