"""The table of formats."""

from __future__ import annotations

from blueprinter.report import DOCUMENTS, FORMATS


def test_the_formats_and_which_a_terminal_takes() -> None:
    assert FORMATS.names() == (
        "console",
        "json",
        "jsonl",
        "csv",
        "markdown",
        "sarif",
        "github",
        "azure-devops",
        "junit",
        "html",
        "xlsx",
        "oscal",
    )
    assert [row.name for row in FORMATS if not row.to_terminal] == ["html", "xlsx", "oscal"]
    assert all(row.write is not None or row.files is not None for row in FORMATS)


def test_the_other_documents_and_who_writes_them() -> None:
    able = {name: [row.name for row in FORMATS if row.writer(name) is not None] for name in DOCUMENTS[1:]}
    assert able == {
        "soa": ["csv", "markdown", "html"],
        "treatment": ["csv", "markdown", "html"],
        "sample": ["json", "csv", "markdown"],
    }


def test_an_extension_means_one_format() -> None:
    extensions = [extension for row in FORMATS for extension in row.extensions]
    assert len(extensions) == len(set(extensions))
    assert all(extension.startswith(".") and extension == extension.lower() for extension in extensions)
