"""A small framework, and blueprints written from text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from blueprinter.blueprint import Framework, load_framework
from blueprinter.diagnostics import Diagnostic

Write = Callable[[Mapping[str, str]], Path]

SMALL = """\
id: small
title: A small standard
edition: "2020"
counts: {controls: 4, clauses: 2, leafClauses: 1, groups: {A.1: 4, "4": 1}}
azureGroupPrefixes: {SMALL_: A.}
groups: [{id: A.1, title: Everything}, {id: "4", title: Context}]
controls:
  - {id: A.1.1, title: Keys, group: A.1, kind: control, leaf: true, automation: technical, responsibility: customer}
  - {id: A.1.2, title: Logging, group: A.1, kind: control, leaf: true, automation: partial, responsibility: shared}
  - {id: A.1.3, title: Training, group: A.1, kind: control, leaf: true, automation: manual, responsibility: customer}
  - {id: A.1.10, title: Fences, group: A.1, kind: control, leaf: true, automation: inherited, responsibility: provider}
  - {id: "4", title: Context, group: "4", kind: clause, leaf: false, automation: manual, responsibility: customer}
  - {id: "4.1", title: Scope, group: "4", kind: clause, leaf: true, automation: manual, responsibility: customer}
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes files below a new folder, from relative paths and texts; gives the folder."""

    def files(texts: Mapping[str, str]) -> Path:
        for name, text in texts.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), encoding="utf-8")
        return tmp_path

    return files


@pytest.fixture
def small(tmp_path_factory: pytest.TempPathFactory) -> Framework:
    path = tmp_path_factory.mktemp("frameworks") / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return load_framework(path)


@pytest.fixture
def small_text() -> str:
    return SMALL


@pytest.fixture
def told() -> Callable[[tuple[Diagnostic, ...]], list[tuple[str, str, int]]]:
    """Diagnostics as (code, file name, line), in order."""

    def short(diagnostics: tuple[Diagnostic, ...]) -> list[tuple[str, str, int]]:
        return [(one.code, Path(one.position.file).name, one.position.line) for one in diagnostics]

    return short
