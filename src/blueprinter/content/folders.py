"""Where content lies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from blueprinter.content.codes import CODES
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.text import did_you_mean

_PACKAGED = Path(__file__).parent / "shipped"
_CHECKOUT = Path(__file__).parents[3]
_ELSEWHERE: ContextVar[Path | None] = ContextVar("elsewhere", default=None)
_RESERVED = "frameworks"
_BLUEPRINT_FILES = (
    "blueprint.yaml",
    "blueprint.yml",
    "blueprint.json",
    "Blueprint.json",
    "01-blueprint.json",
)

NOT_FOUND = CODES[0].name


def shipped(kind: str) -> Path:
    """A shipped folder: `blueprints`, `policies`, `templates` or `examples`.

    Raises `FileNotFoundError` when the installation is broken.
    """
    for root in (_ELSEWHERE.get(), _PACKAGED, _CHECKOUT):
        if root is not None and (root / kind).is_dir():
            return root / kind
    raise FileNotFoundError(f"the shipped folder `{kind}` is missing from this installation")


@contextmanager
def shipped_from(root: Path) -> Iterator[None]:
    """Within, shipped folders are those of another root, as far as it has them: of what a run of the past rests on."""
    token = _ELSEWHERE.set(root)
    try:
        yield
    finally:
        _ELSEWHERE.reset(token)


def framework_files(base: Path) -> tuple[Path, ...]:
    """Framework files: the user's (`base/blueprints/frameworks`) after the shipped ones, so that theirs win."""
    folders = (shipped("blueprints") / _RESERVED, base / "blueprints" / _RESERVED)
    return tuple(file for folder in _distinct(folders) for file in sorted(folder.glob("*.yaml")))


def policy_folders(base: Path) -> tuple[Path, ...]:
    """Folders of policy definitions: the shipped one, then `base/policies`."""
    return _distinct((shipped("policies"), base / "policies"))


def alias_files(base: Path) -> tuple[Path, ...]:
    """Alias tables beside policies, in Azure's providers format."""
    return tuple(path for folder in policy_folders(base) if (path := folder / "aliases.json").is_file())


def template_files(base: Path) -> tuple[Path, ...]:
    """Templates that blueprints deploy: the shipped ones, then those of `base/templates/arm`."""
    folders = (shipped("templates") / "arm", base / "templates" / "arm")
    return tuple(file for folder in _distinct(folders) for file in sorted(folder.glob("*.json")))


def blueprint_names(base: Path) -> Iterator[tuple[str, Path]]:
    """Blueprints that can be called by name: the user's first, then the shipped ones."""
    seen: set[str] = set()
    for folder in _distinct((base / "blueprints", shipped("blueprints"))):
        for root in sorted(folder.iterdir()):
            if root.name != _RESERVED and root.name not in seen and _is_blueprint(root):
                seen.add(root.name)
                yield root.name, root


def find_blueprint(name: str, base: Path, where: Position | None = None) -> Path:
    """The folder of a blueprint: a path, a name under `base/blueprints`, or a shipped one. `where`: what names it.

    Raises `InvalidInput` (BP191).
    """
    path = base / name
    if "/" in name or "\\" in name or path.exists():
        if path.is_dir():
            return path
        hint = f"name the folder, one with {_BLUEPRINT_FILES[0]} or {_BLUEPRINT_FILES[2]} in it"
        fault = error(NOT_FOUND, f"`{name}` is no blueprint folder", where or Position(name), hint)
        raise InvalidInput([fault])
    known = dict(blueprint_names(base))
    if name in known:
        return known[name]
    hint = did_you_mean(name, known) or f"known blueprints: {', '.join(sorted(known))}"
    raise InvalidInput([error(NOT_FOUND, f"no blueprint is called `{name}`", where or Position(""), hint)])


def _is_blueprint(root: Path) -> bool:
    return any((root / file).is_file() for file in _BLUEPRINT_FILES)


def _distinct(folders: tuple[Path, ...]) -> tuple[Path, ...]:
    """Existing folders, each once, in order."""
    found: dict[Path, Path] = {}
    for folder in folders:
        if folder.is_dir():
            found.setdefault(folder.resolve(), folder)
    return tuple(found.values())
