"""The house stands as ARCHITECTURE.md draws it: layers, front doors, no hidden imports, a light start."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "blueprinter"

# From the ground up; packages on one line never import each other.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("text",),
    ("diagnostics",),
    ("casing", "collection"),
    ("table",),
    ("archive",),
    ("document",),
    ("content",),
    ("arm",),
    ("policy", "azure"),
    ("blueprint",),
    ("render",),
    ("compliance",),
    ("deploy", "report", "sandbox", "convert"),
    ("cli",),
)
LEVEL = {name: level for level, line in enumerate(LAYERS) for name in line}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "manager", "base", "misc"}
LAZY_LIBRARIES = {
    "azure",
    "cryptography",
    "jinja2",
    "openpyxl",
    "pydantic",
    "pyspark",
    "requests",
    "rich",
    "starlette",
    "urllib3",
    "uvicorn",
    "multiprocessing",
    "xml",
}
LAZY_MODULES = {
    "blueprinter.blueprint.schemas",
    "blueprinter.compliance.manifest_file",
    "blueprinter.deploy.environments_file",
}
"""Our own modules and packages that hold pydantic models, which take long to make."""
MODULES = sorted(SOURCE.rglob("*.py"))


def package_of(path: Path) -> str:
    first = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    return "cli" if first == "__main__" else first


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            module = node.module or ""
            yield module, node
            if module == "blueprinter":
                yield from ((f"blueprinter.{alias.name}", node) for alias in node.names)


def top_level(tree: ast.Module) -> set[ast.stmt]:
    """Statements of the module itself and of its `if TYPE_CHECKING` blocks."""
    found: set[ast.stmt] = set(tree.body)
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            found |= set(node.body)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_module_keeps_to_its_layer(path: Path) -> None:
    own = package_of(path)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = top_level(tree)
    for name, statement in imports(tree):
        first = name.split(".")[0]
        if first == "blueprinter":
            lazy = any(name == one or name.startswith(f"{one}.") for one in LAZY_MODULES)
            assert statement in top or lazy, (
                f"line {statement.lineno}: our own modules are imported at the top"
            )
            if name == "blueprinter":
                continue
            parts = name.split(".")
            other = parts[1]
            if own == "__init__" or other in {own, "__version__"}:
                continue
            assert other in LEVEL, f"line {statement.lineno}: `{other}` has no layer"
            assert LEVEL[other] < LEVEL[own], f"line {statement.lineno}: {own} may not import {other}"
            assert len(parts) == 2, (
                f"line {statement.lineno}: enter `{other}` by its front door, not `{name}`"
            )
        elif first == "azure":
            assert own == "azure", f"line {statement.lineno}: only `azure` may import the Azure SDK"
        elif statement not in top:
            assert first in LAZY_LIBRARIES, f"line {statement.lineno}: `{name}` is imported inside a function"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_input_is_executed(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & {"eval", "exec", "__import__"}


def test_names_say_what_is_inside() -> None:
    names = {path.stem for path in MODULES} | {path.parent.name for path in MODULES}
    assert not names & FORBIDDEN_NAMES


def test_every_package_has_a_layer() -> None:
    packages = {package_of(path) for path in MODULES} - {"__init__"}
    assert packages <= set(LEVEL)


def test_it_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "blueprinter", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("blueprinter, version ")


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from blueprinter.cli import run; code = run(['--help']); "
        "heavy = {name.split('.')[0] for name in sys.modules} & "
        "{'pydantic', 'jinja2', 'rich', 'azure', 'yaml', 'orjson'}; "
        "print(sorted(heavy), file=sys.stderr); sys.exit(code or len(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_collector_leaves_alone_what_a_command_loads() -> None:
    program = (
        "import gc, sys; from blueprinter.cli import run; before = gc.get_freeze_count(); "
        "code = run(['explain', '--help']); "
        "sys.exit(code or not gc.isenabled() or gc.get_freeze_count() <= before)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
