"""`blueprinter validate [PATH]…`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from blueprinter.blueprint import validate_path
from blueprinter.cli import EXIT_INVALID, Settings
from blueprinter.cli.remarks import echo_json, say
from blueprinter.cli.workspace import open_workspace
from blueprinter.deploy import read_environment
from blueprinter.diagnostics import Diagnostic, InvalidInput, Severity, as_lines, in_order
from blueprinter.document import Document, load
from blueprinter.policy import is_definition, is_policy_set, read_definition, read_policy_set
from blueprinter.text import plural

_PARTS = ("blueprints", "policies", "assignments", "registers")
_ENVIRONMENTS = ("blueprinter.yaml", "blueprinter.yml", "blueprinter.json")


@click.command("validate")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(settings: Settings, paths: tuple[Path, ...], strict: bool, output: str) -> int:
    """Check blueprints, assignments, registers, frameworks and policies; by default all of this repository.

    An Azure Blueprints folder is checked as it is: what is wrong in it, and what is deprecated today.
    """
    base = Path.cwd()
    chosen = paths or tuple(base / part for part in (*_ENVIRONMENTS, *_PARTS) if (base / part).exists())
    if not chosen:
        raise click.UsageError(f"nothing to check here: no {', '.join(_PARTS)}; name a path")
    workspace = open_workspace(base)
    found: list[Diagnostic] = []
    for path in chosen:
        found.extend(check_environments(_shown(path, base)))
        if path.name in _ENVIRONMENTS and path.is_file():
            continue
        found.extend(
            validate_path(
                _shown(path, base),
                frameworks=workspace.frameworks,
                builtin_facts=workspace.facts,
                policies=workspace.policy_names,
                policy_check=check_policy,
                now=datetime.now(UTC),
            )
        )
    diagnostics = in_order(found)
    if output == "json":
        document = {"schema": "blueprinter/validate/1", "diagnostics": [one.as_json() for one in diagnostics]}
        echo_json(document)
    else:
        shown = [one for one in diagnostics if one.severity is not Severity.INFO or settings.verbose]
        for line in as_lines(shown, base=str(base), fold=not settings.verbose):
            click.echo(line)
    counts = {severity: sum(one.severity is severity for one in diagnostics) for severity in Severity}
    errors, warnings = counts[Severity.ERROR], counts[Severity.WARNING]
    remarks = f", {plural(counts[Severity.INFO], 'remark')} (-v)" if counts[Severity.INFO] else ""
    say(f"{plural(errors, 'error')}, {plural(warnings, 'warning')}{remarks}", settings)
    return EXIT_INVALID if errors or (strict and warnings) else 0


def check_environments(path: Path) -> tuple[Diagnostic, ...]:
    """The faults of a `blueprinter.yaml`, or of the one in a folder; none where there is none."""
    folder = path.parent if path.name in _ENVIRONMENTS else path
    file = next((folder / name for name in _ENVIRONMENTS if (folder / name).is_file()), None)
    if file is None:
        return ()
    found: list[Diagnostic] = []
    try:
        read_environment(folder, "")
        rows = load(file).value
    except InvalidInput as invalid:
        return invalid.diagnostics
    environments = rows.get("environments") if isinstance(rows, dict) else None
    for name in environments if isinstance(environments, dict) else ():
        try:
            read_environment(folder, name)
        except InvalidInput as invalid:
            found.extend(invalid.diagnostics)
    return tuple(found)


def check_policy(document: Document) -> tuple[Diagnostic, ...]:
    """The faults of a file that holds a policy definition or an initiative; none for any other JSON."""
    try:
        if is_policy_set(document.value):
            read_policy_set(document)
        elif is_definition(document.value):
            read_definition(document)
    except InvalidInput as found:
        return found.diagnostics
    return ()


def _shown(path: Path, base: Path) -> Path:
    return path.relative_to(base) if path.is_absolute() and path.is_relative_to(base) else path
