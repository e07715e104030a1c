"""Faults of one phase, collected so that all of them are reported at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, Severity, has_errors, in_order
from blueprinter.document import Document, Json, load, read_model

if TYPE_CHECKING:
    from pydantic import BaseModel

_UNKNOWN_KEY = "BP110"


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _without_nulls(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_without_nulls(member) for member in value]
    return value


class Faults(Struct):
    """A growing list of diagnostics."""

    found: list[Diagnostic] = field(default_factory=list)

    def error(self, code: str, message: str, where: Position, hint: str | None = None) -> None:
        self.found.append(Diagnostic(code, Severity.ERROR, message, hint or "", where))

    def warn(self, code: str, message: str, where: Position, hint: str | None = None) -> None:
        self.found.append(Diagnostic(code, Severity.WARNING, message, hint or "", where))

    def note(self, code: str, message: str, where: Position, hint: str | None = None) -> None:
        self.found.append(Diagnostic(code, Severity.INFO, message, hint or "", where))

    def extend(self, more: Iterable[Diagnostic]) -> None:
        self.found.extend(more)

    def load(self, path: Path, shown: str | None = None) -> Document | None:
        """The document at a path, or None when it cannot be read; why not is among the faults.

        `shown` is how diagnostics call the file; default: the path as given.
        """
        try:
            return load(path, name=shown)
        except InvalidInput as unreadable:
            self.extend(unreadable.diagnostics)
            return None

    def shape(self, document: Document, model: type[BaseModel], *, lenient: bool = False) -> bool:
        """Whether a document has the shape of a model; what is wrong is among the faults.

        With `lenient`, keys that the model does not know and keys without a value are no fault: exported files
        hold both.
        """
        seen = replace(document, value=_without_nulls(document.value)) if lenient else document
        try:
            read_model(seen, model)
        except InvalidInput as misshapen:
            wrong = [one for one in misshapen.diagnostics if not (lenient and one.code == _UNKNOWN_KEY)]
            self.extend(wrong)
            return not wrong
        return True

    def finish(self) -> tuple[Diagnostic, ...]:
        """The warnings and remarks, in order. Raises `InvalidInput` with everything when there is an error."""
        if has_errors(self.found):
            raise InvalidInput(self.found)
        return in_order(self.found)
