"""`plan`: what an assignment would change, and what would go wrong. Only reads.

Our own comparison is what counts for objects of Microsoft.Authorization; what Azure alone knows of a template's
resources is shown as not known, and asked for with `--what-if`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import orjson
from msgspec import Struct

from blueprinter.azure import ArmClient
from blueprinter.casing import fold
from blueprinter.deploy.apply import Prepared, foreign_stacks, prepare, submissions_of, wanted_keys
from blueprinter.deploy.entries import foreign, pending
from blueprinter.deploy.findings import limit_findings, missing_definitions, old_locks, provider_findings
from blueprinter.deploy.fitting import stack_resources
from blueprinter.deploy.in_force import Bodies
from blueprinter.deploy.locks import pending_locks
from blueprinter.deploy.model import (
    GOVERNANCE,
    GROUPS,
    LOCKS,
    STACKS,
    AssignOptions,
    Left,
    Residue,
    Target,
    Wanted,
)
from blueprinter.deploy.reading import stack_path
from blueprinter.deploy.refusals import Refused, refusals
from blueprinter.deploy.residue import as_left, governance_left, workload_of
from blueprinter.deploy.rights import Right, checked, least_rights
from blueprinter.deploy.submitting import holds, is_busy
from blueprinter.deploy.twins import adoptable
from blueprinter.deploy.what_if import WhatIf, what_if
from blueprinter.diagnostics import Diagnostic, Position, Severity, in_order
from blueprinter.document import Json
from blueprinter.policy import AliasTable, utc_text

_VOLATILE = frozenset(
    {"systemdata", "createdon", "updatedon", "createdby", "updatedby", "effectivedefinitionversion"}
)
_GOVERNANCE = frozenset(fold(type) for type in (*GOVERNANCE, LOCKS))


class Change(Struct, frozen=True):
    """Something that the assignment would change."""

    action: str
    """`add`, `change`, `deploy` (a template's resource, deployed again: what changes only Azure knows), `delete`
    (by ourselves, before or after the deployment), `leave` (not contained any more: stays, as residue)"""
    id: str
    type: str
    paths: tuple[str, ...] = ()
    """What of it changes."""
    residue: str = ""
    """`governance` or `workload`, where it is left."""
    note: str = ""


class PlanOptions(Struct, frozen=True):
    """What is looked at beside the changes."""

    assign: AssignOptions
    aliases: AliasTable
    what_if_seconds: float | None = None
    """How long Azure's own what-if may take; None = it is not asked."""


class Plan(Struct, frozen=True, eq=False):
    """What one target comes to."""

    scope: str
    blueprint: str
    version: str
    content: str
    assignment: str
    changes: tuple[Change, ...]
    refused: tuple[Refused, ...] = ()
    rights: tuple[Right, ...] = ()
    others: tuple[str, ...] = ()
    """Exemptions by others of what is assigned: reported and never touched."""
    what_if: WhatIf | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    fingerprint: str = ""
    """Of the live state and of what would be done: a plan that was made of another state has another one."""
    stack: bool = True
    prepared: Prepared | None = None

    def __repr__(self) -> str:
        """Without what would be sent: some of it is secret."""
        return f"Plan({self.scope!r}, {len(self.changes)} changes)"

    @property
    def pending(self) -> bool:
        """Whether assigning would change anything."""
        return any(one.action != "leave" for one in self.changes)


def plan(arm: ArmClient, target: Target, options: PlanOptions) -> Plan:
    """The plan of a target. Raises `AzureError` where Azure cannot be read."""
    found = prepare(arm, target, options.assign)
    target = found.target
    bodies = Bodies(arm)
    now = utc_text(options.assign.now)
    refused, unread = refusals(arm, bodies, target, found.wanted, found.live, options.aliases, now)
    remarks = [
        *found.diagnostics,
        *missing_definitions(bodies, target, found.wanted),
        *provider_findings(arm, target, found.wanted),
        *limit_findings(target, found.wanted, found.live),
        *old_locks(arm, target),
        *foreign_stacks(found),
    ]
    where = Position(target.assignment.document.file)
    for one in refused:
        severity = Severity.WARNING
        whose = "this blueprint's own policy" if one.ours else "the policy"
        verb = "refuses" if one.known else "may refuse"
        remarks.append(
            Diagnostic("BP646", severity, f"{whose} `{one.policy}` {verb} `{one.id}`", one.why, where)
        )
    for artifact, twin in sorted(adoptable(found).items()):
        message = f"`{twin.id}` assigns already what `{artifact}` assigns, and is not ours"
        hint = "`plan --adopt` writes `adopted.yaml`, with which it is taken over instead of doubled"
        remarks.append(Diagnostic("BP653", Severity.WARNING, message, hint, where))
    for id in unread:
        message = f"the policy assignment `{id}` cannot be judged"
        remarks.append(Diagnostic("BP646", Severity.INFO, message, "", where))
    if is_busy(found.live.stacks.get("assignment")):
        message = f"`{target.main.deployment}` is being deployed right now"
        remarks.append(
            Diagnostic("BP640", Severity.WARNING, message, "the plan holds for what is there now", where)
        )
    rights = checked(
        arm, least_rights(target, found.wanted, found.entries.wanted, stack=options.assign.stack)
    )
    for right in rights:
        if right.held is False:
            message = f"whoever asks has no role with `{right.action}` at {right.scope}"
            remarks.append(Diagnostic("BP651", Severity.ERROR, message, "", where))
    changes = _changes(found, options.assign)
    asked = what_if(arm, target, options.what_if_seconds) if options.what_if_seconds is not None else None
    return Plan(
        scope=target.scope,
        blueprint=target.mark.blueprint,
        version=target.mark.version,
        content=target.mark.content,
        assignment=target.assignment.name,
        changes=changes,
        refused=refused,
        rights=rights,
        others=tuple(one.id for one in foreign(target, found.live)),
        what_if=asked,
        diagnostics=in_order([*target.diagnostics, *remarks]),
        fingerprint=fingerprint(found, options.assign),
        stack=options.assign.stack,
        prepared=found,
    )


def fingerprint(found: Prepared, options: AssignOptions) -> str:
    """A digest of what is there of ours, and of what would be put."""
    contents = {name: one.content for name, one in submissions_of(found, options).items()}
    state: Json = {
        "put": dict(sorted(contents.items())),
        "there": [_lasting(dict(one.body)) for one in found.live.ours(found.target)],
        "stacks": [_lasting(found.live.stacks[name]) for name in sorted(found.live.stacks)],
        "entries": [one.id for one in (*pending(found.entries, found.live), *found.entries.expired)],
        "changes": [[one.action, one.id, *one.paths] for one in _changes(found, options)],
    }
    return hashlib.sha256(orjson.dumps(state, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _lasting(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _lasting(one) for key, one in value.items() if fold(key) not in _VOLATILE}
    return [_lasting(one) for one in value] if isinstance(value, list) else value


def _changes(found: Prepared, options: AssignOptions) -> tuple[Change, ...]:
    """Everything that would be done, by action and id."""
    live = found.live
    rows: list[Change] = []
    stacks = live.stacks if options.stack else found.plain
    managed = {fold(id) for stack in stacks.values() for id in stack_resources(stack)}
    same = {name for name, one in submissions_of(found, options).items() if holds(stacks.get(name), one)}
    missing = {one.key for one in found.missing()}
    changed = {one.key: paths for one, paths in found.changed()}
    orphans = {one.key for one in found.roles.orphans}
    for one in found.wanted:
        rows.extend(_change(one, missing, changed, orphans, managed, same))
    rows.extend(_stack_changes(found, options))
    for one in pending(found.entries, live):
        rows.append(Change("change" if one.key in live.objects else "add", one.id, one.type))
    for one in pending_locks(found.locks, live):
        rows.append(Change("change" if one.key in live.objects else "add", one.id, one.type))
    for gone in found.entries.expired:
        rows.append(Change("delete", gone.id, gone.type, note="expired"))
    for gone in found.roles.orphans:
        rows.append(Change("delete", gone.id, gone.type, note="its identity is gone"))
    rows.extend(_left(_leftovers(found, options), options))
    return tuple(sorted(rows, key=lambda one: (one.action, fold(one.type), fold(one.id))))


def _change(
    one: Wanted,
    missing: set[str],
    changed: Mapping[str, tuple[str, ...]],
    orphans: set[str],
    managed: set[str],
    same: set[str],
) -> Iterable[Change]:
    if one.key in missing or one.key in orphans:
        yield Change("add", one.id, one.type)
    elif one.key in changed:
        yield Change("change", one.id, one.type, changed[one.key])
    elif not one.governance and one.template not in same:
        yield Change("deploy" if one.key in managed or one.type == GROUPS else "add", one.id, one.type)


def _stack_changes(found: Prepared, options: AssignOptions) -> Iterable[Change]:
    """What of the stacks themselves changes."""
    if not options.stack:
        return
    for template in found.target.rendered.templates:
        live = found.live.stacks.get(template.name)
        if live is None:
            yield Change("add", stack_path(template), STACKS)
            continue
        submission = submissions_of(found, options)[template.name]
        if holds(live, submission):
            continue
        paths = []
        if _setting(live) != _setting(submission.body):
            paths.append("properties.denySettings")
        yield Change("change", stack_path(template), STACKS, tuple(paths), note=_why(live))


def _why(live: Json) -> str:
    properties = live.get("properties") if isinstance(live, dict) else None
    state = properties.get("provisioningState") if isinstance(properties, dict) else None
    return "" if state == "succeeded" else f"it is `{state}`"


def _setting(stack: Json) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    properties = stack.get("properties") if isinstance(stack, dict) else None
    settings = properties.get("denySettings") if isinstance(properties, dict) else None
    held = settings if isinstance(settings, dict) else {}
    return (
        fold(str(held.get("mode", "none"))),
        tuple(sorted(map(str, _list(held.get("excludedPrincipals"))))),
        tuple(sorted(map(str, _list(held.get("excludedActions"))))),
    )


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _leftovers(found: Prepared, options: AssignOptions) -> tuple[Left, ...]:
    """What stays behind: our objects that are not wanted, and what the stacks manage now and will let go."""
    keys = wanted_keys(found)
    governance = governance_left(found.target, found.live, keys)
    expired = {one.key for one in found.entries.expired}
    rows = {one.key: as_left(one, found.live) for one in governance if one.key not in expired}
    if options.stack:
        held = workload_of(
            found.live.stacks.values(), found.live, found.target, ("resources", "detachedResources")
        )
        rows |= {fold(one.id): one for one in held if fold(one.id) not in keys}
    return tuple(rows[key] for key in sorted(rows))


def _left(rows: Iterable[Left], options: AssignOptions) -> Iterable[Change]:
    for one in rows:
        pruned = options.prune and one.kind is Residue.GOVERNANCE
        note = f"its effect {one.acts} goes on" if one.acts and not pruned else ""
        yield Change("delete" if pruned else "leave", one.id, one.type, residue=str(one.kind), note=note)
