"""`blueprinter explain CODE`."""

from __future__ import annotations

import click

from blueprinter import (
    arm,
    azure,
    blueprint,
    compliance,
    content,
    convert,
    deploy,
    document,
    policy,
    render,
    sandbox,
)
from blueprinter.table import Table


@click.command("explain", help="Explain a diagnostic code: why it is raised and how to mend it.")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    table = Table(
        (
            *document.CODES,
            *content.CODES,
            *blueprint.CODES,
            *compliance.CODES,
            *convert.CODES,
            *policy.CODES,
            *arm.CODES,
            *azure.CODES,
            *render.CODES,
            *deploy.CODES,
            *sandbox.CODES,
        )
    )
    if code is None:
        for row in sorted(table, key=lambda row: row.name):
            click.echo(f"{row.name}  {row.title}")
        return
    row_found = table.get(code)
    if row_found is None:
        hint = table.suggest(code) or "`blueprinter explain` lists all codes"
        raise click.UsageError(f"there is no diagnostic `{code}`; {hint}")
    click.echo(f"{row_found.name}: {row_found.title}\n\n{row_found.explanation}")
    for label, example in (("Raises it", row_found.bad), ("Mended", row_found.good)):
        if example:
            click.echo(f"\n{label}:\n" + "\n".join(f"    {line}" for line in example.splitlines()))
