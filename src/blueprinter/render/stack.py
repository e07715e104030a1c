"""The settings of a deployment stack: locks as deny settings, and nothing ever deleted by default.

Sources: Microsoft Learn, "Create and deploy Azure deployment stacks in Bicep", "Understand resource locking in Azure
Blueprints".
"""

from __future__ import annotations

from blueprinter.blueprint import LockMode
from blueprinter.document import Json
from blueprinter.render.faults import Faults
from blueprinter.render.model import Job, ScopeKind
from blueprinter.render.pieces import Body

_JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
_MODES = {LockMode.READ_ONLY: "denyWriteAndDelete", LockMode.DO_NOT_DELETE: "denyDelete"}
_MOST_PRINCIPALS, _MOST_ACTIONS = 5, 200


def stack_settings(job: Job, *, locked: bool, location: str, kind: ScopeKind) -> tuple[Body, str]:
    """The body of a stack but for its template, and the id of the scope that keeps it."""
    assignment, mark = job.assignment, job.mark
    version = f" {mark.version}" if mark.version else ""
    properties: Body = {
        "description": f"blueprinter: {mark.blueprint}{version}, assignment {assignment.name}",
        "actionOnUnmanage": {"resources": "detach", "resourceGroups": "detach", "managementGroups": "detach"},
        "denySettings": deny_settings(job) if locked else {"mode": "none"},
    }
    kept_at = job.scope
    group = assignment.management_group or _group_of_definitions(job)
    if kind is ScopeKind.SUBSCRIPTION and assignment.stack_scope == "managementGroup" and group:
        properties["deploymentScope"] = job.scope
        kept_at = group
    tags: Body = {
        "blueprint": mark.blueprint,
        "blueprintVersion": mark.version,
        "blueprintContent": mark.content,
    }
    if assignment.ring:
        tags["blueprintRing"] = assignment.ring
    return {"location": location, "tags": tags, "properties": properties}, kept_at


def deny_settings(job: Job) -> Body:
    """The locks of the assignment. `subnets/join/action` is excepted as Blueprints did, and children are locked
    with their resource."""
    locks = job.assignment.locks
    if locks.mode is LockMode.NONE:
        return {"mode": "none"}
    principals = list(locks.excluded_principals)
    for id in job.assignment.user_assigned[:1]:
        principal = job.options.adopted.principals.get(id.casefold(), "")
        if principal and principal not in principals:
            principals.append(principal)
    actions = list(dict.fromkeys([*locks.excluded_actions, _JOIN]))
    settings: dict[str, Json] = {
        "mode": _MODES[locks.mode],
        "applyToChildScopes": True,
        "excludedPrincipals": list(principals),
        "excludedActions": list(actions),
    }
    return settings


def check_locks(job: Job, acting: list[str], faults: Faults) -> None:
    """Warns where locks will refuse what the blueprint's own policies do. `acting`: artifacts with an identity."""
    if job.assignment.locks.mode is LockMode.NONE:
        return
    settings = deny_settings(job)
    where = job.assignment.document.locate("/locks")
    for key, most in (("excludedPrincipals", _MOST_PRINCIPALS), ("excludedActions", _MOST_ACTIONS)):
        listed = settings[key]
        if isinstance(listed, list) and len(listed) > most:
            faults.error("BP624", f"{len(listed)} `{key}` with our own, where Azure takes {most}", where)
    if not acting or settings["excludedPrincipals"]:
        return
    shown = ", ".join(f"`{name}`" for name in acting[:3]) + (" and others" if len(acting) > 3 else "")
    hint = (
        "give the assignment one user-assigned identity, with its principal under `locks.excludedPrincipals`"
    )
    faults.warn("BP627", f"the locks refuse what {shown} would change", where, hint)


def _group_of_definitions(job: Job) -> str:
    scope = job.definition_scope
    return scope if "/managementgroups/" in scope.casefold() else ""
