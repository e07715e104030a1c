"""`blueprinter init [DIR]`: what a repository starts with. What is there already stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from msgspec import Struct

from blueprinter.cli import Settings
from blueprinter.content import find_blueprint, shipped
from blueprinter.text import plural

BLUEPRINT = "iso-27001-2022"
"""Whose register forms a repository starts with."""
ASSIGNMENT = "assignments/example.yaml"
_REQUIREMENTS = "requirements-blueprinter.txt"


class Pipeline(Struct, frozen=True):
    """Where the files of a pipeline system come from (under the shipped examples), and where they go."""

    source: str
    folder: str
    prefix: str


PIPELINES: dict[str, Pipeline] = {
    "github": Pipeline("pipelines/github", ".github/workflows", "blueprinter-"),
    "azure-devops": Pipeline("pipelines/azure-devops", "pipelines", "blueprinter-"),
}


@click.command("init")
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--pipeline",
    type=click.Choice([*PIPELINES, "none"]),
    default="none",
    show_default=True,
    help="Pipelines that check, plan, assign and evaluate.",
)
@click.pass_obj
def command(settings: Settings, directory: Path, pipeline: str) -> None:
    """Start a repository in DIR (default: here): an assignment, registers, a policy with tests, a template.

    A file that exists is never touched, so this also adds to a repository, or adds pipelines later.
    """
    written: list[Path] = []
    kept: list[Path] = []
    for name, source in starting_files(pipeline):
        target = directory / name
        (written if _write_new(target, source.read_bytes()) else kept).append(target)
    if settings.quiet:
        return
    for path in written:
        click.echo(f"  {path}")
    tail = f", {plural(len(kept), 'file')} left as they were" if kept else ""
    click.echo(f"{plural(len(written), 'file')} written{tail}")
    for line in _next_steps(directory, pipeline):
        click.echo(line)


def starting_files(pipeline: str) -> Iterator[tuple[Path, Path]]:
    """What a repository starts with: names below its folder, and the shipped files they are copies of, in order."""
    examples = shipped("examples")
    found: dict[Path, Path] = {}
    root = examples / "repository"
    for file in (file for file in root.rglob("*") if file.is_file()):
        name = file.relative_to(root)
        # shipped under another name, so that it does not act on the repository that ships it
        found[Path(".gitignore") if name == Path("gitignore") else name] = file
    for form in find_blueprint(BLUEPRINT, shipped("blueprints").parent).joinpath("registers").glob("*.yaml"):
        found.setdefault(Path("registers") / form.name, form)
    row = PIPELINES.get(pipeline)
    if row is None:
        found.pop(Path(_REQUIREMENTS))
    else:
        for file in (examples / row.source).glob("*.yml"):
            found[Path(row.folder) / f"{row.prefix}{file.name}"] = file
    yield from sorted(found.items())


def _write_new(target: Path, content: bytes) -> bool:
    """Writes a file that is not there yet; whether it did."""
    if target.is_symlink() or target.exists():
        return False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as stream:
            stream.write(content)
    except OSError as failed:
        raise click.FileError(str(target), failed.strerror or "cannot be written") from failed
    return True


def _next_steps(directory: Path, pipeline: str) -> Iterator[str]:
    yield "\nNext:"
    if directory != Path("."):
        yield f"  cd {directory}"
    yield "  blueprinter validate"
    yield "  blueprinter policy test"
    yield f"  blueprinter evaluate {BLUEPRINT} 'infra/**/*.json'"
    yield f"With your own estate: your subscription into {ASSIGNMENT}, `az login`, and"
    yield f"  blueprinter export inventory -a {ASSIGNMENT} -d estate"
    yield f"  blueprinter evaluate -a {ASSIGNMENT} --inventory estate -o report.html"
    yield f"  blueprinter plan {ASSIGNMENT}"
    if pipeline == "none":
        yield "Pipelines: `blueprinter init --pipeline github` or `azure-devops` adds them."
    else:
        yield f"Before the pipelines run, fill in {_REQUIREMENTS} and the names at the top of each file."
