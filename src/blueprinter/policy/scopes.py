"""Facts about ids that only scopes decide, remembered for everything in one subscription or resource group."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from blueprinter.casing import fold

Fact = TypeVar("Fact")

_GROUP = 5
"""Slashes up to the end of a resource group's id."""


class ByScope(Generic[Fact]):
    """A function of ids that depends on nothing but which of some scopes hold an id.

    Estates have many resources and few resource groups: the answer is kept for the part of an id up to its resource
    group, except where one of the scopes lies deeper in that very group.
    """

    __slots__ = ("_answer_of", "_answers", "_deep", "_known", "is_constant")

    MOST = 10_000
    """Answers that are kept."""

    def __init__(self, scopes: Iterable[str], answer_of: Callable[[str], Fact]) -> None:
        folded = {fold(scope.rstrip("/")) for scope in scopes}
        self.is_constant = not any(folded)
        """There are no scopes, so that every id has the same answer."""
        self._deep = tuple(sorted(scope for scope in folded if scope.count("/") >= _GROUP))
        self._answer_of = answer_of
        self._answers: dict[str, Fact] = {}
        self._known: Fact | None = answer_of("") if self.is_constant else None

    def __call__(self, id: str) -> Fact:
        if self._known is not None:
            return self._known
        parts = id.split("/", _GROUP)
        head = id[: -len(parts[_GROUP])] if len(parts) > _GROUP else ""
        known = self._answers.get(head)
        if known is not None and head:
            return known
        answer = self._answer_of(id)
        if head and not self._lies_around(fold(head)):
            if len(self._answers) >= self.MOST:
                self._answers.clear()
            self._answers[head] = answer
        return answer

    def _lies_around(self, head: str) -> bool:
        """Whether a scope lies inside of what starts so."""
        return any(scope.startswith(head) for scope in self._deep)
