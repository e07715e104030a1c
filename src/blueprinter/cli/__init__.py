"""The command line. Nothing heavy is imported here: a command's module is loaded when it runs."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import groupby
from types import ModuleType

import click
from msgspec import Struct

from blueprinter import __version__
from blueprinter.cli.everywhere import BEFORE, take_options
from blueprinter.cli.variables import take_variables, variables_used
from blueprinter.collection import end_collection, without_collection
from blueprinter.diagnostics import InvalidInput, as_lines
from blueprinter.text import did_you_mean, for_terminal

EXIT_INVALID = 2
_START, _EVALUATE, _DEPLOY, _CHECK, _HELP = (
    "Start",
    "Evaluate and report",
    "Deploy",
    "Check and write",
    "Help",
)


class CommandRow(Struct, frozen=True):
    """A command: its heading and line in `--help` (so that help loads nothing), and where it is loaded from."""

    section: str
    name: str
    module: str
    summary: str


COMMANDS: tuple[CommandRow, ...] = (
    CommandRow(_START, "demo", "demo", "Judge an example estate and write a control gap report"),
    CommandRow(
        "Start", "init", "init", "Start a repository: assignment, registers, a policy with tests, pipelines"
    ),
    CommandRow(_START, "sandbox", "sandbox", "An Azure on this machine, for the Azure SDK and az"),
    CommandRow(_EVALUATE, "evaluate", "evaluate", "Policy states to controls: evidence and gaps"),
    CommandRow(
        "Evaluate and report", "report", "report", "Every report again from a saved run or a JSON output"
    ),
    CommandRow(_EVALUATE, "history", "history", "Saved runs: list, show, compare; evidence bundles"),
    CommandRow(
        "Evaluate and report",
        "export",
        "export",
        "What is in Azure as files: the inventory that policies need",
    ),
    CommandRow(_DEPLOY, "plan", "plan", "What assigning would change, and what would go wrong; reads only"),
    CommandRow(_DEPLOY, "assign", "assign", "Put a blueprint on subscriptions or a management group"),
    CommandRow(_DEPLOY, "status", "status", "How assignments stand in Azure"),
    CommandRow(_DEPLOY, "drift", "drift", "What in Azure is not as it was assigned"),
    CommandRow(_DEPLOY, "remediate", "remediate", "Remediation tasks for what was there before"),
    CommandRow(_DEPLOY, "unassign", "unassign", "Take an assignment back"),
    CommandRow(
        "Deploy", "render", "render", "A blueprint as templates, deployment stacks, Bicep or Terraform"
    ),
    CommandRow(_DEPLOY, "publish", "publish", "An immutable version of a blueprint"),
    CommandRow(
        "Check and write", "validate", "validate", "Check blueprints, assignments, registers and policies"
    ),
    CommandRow(
        "Check and write",
        "show",
        "show",
        "Frameworks, controls and their coverage, blueprints, policies, templates",
    ),
    CommandRow(_CHECK, "policy", "policy", "The policy engine alone: test, lint, explain, diff"),
    CommandRow(
        "Check and write",
        "template",
        "template",
        "The template engine alone: expand templates, evaluate expressions",
    ),
    CommandRow(_CHECK, "catalog", "catalog", "Built-in definitions and aliases: check, import"),
    CommandRow(
        "Check and write", "import", "import_", "Azure Blueprints and crosswalks (CSV) become files of ours"
    ),
    CommandRow(_HELP, "explain", "explain", "Explain a diagnostic code such as BP106"),
    CommandRow(_HELP, "schema", "schema", "Print the JSON Schema of a kind of file"),
    CommandRow(_HELP, "completion", "completion", "Print shell completion for bash, zsh or fish"),
)


class LazyGroup(click.Group):
    """A group whose commands are loaded from the table when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [row.name for row in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        row = next((row for row in COMMANDS if row.name == cmd_name), None)
        if row is None:
            return None
        command = _loaded(f"blueprinter.cli.commands.{row.module}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"`{row.module}` defines no command")
        take_variables(command, (row.name,))
        take_options(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with the command that was likely meant."""
        if args and not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None:
            near = did_you_mean(args[0], self.list_commands(ctx)) or f"`{ctx.command_path} --help` lists them"
            ctx.fail(f"there is no command `{for_terminal(args[0])}`; {near}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section, rows in groupby(COMMANDS, key=lambda row: row.section):
            with formatter.section(section):
                formatter.write_dl([(row.name, row.summary) for row in rows])


def _loaded(name: str) -> ModuleType:
    """A module. What is loaded with it lives as long as the process, so the garbage collector leaves it alone."""
    if name in sys.modules:
        return sys.modules[name]
    with without_collection():
        module = import_module(name)
    gc.freeze()
    return module


class Settings(Struct, frozen=True):
    """Options that hold for every command."""

    quiet: bool = False
    verbose: bool = False
    color: bool = True
    cloud: str = ""
    """As it was given; empty for what `blueprinter.yaml` says, else AzureCloud."""
    environment: str = ""
    """An environment of `blueprinter.yaml`, by name."""


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, "-V", "--version", prog_name="blueprinter")
@click.pass_context
def cli(ctx: click.Context, quiet: bool, verbose: bool, no_color: bool, cloud: str, environment: str) -> None:
    """From ISO controls to Azure policies, templates and evidence.

    Start with `blueprinter demo`, then `blueprinter init`. Data goes to stdout, everything else to stderr. Options can
    also be given by variables: BLUEPRINTER_CLOUD, BLUEPRINTER_EVALUATE_FAIL_ON. Exit codes: 0 fine, 1 failed or
    partial, 2 invalid input, 3 gaps over the threshold, 4 changes pending, 5 nothing was evaluated.
    """
    ctx.obj = Settings(quiet, verbose, not no_color and "NO_COLOR" not in os.environ, cloud, environment)


cli.params.extend(BEFORE)
take_variables(cli, ())


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script: runs a command and exits with its code."""
    code = run(arguments)
    end_collection()
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and gives its exit code; diagnostics of invalid input go to stderr."""
    try:
        result = cli.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except InvalidInput as found:
        for line in as_lines(found.diagnostics, base=os.getcwd()):
            click.echo(line, err=True)
        return EXIT_INVALID
    except click.ClickException as found:
        found.show()
        if isinstance(found, click.UsageError) and found.ctx is not None:
            for option, variable in variables_used(found.ctx):
                click.echo(f"  {option} comes from the environment variable {variable}", err=True)
        return found.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:
        # the reader of our output (`| head`) has gone: not a fault
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (lives until the process ends)
        return 0
    return result if isinstance(result, int) else 0
