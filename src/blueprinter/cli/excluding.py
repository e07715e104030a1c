"""Subscriptions that an environment leaves alone: nothing is deployed to them, and nothing is asked of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from blueprinter.azure import ArmClient
from blueprinter.blueprint import is_management_group
from blueprinter.casing import fold
from blueprinter.compliance import subscriptions_of_group
from blueprinter.deploy import Environment
from blueprinter.diagnostics import InvalidInput, Position, error


def present(scopes: Iterable[str], group: str, environment: Environment, arm: ArmClient) -> tuple[str, ...]:
    """The subscriptions of a management group that are not left alone. Raises `InvalidInput` where none is left."""
    every = tuple(scopes)
    if not every:
        hint = "whoever asks may lack the right to read it"
        raise InvalidInput([error("BP279", f"`{group}` has no subscription", Position(""), hint)])
    alone = _left_alone(environment, arm)
    kept = tuple(one for one in every if fold(one) not in alone)
    if not kept:
        message = f"every subscription of `{group}` is among the excluded scopes"
        raise InvalidInput([error("BP654", message, environment.excluded_at)])
    return kept


def named(scopes: Iterable[str], environment: Environment, arm: ArmClient) -> tuple[str, ...]:
    """Scopes that were named one by one. Raises `InvalidInput` (BP654) for those that are to be left alone."""
    every = tuple(scopes)
    alone = _left_alone(environment, arm)
    wrong = [one for one in every if fold(one) in alone]
    if wrong:
        hint = "take it out of `excludedScopes`, or do not name it"
        raise InvalidInput(
            error(
                "BP654", f"`{one}` is named, and is among the excluded scopes", environment.excluded_at, hint
            )
            for one in wrong
        )
    return every


def _left_alone(environment: Environment, arm: ArmClient) -> frozenset[str]:
    """Folded ids; a management group also stands for the subscriptions below it, for which Azure is asked."""
    return frozenset(fold(one) for scope in environment.excluded for one in (scope, *_below(scope, arm)))


def _below(scope: str, arm: ArmClient) -> Iterator[str]:
    if is_management_group(scope):
        yield from subscriptions_of_group(arm, scope)
