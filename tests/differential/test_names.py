"""What is made of names, which has code of its own (`compiled/texts.py`), is what the interpreter makes of them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest

from blueprinter.document import Json, parse
from blueprinter.policy import AliasTable, AssignedPolicy, BulkPolicies, compile_policies, read_definition
from blueprinter.policy.compiled import calculations
from differential.bending import Row
from differential.test_compiler import NOW, SEED, Compared, compare, nothing

TYPE = "Contoso.Test/things"
NESTED = "Contoso.Test/things/parts"
ALIASES = AliasTable.inline({})
TEXTS = ("'-'", "'App'", "'/'", "''", "'ß'", "'5'")
NAMES: tuple[Json, ...] = (
    "app-db-01", "APP", "a", "5", "5-5", "true", "-", "--", "-a-", "Straße", "İstanbul-1", "a/b", "app/master-5",
    "x" * 30, "-" * 30, "-" * 31, "ab-" * 10, "ab-" * 11, "Ä" * 30, "n" * 128, "n" * 129, "a-" * 200, "\u212a-K",
    "", None, 7, ["app"], {"a": 1}, "half \ud800",
)  # fmt: skip
OPERATIONS: tuple[tuple[str, Json], ...] = (
    ("equals", "app"), ("notEquals", "App"), ("equals", ""), ("equals", 5), ("equals", True), ("in", ["APP", "01"]),
    ("notIn", ["a", "5", ""]), ("like", "a*"), ("notLike", "*-01"), ("match", "###"), ("notMatchInsensitively", "App"),
    ("contains", "P"), ("notContains", "ss"), ("exists", True), ("exists", "false"), ("less", "b"), ("greater", 4),
    ("greaterOrEquals", "5"), ("containsKey", "a"), ("equals", "x" * 300), ("equals", "[toLower('APP')]"),
)  # fmt: skip
QUICK = (
    "[last(split(field('name'), '/'))]",
    "[toLower(field('NAME'))]",
    "[toUpper(first(split(field('name'), '-')))]",
    "[concat(toLower(field('name')), '-', field('name'))]",
    "[last(split(toLower(last(split(field('name'), '-'))), 'b'))]",
)


def expressions(draw: random.Random) -> Iterator[str]:
    """Expressions over the name, of which half or so have code of their own."""

    def text(depth: int) -> str:
        kind = draw.randrange(9) if depth else 0
        if kind <= 1:
            return "field('name')"
        if kind == 2:
            return draw.choice(TEXTS)
        if kind == 3:
            return f"{draw.choice(('toLower', 'TOUPPER', 'trim', 'string'))}({text(depth - 1)})"
        if kind == 4:
            return f"concat({', '.join(text(depth - 1) for _ in range(draw.randint(1, 3)))})"
        if kind == 5:
            return f"{draw.choice(('first', 'last'))}({text(depth - 1)})"
        if kind == 6:
            return f"split({text(depth - 1)}, {draw.choice(TEXTS)})[{draw.randrange(3)}]"
        return f"{draw.choice(('first', 'last'))}(split({text(depth - 1)}, {draw.choice((*TEXTS, text(1)))}))"

    while True:
        yield f"[{text(4)}]"


def rows() -> Iterator[Row]:
    for type_ in (TYPE, NESTED):
        for name in NAMES:
            row: Row = {
                "id": f"/subscriptions/s/resourceGroups/g/providers/{TYPE}/n",
                "type": type_,
                "name": name,
            }
            yield {**row, "properties": {}}
        yield {"id": f"/subscriptions/s/resourceGroups/g/providers/{TYPE}/n", "type": type_, "properties": {}}


def bulk_of(conditions: list[Json]) -> BulkPolicies:
    rules = [{"if": one, "then": {"effect": "audit"}} for one in conditions]
    policies = [
        AssignedPolicy(read_definition(parse(json.dumps(rule), f"p{place}.json")))
        for place, rule in enumerate(rules)
    ]
    return BulkPolicies(compile_policies(policies, aliases=ALIASES, now=NOW))


@pytest.mark.parametrize("expression", QUICK)
def test_every_operator(expression: str) -> None:
    bulk = bulk_of([{"value": expression, operator: right} for operator, right in OPERATIONS])
    counts = Compared()
    for row in rows():
        compare(row, bulk, nothing, counts, expression)
    assert counts.share > 0.6, counts


def test_what_is_drawn_at_random() -> None:
    draw = random.Random(SEED)
    drawn = expressions(draw)
    counts = Compared()
    for _ in range(30):
        conditions = [
            {"value": next(drawn), operator: right} for operator, right in draw.choices(OPERATIONS, k=20)
        ]
        bulk = bulk_of(conditions)
        for row in rows():
            compare(row, bulk, nothing, counts, f"seed {SEED}: {json.dumps(conditions)}")
    assert counts.decided > 10_000, counts


def test_short_names_are_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def missing(self: calculations.Comparison, key: object) -> bool:
        asked.append(key)
        return False

    monkeypatch.setattr(calculations.Comparison, "__missing__", missing, raising=False)
    bulk = bulk_of([{"value": one, "equals": "app"} for one in QUICK])
    program = bulk.program(TYPE, "", bulk.circles(""))
    for name in ("app", "x" * 30):
        program.decide({"id": "/subscriptions/s", "type": TYPE, "name": name, "properties": {}})
    assert not asked
    program.decide({"id": "/subscriptions/s", "type": TYPE, "name": "x" * 129, "properties": {}})
    assert len(asked) == len(QUICK)
