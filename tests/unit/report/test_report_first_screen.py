"""Every number of the first screen: it links to the list that it counts, and the JSON output says the same."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from blueprinter.compliance import Run
from blueprinter.report import FORMATS, ReportOptions
from unit.report import runs
from unit.report.page_tree import Element, read_page

RUNS = {"small": runs.small, "medium": runs.medium, "full": runs.full, "empty": runs.empty}


def written(run: Run, name: str) -> str:
    row = FORMATS.get(name)
    assert row is not None
    assert row.write is not None
    return "".join(row.write(run, ReportOptions()))


def said(document: dict[str, Any], path: str) -> int:
    """What the JSON document says at a path; `list[key=a|b,key!=c]` counts the members that meet all conditions."""
    if path == "counts.results.undecided":
        return sum(
            document["counts"]["results"].get(k, 0) for k in ("unsupported", "error", "conflict", "unknown")
        )
    if path == "statementMismatches":
        return mismatches(document)
    match = re.fullmatch(r"([\w.]+)\[(.*)\]", path)
    value: Any = document
    for step in (match[1] if match else path).split("."):
        value = value[step]
    if match is None:
        assert isinstance(value, int)
        return value
    return sum(all(meets(member, test) for test in match[2].split(",") if test) for member in value)


def meets(member: dict[str, Any], test: str) -> bool:
    key, operator, wanted = re.fullmatch(r"(\w+)(!?=)(.*)", test).groups()  # type: ignore[union-attr] # ours
    value = member[key]
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return (shown in wanted.split("|")) is (operator == "=")


def mismatches(document: dict[str, Any]) -> int:
    declared = {row["control"]: row for row in (document["statement"] or {"controls": []})["controls"]}
    return sum(
        control["counted"]
        and control["id"] in declared
        and declared[control["id"]]["applicable"]
        and declared[control["id"]]["status"] == "implemented"
        and (control["tested"] == "fail" or control["attested"] == "fail")
        for control in document["controls"]
    )


def traced(tree: Element) -> list[Element]:
    return [element for element in tree.walk() if "data-json" in element.attributes]


def number(element: Element) -> int:
    return int(re.search(r"\d[\d,]*", element.text)[0].replace(",", ""))  # type: ignore[index] # has one


@pytest.mark.parametrize("name", RUNS)
def test_every_number_is_that_of_the_json_output(name: str) -> None:
    run = RUNS[name]()
    document = json.loads(written(run, "json"))
    found = traced(read_page(written(run, "html")))
    assert len(found) >= 7
    for element in found:
        assert number(element) == said(document, element.attributes["data-json"]), element.attributes


@pytest.mark.parametrize("name", RUNS)
def test_the_evidence_adds_up_to_the_applicable_controls(name: str) -> None:
    run = RUNS[name]()
    tree = read_page(written(run, "html"))
    (line,) = tree.all("p", **{"class": "sum"})
    *kinds, applicable, excluded = [number(link) for link in traced(line)]
    assert sum(kinds) == applicable == run.coverage.whole
    assert run.framework is not None
    assert applicable + excluded == len(run.framework.counted)


def controls_within(element: Element) -> int:
    """Distinct controls that a list names."""
    named = {link.attributes["href"] for link in element.all("a") if link.attributes.get("class") == "id"}
    own = {
        f"#{e.attributes['id']}" for e in element.walk() if e.attributes.get("id", "").startswith("control-")
    }
    return len(own or named)


@pytest.mark.parametrize("name", ["small", "medium", "full"])
def test_each_number_of_controls_leads_to_as_many_controls(name: str) -> None:
    run = RUNS[name]()
    tree = read_page(written(run, "html"))
    (verdict,) = tree.all("div", **{"class": "verdict"})
    for link in traced(verdict):
        if not link.attributes["data-json"].startswith(("controls", "counts.states", "coverage")):
            continue
        place = tree.by_id(link.attributes["href"].removeprefix("#"))
        assert controls_within(place) == number(link), link.attributes


def test_the_first_screen_never_shows_a_percent_without_its_fraction() -> None:
    tree = read_page(written(runs.full(), "html"))
    text = " ".join(tree.by_id("summary").text.split())
    for match in re.finditer(r"\(?(\d+) %", text):
        assert re.search(r"\d[\d,]* of \d[\d,]* \($", text[: match.start() + 1]), text[: match.end()][-40:]


def test_what_was_not_read_is_the_first_thing_said() -> None:
    tree = read_page(written(runs.medium(), "html"))
    (verdict,) = tree.all("div", **{"class": "verdict"})
    first = " ".join(verdict.all("p")[0].text.split())
    assert first == (
        "Not everything was read: 1 scope was refused and 3 records could not be read. "
        "What follows speaks of the rest."
    )
