"""Pictures of the report's first screen for README and docs: `python tests/browser/pictures.py REPORT.html FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parents[1]))

from browser.chromium import chromium

_SHOTS: tuple[tuple[str, Literal["light", "dark"]], ...] = (
    ("report.png", "light"),
    ("report-dark.png", "dark"),
)
_WIDTH, _HEIGHT = 1280, 1020


def main(report: Path, folder: Path) -> None:
    """Writes each picture; the same page gives the same picture on the same browser."""
    with chromium() as browser:
        for name, scheme in _SHOTS:
            page = browser.new_page(
                viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme=scheme, offline=True
            )
            page.goto(report.resolve().as_uri())
            page.screenshot(path=folder / name)
            page.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
