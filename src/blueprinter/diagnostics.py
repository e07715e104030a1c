"""What is wrong, where, and what to do about it.

A diagnostic is a code, a message and a hint at a position. All faults of a phase are collected and
raised once as `InvalidInput`. The codes themselves are rows in the package that raises them:
BP1xx documents, BP2xx blueprints and registers, BP3xx policy language, BP4xx policy lint,
BP5xx templates, BP6xx deployment and Azure, BP7xx sandbox.

Grammar of a message: lower case, no final period, user input in backticks, no names of our classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.text import for_terminal


class Severity(StrEnum):
    """How much a diagnostic weighs: an error ends with exit code 2, a warning is shown and counted."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Position(Struct, frozen=True, order=True):
    """A place in a file. Lines and columns count from 1, columns in characters; 0 is "not known"."""

    file: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    pointer: str = ""
    """JSON pointer (RFC 6901) of the value, `""` for the whole document."""

    def __str__(self) -> str:
        place = for_terminal(self.file)
        if self.line:
            place += f":{self.line}:{self.column}"
        return place


class CodeRow(Struct, frozen=True):
    """One diagnostic code: what `blueprinter explain CODE` prints."""

    name: str
    title: str
    """One line, lower case."""
    explanation: str
    """Why this is a fault and how to mend it; plain text, a few sentences."""
    bad: str = ""
    """A short example that raises it."""
    good: str = ""
    """The same example, mended."""


class Diagnostic(Struct, frozen=True):
    """One fault or remark about an input."""

    code: str
    severity: Severity
    message: str
    hint: str = ""
    position: Position = field(default_factory=lambda: Position(""))

    def __str__(self) -> str:
        """`file:line:column: error[BPnnn]: message`, with the hint on a second line."""
        place = f"{self.position}: " if self.position.file else ""
        text = f"{place}{self.severity}[{self.code}]: {for_terminal(self.message)}"
        return f"{text}\n  hint: {for_terminal(self.hint)}" if self.hint else text

    def as_json(self) -> dict[str, object]:
        """The machine form: `{code, severity, message, hint, file, pointer, line, column, endLine, endColumn}`."""
        where = self.position
        return {
            "code": self.code,
            "severity": str(self.severity),
            "message": self.message,
            "hint": self.hint,
            "file": where.file,
            "pointer": where.pointer,
            "line": where.line,
            "column": where.column,
            "endLine": where.end_line,
            "endColumn": where.end_column,
        }


def error(code: str, message: str, position: Position, hint: str = "") -> Diagnostic:
    """A diagnostic of severity error."""
    return Diagnostic(code, Severity.ERROR, message, hint, position)


def warning(code: str, message: str, position: Position, hint: str = "") -> Diagnostic:
    """A diagnostic of severity warning."""
    return Diagnostic(code, Severity.WARNING, message, hint, position)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Diagnostics sorted by place, then code, each only once."""

    def place(found: Diagnostic) -> tuple[str, int, int, str, str]:
        where = found.position
        return where.file, where.line, where.column, found.code, found.message

    return tuple(sorted(dict.fromkeys(diagnostics), key=place))


_FOLDED_ABOVE, _FOLDED_AT_MOST = 3, 8


def as_lines(diagnostics: Iterable[Diagnostic], *, base: str = "", fold: bool = False) -> Iterator[str]:
    """Each diagnostic as text; a hint that was given already is not repeated.

    `base`: a folder, below which files are named by their way from there. `fold`: warnings of one code in one file
    become one where there are more than three, with how many there are.
    """
    given: set[str] = set()
    for found, more in _folded(diagnostics) if fold else ((one, ()) for one in diagnostics):
        place = replace(found.position, file=_below(found.position.file, base))
        line = str(replace(found, position=place, hint="" if found.hint in given else found.hint))
        given.add(found.hint)
        if more:
            head, _, hint = line.partition("\n")
            lines = ", ".join(str(one.position.line) for one in more[:_FOLDED_AT_MOST])
            rest = "…" if len(more) > _FOLDED_AT_MOST else ""
            line = f"{head}; and {len(more)} more like it (lines {lines}{rest}), which -v shows"
            line += f"\n{hint}" if hint else ""
        yield line


def _folded(diagnostics: Iterable[Diagnostic]) -> Iterator[tuple[Diagnostic, Sequence[Diagnostic]]]:
    """Diagnostics in order, each with those that it stands for."""
    listed = list(diagnostics)
    alike: dict[tuple[str, str], list[Diagnostic]] = {}
    for one in listed:
        if one.severity is Severity.WARNING and one.position.line:
            alike.setdefault((one.code, one.position.file), []).append(one)
    for one in listed:
        group = alike.get((one.code, one.position.file), [])
        if one.severity is not Severity.WARNING or len(group) <= _FOLDED_ABOVE or one not in group:
            yield one, ()
        elif one is group[0]:
            yield one, group[1:]


def _below(file: str, base: str) -> str:
    """A file by its way from a folder, where it lies below it."""
    return file.removeprefix(f"{base.rstrip('/')}/") if base else file


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any diagnostic is of severity error."""
    return any(found.severity is Severity.ERROR for found in diagnostics)


class InvalidInput(Exception):
    """Input that cannot be used, with every fault that was found; the command line exits with 2."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = in_order(diagnostics)
        super().__init__("\n".join(str(found) for found in self.diagnostics))
