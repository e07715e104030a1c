"""`blueprinter schema KIND`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click
import orjson

from blueprinter.blueprint import SCHEMAS
from blueprinter.document import Json
from blueprinter.policy import policy_tests_schema
from blueprinter.table import Table


@dataclass(frozen=True, slots=True)
class KindRow:
    """A kind of file that people write, and its JSON Schema."""

    name: str
    json_schema: Callable[[], dict[str, Json]]


KINDS: Table[KindRow] = Table(
    (*(KindRow(row.name, row.json_schema) for row in SCHEMAS), KindRow("policy-tests", policy_tests_schema))
)


@click.command("schema", help="Print the JSON Schema of a kind of file; without KIND, list the kinds.")
@click.argument("kind", required=False)
def command(kind: str | None) -> None:
    if kind is None:
        for row in KINDS:
            click.echo(row.name)
        return
    found = KINDS.get(kind)
    if found is None:
        hint = KINDS.suggest(kind) or f"kinds: {', '.join(KINDS.names())}"
        raise click.UsageError(f"no schema is called `{kind}`; {hint}")
    click.echo(orjson.dumps(found.json_schema(), option=orjson.OPT_INDENT_2).decode())
