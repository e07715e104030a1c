"""One reading of an inventory says what going through its states says: the same run and the same records, byte for
byte, whatever stands in the files."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from msgspec import Struct
from msgspec.structs import replace

from blueprinter.arm import Resource
from blueprinter.blueprint import Exemption, ExemptionCategory, Registers
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.compliance import (
    EvaluateOptions,
    OfflineSource,
    evaluate,
    parallel,
    read_inventories,
    windows,
)
from blueprinter.compliance.sweep import Sweep
from blueprinter.diagnostics import Position
from blueprinter.document import Json, parse
from blueprinter.policy import (
    AliasTable,
    AssignedPolicy,
    Outcome,
    PolicyState,
    Said,
    compile_policies,
    definition_key,
    read_aliases,
)
from blueprinter.policy.asking import Asking
from blueprinter.report import FORMATS, ReportOptions, StateRecorder
from differential.bending import Row, bent, demo_rows
from differential.drawing import ALIASES
from differential.drawing import TYPE as DRAWN_TYPE
from unit.policy.small_policies import definition

SEED = int(os.environ.get("BLUEPRINTER_SEED", "20261122"))
NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
TODAY = date(2026, 11, 20)
CLOCK = "2026-11-20T06:00:00.0000000Z"


@pytest.fixture(scope="module")
def workspace(root: Path) -> Workspace:
    return open_workspace(root)


@pytest.fixture(scope="module")
def rows(root: Path) -> list[Row]:
    return demo_rows(root)


class ByStates(Struct, frozen=True):
    """The source without its quick way."""

    source: OfflineSource

    def states(self, scope: str) -> Iterator[PolicyState]:
        return self.source.states(scope)


class Setting(Struct, frozen=True):
    """What a run is made of."""

    files: tuple[Path, ...]
    policies: tuple[AssignedPolicy, ...]
    aliases: AliasTable
    registers: Registers
    strict: bool
    max_findings: int

    def written(
        self, *, quick: bool, jobs: int = 1, rewindable: bool = True, recording: bool = True
    ) -> bytes:
        """The run as JSON, and the records."""
        lines = io.BytesIO()
        policies = compile_policies(
            self.policies, aliases=self.aliases, now=CLOCK, strict_aliases=self.strict
        )
        estate = read_inventories(self.files, now=NOW)
        source = OfflineSource(estate, policies, jobs=jobs)
        run = evaluate(
            None,
            source if quick else ByStates(source),
            estate,
            self.registers,
            EvaluateOptions(now=NOW, strict_aliases=self.strict, max_findings=self.max_findings),
            policies=self.policies,
            recorder=StateRecorder([lines], all_states=False, rewindable=rewindable) if recording else None,
        )
        report = FORMATS.get("json")
        assert report is not None
        text = "".join(report.write(run, ReportOptions(max_findings=self.max_findings)))
        return text.encode(errors="surrogatepass") + b"\n--\n" + lines.getvalue()


def setting(chance: random.Random, rows: Sequence[Row], workspace: Workspace, folder: Path) -> Setting:
    known = sorted(workspace.definitions.items())
    chosen = [definition for _, definition in chance.sample(known, min(60, len(known)))]
    if chance.random() < 0.7:  # as Azure Resource Graph gives them
        rows = [_plain(row) for row in rows]
    ids = [str(row["id"]) for row in rows]
    scattered = chance.random() < 0.5  # rows of policies with scopes are always parsed whole
    policies = tuple(
        AssignedPolicy(
            definition,
            scope=_above(chance.choice(ids), chance) if scattered and chance.random() < 0.2 else "",
            not_scopes=((_above(chance.choice(ids), chance),) if scattered and chance.random() < 0.1 else ()),
            enforced=chance.random() < 0.9,
        )
        for definition in chosen
    )
    exemptions = tuple(
        _exemption(number, chance, ids, [definition_key(one.id) for one in chosen])
        for number in range(chance.choice((0, 3)))
    )
    return Setting(
        files=tuple(_write(folder, place, chance, rows) for place in range(chance.randint(1, 3))),
        policies=policies,
        aliases=workspace.aliases if chance.random() < 0.7 else AliasTable.empty(),
        registers=Registers(exemptions=exemptions),
        strict=chance.random() < 0.2,
        max_findings=chance.choice((0, 5, 1000)),
    )


def _plain(row: Row) -> Row:
    """A row that states no API version."""
    return {key: value for key, value in row.items() if key != "apiVersion"}


def _above(id: str, chance: random.Random) -> str:
    """A scope that holds an id: the subscription, the group, the resource itself."""
    parts = id.split("/")
    scope = "/".join(parts[: chance.choice((3, 5, len(parts)))])
    return scope.upper() if chance.random() < 0.3 else scope


def _exemption(number: int, chance: random.Random, ids: Sequence[str], keys: Sequence[str]) -> Exemption:
    return Exemption(
        name=f"exemption-{number}",
        scope=_above(chance.choice(ids), chance),
        assignment="",
        policies=tuple(chance.sample(list(keys), 12)),
        controls=(),
        category=chance.choice(list(ExemptionCategory)),
        reason="an example",
        owner="somebody",
        approved_by="somebody else",
        ticket="",
        evidence=(),
        expires_on=TODAY + timedelta(days=chance.choice((-3, 5, 300))),
        position=Position("exemptions.yaml", 1, 1),
    )


def _write(folder: Path, place: int, chance: random.Random, rows: Sequence[Row]) -> Path:
    """A file of rows, some of them bent, some twice, between lines that are none; in one of several shapes."""
    found = [_row(chance, rows) for _ in range(chance.randint(1, 90))]
    shape = chance.choice(("lines", "lines", "lines", "packed", "array", "page", "marked"))
    if shape in ("array", "page"):
        file = folder / f"{place}.json"
        file.write_bytes(orjson.dumps(found if shape == "array" else {"value": found}))
        return file
    lines: list[bytes] = []
    for row in found:
        lines.append(orjson.dumps(row))
        if chance.random() < 0.05:
            lines.append(
                chance.choice((b"", b"{", b"[1]", b"7", b'{"id": "x"}', b'{"type": "A/b"}', b"\xff"))
            )
        if chance.random() < 0.03:
            lines.append(orjson.dumps({"value": [_row(chance, rows), 3]}))
    text = (b"\r\n" if chance.random() < 0.2 else b"\n").join(lines) + (
        b"\n" if chance.random() < 0.8 else b""
    )
    file = folder / (f"{place}.jsonl.gz" if shape == "packed" else f"{place}.jsonl")
    file.write_bytes(gzip.compress(text) if shape == "packed" else text)
    if shape == "marked":
        file.write_bytes(b"\xef\xbb\xbf" + text)
    return file


def _row(chance: random.Random, rows: Sequence[Row]) -> Row:
    row = chance.choice(rows)
    row = bent(row, chance) if chance.random() < 0.5 else dict(row)
    what = chance.random()
    if what < 0.6:  # otherwise the id may come twice
        row["id"] = f"{row['id']}-{chance.randrange(10_000)}"
    elif what < 0.7:
        row["id"] = str(row["id"]).upper()
    if chance.random() < 0.1:
        row["type"] = str(row["type"]).lower()
    if chance.random() < 0.05:
        row["apiVersion"] = chance.choice(("2023-01-01", "", 7, None))
    if chance.random() < 0.05:
        row.pop("properties", None)
    if chance.random() < 0.02:
        row[chance.choice(("id", "type"))] = chance.choice((None, 7, "", "x"))
    return row


def check(seed: int, rows: Sequence[Row], workspace: Workspace, folder: Path) -> None:
    chance = random.Random(seed)
    given = setting(chance, rows, workspace, folder)
    slow = given.written(quick=False)
    assert given.written(quick=True) == slow, f"seed {seed}"
    assert given.written(quick=True, rewindable=False) == slow, f"seed {seed}, records that stay written"
    for jobs, learnt in ((2, 20), (3, 2)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(parallel, "_LEARNT", learnt)
            assert given.written(quick=True, jobs=jobs) == slow, f"seed {seed}, {jobs} processes"
    bare = given.written(quick=True, recording=False)
    assert bare == slow.partition(b"\n--\n")[0] + b"\n--\n", f"seed {seed}, without records"


@pytest.fixture
def small_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several processes, and windows of few lines, for files that are much too small for them."""
    monkeypatch.setattr(parallel, "_LEAST", 1)
    for name in ("_FIRST", "_WINDOW"):
        monkeypatch.setattr(windows, name, 20_000)


