"""From a document to a typed model: the faults of its shape, each at its place.

Models are pydantic classes of the package that owns the kind of file; this module turns what pydantic
finds into diagnostics with positions, hints and our codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error
from blueprinter.document.model import Document, child
from blueprinter.text import did_you_mean

if TYPE_CHECKING:
    from pydantic import BaseModel

Model = TypeVar("Model", bound="BaseModel")


def read_model(document: Document, model: type[Model]) -> Model:
    """The document as a model. Raises `InvalidInput` with every fault of the shape."""
    from pydantic import ValidationError  # a slow library, loaded when a file is really read

    try:
        return model.model_validate(document.value)
    except ValidationError as found:
        raise InvalidInput(shape_diagnostics(document, model, found.errors(include_url=False))) from found


def shape_diagnostics(
    document: Document, model: type[BaseModel], faults: Iterable[Mapping[str, Any]]
) -> list[Diagnostic]:
    """Diagnostics for pydantic's list of errors (`loc`, `type`, `msg`, `ctx`)."""
    return [_diagnostic(document, model, fault) for fault in faults]


def _diagnostic(document: Document, model: type[BaseModel], fault: Mapping[str, Any]) -> Diagnostic:
    pointer, holder = _follow(document, fault["loc"])
    name = str(fault["loc"][-1]) if fault["loc"] else ""
    kind = str(fault["type"])
    if kind == "missing":
        where = document.locate(pointer)
        return error("BP112", f"the key `{name}` is missing", where)
    if kind == "extra_forbidden":
        known = _known_keys(model, fault["loc"][:-1])
        hint = did_you_mean(name, known) or (f"known keys: {', '.join(sorted(known))}" if known else "")
        return error("BP110", f"unknown key `{name}`", document.locate(pointer, key=True), hint)
    found = holder
    if kind == "string_type" and isinstance(found, (int, float, bool)):
        hint = f'quote it: `"{found}"`'
        return error("BP113", f"expected text, found {_noun(found)}", document.locate(pointer), hint)
    message = str(fault["msg"])
    message = message.removeprefix("Value error, ").removesuffix(".")
    message = message[:1].lower() + message[1:]
    message = message.replace("input should be", "expected").replace("dictionary", "object")
    return error("BP111", message, document.locate(pointer))


def _follow(document: Document, loc: tuple[str | int, ...]) -> tuple[str, Any]:
    """Pointer and value of a pydantic location; tags of unions, which are no keys of the file, are skipped."""
    pointer, value = "", document.value
    for index, token in enumerate(loc):
        if isinstance(value, dict):
            if isinstance(token, str) and token in value:
                pointer, value = child(pointer, token), value[token]
            elif index == len(loc) - 1:
                pointer, value = child(pointer, token), None
        elif isinstance(value, list) and isinstance(token, int) and token < len(value):
            pointer, value = child(pointer, token), value[token]
    return pointer, value


def _known_keys(model: type[BaseModel], loc: tuple[str | int, ...]) -> set[str]:
    """The keys that the model at a location takes; empty where the location leads through a union."""
    from pydantic import BaseModel as Base

    current: Any = model
    for token in loc:
        if isinstance(token, int):
            continue
        fields = getattr(current, "model_fields", {})
        field = next((one for key, one in fields.items() if (one.alias or key) == token), None)
        if field is None:
            continue
        current = next((kind for kind in _inner(field.annotation) if _is_model(kind, Base)), None)
        if current is None:
            return set()
    return {field.alias or key for key, field in getattr(current, "model_fields", {}).items()}


def _inner(annotation: Any) -> list[Any]:
    arguments = getattr(annotation, "__args__", ())
    return [annotation] if not arguments else [kind for one in arguments for kind in _inner(one)]


def _is_model(kind: Any, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)


def _noun(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"the number `{value}`"


def inside(root: Path, base: Path, relative: str, where: Position) -> Path:
    """The file that a relative path in a document names; it must stay inside `root`.

    `base` is the folder of the document. Symbolic links are followed before the check. Raises `InvalidInput`.
    """
    target = (base / relative).resolve()
    if Path(relative).is_absolute() or not target.is_relative_to(root.resolve()):
        hint = "paths are relative to the file and stay inside its root"
        raise InvalidInput(
            [error("BP114", f"the path `{relative}` leaves `{root.resolve().name}`", where, hint)]
        )
    return target
