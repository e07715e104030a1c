"""Policy states: every policy in force held against everything that the store has, kept until the next evaluation.

An evaluation replaces what was known of its scope. Of what it replaces, states that changed stay as history for a
week: they are what `default` shows beside `latest`.
Sources: Microsoft Learn, "Get compliance data of Azure resources" and "Azure Policy compliance states".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

from blueprinter.arm import Resource, id_within, parse_id
from blueprinter.casing import fold, same
from blueprinter.policy import ComplianceState, Family, Lookup, family_of
from blueprinter.sandbox.acting import schedule
from blueprinter.sandbox.acting.estate import EstateLookup, StoreLookup, as_resource, judged_below
from blueprinter.sandbox.acting.in_force import Act, Unread, chosen_policies, groups_of, in_force
from blueprinter.sandbox.acting.judging import Judge, Verdict
from blueprinter.sandbox.acting.objects import ATTESTATION_TYPE, changed, properties_of, scope_of_extension
from blueprinter.sandbox.acting.rows import policy_columns, resource_columns, state_row, unread_columns
from blueprinter.sandbox.hierarchy import SUBSCRIPTION_TYPE, groups_above
from blueprinter.sandbox.model import Body, Box, Operation, Step, Stored

KIND = "policy-scan"

_STATE = (
    "resource TEXT NOT NULL, policy INTEGER NOT NULL, subscription TEXT NOT NULL, state TEXT NOT NULL, "
    "effect TEXT NOT NULL, stamp TEXT NOT NULL, exemptions TEXT NOT NULL"
)
SCHEMA = (
    # of each policy in force and each resource, the columns that all of its rows share
    "CREATE TABLE IF NOT EXISTS policy_columns (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, "
    "body BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS policy_resources (resource TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
    f"CREATE TABLE IF NOT EXISTS policy_states ({_STATE}, PRIMARY KEY (resource, policy)) WITHOUT ROWID",
    f"CREATE TABLE IF NOT EXISTS policy_scan ({_STATE}, PRIMARY KEY (resource, policy)) WITHOUT ROWID",
    f"CREATE TABLE IF NOT EXISTS policy_history ({_STATE})",
    "CREATE INDEX IF NOT EXISTS policy_history_by_resource ON policy_history (resource)",
)

_KEPT = timedelta(days=7)
"""How long what is no longer so stays to be asked for."""

_WEIGHTS: Mapping[str, int] = {"NonCompliant": 300, "Compliant": 200, "Conflict": 100, "Exempt": 50}
"""`stateWeight` of Resource Graph, as the samples of Microsoft Learn have it; other states weigh nothing."""

_ATTESTABLE = (
    str(ComplianceState.COMPLIANT),
    str(ComplianceState.NON_COMPLIANT),
    str(ComplianceState.UNKNOWN),
)


# ---------------------------------------------------------------- evaluating


def scan_step(box: Box, operation: Operation) -> Step:
    """The one step of an evaluation that was asked for."""
    scan(box, str(operation.state["scope"]))
    return Step(operation.state, "Succeeded", None, {})


def tick(box: Box) -> None:
    """Evaluates everything when it is time."""
    if not schedule.is_due(box):
        return
    anything = not in_force(box).is_empty
    if anything or next(box.store.rows("SELECT 1 FROM policy_states LIMIT 1"), None):
        for subscription in list(box.store.of_type(SUBSCRIPTION_TYPE)):
            scan(box, subscription.id)
    schedule.done(box, again=anything)


def scan(box: Box, scope: str, *, alone: bool = False) -> int:
    """Evaluates a subscription, a resource group or a resource with all below it, or with `alone` that object and
    nothing below; the number of states."""
    # what went with a resource group or a subscription told nobody
    changed(box, scope, None)
    subscription = "/".join(scope.split("/")[:3])
    if alone:
        own = box.store.get(scope)
        inside = [as_resource(own)] if own is not None else []
        lookup: Lookup = StoreLookup(box)
    else:
        whole = list(judged_below(box, subscription))
        inside = whole if same(scope, subscription) else [one for one in whole if id_within(one.id, scope)]
        lookup = EstateLookup(whole)
    found = _Scan(box, subscription, _attestations(box, scope, box.stamp()))
    judge = Judge(chosen_policies(found.force, found.groups, Act.ALL, found.stamp))
    for resource in inside:
        found.add(resource, judge.verdicts(resource, lookup))
    if same(scope, subscription):
        found.add_unread(inside[0])
    found.keep(scope, alone=alone)
    return found.count


class _Scan:
    """An evaluation under way: its states go to a table of their own until all are there."""

    _AT_ONCE = 20_000
    """States that are held in memory."""

    def __init__(self, box: Box, subscription: str, attested: Mapping[tuple[str, str, str], str]) -> None:
        self.box = box
        self.subscription = fold(subscription.rpartition("/")[2])
        self.force = in_force(box)
        self.groups = groups_of(box, subscription)
        self.stamp = box.stamp()
        self.count = 0
        self._above = groups_above(box, subscription)
        self._attested = attested
        self._numbers: dict[int, int] = {}
        self._states: list[Sequence[Any]] = []
        self._resources: list[Sequence[Any]] = []
        box.store.run("DELETE FROM policy_scan")

    def add(self, resource: Resource, verdicts: Iterable[Verdict]) -> None:
        """What policies say of a resource."""
        key, before = fold(resource.id), len(self._states)
        for verdict in verdicts:
            assigned = verdict.assigned
            exempt = self.force.exemption_ids(assigned, resource, self.stamp, self.groups)
            word = "Exempt" if exempt else _word(verdict, key, self._attested)
            number = self._numbers.get(id(assigned))
            if number is None:
                columns = policy_columns(self.force.member(assigned))
                number = self._numbers[id(assigned)] = _number(self.box, columns)
            self._state(key, number, word, verdict.effect, ",".join(exempt))
        if len(self._states) > before:
            self._about(key, resource)

    def add_unread(self, own: Resource) -> None:
        """What is assigned and cannot be judged says `Unknown` of the subscription, so that it does not go unseen."""
        key = fold(own.id)
        for unread in self.force.unread:
            scope = fold(scope_of_extension(unread.assignment.id))
            if scope in self.groups or id_within(scope, own.id):
                number = _number(self.box, unread_columns(unread))
                self._state(key, number, "Unknown", _effect_of(unread), "")
                self._about(key, own)

    def _state(self, resource: str, policy: int, word: str, effect: str, exemptions: str) -> None:
        self.count += 1
        self._states.append((resource, policy, self.subscription, word, effect, self.stamp, exemptions))

    def _about(self, key: str, resource: Resource) -> None:
        self._resources.append((key, orjson.dumps(resource_columns(resource, self._above))))
        if len(self._states) > self._AT_ONCE:
            self._write()

    def _write(self) -> None:
        store = self.box.store
        store.run_many("INSERT OR REPLACE INTO policy_scan VALUES (?, ?, ?, ?, ?, ?, ?)", self._states)
        store.run_many("INSERT OR REPLACE INTO policy_resources VALUES (?, ?)", self._resources)
        self._states.clear()
        self._resources.clear()

    def keep(self, scope: str, *, alone: bool) -> None:
        """Puts the states in the place of those that were known of the scope."""
        self._write()
        store = self.box.store
        place = "resource = ?" if alone else "(resource = ? OR (resource > ? AND resource < ?))"
        bounds = _bounds(scope)[:1] if alone else _bounds(scope)
        store.run(
            f"INSERT INTO policy_history SELECT * FROM policy_states AS old WHERE {place} AND NOT EXISTS (SELECT 1 "
            "FROM policy_scan AS new WHERE new.resource = old.resource AND new.policy = old.policy AND "
            "new.state = old.state)",
            bounds,
        )
        store.run(f"DELETE FROM policy_states WHERE {place}", bounds)
        store.run("INSERT INTO policy_states SELECT * FROM policy_scan")
        store.run("DELETE FROM policy_scan")
        store.run("DELETE FROM policy_history WHERE stamp < ?", (schedule.stamp_of(self.box.now() - _KEPT),))


def _word(verdict: Verdict, resource: str, attested: Mapping[tuple[str, str, str], str]) -> str:
    """What Azure calls a state. What cannot be decided here is what Azure calls unknown."""
    if family_of(verdict.effect) is Family.MANUAL:
        assigned = verdict.assigned
        found = attested.get((resource, fold(assigned.assignment_id), fold(assigned.reference_id)))
        if found is not None:
            return found
    return "Unknown" if verdict.state is ComplianceState.UNSUPPORTED else str(verdict.state)


def _effect_of(unread: Unread) -> str:
    parameters = properties_of(unread.assignment).get("parameters") or {}
    given = parameters.get("effect", {}).get("value") if isinstance(parameters.get("effect"), dict) else None
    declared = unread.definition.get("properties", {}).get("parameters", {}).get("effect") or {}
    return str(given or declared.get("defaultValue") or "audit")


def _attestations(box: Box, scope: str, now: str) -> dict[tuple[str, str, str], str]:
    """The states of attestations that have not expired, by folded resource, assignment and reference."""
    found: dict[tuple[str, str, str], str] = {}
    for stored in box.store.of_type(ATTESTATION_TYPE, scope):
        properties = properties_of(stored)
        expires, state = str(properties.get("expiresOn") or ""), str(properties.get("complianceState", ""))
        if expires and expires <= now:
            continue
        key = (
            fold(scope_of_extension(stored.id)),
            fold(str(properties.get("policyAssignmentId", "")).rstrip("/")),
            fold(str(properties.get("policyDefinitionReferenceId") or "")),
        )
        found[key] = next((one for one in _ATTESTABLE if same(one, state)), "Unknown")
    return found


# ---------------------------------------------------------------- keeping


def _number(box: Box, columns: Mapping[str, Any]) -> int:
    """The number under which the columns of a policy are kept; the columns themselves are renewed."""
    names = ("policyAssignmentId", "policyDefinitionReferenceId", "policyDefinitionId")
    key = " ".join(fold(str(columns[name] or "")) for name in names)
    box.store.run(
        "INSERT INTO policy_columns (key, body) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET body = excluded.body",
        (key, orjson.dumps(columns)),
    )
    ((number,),) = box.store.rows("SELECT number FROM policy_columns WHERE key = ?", (key,))
    return int(number)


def _bounds(scope: str) -> tuple[str, str, str]:
    """The scope itself, and what lies below it: `0` is the character behind `/`."""
    folded = fold(scope.rstrip("/"))
    return folded, f"{folded}/", f"{folded}0"


# ---------------------------------------------------------------- reading


def rows_between(
    box: Box, scopes: Sequence[str], since: str, until: str, *, history: bool = False, exact: bool = False
) -> Iterator[Body]:
    """State rows of scopes (resource groups, subscriptions, resources) in a span of time, by resource and policy.

    `history`: also what is no longer so. `exact`: of the scopes themselves, and of nothing below them.
    """
    policies = _policies(box)
    tables = ("policy_states", "policy_history") if history else ("policy_states",)
    last, columns = "", {}
    for scope in scopes:
        place = "s.resource = ?" if exact else "(s.resource = ? OR (s.resource > ? AND s.resource < ?))"
        bounds = _bounds(scope)[:1] if exact else _bounds(scope)
        parts = [
            f"SELECT s.resource, s.policy, s.state, s.effect, s.stamp FROM {table} AS s "
            f"WHERE {place} AND s.stamp >= ? AND s.stamp <= ?"
            for table in tables
        ]
        sql = " UNION ALL ".join(parts) + " ORDER BY 1, 2, 5 DESC"
        for resource, policy, state, effect, stamp in box.store.rows(
            sql, (*bounds, since, until) * len(parts)
        ):
            if resource != last:
                last, columns = resource, _resource(box, resource)
            yield state_row(policies[policy], columns, state, effect, stamp)


def _policies(box: Box) -> dict[int, Body]:
    found = box.store.rows("SELECT number, body FROM policy_columns")
    return {number: orjson.loads(body) for number, body in found}


def _resource(box: Box, resource: str) -> Body:
    ((body,),) = box.store.rows("SELECT body FROM policy_resources WHERE resource = ?", (resource,))
    found: Body = orjson.loads(body)
    return found


def policy_state_rows(box: Box) -> Iterator[Body]:
    """The latest states as Resource Graph has them in its table `policyresources`, by resource and policy."""
    policies = _policies(box)
    tenant = box.settings.tenant_id
    sql = "SELECT resource, policy, state, effect, stamp, exemptions FROM policy_states ORDER BY resource, policy"
    last, columns = "", {}
    for resource, policy, state, effect, stamp, exemptions in box.store.rows(sql):
        if resource != last:
            last, columns = resource, _resource(box, resource)
        row = state_row(policies[policy], columns, state, effect, stamp)
        name = hashlib.sha256(
            f"{resource} {policies[policy]['policyAssignmentId']} {policy}".encode()
        ).hexdigest()
        parts = parse_id(resource)
        row.pop("isCompliant")
        row.pop("resourceTags")
        row["stateWeight"] = _WEIGHTS.get(state, 0)
        row["policyExemptionIds"] = [one for one in exemptions.split(",") if one]
        yield {
            "id": f"{row['resourceId']}/providers/microsoft.policyinsights/policystates/{name[:40]}",
            "name": name[:40],
            "type": "microsoft.policyinsights/policystates",
            "tenantId": tenant,
            "kind": "",
            "location": row["resourceLocation"],
            "resourceGroup": row["resourceGroup"],
            "subscriptionId": parts.subscription_id if parts is not None else "",
            "properties": row,
        }


def policy_object_rows(box: Box, stored: Iterable[Stored]) -> Iterator[Body]:
    """Assignments, exemptions, definitions and initiatives as Resource Graph has them in `policyresources`."""
    for one in stored:
        scope = scope_of_extension(one.id)
        parts = parse_id(one.id)
        yield {
            "id": one.id,
            "name": one.body.get("name", ""),
            "type": one.type.lower(),
            "tenantId": box.settings.tenant_id,
            "kind": "",
            "location": one.body.get("location", ""),
            "resourceGroup": parts.resource_group.lower() if parts is not None else "",
            "subscriptionId": parts.subscription_id if parts is not None else "",
            "identity": one.body.get("identity"),
            "properties": {"scope": scope, **properties_of(one)},
        }
