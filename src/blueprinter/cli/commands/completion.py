"""`blueprinter completion SHELL`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion", help="Print shell completion; e.g. `blueprinter completion bash >> ~/.bashrc`.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    made_by = get_completion_class(shell)
    root = ctx.find_root().command
    if made_by is None:
        raise click.UsageError(f"no completion for `{shell}`")
    click.echo(made_by(root, {}, "blueprinter", "_BLUEPRINTER_COMPLETE").source())
