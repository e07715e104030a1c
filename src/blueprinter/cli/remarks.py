"""Remarks for people, on stderr."""

from __future__ import annotations

from collections.abc import Sequence

import click

from blueprinter.cli import Settings
from blueprinter.diagnostics import Diagnostic, Severity, as_lines

_SHOWN = 20


def say(text: str, settings: Settings) -> None:
    """One line of progress or advice; silent with --quiet."""
    if not settings.quiet:
        click.echo(text, err=True)


def show_diagnostics(diagnostics: Sequence[Diagnostic], settings: Settings) -> None:
    """Errors always; warnings unless --quiet, the first twenty unless --verbose; remarks with --verbose."""
    by_severity = {level: [one for one in diagnostics if one.severity is level] for level in Severity}
    warnings = [] if settings.quiet else by_severity[Severity.WARNING]
    limit = None if settings.verbose else _SHOWN
    remarks = by_severity[Severity.INFO] if settings.verbose and not settings.quiet else []
    for line in as_lines([*by_severity[Severity.ERROR], *warnings[:limit], *remarks]):
        click.echo(line, err=True)
    if len(warnings) > _SHOWN and not settings.verbose:
        click.echo(f"and {len(warnings) - _SHOWN:,} more warnings; --verbose shows all", err=True)
