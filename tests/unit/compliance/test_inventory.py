"""Inventories: shapes, damage, manifests, and what is believed of related resources."""

from __future__ import annotations

import codecs
import gzip
import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from blueprinter.compliance import CODES, Inventory, JoinedEstate, read_inventories
from blueprinter.compliance.records import MAX_RECORD
from blueprinter.diagnostics import InvalidInput
from blueprinter.policy import Found, Index, NoneExist, NotCollected
from blueprinter.table import Table

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
SUB = "/subscriptions/11111111-1111-4111-8111-111111111111"
OTHER = "/subscriptions/22222222-2222-4222-8222-222222222222"
STORAGE = "Microsoft.Storage/storageAccounts"
SETTINGS = "Microsoft.Insights/diagnosticSettings"
BLOB = "Microsoft.Storage/storageAccounts/blobServices"


def account(name: str, subscription: str = SUB, **more: Any) -> dict[str, Any]:
    id = f"{subscription}/resourceGroups/rg-data/providers/{STORAGE}/{name}"
    return {"id": id, "name": name, "type": STORAGE, "properties": {"n": name}, **more}


ROWS = [account("one"), account("two"), account("three")]


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def inventory(*paths: Path, **options: Any) -> Inventory:
    return read_inventories(paths, now=NOW, **options)


