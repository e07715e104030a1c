"""What is shipped is found in a checkout, in an editable install and in a wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from blueprinter.content import shipped


def test_the_checkout_has_every_shipped_folder(root: Path) -> None:
    for kind in ("blueprints", "policies", "templates", "examples"):
        assert shipped(kind) == root / kind


def test_a_wheel_holds_everything_that_the_demo_needs(root: Path, tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    unpacked = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(unpacked)
    program = (
        f"import sys; sys.path.insert(0, {str(unpacked)!r}); "
        "import blueprinter; from blueprinter.cli import run; "
        "print(blueprinter.__file__); "
        "run(['-q', 'init', 'repository', '--pipeline', 'github']); sys.exit(run(['-q', 'demo', 'out']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert str(unpacked) in done.stdout
    for name in (".gitignore", "registers/soa.yaml", ".github/workflows/blueprinter-evaluate.yml"):
        assert (tmp_path / "repository" / name).is_file()
    assert (tmp_path / "out" / "report.html").stat().st_size > 100_000
