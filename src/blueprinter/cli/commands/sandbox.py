"""`blueprinter sandbox run|env`: an Azure on this machine."""

from __future__ import annotations

import signal
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click

from blueprinter.cli import Settings
from blueprinter.cli.remarks import say
from blueprinter.cli.workspace import CATALOG, known_aliases
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.sandbox import (
    FIRST_SUBSCRIPTION,
    CertificateFiles,
    Rule,
    SandboxServer,
    ServerSettings,
    certificate_in,
    identity_of,
    load_files,
    open_sandbox,
    parse_rule,
    read_rules,
    shell_lines,
    shell_variables,
    write_az_files,
)
from blueprinter.sandbox import Settings as SandboxSettings
from blueprinter.text import plural

PORT = 4280
FOLDER = Path(".blueprinter") / "sandbox"
"""Where the certificate and the configuration of `az` are kept, unless told otherwise."""


@click.group("sandbox", help="An Azure on this machine, for the Azure SDK and az.")
def command() -> None:
    """The group."""


@command.command("run")
@click.option(
    "--port",
    default=PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port on the loopback; 0 takes any free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--https", is_flag=True, help="HTTPS, with a certificate made for it: az needs that.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), help="Keep the state in this file.")
@click.option(
    "--subscription", "subscriptions", multiple=True, metavar="NAME", help="A subscription, by name or id."
)
@click.option(
    "--load",
    "loads",
    multiple=True,
    metavar="DIRECTORY",
    type=click.Path(exists=True, path_type=Path),
    help="Inventories, policy definitions and assignments to begin with.",
)
@click.option(
    "--misbehave", "rules", multiple=True, metavar="RULE", help="A fault by rule, or a file of rules."
)
@click.option(
    "--replication",
    default=0,
    type=click.IntRange(min=0),
    metavar="N",
    help="Requests during which new principals and definitions cannot be referred to.",
)
@click.option("--seed", default=0, help="For ids, and for rules with a probability.")
@click.option(
    "-d",
    "--directory",
    default=FOLDER,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the certificate.",
)
@click.pass_obj
def run_command(
    settings: Settings,
    port: int,
    host: str,
    https: bool,
    state: Path | None,
    subscriptions: tuple[str, ...],
    loads: tuple[Path, ...],
    rules: tuple[str, ...],
    replication: int,
    seed: int,
    directory: Path,
) -> None:
    """Serve until interrupted (Ctrl+C). Nothing leaves this machine, and anyone on it may do anything here.

    Built-ins and aliases are those of the catalog, where one was imported; of others only facts are known, and what
    they are assigned to is Unknown. Point the SDK and az at it with `blueprinter sandbox env`. Rules are such as
    `throttle method=GET times=3 retry-after=1` or `drop-after method=PUT after=2 times=1`.
    """

    certificate = _certificate(directory) if https else None
    if CATALOG.is_file():
        loads = (CATALOG, *loads)
    sandbox = open_sandbox(
        state,
        settings=SandboxSettings(
            replication=replication, retry_after_ms=100, scan_delay=15, aliases=known_aliases(Path())
        ),
        clock=lambda: datetime.now(UTC),
        seed=seed,
        subscriptions=subscriptions,
        misbehaviour=_rules(rules),
    )
    with sandbox:
        if loads:
            loaded = load_files(sandbox, loads, now=datetime.now(UTC))
            say(
                f"loaded {plural(loaded.resources, 'resource')}, {plural(loaded.definitions, 'definition')}, "
                f"{plural(loaded.sets, 'initiative')}, {plural(loaded.assignments, 'assignment')}",
                settings,
            )
        server = SandboxServer(sandbox, ServerSettings(host=host, port=port, certificate=certificate))
        say(f"the sandbox listens on {server.url}; end it with Ctrl+C", settings)
        # a polite end from outside is the same as Ctrl+C: requests under way are answered, the state is closed
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            server.run()


@command.command("env")
@click.option(
    "--port", default=PORT, show_default=True, type=click.IntRange(1, 65535), help="Port of the sandbox."
)
@click.option(
    "--subscription",
    "subscriptions",
    multiple=True,
    metavar="NAME",
    help="As for `sandbox run`; the first one is the default of az.",
)
@click.option("--shell", type=click.Choice(["bash", "powershell"]), default="bash", show_default=True)
@click.option(
    "-d",
    "--directory",
    default=FOLDER,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the certificate and the configuration of az.",
)
@click.pass_obj
def env_command(
    settings: Settings, port: int, subscriptions: tuple[str, ...], shell: str, directory: Path
) -> None:
    """Write what az needs, and print the variables that point it and the SDK at `sandbox run --https`.

    In bash: `eval "$(blueprinter sandbox env)"`. No login is needed.
    """

    known = [identity_of(name) for name in subscriptions] or [(FIRST_SUBSCRIPTION, "Sandbox")]
    url = f"https://127.0.0.1:{port}"
    tenant = SandboxSettings().tenant_id
    files = _certificate(directory)
    config = write_az_files(directory, url=url, tenant_id=tenant, subscriptions=known)
    found = shell_variables(
        url=url, config=config, certificate=files.certificate, subscription=known[0][0], tenant_id=tenant
    )
    for line in shell_lines(found, shell):
        click.echo(line)
    say(f"serve it with: blueprinter sandbox run --https --port {port}", settings)


def _certificate(directory: Path) -> CertificateFiles:
    """Raises `InvalidInput` BP708 where the package that makes it is missing."""

    try:
        return certificate_in(directory, datetime.now(UTC))
    except ImportError as fault:
        hint = "in a checkout: `pip install -e '.[sandbox]'`, or `make setup`"
        message = f"the sandbox needs the package `{fault.name}`"
        raise InvalidInput([error("BP708", message, Position(""), hint)]) from fault


def _rules(texts: tuple[str, ...]) -> tuple[Rule, ...]:
    """A text that names a file is one of rules."""

    found: list[Rule] = []
    for text in texts:
        if Path(text).is_file():
            found.extend(read_rules(Path(text)))
        else:
            found.append(parse_rule(text))
    return tuple(found)
