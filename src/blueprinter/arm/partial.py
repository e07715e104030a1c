"""Objects of which a part is known: Azure completes what a template says of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from blueprinter.arm.model import Unknown, Value
from blueprinter.arm.syntax import quoted

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class KnownPart(Mapping[str, Value]):
    """The known members of an object that `expression` gives, read when the first of them is asked for.

    Unless the members are `exact`, objects inside are known in part as well: what they lack may be there after
    deployment, and a member that is null counts as absent, for Azure may have set it.
    """

    __slots__ = ("_exact", "_expression", "_members", "_read")

    def __init__(self, expression: str, read: Callable[[], Mapping[str, Value]], *, exact: bool) -> None:
        self._expression = expression
        self._read = read
        self._exact = exact
        self._members: Mapping[str, Value] | None = None

    def __getitem__(self, name: str) -> Value:
        value = self._content()[name]
        if self._exact:
            return value
        if value is None:
            raise KeyError(name)
        return _partial(value, member(self._expression, name))

    def __iter__(self) -> Iterator[str]:
        return (name for name, value in self._content().items() if self._exact or value is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _content(self) -> Mapping[str, Value]:
        if self._members is None:
            self._members = self._read()
        return self._members


def partial(expression: str, read: Callable[[], Mapping[str, Value]], *, exact: bool = False) -> Unknown:
    """The value of `expression`, unknown but for the members that `read` gives when they are needed; `exact`
    where these members are the whole truth about themselves."""
    return Unknown(expression, KnownPart(expression, read, exact=exact))


def member(expression: str, name: str) -> str:
    """The expression of a member of what `expression` gives."""
    return f"{expression}.{name}" if _NAME.fullmatch(name) else f"{expression}[{quoted(name)}]"


def _partial(value: Value, expression: str) -> Value:
    if isinstance(value, dict):
        members = value
        return partial(expression, lambda: members)
    if isinstance(value, list):
        return [_partial(element, f"{expression}[{index}]") for index, element in enumerate(value)]
    return value
