"""Files that were read are noted with their bytes, within the block and not beyond it."""

from __future__ import annotations

from pathlib import Path

import pytest

from blueprinter.document import load, note, noting


def test_bytes_as_they_were_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.json").write_bytes(b'{"a": 1}')
    load("a.json")
    with noting() as notes:
        load("a.json")
        load(tmp_path / "a.json")
        Path("a.json").write_bytes(b"{}")
        note("evidence.pdf")
        note("a.json")  # only its hash is asked for now: the bytes are known already
    load("a.json")
    assert notes == {tmp_path / "a.json": b'{"a": 1}', tmp_path / "evidence.pdf": None}


def test_one_block_within_another(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"{}")
    with noting() as outer:
        with noting() as inner:
            load(file)
        assert outer == {}
        load(file)
    assert inner == outer == {file: b"{}"}