@pytest.mark.usefixtures("small_shares")
@pytest.mark.parametrize("turn", range(8))
def test_made_up_inventories(turn: int, rows: list[Row], workspace: Workspace, tmp_path: Path) -> None:
    check(SEED + turn, rows, workspace, tmp_path)


@pytest.fixture
def parsed_whole(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of lines that are parsed whole, in this process."""
    counted: list[int] = []
    slowly = Sweep._odd

    def odd(self: Sweep, line: bytes, number: int) -> None:
        counted.append(number)
        slowly(self, line, number)

    monkeypatch.setattr(Sweep, "_odd", odd)
    return counted


@pytest.mark.usefixtures("small_shares")
def test_most_rows_are_parsed_in_part(
    rows: list[Row], workspace: Workspace, tmp_path: Path, parsed_whole: list[int]
) -> None:
    """What the comparisons above rest on: without it they would compare one slow way with another."""
    file = tmp_path / "estate.jsonl"
    lines = [orjson.dumps({**_plain(row), "id": f"{row['id']}-{copy}"}) for copy in range(5) for row in rows]
    file.write_bytes(b"\n".join(lines) + b"\n")
    policies = tuple(AssignedPolicy(one) for _, one in sorted(workspace.definitions.items()))
    given = Setting((file,), policies, workspace.aliases, Registers(), strict=False, max_findings=1000)
    assert given.written(quick=True) == given.written(quick=False)
    assert len(parsed_whole) < len(lines) / 2


TYPE = "Contoso.Test/things"
FOUND = AliasTable.inline(
    {
        f"{TYPE}/uri": "properties.disk.uri",
        f"{TYPE}/mode": "properties.createMode",
        f"{TYPE}/parts[*]": "properties.parts[*]",
        f"{TYPE}/parts[*].on": "properties.parts[*].on",
    }
)
TEXTS = ("100 %b and %d%%", 'quo"ted \\ text', "über", "\u2028", "\U0001f512", "", " ", "x" * 1_000, "null")


def thing(number: int, **properties: object) -> Row:
    id_ = f"/subscriptions/s/resourceGroups/g/providers/{TYPE}/{number}"
    return {"id": id_, "name": str(number), "type": TYPE, "tags": None, "properties": properties}


def over_lines(lines: Sequence[bytes], folder: Path, *conditions: object) -> Setting:
    file = folder / "estate.jsonl"
    file.write_bytes(b"\n".join(lines) + b"\n")
    policies = tuple(
        AssignedPolicy(definition(one, name=f"p{place}")) for place, one in enumerate(conditions)
    )
    return Setting((file,), policies, FOUND, Registers(), strict=False, max_findings=50)


@pytest.mark.usefixtures("small_shares")
@pytest.mark.parametrize(
    "hostile", ['a","b', 'x",', '"', ",", "\\", 'back\\","', "\x01\x02", "half", "é", "%b"]
)
def test_ids_that_hold_what_stands_around_texts(hostile: str, tmp_path: Path) -> None:
    """Records of rows that are alike are put together of texts that are encoded together."""
    lines = []
    for number in range(400):
        row = thing(number, disk={"uri": "a"}, createMode="b")
        row["id"] = f"{row['id']}-{number}{hostile if number % 30 == 28 else ''}"
        lines.append(orjson.dumps(row).replace(b"half", rb"\ud800"))
    given = over_lines(lines, tmp_path, {"field": f"{TYPE}/mode", "equals": "b"})
    slow = given.written(quick=False)
    assert slow.count(b"\n") > 400
    assert given.written(quick=True) == slow


@pytest.mark.usefixtures("small_shares")
def test_records_that_tell_a_text_of_the_resource(tmp_path: Path) -> None:
    """Rows that differ in nothing but such a text get the words of the first one."""
    uri = {"field": f"{TYPE}/uri", "exists": True}
    kept = {"allOf": [uri, {"field": f"{TYPE}/uri", "notLike": "[concat('x', 'y*')]"}]}
    either = {
        "anyOf": [{"field": "tags.none", "exists": True}, {"not": {"field": f"{TYPE}/uri", "in": ["a"]}}]
    }
    rows = [thing(number, disk={"uri": f"{number} {TEXTS[number % len(TEXTS)]}"}) for number in range(300)]
    rows += [thing(300 + number, disk={"uri": text}) for number, text in enumerate(TEXTS * 3)]
    rows += [thing(400, disk={"URI": "other"}), thing(401, disk={"uri": 5}), thing(402, disk=None)]
    given = over_lines([orjson.dumps(row) for row in rows], tmp_path, uri, kept, either)
    slow = given.written(quick=False)
    assert slow.count(b'"complianceState":"NonCompliant"') > len(rows)
    assert given.written(quick=True) == given.written(quick=True, jobs=2) == slow


@pytest.mark.parametrize("name", ["estate.json", "estate-\udcff.json"], ids=["plain", "no text"])
def test_records_of_what_is_no_text(tmp_path: Path, name: str) -> None:
    """Half a surrogate pair, in a row or in the name of the file, is escaped."""
    row = thing(1, disk={"uri": "half", "ü": 1})
    row["id"] = f"{row['id']}/ü"
    file = tmp_path / name
    try:
        file.write_bytes(orjson.dumps([row, thing(2, disk={"uri": "half"})]).replace(b"half", rb"\ud800"))
    except OSError:
        pytest.skip("files have names in UTF-8 here")
    policies = (AssignedPolicy(definition({"field": f"{TYPE}/uri", "exists": True})),)
    given = Setting((file,), policies, FOUND, Registers(), strict=False, max_findings=50)
    slow = given.written(quick=False)
    assert given.written(quick=True) == slow
    lines = slow.split(b"\n--\n")[1].splitlines()
    assert [json.loads(line)["actual"] for line in lines] == ["\ud800"] * 2


@pytest.mark.usefixtures("small_shares")
@pytest.mark.parametrize(
    ("lacking", "whole"),
    [
        pytest.param(20, {341, 342, 343, 346, 347, 349, 351, 352, 353}, id="few rows lack it"),
        pytest.param(300, {341, 349, 351, 352, 353}, id="most rows lack it"),
    ],
)
def test_what_rows_lack(lacking: int, whole: set[int], tmp_path: Path, parsed_whole: list[int]) -> None:
    """A name may be absent, stand in another letter case or in escapes, or stand somewhere else in the line, which
    matters only where parts of rows do not have all keys."""
    mode = {"field": f"{TYPE}/mode", "notEquals": "recover"}
    absent = {"field": f"{TYPE}/mode", "exists": False}
    usual = [orjson.dumps(thing(number, a=1)) for number in range(lacking)]
    usual += [orjson.dumps(thing(number, createMode="recover")) for number in range(lacking, 340)]
    usual[3] = orjson.dumps(thing(3, CREATEMODE="recover"))  # before anything is known of the type
    odd: list[Row] = [
        thing(500, CREATEMODE="recover"),
        thing(501, a={"createMode": "recover"}),
        thing(502, a="createMode"),
        thing(503, createMode=None),
        thing(504, createMode="default", CreateMode="recover"),
        thing(505, a='"createmode"'),
        {**thing(506), "createMode": "recover"},
        thing(507, **{"createMode ": "recover"}),
        thing(508, tags={"createMode": "recover"}),
    ]
    lines = [orjson.dumps(row) for row in odd]
    lines += [
        orjson.dumps(thing(600, here="recover")).replace(b'"here"', rb'"create\u004dode"'),
        orjson.dumps(thing(601, here="recover")).replace(b'"here"', rb'"\u0063REATEMODE"'),
        orjson.dumps(thing(602, here="recover")).replace(b'"here"', b'"create\xe2\x84\xb3ode"'),
        orjson.dumps(thing(603, here="recover", a="\u212a")),
    ]
    given = over_lines([*usual, *lines], tmp_path, mode, absent)
    slow = given.written(quick=False)
    assert given.written(quick=True) == slow
    assert set(parsed_whole) > whole
    assert len(set(parsed_whole)) < len(usual) / 2
    assert given.written(quick=True, jobs=2) == slow
    found = [line for line in slow.split(b"\n--\n")[1].splitlines() if b"/p1" in line]
    assert len(found) == lacking - 1 + len((501, 502, 503, 505, 506, 507, 508, 602, 603))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many policies the interpreter was asked about, for each row for which it was, in this process."""
    counted: list[int] = []
    ask = Asking.ask

    def counting(self: Asking, outcomes: Sequence[Outcome], resource: Resource) -> list[Said]:
        counted.append(len(outcomes))
        return ask(self, outcomes, resource)

    monkeypatch.setattr(Asking, "ask", counting)
    return counted


@pytest.mark.usefixtures("small_shares")
@pytest.mark.parametrize("known", [0, 2, 4], ids=["no group", "some groups", "every group"])
def test_what_resource_groups_say(
    known: int, tmp_path: Path, asked: list[int], parsed_whole: list[int]
) -> None:
    """What the interpreter said of one row holds for others with the same tag in the same group, in rows that lack some
    of what is read too; not for values that are merely equal, nor where a rule asks for more."""
    draw = random.Random(SEED)
    group_tag = "[resourceGroup().tags.env]"
    agrees = {"field": "tags.env", "notEquals": group_tag}
    inherited = {"allOf": [{"field": "tags.env", "exists": False}, {"value": group_tag, "exists": True}]}
    named = {"value": "[concat(field('name'), resourceGroup().name)]", "like": "*1g1"}
    kinds = {"allOf": [{"field": "kind", "equals": group_tag}, {"field": "tags.env", "exists": True}]}
    placed = {
        "allOf": [{"field": f"{TYPE}/mode", "equals": "a"}, {"value": "[subscription().id]", "like": "*"}]
    }
    listed = {
        "count": {
            "value": ["a", "b:c"],
            "name": "one",
            "where": {
                "allOf": [
                    {"field": f"{TYPE}/mode", "equals": "[first(split(current('one'), ':'))]"},
                    {"field": "kind", "notEquals": "[current('one')]"},
                ]
            },
        },
        "greater": 0,
    }
    parts = f"{TYPE}/parts[*]"
    on = {"allOf": [{"field": f"{parts}.on", "equals": True}, {"field": f"{TYPE}/mode", "exists": False}]}
    counted = {"count": {"field": parts, "where": on}, "greater": 0}
    absent = {"field": f"{TYPE}/mode", "exists": False}
    rows: list[Row] = []
    for number in range(600):
        row = thing(number, other=1)
        row["id"] = f"/subscriptions/s/resourceGroups/g{number % 4}/providers/{TYPE}/{number}"
        if draw.random() < 0.7:
            row["tags"] = {"env": draw.choice(("a", "A", "b", "", None, 1, True, 1.0, ["a"]))}
        if draw.random() < 0.7:
            row["properties"]["createMode"] = draw.choice(("a", "b", "A", None, 1, True))
        if draw.random() < 0.8:
            row["properties"]["parts"] = [{"on": draw.random() < 0.5} for _ in range(draw.randint(0, 2))]
        if draw.random() < 0.8:
            row["kind"] = draw.choice(("a", "b"))
        rows.append(row)
    groups: list[Row] = [
        {
            "id": f"/subscriptions/s/resourceGroups/g{number}",
            "name": f"g{number}",
            "type": "Microsoft.Resources/subscriptions/resourceGroups",
            "tags": {"env": "ab"[number % 2]} if number else None,
            "properties": {},
        }
        for number in range(known)
    ]
    lines = [orjson.dumps(row) for row in (*groups, *rows)]
    given = over_lines(lines, tmp_path, agrees, inherited, named, kinds, placed, listed, counted, absent)
    slow = given.written(quick=False, recording=False)
    assert given.written(quick=True, recording=False) == slow
    assert len(set(parsed_whole)) < len(rows) / 4
    alone = over_lines(lines, tmp_path, agrees, inherited, kinds, placed, listed)
    asked.clear()
    assert alone.written(quick=True, recording=False) == alone.written(quick=False, recording=False)
    assert 0 < len(asked) < len(rows) / 2
    assert given.written(quick=True, jobs=2, recording=False) == slow
    assert given.written(quick=True) == given.written(quick=False)


@pytest.fixture
def parsed_deep(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows of a reading were of types whose objects are parsed in part, in this process."""
    counted: list[int] = []
    read = Sweep.read

    def reading(self: Sweep, file: int, part: windows.Part | None) -> None:
        read(self, file, part)
        counted.append(sum(cell.rows() - cell.refused for cell in self._cells.values() if cell.shapes))

    monkeypatch.setattr(Sweep, "read", reading)
    return counted


def full_row(draw: random.Random, number: int) -> Row:
    """A resource that has everything that the conditions below read, as they spell it."""

    def scalar() -> object:
        return draw.choice(("a", "B", "abc", "", None, 0, 1, 7, True, False, "2023-05-01"))

    def rule() -> object:
        subs = [{"x": scalar(), "more": [1]} for _ in range(draw.randint(0, 2))]
        inner = {"w": scalar(), "W2": {"w": 1}}
        return {
            "v": scalar(),
            "properties": inner,
            "tags": [scalar()],
            "subs": subs,
            "name": f"r{number % 5}",
        }

    return {
        "id": f"/subscriptions/s{number % 2}/resourceGroups/g/providers/{DRAWN_TYPE}/t{number}",
        "type": DRAWN_TYPE,
        "name": f"t{number}",
        "location": draw.choice(("westeurope", "West Europe", "eastus")),
        "kind": draw.choice(("a", "b")),
        "sku": {"name": scalar(), "tier": "x"},
        "identity": {"type": "SystemAssigned", "userAssignedIdentities": {}},
        "tags": {"env": scalar(), "a.b": scalar(), "other": "x", "a": scalar()},
        "properties": {
            **{name: scalar() for name in ("p", "q", "guess", "when", "size", "on", "moved", "unread")},
            "old": {"moved": scalar()},
            "deep": {"a": scalar(), "b": {"c": scalar(), "d": [{}]}, "unread": {"A": "x"}},
            "list": [scalar() for _ in range(draw.randint(0, 3))],
            "rules": [rule() for _ in range(draw.randint(0, 3))],
            "guesses": [rule() for _ in range(draw.randint(0, 2))],
            "logs": [{"enabled": draw.choice((True, False, "true"))} for _ in range(draw.randint(0, 2))],
        },
    }


def deep_condition(draw: random.Random) -> dict[str, Json]:
    """A condition about members of objects and of elements of arrays."""
    rules, things = f"{DRAWN_TYPE}/rules[*]", DRAWN_TYPE
    field = draw.choice(
        (
            "tags.env",
            "tags.other",
            "identity.type",
            f"{things}/sku.name",
            f"{things}/deep.a",
            f"{things}/deep.b.c",
        )
    )
    of_rule = draw.choice((f"{rules}.v", f"{rules}.in.w", f"{rules}.tags[*]", f"{rules}.subs[*].x"))
    whole = draw.choice((f"'{rules}'", ""))
    inner: list[Json] = [
        {"field": of_rule, **compared(draw)},
        {"value": f"[current('{rules}.v')]", **compared(draw)},
        {"value": f"[contains(current({whole}), '{draw.choice(('v', 'name', 'none'))}')]", "equals": True},
        {"value": f"[field('{field}')]", **compared(draw)},
        {"allOf": [{"field": f"{rules}.v", **compared(draw)}, {"field": f"{rules}.in.w", **compared(draw)}]},
    ]
    nested = {"field": f"{rules}.subs[*]", "where": {"field": f"{rules}.subs[*].x", **compared(draw)}}
    number = {draw.choice(("greater", "equals", "less")): draw.randint(0, 2)}
    return draw.choice(
        (
            {"field": field, **compared(draw)},
            {"value": f"[field('{field}')]", **compared(draw)},
            {"value": f"[length(field('{of_rule}'))]", **number},
            {"field": of_rule, **compared(draw)},
            {"field": f"{things}/logs.enabled", "equals": draw.choice((True, "false"))},
            {"count": {"field": rules, "where": draw.choice(inner)}, **number},
            {"count": nested, **number},
            {"count": {"field": f"{things}/list[*]"}, **number},
        )
    )


def compared(draw: random.Random) -> dict[str, Json]:
    operand = draw.choice(("a", "B", "", 1, True))
    several = draw.choice((["a", "b"], ["abc", "1"]))
    return draw.choice(
        ({"equals": operand}, {"notEquals": operand}, {"in": several}, {"exists": draw.choice((True, False))})
    )


def _odd(row: Row, draw: random.Random) -> Row:
    """The row with a key in another letter case somewhere in it, or bent in some other way."""
    if draw.random() < 0.3:
        return bent(row, draw)
    copy: Row = orjson.loads(orjson.dumps(row))
    properties = copy["properties"]
    assert isinstance(properties, dict)
    holders = [copy["tags"], copy["sku"], copy["identity"], properties["deep"], properties["deep"]["b"]]
    for rule in properties["rules"]:
        holders += [rule, rule["properties"], *rule["subs"]]
    holders += properties["logs"]
    holder = draw.choice(holders)
    key = draw.choice(sorted(holder))
    holder[key.upper()] = holder.pop(key)
    return copy


def check_deep(seed: int, folder: Path) -> None:
    """Policies that read members of members, over rows most of which have all of them."""
    draw = random.Random(seed)
    conditions = [
        {draw.choice(("allOf", "anyOf")): [deep_condition(draw) for _ in range(draw.randint(1, 3))]}
        for _ in range(4)
    ]
    policies = tuple(
        AssignedPolicy(definition(one, name=f"p{place}")) for place, one in enumerate(conditions)
    )
    rows = [full_row(draw, number) for number in range(150)]
    share = draw.choice((0.03, 0.15))
    rows = [_odd(row, draw) if draw.random() < share else row for row in rows]
    file = folder / "estate.jsonl"
    file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    aliases = read_aliases(parse(json.dumps(ALIASES), "aliases.json"))
    given = Setting((file,), policies, aliases, Registers(), strict=False, max_findings=1000)
    for recording in (True, False):
        slow = given.written(quick=False, recording=recording)
        assert given.written(quick=True, recording=recording) == slow, f"seed {seed}"


@pytest.mark.usefixtures("small_shares")
def test_objects_that_are_parsed_in_part(tmp_path: Path, parsed_deep: list[int]) -> None:
    for turn in range(25):
        check_deep(SEED + turn, tmp_path)
    assert sum(parsed_deep) > 1_000


@pytest.mark.soak
@pytest.mark.usefixtures("small_shares")
def test_many_objects_that_are_parsed_in_part(tmp_path: Path) -> None:
    print(f"seed {SEED}")  # noqa: T201 (the seed of a long run)
    for turn in range(2_000):
        check_deep(SEED + 1_000 + turn, tmp_path)


def test_the_demo_estate(root: Path, workspace: Workspace) -> None:
    files = tuple(sorted((root / "examples" / "contoso" / "inventory").glob("*.jsonl")))
    policies = tuple(AssignedPolicy(one) for _, one in sorted(workspace.definitions.items()))
    given = Setting(files, policies, workspace.aliases, Registers(), strict=False, max_findings=1000)
    for strict in (False, True):
        one = replace(given, strict=strict)
        assert one.written(quick=True) == one.written(quick=False)


@pytest.mark.soak
@pytest.mark.usefixtures("small_shares")
def test_many_inventories(rows: list[Row], workspace: Workspace, tmp_path: Path) -> None:
    print(f"seed {SEED}")  # noqa: T201 (the seed of a long run)
    for turn in range(400):
        folder = tmp_path / str(turn)
        folder.mkdir()
        check(SEED + 1000 + turn, rows, workspace, folder)
