"""Text for people: safe in a terminal, in Markdown and in CSV, whatever a resource is called.

Everything that comes from outside (resource names, tags, file contents) passes through one of these
functions on its way to a person. HTML is escaped by Jinja2's autoescape instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

# C0 and C1 controls, and the marks that reorder or hide text: Unicode's Bidi_Control set, zero-width
# characters, line and paragraph separators, the byte order mark and interlinear annotation marks; and lone
# surrogates, which no encoding can write.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)
# Commands that pipelines read from what a step prints: GitHub's at the start of a line, which wrapping can make of any
# place in a text, `##[` (GitHub, Azure DevOps) and `##vso[` (Azure DevOps) anywhere in one. Sources: `ActionCommand.cs`
# of actions/runner, `Command.cs` of microsoft/azure-pipelines-agent.
_COMMAND = re.compile(r":(?=:[\w-]+(?:\s.*?)?::)|#(?=#(?:vso)?\[)", re.IGNORECASE)
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&@:])")
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")


def for_terminal(value: str) -> str:
    """One line of printable text: control and reordering characters become visible `\\u…` escapes, as does what begins
    a command of a pipeline."""
    return _COMMAND.sub(_escaped, _UNSAFE.sub(_escaped, value))


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def for_markdown(value: str) -> str:
    """Text that Markdown shows as it is: no markup, no links, no mentions, no table breaks."""
    return _MARKDOWN_SPECIAL.sub(r"\\\1", for_terminal(value))


def for_csv(value: str) -> str:
    """A cell that a spreadsheet shows as text: a value that could start a formula gets a leading `'`.

    Quoting of commas, quotes and newlines is the CSV writer's work. Source of the rule: OWASP, CSV injection.
    """
    safe = for_terminal(value)
    return f"'{safe}" if safe.startswith(_FORMULA_START) else safe


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """A hint such as ``did you mean `notEquals`?`` for a misspelt name, or None when nothing is near."""
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    near = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return f"did you mean `{by_folded[near[0]]}`?" if near else None


def plural(count: int, singular: str, several: str | None = None) -> str:
    """`1 gap`, `2 gaps`, `1,204 policies`: a count with its noun."""
    return f"{count:,} {singular if count == 1 else several or singular + 's'}"
