"""`show control ID`: one control whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unit.cli.conftest import Cli


def card(cli: Cli, *arguments: str | Path) -> dict[str, Any]:
    done = cli("show", "control", *arguments, "-o", "json")
    assert done.code == 0, done.err
    (item,) = json.loads(done.out)["items"]
    return dict(item)


@pytest.mark.parametrize("spelling", ["A.8.24", "a.8.24"])
def test_a_control_shows_its_links_the_strongest_first(cli: Cli, spelling: str) -> None:
    item = card(cli, spelling)
    assert item["class"] == "partial"
    assert item["needs"] == ["tested", "attested", "inherited"]
    assert {row["control"] for row in item["mappings"]} == {"A.10.1.1", "A.10.1.2"}
    strengths = [row["strength"] for row in item["links"]]
    assert strengths == sorted(strengths, key=["full", "partial", "indicative"].index)
    assert all(row["why"] for row in item["links"])
    https = next(row for row in item["links"] if row["test"] == "storage-https-only")
    assert (https["strength"], https["severity"]) == ("full", "high")


def test_the_mapping_is_shown_from_both_sides(cli: Cli) -> None:
    item = card(cli, "A.10.1.2")
    assert item["framework"] == "iso-27001-2013"
    assert [row["control"] for row in item["mappings"]] == ["A.8.24"]


def test_registers_are_shown(cli: Cli, root: Path) -> None:
    registers = root / "examples" / "contoso" / "registers"
    item = card(cli, "A.8.24", "--registers", registers)
    assert item["attestations"][0]["owner"] == "security@contoso.example"
    assert item["inherited"][0]["id"] == "azure-iso27001"
    assert item["soa"]["status"] == "implemented"
    assert "legacy-sftp-transport" in {row["name"] for row in item["exemptions"]}
    excluded = card(cli, "A.8.30", "--registers", registers)
    assert excluded["soa"]["applicable"] is False
    assert excluded["soa"]["justification"]


def test_the_text_says_what_a_control_needs(cli: Cli, root: Path) -> None:
    text = cli("show", "control", "A.8.24", "--registers", root / "examples" / "contoso" / "registers").out
    for words in (
        "Use of cryptography",
        "needs tests, an attestation of yours and evidence of the cloud provider",
        "A.10.1.2 Key management (merge)",
        "reads the transport setting itself",
        "certificate azure-iso27001 of Microsoft, valid until 2028-11-30",
        "Statement of Applicability: implemented",
    ):
        assert words in text


def test_a_control_without_registers_says_so(cli: Cli) -> None:
    assert "Attestations: no registers here" in cli("show", "control", "A.6.3").out


def test_an_id_of_several_standards_shows_each(cli: Cli) -> None:
    items = json.loads(cli("show", "control", "4.1", "-o", "json").out)["items"]
    assert {item["framework"] for item in items} == {
        "iso-27001-2022",
        "iso-27001-2013",
        "iso-9001-2015",
        "iso-20000-1-2018",
    }


def test_a_misspelt_control_is_answered(cli: Cli) -> None:
    done = cli("show", "control", "A.8.240")
    assert done.code == 2
    assert "did you mean" in done.err


def test_a_folder_of_registers_must_exist(cli: Cli, tmp_path: Path) -> None:
    done = cli("show", "control", "A.8.24", "--registers", tmp_path / "nowhere")
    assert done.code == 2
    assert "BP101" in done.err
