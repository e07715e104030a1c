"""`blueprinter schema KIND`."""

from __future__ import annotations

import click
import orjson

from blueprinter.blueprint import SCHEMAS


@click.command("schema", help="Print the JSON Schema of a kind of file; without KIND, list the kinds.")
@click.argument("kind", required=False)
def command(kind: str | None) -> None:
    if kind is None:
        for row in SCHEMAS:
            click.echo(row.name)
        return
    found = SCHEMAS.get(kind)
    if found is None:
        hint = SCHEMAS.suggest(kind) or f"kinds: {', '.join(SCHEMAS.names())}"
        raise click.UsageError(f"no schema is called `{kind}`; {hint}")
    click.echo(orjson.dumps(found.json_schema(), option=orjson.OPT_INDENT_2).decode())
