"""Diagnostics as lines: hints once, files by their way from a folder, what is alike as one."""

from __future__ import annotations

from blueprinter.diagnostics import Diagnostic, Position, as_lines, error, warning


def form(line: int, file: str = "/repo/registers/x.yaml", code: str = "BP264") -> Diagnostic:
    return warning(code, f"form {line} is empty", Position(file, line, 5), "fill it in")


def test_a_hint_is_given_once() -> None:
    assert list(as_lines([form(1), form(2)])) == [
        "/repo/registers/x.yaml:1:5: warning[BP264]: form 1 is empty\n  hint: fill it in",
        "/repo/registers/x.yaml:2:5: warning[BP264]: form 2 is empty",
    ]


def test_files_are_named_from_the_folder_where_one_is() -> None:
    assert next(as_lines([form(1)], base="/repo")).startswith("registers/x.yaml:1:5: ")
    assert next(as_lines([form(1)], base="/rep")).startswith("/repo/registers")
    assert next(as_lines([error("BP101", "gone", Position(""))], base="/repo")) == "error[BP101]: gone"


def test_many_that_are_alike_become_one() -> None:
    forms = [form(line) for line in range(1, 7)]
    assert list(as_lines(forms, fold=True)) == [
        "/repo/registers/x.yaml:1:5: warning[BP264]: form 1 is empty; and 5 more like it (lines 2, 3, 4, 5, 6), "
        "which -v shows\n  hint: fill it in"
    ]
    assert len(list(as_lines(forms))) == 6
    assert "9…)" in next(as_lines([form(line) for line in range(1, 30)], fold=True))


def test_what_is_not_alike_is_told_apart() -> None:
    """Three are few enough; errors are all told; another file, another code and no line are another thing."""
    mixed = [
        *(form(line) for line in (1, 2, 3)),
        *(form(line, "/repo/other.yaml") for line in (1, 2, 3)),
        *(form(line, code="BP265") for line in (1, 2, 3)),
        *(
            error("BP110", f"wrong {line}", Position("/repo/registers/x.yaml", line, 1))
            for line in range(1, 6)
        ),
        *(warning("BP646", f"refused {number}", Position("/repo/prod.yaml")) for number in range(5)),
    ]
    assert len(list(as_lines(mixed, fold=True))) == len(mixed)
