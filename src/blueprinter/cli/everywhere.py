"""Options that hold for every command: they may stand before its name or behind it."""

from __future__ import annotations

from typing import Any

import click
from msgspec.structs import replace


def _note(context: click.Context, option: click.Parameter, value: Any) -> None:
    """Keeps what stands behind a command; it holds over what stands before it."""
    if value and context.obj is not None:
        change = {"color": False} if option.name == "no_color" else {option.name: value}
        context.obj = replace(context.obj, **change)


def _options(*, hidden: bool) -> tuple[click.Option, ...]:
    more: dict[str, Any] = {}
    if hidden:
        # what other options take their default from is read first
        more = {"hidden": True, "expose_value": False, "is_eager": True, "callback": _note}
    return (
        click.Option(
            ["-q", "--quiet"], is_flag=True, help="Only data and errors: no progress, no remarks.", **more
        ),
        click.Option(["-v", "--verbose"], is_flag=True, help="More about what is done.", **more),
        click.Option(
            ["--no-color"],
            is_flag=True,
            help="Plain text; so does the environment variable NO_COLOR.",
            **more,
        ),
        click.Option(
            ["--cloud"],
            default="",
            metavar="NAME",
            help="AzureCloud (unless blueprinter.yaml says otherwise), AzureUSGovernment or AzureChinaCloud.",
            **more,
        ),
        click.Option(
            ["-e", "--environment"],
            default="",
            metavar="NAME",
            help="An environment of blueprinter.yaml.",
            **more,
        ),
    )


BEFORE = _options(hidden=False)
_BEHIND = _options(hidden=True)


def take_options(command: click.Command) -> None:
    """Lets a command, and the commands below it, take the options that hold for every command."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            take_options(inner)
    elif _BEHIND[0] not in command.params:
        command.params.extend(_BEHIND)
        command.epilog = "-q, -v, --no-color, --cloud and -e may stand here too: see `blueprinter --help`."
