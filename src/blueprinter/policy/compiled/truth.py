"""Conditions as code, and what is known of them: whether they may raise, and which aliases deciding them reads."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from blueprinter.policy.compiled.code import both, constant, either, opposite


class Truth(NamedTuple):
    """A condition as code."""

    code: ast.expr | None
    """None = it is constant."""
    constant: bool = False
    plain: bool = True
    """It cannot raise."""
    may_guess: bool = False
    """Deciding it may read a guessed alias."""
    guesses: bool = False
    """Deciding it always does."""
    may_read: bool = False
    """Deciding it may read an alias."""
    reads_if_true: bool = False
    """Where it is true an alias was read."""
    reads_if_false: bool = False

    @property
    def expression(self) -> ast.expr:
        return constant(self.constant) if self.code is None else self.code


TRUE = Truth(None, constant=True)
FALSE = Truth(None, constant=False)


def settled(result: bool | None) -> Truth | None:
    """The truth of what an operator says beforehand; None = it says nothing."""
    return None if result is None else TRUE if result else FALSE


def negated(inner: Truth) -> Truth:
    """The opposite of a condition."""
    return inner._replace(
        code=None if inner.code is None else opposite(inner.code),
        constant=inner.code is None and not inner.constant,
        reads_if_true=inner.reads_if_false,
        reads_if_false=inner.reads_if_true,
    )


def joined(members: Iterable[Truth], *, decisive: bool) -> Truth:
    """Conditions in a row, up to the first that decides: false for `allOf`, true for `anyOf`."""
    kept: list[Truth] = []
    may_read = False
    for member in members:
        may_read = may_read or member.may_read
        if member.code is None and member.constant is not decisive:
            continue
        kept.append(member)
        if member.code is None:
            break
    if not kept:
        return (FALSE if decisive else TRUE)._replace(may_read=may_read)
    plain, may_guess, through = True, False, False
    for one in kept:
        through = through or (one.reads_if_false if decisive else one.reads_if_true)
        plain = plain and one.plain
        may_guess = may_guess or one.may_guess
    decided = _reads_up_to_decision(kept, decisive=decisive)
    if kept[-1].code is None and plain and not may_guess:
        made = kept[-1]
    else:
        parts = [one.expression for one in kept]
        code = either(parts) if decisive else both(parts)
        made = Truth(code, plain=plain, may_guess=may_guess, guesses=kept[0].guesses)
    return made._replace(
        may_read=may_read,
        reads_if_true=decided if decisive else through,
        reads_if_false=through if decisive else decided,
    )


def _reads_up_to_decision(members: Sequence[Truth], *, decisive: bool) -> bool:
    """Whether an alias was read when the first member that decides is met, whichever that is."""
    before = False
    for member in members:
        own, other = member.reads_if_true, member.reads_if_false
        if not (before or (own if decisive else other)):
            return False
        before = before or (other if decisive else own)
    return True
