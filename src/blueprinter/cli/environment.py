"""Options whose value an environment of `blueprinter.yaml` may give, and the environment itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from blueprinter.cli import Settings
from blueprinter.cli.inputs import known_cloud
from blueprinter.compliance import DEFAULT_FILE
from blueprinter.deploy import Environment, read_environment

_Command = TypeVar("_Command", bound=Callable[..., Any])


def environment_of(settings: Settings) -> Environment:
    """The environment that was named, else what `blueprinter.yaml` says for all. Raises `InvalidInput`."""
    return read_environment(Path.cwd(), settings.environment)


def registers_option(command: _Command) -> _Command:
    """`--registers`: the folder given, else the environment's; None = `registers/` where there is one."""
    option = click.option(
        "--registers",
        type=click.Path(path_type=Path),
        callback=lambda context, _, value: value or _chosen(context).registers,
        help="Folder of registers (default: the environment's, else ./registers).",
    )
    return option(command)


def history_option(command: _Command) -> _Command:
    """`--history`: the file given, else the environment's, else the usual one."""
    option = click.option(
        "--history",
        "history_file",
        type=click.Path(path_type=Path, dir_okay=False),
        callback=lambda context, _, value: value or _chosen(context).history or DEFAULT_FILE,
        help=f"File of saved runs (default: the environment's, else {DEFAULT_FILE}).",
    )
    return option(command)


def cloud_of(settings: Settings, environment: Environment) -> str:
    """The cloud: the one given by an option or a variable, else the environment's, else the usual one.

    Raises `click.UsageError` for a cloud that is none.
    """
    return known_cloud(settings.cloud or environment.cloud or "AzureCloud")


def _chosen(context: click.Context) -> Environment:
    return environment_of(context.find_object(Settings) or Settings())
