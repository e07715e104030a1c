"""Remarks for people, on stderr, and values for programs, on stdout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from blueprinter.cli import Settings
from blueprinter.diagnostics import Diagnostic, Severity, as_lines
from blueprinter.document import json_document
from blueprinter.text import for_terminal

_SHOWN = 20


def echo_json(value: object) -> None:
    """Writes a value to stdout as an indented JSON document, whatever its numbers and texts are."""
    click.echo(json_document(value), nl=False)


def say(text: str, settings: Settings) -> None:
    """Lines of progress or advice, most often one; silent with --quiet."""
    if not settings.quiet:
        click.echo("\n".join(map(for_terminal, text.split("\n"))), err=True)


def show_diagnostics(diagnostics: Sequence[Diagnostic], settings: Settings) -> None:
    """Errors always; warnings unless --quiet, those that are alike as one and the first twenty unless --verbose;
    remarks with --verbose."""
    by_severity = {level: [one for one in diagnostics if one.severity is level] for level in Severity}
    warnings = [] if settings.quiet else by_severity[Severity.WARNING]
    remarks = by_severity[Severity.INFO] if settings.verbose and not settings.quiet else []
    base = str(Path.cwd())
    for line in as_lines(by_severity[Severity.ERROR], base=base):
        click.echo(line, err=True)
    lines = list(as_lines(warnings, base=base, fold=not settings.verbose))
    limit = len(lines) if settings.verbose else _SHOWN
    for line in [*lines[:limit], *as_lines(remarks, base=base)]:
        click.echo(line, err=True)
    if len(lines) > limit:
        click.echo(f"and {len(lines) - limit:,} more warnings; -v shows all", err=True)
