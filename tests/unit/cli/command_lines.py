"""Reads command lines as click does, without running them."""

from __future__ import annotations

import click

from blueprinter.cli import cli as program


def parse(arguments: list[str]) -> click.Context:
    """What click makes of a command line, without running it. Raises `click.UsageError`."""
    rest, context = list(arguments), click.Context(program, **program.context_settings)
    command: click.Command = program
    while isinstance(command, click.Group):
        name = rest.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"no command `{name}`"
        command = found
    return command.make_context(command.name or "", rest, parent=context)
