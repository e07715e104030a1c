"""Pages of HTML that open from disk: the Jinja2 environment, and a page of plain tables.

Whatever comes from outside is escaped by Jinja2's autoescape after control and reordering characters were made
visible; a content security policy names the one style and the one script of a page by their hashes, so that nothing
else could run even if it got in.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from blueprinter.compliance import Run
from blueprinter.content import shipped
from blueprinter.report import words
from blueprinter.report.table_text import TextTable
from blueprinter.text import for_terminal, plural

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

_NOT_IN_AN_ANCHOR = re.compile(r"[^A-Za-z0-9.-]")


def anchor(kind: str, name: str) -> str:
    """An id for a fragment link: one to one with the name, whatever it holds."""
    return f"{kind}-{_NOT_IN_AN_ANCHOR.sub(lambda match: f'_{ord(match[0]):x}_', name)}"


def write_tables(run: Run, tables: Sequence[TextTable]) -> Iterator[str]:
    """A page of tables, in pieces; rows that are marked stand out by a word and a line, not by colour alone."""
    made = environment()
    style = source(made, "report.css")
    yield from made.get_template("tables.html.j2").generate(
        run=run, tables=tables, style=style, style_hash=inline_hash(style)
    )


def environment() -> SandboxedEnvironment:
    """Where templates are read from, and what every one of them may use."""
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    made = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(shipped("templates") / "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    made.filters.update(
        anchor=lambda name, kind: anchor(kind, name),
        count=lambda number: f"{number:,}",
        fraction=words.fraction,
        moment=words.moment,
        plural=plural,
    )
    made.globals.update(anchor=anchor, words=words)
    return made


def source(made: SandboxedEnvironment, name: str) -> str:
    """The text of a style or script."""
    loader = made.loader
    assert loader is not None
    return loader.get_source(made, name)[0]


def inline_hash(text: str) -> str:
    """The source expression of a content security policy for an inline style or script."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _visible(value: object) -> object:
    """Every string on its way into the page: control and reordering characters are shown, never obeyed."""
    return value if hasattr(value, "__html__") or not isinstance(value, str) else for_terminal(value)
