"""`assign`: everything of a target is there in the end, whatever happened on the way.

State lives in Azure alone: names are the same for the same input, every write is the whole object, and what is to be
done is found by comparing. So a run that was killed anywhere is mended by running again, and a run that finds
everything in place sends nothing but reads.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from blueprinter.azure import ArmClient
from blueprinter.casing import same
from blueprinter.deploy.deleting import delete_governance
from blueprinter.deploy.differences import differences
from blueprinter.deploy.entries import Entries, apply_entries, entries_of, pending
from blueprinter.deploy.failures import DeployError
from blueprinter.deploy.fitting import fitted
from blueprinter.deploy.locks import apply_locks, locks_of, pending_locks, plain_locks
from blueprinter.deploy.model import (
    API_VERSIONS,
    DEFINITIONS,
    DEPLOYMENTS,
    GROUPS,
    SETS,
    STACKS,
    AssignOptions,
    Outcome,
    Target,
    Tell,
    Wanted,
)
from blueprinter.deploy.reading import LiveState, deployment_path, read_live, stack_path
from blueprinter.deploy.residue import as_left, governance_left, is_listed, workload_left
from blueprinter.deploy.roles import RoleFindings, role_findings
from blueprinter.deploy.submitting import Submission, holds, overwritten, submit
from blueprinter.deploy.wanted import content_of, deployment_body, referenced, stack_body, wanted_objects
from blueprinter.diagnostics import Diagnostic, Position, Severity, error
from blueprinter.document import Json
from blueprinter.render import Template
from blueprinter.text import plural

_LOOKS = 30
_LOOK_PAUSE = 2.0


class Prepared(Struct):
    """A target compared with what is there: what `assign` does, and what `plan` shows."""

    target: Target
    wanted: tuple[Wanted, ...]
    live: LiveState
    roles: RoleFindings
    entries: Entries
    locks: tuple[Wanted, ...]
    plain: Mapping[str, Json] = field(default_factory=dict)
    """Name of the template -> its plain deployment, for runs without a stack."""
    diagnostics: tuple[Diagnostic, ...] = ()

    def missing(self) -> tuple[Wanted, ...]:
        """What is not there."""
        return tuple(one for one in self.wanted if not self._is_there(one))

    def changed(self) -> tuple[tuple[Wanted, tuple[str, ...]], ...]:
        """What is there and differs, with the paths."""
        found = []
        for one in self.wanted:
            there = self.live.objects.get(one.key)
            if there is not None and (paths := differences(one, there)):
                found.append((one, paths))
        return tuple(found)

    def _is_there(self, one: Wanted) -> bool:
        if one.governance:
            return one.key in self.live.objects
        # what lists do not have (children, extensions) is taken to be there: the stack or deployment says so
        listed = one.type == GROUPS or is_listed(one.id, one.type)
        return not listed or one.key in self.live.resources


def prepare(arm: ArmClient, target: Target, options: AssignOptions) -> Prepared:
    """Reads what is there and fits the target to it. Nothing is written."""
    wanted = wanted_objects(target)
    live = read_live(arm, target, wanted)
    plain: dict[str, Json] = {}
    if not options.stack:
        plain = {
            one.name: arm.find(deployment_path(one), API_VERSIONS[DEPLOYMENTS])
            for one in target.rendered.templates
        }
    roles = role_findings(arm, target, wanted, live)
    found = fitted(target, wanted, live, roles.equal, plain=plain.get("assignment"))
    if found.target is not target:
        target = found.target
        wanted = wanted_objects(target)
    entries = entries_of(target, live, options.now)
    locks = () if options.stack else plain_locks(target, wanted)
    remarks = (*found.diagnostics, *entries.diagnostics)
    return Prepared(target, wanted, live, roles, entries, locks, plain, remarks)


def foreign_stacks(found: Prepared) -> tuple[Diagnostic, ...]:
    """Stacks of the names that the target takes, which are not of its blueprint: they are never overwritten."""
    rows = []
    for template in found.target.rendered.templates:
        stack = found.live.stacks.get(template.name)
        tags = stack.get("tags") if isinstance(stack, dict) else None
        held = tags.get("blueprint") if isinstance(tags, dict) else None
        if stack is None or (isinstance(held, str) and same(held, found.target.mark.blueprint)):
            continue
        whose = f"of the blueprint `{held}`" if isinstance(held, str) else "not of ours"
        message = f"there is a stack `{template.deployment}` already, and it is {whose}"
        where = found.target.assignment.document.locate("/name")
        rows.append(
            error(
                "BP640", message, where, "give the assignment another name, or take the other one back first"
            )
        )
    return tuple(rows)


def assign(arm: ArmClient, target: Target, options: AssignOptions, tell: Tell) -> Outcome:
    """Deploys a target. Raises `AzureError` and `DeployError`; running again is always safe."""
    found = prepare(arm, target, options)
    target, live = found.target, found.live
    for foreign in foreign_stacks(found):
        raise DeployError(foreign)
    remarks = list(found.diagnostics)
    changed = False
    if found.roles.orphans:
        tell(f"deleting {plural(len(found.roles.orphans), 'role assignment')} of identities that are gone")
        delete_governance(arm, found.roles.orphans, tell)
        changed = True
    broken = {one.template for one in found.missing()} | {one.template for one, _ in found.changed()}
    broken |= {one.template for one in found.wanted if any(one.key == row.key for row in found.roles.orphans)}
    after: dict[str, Json] = dict(live.stacks) if options.stack else dict(found.plain)
    submitted: dict[str, Submission] = {}
    for template in target.rendered.templates:
        submission = _submission(template, target, after, found, options)
        there = after.get(template.name)
        if template.name not in broken and holds(there, submission):
            continue
        submitted[template.name] = submission
        tell(f"deploying `{template.deployment}` ({template.name}) to {template.scope}")
        after[template.name] = dict(submit(arm, submission, there, options, tell))
        changed = True
        if template.name == "definitions":
            _wait_readable(arm, found.wanted, options)
    if changed:
        live = read_live(arm, target, found.wanted)
        after = dict(live.stacks) if options.stack else after
        for name, submission in submitted.items():
            if content_of(after.get(name)) != submission.content:
                # another version since: what it made is not ours to prune, nor are entries to follow
                raise DeployError(overwritten(submission, after.get(name)))
    if found.locks and pending_locks(found.locks, live):
        apply_locks(arm, found.locks, live, tell)
        changed = True
    if pending(found.entries, live) or found.entries.expired:
        apply_entries(arm, found.entries, live, tell)
        changed = True
    return _finish(arm, found, live, after, options, tell, changed, remarks)


def _finish(
    arm: ArmClient,
    found: Prepared,
    live: LiveState,
    after: Mapping[str, Json],
    options: AssignOptions,
    tell: Tell,
    changed: bool,
    remarks: list[Diagnostic],
) -> Outcome:
    """What is left over, deleted where that was asked for, and the locks as they are."""
    keys = wanted_keys(found)
    left = governance_left(found.target, live, keys)
    deleted: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    if left and options.prune:
        tell(f"pruning {plural(len(left), 'object')}")
        done = delete_governance(arm, left, tell)
        deleted, kept = tuple(done.ids), tuple(done.kept)
        held = {id.casefold() for id, _ in kept}
        left = tuple(one for one in left if one.key in held)
        changed = True
        remarks += [_in_use(id, why, found.target) for id, why in kept]
    workload = workload_left(after.values(), live, found.target, keys) if options.stack else ()
    stack = after.get("assignment")
    return Outcome(
        scope=found.target.scope,
        changed=changed,
        locks=locks_of(stack) if options.stack else (),
        left=(*(as_left(one, live) for one in left), *workload),
        deleted=deleted,
        kept=kept,
        diagnostics=tuple(remarks),
        outputs=_outputs(stack),
    )


def wanted_keys(found: Prepared) -> frozenset[str]:
    """The folded ids of everything that is to be there."""
    return frozenset(one.key for one in (*found.wanted, *found.entries.wanted, *found.locks))


def submissions_of(found: Prepared, options: AssignOptions) -> dict[str, Submission]:
    """What would be put for each template, as far as it is known before the first one is."""
    after = dict(found.live.stacks) if options.stack else dict(found.plain)
    return {
        one.name: _submission(one, found.target, after, found, options)
        for one in found.target.rendered.templates
    }


def _submission(
    template: Template, target: Target, after: Mapping[str, Json], found: Prepared, options: AssignOptions
) -> Submission:
    parameters = dict(template.parameters)
    if template.name == "roles":
        parameters |= _outputs(after.get("assignment"))
    names = _own_names(found.wanted)
    there = after.get(template.name)
    held = there.get("location") if isinstance(there, dict) else None
    location = held if isinstance(held, str) and held else template.location
    if options.stack:
        return Submission(
            stack_path(template), API_VERSIONS[STACKS], stack_body(template, location, parameters), names
        )
    body = deployment_body(template, location, parameters)
    return Submission(deployment_path(template), API_VERSIONS[DEPLOYMENTS], body, names)


def _own_names(wanted: tuple[Wanted, ...]) -> tuple[str, ...]:
    """Names by which Azure may say that it does not know a definition of ours yet: the definition's, or that of the
    set or assignment which uses it."""
    made = {one.key for one in wanted if one.type.casefold() in (DEFINITIONS.casefold(), SETS.casefold())}
    users = {one.key for one in wanted if any(id.casefold() in made for id in referenced(one))}
    return tuple(one.id.rpartition("/")[2] for one in wanted if one.key in made | users)


def _outputs(stack: Json) -> dict[str, Json]:
    """The outputs of a stack or deployment: name -> value."""
    properties = stack.get("properties") if isinstance(stack, dict) else None
    rows = properties.get("outputs") if isinstance(properties, dict) else None
    return {
        name: row.get("value")
        for name, row in (rows if isinstance(rows, dict) else {}).items()
        if isinstance(row, dict)
    }


def _wait_readable(arm: ArmClient, wanted: tuple[Wanted, ...], options: AssignOptions) -> None:
    """Definitions at another scope are readable before assignments of them start."""
    for one in wanted:
        if one.template != "definitions":
            continue
        for _ in range(_LOOKS):
            if arm.find(one.id, API_VERSIONS.get(one.type, API_VERSIONS[DEFINITIONS])) is not None:
                break
            options.sleep(_LOOK_PAUSE)


def _in_use(id: str, why: str, target: Target) -> Diagnostic:
    where = Position(target.assignment.document.file)
    return Diagnostic("BP643", Severity.WARNING, f"`{id}` is kept: {why.rstrip('.')}", "", where)
