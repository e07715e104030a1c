"""The HTML report in a real browser: it opens from disk, complains of nothing, asks for nothing, and can be used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from blueprinter.compliance import ControlState, Run
from blueprinter.report import FORMATS, NOT_A_VERDICT, ReportOptions
from browser.chromium import Page, browser, find
from unit.report import runs

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find() is None, reason="needs Chromium (Debian: apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One browser for all tests of this file; each opens its own page."""
    with browser(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


def report(run: Run, folder: Path) -> Path:
    row = FORMATS.get("html")
    assert row is not None
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
    page: Page, make: object, tmp_path: Path
) -> None:
    assert callable(make)
    file = report(make(), tmp_path)
    page.open(file)
    assert page.evaluate("document.querySelector('h1').textContent.length") > 0
    assert page.complaints() == []
    assert page.requests() == [file.as_uri()]


def test_the_first_screen_shows_the_verdict_the_counts_and_the_limit(page: Page, tmp_path: Path) -> None:
    run = runs.medium()
    page.open(report(run, tmp_path))
    visible = page.evaluate("document.getElementById('summary').innerText")
    assert "5 of 15 tested controls fail a test" in visible
    for state in ControlState:
        count = run.state_counts[state]
        link = page.evaluate(f"document.querySelector('.legend a[href=\"#{state}\"]').innerText")
        assert re.match(rf"{count}\b", link.strip())
    for text in ("15 of 88 (17 %)", "8 of 15 (53 %)", NOT_A_VERDICT, "Clauses 4–10"):
        assert text in visible
    top = page.evaluate("document.querySelector('.legend').getBoundingClientRect().bottom")
    assert top < page.evaluate("window.innerHeight")


def test_the_filter_works_by_keyboard_and_gives_everything_back(page: Page, tmp_path: Path) -> None:
    page.open(report(runs.medium(), tmp_path))
    rows = page.evaluate("document.querySelectorAll('[data-row]').length")
    page.press("/")
    assert page.evaluate("document.activeElement.id") == "filter"
    page.type("app-shop002")
    wait_for(page, "document.getElementById('filter-status').textContent !== ''")
    assert page.evaluate("document.getElementById('filter-status').textContent") == f"2 of {rows} rows"
    shown = page.evaluate(
        "[...document.querySelectorAll('[data-row]')].filter(e => e.checkVisibility()).map(e => e.innerText)"
    )
    assert len(shown) == 2
    assert all("app-shop002" in text for text in shown)
    page.press("Escape")
    wait_for(page, "document.getElementById('filter-status').textContent === ''")
    assert page.evaluate("document.querySelectorAll('main [hidden]').length") == 0


def test_a_link_into_a_closed_list_opens_it(page: Page, tmp_path: Path) -> None:
    page.open(report(runs.medium(), tmp_path))
    assert not page.evaluate("document.getElementById('control-A.5.3').checkVisibility()")
    page.evaluate("location.hash = '#control-A.5.3'")
    wait_for(page, "document.getElementById('control-A.5.3').checkVisibility()")


def test_nothing_is_wider_than_a_narrow_screen(page: Page, tmp_path: Path) -> None:
    page.open(report(runs.medium(), tmp_path))
    page.send("Emulation.setDeviceMetricsOverride", width=360, height=800, deviceScaleFactor=1, mobile=True)
    try:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    finally:
        page.send("Emulation.clearDeviceMetricsOverride")


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
def test_every_text_has_the_contrast_of_wcag_aa(page: Page, scheme: str, tmp_path: Path) -> None:
    page.open(report(runs.medium(), tmp_path))
    page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    try:
        assert page.evaluate(_CONTRASTS) == []
    finally:
        page.send("Emulation.setEmulatedMedia", features=[])


def test_it_prints_with_every_list_open(page: Page, tmp_path: Path) -> None:
    page.open(report(runs.medium(), tmp_path))
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.querySelectorAll('details:not([open])').length") == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.querySelectorAll('details:not([open])').length") > 0
    assert page.send("Page.printToPDF", preferCSSPageSize=True)["data"].startswith("JVBERi0")
