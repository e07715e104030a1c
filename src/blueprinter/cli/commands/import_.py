"""`blueprinter import`: other people's files become ours."""

from __future__ import annotations

from pathlib import Path

import click

from blueprinter.cli import Settings
from blueprinter.cli.commands import import_azure_blueprint
from blueprinter.cli.output import write_file
from blueprinter.cli.remarks import say
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.convert import controls_text, framework_text, read_crosswalk
from blueprinter.text import did_you_mean, plural


@click.group("import", help="Other people's files become ours.")
def command() -> None:
    """The group."""


command.add_command(import_azure_blueprint.command)


@command.command("crosswalk")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--framework", required=True, metavar="ID", help="The standard that the column `control` is of."
)
@click.option("--to", "known", metavar="ID", help="The known framework that `mapped_control` is of.")
@click.option("--title", metavar="TEXT", help="Title of a new framework (default: its id).")
@click.option("--edition", default="1", show_default=True, metavar="TEXT", help="Edition of a new framework.")
@click.option(
    "-d",
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Where the file is written.",
)
@click.pass_obj
def crosswalk_command(
    settings: Settings,
    file: Path,
    framework: str,
    known: str | None,
    title: str | None,
    edition: str,
    directory: Path,
) -> None:
    """Turn a CSV file into a framework with its mapping, or into links of controls.

    `control,mapped_control,relation[,title]` gives `<ID>.yaml`: the standard ID mapped to the framework `--to`.
    `control,policy,strength[,why]` gives `controls.yaml`: links of the known framework ID. A file that exists is
    never overwritten.
    """
    workspace = open_workspace(Path.cwd())
    crosswalk = read_crosswalk(file)
    if crosswalk.mappings:
        if known is None:
            raise click.UsageError("a mapping needs `--to ID`: the framework that `mapped_control` is of")
        _check_known(workspace, known)
        target = directory / f"{framework}.yaml"
        text = framework_text(crosswalk, framework, title or framework, edition, workspace.frameworks[known])
        what = f"{plural(len({line.control for line in crosswalk.mappings}), 'control')} mapped to {known}"
    else:
        _check_known(workspace, framework)
        target = directory / "controls.yaml"
        text = controls_text(crosswalk, workspace.frameworks[framework], workspace.policy_names)
        what = f"{plural(len(crosswalk.links), 'link')} of {framework}"
    if target.exists():
        raise click.UsageError(f"`{target}` exists; name another folder, or remove it first")
    write_file(target, [text])
    say(f"wrote {target}: {what}", settings)


def _check_known(workspace: Workspace, name: str) -> None:
    if name not in workspace.frameworks:
        hint = did_you_mean(name, workspace.frameworks) or f"known: {', '.join(workspace.frameworks)}"
        raise click.UsageError(f"no framework `{name}`; {hint}")
