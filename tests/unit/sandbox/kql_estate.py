"""Two small tables to ask questions of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from blueprinter.sandbox.kql import Table, Type, as_json, run

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
COLUMNS = {
    "id": Type.TEXT,
    "name": Type.TEXT,
    "type": Type.TEXT,
    "location": Type.TEXT,
    "size": Type.LONG,
    "weight": Type.REAL,
    "made": Type.DATETIME,
    "tags": Type.DYNAMIC,
    "properties": Type.DYNAMIC,
}


def _row(name: str, **values: Any) -> dict[str, Any]:
    row: dict[str, Any] = {column: "" if type is Type.TEXT else None for column, type in COLUMNS.items()}
    return {**row, "id": f"/r/{name}", "name": name, **values}


ROWS = [
    _row(
        "alpha",
        type="microsoft.storage/storageaccounts",
        location="westeurope",
        size=3,
        weight=1.5,
        made=datetime(2026, 11, 19, 12, 0, tzinfo=UTC),
        tags={"env": "prod", "owner": "a"},
        properties={
            "Encryption": {"keySource": "Microsoft.Storage"},
            "flag": True,
            "count": 7,
            "odata.type": "x",
            "rules": [{"port": 22}, {"port": 443}],
            "text": "true",
        },
    ),
    _row(
        "beta",
        type="microsoft.storage/storageaccounts",
        location="northeurope",
        size=5,
        made=datetime(2026, 11, 1, tzinfo=UTC),
        tags={"env": "dev"},
        properties={"flag": False, "count": 7.5, "rules": []},
    ),
    _row(
        "Gamma",
        type="microsoft.compute/virtualmachines",
        location="westeurope",
        size=3,
        weight=4.0,
        properties={"flag": None, "rules": [{"port": 3389}], "vmSize": "Standard_B2s"},
    ),
    _row("delta", type="microsoft.compute/disks", tags={}, properties=None),
]
OWNERS = [
    {"owner": "a", "mail": "a@example.org", "name": "Ann"},
    {"owner": "a", "mail": "a2@example.org", "name": "Ann too"},
    {"owner": "z", "mail": "z@example.org", "name": "Zoe"},
]
TABLES = {
    "Things": Table(COLUMNS, lambda: ROWS),
    "Owners": Table({"owner": Type.TEXT, "mail": Type.TEXT, "name": Type.TEXT}, lambda: OWNERS),
}


def ask(query: str) -> list[dict[str, Any]]:
    """The rows as an answer writes them; `Things` is the table that is meant without a name."""
    found = run(query, TABLES, default_table="Things", now=NOW)
    return [{name: as_json(row[name]) for name in found.columns} for row in found.rows]


def value(expression: str, name: str = "alpha") -> Any:
    """One expression for one row."""
    return ask(f"where name == '{name}' | project x = {expression}")[0]["x"]
