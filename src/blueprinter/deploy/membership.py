"""Subscriptions that came to a management group since an assignment was last put on it, and those that left it with the
assignment still in them: leaving moves nothing and deletes nothing, so the stack and its locks go along unseen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from blueprinter.azure import ArmClient, AzureError
from blueprinter.blueprint import Assignment
from blueprinter.casing import fold, get, same
from blueprinter.deploy.model import API_VERSIONS, STACKS, Target
from blueprinter.deploy.reading import is_subscription, list_at, stack_path
from blueprinter.diagnostics import Diagnostic, Severity
from blueprinter.document import Json

_SUBSCRIPTIONS_API = "2022-12-01"


def membership(
    arm: ArmClient, placed: Assignment, inside: Sequence[str], targets: Sequence[Target]
) -> tuple[Diagnostic, ...]:
    """What changed in the management group of an assignment, which `placed.scopes` are meant of. `inside`: all
    subscriptions that are in it now.

    Only reads: a request for each subscription that the caller can see, or one where the stacks are kept at the group.
    Raises `AzureError`.
    """
    if not targets:
        return ()
    where = placed.document.locate("/managementGroup")
    holding = {fold(one) for one in _holding(arm, placed, targets[0])}
    there = [one for one in placed.scopes if fold(one) in holding]
    found: list[Diagnostic] = []
    if there:  # before the first time all are new
        for scope in placed.scopes:
            if fold(scope) not in holding:
                message = f"`{scope}` is new in `{placed.management_group}`: `{placed.name}` is not there yet"
                found.append(Diagnostic("BP663", Severity.WARNING, message, "", where))
    for scope in sorted(holding - set(map(fold, inside))):
        message = f"`{scope}` is not in `{placed.management_group}` any more, and still has `{placed.name}`"
        hint = f"`blueprinter unassign FILE --subscription {scope.rpartition('/')[2]}` takes it back there"
        found.append(Diagnostic("BP664", Severity.WARNING, message, hint, where))
    return tuple(found)


def _holding(arm: ArmClient, placed: Assignment, example: Target) -> Iterator[str]:
    """The subscriptions, in the group or not, that have the assignment's stack."""
    main, blueprint = example.main, example.mark.blueprint
    if not is_subscription(main.stack_scope):
        for row in list_at(arm, main.stack_scope, STACKS):
            properties = row.get("properties")
            scope = get(properties, "deploymentScope") if isinstance(properties, dict) else None
            named = str(row.get("name", "")).rpartition("-")[0]
            if isinstance(scope, str) and same(named, placed.name) and _is_of(row, blueprint):
                yield scope
        return
    visible = {fold(one): one for one in placed.scopes}
    for row in arm.items("/subscriptions", _SUBSCRIPTIONS_API):
        visible.setdefault(fold(str(row.get("id", ""))), str(row.get("id", "")))
    for scope in visible.values():
        path = stack_path(main).replace(main.stack_scope, scope, 1)
        try:
            stack = arm.find(path, API_VERSIONS[STACKS])
        except AzureError as refused:
            if not refused.forbidden:
                raise
            continue  # who may not read it there did not put it there
        if _is_of(stack, blueprint):
            yield scope


def _is_of(stack: Json, blueprint: str) -> bool:
    tags = stack.get("tags") if isinstance(stack, dict) else None
    held = tags.get("blueprint") if isinstance(tags, dict) else None
    return isinstance(held, str) and same(held, blueprint)
