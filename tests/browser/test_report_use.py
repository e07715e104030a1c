"""The whole report in a real browser: hostile names, editions, fixes, deep zoom, and an accessibility check."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from blueprinter.compliance import Run
from blueprinter.report import FORMATS, ReportOptions
from browser.chromium import Watch
from browser.test_report_smoke import report, wait_for
from unit.report import runs

pytestmark = pytest.mark.browser
AXE = Path(__file__).parents[2] / "out" / "node_modules" / "axe-core" / "axe.min.js"


def test_hostile_names_open_no_dialog_ask_for_nothing_and_run_nothing(
    page: Page, watch: Watch, tmp_path: Path
) -> None:
    file = report(runs.hostile(), tmp_path)
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    assert watch.complaints == []
    assert watch.requests == [file.as_uri()]
    assert page.evaluate("document.querySelectorAll('script').length") == 1
    assert page.evaluate("document.querySelectorAll('img, iframe, object, embed, link, base').length") == 0
    assert page.evaluate("document.body.innerText.includes('<script>alert(1)</script>')") is True


def test_the_edition_switch_works_by_keyboard(page: Page, tmp_path: Path) -> None:
    page.goto(report(runs.full(), tmp_path).as_uri())
    own, other = "document.querySelector('.panel-own')", "document.querySelector('.panel-other')"
    assert page.evaluate(f"[{own}.checkVisibility(), {other}.checkVisibility()]") == [True, False]
    page.locator("#edition-own").focus()
    page.keyboard.press("ArrowRight")
    wait_for(page, f"{other}.checkVisibility()")
    assert page.evaluate(f"{own}.checkVisibility()") is False


def test_every_number_of_the_first_screen_leads_to_something_that_shows(page: Page, tmp_path: Path) -> None:
    page.goto(report(runs.full(), tmp_path).as_uri())
    links = page.evaluate(
        "[...document.querySelectorAll('[data-json]')].map(e => e.getAttribute('href').slice(1))"
    )
    assert len(links) > 15
    for name in dict.fromkeys(links):
        page.evaluate(f"location.hash = '#' + {json.dumps(name)}")
        wait_for(page, f"document.getElementById({json.dumps(name)}).checkVisibility()")


def test_the_filter_finds_resources_by_the_name_of_their_rule(page: Page, tmp_path: Path) -> None:
    page.goto(report(runs.full(), tmp_path).as_uri())
    page.keyboard.press("/")
    page.keyboard.type("no inbound rdp rdp-open001")
    wait_for(page, "document.getElementById('filter-status').textContent !== ''")
    shown = page.evaluate(
        "[...document.querySelectorAll('#failing [data-row]')].filter(e => !e.hidden).map(e => e.innerText)"
    )
    assert len(shown) == 1
    assert "rdp-open001" in shown[0]


def test_the_whole_path_by_keyboard_alone(page: Page, tmp_path: Path) -> None:
    """Search, the severity beside it, a list that opens and closes, the other edition: Tab, Enter and arrows."""
    page.goto(report(runs.full(), tmp_path).as_uri())
    page.keyboard.press("/")
    focus = "document.activeElement"
    assert page.evaluate(f"{focus}.id") == "filter"
    page.keyboard.press("Tab")
    assert page.evaluate(f"{focus}.tagName") == "SELECT"
    met: list[str] = []
    for _ in range(400):
        page.keyboard.press("Tab")
        found = page.evaluate(f"{focus}.tagName")
        if found == "SUMMARY" and "SUMMARY" not in met:
            before = page.evaluate(f"{focus}.parentElement.open")
            page.keyboard.press("Enter")
            wait_for(page, f"{focus}.parentElement.open === {json.dumps(not before)}")
            page.keyboard.press("Enter")
            wait_for(page, f"{focus}.parentElement.open === {json.dumps(before)}")
        met.append(found)
        if "SUMMARY" in met and page.evaluate(f"{focus}.id") == "edition-own":
            break
    assert "SUMMARY" in met
    assert page.evaluate(f"{focus}.id") == "edition-own"


def test_without_javascript_everything_is_there(browser: Browser, tmp_path: Path) -> None:
    file = report(runs.full(), tmp_path)
    with browser.new_context(java_script_enabled=False, offline=True) as context:
        page = context.new_page()
        page.goto(file.as_uri())
        assert page.evaluate("document.querySelector('.filter').hidden") is True
        page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
        hidden = "[...document.querySelectorAll('main [data-row]')].filter(e => !e.checkVisibility()).length"
        other = "document.querySelectorAll('.panel-other [data-row]').length"
        assert page.evaluate(f"{hidden} - {other}") == 0


def test_at_400_percent_nothing_is_cut_off_sideways(browser: Browser, tmp_path: Path) -> None:
    """1,280 pixels at 400 % are 320 (WCAG 2.2, 1.4.10 Reflow)."""
    size = {"width": 320, "height": 256}
    with browser.new_context(viewport=size, device_scale_factor=4, offline=True) as context:  # type: ignore[arg-type] # a ViewportSize
        page = context.new_page()
        page.goto(report(runs.full(), tmp_path).as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("document", ["soa", "treatment"])
def test_a_document_by_itself_opens_and_runs_nothing(
    page: Page, watch: Watch, document: str, tmp_path: Path
) -> None:
    row = FORMATS.get("html")
    assert row is not None
    write = row.writer(document)
    assert write is not None
    file = tmp_path / "document.html"
    file.write_text("".join(write(runs.hostile(), ReportOptions(document=document))), encoding="utf-8")
    page.goto(file.as_uri())
    assert watch.complaints == []
    assert watch.requests == [file.as_uri()]
    assert page.evaluate("document.querySelectorAll('tbody tr').length") > 0


@pytest.mark.skipif(not AXE.is_file(), reason="needs axe-core: make axe")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("make", [runs.full, runs.without_framework])
def test_axe_finds_nothing(
    page: Page, scheme: Literal["light", "dark"], make: Callable[[], Run], tmp_path: Path
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(report(make(), tmp_path).as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate(
        f"axe.run(document, {{runOnly: {json.dumps(tags)}}}).then(r => r.violations.map("
        "v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | ')))"
    )
    assert found == []
