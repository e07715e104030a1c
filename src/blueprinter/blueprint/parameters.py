"""Parameters of a blueprint: their declaration, and whether a value fits one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from blueprinter.arm import is_expression
from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.model import BlueprintParameter
from blueprinter.blueprint.parts import items, mapping, text
from blueprinter.casing import fold, same
from blueprinter.document import Document, Json, child

_FITS: Mapping[str, Callable[[Json], bool]] = {
    "string": lambda value: isinstance(value, str),
    "securestring": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "secureobject": lambda value: isinstance(value, dict),
}

NEEDS_VALUE = "it has no default, and Azure refuses an assignment that gives none"
KNOWN_LATER = "Azure gets to know it when it deploys; what needs it is undecided until then"


def read_parameters(
    document: Document, faults: Faults, *, lenient: bool = False
) -> Mapping[str, BlueprintParameter]:
    """The parameters that a blueprint file declares, by name as it is spelled there.

    With `lenient`, as in exported files, a default of null is none.
    """
    declared = mapping(mapping(mapping(document.value).get("properties")).get("parameters"))
    found: dict[str, BlueprintParameter] = {}
    seen: dict[str, str] = {}
    for name, value in declared.items():
        pointer = child("/properties/parameters", name)
        row, metadata = mapping(value), mapping(mapping(value).get("metadata"))
        parameter = BlueprintParameter(
            name=name,
            type=text(row, "type"),
            has_default=row.get("defaultValue") is not None or ("defaultValue" in row and not lenient),
            default=row.get("defaultValue"),
            allowed=tuple(items(row.get("allowedValues"))),
            display_name=text(metadata, "displayName"),
            description=text(metadata, "description"),
            strong_type=text(metadata, "strongType"),
        )
        if fold(name) in seen:
            message = f"`{name}` and `{seen[fold(name)]}` are one parameter"
            hint = "names are compared without regard to case"
            faults.error("BP205", message, document.locate(pointer, key=True), hint)
        seen.setdefault(fold(name), name)
        found[name] = parameter
    return found


def misfit(parameter: BlueprintParameter, value: Json) -> str | None:
    """Why a value does not fit a parameter, or None; an expression fits until it is evaluated."""
    if isinstance(value, str) and is_expression(value):
        return None
    fits = _FITS.get(fold(parameter.type))
    if fits is not None and not fits(value):
        return f"it is no {parameter.type}"
    if not parameter.allowed:
        return None
    wanted = value if isinstance(value, list) and not _among(value, parameter.allowed) else [value]
    for one in wanted:
        if isinstance(one, str) and is_expression(one):
            continue
        if not _among(one, parameter.allowed):
            return f"`{one}` is not among its allowed values"
    return None


def _among(value: Json, allowed: tuple[Json, ...]) -> bool:
    for one in allowed:
        if isinstance(one, str) and isinstance(value, str):
            if same(one, value):
                return True
        elif one == value and isinstance(one, bool) == isinstance(value, bool):
            return True
    return False
