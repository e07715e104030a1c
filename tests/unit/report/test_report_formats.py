"""The table of formats."""

from __future__ import annotations

from blueprinter.report import FORMATS


def test_the_formats_and_which_a_terminal_takes() -> None:
    assert FORMATS.names() == (
        "console",
        "json",
        "jsonl",
        "csv",
        "markdown",
        "sarif",
        "github",
        "html",
    )
    assert [row.name for row in FORMATS if not row.to_terminal] == ["html"]


def test_an_extension_means_one_format() -> None:
    extensions = [extension for row in FORMATS for extension in row.extensions]
    assert len(extensions) == len(set(extensions))
    assert all(extension.startswith(".") and extension == extension.lower() for extension in extensions)
