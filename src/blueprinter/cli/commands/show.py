"""`blueprinter show KIND [NAME]`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from blueprinter.blueprint import Framework
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.content import blueprint_names
from blueprinter.report import FORMATS
from blueprinter.table import Table
from blueprinter.text import for_terminal


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing that can be listed; `lines` takes the name asked for, or None."""

    name: str
    summary: str
    lines: Callable[[Workspace, str | None, str | None], Iterator[str]]


@click.command("show")
@click.argument("kind", required=False)
@click.argument("name", required=False)
@click.option("--framework", help="Only this framework.")
def command(kind: str | None, name: str | None, framework: str | None) -> None:
    """List what there is: frameworks, controls, blueprints, policies, formats.

    KIND may be singular or plural; NAME narrows it to one.
    """
    if kind is None:
        for row in KINDS:
            click.echo(f"{row.name:<12}{row.summary}")
        return
    found = KINDS.get(kind) or KINDS.get(f"{kind}s") or KINDS.get(f"{kind.removesuffix('y')}ies")
    if found is None:
        raise click.UsageError(f"`{kind}` cannot be shown; {KINDS.suggest(kind) or ', '.join(KINDS.names())}")
    for line in found.lines(open_workspace(Path.cwd()), name, framework):
        click.echo(for_terminal(line))


def _frameworks(workspace: Workspace, name: str | None, _: str | None) -> Iterator[str]:
    for framework in _chosen(workspace, name):
        counts = f"{len(framework.counted)} counted, {len(framework.controls)} in all"
        yield f"{framework.id:<20}{framework.title} ({counts})"


def _controls(workspace: Workspace, name: str | None, framework: str | None) -> Iterator[str]:
    for one in _chosen(workspace, framework):
        for control in one.controls.values():
            if name is None or control.id.casefold() == name.casefold():
                kind = f"{control.automation}, {control.responsibility}"
                yield f"{one.id:<20}{control.id:<10}{control.title} ({kind})"


def _blueprints(workspace: Workspace, name: str | None, _: str | None) -> Iterator[str]:
    for found, root in blueprint_names(workspace.base):
        if name is None or found == name:
            yield f"{found:<28}{root}"


def _policies(workspace: Workspace, name: str | None, _: str | None) -> Iterator[str]:
    for definition in sorted(workspace.definitions.values(), key=lambda one: (one.category, one.name)):
        if name is None or definition.name == name:
            yield f"{definition.name:<44}{definition.severity:<10}{definition.display_name}"


def _formats(_: Workspace, name: str | None, __: str | None) -> Iterator[str]:
    for row in FORMATS:
        if name is None or row.name == name:
            yield f"{row.name:<12}{row.summary}"


def _chosen(workspace: Workspace, name: str | None) -> list[Framework]:
    if name is None:
        return list(workspace.frameworks.values())
    if name not in workspace.frameworks:
        raise click.UsageError(f"no framework `{name}`; known: {', '.join(workspace.frameworks)}")
    return [workspace.frameworks[name]]


KINDS: Table[Kind] = Table(
    (
        Kind("frameworks", "standards as data", _frameworks),
        Kind("controls", "controls with their class and responsibility", _controls),
        Kind("blueprints", "blueprints that can be called by name", _blueprints),
        Kind("policies", "policy definitions, shipped and yours", _policies),
        Kind("formats", "report formats", _formats),
    )
)
