"""Names that come from outside are shown as text by every format, whatever they hold."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from blueprinter.report import FORMATS, ReportOptions
from blueprinter.text import for_terminal
from unit.report import runs
from unit.report.page_tree import read_page

RUN = runs.hostile()
HARMLESS_TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "script",
        "header",
        "nav",
        "main",
        "footer",
        "section",
    ),
    *(
        "article",
        "div",
        "span",
        "p",
        "a",
        "h1",
        "h2",
        "h3",
        "h4",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "bdi",
        "b",
        "q",
    ),
    *(
        "table",
        "caption",
        "colgroup",
        "col",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "details",
        "summary",
        "wbr",
    ),
    *(
        "svg",
        "defs",
        "pattern",
        "rect",
        "text",
        "form",
        "label",
        "input",
        "select",
        "option",
        "button",
        "strong",
        "fieldset",
        "legend",
        "figure",
        "figcaption",
        "line",
        "polyline",
        "circle",
        "pre",
        "code",
    ),
}


def written(name: str, options: ReportOptions | None = None) -> str:
    row = FORMATS.get(name)
    assert row is not None
    assert row.write is not None
    return "".join(row.write(RUN, options or ReportOptions(all_states=True)))


def test_html_holds_them_as_text_and_nothing_else() -> None:
    tree = read_page(written("html"))
    assert {element.tag for element in tree.walk()} <= HARMLESS_TAGS | {"#document"}
    assert len(tree.all("script")) == len(tree.all("style")) == 1
    rows = tree.by_id("failing").all("bdi", **{"class": "name"})
    assert {row.text for row in rows} == {for_terminal(text) for text in runs.HOSTILE}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", tree.text)
    for name in ("class", "id", "href"):
        values = [element.attributes[name] for element in tree.walk() if name in element.attributes]
        portal = r"https://portal\.azure\.com/#resource/subscriptions/[A-Za-z0-9%/._~-]+"
        assert all(re.fullmatch(rf"#?[A-Za-z0-9 ._-]+|{portal}", value) for value in values), name


def test_console_has_no_codes_and_no_markup() -> None:
    plain = written("console", ReportOptions(width=400))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]", plain)
    assert "[red]markup[/red] :bomb:" in plain
    coloured = written("console", ReportOptions(color=True, width=400))
    assert set(re.findall(r"\x1b(?!\[[0-9;]*m)", coloured)) == set()
    assert "\x07" not in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).split() == plain.split()


def test_csv_cells_start_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv"))))
    assert len(rows) == len(RUN.findings)
    for row in rows:
        assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
    names = {row["resourceName"].removeprefix("'") for row in rows}
    assert names == {for_terminal(text) for text in runs.HOSTILE}


def test_markdown_has_no_live_markup() -> None:
    text = written("markdown")
    bare = re.sub(r"\\.", "", text)
    assert "http" not in re.sub(r"http\\:", "", text)
    assert not re.search(r"<(?!/?(details|summary|sub|br)\b)", bare)
    assert "](" not in bare
    assert "@" not in bare
    rows = [line for line in bare.splitlines() if line.startswith("|")]
    widths = {line.count("|") for line in rows if set(line) - set("|-: ")}
    assert widths <= {3, 5, 6, 7, 10}


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_json_keeps_them_as_they_are(name: str) -> None:
    text = written(name)
    records = (
        json.loads(text)["findings"] if name == "json" else [json.loads(line) for line in text.splitlines()]
    )
    assert {record["actual"] for record in records if "actual" in record} == set(runs.HOSTILE)
    assert "\x1b" not in text
