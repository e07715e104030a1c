"""What a reader of a report may choose."""

from __future__ import annotations

from msgspec import Struct

from blueprinter.report.sampling import StatesSample


class ReportOptions(Struct, frozen=True):
    """Choices that change how a run is written, never what it says."""

    color: bool = False
    """Styled text for a terminal; False for pipes, files and `NO_COLOR`."""
    width: int = 100
    """Columns of the terminal."""
    all_states: bool = False
    """JSON Lines: every state that the run holds, not only what is open or undecided."""
    max_findings: int = 1000
    """Findings inside a JSON or HTML document, worst first; the total is always given."""
    folder: str = ""
    """The working directory: SARIF and annotations name files below it relative to it."""
    document: str = "gaps"
    """Which document of the run: one of `DOCUMENTS`."""
    sample: int = 0
    """How many resources an auditor's sample has."""
    seed: int = 0
    """The same seed draws the same sample."""
    states: StatesSample | None = None
    """The sample where it was drawn from every policy state; else it is drawn from the findings of the run."""
