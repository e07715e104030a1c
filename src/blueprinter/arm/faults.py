"""What is found wrong while a template is expanded: every fault once, secrets never."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from msgspec.structs import replace

from blueprinter.arm.model import Value
from blueprinter.arm.places import Place
from blueprinter.diagnostics import Diagnostic, InvalidInput, Severity, in_order

_SHORTEST_SECRET = 3
_SHORTEST_MEMBER = 8
"""Shorter texts are not hidden: they would blank out every second word. The members of a secure object are often
no secrets at all, so of these only longer ones are."""


class Secrets:
    """The values of secure parameters, which are used but never printed."""

    __slots__ = ("_texts",)

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def add(self, value: Value, expression: str) -> None:
        """Remembers every text in a secure value, under the expression that stands for it."""
        self._add(value, expression, _SHORTEST_SECRET)

    def _add(self, value: Value, expression: str, shortest: int) -> None:
        if isinstance(value, str):
            if len(value) >= shortest:
                self._texts.setdefault(value, expression)
        elif isinstance(value, (list, dict)):
            for member in value.values() if isinstance(value, dict) else value:
                self._add(member, expression, _SHORTEST_MEMBER)

    def as_mapping(self) -> Mapping[str, str]:
        """Secret -> the expression to show in its place, longest secret first."""
        return {text: self._texts[text] for text in sorted(self._texts, key=lambda text: (-len(text), text))}


def hide(text: str, secrets: Mapping[str, str]) -> str:
    """The text with every secret in it replaced by stars."""
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, "***")
    return text


class Faults:
    """Collects the diagnostics of one expansion."""

    __slots__ = ("_found", "_muted", "_tentative", "secrets")

    def __init__(self) -> None:
        self._found: dict[Diagnostic, None] = {}
        self._muted = 0
        self._tentative = 0
        self.secrets = Secrets()

    @contextmanager
    def muted(self, active: bool = True) -> Iterator[None]:
        """Inside, faults are not collected: for what is evaluated only as far as it goes."""
        self._muted += active
        try:
            yield
        finally:
            self._muted -= active

    @contextmanager
    def tentative(self, active: bool = True) -> Iterator[None]:
        """Inside, errors are warnings: for what may not be deployed at all, which cannot be told."""
        self._tentative += active
        try:
            yield
        finally:
            self._tentative -= active

    def error(
        self, code: str, message: str, place: Place, hint: str = "", *, offset: int = -1, key: bool = False
    ) -> None:
        """A fault that no deployment could get past."""
        if self._tentative:
            message = f"{message}; this is deployed under a condition that is not known"
            self.warning(code, message, place, hint, offset=offset, key=key)
        elif not self._muted:
            self._found[Diagnostic(code, Severity.ERROR, message, hint, place.position(offset, key=key))] = (
                None
            )

    def warning(
        self, code: str, message: str, place: Place, hint: str = "", *, offset: int = -1, key: bool = False
    ) -> None:
        """A gap in what is known; the expansion goes on around it."""
        if not self._muted:
            self._found[
                Diagnostic(code, Severity.WARNING, message, hint, place.position(offset, key=key))
            ] = None

    def stop_on_errors(self) -> None:
        """Raises `InvalidInput` with all errors found so far, if there are any."""
        errors = [found for found in self.all() if found.severity is Severity.ERROR]
        if errors:
            raise InvalidInput(errors)

    def all(self) -> tuple[Diagnostic, ...]:
        """Everything found so far, in order, without secrets."""
        secrets = self.secrets.as_mapping()
        return in_order(
            replace(found, message=hide(found.message, secrets), hint=hide(found.hint, secrets))
            for found in self._found
        )
