"""The diagnostics of finding content."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

CODES: tuple[CodeRow, ...] = (
    CodeRow(
        "BP191",
        "no such blueprint",
        "A blueprint is named by its folder: a path (anything with a separator, or an existing folder), a name "
        "under `./blueprints/`, or the name of a shipped blueprint. `blueprinter show blueprints` lists them.",
    ),
    CodeRow(
        "BP192",
        "no such initiative",
        "An initiative is named by a file, or by its id or GUID once the built-in definitions were imported with "
        "`blueprinter catalog import FOLDER`. At least one of its policy definitions is known: under policies/, in "
        "files of `--policies`, or imported. Two initiatives of one run have two names.",
    ),
)
