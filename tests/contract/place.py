"""What people do with a blueprint that they exported, a command after the other: a repository with a catalog, over the
example estate in a sandbox that is served."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from blueprinter.cli import run
from blueprinter.cli.workspace import CATALOG, known_aliases
from blueprinter.sandbox import Sandbox, SandboxServer, ServerSettings, Settings, load_files, open_sandbox

PRODUCTION = "/subscriptions/1c0de001-0000-4000-8000-000000000001"
PLATFORM = "/subscriptions/1c0de002-0000-4000-8000-000000000002"

Row = Mapping[str, Any]


@dataclass
class Place:
    """A repository with the catalog imported, and a sandbox that is served."""

    root: Path
    samples: Path
    box: Sandbox
    capsys: pytest.CaptureFixture[str]

    def call(self, *arguments: str | Path) -> str:
        """What a command prints on success."""
        code = run([str(one) for one in arguments])
        shown = self.capsys.readouterr()
        assert code == 0, shown.err
        return shown.out

    def evaluate(self, name: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Judges a sample in all forms; the exit code, and the JSON."""
        outputs = ("-o", "console", "-o", f"html={name}.html", "-o", f"json={name}.json")
        blueprint = str(self.samples / name)
        code = run(
            ["evaluate", blueprint, "-a", f"assignments/{name}.json", "--trigger", *outputs, *arguments]
        )
        shown = self.capsys.readouterr()
        found: dict[str, Any] = json.loads((self.root / f"{name}.json").read_text())
        assert "Technical evidence" in shown.out or "No control was judged" in shown.out
        assert "<html" in (self.root / f"{name}.html").read_text()
        return code, found

    def assignment(
        self, name: str, scope: str | list[str], parameters: Mapping[str, Any], groups: Mapping[str, Any]
    ) -> str:
        """The assignment file of a sample."""
        body = {
            "schema": "blueprinter/assignment/1",
            "name": name.replace("_", "-"),
            "blueprint": str(self.samples / name),
            "scope": scope,
            "location": "westeurope",
            "parameters": parameters,
            "resourceGroups": groups,
        }
        file = self.root / "assignments" / f"{name}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(body))
        return f"assignments/{name}.json"

    def rows(self, scope: str = "") -> list[Row]:
        """Everything there is below a scope."""
        with self.box.open_box() as box:
            return [{**one.body, "id": one.id, "type": one.type} for one in box.store.below(scope)]

    def ids(self) -> set[str]:
        """Without the history of deployments, which Azure keeps as well."""
        return {
            row["id"].casefold() for row in self.rows() if row["type"] != "Microsoft.Resources/deployments"
        }

    def take_there(self, name: str, file: str) -> None:
        """Validated, planned, assigned, and assigned again: which changes nothing."""
        self.call("validate", self.samples / name, file)
        before = self.ids()
        assert "to add" in self.call("plan", file)
        assert self.ids() == before
        assert "assigned" in self.call("assign", file, "--yes")
        made = self.rows()
        assert "unchanged" in self.call("assign", file, "--yes")
        assert self.rows() == made


def imported(folder: Path, *sources: Path) -> Path:
    """A folder with definitions and aliases imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for source in sources:
            assert run(["catalog", "import", str(source)]) == 0
    return folder


@contextmanager
def open_place(
    catalog: Path,
    samples: Path,
    estate: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Place]:
    """The repository, and a sandbox with its built-ins, its aliases and an estate."""
    monkeypatch.chdir(catalog)
    box = _opened(catalog)
    box.restore(_loaded(catalog, estate))
    with box, SandboxServer(box, ServerSettings(port=0)) as server:
        monkeypatch.setenv("BLUEPRINTER_SANDBOX", server.url)
        yield Place(catalog, samples, box, capsys)


def _opened(catalog: Path) -> Sandbox:
    settings = Settings(retry_after_ms=1, aliases=known_aliases(catalog))
    return open_sandbox(clock=lambda: datetime.now(UTC), settings=settings)


@cache
def _loaded(catalog: Path, estate: Path) -> bytes:
    """What a sandbox holds before the first command: thousands of files, read once for all tests of a module."""
    with _opened(catalog) as box:
        load_files(box, [catalog / CATALOG, estate], now=datetime.now(UTC))
        return box.snapshot()
