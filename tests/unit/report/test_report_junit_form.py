"""JUnit XML has the form that its readers check: elements, attributes and their values, nothing unknown.

The form is that of the JUnit 10 schema of the Jenkins xUnit plugin; the part of it that is never written (properties,
errors, reruns) is left out.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from blueprinter.compliance import Run
from blueprinter.report import FORMATS, ReportOptions
from unit.report import runs

ANY, COUNT, TIME = r"(?s).*", r"0|[1-9]\d*", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"


@dataclass(frozen=True)
class Element:
    """What an element may hold: attributes with their patterns, and children."""

    required: Mapping[str, str] = field(default_factory=dict)
    optional: Mapping[str, str] = field(default_factory=dict)
    children: tuple[str, ...] = ()
    text: bool = False


SAID = Element(optional={"message": ANY, "type": ANY}, text=True)
FORM = {
    "testsuites": Element(
        optional={"name": ANY, "tests": COUNT, "failures": COUNT, "errors": COUNT}, children=("testsuite",)
    ),
    "testsuite": Element(
        required={"name": ".+", "tests": COUNT, "failures": COUNT, "errors": COUNT},
        optional={"skipped": COUNT, "timestamp": TIME},
        children=("testcase",),
    ),
    "testcase": Element(
        required={"name": ".+"}, optional={"classname": ".+"}, children=("failure", "skipped", "system-out")
    ),
    "failure": SAID,
    "skipped": SAID,
    "system-out": Element(text=True),
}
EVERY = [runs.small, runs.medium, runs.full, runs.hostile, runs.empty, runs.without_framework]


def faults(element: ElementTree.Element) -> Iterator[str]:
    """Everything that is not as the form has it, at any depth."""
    row, name = FORM[element.tag], element.tag
    for attribute in row.required:
        if attribute not in element.attrib:
            yield f"{name}: `{attribute}` is missing"
    known = {**row.required, **row.optional}
    for attribute, value in element.attrib.items():
        if attribute not in known:
            yield f"{name}: `{attribute}` is unknown"
        elif re.fullmatch(known[attribute], value) is None:
            yield f"{name}: `{attribute}` is {value!r}"
    pieces = [element.text, *(child.tail for child in element)]
    if not row.text and any(piece and piece.strip() for piece in pieces):
        yield f"{name}: holds text"
    for child in element:
        if child.tag in row.children:
            yield from faults(child)
        else:
            yield f"{name}: holds `{child.tag}`"


def junit(run: Run) -> ElementTree.Element:
    row = FORMATS.get("junit")
    assert row is not None
    assert row.write is not None
    return ElementTree.fromstring("".join(row.write(run, ReportOptions())))


@pytest.mark.parametrize("make", EVERY)
def test_every_run_has_the_form(make: Callable[[], Run]) -> None:
    root = junit(make())
    assert root.tag == "testsuites"
    assert list(faults(root)) == []


@pytest.mark.parametrize("make", EVERY)
def test_suites_add_up_and_no_case_is_two_things(make: Callable[[], Run]) -> None:
    root = junit(make())
    for suite in root:
        cases = list(suite)
        for name, tag in (("failures", "failure"), ("skipped", "skipped")):
            assert int(suite.attrib[name]) == sum(case.find(tag) is not None for case in cases)
        assert int(suite.attrib["tests"]) == len(cases)
        assert all(len(case) <= 1 for case in cases)
    for name in ("tests", "failures", "errors"):
        assert int(root.attrib[name]) == sum(int(suite.attrib[name]) for suite in root)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('<testsuites skipped="1"/>', "testsuites: `skipped` is unknown"),
        ('<testsuites tests="one"/>', "testsuites: `tests` is 'one'"),
        ("<testsuites><testcase/></testsuites>", "testsuites: holds `testcase`"),
        (
            '<testsuites><testsuite name="x" tests="0" failures="0"/></testsuites>',
            "testsuite: `errors` is missing",
        ),
        ("<testsuites>text</testsuites>", "testsuites: holds text"),
    ],
)
def test_a_departure_from_the_form_is_seen(text: str, fault: str) -> None:
    assert list(faults(ElementTree.fromstring(text))) == [fault]
