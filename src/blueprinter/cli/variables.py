"""Environment variables that give options their values: `BLUEPRINTER_<COMMAND>_<OPTION>`.

An option of the command line holds over its variable, a variable over `blueprinter.yaml`. Arguments never come from a
variable, and neither does what deletes, gives up a protection or answers a question: that must stand in the command.
"""

from __future__ import annotations

from collections.abc import Iterator

import click
from click.core import ParameterSource

PREFIX = "BLUEPRINTER"
SHARED = frozenset({"sandbox", "registers", "history"})
"""Options that one variable gives to all commands that have them: `BLUEPRINTER_SANDBOX`. A command's own variable
comes first."""
SPOKEN = frozenset(
    {"yes", "prune", "delete-resources", "cancel", "allow-plain-secret", "adopt", "help", "version"}
)
"""Options that no variable gives."""


def take_variables(command: click.Command, path: tuple[str, ...]) -> None:
    """Lets the options of a command, and of the commands below it, take their values from variables."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            parameter.envvar = variables_of(parameter, path)
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            take_variables(inner, (*path, name))


def variables_of(option: click.Option, path: tuple[str, ...]) -> list[str] | None:
    """The variables that give an option its value, the first that is set; None where there is none."""
    name = next((text[2:] for text in option.opts if text.startswith("--")), "")
    if not name or name in SPOKEN:
        return None
    found = [_variable(*path, name)]
    return [*found, _variable(name)] if name in SHARED else found


def variables_used(context: click.Context) -> Iterator[tuple[str, str]]:
    """Option and variable, for each option of a command whose value came from one."""
    for parameter in context.command.params:
        name = parameter.name or ""
        if context.get_parameter_source(name) is ParameterSource.ENVIRONMENT:
            yield parameter.opts[-1], " or ".join(parameter.envvar or ())


def _variable(*parts: str) -> str:
    return "_".join((PREFIX, *parts)).replace("-", "_").upper()
