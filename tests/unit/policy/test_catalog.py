"""Trees of definitions: checked, indexed, and kept in a catalog file."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zlib
from pathlib import Path
from typing import Any

import pytest

from blueprinter.diagnostics import InvalidInput
from blueprinter.policy import (
    AliasSource,
    AssignedPolicy,
    UnsupportedReason,
    check_catalog,
    compile_policies,
    import_catalog,
    index_folders,
    open_catalog,
)
from unit.policy.small_policies import NOW, Answers, resource


def write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


def rule(condition: Any = None, **properties: Any) -> dict[str, Any]:
    condition = condition or {"field": "type", "equals": "A.B/c"}
    return {"policyRule": {"if": condition, "then": {"effect": "audit"}}, **properties}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    write(root / "One" / "a.json", {"name": "1A", "properties": rule(displayName="public")})
    write(
        root / "Azure Government" / "One" / "a.json",
        {"name": "1a", "properties": rule(displayName="government")},
    )
    write(root / "One" / "data.json", {"name": "data", "properties": rule(mode="Microsoft.KeyVault.Data")})
    write(
        root / "One" / "new.json", {"name": "new", "properties": rule({"value": "[newest()]", "equals": 1})}
    )
    write(root / "One" / "broken.json", {"name": "broken", "properties": rule({"field": "type"})})
    write(root / "One" / "no.json", "{ this is no JSON")
    write(root / "Sets" / "s.json", {"name": "S", "properties": {"policyDefinitions": []}})
    write(root / "readme.json", {"hello": "world"})
    write(root / "my" / "policy.json", {"name": "GUID-1", "properties": rule()})
    return root


def test_check(tree: Path) -> None:
    found = check_catalog([tree])
    assert found.as_json() | {"invalid": []} == {
        "schema": "blueprinter/catalog-check/1",
        "definitions": 6,
        "compiled": 3,
        "unsupported": {"data-plane": 1, "unknown-function": 1},
        "notDefinitions": 2,
        "invalid": [],
        "errors": [],
    }
    assert [Path(file).name for file, _ in found.invalid] == ["broken.json", "no.json"]
    assert found.unsupported[UnsupportedReason.DATA_PLANE] == 1


def test_index(tree: Path) -> None:
    index = index_folders([tree])
    assert index.definitions["1a"].display_name == "public"
    assert index.definitions["my"].name == index.definitions["guid-1"].name == "GUID-1"
    assert set(index.sets) == {"s"}
    assert [fault.code for fault in index.faults] == ["BP105"]
    assert index.duplicates == ()
    with pytest.raises(InvalidInput, match="BP302"):
        index.definitions["broken"]
    with pytest.raises(KeyError):
        index.definitions["s"]
    write(tree / "Two" / "b.json", {"name": "1a", "properties": rule()})
    assert [key for key, _, _ in index_folders([tree]).duplicates] == ["1a"]


def test_fragments_beside_the_whole_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "x" / "azurepolicy.json", rule())
    write(tmp_path / "x" / "azurepolicy.rules.json", rule()["policyRule"])
    write(tmp_path / "x" / "azurepolicy.parameters.json", {})
    assert set(index_folders([tmp_path]).definitions) == {"x"}


def test_fragments_of_another_name(tmp_path: Path) -> None:
    write(tmp_path / "x" / "my-policy.json", rule())
    write(tmp_path / "x" / "my-policy.rules.json", rule()["policyRule"])
    write(tmp_path / "x" / "my-policy.parameters.json", {})
    write(tmp_path / "x" / "alone.rules.json", rule())
    write(tmp_path / "x" / "named.types.json", rule())
    write(tmp_path / "x" / "other.json", {"hello": 1})
    write(tmp_path / "x" / "other.rules.json", rule())
    (tmp_path / "x" / "folder.types.json").mkdir()
    whole = {"my-policy", "alone.rules", "named.types", "other.rules"}
    assert set(index_folders([tmp_path]).definitions) == whole


def test_a_folder_of_providers(tree: Path, tmp_path: Path) -> None:
    """As Azure/azure-policy-linter has it: two files a namespace, metadata only where there are any."""
    aliases = [
        {"name": "A.B/d/x", "defaultPath": "properties.x"},
        {"name": "A.B/d/y", "defaultPath": "properties.y", "defaultMetadata": {"attributes": "Modifiable"}},
    ]
    folder = tree / "src" / "providers"
    write(
        folder / "A.B.aliases.json",
        {"namespace": "A.B", "resourceTypes": [{"aliases": aliases, "resourceType": "d"}]},
    )
    kinds = [
        {"capabilities": "None", "resourceType": "d"},
        {"capabilities": "SupportsTags", "resourceType": "e"},
    ]
    write(folder / "A.B.types.json", {"namespace": "A.B", "resourceTypes": kinds})
    (tree / "One" / "no.json").unlink()
    store = tmp_path / "catalog.sqlite"
    assert import_catalog(folder, store).aliases == 2
    assert import_catalog(tree, store).aliases == 2
    found = open_catalog(store)
    assert set(found.sets) == {"s"}
    assert [found.aliases.modifiable(f"A.B/d/{name}") for name in ("x", "y")] == [None, True]
    assert found.aliases.capabilities("A.B/d").tags is False
    assert found.aliases.capabilities("A.B/e").tags is True
    assert set(index_folders([tree]).sets) == {"s"}


def test_catalog_file(tree: Path, tmp_path: Path) -> None:
    store = tmp_path / ".blueprinter" / "catalog.sqlite"
    (tree / "One" / "no.json").unlink()
    counted = import_catalog(tree, store)
    assert (counted.sets, counted.aliases) == (1, 0)
    aliases = tmp_path / "aliases.csv"
    aliases.write_text("A.B/c/on,properties.switch.on\nA.B/c/r[*],properties.r[*]\n")
    assert import_catalog(aliases, store).aliases == 2
    providers = tmp_path / "providers.json"
    kinds = [{"resourceType": "d", "capabilities": "SupportsTags", "aliases": [
        {"name": "A.B/d/x", "defaultPath": "properties.y", "defaultMetadata": {"attributes": "Modifiable"},
         "paths": [{"path": "properties.x", "apiVersions": ["2020-01-01"]}]}]}]  # fmt: skip
    write(providers, [{"namespace": "A.B", "resourceTypes": kinds}])
    assert import_catalog(providers, store).aliases == 1

    catalog = open_catalog(store)
    assert catalog.definitions["1a"].display_name == "public"
    assert "nothing" not in catalog.definitions
    assert set(catalog.sets) == {"s"}
    paths = {
        (alias, version): found.text
        for type, alias, version in (
            ("c", "on", ""),
            ("c", "r", ""),
            ("d", "x", ""),
            ("d", "x", "2020-01-01"),
        )
        if (found := catalog.aliases.resolve(f"a.b/{type.upper()}", f"A.B/{type}/{alias}", version))
    }
    assert paths == {
        ("on", ""): "properties.switch.on",
        ("r", ""): "properties.r",
        ("x", ""): "properties.y",
        ("x", "2020-01-01"): "properties.x",
    }
    assert catalog.aliases.modifiable("A.B/d/x") is True
    assert catalog.aliases.modifiable("A.B/c/on") is None
    assert catalog.aliases.capabilities("A.B/d").location is False
    assert catalog.aliases.resolve("A.B/d", "A.B/c/on") is None

    write(tree / "One" / "a.json", {"name": "1A", "properties": rule(displayName="renewed")})
    import_catalog(tree / "One" / "a.json", store)
    assert open_catalog(store).definitions["1a"].display_name == "renewed"


def test_aliases_of_a_catalog_judge(tmp_path: Path) -> None:
    store = tmp_path / "catalog.sqlite"
    aliases = tmp_path / "aliases.csv"
    aliases.write_text("A.B/c/on,properties.switch.on\n")
    import_catalog(aliases, store)
    write(tmp_path / "p.json", {"name": "p", "properties": rule({"field": "A.B/c/on", "notEquals": True})})
    import_catalog(tmp_path / "p.json", store)
    catalog = open_catalog(store)
    policies = compile_policies([AssignedPolicy(catalog.definitions["p"])], aliases=catalog.aliases, now=NOW)
    (one,) = policies.run(resource("A.B/c", "x", properties={"switch": {"on": False}}), Answers())
    assert (one.state, one.path, one.alias_source) == (
        "NonCompliant",
        "properties.switch.on",
        AliasSource.TABLE,
    )


def contents(store: Path) -> list[str]:
    connection = sqlite3.connect(store)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def test_importing_again_changes_nothing(tree: Path, tmp_path: Path) -> None:
    store = tmp_path / "catalog.sqlite"
    aliases = tmp_path / "aliases.csv.gz"
    aliases.write_bytes(gzip.compress(b"alias,path\r\nA.B/c/on,properties.on\r\n"))
    first = [import_catalog(source, store) for source in (tree, aliases)]
    once = contents(store)
    assert [import_catalog(source, store) for source in (tree, aliases)] == first
    assert contents(store) == once
    assert [fault.code for fault in first[0].skipped] == ["BP105"]


def test_an_import_that_is_broken_off_leaves_what_was_there(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "catalog.sqlite"
    import_catalog(tree, store)
    before = contents(store)
    write(tree / "One" / "a.json", {"name": "1A", "properties": rule(displayName="renewed")})
    calls = iter(range(100))
    compress = zlib.compress

    def killed(data: bytes) -> bytes:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return compress(data)

    monkeypatch.setattr("blueprinter.policy.catalog_file.zlib.compress", killed)
    with pytest.raises(KeyboardInterrupt):
        import_catalog(tree, store)
    assert contents(store) == before
    fresh = tmp_path / "new" / "catalog.sqlite"
    calls = iter(range(100))
    with pytest.raises(KeyboardInterrupt):
        import_catalog(tree, fresh)
    assert list(fresh.parent.iterdir()) == []


def test_the_public_definition_stays_whatever_the_order(tree: Path, tmp_path: Path) -> None:
    for order in ((tree / "One", tree / "Azure Government"), (tree / "Azure Government", tree / "One")):
        store = tmp_path / f"{order[0].name}.sqlite"
        for source in order:
            import_catalog(source, store)
        assert open_catalog(store).definitions["1a"].display_name == "public"
    only = tmp_path / "only.sqlite"
    import_catalog(tree / "Azure Government", only)
    write(
        tree / "Azure Government" / "One" / "a.json", {"name": "1a", "properties": rule(displayName="newer")}
    )
    import_catalog(tree / "Azure Government", only)
    assert open_catalog(only).definitions["1a"].display_name == "newer"


def test_details_of_aliases_stay_and_are_renewed(tmp_path: Path) -> None:
    store = tmp_path / "catalog.sqlite"
    table = tmp_path / "aliases.csv"
    table.write_text("A.B/d/x,properties.plain\n")

    def providers(path: str, **more: Any) -> Path:
        alias = {"name": "A.B/d/x", "defaultPath": path, **more}
        file = tmp_path / "providers.json"
        write(
            file,
            {"value": [{"namespace": "A.B", "resourceTypes": [{"resourceType": "d", "aliases": [alias]}]}]},
        )
        return file

    def path() -> str | None:
        found = open_catalog(store).aliases.resolve("A.B/d", "A.B/d/x")
        return found.text if found else None

    import_catalog(table, store)
    assert path() == "properties.plain"
    import_catalog(providers("properties.first", defaultMetadata={"attributes": "Modifiable"}), store)
    import_catalog(table, store)
    assert path() == "properties.first"
    import_catalog(providers("properties.second"), store)
    assert path() == "properties.second"
    assert open_catalog(store).aliases.modifiable("A.B/d/x") is None


def test_a_catalog_of_another_version_is_written_anew(tree: Path, tmp_path: Path) -> None:
    store = tmp_path / "catalog.sqlite"
    connection = sqlite3.connect(store)
    connection.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
    connection.execute("INSERT INTO meta VALUES ('version', '0')")
    connection.execute("CREATE TABLE documents (something TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(InvalidInput, match="another version"):
        open_catalog(store)
    import_catalog(tree, store)
    assert "1a" in open_catalog(store).definitions


@pytest.mark.parametrize("name", ["empty", "aliases.csv", "aliases.csv.gz"])
def test_nothing_to_import(tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    if name == "empty":
        source.mkdir()
    else:
        source.write_bytes(gzip.compress(b"") if name.endswith(".gz") else b"alias,path\n")
    with pytest.raises(InvalidInput, match="BP332"):
        import_catalog(source, tmp_path / "catalog.sqlite")
    assert not (tmp_path / "catalog.sqlite").exists()


@pytest.mark.parametrize("data", [None, b"no database", b""])
def test_files_that_are_no_catalog(tmp_path: Path, data: bytes | None) -> None:
    store = tmp_path / "catalog.sqlite"
    if data is not None:
        store.write_bytes(data)
    with pytest.raises(InvalidInput, match="BP332"):
        open_catalog(store)


def test_public_definitions(shared: Path) -> None:
    found = check_catalog([shared / "data" / "azure-policy"])
    assert found.definitions == 741
    assert found.errors == ()
    assert found.invalid == ()
    assert found.compiled + sum(found.unsupported.values()) == found.definitions
    assert set(found.unsupported) == {UnsupportedReason.DATA_PLANE}


def test_public_initiatives(shared: Path) -> None:
    index = index_folders([shared / "data" / "azure-policy"])
    assert len(index.sets) == 5
    for one in index.sets.values():
        assert one.members
