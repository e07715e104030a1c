"""`blueprinter render`: a blueprint with its assignment as files that can be deployed."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import replace

from blueprinter.blueprint import Assignment, Blueprint, load_assignment
from blueprinter.cli import Settings
from blueprinter.cli.environment import cloud_of, environment_of
from blueprinter.cli.inputs import AssignmentFile
from blueprinter.cli.output import write_file
from blueprinter.cli.remarks import say, show_diagnostics
from blueprinter.cli.rendering import adopted_of, sources_of
from blueprinter.cli.versions import blueprint_of
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.deploy import in_environment
from blueprinter.diagnostics import Diagnostic, InvalidInput, in_order
from blueprinter.document import load
from blueprinter.render import (
    TARGETS,
    Rendered,
    RenderOptions,
    deployments_of,
    render,
)
from blueprinter.text import plural


@click.command("render")
@click.argument("blueprint", required=False)
@click.option(
    "-a",
    "--assignment",
    type=AssignmentFile(),
    required=True,
    metavar="FILE",
    help="The assignment: scope, location, parameters, resource groups.",
)
@click.option(
    "--subscription",
    "subscriptions",
    multiple=True,
    metavar="ID",
    help="A subscription, instead of the file's, such as where an exported body has none; repeatable.",
)
@click.option(
    "-t",
    "--target",
    default="stack",
    show_default=True,
    metavar="TARGET",
    help=f"{', '.join(TARGETS.names())}.",
)
@click.option(
    "-d",
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Where the files are written.",
)
@click.option(
    "--split",
    type=click.Choice(["roles"]),
    help="Put all role assignments in a template of their own, which somebody else deploys.",
)
@click.option(
    "--allow-plain-secret", is_flag=True, help="Hand a secret to a template parameter that is not secure."
)
@click.pass_obj
def command(
    settings: Settings,
    blueprint: str | None,
    assignment: Path,
    subscriptions: tuple[str, ...],
    target: str,
    directory: Path,
    split: str | None,
    allow_plain_secret: bool,
) -> None:
    """Turn BLUEPRINT, put on a scope by an assignment, into files that can be deployed.

    There is one template for each scope: `assignment.json`, and `definitions.json` where definitions are kept at
    another scope; with --split roles also `roles.json`. Several subscriptions get a folder each. BLUEPRINT is a name
    or a path; by default it is what the assignment names. Nothing is asked of Azure, and the same input gives the
    same bytes.
    """
    if TARGETS.get(target) is None:
        hint = TARGETS.suggest(target) or f"targets: {', '.join(TARGETS.names())}"
        raise click.UsageError(f"`{target}` is no target; {hint}")
    workspace = open_workspace(Path.cwd())
    chosen = environment_of(settings)
    given = in_environment(load_assignment(load(assignment)), chosen)
    if subscriptions:
        ids = (one if one.startswith("/") else f"/subscriptions/{one}" for one in subscriptions)
        given = replace(given, scopes=tuple(ids))
    if blueprint is not None:
        found = workspace.blueprint(blueprint)
    else:
        found, workspace = blueprint_of(given, assignment, workspace, None)
    options = RenderOptions(
        target=target,
        split_roles=split == "roles",
        allow_plain_secret=allow_plain_secret,
        sources=sources_of(workspace),
        adopted=adopted_of(given, found),
    )
    rendered = render_all(found, given, options, workspace, cloud_of(settings, chosen))
    show_diagnostics(
        in_order([*given.diagnostics, *(one for each in rendered.values() for one in each.diagnostics)]),
        settings,
    )
    files = 0
    for folder, one in rendered.items():
        for name, content in one.files.items():
            write_file(directory / folder / name, [content.decode()])
            files += 1
    mark = next(iter(rendered.values())).mark
    say(
        f"wrote {plural(files, 'file')} to {directory}: {mark.blueprint} {mark.version}, content {mark.content[:8]}",
        settings,
    )


def render_all(
    blueprint: Blueprint, assignment: Assignment, options: RenderOptions, workspace: Workspace, cloud: str
) -> dict[str, Rendered]:
    """What is rendered for each scope of an assignment, by the folder it belongs in (empty where there is one).

    Raises `InvalidInput` with the faults of all scopes.
    """
    scopes = deployments_of(assignment)
    found: dict[str, Rendered] = {}
    faults: list[Diagnostic] = []
    for one in scopes:
        try:
            resolved = workspace.resolve(blueprint, one, cloud=cloud)
            rendered = render(resolved, one, options)
        except InvalidInput as invalid:
            faults.extend(invalid.diagnostics)
        else:
            everything = in_order([*resolved.diagnostics, *rendered.diagnostics])
            folder = one.scopes[0].rpartition("/")[2] if len(scopes) > 1 else ""
            found[folder] = replace(rendered, diagnostics=everything)
    if faults:
        raise InvalidInput(faults)
    return found
