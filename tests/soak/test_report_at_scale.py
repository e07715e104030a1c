"""The report of large estates: how long a page takes to write and to open is told, not asserted; and that a workbook
opens in LibreOffice."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from blueprinter.report import FORMATS, ReportOptions
from browser.chromium import MISSING, Watch, chromium, find
from unit.report import runs

pytestmark = pytest.mark.soak
OFFICE = shutil.which("soffice") or shutil.which("libreoffice")


def tell(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        print(f"\n  {text}", flush=True)  # noqa: T201 (what the run is for)


@pytest.mark.skipif(find() is None, reason=MISSING)
@pytest.mark.parametrize("findings", [5_000, 50_000])
def test_how_long_a_page_takes_to_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], findings: int
) -> None:
    row = FORMATS.get("html")
    assert row is not None
    assert row.write is not None
    assert row.files is not None
    run = runs.medium(failures=int(findings / 1.3))
    options = ReportOptions(max_findings=5_000)
    started = time.monotonic()
    file = tmp_path / "report.html"
    file.write_text("".join(row.write(run, options)), encoding="utf-8")
    for name, content in row.files(run, options, file.name):
        (tmp_path / name).write_bytes(content)
    written = time.monotonic() - started
    with chromium() as browser:
        page, watch = browser.new_page(offline=True), Watch()
        watch.of(page)
        started = time.monotonic()
        page.goto(file.as_uri())
        opened = time.monotonic() - started
        assert watch.complaints == []
        assert page.evaluate("document.querySelectorAll('#failing [data-row]').length") == min(
            5_000, len(run.findings)
        )
        started = time.monotonic()
        page.keyboard.press("/")
        page.keyboard.type("stshop00")
        page.evaluate(
            "new Promise(good => { const look = () => document.getElementById('filter-status').textContent"
            " ? good(1) : setTimeout(look, 20); look(); })"
        )
        filtered = time.monotonic() - started
    beside = sum(other.stat().st_size for other in tmp_path.glob("*.jsonl"))
    tell(
        capsys,
        f"{len(run.findings):,} findings: page {file.stat().st_size:,} bytes, beside it {beside:,}; "
        f"written in {written:.1f} s, opened in {opened:.2f} s, filtered in {filtered:.2f} s",
    )
    assert file.stat().st_size <= 2_000_000


@pytest.mark.skipif(OFFICE is None, reason="needs LibreOffice (Debian: apt-get install libreoffice-calc)")
@pytest.mark.parametrize("make", [runs.full, runs.hostile])
def test_a_workbook_opens_in_libreoffice(tmp_path: Path, make: Callable[[], object]) -> None:
    row = FORMATS.get("xlsx")
    assert row is not None
    assert row.files is not None
    ((name, content),) = row.files(make(), ReportOptions(), "gaps.xlsx")  # type: ignore[arg-type] # a Run
    (tmp_path / name).write_bytes(content)
    assert OFFICE is not None
    done = subprocess.run(
        [
            OFFICE,
            f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
            "--headless",
            "--convert-to",
            "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1",
            "--outdir",
            str(tmp_path),
            str(tmp_path / name),
        ],
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sheets = {file.stem.partition("-")[2] for file in tmp_path.glob("gaps-*.csv")}
    assert {"Summary", "Controls", "Findings", "SoA"} <= sheets
