"""Frameworks: standards as data files. No Python names one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.model import (
    AutomationClass,
    Control,
    ControlGroup,
    ControlKind,
    ControlMapping,
    Framework,
    Responsibility,
)
from blueprinter.blueprint.parts import items, mapping, text
from blueprinter.casing import key_of
from blueprinter.diagnostics import Diagnostic, InvalidInput
from blueprinter.document import Document, Json
from blueprinter.text import did_you_mean, plural

_EXTENSIONS = frozenset({".yaml", ".yml", ".json", ".jsonc"})


def load_framework(path: Path) -> Framework:
    """The framework that a file holds. Raises `InvalidInput` with every fault of the file."""
    faults = Faults()
    document = faults.load(path)
    framework = _read(document, faults) if document is not None else None
    faults.finish()
    if framework is None:  # unreachable: a file that gives no framework has an error
        raise InvalidInput(faults.found)
    return framework


def check_framework(document: Document) -> tuple[Diagnostic, ...]:
    """Every fault of a framework file; never raises."""
    faults = Faults()
    _read(document, faults)
    return tuple(faults.found)


def load_frameworks(folders: Sequence[Path]) -> Mapping[str, Framework]:
    """The frameworks of some folders (or single files) by id; one of a later folder replaces one of an earlier.

    Raises `InvalidInput` with the faults of all files, mappings to unknown controls included.
    """
    faults = Faults()
    found: dict[str, tuple[Framework, Document]] = {}
    for path in (file for folder in folders for file in _files(folder)):
        document = faults.load(path)
        framework = _read(document, faults) if document is not None else None
        if document is not None and framework is not None:
            found[framework.id] = framework, document
    for framework, document in found.values():
        for index, row in enumerate(framework.mappings):
            other = found.get(row.framework)
            if other is not None and row.target not in other[0].controls:
                faults.error(
                    "BP233",
                    f"`{row.framework}` has no control `{row.target}`",
                    document.locate(f"/mappings/{index}/to"),
                    did_you_mean(row.target, other[0].controls),
                )
    faults.finish()
    return {name: framework for name, (framework, _) in sorted(found.items())}


def of_group(frameworks: Mapping[str, Framework], group: str) -> tuple[str, str] | None:
    """Framework and control that a group of one of Azure's initiatives stands for, or None.

    The framework file says which prefixes its groups have. A group below a control (`…_C.10.1.f`) counts for it.
    """
    folded = group.casefold()
    longest: tuple[int, str, str] | None = None
    for framework in frameworks.values():
        for prefix, replacement in framework.azure_group_prefixes.items():
            if folded.startswith(prefix.casefold()) and (longest is None or len(prefix) > longest[0]):
                longest = len(prefix), framework.id, replacement + group[len(prefix) :]
    if longest is None:
        return None
    _, name, control = longest
    known = frameworks[name].controls
    while control:
        if (spelled := key_of(known, control)) is not None:
            return name, spelled
        control = control.rpartition(".")[0]
    return None


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return [folder] if folder.exists() else []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _EXTENSIONS)


def _read(document: Document, faults: Faults) -> Framework | None:
    from blueprinter.blueprint.schemas.controls import FrameworkFile  # pydantic is slow

    if not faults.shape(document, FrameworkFile):
        return None
    value = mapping(document.value)
    groups = tuple(
        ControlGroup(text(row, "id"), text(row, "title")) for row in map(mapping, items(value["groups"]))
    )
    controls = _controls(document, items(value["controls"]), {group.id for group in groups}, faults)
    _count(document, mapping(value["counts"]), groups, controls, faults)
    framework = Framework(
        id=text(value, "id"),
        title=text(value, "title"),
        edition=text(value, "edition"),
        groups=groups,
        controls=controls,
        counted=_counted(controls),
        mappings=_mappings(document, items(value.get("mappings")), controls, faults),
        has_score=text(value, "score") != "none",
        azure_group_prefixes={
            prefix: str(replacement)
            for prefix, replacement in mapping(value.get("azureGroupPrefixes")).items()
        },
        has_exclusions=text(value, "exclusions") != "none",
    )
    if framework.id != Path(document.file).name.partition(".")[0]:
        faults.warn(
            "BP230",
            f"the framework `{framework.id}` stands in a file of another name",
            document.locate("/id"),
            f"name the file `{framework.id}.yaml`",
        )
    return framework


def _controls(
    document: Document, rows: Sequence[Json], groups: set[str], faults: Faults
) -> dict[str, Control]:
    controls: dict[str, Control] = {}
    for index, row in enumerate(map(mapping, rows)):
        control = Control(
            id=text(row, "id"),
            title=text(row, "title"),
            group=text(row, "group"),
            kind=ControlKind(text(row, "kind")),
            leaf=row.get("leaf") is True,
            automation=AutomationClass(text(row, "automation")),
            responsibility=Responsibility(text(row, "responsibility")),
            reason=text(row, "reason"),
        )
        if control.id in controls:
            where = document.locate(f"/controls/{index}/id")
            faults.error("BP231", f"the control `{control.id}` stands twice", where, "remove one of the two")
        if control.group not in groups:
            where = document.locate(f"/controls/{index}/group")
            faults.error("BP232", f"no group `{control.group}`", where, did_you_mean(control.group, groups))
        controls.setdefault(control.id, control)
    return controls


def _counted(controls: Mapping[str, Control]) -> tuple[str, ...]:
    """The Annex A controls where there are any, else the leaf clauses."""
    leaves = [control for control in controls.values() if control.leaf]
    annex = tuple(control.id for control in leaves if control.kind is ControlKind.CONTROL)
    return annex or tuple(control.id for control in leaves)


def _count(
    document: Document,
    declared: Mapping[str, Json],
    groups: Sequence[ControlGroup],
    controls: Mapping[str, Control],
    faults: Faults,
) -> None:
    kinds = Counter(control.kind for control in controls.values())
    leaves = [control for control in controls.values() if control.leaf]
    found: dict[str, int] = {
        "controls": kinds[ControlKind.CONTROL],
        "clauses": kinds[ControlKind.CLAUSE],
    }
    if "leafClauses" in declared:
        found["leafClauses"] = sum(control.kind is ControlKind.CLAUSE for control in leaves)
    for name, number in found.items():
        if declared.get(name, 0) != number:
            faults.error(
                "BP230",
                f"`counts` says {declared.get(name, 0)} `{name}`, the file holds {number}",
                document.locate(f"/counts/{name}"),
            )
    by_group = mapping(declared.get("groups"))
    if not by_group:
        return
    held = Counter(control.group for control in leaves)
    for name in dict.fromkeys((*by_group, *(group.id for group in groups))):
        if by_group.get(name) != held[name]:
            message = f"`counts` says {by_group.get(name, 'nothing')} for the group `{name}`"
            has = f"it holds {plural(held[name], 'leaf', 'leaves')}"
            faults.error("BP230", f"{message}, {has}", document.locate(f"/counts/groups/{name}"))


def _mappings(
    document: Document, rows: Sequence[Json], controls: Mapping[str, Control], faults: Faults
) -> tuple[ControlMapping, ...]:
    found: list[ControlMapping] = []
    for index, row in enumerate(map(mapping, rows)):
        one = ControlMapping(
            text(row, "framework"), text(row, "from"), text(row, "to"), text(row, "relation")
        )
        if one.source not in controls:
            where = document.locate(f"/mappings/{index}/from")
            faults.error("BP233", f"no control `{one.source}`", where, did_you_mean(one.source, controls))
        found.append(one)
    from_here = Counter((one.framework, one.source) for one in found)
    to_there = Counter((one.framework, one.target) for one in found)
    for index, one in enumerate(found):
        # `merge` and `split` may stand alone: a mapping need not name every part of the other framework's control
        splits = from_here[one.framework, one.source] > 1
        merges = to_there[one.framework, one.target] > 1
        if one.relation == "equal" and (splits or merges):
            faults.error(
                "BP233",
                f"`{one.source}` to `{one.target}` is no `equal`",
                document.locate(f"/mappings/{index}/relation"),
                f"by the other rows it is a `{'split' if splits else 'merge'}`",
            )
    return tuple(found)
