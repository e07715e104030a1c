"""`blueprinter schema KIND`."""

from __future__ import annotations

from collections.abc import Callable

import click
import orjson
from msgspec import Struct

from blueprinter.blueprint import SCHEMAS
from blueprinter.cli.remarks import echo_json
from blueprinter.deploy import ENVIRONMENTS_SCHEMA
from blueprinter.document import Json
from blueprinter.policy import aliases_schema, policy_definition_schema, policy_tests_schema
from blueprinter.report import SCHEMA_FILE
from blueprinter.table import Table


class KindRow(Struct, frozen=True):
    """A kind of file, and its JSON Schema."""

    name: str
    json_schema: Callable[[], dict[str, Json]]


def _evaluate_schema() -> dict[str, Json]:
    """Of what `evaluate -o json` writes and `report` reads."""
    schema: dict[str, Json] = orjson.loads(SCHEMA_FILE.read_bytes())
    return schema


KINDS: Table[KindRow] = Table(
    (
        *(KindRow(row.name, row.json_schema) for row in SCHEMAS),
        KindRow(ENVIRONMENTS_SCHEMA.name, ENVIRONMENTS_SCHEMA.json_schema),
        KindRow("policy", policy_definition_schema),
        KindRow("policy-tests", policy_tests_schema),
        KindRow("aliases", aliases_schema),
        KindRow("evaluate", _evaluate_schema),
    )
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
    echo_json(found.json_schema())
