"""What a reader of a report may choose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReportOptions:
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
