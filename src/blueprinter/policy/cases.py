"""Policy tests run: every case against the definition of its file.

A case passes when everything that it states comes out so; an unsupported outcome passes only where it is
expected. Values of parameters that Azure would refuse are remarked on: such a case may test something else than it
seems to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from msgspec import Struct

from blueprinter.arm import Resource, Value
from blueprinter.casing import get, key_of, same
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position
from blueprinter.document import Document, Json
from blueprinter.policy.aliases import AliasTable
from blueprinter.policy.assignments import parameter_faults
from blueprinter.policy.case_file import Case, CaseFile, ReadTable, read_case_file, read_stated_aliases
from blueprinter.policy.codes import COMPILE_CODES
from blueprinter.policy.context import GivenSurroundings, LookupSurroundings
from blueprinter.policy.count import Truth
from blueprinter.policy.definitions import read_definition
from blueprinter.policy.judge import CompiledPolicy, Judgement, compile_policy, context_for, judge
from blueprinter.policy.model import (
    NOBODY,
    AssignedPolicy,
    ComplianceState,
    Found,
    LookupResult,
    NoneExist,
    PolicyDefinition,
)
from blueprinter.policy.syntax import Compare, as_value, conditions_in

_NOW = "2026-01-01T00:00:00.0000000Z"
"""The time of a case that does not state one."""


class Branch(Struct, frozen=True):
    """A comparison of a rule and a way it can turn out."""

    pointer: str
    outcome: bool


class CaseResult(Struct, frozen=True):
    """One case. `expected` and `actual` hold the keys that the case states."""

    file: str
    name: str
    case: Case
    passed: bool
    expected: Mapping[str, Json]
    actual: Mapping[str, Json]
    policy: str = ""
    """The policy's file, or the test's own where it holds the definition."""
    reached: frozenset[Branch] = frozenset()
    branches: frozenset[Branch] = frozenset()
    """Every branch of the rule."""
    finding: str = ""
    """What decided that the rule holds: where, what is wanted there and what is found."""
    remarks: tuple[str, ...] = ()
    """What Azure would refuse of the values that the case gives for parameters."""

    @property
    def position(self) -> Position:
        """Where the case stands."""
        return self.case.position

    def as_json(self) -> dict[str, Json]:
        """`{file, line, name, passed, expected, actual, finding, remarks}`."""
        return {
            "file": self.file,
            "line": self.position.line,
            "name": self.name,
            "passed": self.passed,
            "expected": dict(self.expected),
            "actual": dict(self.actual),
            "finding": self.finding or None,
            "remarks": list(self.remarks),
        }


def cases_as_json(results: Sequence[CaseResult], *, untested: Sequence[str] = (), skipped: int = 0) -> Json:
    """The machine output of `policy test`. `untested` are the files of policies without any case; `branches`
    says for each policy how many of the ways its comparisons can turn out were reached, and which were not."""
    passed = sum(result.passed for result in results)
    return {
        "schema": "blueprinter/policy-test/1",
        "passed": passed,
        "failed": len(results) - passed,
        "skipped": skipped,
        "cases": [result.as_json() for result in results],
        "untested": list(untested),
        "branches": _branches(results),
    }


def _branches(results: Sequence[CaseResult]) -> dict[str, Json]:
    reached: dict[str, set[Branch]] = {}
    known: dict[str, set[Branch]] = {}
    for result in results:
        reached.setdefault(result.policy, set()).update(result.reached)
        known.setdefault(result.policy, set()).update(result.branches)
    found: dict[str, Json] = {}
    for policy in sorted(known):
        missing = sorted(known[policy] - reached[policy], key=lambda branch: (branch.pointer, branch.outcome))
        found[policy] = {
            "reached": len(known[policy]) - len(missing),
            "total": len(known[policy]),
            "missing": [f"{branch.pointer} is never {str(branch.outcome).lower()}" for branch in missing],
        }
    return found


def run_cases(
    document: Document, root: Path, catalog_aliases: AliasTable, read_table: ReadTable = read_stated_aliases
) -> tuple[CaseResult, ...]:
    """Runs the cases of one file. `root` is the folder that paths in it may not leave; `catalog_aliases` are
    used where the file has no aliases of its own; `read_table` reads those of a file that names another. Raises
    `InvalidInput` for faults of the file itself."""
    suite = _Suite(read_case_file(document, root, catalog_aliases, read_table))
    return tuple(suite.run(case) for case in suite.file.cases)


class _Suite:
    """The cases of a file and the definition they are about, or why there is none."""

    __slots__ = ("_definition", "_faults", "file")

    def __init__(self, file: CaseFile) -> None:
        self.file = file
        self._definition: PolicyDefinition | None = None
        self._faults: tuple[Diagnostic, ...] = file.policy.remarks
        if self._faults:
            return
        try:
            self._definition = read_definition(file.policy, file.pointer, name=file.name)
        except InvalidInput as found:
            self._faults = found.diagnostics

    def run(self, case: Case) -> CaseResult:
        """One case, judged."""
        if self._definition is None:
            return self._failed(case, self._faults)
        compiled, faults = compile_policy(
            AssignedPolicy(self._definition, case.parameters), self.file.aliases
        )
        if faults:
            return self._failed(case, faults)
        if case.resource is None:
            return self._result(case, {"error": None}, passed=False)
        reached: set[Branch] = set()

        def observe(condition: Compare, truth: Truth) -> None:
            if isinstance(truth, bool):
                reached.add(Branch(condition.pointer, truth))

        found = self._judge(compiled, case, case.resource, observe)
        actual = _actual(found)
        passed = _fits(case.expect, found, actual)
        leaf = found.leaf
        finding = f"{leaf.path}: wanted {leaf.expected}, found {leaf.actual}" if leaf is not None else ""
        return self._result(case, actual, passed=passed, reached=frozenset(reached), finding=finding)

    def _judge(
        self,
        compiled: CompiledPolicy,
        case: Case,
        body: Mapping[str, Json],
        observe: Callable[[Compare, Truth], None],
    ) -> Judgement:
        resource = _resource(body, case.api_version)
        answers = iter(case.related)
        lookup = _Answers(answers)
        others = LookupSurroundings(resource, _nothing)
        group = case.context.get("resourceGroup")
        subscription = case.context.get("subscription")
        surroundings = GivenSurroundings(
            _values(group) if isinstance(group, dict) else None,
            _subscription(_values(subscription)) if isinstance(subscription, dict) else None,
            others,
        )
        ids = case.context.get("policy")
        now = case.context.get("utcNow")
        context = context_for(
            compiled,
            resource,
            self.file.aliases,
            surroundings,
            now=now if isinstance(now, str) and now else _NOW,
            ids=_values(ids) if isinstance(ids, dict) else None,
            request=_values(case.request) if case.request is not None else None,
        )
        return judge(compiled, context, lookup, observe)

    def _remarks(self, case: Case) -> tuple[str, ...]:
        if self._definition is None:
            return ()
        faults = parameter_faults(self._definition.parameters, case.parameters)
        return tuple(message for name, message in faults if name in case.parameters)

    def _failed(self, case: Case, faults: Sequence[Diagnostic]) -> CaseResult:
        stage = "compile" if all(fault.code in COMPILE_CODES for fault in faults) else "parse"
        actual: dict[str, Json] = {"error": stage, "diagnostics": [str(fault) for fault in faults]}
        return self._result(case, actual, passed=case.expect.get("error") == stage)

    def _result(
        self,
        case: Case,
        actual: Mapping[str, Json],
        *,
        passed: bool,
        reached: frozenset[Branch] = frozenset(),
        finding: str = "",
    ) -> CaseResult:
        return CaseResult(
            file=self.file.file,
            name=case.name,
            passed=passed,
            expected=case.expect,
            actual=actual,
            policy=self.file.policy.file,
            reached=reached,
            branches=frozenset(_all_branches(self._definition)) if self._definition else frozenset(),
            case=case,
            finding=finding,
            remarks=self._remarks(case),
        )


def _all_branches(definition: PolicyDefinition) -> Iterator[Branch]:
    conditions = [definition.rule.condition]
    if definition.rule.existence is not None and definition.rule.existence.condition is not None:
        conditions.append(definition.rule.existence.condition)
    for condition in conditions:
        for compare in conditions_in(condition):
            yield Branch(compare.pointer, True)
            yield Branch(compare.pointer, False)


def _actual(found: Judgement) -> dict[str, Json]:
    actual: dict[str, Json] = {
        "state": found.state.value if found.state is not None else None,
        "effect": found.effect if found.fires else None,
    }
    if found.details is not None:
        details = list(found.details) if isinstance(found.details, tuple) else dict(found.details)
        actual["details"] = cast(Json, details)
    if found.reason is not None:
        actual["reason"] = found.reason.value
    if found.detail:
        actual["detail"] = found.detail
    return actual


def _fits(expect: Mapping[str, Json], found: Judgement, actual: Mapping[str, Json]) -> bool:
    if "error" in expect:
        return False
    expects_unsupported = expect.get("state") == ComplianceState.UNSUPPORTED.value or "reason" in expect
    if found.state is ComplianceState.UNSUPPORTED and not expects_unsupported:
        return False
    for key, wanted in expect.items():
        got = actual.get(key)
        if key == "details":
            if not _is_subset(wanted, got):
                return False
        elif key == "effect":
            if wanted is None or got is None:
                if wanted is not got:
                    return False
            elif not same(str(wanted), str(got)):
                return False
        elif wanted != got:
            return False
    return True


def _is_subset(wanted: Json, got: Json) -> bool:
    """Objects may have more keys than wanted, arrays have as many elements; keys without regard to case."""
    if isinstance(wanted, dict):
        if not isinstance(got, dict):
            return False
        keys = {key: key_of(got, key) for key in wanted}
        return all(
            found is not None
            and (_is_subset(wanted[key], got[found]) or _is_same_operation(key, wanted[key], got[found]))
            for key, found in keys.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(got, list)
            and len(wanted) == len(got)
            and all(_is_subset(one, other) for one, other in zip(wanted, got, strict=True))
        )
    if isinstance(wanted, bool) or isinstance(got, bool):
        return wanted is got
    return wanted == got


def _is_same_operation(key: str, wanted: Json, got: Json) -> bool:
    """Azure takes the operations of modify in any letter case: `Add` is `add`."""
    return same(key, "operation") and isinstance(wanted, str) and isinstance(got, str) and same(wanted, got)


class _Answers:
    """A `Lookup` that gives the answers of a case one after the other; when they run out, none exist.

    A candidate may leave out its name, or the names of what it lies in; one that states other names than the policy
    asks for is not meant.
    """

    __slots__ = ("_answers",)

    def __init__(self, answers: Iterator[tuple[Mapping[str, Json], ...]]) -> None:
        self._answers = answers

    def __call__(self, type: str, name: str | None, scope: str) -> LookupResult:
        if name == NOBODY:
            return NoneExist()
        candidates = [_resource(body, "", type) for body in next(self._answers, ())]
        meant = tuple(one for one in candidates if _is_called(one.name, name))
        return Found(meant) if meant else NoneExist()


def _is_called(stated: str, wanted: str | None) -> bool:
    names = zip(reversed(stated.split("/")), reversed((wanted or "?").split("/")), strict=False)
    return not stated or all(meant == "?" or same(own, meant) for own, meant in names)


def _nothing(type: str, name: str | None, scope: str) -> LookupResult:
    return NoneExist()


def _resource(body: Mapping[str, Json], api_version: str, type: str = "") -> Resource:
    """A resource as a test states it. What it leaves out it does not have: unlike in an inventory, a missing
    `properties` means that there are none."""
    whole = dict(body) if get(body, "properties") is not None else {**body, "properties": {}}
    own_type = get(body, "type")
    name, id, version = get(body, "name"), get(body, "id"), get(body, "apiVersion")
    return Resource(
        id=id if isinstance(id, str) else "",
        type=own_type if isinstance(own_type, str) else type,
        name=name if isinstance(name, str) else "",
        body=_values(whole),
        api_version=api_version or (version if isinstance(version, str) else ""),
    )


def _values(value: Mapping[str, Json]) -> dict[str, Value]:
    return {key: as_value(member) for key, member in value.items()}


def _subscription(value: dict[str, Value]) -> dict[str, Value]:
    """`id` and `subscriptionId` follow from each other."""
    found = dict(value)
    id, own = get(value, "id"), get(value, "subscriptionId")
    if id is None and isinstance(own, str):
        found["id"] = f"/subscriptions/{own}"
    if own is None and isinstance(id, str):
        found["subscriptionId"] = id.rstrip("/").rpartition("/")[2]
    return found
