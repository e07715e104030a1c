"""Remarks for people, on stderr."""

from __future__ import annotations

from collections.abc import Sequence

import click

from blueprinter.cli import Settings
from blueprinter.diagnostics import Diagnostic, Severity

_SHOWN = 20


def say(text: str, settings: Settings) -> None:
    """One line of progress or advice; silent with --quiet."""
    if not settings.quiet:
        click.echo(text, err=True)


def show_diagnostics(diagnostics: Sequence[Diagnostic], settings: Settings) -> None:
    """Errors always; warnings unless --quiet, the first twenty unless --verbose; remarks with --verbose."""
    warnings = 0
    for found in diagnostics:
        if found.severity is Severity.ERROR:
            click.echo(str(found), err=True)
        elif found.severity is Severity.WARNING and not settings.quiet:
            warnings += 1
            if settings.verbose or warnings <= _SHOWN:
                click.echo(str(found), err=True)
        elif settings.verbose and not settings.quiet:
            click.echo(str(found), err=True)
    if warnings > _SHOWN and not settings.verbose:
        click.echo(f"and {warnings - _SHOWN:,} more warnings; --verbose shows all", err=True)
