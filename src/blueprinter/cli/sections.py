"""Help of a command with many options: they stand under headings, in the order of the command's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click


class SectionedCommand(click.Command):
    """A command whose `sections` say under which heading each option is shown; any other stands at the end."""

    def __init__(self, *arguments: Any, sections: Mapping[str, Sequence[str]], **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes each section; `sections` name options by their long names."""
        left = {
            name: record
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx)) is not None
            for name in parameter.opts[-1:]
        }
        for title, names in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([left.pop(name) for name in names if name in left])
        with formatter.section("Other options"):
            formatter.write_dl(list(left.values()))
