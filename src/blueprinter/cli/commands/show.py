"""`blueprinter show KIND [NAME]`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from msgspec import Struct

from blueprinter.blueprint import Blueprint, Framework, Link, load_registers, resolve
from blueprinter.cli.control_card import ControlCard, card_json, card_lines, control_card
from blueprinter.cli.coverage import Coverage, coverage, coverage_json, coverage_lines
from blueprinter.cli.environment import registers_option
from blueprinter.cli.inputs import moment
from blueprinter.cli.remarks import echo_json
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.content import blueprint_names, template_files
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.document import load
from blueprinter.render import TARGETS
from blueprinter.report import FORMATS
from blueprinter.table import Table
from blueprinter.text import did_you_mean, for_terminal, plural


class Asked(Struct, frozen=True):
    """What the command line asks for."""

    workspace: Workspace
    name: str | None
    framework: str | None = None
    blueprint: str | None = None
    registers: Path | None = None
    now: datetime | None = None


class Shown(Struct, frozen=True):
    """An answer, for people and for machines."""

    lines: tuple[str, ...]
    items: tuple[dict[str, object], ...]


class Kind(Struct, frozen=True):
    """A kind of thing that can be shown."""

    name: str
    summary: str
    read: Callable[[Asked], Shown]


@click.command("show")
@click.argument("kind", required=False)
@click.argument("name", required=False)
@click.option("--framework", metavar="ID", help="Only this framework.")
@click.option("--blueprint", metavar="NAME", help="Whose links `show control` shows (default: by framework).")
@registers_option
@click.option("--now", callback=moment, metavar="TIME", help="The clock of this run, ISO 8601.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    kind: str | None,
    name: str | None,
    framework: str | None,
    blueprint: str | None,
    registers: Path | None,
    now: datetime | None,
    output: str,
) -> None:
    """List what there is, or show one thing whole: `show control A.8.24`, `show coverage iso-27001-2022`.

    KIND may be singular or plural; NAME narrows it to one. Coverage takes a blueprint or a framework.
    """
    if kind is None:
        for row in KINDS:
            click.echo(f"{row.name:<14}{row.summary}")
        return
    found = KINDS.get(kind) or KINDS.get(f"{kind}s") or KINDS.get(f"{kind.removesuffix('y')}ies")
    if found is None:
        raise click.UsageError(f"`{kind}` cannot be shown; {KINDS.suggest(kind) or ', '.join(KINDS.names())}")
    shown = found.read(Asked(open_workspace(Path.cwd()), name, framework, blueprint, registers, now))
    if output == "json":
        document = {"schema": "blueprinter/show/1", "kind": found.name, "items": list(shown.items)}
        echo_json(document)
        return
    for line in shown.lines:
        click.echo(for_terminal(line))


# --- lists -----------------------------------------------------------------------------------------------------------


def _frameworks(asked: Asked) -> Shown:
    chosen = _chosen(asked.workspace, asked.name)
    return Shown(
        tuple(
            f"{one.id:<20}{one.title} ({len(one.counted)} counted, {len(one.controls)} in all)"
            for one in chosen
        ),
        tuple(
            {"id": one.id, "title": one.title, "counted": len(one.counted), "controls": len(one.controls)}
            for one in chosen
        ),
    )


def _blueprints(asked: Asked) -> Shown:
    """All by name and title; one with its folder and parameters."""
    folders = dict(blueprint_names(asked.workspace.base))
    if asked.name is not None:
        return _one_blueprint(asked.workspace.blueprint(asked.name))
    titles = {name: _title(root) for name, root in folders.items()}
    width = max(map(len, folders), default=0) + 2
    return Shown(
        tuple(f"{name:<{width}}{title}" for name, title in titles.items()),
        tuple(
            {"name": name, "displayName": titles[name], "folder": str(root)} for name, root in folders.items()
        ),
    )


def _one_blueprint(blueprint: Blueprint) -> Shown:
    parameters = [
        {
            "name": one.name,
            "type": one.type,
            "displayName": one.display_name,
            "required": not one.has_default,
            **({"defaultValue": one.default} if one.has_default and not one.secure else {}),
        }
        for one in blueprint.parameters.values()
    ]
    folder = str(blueprint.root)
    head = [f"{blueprint.name}  {blueprint.display_name}, version {blueprint.version or '-'}", f"in {folder}"]
    listed = [
        f"  {one.name} ({one.type}, {'has a default' if one.has_default else 'required'})"
        + (f": {one.display_name}" if one.display_name else "")
        for one in blueprint.parameters.values()
    ]
    return Shown(
        (*head, f"{plural(len(parameters), 'parameter')}:" if listed else "no parameters", *listed),
        (
            {
                "name": blueprint.name,
                "displayName": blueprint.display_name,
                "version": blueprint.version,
                "folder": folder,
                "parameters": parameters,
            },
        ),
    )


def _title(root: Path) -> str:
    """The display name of a blueprint, or nothing where its file does not say; it is read whole only when named."""
    file = next((path for path in sorted(root.iterdir()) if path.stem.casefold() == "blueprint"), None)
    value = load(file).value if file is not None else None
    properties = value.get("properties") if isinstance(value, dict) else None
    title = properties.get("displayName") if isinstance(properties, dict) else None
    return title if isinstance(title, str) else ""


def _policies(asked: Asked) -> Shown:
    found = [
        one
        for one in sorted(asked.workspace.definitions.values(), key=lambda one: (one.category, one.name))
        if asked.name in (None, one.name)
    ]
    return Shown(
        tuple(f"{one.name:<44}{one.severity:<10}{one.display_name}" for one in found),
        tuple(
            {
                "name": one.name,
                "category": one.category,
                "severity": str(one.severity),
                "displayName": one.display_name,
            }
            for one in found
        ),
    )


def _templates(asked: Asked) -> Shown:
    found: list[tuple[str, str, Path]] = []
    for file in template_files(asked.workspace.base):
        if asked.name in (None, file.stem):
            value = load(file).value
            metadata = value.get("metadata") if isinstance(value, dict) else None
            says = metadata.get("description") if isinstance(metadata, dict) else None
            found.append((file.stem, says if isinstance(says, str) else "", file))
    return Shown(
        tuple(f"{name:<28}{says}" for name, says, _ in found),
        tuple({"name": name, "description": says, "file": str(file)} for name, says, file in found),
    )


def _formats(asked: Asked) -> Shown:
    found = [row for row in FORMATS if asked.name in (None, row.name)]
    return Shown(
        tuple(f"{row.name:<14}{row.summary}" for row in found),
        tuple({"name": row.name, "summary": row.summary} for row in found),
    )


def _targets(asked: Asked) -> Shown:
    found = [row for row in TARGETS if asked.name in (None, row.name)]
    return Shown(
        tuple(f"{row.name:<14}{row.summary}" for row in found),
        tuple({"name": row.name, "summary": row.summary} for row in found),
    )


# --- controls --------------------------------------------------------------------------------------------------------


def _controls(asked: Asked) -> Shown:
    if asked.name is not None:
        return _one_control(asked, asked.name)
    rows = [
        (one, control)
        for one in _chosen(asked.workspace, asked.framework)
        for control in one.controls.values()
    ]
    return Shown(
        tuple(
            f"{one.id:<20}{control.id:<10}{control.title} ({control.automation}, {control.responsibility})"
            for one, control in rows
        ),
        tuple(
            {
                "framework": one.id,
                "id": control.id,
                "title": control.title,
                "leaf": control.leaf,
                "class": str(control.automation),
                "responsibility": str(control.responsibility),
            }
            for one, control in rows
        ),
    )


def _one_control(asked: Asked, name: str) -> Shown:
    """Everything about the control of that id, in each framework that has one."""
    frameworks = _chosen(asked.workspace, asked.framework)
    cards = [
        _card(asked, framework, control.id)
        for framework in frameworks
        for control in framework.controls.values()
        if control.id.casefold() == name.casefold()
    ]
    if not cards:
        hint = did_you_mean(name, (control for one in frameworks for control in one.controls))
        raise click.UsageError(f"no control `{name}`" + (f"; {hint}" if hint else ""))
    lines: list[str] = []
    for card in cards:
        lines.extend([""] if lines else [])
        lines.extend(card_lines(card))
    return Shown(tuple(lines), tuple(map(card_json, cards)))


def _card(asked: Asked, framework: Framework, control: str) -> ControlCard:
    workspace = asked.workspace
    blueprint = _speaks_for(asked, framework)
    folder = asked.registers or workspace.base / "registers"
    if asked.registers is not None and not folder.is_dir():
        raise InvalidInput([error("BP101", "the folder of registers does not exist", Position(str(folder)))])
    registers = (
        load_registers(folder, framework=framework, now=asked.now or datetime.now(UTC))
        if folder.is_dir()
        else None
    )
    return control_card(
        framework,
        framework.controls[control],
        frameworks=workspace.frameworks,
        blueprint=blueprint.name if blueprint else "",
        links=_links(workspace, blueprint)[1] if blueprint else (),
        deliberately_empty=blueprint.deliberately_empty if blueprint else (),
        definitions=workspace.definitions,
        facts=workspace.facts,
        registers=registers,
    )


def _speaks_for(asked: Asked, framework: Framework) -> Blueprint | None:
    """The blueprint whose links are shown: the one asked for, else the one that is called like the framework."""
    if asked.blueprint is not None:
        found = asked.workspace.blueprint(asked.blueprint)
        named = _links(asked.workspace, found)[0]
        return found if named is not None and named.id == framework.id else None
    names = dict(blueprint_names(asked.workspace.base))
    return asked.workspace.blueprint(framework.id) if framework.id in names else None


# --- coverage --------------------------------------------------------------------------------------------------------


def _coverage(asked: Asked) -> Shown:
    """Of a blueprint, of the blueprint that is called like a framework, or of all of these."""
    workspace = asked.workspace
    names = dict(blueprint_names(workspace.base))
    wanted: Sequence[str] = [asked.name] if asked.name else tuple(workspace.frameworks)
    found: list[tuple[Coverage, str]] = []
    for name in wanted:
        if name in workspace.frameworks and name not in names:
            found.append((coverage(workspace.frameworks[name], (), ()), ""))
            continue
        blueprint = workspace.blueprint(name)
        framework, links = _links(workspace, blueprint)
        if framework is None:
            hint = "its initiatives may: `blueprinter catalog import FOLDER` reads the built-in definitions"
            raise click.UsageError(f"`{name}` speaks to no framework: it has no controls.yaml; {hint}")
        found.append((coverage(framework, links, blueprint.deliberately_empty), blueprint.name))
    lines: list[str] = []
    for one, by in found:
        lines.extend([""] if lines else [])
        lines.extend(coverage_lines(one, by))
    return Shown(tuple(lines), tuple(coverage_json(one, by) for one, by in found))


def _links(workspace: Workspace, blueprint: Blueprint) -> tuple[Framework | None, tuple[Link, ...]]:
    """Framework and links of a blueprint; without a controls.yaml those of its initiatives' groups."""
    if blueprint.has_controls:
        return blueprint.framework, blueprint.links
    resolved = resolve(blueprint, definitions=workspace.definitions, sets=workspace.sets)
    return resolved.framework, resolved.links


def _chosen(workspace: Workspace, name: str | None) -> list[Framework]:
    if name is None:
        return list(workspace.frameworks.values())
    if name not in workspace.frameworks:
        raise click.UsageError(f"no framework `{name}`; known: {', '.join(workspace.frameworks)}")
    return [workspace.frameworks[name]]


KINDS: Table[Kind] = Table(
    (
        Kind("frameworks", "standards as data", _frameworks),
        Kind("controls", "controls with their class and responsibility; one of them whole", _controls),
        Kind("coverage", "how far a control map reaches, control by control", _coverage),
        Kind("blueprints", "blueprints that can be called by name", _blueprints),
        Kind("policies", "policy definitions, shipped and yours", _policies),
        Kind("templates", "templates that blueprints deploy, shipped and yours", _templates),
        Kind("formats", "report formats", _formats),
        Kind("targets", "what `render` can write", _targets),
    )
)
