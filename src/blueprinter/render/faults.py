"""Faults of rendering, collected so that all of them are reported at once."""

from __future__ import annotations

from types import TracebackType

from msgspec import Struct, field

from blueprinter.arm import ExpressionError
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error, has_errors, in_order, warning
from blueprinter.render.expressions import KnownTooLate, SecretUsed


class Faults(Struct):
    """A growing list of diagnostics."""

    found: list[Diagnostic] = field(default_factory=list)

    def error(self, code: str, message: str, where: Position, hint: str = "") -> None:
        self.found.append(error(code, message, where, hint))

    def warn(self, code: str, message: str, where: Position, hint: str = "") -> None:
        self.found.append(warning(code, message, where, hint))

    def translating(self, where: Position) -> Translating:
        """A block in which an expression that cannot be rendered ends the block and is among the faults."""
        return Translating(self, where)

    def finish(self) -> tuple[Diagnostic, ...]:
        """The warnings, in order. Raises `InvalidInput` with everything when there is an error."""
        if has_errors(self.found):
            raise InvalidInput(self.found)
        return in_order(self.found)


class Translating(Struct, frozen=True):
    """See `Faults.translating`."""

    faults: Faults
    where: Position

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(value, SecretUsed):
            hint = "only a whole parameter of a template artifact can be a secret"
            self.faults.error("BP620", value.message, self.where, hint)
        elif isinstance(value, KnownTooLate):
            hint = "Azure needs it before it deploys anything"
            self.faults.error("BP621", value.message, self.where, hint)
        elif isinstance(value, ExpressionError):
            self.faults.error("BP632", value.message, self.where)
        return isinstance(value, ExpressionError)
