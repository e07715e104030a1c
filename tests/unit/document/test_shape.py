"""From a document to a model: every fault of the shape, at its place, with a hint."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from blueprinter.diagnostics import InvalidInput, Position
from blueprinter.document import inside, parse, read_model


class Item(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: str
    count: int = 1


class Box(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    title: str
    items: list[Item]


def faults(text: str) -> list[tuple[str, int, int, str]]:
    with pytest.raises(InvalidInput) as raised:
        read_model(parse(text, "box.yaml"), Box)
    return [(one.code, one.position.line, one.position.column, one.hint) for one in raised.value.diagnostics]


def test_all_faults_at_once_each_at_its_place() -> None:
    text = "titel: x\nitems:\n  - nmae: a\n    name: b\n  - name: 8.1\n"
    assert faults(text) == [
        ("BP110", 1, 1, "did you mean `title`?"),
        ("BP112", 1, 1, ""),
        ("BP110", 3, 5, "did you mean `name`?"),
        ("BP113", 5, 11, 'quote it: `"8.1"`'),
    ]


def test_a_path_stays_inside_its_root(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    where = Position("x.yaml", 1, 1)
    assert inside(tmp_path, tmp_path / "a", "../b.txt", where) == (tmp_path / "b.txt").resolve()
    for outside in ("../../b.txt", "/etc/passwd"):
        with pytest.raises(InvalidInput, match="BP114"):
            inside(tmp_path, tmp_path / "a", outside, where)


def test_a_link_cannot_lead_outside(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(InvalidInput, match="BP114"):
        inside(root, root, "link/secret.txt", Position("x.yaml"))
