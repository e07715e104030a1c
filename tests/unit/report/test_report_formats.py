"""The table of formats."""

from __future__ import annotations

import pytest

from blueprinter.report import FORMATS, format_for_file


def test_the_formats_and_which_a_terminal_takes() -> None:
    assert FORMATS.names() == ("console", "json", "jsonl", "csv", "markdown", "html")
    assert [row.name for row in FORMATS if not row.to_terminal] == ["html"]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("out/report.html", "html"),
        ("REPORT.HTM", "html"),
        ("a.json", "json"),
        ("a.jsonl", "jsonl"),
        ("a.csv", "csv"),
        ("a.md", "markdown"),
        ("a.txt", "console"),
    ],
)
def test_a_file_name_means_a_format(file: str, name: str) -> None:
    row = format_for_file(file)
    assert row is not None
    assert row.name == name


def test_other_file_names_mean_none() -> None:
    assert format_for_file("report.pdf") is None
    assert format_for_file("json") is None
