"""The report of the example estate: every number of its first screen is that of the JSON output beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from blueprinter.cli import run
from blueprinter.report import FORMATS, ReportOptions, read_run
from unit.report.page_tree import Element, read_page
from unit.report.test_report_first_screen import controls_within, number, said, traced


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    assert run(["-q", "demo", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def tree(demo: Path) -> Element:
    return read_page((demo / "report.html").read_text(encoding="utf-8"))


def test_every_number_of_the_first_screen_is_traced(demo: Path, tree: Element) -> None:
    document = json.loads((demo / "run.json").read_text(encoding="utf-8"))
    found = traced(tree)
    assert len(found) >= 20
    for element in found:
        assert number(element) == said(document, element.attributes["data-json"]), element.attributes
    (line,) = tree.all("p", **{"class": "sum"})
    *kinds, applicable, _ = [number(link) for link in traced(line)]
    assert sum(kinds) == applicable == document["coverage"]["whole"]


def test_every_number_of_controls_leads_to_as_many(tree: Element) -> None:
    (verdict,) = tree.all("div", **{"class": "verdict"})
    for link in traced(verdict):
        place = tree.by_id(link.attributes["href"].removeprefix("#"))
        assert controls_within(place) == number(link), link.attributes


def test_no_number_of_the_lead_stands_alone(tree: Element) -> None:
    """Whatever digit the lead shows is a link to a list, or a part of a name."""
    (lead,) = tree.all("p", **{"class": "lead"})[:1]
    linked = [link.text for link in traced(lead)]
    assert re.findall(r"\d[\d,]*", lead.text) == linked


def test_the_page_comes_again_from_the_json_output_alone(demo: Path) -> None:
    again = read_run((demo / "run.json").read_bytes(), "run.json")
    html, json_ = FORMATS.get("html"), FORMATS.get("json")
    assert html is not None
    assert html.write is not None
    assert json_ is not None
    assert json_.write is not None
    assert "".join(html.write(again, ReportOptions())) == (demo / "report.html").read_text(encoding="utf-8")
    assert "".join(json_.write(again, ReportOptions())) == (demo / "run.json").read_text(encoding="utf-8")
