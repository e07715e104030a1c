"""What all commands that speak to Azure share: their options, the client, and how failures are shown."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from blueprinter.azure import ArmClient, AzureError, connect, connect_to_sandbox
from blueprinter.cli import Settings
from blueprinter.deploy import DeployError, Environment
from blueprinter.diagnostics import Position, Severity, error
from blueprinter.text import for_terminal

FAILED = 1
_Command = TypeVar("_Command", bound=Callable[..., Any])
_LOOPBACK_POLL = 0.2


def azure_options(command: _Command) -> _Command:
    """`--sandbox`, `-e`, `--subscription`, `-m`."""
    for option in (
        click.option(
            "-m",
            "--management-group",
            default="",
            metavar="NAME",
            help="All subscriptions of a management group.",
        ),
        click.option(
            "--subscription",
            "subscriptions",
            multiple=True,
            metavar="ID",
            help="A subscription, instead of the file's; repeatable.",
        ),
        click.option(
            "-e", "--environment", default="", metavar="NAME", help="An environment of blueprinter.yaml."
        ),
        click.option(
            "--sandbox",
            default="",
            metavar="URL",
            envvar="BLUEPRINTER_SANDBOX",
            help="A sandbox instead of Azure.",
        ),
    ):
        command = option(command)
    return command


def client(settings: Settings, sandbox: str, environment: Environment) -> ArmClient:
    """A client of the cloud or sandbox that is meant. Nothing is sent yet."""
    if sandbox:
        return ArmClient(connect_to_sandbox(sandbox), poll_seconds=_LOOPBACK_POLL)
    return ArmClient(connect(cloud_of(settings, environment), tenant=environment.tenant))


def cloud_of(settings: Settings, environment: Environment) -> str:
    """The cloud: an option over the environment, that over the usual one."""
    context = click.get_current_context(silent=True)
    root = context.find_root() if context is not None else None
    given = root is not None and root.get_parameter_source("cloud") is not None
    explicit = given and root is not None and str(root.get_parameter_source("cloud")).endswith("COMMANDLINE")
    return settings.cloud if explicit or not environment.cloud else environment.cloud


def sleeping(sandbox: str) -> Callable[[float], None]:
    """How to wait between submissions: as Azure needs it; a sandbox needs none of it."""
    return (lambda _: None) if sandbox else time.sleep


@contextmanager
def failures(settings: Settings, *, writes: bool = False) -> Iterator[None]:
    """Shows what Azure refused, and ends with exit code 1. Ctrl-C says that Azure goes on."""
    try:
        yield
    except AzureError as failed:
        click.echo(str(failed.diagnostic()), err=True)
        if failed.request_id:
            click.echo(f"  request: {for_terminal(failed.request_id)}", err=True)
        raise click.exceptions.Exit(FAILED) from failed
    except DeployError as failed:
        click.echo(str(failed.diagnostic), err=True)
        raise click.exceptions.Exit(FAILED) from failed
    except KeyboardInterrupt:
        if writes:
            click.echo(
                "Azure goes on with what it was asked for; `blueprinter status` shows how it stands", err=True
            )
        raise


def confirmed(question: str, *, yes: bool) -> None:
    """Asks before something is written. Raises `click.exceptions.Exit` (2) where nobody can answer, `Abort` on no."""
    if yes:
        return
    if not sys.stdin.isatty():
        found = error("BP657", "this writes to Azure, and there is nobody to ask", Position(""), "add --yes")
        click.echo(str(found), err=True)
        raise click.exceptions.Exit(2)
    click.confirm(question, err=True, abort=True)


def worst(diagnostics: Iterator[Any] | Any) -> bool:
    """Whether there is an error among diagnostics."""
    return any(one.severity is Severity.ERROR for one in diagnostics)
