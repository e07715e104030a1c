"""Hostile names stay harmless in a terminal, in Markdown and in CSV."""

from __future__ import annotations

import re

import pytest

from blueprinter.casing import fold, get, key_of, same
from blueprinter.diagnostics import Diagnostic, Position, Severity
from blueprinter.table import Table
from blueprinter.text import did_you_mean, for_csv, for_markdown, for_terminal, plural


@pytest.mark.parametrize("hostile", ["\x1b[31mred", "a\u202eb", "a\nb", "a\rb", "x\x9bK", "zero\u200bwidth"])
def test_nothing_moves_the_cursor_or_the_reader(hostile: str) -> None:
    shown = for_terminal(hostile)
    assert shown.isprintable()
    assert "\\u" in shown


@pytest.mark.parametrize(
    "hostile",
    [
        "::error::x",
        "say ::Set-Output name=x, y=z::1",
        ":::add-path::/tmp",
        "::a::b::c",
        "x ##[command]y",
        "###[group]y",
        "a ##vso[task.setvariable variable=x]y",
        "##VSO[task.complete]",
    ],
)
def test_no_line_is_a_command_of_a_pipeline_wherever_it_is_wrapped(hostile: str) -> None:
    shown = for_terminal(hostile)
    assert for_terminal(shown) == shown
    for start in range(len(shown)):
        line = shown[start:].lstrip()
        assert not re.match(r"::[\w-]+(\s.*)?::", line)
        assert not re.search(r"##(vso)?\[", line, re.IGNORECASE)


@pytest.mark.parametrize(
    "plain", ["2001:db8::1/64", "::/0", "[Guid]::NewGuid()", "## [title]", "a: b", "#[x]"]
)
def test_what_only_looks_like_a_command_stays(plain: str) -> None:
    assert for_terminal(plain) == plain


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_starts_a_formula(formula: str) -> None:
    assert for_csv(formula)[0] in "'\\"


def test_markdown_shows_text_as_it_is() -> None:
    assert for_markdown("a|b <img> [x](y) @team") == "a\\|b \\<img\\> \\[x\\]\\(y\\) \\@team"


def test_a_diagnostic_prints_its_place_code_and_hint() -> None:
    found = Diagnostic(
        "BP105", Severity.ERROR, "expected `,`", "is a comma missing?", Position("a.json", 3, 7)
    )
    assert str(found) == "a.json:3:7: error[BP105]: expected `,`\n  hint: is a comma missing?"


def test_folding_is_full_and_lookup_prefers_the_exact_spelling() -> None:
    assert fold("STRASSE") == fold("Straße")
    assert same("East US", "east us")
    held = {"True": 1, "true": 2}
    assert (get(held, "true"), get(held, "TRUE"), key_of(held, "tRUE")) == (2, 1, "True")


def test_a_table_refuses_a_name_twice_and_suggests_the_nearest() -> None:
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Row:
        name: str

    table = Table([Row("notEquals"), Row("equals")])
    assert table.get("NOTEQUALS") == Row("notEquals")
    assert table.suggest("notEqual") == "did you mean `notEquals`?"
    with pytest.raises(ValueError, match="twice"):
        Table([Row("a"), Row("A")])


def test_small_words() -> None:
    assert did_you_mean("wholly else", ["equals"]) is None
    assert (plural(1, "gap"), plural(1204, "policy", "policies")) == ("1 gap", "1,204 policies")
