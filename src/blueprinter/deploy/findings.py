"""What can be seen to go wrong before anything is written: all by reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from blueprinter.azure import ArmClient, AzureError
from blueprinter.casing import fold, get, same
from blueprinter.deploy.in_force import Bodies
from blueprinter.deploy.model import ASSIGNMENTS, DEFINITIONS, ROLES, SETS, Target, Wanted
from blueprinter.deploy.reading import LiveState, is_subscription
from blueprinter.deploy.wanted import referenced
from blueprinter.diagnostics import Diagnostic, Position, Severity
from blueprinter.document import Json

_PROVIDERS_API, _DENIALS_API = "2021-04-01", "2022-04-01"
_LIMITS = {DEFINITIONS: 500, SETS: 200, ASSIGNMENTS: 200, ROLES: 4000}
_AT_GROUP = {ROLES: 500}
_PART = 0.9
_BLUEPRINT = "created by blueprint assignment"


def missing_definitions(bodies: Bodies, target: Target, wanted: Sequence[Wanted]) -> Iterator[Diagnostic]:
    """Definitions and sets that are assigned, are not of this blueprint, and are not in this cloud."""
    made = {one.key for one in wanted}
    seen: set[str] = set()
    for one in wanted:
        for id in referenced(one):
            key = fold(id.rstrip("/"))
            if key in made or key in seen or not key.startswith("/"):
                continue
            seen.add(key)
            if bodies.get(id) is None:
                message = f"the definition `{id}` is not in {target.cloud}"
                yield _diagnostic("BP645", message, target, severity=Severity.ERROR)


def provider_findings(arm: ArmClient, target: Target, wanted: Sequence[Wanted]) -> Iterator[Diagnostic]:
    """Providers that are not registered, and API versions that a provider does not list any more."""
    if not is_subscription(target.scope):
        return
    rows = {
        fold(str(row.get("namespace", ""))): row
        for row in arm.items(f"{target.scope}/providers", _PROVIDERS_API)
    }
    namespaces = sorted(
        {one.type.partition("/")[0] for one in wanted if not one.governance} | {"Microsoft.PolicyInsights"}
    )
    for namespace in namespaces:
        state = rows.get(fold(namespace), {}).get("registrationState")
        if isinstance(state, str) and not same(state, "Registered") and not same(state, "Registering"):
            message = f"the resource provider `{namespace}` is not registered in {target.scope}"
            yield _diagnostic("BP648", message, target, f"az provider register -n {namespace}")
    versions = {key: dict(_versions(row)) for key, row in rows.items()}
    seen: set[tuple[str, str]] = set()
    for one in wanted:
        namespace, _, type = one.type.partition("/")
        listed = versions.get(fold(namespace), {}).get(fold(type), [])
        # one version alone says little: it may be no more than an example
        if (
            len(listed) < 2
            or not one.api_version
            or one.api_version in listed
            or (one.type, one.api_version) in seen
        ):
            continue
        seen.add((one.type, one.api_version))
        nearest = min((text for text in listed if text > one.api_version), default=max(listed))
        message = f"`{one.type}` has no API version {one.api_version} any more"
        yield _diagnostic("BP647", message, target, f"the nearest is {nearest}", severity=Severity.ERROR)


def limit_findings(target: Target, wanted: Sequence[Wanted], live: LiveState) -> Iterator[Diagnostic]:
    """Scopes that hold too much with what is added."""
    for type, most in _LIMITS.items():
        scope = target.definition_scope if type in (DEFINITIONS, SETS) else target.scope
        limit = most if is_subscription(scope) else _AT_GROUP.get(type, most)
        there = {one.key for one in live.of_type(type)}
        after = len(there | {one.key for one in wanted if fold(one.type) == fold(type)})
        if after > limit * _PART:
            full = after > limit
            kind = type.rpartition("/")[2]
            message = f"{scope} would hold {after:,} {kind} of at most {limit:,}"
            yield _diagnostic("BP650", message, target, severity=Severity.ERROR if full else Severity.WARNING)


def old_locks(arm: ArmClient, target: Target) -> Iterator[Diagnostic]:
    """Deny assignments of Azure Blueprints at the scope."""
    try:
        rows = list(
            arm.items(f"{target.scope}/providers/Microsoft.Authorization/denyAssignments", _DENIALS_API)
        )
    except AzureError as refused:
        if not (refused.forbidden or refused.not_found):
            raise
        message = f"the deny assignments of {target.scope} cannot be read"
        yield _diagnostic("BP651", message, target, "locks of the old service would not show")
        return
    names = []
    for row in rows:
        properties = row.get("properties")
        held = properties if isinstance(properties, dict) else {}
        text = f"{held.get('denyAssignmentName', '')} {held.get('description', '')}"
        if _BLUEPRINT in fold(text):
            names.append(str(held.get("denyAssignmentName", row.get("name", ""))))
    if names:
        shown = ", ".join(f"`{name}`" for name in sorted(names)[:3]) + (
            " and others" if len(names) > 3 else ""
        )
        hint = (
            "1 export the old assignment, 2 set its lock to None (until 31 December 2026) or delete it, 3 assign here "
            "with adoption, 4 compare the locks, 5 delete the old assignment with deleteBehavior none"
        )
        yield _diagnostic("BP652", f"locks of Azure Blueprints are in force: {shown}", target, hint)


def _versions(row: Mapping[str, Json]) -> Iterator[tuple[str, list[str]]]:
    types = row.get("resourceTypes")
    for type in types if isinstance(types, list) else []:
        if isinstance(type, dict):
            listed = get(type, "apiVersions")
            found = [text for text in listed if isinstance(text, str)] if isinstance(listed, list) else []
            yield fold(str(type.get("resourceType", ""))), found


def _diagnostic(
    code: str, message: str, target: Target, hint: str = "", *, severity: Severity = Severity.WARNING
) -> Diagnostic:
    return Diagnostic(code, severity, message, hint, Position(target.assignment.document.file))
