"""`import crosswalk`: what it writes can be used at once."""

from __future__ import annotations

from pathlib import Path

from unit.cli.conftest import Cli

MAPPING = "control,mapped_control,relation,title\nPR.DS-1,A.8.24,merge,Data at rest\n"
LINKS = "control,policy,strength,why\nPR.DS-1,storage-https-only,partial,reads the transport setting\n"


def test_a_standard_and_its_links_from_two_files(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text(MAPPING)
    (tmp_path / "links.csv").write_text(LINKS)
    frameworks, blueprint = Path("blueprints/frameworks"), Path("blueprints/csf")
    walk = ("import", "crosswalk", "map.csv", "--framework", "csf", "--to", "iso-27001-2022")
    done = cli(*walk, "--title", "NIST CSF", "-d", frameworks)
    assert done.code == 0, done.err
    assert "1 control mapped to iso-27001-2022" in done.err
    done = cli("import", "crosswalk", "links.csv", "--framework", "csf", "-d", blueprint)
    assert done.code == 0, done.err
    (tmp_path / blueprint / "blueprint.yaml").write_text(
        "schema: blueprinter/blueprint/1\nproperties: {displayName: CSF, version: 1.0.0}\n"
    )
    assert cli("validate").code == 0
    shown = cli("show", "control", "PR.DS-1")
    assert "A.8.24 Use of cryptography (merge)" in shown.out
    assert "partial    storage-https-only" in shown.out


def test_nothing_is_overwritten(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text(MAPPING)
    (tmp_path / "csf.yaml").write_text("mine")
    done = cli("import", "crosswalk", "map.csv", "--framework", "csf", "--to", "iso-27001-2022", "-d", ".")
    assert done.code == 2
    assert (tmp_path / "csf.yaml").read_text() == "mine"


def test_what_is_missing_is_asked_for(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text(MAPPING)
    assert "--to ID" in cli("import", "crosswalk", "map.csv", "--framework", "csf", "-d", "x").err
    wrong = cli("import", "crosswalk", "map.csv", "--framework", "csf", "--to", "iso-27001-2002", "-d", "x")
    assert wrong.code == 2
    assert "did you mean" in wrong.err
    absent = cli("import", "crosswalk", "no.csv", "--framework", "csf", "-d", "x")
    assert absent.code == 2
    assert "BP101" in absent.err
    assert not (tmp_path / "x").exists()
