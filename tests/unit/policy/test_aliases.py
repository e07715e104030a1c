"""Aliases: which path they lead to, for which type and API version, and where the answer comes from."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from blueprinter.diagnostics import InvalidInput
from blueprinter.document import parse
from blueprinter.policy import AliasSource, AliasTable, read_alias_table, read_aliases

PROVIDERS = """{"value": [{"namespace": "Contoso.Test", "resourceTypes": [
  {"resourceType": "vms", "capabilities": "SupportsTags, SupportsLocation", "aliases": [
    {"name": "Contoso.Test/image", "defaultPath": "properties.image"},
    {"name": "Contoso.Test/vms/kind", "defaultPath": "sku.name", "paths": [
      {"path": "properties.kind", "apiVersions": ["2015-01-01", "2015-06-15-Preview"]},
      {"path": "sku.name", "apiVersions": ["2020-01-01"]}]},
    {"name": "Contoso.Test/vms/disks[*]", "defaultPath": "properties.disks[*]", "paths": [
      {"path": "properties.old[*]", "apiVersions": ["2015-01-01"]}]}]},
  {"resourceType": "sets", "capabilities": "None", "aliases": [
    {"name": "Contoso.Test/image", "defaultPath": "properties.profile.image"}]}]}]}"""


@pytest.fixture
def table() -> AliasTable:
    return read_aliases(parse(PROVIDERS, "providers.json"))


@pytest.mark.parametrize(
    ("type", "alias", "version", "path"),
    [
        ("Contoso.Test/vms", "contoso.test/IMAGE", "", "properties.image"),
        ("contoso.test/SETS", "Contoso.Test/image", "", "properties.profile.image"),
        ("Contoso.Test/vms", "Contoso.Test/vms/kind", "", "sku.name"),
        ("Contoso.Test/vms", "Contoso.Test/vms/kind", "2015-01-01", "properties.kind"),
        ("Contoso.Test/vms", "Contoso.Test/vms/kind", "2015-06-15-preview", "properties.kind"),
        ("Contoso.Test/vms", "Contoso.Test/vms/kind", "2017-01-01", "sku.name"),
        ("Contoso.Test/vms", "Contoso.Test/vms/disks[*]", "", "properties.disks[*]"),
        ("Contoso.Test/vms", "Contoso.Test/vms/disks", "", "properties.disks"),
        ("Contoso.Test/vms", "Contoso.Test/vms/disks", "2015-01-01", "properties.old"),
    ],
)
def test_listed(table: AliasTable, type: str, alias: str, version: str, path: str) -> None:
    found = table.resolve(type, alias, version)
    assert found is not None
    assert (found.text, found.source) == (path, AliasSource.TABLE)


@pytest.mark.parametrize(
    ("type", "alias"),
    [
        ("Contoso.Test/others", "Contoso.Test/image"),
        ("Contoso.Test/sets", "Contoso.Test/vms/kind"),
        ("Contoso.Test/sets", "Contoso.Test/vms/new"),
        ("Contoso.Test/sets", "nothing"),
    ],
)
def test_of_another_type(table: AliasTable, type: str, alias: str) -> None:
    assert table.resolve(type, alias) is None


@pytest.mark.parametrize(
    ("type", "alias", "path"),
    [
        ("Contoso.Test/vms", "Contoso.Test/vms/new.setting", "properties.new.setting"),
        ("Contoso.Test/vms", "Contoso.Test/vms/rules[*].port", "properties.rules[*].port"),
        ("Contoso.Test/vms", "Contoso.Test/vms/sku.tier", "sku.tier"),
        ("Contoso.Test/vms", "Contoso.Test/vms/identity.type", "identity.type"),
        ("Microsoft.Cache/redis", "Microsoft.Cache/Redis/sku.name", "properties.sku.name"),
        (
            "Microsoft.Compute/virtualMachines/extensions",
            "Microsoft.Compute/virtualMachines/extensions/type",
            "properties.type",
        ),
        ("Contoso.Test/vms", "properties.as.written", "properties.as.written"),
    ],
)
def test_guessed(table: AliasTable, type: str, alias: str, path: str) -> None:
    found = table.resolve(type, alias)
    assert found is not None
    assert (found.text, found.source) == (path, AliasSource.GUESSED)


def test_a_closed_table_guesses_paths_as_written_only(table: AliasTable) -> None:
    closed = table.complete()
    assert closed.resolve("Contoso.Test/vms", "Contoso.Test/vms/new") is None
    found = closed.resolve("Contoso.Test/vms", "properties.x")
    assert found is not None
    assert found.source is AliasSource.GUESSED


def test_capabilities(table: AliasTable) -> None:
    known = table.capabilities("contoso.test/VMS")
    assert (known.tags, known.location) == (True, True)
    known = table.capabilities("Contoso.Test/sets")
    assert (known.tags, known.location) == (False, False)
    known = table.capabilities("Contoso.Test/others")
    assert (known.tags, known.location) == (None, None)


def test_the_first_of_two_tables_answers(table: AliasTable) -> None:
    other = AliasTable.inline(
        {"Contoso.Test/vms/kind": "properties.other", "Contoso.Test/vms/more": "properties.more"}
    )
    both = table.merge(other)
    first, second = (
        both.resolve("Contoso.Test/vms", f"Contoso.Test/vms/{name}") for name in ("kind", "more")
    )
    assert first is not None
    assert second is not None
    assert (first.text, second.text, second.source) == ("sku.name", "properties.more", AliasSource.TABLE)
    assert not both.closed


CSV = """Contoso.Test/vms/size,properties.hardware.size\r
Contoso.Test/image,properties.profile.image\r
Contoso.Test/sets/count,properties.count\r
Contoso.Test/image,properties.image\r
Contoso.Test/disks/size,properties.diskSize\r
"""


def test_rows_of_a_table_without_types(tmp_path: Path) -> None:
    file = tmp_path / "aliases.csv.gz"
    file.write_bytes(gzip.compress(CSV.encode()))
    table = read_alias_table(file)
    by_type = {
        type: found.text if (found := table.resolve(f"Contoso.Test/{type}", "Contoso.Test/image")) else None
        for type in ("vms", "sets", "disks")
    }
    assert by_type == {"vms": None, "sets": "properties.profile.image", "disks": "properties.image"}
    found = table.resolve("contoso.test/vms", "Contoso.Test/vms/SIZE")
    assert found is not None
    assert found.text == "properties.hardware.size"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b"no slash,x"),
        ("a.csv", b"\xff\xfe\xff,"),
        ("a.csv.gz", b"no gzip"),
        ("a.json", b'[{"x": 1}]'),
    ],
)
def test_files_that_hold_no_aliases(tmp_path: Path, name: str, data: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(InvalidInput, match="BP331"):
        read_alias_table(file)


def test_public_alias_table(shared: Path) -> None:
    table = read_alias_table(shared / "data" / "aliases.csv.gz")
    paths = {
        type: found.text
        if (found := table.resolve(f"Microsoft.Compute/{type}", "Microsoft.Compute/imageSku"))
        else ""
        for type in ("virtualMachines", "virtualMachineScaleSets", "disks")
    }
    assert paths == {
        "virtualMachines": "properties.storageProfile.imageReference.sku",
        "virtualMachineScaleSets": "properties.virtualMachineProfile.storageProfile.imageReference.sku",
        "disks": "properties.creationData.imageReference.id",
    }
