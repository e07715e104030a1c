"""What all commands that speak to Azure share: their options, the client, and how failures are shown."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from blueprinter.azure import ArmClient, AzureError, RetryRules, connect, connect_to_sandbox
from blueprinter.cli import Settings
from blueprinter.cli.environment import cloud_of
from blueprinter.cli.inputs import subscription_ids
from blueprinter.deploy import DeployError, Environment
from blueprinter.diagnostics import Position, Severity, error
from blueprinter.text import for_terminal

FAILED = 1
_Command = TypeVar("_Command", bound=Callable[..., Any])
_LOOPBACK_POLL = 0.05
_LOOPBACK_RETRY = RetryRules(first_wait=0.1)
"""A sandbox that does not run is said after three seconds; one that just starts is there by then."""
_SANDBOX_PORT = 4280
_HINTS: Mapping[str, str] = {
    "SubscriptionNotFound": "is the id right, and signed in to its tenant? `az account list -o table` shows yours",
    "InvalidSubscriptionId": "a subscription is named by its id, a GUID: `az account list -o table`",
    "AuthorizationFailed": "`blueprinter plan` lists the rights that an assignment needs",
    "InvalidAuthenticationTokenTenant": "name the tenant in blueprinter.yaml (`tenant`), or `az login --tenant`",
    "ExpiredAuthenticationToken": "sign in again: `az login`",
    "ManagementGroupNotFound": "a management group is named by its id, not by its display name",
}
"""By Azure's code, for what people meet first."""


def azure_options(command: _Command) -> _Command:
    """`--sandbox`, `--subscription`, `-m`."""
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
            callback=subscription_ids,
            metavar="ID",
            help="A subscription, instead of the file's; repeatable.",
        ),
        sandbox_option,
    ):
        command = option(command)
    return command


def sandbox_option(command: _Command) -> _Command:
    """`--sandbox`."""
    return click.option("--sandbox", default="", metavar="URL", help="A sandbox instead of Azure.")(command)


def client(settings: Settings, sandbox: str, environment: Environment) -> ArmClient:
    """A client of the cloud or sandbox that is meant. Nothing is sent yet."""
    if sandbox:
        return ArmClient(connect_to_sandbox(sandbox), retry=_LOOPBACK_RETRY, poll_seconds=_LOOPBACK_POLL)
    return ArmClient(connect(cloud_of(settings, environment), tenant=environment.tenant))


def sleeping(sandbox: str) -> Callable[[float], None]:
    """How to wait between submissions: as Azure needs it; a sandbox needs none of it."""
    return (lambda _: None) if sandbox else time.sleep


@contextmanager
def failures(settings: Settings, *, writes: bool = False) -> Iterator[None]:
    """Shows what Azure refused, and ends with exit code 1. Ctrl-C says that Azure goes on."""
    try:
        yield
    except AzureError as failed:
        failed.hint = failed.hint or _hint(failed)
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


def _hint(failed: AzureError) -> str:
    """What to look at first, where Azure's own words do not say it."""
    context = click.get_current_context(silent=True)
    sandbox = (context.params.get("sandbox") if context is not None else "") or ""
    if failed.row == "BP605" and sandbox:
        port = urlsplit(sandbox).port or _SANDBOX_PORT
        return f"is a sandbox running there? `blueprinter sandbox run --port {port}`"
    if failed.row == "BP605":
        return "is there a way to the network? HTTPS_PROXY names a proxy, `--cloud` another cloud"
    return next((_HINTS[code] for code in failed.codes if code in _HINTS), "")


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


def again(
    files: Sequence[Path], settings: Settings, options: Mapping[str, str | bool | tuple[str, ...]]
) -> str:
    """The arguments that mean the same to another command, as a shell takes them; what is empty is left out."""
    words = [str(file) for file in files]
    for option, value in {"-e": settings.environment, **options}.items():
        if value is True:
            words.append(option)
        elif value:
            values = value if isinstance(value, tuple) else (value,)
            words += [word for one in values for word in (option, one)]
    return shlex.join(words)
