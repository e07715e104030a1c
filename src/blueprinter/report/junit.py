"""JUnit XML: a control is a test case, a theme is a suite; without controls a policy that fails is one.

A gap is a failure. What could not be decided, or needs something that is not there, is skipped and says why: a
pipeline must not show it green. Source of the form: the JUnit 10 schema of the Jenkins xUnit plugin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from blueprinter.compliance import ControlResult, ControlState, Run
from blueprinter.report.options import ReportOptions
from blueprinter.report.outline import Action, outline
from blueprinter.report.records import place_of
from blueprinter.report.words import STATES, found, stamp, title, why
from blueprinter.text import for_terminal, plural

_SKIPPED = frozenset(
    {
        ControlState.INCOMPLETE,
        ControlState.NO_RESOURCES,
        ControlState.NOT_AUTOMATED,
        ControlState.EXCLUDED,
    }
)
_SHOWN = 20
"""Failing resources listed in one failure."""
_NOT_XML = re.compile("[\ufffe\uffff]")


class _Case(Struct, frozen=True):
    name: str
    suite: str
    failure: str = ""
    severity: str = ""
    skipped: str = ""
    details: Sequence[str] = ()
    remark: str = ""


def write_junit(run: Run, options: ReportOptions) -> Iterator[str]:
    """The document: every control of the counted set and every clause, in the framework's order."""
    cases = list(_controls(run) if run.framework is not None else _policies(run))
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    totals = _counts(cases)
    # the schema lets a suite say what it skipped, and not the whole
    del totals["skipped"]
    yield f"<testsuites{_attributes(name=title(run), **totals)}>\n"
    for suite in dict.fromkeys(case.suite for case in cases):
        members = [case for case in cases if case.suite == suite]
        moment = stamp(run.now).removesuffix("Z")
        yield f"  <testsuite{_attributes(name=suite, timestamp=moment, **_counts(members))}>\n"
        for case in members:
            yield from _case(case)
        yield "  </testsuite>\n"
    yield "</testsuites>\n"


def _controls(run: Run) -> Iterator[_Case]:
    shown = outline(run)
    titles = {group.id: group.title for group in run.framework.groups} if run.framework else {}
    failing: dict[str, list[str]] = {}
    for one in shown.failing:
        for control in one.controls:
            said = found(one.state.actual)
            where = place_of(one.state.resource)
            failing.setdefault(control, []).append(
                f"{one.severity}: {where.name} ({where.type}): {said}, expected {one.state.expected}"
            )
    for result in (*shown.counted, *shown.clauses):
        group = result.control.group
        suite = f"{group} {titles.get(group, '')}".strip()
        yield _of_control(result, suite, failing.get(result.control.id, ()))


def _of_control(result: ControlResult, suite: str, details: Sequence[str]) -> _Case:
    name = f"{result.control.id} {result.control.title}"
    reasons = "; ".join(result.reasons) or why(result)
    if result.state is ControlState.GAP:
        return _Case(name, suite, reasons, str(result.severity or "declared"), details=details)
    if result.state in _SKIPPED:
        return _Case(name, suite, skipped=f"{STATES[result.state].label}: {reasons}")
    remark = f"{STATES[result.state].label}: {reasons}"
    return _Case(name, suite, remark=remark)


def _policies(run: Run) -> Iterator[_Case]:
    for action in outline(run).actions:
        yield _of_policy(action)


def _of_policy(action: Action) -> _Case:
    said = f"fails on {plural(len(action.resources), 'resource')}"
    return _Case(action.policy, "policies", said, str(action.severity), details=action.resources)


def _case(case: _Case) -> Iterator[str]:
    opened = f"    <testcase{_attributes(name=case.name, classname=case.suite)}"
    if case.failure:
        left = len(case.details) - _SHOWN
        lines = [*case.details[:_SHOWN], *([f"and {left:,} more"] if left > 0 else [])]
        text = "\n".join(_text(one) for one in lines)
        about = _attributes(message=case.failure, type=case.severity)
        yield f"{opened}>\n      <failure{about}>{text}</failure>\n    </testcase>\n"
    elif case.skipped:
        yield f"{opened}>\n      <skipped{_attributes(message=case.skipped)}/>\n    </testcase>\n"
    elif case.remark:
        yield f"{opened}>\n      <system-out>{_text(case.remark)}</system-out>\n    </testcase>\n"
    else:
        yield f"{opened}/>\n"


def _counts(cases: Iterable[_Case]) -> dict[str, str]:
    listed = list(cases)
    return {
        "tests": str(len(listed)),
        "failures": str(sum(bool(case.failure) for case in listed)),
        "skipped": str(sum(bool(case.skipped) for case in listed)),
        "errors": "0",
    }


def _attributes(**values: str) -> str:
    from xml.sax.saxutils import quoteattr  # it brings an HTTP client along

    return "".join(f" {key}={quoteattr(_plain(value))}" for key, value in values.items())


def _text(value: str) -> str:
    from xml.sax.saxutils import escape

    return escape(_plain(value))


def _plain(value: str) -> str:
    """Text that XML can hold."""
    return _NOT_XML.sub("\ufffd", for_terminal(value))