def write(folder: Path, content: str | bytes, name: str = "estate.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def manifest(folder: Path, rows: list[dict[str, Any]], stem: str = "estate", **changes: Any) -> None:
    """The manifest of an inventory of these rows as `lines` writes them."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["type"]] = counts.get(row["type"], 0) + 1
    value = {
        "schema": "blueprinter/inventory-manifest/1",
        "inventory": f"{stem}.jsonl",
        "sha256": sha256(lines(rows).encode()).hexdigest(),
        "cloud": "AzureCloud",
        "collectedBy": {"principal": "reader@contoso.example", "roles": ["Reader"]},
        "startedAt": "2026-11-20T05:00:00Z",
        "endedAt": "2026-11-20T05:10:00Z",
        "scopes": [{"scope": SUB, "status": "read"}],
        "types": [
            {"type": type_, "rows": count, "expected": count, "apiVersion": "2023-05-01"}
            for type_, count in counts.items()
        ],
        "typesNotCollected": [],
        **changes,
    }
    (folder / f"{stem}.manifest.json").write_text(json.dumps(value))


def codes(found: Inventory) -> list[str]:
    return [diagnostic.code for diagnostic in found.diagnostics()]


SHAPES: dict[str, bytes] = {
    "lines": lines(ROWS).encode(),
    "lines without a last newline": lines(ROWS).rstrip().encode(),
    "lines with empty ones": lines(ROWS).replace("\n", "\r\n\r\n").encode(),
    "lines with a byte order mark": codecs.BOM_UTF8 + lines(ROWS).encode(),
    "lines in UTF-16": lines(ROWS).encode("utf-16"),
    "array": json.dumps(ROWS).encode(),
    "array, pretty": json.dumps(ROWS, indent=2).encode(),
    "array, one row a line": b"[\n" + b",\n".join(json.dumps(row).encode() for row in ROWS) + b"\n]\n",
    "array in UTF-16": json.dumps(ROWS, indent=1).encode("utf-16"),
    "value": json.dumps({"value": ROWS}).encode(),
    "value, pretty": json.dumps({"value": ROWS, "nextLink": None}, indent=2).encode(),
    "data": json.dumps({"count": 3, "data": ROWS, "skip_token": None, "total_records": 3}).encode(),
    "data, pretty": json.dumps({"count": 3, "data": ROWS, "skip_token": None}, indent=4).encode(),
    "data, one row a line": b'{"data": [\n'
    + b",\n".join(json.dumps(row).encode() for row in ROWS)
    + b"\n]}\n",
    "pages, one a line": lines([{"value": ROWS[:1]}, {"value": ROWS[1:]}]).encode(),
    "rows, pretty, one after the other": "\n".join(json.dumps(row, indent=2) for row in ROWS).encode(),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(tmp_path: Path, shape: str, packed: bool) -> None:
    content = gzip.compress(SHAPES[shape], mtime=0) if packed else SHAPES[shape]
    name = "estate.json.gz" if packed else "estate.json"
    found = inventory(write(tmp_path, content, name))
    assert [(one.name, one.type, one.body["properties"]) for one in found.resources()] == [
        (row["name"], row["type"], row["properties"]) for row in ROWS
    ]
    assert not found.diagnostics()
    population = found.population()
    assert population.resources == 3
    assert population.types == {STORAGE: 3}
    assert population.sha256 == sha256(content).hexdigest()
    assert not population.partial


def test_rows_know_their_line(tmp_path: Path) -> None:
    flat = inventory(write(tmp_path, "\n" + lines(ROWS), "a.jsonl"))
    assert [one.origin.line for one in flat.resources()] == [2, 3, 4]
    pretty = write(tmp_path, json.dumps({"data": ROWS}, indent=1), "b.json")
    starts = [number for number, line in enumerate(pretty.read_text().splitlines(), 1) if line == "  {"]
    assert [one.origin.line for one in inventory(pretty).resources()] == starts


def test_a_long_document_is_read_in_pieces_and_keeps_its_lines(tmp_path: Path) -> None:
    rows = [account(f"account{number}", tags={"text": "é" * 900}) for number in range(2_500)]
    path = write(
        tmp_path, json.dumps({"value": rows, "count": 12345}, indent=1, ensure_ascii=False), "big.json"
    )
    found = list(inventory(path).resources())
    assert [one.name for one in found] == [row["name"] for row in rows]
    text = path.read_text(encoding="utf-8").splitlines()
    assert all(text[one.origin.line - 1].strip() == "{" for one in found)
    assert all(f'"{one.id}"' in text[one.origin.line] for one in found)


def test_second_reading_gives_the_same(tmp_path: Path) -> None:
    path = write(tmp_path, lines([*ROWS, account("ONE")]))
    found = inventory(path)
    first = [(one.id, one.origin.line) for one in found.resources()]
    assert first == [(one.id, one.origin.line) for one in found.resources()]
    assert len(first) == 3


@pytest.mark.parametrize(
    ("content", "line", "read"),
    [
        (lines(ROWS)[:-30], 3, 2),
        (lines(ROWS).replace("{", "", 1), 1, 2),
        (lines(ROWS[:1]) + "[1, 2]\n" + lines(ROWS[1:]), 2, 3),
        (lines(ROWS[:1]) + "null\n" + lines(ROWS[1:]), 2, 3),
        (lines(ROWS[:1]) + '{"id": NaN}\n' + lines(ROWS[1:]), 2, 3),
        (json.dumps(ROWS, indent=1)[:-120], 19, 2),
        (json.dumps({"data": ROWS})[:-20], 1, 2),
        (json.dumps([ROWS[0], 7, ROWS[1]], indent=1), 10, 2),
        ("id,name,type\na,b,c\n", 1, 0),
    ],
    ids=["cut", "cut at the start", "list", "null", "nan", "array cut", "page cut", "number in array", "csv"],
)
def test_what_cannot_be_read_is_a_warning_at_its_line(
    tmp_path: Path, content: str, line: int, read: int
) -> None:
    found = inventory(write(tmp_path, content))
    assert len(list(found.resources())) == read
    first = next(one for one in found.diagnostics() if one.code == "BP281")
    assert first.severity == "warning"
    assert first.position.line == line
    assert found.population().unreadable >= 1
    assert found.population().partial


def written(value: str, *, in_array: bool) -> str:
    """The three rows, of which the second says this of itself."""
    rows = [json.dumps(row) for row in ROWS]
    rows[1] = rows[1].replace('"two"}', value + "}")
    return "[" + ",\n".join(rows) + "]" if in_array else "\n".join(rows)


@pytest.mark.parametrize("in_array", [False, True], ids=["lines", "array"])
@pytest.mark.parametrize("value", ['"\\ud83d"', '"\\ude00\\ud83d"', "1" * 400, "-0.0", "1e-400"])
def test_what_other_readers_refuse_is_read_in_every_shape(tmp_path: Path, value: str, in_array: bool) -> None:
    found = inventory(write(tmp_path, written(value, in_array=in_array)))
    assert [one.name for one in found.resources()] == ["one", "two", "three"]
    assert not found.diagnostics()


@pytest.mark.parametrize("in_array", [False, True], ids=["lines", "array"])
@pytest.mark.parametrize("value", ["1e400", "9" * 5_000, "-1E+999", "NaN", "[Infinity]", '{"x": -Infinity}'])
def test_a_number_that_is_none_spoils_its_row_and_no_other(
    tmp_path: Path, value: str, in_array: bool
) -> None:
    found = inventory(write(tmp_path, written(value, in_array=in_array)))
    assert [one.name for one in found.resources()] == ["one", "three"]
    (only,) = found.diagnostics()
    assert (only.code, only.position.line) == ("BP281", 2)
    assert found.population().unreadable == 1


@pytest.mark.parametrize("place", [1, 3])
@pytest.mark.parametrize("ended", [False, True], ids=["cut", "whole"])
def test_a_row_that_is_too_long_is_left_out(tmp_path: Path, place: int, ended: bool) -> None:
    rows = [json.dumps(row) for row in ROWS]
    rows.insert(place, json.dumps(account("four", tags={"text": "x" * (MAX_RECORD + 300_000)})))
    found = inventory(write(tmp_path, "\n".join(rows) + "\n" * ended))
    assert [one.name for one in found.resources()] == ["one", "two", "three"]
    (only,) = found.diagnostics()
    assert (only.code, only.position.line) == ("BP281", place + 1)
    assert "longer than" in only.message
    assert found.population().unreadable == 1
    rows[place] = rows[place][: MAX_RECORD // 2] + '"}}'
    whole = inventory(write(tmp_path, "\n".join(rows) + "\n" * ended))
    assert whole.population().unreadable == 0
    assert len(list(whole.resources())) == 4


def test_a_damaged_archive_keeps_what_came_before(tmp_path: Path) -> None:
    rows = [account(f"account{number}") for number in range(5_000)]
    packed = gzip.compress(lines(rows).encode(), mtime=0)
    found = inventory(write(tmp_path, packed[: len(packed) // 2], "estate.jsonl.gz"))
    assert 0 < len(list(found.resources())) < 5_000
    assert found.population().partial
    assert codes(found) == ["BP281"] or codes(found) == ["BP281", "BP281"]


def test_many_unreadable_records_are_all_counted_and_not_all_listed(tmp_path: Path) -> None:
    found = inventory(write(tmp_path, "nonsense\n" * 3_000))
    assert found.population().unreadable == 3_000
    assert len(found.diagnostics()) == 1_001


@pytest.mark.parametrize("missing", ["id", "type"])
def test_a_record_without_id_or_type_is_left_out(tmp_path: Path, missing: str) -> None:
    rows = [ROWS[0], {key: value for key, value in ROWS[1].items() if key != missing}, ROWS[2]]
    found = inventory(write(tmp_path, lines(rows)))
    assert [one.name for one in found.resources()] == ["one", "three"]
    (only,) = found.diagnostics()
    assert (only.code, only.position.line) == ("BP282", 2)
    assert f"`{missing}`" in only.message
    assert found.population().unreadable == 1
    assert found.population().partial


@pytest.mark.parametrize("content", ["", "\n\n", "[]", '{"value": []}'])
def test_empty(tmp_path: Path, content: str) -> None:
    found = inventory(write(tmp_path, content))
    assert list(found.resources()) == []
    assert codes(found) == ["BP285"]
    assert not found.population().partial


def test_a_name_that_is_missing_comes_from_the_id(tmp_path: Path) -> None:
    row = {key: value for key, value in ROWS[0].items() if key != "name"}
    (only,) = inventory(write(tmp_path, lines([row]))).resources()
    assert only.name == "one"


def test_rows_without_properties_give_one_diagnostic_that_names_the_right_export(tmp_path: Path) -> None:
    rows = [{key: value for key, value in row.items() if key != "properties"} for row in ROWS]
    rows[1]["properties"] = None  # as `az resource list` has it
    found = inventory(write(tmp_path, lines([*rows, account("four")])))
    (only,) = found.diagnostics()
    assert only.code == "BP283"
    assert "3 of 4 rows" in only.message
    assert "`az graph query -q resources`" in only.hint
    assert "az graph query" in only.hint
    assert found.population().without_properties == 3
    assert [one.has_properties for one in found.resources()] == [False, False, False, True]


def test_resources_that_stand_twice_count_once(tmp_path: Path) -> None:
    write(tmp_path, lines(ROWS), "a.jsonl")
    write(tmp_path, lines([account("TWO", n=1), account("four")]), "b.jsonl")
    found = inventory(tmp_path)
    assert [one.name for one in found.resources()] == ["one", "two", "three", "four"]
    (only,) = found.diagnostics()
    assert (only.code, only.position.line) == ("BP287", 1)
    assert only.position.file.endswith("b.jsonl")
    assert found.population().resources == 4


def test_a_page_that_says_there_are_more_is_a_hole(tmp_path: Path) -> None:
    page = {"count": 3, "data": ROWS, "skip_token": "abc", "total_records": 4_711}
    found = inventory(write(tmp_path, json.dumps(page)))
    (only,) = found.diagnostics()
    assert only.code == "BP286"
    assert "4,711" in only.message
    assert found.population().partial
    follow = {"value": ROWS, "nextLink": "https://management.azure.com/next"}
    assert codes(inventory(write(tmp_path, json.dumps(follow, indent=1), "b.json"))) == ["BP286"]


def test_a_folder_gives_its_inventories_by_name_and_no_manifest(tmp_path: Path) -> None:
    write(tmp_path, lines(ROWS[1:2]), "b.jsonl")
    write(tmp_path, json.dumps(ROWS[:1]), "a.json")
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep", gzip.compress(lines(ROWS[2:]).encode()), "c.jsonl.gz")
    (tmp_path / ".git").mkdir()
    write(tmp_path / ".git", lines([account("hidden")]), "x.jsonl")
    write(tmp_path, "not an inventory", "readme.md")
    manifest(tmp_path, ROWS[1:2], "b")
    found = inventory(tmp_path)
    assert [one.name for one in found.resources()] == ["one", "two", "three"]
    assert [Path(file).name for file in found.population().files] == ["a.json", "b.jsonl", "c.jsonl.gz"]
    assert found.population().has_manifest
    everything = b"".join((tmp_path / name).read_bytes() for name in ("a.json", "b.jsonl", "deep/c.jsonl.gz"))
    assert found.population().sha256 == sha256(everything).hexdigest()


def test_one_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path, lines(ROWS))
    found = inventory(path, tmp_path)
    assert found.population().resources == 3
    assert not found.diagnostics()


def test_every_bad_path_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    bad = write(tmp_path, lines(ROWS), "bad.jsonl")
    (tmp_path / "bad.manifest.json").write_text('{"schema": "blueprinter/other/1", "types": 3}')
    with pytest.raises(InvalidInput) as raised:
        inventory(tmp_path / "nowhere.jsonl", tmp_path / "empty", bad)
    found = raised.value.diagnostics
    assert sorted({one.code for one in found}) == ["BP111", "BP280"]
    assert len([one for one in found if one.code == "BP280"]) == 2
    assert all(one.position.file for one in found)


# --- manifests ------------------------------------------------------------------------------------------------------


def test_a_manifest_says_who_when_and_where(tmp_path: Path) -> None:
    subscription = {
        "id": SUB,
        "type": "microsoft.resources/subscriptions",
        "name": "11111111",
        "properties": {"displayName": "Contoso Data"},
    }
    rows = [subscription, *ROWS]
    manifest(tmp_path, rows)
    found = inventory(write(tmp_path, lines(rows)))
    population = found.population()
    assert not found.diagnostics()
    assert (population.collected_by, population.started_at, population.ended_at) == (
        "reader@contoso.example",
        "2026-11-20T05:00:00Z",
        "2026-11-20T05:10:00Z",
    )
    (scope,) = population.scopes
    assert (scope.scope, scope.name, scope.status, scope.resources) == (SUB, "Contoso Data", "read", 4)
    assert not population.stale
    assert found.services() == (("AzureCloud", "microsoft.resources"), ("AzureCloud", "Microsoft.Storage"))
    assert {one.api_version for one in found.resources()} == {"2023-05-01"}


def test_without_a_manifest_the_age_is_unknown_and_not_stale(tmp_path: Path) -> None:
    population = inventory(write(tmp_path, lines([*ROWS, account("far", OTHER)]))).population()
    assert (population.has_manifest, population.stale, population.ended_at) == (False, False, "")
    assert [(one.scope, one.resources) for one in population.scopes] == [(SUB, 3), (OTHER, 1)]


@pytest.mark.parametrize(
    ("ended", "stale"), [("2026-10-22T06:00:00Z", False), ("2026-10-11T06:00:00Z", True)]
)
def test_stale(tmp_path: Path, ended: str, stale: bool) -> None:
    manifest(tmp_path, ROWS, endedAt=ended)
    found = inventory(write(tmp_path, lines(ROWS)))
    assert found.population().stale is stale
    assert codes(found) == (["BP289"] if stale else [])
    assert not found.population().partial


def test_one_old_inventory_among_several_makes_the_population_stale(tmp_path: Path) -> None:
    write(tmp_path, lines(ROWS), "a.jsonl")
    manifest(tmp_path, ROWS, "a", endedAt="2026-01-01T00:00:00Z")
    fresh = [account("four")]
    write(tmp_path, lines(fresh), "b.jsonl")
    manifest(tmp_path, fresh, "b")
    assert inventory(tmp_path).population().stale
    assert not inventory(tmp_path, max_age_days=365).population().stale


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "0" * 64},
        {"types": [{"type": STORAGE, "rows": 4, "expected": 4}]},
        {"types": [{"type": STORAGE, "rows": 3, "expected": 5}]},
        {"types": [{"type": STORAGE, "rows": 3, "expected": 3}, {"type": BLOB, "rows": 2, "expected": 2}]},
    ],
    ids=["digest", "rows", "expected", "a type has gone"],
)
def test_a_manifest_that_does_not_fit_is_a_hole(tmp_path: Path, changes: dict[str, Any]) -> None:
    manifest(tmp_path, ROWS, **changes)
    found = inventory(write(tmp_path, lines(ROWS)))
    assert found.population().partial
    assert "BP284" in codes(found)


def test_a_refused_scope_is_a_hole(tmp_path: Path) -> None:
    scopes = [
        {"scope": SUB, "status": "read"},
        {"scope": OTHER, "status": "refused", "reason": "no Reader role"},
    ]
    manifest(tmp_path, ROWS, scopes=scopes)
    found = inventory(write(tmp_path, lines(ROWS)))
    assert found.population().partial
    assert codes(found) == ["BP288"]
    assert "no Reader role" in found.diagnostics()[0].message
    assert [(one.status, one.resources, one.detail) for one in found.population().scopes] == [
        ("read", 3, ""),
        ("refused", 0, "no Reader role"),
    ]


def test_the_inventories_of_the_example_fit_their_manifests(root: Path) -> None:
    found = inventory(root / "examples" / "contoso" / "inventory")
    assert not found.diagnostics()
    population = found.population()
    assert population.has_manifest
    assert len(population.scopes) == 2
    assert all(scope.resources for scope in population.scopes)
    assert not population.without_properties


def test_every_code_is_explained_once() -> None:
    names = Table(CODES).names()
    assert list(names) == sorted(names)
    assert all("BP235" <= name <= "BP239" or "BP278" <= name <= "BP294" for name in names)


# --- related resources ----------------------------------------------------------------------------------------------

ONE = ROWS[0]["id"]
TWO = ROWS[1]["id"]
RELATED = [
    *ROWS,
    {"id": f"{ONE}/blobServices/default", "name": "default", "type": BLOB.lower(), "properties": {}},
    {"id": f"{ONE}/providers/{SETTINGS}/logs", "name": "logs", "type": SETTINGS, "properties": {}},
    {
        "id": f"{SUB}/resourceGroups/RG-data",
        "name": "rg-data",
        "type": "Microsoft.Resources/resourceGroups",
        "tags": {"a": "b"},
        "properties": {},
    },
]
GROUP = "Microsoft.Resources/subscriptions/resourceGroups"


@pytest.mark.parametrize("with_manifest", [True, False])
def test_found(tmp_path: Path, with_manifest: bool) -> None:
    if with_manifest:
        manifest(tmp_path, RELATED)
    find = inventory(write(tmp_path, lines(RELATED))).lookup

    def names(type: str, name: str | None, scope: str) -> list[str]:
        answer = find(type, name, scope)
        return [one.name for one in answer.resources] if isinstance(answer, Found) else [str(type)]

    assert names(BLOB, None, ONE.upper()) == ["default"]
    assert names(BLOB, "one/default", f"{SUB}/resourceGroups/rg-data") == ["default"]
    assert names(BLOB, "ONE/?", SUB) == ["default"]
    assert names(SETTINGS, None, ONE) == ["logs"]
    assert names(SETTINGS, "?", SUB) == ["logs"]
    assert sorted(names(STORAGE, None, SUB)) == ["one", "three", "two"]
    assert names(STORAGE, None, ONE) == ["one"]
    group = find(GROUP, None, f"{SUB}/resourceGroups/rg-DATA")
    assert isinstance(group, Found)
    assert group.resources[0].body["tags"] == {"a": "b"}
    assert group.resources[0].origin.line == 6


def test_absence_is_believed_only_of_a_type_that_was_collected_there(tmp_path: Path) -> None:
    types = [
        {"type": row, "rows": count, "expected": count}
        for row, count in ((STORAGE, 3), (BLOB, 1), (SETTINGS, 1), (GROUP, 1), ("Microsoft.Sql/servers", 0))
    ]
    scopes = [{"scope": SUB, "status": "read", "typesNotCollected": [SETTINGS]}]
    manifest(
        tmp_path, RELATED, types=types, scopes=scopes, typesNotCollected=["Microsoft.Security/assessments"]
    )
    found = inventory(write(tmp_path, lines(RELATED)))
    find = found.lookup_for({BLOB.lower(), SETTINGS.lower(), "microsoft.sql/servers"})
    assert find(BLOB, None, TWO) == NoneExist()
    assert find(BLOB, "one/other", ONE) == NoneExist()
    assert find("microsoft.sql/SERVERS", None, SUB) == NoneExist()
    assert find(SETTINGS, None, TWO) == NotCollected(f"`{SETTINGS}` was not collected in this scope")
    assert isinstance(find("Microsoft.Security/assessments", None, SUB), NotCollected)
    assert isinstance(find("Microsoft.Web/sites", None, SUB), NotCollected)
    assert find(BLOB, None, OTHER) == NotCollected("the scope was not asked for")
    assert find(BLOB, None, "") == NotCollected("the scope is not known")
    assert not found.diagnostics()


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "0" * 64},
        {"scopes": []},
        {"scopes": [{"scope": SUB, "status": "refused"}]},
        {
            "scopes": [
                {"scope": SUB, "status": "read"},
                {"scope": f"{SUB}/resourceGroups/rg-data", "status": "refused"},
            ]
        },
        {"scopes": [{"scope": f"{SUB}/resourceGroups/other", "status": "read"}]},
        {"types": [{"type": BLOB, "rows": 1, "expected": 3}]},
        {"typesNotCollected": [BLOB.upper()]},
    ],
)
def test_absence_is_not_believed(tmp_path: Path, changes: dict[str, Any]) -> None:
    manifest(tmp_path, RELATED, **changes)
    find = inventory(write(tmp_path, lines(RELATED))).lookup
    assert isinstance(find(BLOB, None, TWO), NotCollected)
    assert isinstance(find(BLOB, None, ONE), Found)


def test_without_a_manifest_absence_is_never_believed(tmp_path: Path) -> None:
    find = inventory(write(tmp_path, lines(RELATED))).lookup
    assert find(BLOB, None, TWO) == NotCollected("the inventory has no manifest")
    assert isinstance(find(BLOB, "one/other", ONE), NotCollected)


SQL = "Microsoft.Sql/servers"


@pytest.mark.parametrize(
    ("changes", "silence"),
    [
        (None, "the inventory has no manifest"),
        ({}, f"`{SQL}` was not collected"),
        ({"typesNotCollected": [SQL.lower()]}, f"`{SQL}` was not collected"),
        ({"types": [{"type": SQL, "rows": 0, "expected": 3}]}, f"`{SQL}` was collected in part: 0 of 3 rows"),
        ({"sha256": "0" * 64}, "the manifest of `"),
        # whether it was collected hangs on the scope
        ({"types": [{"type": SQL, "rows": 0, "expected": 0}]}, None),
        ({"types": [{"type": SQL, "rows": 0}], "scopes": []}, None),
    ],
)
def test_the_answer_may_be_the_same_in_every_scope(
    tmp_path: Path, changes: dict[str, Any] | None, silence: str | None
) -> None:
    if changes is not None:
        manifest(tmp_path, RELATED, **changes)
    find = inventory(write(tmp_path, lines(RELATED))).lookup_for([SQL, BLOB])
    assert isinstance(find, Index)
    found = find.silence(SQL.upper())
    if silence is None:
        assert found is None
    else:
        assert found is not None
        assert found.detail.casefold().startswith(silence.casefold())
        for scope in (SUB, OTHER, ONE, "/", "/providers/Microsoft.Management/managementGroups/m"):
            for name in (None, "one", "?"):
                assert find(SQL.upper(), name, scope) == found
    assert find.silence(BLOB) is None


def test_only_the_types_asked_for_are_indexed(tmp_path: Path) -> None:
    find = inventory(write(tmp_path, lines(RELATED))).lookup_for([BLOB])
    assert isinstance(find(BLOB, None, SUB), Found)
    assert isinstance(find(SETTINGS, None, SUB), NotCollected)


def test_joined_estates_answer_together(tmp_path: Path) -> None:
    manifest(tmp_path, ROWS, "a")
    first = inventory(write(tmp_path, lines(ROWS), "a.jsonl"))
    second = inventory(write(tmp_path, lines(RELATED[3:]), "b.jsonl"))
    joined = JoinedEstate([first, second])
    (rows, find), (others, find_too) = joined.groups([BLOB, STORAGE])
    assert isinstance(find(BLOB, None, ONE), Found)
    assert find(STORAGE, "four", SUB) == find_too(STORAGE, "four", SUB) == NoneExist()
    assert isinstance(find(BLOB, None, TWO), NotCollected)
    population = joined.population()
    assert population.resources == 6
    assert population.types[STORAGE] == 3
    assert len([*rows, *others]) == 6
