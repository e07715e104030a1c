"""What a command works with is read when it is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from blueprinter.cli.workspace import open_workspace
from blueprinter.diagnostics import InvalidInput


def test_frameworks_are_read_when_one_is_asked_for(tmp_path: Path) -> None:
    own = tmp_path / "blueprints" / "frameworks" / "own.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("id: own\n", encoding="utf-8")
    workspace = open_workspace(tmp_path)
    assert "storage-https-only" in workspace.definitions
    with pytest.raises(InvalidInput) as found:
        workspace.frameworks.get("iso-27001-2022")
    assert {one.position.file for one in found.value.diagnostics} == {str(own)}


def test_frameworks_are_a_mapping_by_id(tmp_path: Path) -> None:
    frameworks = open_workspace(tmp_path).frameworks
    assert list(frameworks) == sorted(frameworks)
    assert len(frameworks) == len(set(frameworks))
    assert all(frameworks[name].id == name for name in frameworks)


def test_bare_policies_need_no_models(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from blueprinter.cli.workspace import open_workspace; "
        "workspace = open_workspace(Path(sys.argv[1])); "
        "sys.exit(not len(workspace.definitions) or 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert done.returncode == 0
