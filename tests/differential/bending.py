"""Rows changed at random: a few values replaced, removed, or under a key of another letter case."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from blueprinter.document import Json

Row = dict[str, Json]

VALUES: tuple[Json, ...] = (
    None, True, False, 0, 1, 90, 1.0, "", "Disabled", "enabled", "TLS1_2", "1.2", "*", "0.0.0.0/0", "eastus", [], {},
    ["*"], [{"name": "x", "properties": {}}], {"a": 1}, "100%", "%b", "\u2028",
)  # fmt: skip


def demo_rows(root: Path) -> list[Row]:
    """The rows of the demo estate."""
    return [
        orjson.loads(line)
        for file in sorted((root / "examples" / "contoso" / "inventory").glob("*.jsonl"))
        for line in file.read_bytes().splitlines()
    ]


def bent(row: Row, chance: random.Random, values: Sequence[Json] = VALUES) -> Row:
    """A copy of a row with a few changes; id, type and name stay."""
    copy: Row = orjson.loads(orjson.dumps(row))
    for _ in range(chance.randint(1, 4)):
        holder: Json = copy
        for _ in range(chance.randint(0, 4)):
            inner = [one for one in _members(holder) if isinstance(one, (dict, list)) and one]
            if not inner:
                break
            holder = chance.choice(inner)
        if isinstance(holder, dict):
            keys = [key for key in holder if holder is not copy or key not in {"id", "type", "name"}]
            if not keys:
                continue
            key = chance.choice(keys)
            what = chance.randrange(4)
            if what == 0:
                del holder[key]
            elif what == 1:
                holder[key.upper()] = holder.pop(key)
            else:
                holder[key] = _fresh(chance.choice(values))
        elif isinstance(holder, list):
            holder[chance.randrange(len(holder))] = _fresh(chance.choice(values))
    return copy


def _fresh(value: Json) -> Json:
    """A value that no other row holds."""
    copy: Json = orjson.loads(orjson.dumps(value))
    return copy


def _members(value: Json) -> Iterator[Json]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
