"""Checks any file or folder that people write, whatever its kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from blueprinter.blueprint.artifacts import read_artifact
from blueprinter.blueprint.assignment import check_assignment
from blueprinter.blueprint.builtin_facts import BuiltinFacts
from blueprinter.blueprint.exported import enveloped
from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.frameworks import check_framework
from blueprinter.blueprint.load import controls_file, definition_file, validate_blueprint
from blueprinter.blueprint.model import ARTIFACT_KINDS, Framework
from blueprinter.blueprint.parts import mapping, text
from blueprinter.blueprint.registers import REGISTER_NAMES, check_register
from blueprinter.casing import fold, key_of
from blueprinter.diagnostics import Diagnostic, Position, in_order
from blueprinter.document import Document
from blueprinter.text import did_you_mean

PolicyCheck = Callable[[Document], tuple[Diagnostic, ...]]
"""What the policy package finds wrong with a definition, an initiative or a file of policy tests."""

_EXTENSIONS = frozenset({".json", ".jsonc", ".yaml", ".yml"})
_SCHEMA = re.compile(r"blueprinter/([a-z-]+)/(\d+)\Z")
_FOLDERS = ("blueprints", "policies", "assignments", "registers")


class Kind(StrEnum):
    """What a file is."""

    BLUEPRINT = "blueprint"
    ARTIFACT = "artifact"
    CONTROLS = "controls"
    FRAMEWORK = "framework"
    ASSIGNMENT = "assignment"
    ADOPTED = "adopted"
    EXEMPTIONS = "exemptions"
    ATTESTATIONS = "attestations"
    SOA = "soa"
    INHERITED = "inherited"
    POLICY = "policy"
    POLICY_TESTS = "policy tests"


class Surroundings(Struct, frozen=True):
    """What a file is checked against; what is None or empty is not checked."""

    frameworks: Mapping[str, Framework]
    builtin_facts: BuiltinFacts | None = None
    policies: Mapping[str, Sequence[Path]] | None = None
    policy_check: PolicyCheck | None = None
    now: datetime | None = None


def validate_path(
    path: Path,
    *,
    frameworks: Mapping[str, Framework],
    builtin_facts: BuiltinFacts | None = None,
    policies: Mapping[str, Sequence[Path]] | None = None,
    policy_check: PolicyCheck | None = None,
    now: datetime | None = None,
) -> tuple[Diagnostic, ...]:
    """Everything that is wrong with a file, a folder of one kind, or a whole repository; never raises.

    A file is of the kind that its `schema` key says, else of the one that its name, folder or content shows.
    `policies` as for `load_blueprint`; `policy_check` is asked about policy files.
    """
    around = Surroundings(frameworks, builtin_facts, policies, policy_check, now)
    faults = Faults()
    if not path.exists():
        faults.error(
            "BP101", f"`{path}`: no such file or directory", Position(str(path)), "is the path right?"
        )
    elif path.is_dir():
        if not _folder(path, around, faults):
            hint = "a repository holds blueprints/, policies/, assignments/ or registers/"
            faults.warn("BP277", f"`{path}` holds nothing to validate", Position(str(path)), hint)
    else:
        _file(path, around, faults)
    return in_order(faults.found)


def kind_of(document: Document) -> Kind | None:
    """The kind of a document, or None when nothing tells."""
    value, path = mapping(document.value), Path(document.file)
    declared = _SCHEMA.match(text(value, "schema"))
    if declared is not None:
        return next((kind for kind in Kind if kind.value == declared[1]), None)
    return _by_name(path) or _by_content(document)


def _by_name(path: Path) -> Kind | None:
    name, stem, folder = fold(path.name), fold(path.name.partition(".")[0]), fold(path.parent.name)
    if stem in ("blueprint", "01-blueprint"):
        return Kind.BLUEPRINT
    if name.startswith("artifact.") or folder == "artifacts":
        return Kind.ARTIFACT
    if stem == "controls":
        return Kind.CONTROLS
    if stem in REGISTER_NAMES:
        return Kind(stem)
    if folder == "frameworks":
        return Kind.FRAMEWORK
    if stem == "adopted" or ".adopted." in name:
        return Kind.ADOPTED
    if folder == "assignments":
        return Kind.ASSIGNMENT
    if stem == "policy":
        return Kind.POLICY
    if stem == "tests" or ".tests." in name:
        return Kind.POLICY_TESTS
    return None


def _by_content(document: Document) -> Kind | None:
    value = mapping(enveloped(document).value)
    properties = mapping(value.get("properties"))
    if key_of(ARTIFACT_KINDS, text(value, "kind")) is not None:
        return Kind.ARTIFACT
    if "blueprintId" in properties or "blueprint" in value:
        return Kind.ASSIGNMENT
    if "targetScope" in properties or "resourceGroups" in properties:
        return Kind.BLUEPRINT
    if {"policyRule", "policyDefinitions"} & (value.keys() | properties.keys()) or {
        "if",
        "then",
    } <= value.keys():
        return Kind.POLICY
    if "cases" in value:
        return Kind.POLICY_TESTS
    if "groups" in value and "controls" in value:
        return Kind.FRAMEWORK
    return None


def _folder(path: Path, around: Surroundings, faults: Faults) -> bool:
    """Checks what a folder holds; whether there was anything."""
    if definition_file(path, by_content=True) is not None:
        _blueprint(path, around, faults)
        return True
    found = False
    for one in _files(path):
        if one.is_dir():
            found = _folder(one, around, faults) or found
        else:
            _file(one, around, faults)
            found = True
    return found


def _blueprint(root: Path, around: Surroundings, faults: Faults) -> None:
    faults.extend(
        validate_blueprint(
            root,
            frameworks=around.frameworks,
            builtin_facts=around.builtin_facts,
            policies=around.policies,
        )
    )


def _files(path: Path) -> Iterator[Path]:
    """What is checked of a folder that is no blueprint: of a repository its known folders, else what it holds."""
    known = [path / name for name in _FOLDERS if (path / name).is_dir()]
    if known:
        yield from known
        return
    for one in sorted(path.iterdir()):
        if not one.name.startswith(".") and (one.is_dir() or _looks_like_ours(one)):
            yield one


def _looks_like_ours(path: Path) -> bool:
    """Whether a file of a folder is one that people write for blueprinter; single files are always checked."""
    if path.suffix.lower() not in _EXTENSIONS:
        return False
    if _by_name(path) is not None:
        return True
    document = Faults().load(path)
    return document is not None and kind_of(document) is not None


def _file(path: Path, around: Surroundings, faults: Faults) -> None:
    document = faults.load(path)
    if document is None:
        return
    kind = kind_of(document)
    if kind is None:
        declared = text(mapping(document.value), "schema")
        where = document.locate("/schema" if declared else "")
        from blueprinter.blueprint.schemas.kinds import SCHEMAS  # pydantic is slow

        names = [f"blueprinter/{row.name}/1" for row in SCHEMAS]
        hint = did_you_mean(declared, names) if declared else None
        message = f"unknown kind of file{f' `{declared}`' if declared else ''}"
        faults.error("BP277", message, where, hint or f"the first key says it: `schema: {names[0]}`")
        return
    _CHECKS[kind](document, path, around, faults)


def _check_blueprint(document: Document, path: Path, around: Surroundings, faults: Faults) -> None:
    _blueprint(path.parent, around, faults)


def _check_controls(document: Document, path: Path, around: Surroundings, faults: Faults) -> None:
    if definition_file(path.parent) is None or controls_file(path.parent) != path:
        hint = "controls.yaml stands beside the blueprint that it belongs to"
        faults.error("BP201", f"no blueprint beside `{path}`", document.locate(""), hint)
        return
    _blueprint(path.parent, around, faults)


def _check_artifact(document: Document, path: Path, around: Surroundings, faults: Faults) -> None:
    """An artifact is checked with its blueprint where there is one, else by its shape alone."""
    root = path.parent.parent if fold(path.parent.name) == "artifacts" else path.parent
    if definition_file(root, by_content=True) is not None:
        _blueprint(root, around, faults)
        return
    read_artifact(enveloped(document), path.parent, faults, lenient="schema" not in mapping(document.value))


def _check_framework(document: Document, path: Path, around: Surroundings, faults: Faults) -> None:
    faults.extend(check_framework(document))


def _check_assignment(document: Document, path: Path, around: Surroundings, faults: Faults) -> None:
    faults.extend(check_assignment(document))


def _check_adopted(document: Document, path: Path, around: Surroundings, faults: Faults) -> None:
    from blueprinter.blueprint.schemas.assignments import AdoptedFile  # pydantic is slow

    faults.shape(document, AdoptedFile)


def _check_register(document: Document, path: Path, around: Surroundings, faults: Faults) -> None:
    kind = kind_of(document)
    named = text(mapping(document.value), "framework")
    framework = around.frameworks.get(named)
    if named and framework is None:
        hint = did_you_mean(named, around.frameworks)
        faults.error("BP234", f"no framework `{named}`", document.locate("/framework"), hint)
    faults.extend(check_register(str(kind), document, path.parent, framework, around.frameworks, around.now))


def _check_policy(document: Document, path: Path, around: Surroundings, faults: Faults) -> None:
    if around.policy_check is not None:
        faults.extend(around.policy_check(document))


_CHECKS: Mapping[Kind, Callable[[Document, Path, Surroundings, Faults], None]] = {
    Kind.BLUEPRINT: _check_blueprint,
    Kind.ARTIFACT: _check_artifact,
    Kind.CONTROLS: _check_controls,
    Kind.FRAMEWORK: _check_framework,
    Kind.ASSIGNMENT: _check_assignment,
    Kind.ADOPTED: _check_adopted,
    Kind.EXEMPTIONS: _check_register,
    Kind.ATTESTATIONS: _check_register,
    Kind.SOA: _check_register,
    Kind.INHERITED: _check_register,
    Kind.POLICY: _check_policy,
    Kind.POLICY_TESTS: _check_policy,
}
