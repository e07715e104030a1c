"""The HTML report in a real browser: it opens from disk, complains of nothing, asks for nothing, and can be used."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page

from blueprinter.compliance import ControlState, Run
from blueprinter.report import FORMATS, NOT_A_VERDICT, ReportOptions
from browser.chromium import Watch
from unit.report import runs

pytestmark = pytest.mark.browser


def report(run: Run, folder: Path) -> Path:
    row = FORMATS.get("html")
    assert row is not None
    assert row.write is not None
    file = folder / "report.html"
    file.write_text("".join(row.write(run, ReportOptions())), encoding="utf-8", newline="\n")
    return file


def wait_for(page: Page, expression: str) -> None:
    """Wait until a JavaScript expression is true, for at most five seconds."""
    awaited = f"""new Promise((good, bad) => {{
        let left = 100;
        const again = () => {{
            if ({expression}) good(true);
            else if (left-- === 0) bad("never true");
            else setTimeout(again, 50);
        }};
        again();
    }})"""
    assert page.evaluate(awaited) is True


@pytest.mark.parametrize("make", [runs.medium, runs.hostile, runs.empty, runs.without_framework])
def test_it_opens_from_disk_without_a_complaint_or_a_request(
    page: Page, watch: Watch, make: Callable[[], Run], tmp_path: Path
) -> None:
    file = report(make(), tmp_path)
    page.goto(file.as_uri())
    assert page.evaluate("document.querySelector('h1').textContent.length") > 0
    assert watch.complaints == []
    assert watch.requests == [file.as_uri()]


def test_the_first_screen_shows_the_verdict_the_counts_and_the_limit(page: Page, tmp_path: Path) -> None:
    run = runs.medium()
    page.goto(report(run, tmp_path).as_uri())
    visible = page.evaluate("document.getElementById('summary').innerText")
    assert (
        "7 of 15 tested controls have an open finding, 1 of them critical, 2 of them under a waiver."
        in visible
    )
    for state in ControlState:
        count = run.state_counts[state]
        link = page.evaluate(f"document.querySelector('.legend a[href=\"#{state}\"]').innerText")
        assert re.match(rf"{count}\b", link.strip())
    for text in ("15 of 88 (17 %)", "8 of 15 (53 %)", NOT_A_VERDICT, "Clauses 4–10"):
        assert text in visible
    for part in (".lead", ".sum", ".act li"):
        bottom = page.evaluate(f"document.querySelector('{part}').getBoundingClientRect().bottom")
        assert bottom < page.evaluate("window.innerHeight"), part


def test_the_filter_works_by_keyboard_and_gives_everything_back(page: Page, tmp_path: Path) -> None:
    page.goto(report(runs.medium(), tmp_path).as_uri())
    rows = page.evaluate("document.querySelectorAll('[data-row]').length")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "filter"
    page.keyboard.type("app-shop002")
    wait_for(page, "document.getElementById('filter-status').textContent !== ''")
    assert page.evaluate("document.getElementById('filter-status').textContent") == f"2 of {rows} rows"
    shown = page.evaluate(
        "[...document.querySelectorAll('[data-row]')].filter(e => e.checkVisibility()).map(e => e.innerText)"
    )
    assert len(shown) == 2
    assert all("app-shop002" in text for text in shown)
    page.keyboard.press("Escape")
    wait_for(page, "document.getElementById('filter-status').textContent === ''")
    assert page.evaluate("document.querySelectorAll('main [hidden]').length") == 0


def test_a_link_into_a_closed_list_opens_it(page: Page, tmp_path: Path) -> None:
    page.goto(report(runs.medium(), tmp_path).as_uri())
    assert not page.evaluate("document.getElementById('control-A.5.3').checkVisibility()")
    page.evaluate("location.hash = '#control-A.5.3'")
    wait_for(page, "document.getElementById('control-A.5.3').checkVisibility()")


def test_nothing_is_wider_than_a_narrow_screen(page: Page, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(report(runs.medium(), tmp_path).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


_CONTRASTS = """(() => {
    const rgb = text => { const m = text.match(/[\\d.]+/g).map(Number); return m.length > 3 && m[3] === 0 ? null : m; };
    const light = ([r, g, b]) => { const f = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
        return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
    const ground = e => {
        for (; e; e = e.parentElement) {
            const c = rgb(getComputedStyle(e).backgroundColor);
            if (c) return c;
        }
        return [255, 255, 255];
    };
    const low = new Set();
    for (const e of document.querySelectorAll("body *")) {
        if (e.closest("svg") || !e.checkVisibility()) continue;
        if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
        const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
        const ratio = (a + .05) / (b + .05);
        if (ratio < 4.5) low.add(`${e.tagName}.${e.className}: ${ratio.toFixed(2)}`);
    }
    return [...low];
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_the_contrast_of_wcag_aa(
    page: Page, scheme: Literal["light", "dark"], tmp_path: Path
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(report(runs.medium(), tmp_path).as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    assert page.evaluate(_CONTRASTS) == []


def test_it_prints_on_a4_with_every_list_open(page: Page, tmp_path: Path) -> None:
    page.goto(report(runs.medium(), tmp_path).as_uri())
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.querySelectorAll('details:not([open])').length") == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.querySelectorAll('details:not([open])').length") > 0
    pdf = page.pdf(prefer_css_page_size=True)
    sizes = {tuple(map(float, box)) for box in re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)}
    assert sizes
    # points of 1/72 inch; A4 is 210 by 297 mm
    assert all(abs(width - 595) <= 2 and abs(height - 842) <= 2 for width, height in sizes)
    assert len(re.findall(rb"/Type /Page\b", pdf)) > 5
