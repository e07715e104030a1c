"""The command line. Nothing heavy is imported here: a command's module is loaded when it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

import click

from blueprinter import __version__
from blueprinter.diagnostics import InvalidInput, as_lines

EXIT_INVALID = 2


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command: where it is loaded from, and its line in `--help` (so that help loads nothing)."""

    name: str
    module: str
    summary: str


COMMANDS: tuple[CommandRow, ...] = (
    CommandRow("demo", "demo", "Judge an example estate and write a control gap report"),
    CommandRow("init", "init", "Start a repository: assignment, registers, a policy with tests, pipelines"),
    CommandRow("evaluate", "evaluate", "Policy states to controls: evidence and gaps"),
    CommandRow("report", "report", "Every report again from a saved run or a JSON output"),
    CommandRow("history", "history", "Saved runs: list, show, compare"),
    CommandRow("render", "render", "A blueprint as templates, deployment stacks, Bicep or Terraform"),
    CommandRow("publish", "publish", "An immutable version of a blueprint"),
    CommandRow("plan", "plan", "What assigning would change, and what would go wrong; reads only"),
    CommandRow("assign", "assign", "Put a blueprint on subscriptions or a management group"),
    CommandRow("unassign", "unassign", "Take an assignment back"),
    CommandRow("status", "status", "How assignments stand in Azure"),
    CommandRow("drift", "drift", "What in Azure is not as it was assigned"),
    CommandRow("remediate", "remediate", "Remediation tasks for what was there before"),
    CommandRow("validate", "validate", "Check blueprints, assignments, registers and policies"),
    CommandRow("show", "show", "Frameworks, controls and their coverage, blueprints, policies, templates"),
    CommandRow("policy", "policy", "The policy engine alone: test, lint, explain, diff"),
    CommandRow("template", "template", "The template engine alone: expand templates, evaluate expressions"),
    CommandRow("sandbox", "sandbox", "An Azure on this machine, for the Azure SDK and az"),
    CommandRow("catalog", "catalog", "Built-in definitions and aliases: check, import"),
    CommandRow("import", "import_", "Azure Blueprints and crosswalks (CSV) become files of ours"),
    CommandRow("export", "export", "What is in Azure as files: the inventory that policies need"),
    CommandRow("explain", "explain", "Explain a diagnostic code such as BP106"),
    CommandRow("schema", "schema", "Print the JSON Schema of a kind of file"),
    CommandRow("completion", "completion", "Print shell completion for bash, zsh or fish"),
)


class LazyGroup(click.Group):
    """A group whose commands are loaded from the table when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [row.name for row in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        row = next((row for row in COMMANDS if row.name == cmd_name), None)
        if row is None:
            return None
        command = import_module(f"blueprinter.cli.commands.{row.module}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"`{row.module}` defines no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(row.name, row.summary) for row in COMMANDS])


@dataclass(frozen=True, slots=True)
class Settings:
    """Options that hold for every command."""

    quiet: bool = False
    verbose: bool = False
    color: bool = True
    cloud: str = "AzureCloud"


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, "-V", "--version", prog_name="blueprinter")
@click.option("-q", "--quiet", is_flag=True, help="Only data and errors: no progress, no remarks.")
@click.option("-v", "--verbose", is_flag=True, help="More about what is done.")
@click.option("--no-color", is_flag=True, help="Plain text; so does the environment variable NO_COLOR.")
@click.option(
    "--cloud",
    default="AzureCloud",
    show_default=True,
    help="AzureCloud, AzureUSGovernment or AzureChinaCloud.",
)
@click.pass_context
def cli(ctx: click.Context, quiet: bool, verbose: bool, no_color: bool, cloud: str) -> None:
    """From ISO controls to Azure policies, templates and evidence.

    Start with `blueprinter demo`, then `blueprinter init`. Data goes to stdout, everything else to stderr. Exit
    codes: 0 fine, 1 failed or partial, 2 invalid input, 3 gaps over the threshold, 4 changes pending, 5 nothing was
    evaluated.
    """
    ctx.obj = Settings(quiet, verbose, not no_color and "NO_COLOR" not in os.environ, cloud)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script: runs a command and exits with its code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and gives its exit code; diagnostics of invalid input go to stderr."""
    try:
        result = cli.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except InvalidInput as found:
        for line in as_lines(found.diagnostics):
            click.echo(line, err=True)
        return EXIT_INVALID
    except click.ClickException as found:
        found.show()
        return found.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:
        # the reader of our output (`| head`) has gone: not a fault
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (lives until the process ends)
        return 0
    return result if isinstance(result, int) else 0
