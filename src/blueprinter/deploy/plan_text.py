"""A plan for people, for machines and for a pull request.

People see the sum first, then what changes by action and kind, with names as short as they can be; every object by its
id where everything is asked for, and always in the JSON.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from blueprinter.arm import id_within, parse_id, scope_of
from blueprinter.casing import fold, same
from blueprinter.deploy.model import (
    ASSIGNMENTS,
    ATTESTATIONS,
    DEFINITIONS,
    EXEMPTIONS,
    GROUPS,
    LOCKS,
    ROLES,
    SETS,
    STACKS,
)
from blueprinter.deploy.plan import Change, Plan
from blueprinter.deploy.rights import Right
from blueprinter.diagnostics import Diagnostic, Severity
from blueprinter.document import Json
from blueprinter.text import for_markdown, for_terminal, plural

SCHEMA = "blueprinter/plan/1"
_WITHOUT_STACK = "without a stack, what is left behind is known only of objects with our mark"
_ACTIONS: Mapping[str, tuple[str, str]] = {
    "add": ("+", "to add"),
    "change": ("~", "to change"),
    "deploy": ("*", "to deploy again (what changes only Azure knows)"),
    "delete": ("-", "to delete"),
    "leave": ("=", "left behind"),
}
_RESOURCE = "resource"
_KINDS: Mapping[str, str] = {
    fold(type): kind
    for type, kind in (
        (DEFINITIONS, "policy definition"),
        (SETS, "initiative"),
        (ASSIGNMENTS, "policy assignment"),
        (ROLES, "role assignment"),
        (EXEMPTIONS, "exemption"),
        (ATTESTATIONS, "attestation"),
        (LOCKS, "lock"),
        (GROUPS, "resource group"),
        (_RESOURCE, _RESOURCE),
        (STACKS, "deployment stack"),
    )
}
"""In the order in which they are shown; every other type is a resource."""
_GOVERNING = ("microsoft.authorization", "microsoft.policyinsights", "microsoft.resources")
"""Providers whose objects are called by their names alone."""
_EACH = ("change", "delete", "leave")
"""Actions of which every object gets its line."""
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LISTED = 10
_FEW = 5
_AND_MORE = " and 9,999 more"
_TABLE = 250
"""Objects that Markdown lists: a comment on GitHub holds 65,536 characters."""


def plan_lines(plans: Sequence[Plan], *, verbose: bool = False, width: int = 100) -> Iterator[str]:
    """Plain text, a line each; `verbose`: every object by its id."""
    if len(plans) > 1:
        yield f"{plural(len(plans), 'scope')}: {_counted(plans)}{_remarks(plans)}"
    for plan in plans:
        for line in _plan_lines(plan, verbose, width):
            yield for_terminal(line)


def plan_json(plans: Sequence[Plan]) -> dict[str, Json]:
    """The stable machine form."""
    return {"schema": SCHEMA, "plans": [_one(plan) for plan in plans]}


def plan_markdown(plans: Sequence[Plan]) -> Iterator[str]:
    """For the comment of a pull request: the sum and what is to be looked at, and the rest to unfold."""
    room = _TABLE
    for plan in plans:
        what = named(plan.blueprint, plan.version, plan.content)
        yield f"## {for_markdown(plan.assignment)} on {_code(plan.scope)}"
        yield ""
        yield f"{for_markdown(what)}: **{_counted([plan])}**{_remarks([plan])}."
        yield ""
        if not plan.stack:
            yield f"{_WITHOUT_STACK.capitalize()}."
            yield ""
        yield from _matrix(plan)
        yield from _to_look_at(plan.diagnostics)
        yield from _acting(plan)
        yield from _unfolded(plan, room)
        room = max(0, room - len(plan.changes))
        rights = sorted({(one.scope, one.action, one.grants) for one in plan.rights})
        if rights:
            yield "<details><summary>Least rights</summary>"
            yield ""
            for scope, action, grants in rights:
                mark = " **gives rights to others**" if grants else ""
                yield f"- {_code(action)} at {_code(scope)}{mark}"
            yield ""
            yield "</details>"
            yield ""
        lines = list(_what_if_lines(plan, verbose=True))
        if lines:
            yield "<details><summary>What Azure says</summary>"
            yield ""
            for line in lines[:_TABLE]:
                yield f"- {for_markdown(line)}"
            yield ""
            yield "</details>"
            yield ""


def named(blueprint: str, version: str, content: str) -> str:
    """A blueprint with its version, where it has one, and the beginning of its content hash."""
    return f"{blueprint}{f' {version}' if version else ''}, content {content[:8]}"


def is_cut(plans: Iterable[Plan]) -> bool:
    """Whether the short text leaves objects out."""
    return any(
        len(list(rows)) > (_LISTED if action in _EACH else _FEW)
        for plan in plans
        for (action, _), rows in _grouped(plan.changes)
    )


def short_id(id: str, scope: str) -> str:
    """An id as it is read below `scope`: the name, with its type where it is a resource, and where it is elsewhere."""
    parts = parse_id(id)
    if parts is None:
        return id
    around = scope_of(id)
    if len(around) == len(id.rstrip("/")):
        return id.rstrip("/").rpartition("/")[2]
    provider, _, type = parts.type.partition("/")
    name = parts.name if fold(provider) in _GOVERNING else f"{type} {parts.name}"
    if parts.resource_group and id_within(around, scope):
        return f"{name} in {parts.resource_group}"
    return name if same(around, scope) else f"{name} at {around or '/'}"


def kinds_counted(types: Iterable[str]) -> str:
    """`3 initiatives, 1 lock`: how many objects there are of each kind."""
    counts = Counter(_KINDS.get(fold(type), _RESOURCE) for type in types)
    return ", ".join(plural(counts[kind], kind) for kind in _KINDS.values() if counts[kind])


# --- text ------------------------------------------------------------------------------------------------------------


def _plan_lines(plan: Plan, verbose: bool, width: int) -> Iterator[str]:
    yield f"{plan.assignment}: {named(plan.blueprint, plan.version, plan.content)}, on {plan.scope}"
    yield f"  {_counted([plan])}{_remarks([plan])}"
    for action, rows in groupby(_in_order(plan.changes), key=lambda one: one.action):
        yield from _action_lines(action, list(rows), plan, verbose, width)
    if not plan.stack:
        yield f"  {_WITHOUT_STACK}"
    for line in _what_if_lines(plan, verbose=verbose):
        yield f"  {line}"
    if plan.pending:
        yield from _rights_lines(plan, verbose, width)
        for template, action, scope in sorted(
            {(one.template, one.action, one.scope) for one in plan.rights if one.grants}
        ):
            where = "" if same(scope, plan.scope) else f" at {scope}"
            yield f"  gives rights to others: `{template}` with {action}{where}"
    if plan.others:
        shown = plan.others if verbose else plan.others[:_LISTED]
        yield f"  {plural(len(plan.others), 'exemption')} by others, untouched:"
        yield from (f"    {id if verbose else short_id(id, plan.scope)}" for id in shown)
        yield from _more(len(plan.others) - len(shown))


def _action_lines(
    action: str, changes: Sequence[Change], plan: Plan, verbose: bool, width: int
) -> Iterator[str]:
    sign, words = _ACTIONS[action]
    yield f"  {sign} {words.partition(' (')[0]}"
    for (_, kind), group in _grouped(changes):
        rows = list(group)
        head = f"    {len(rows):>5,} {kind if len(rows) == 1 else f'{kind}s'}"
        if verbose:
            yield head
            yield from (f"          {one.id}{_tail(one)}" for one in rows)
        elif action in _EACH:
            yield head
            first = sorted(rows, key=lambda one: (not one.note, fold(one.id)))[:_LISTED]
            yield from (f"          {short_id(one.id, plan.scope)}{_tail(one)}" for one in first)
            yield from _more(len(rows) - len(first), "          ")
        else:
            yield _in_one_line(f"{head:<29}", _telling(kind, rows, plan.scope), len(rows), width)


def _telling(kind: str, rows: Sequence[Change], scope: str) -> list[tuple[str, int]]:
    """What says most about some objects in few words, and how many each stands for: names, of many resources their
    types; GUIDs say nothing."""
    if kind == _RESOURCE and len(rows) > _FEW:
        counts = Counter(one.type.partition("/")[2] for one in rows)
        return [
            (f"{counts[type]:,} {type}", counts[type])
            for type in sorted(counts, key=lambda one: -counts[one])
        ]
    names = [short_id(one.id, scope) for one in rows]
    return [(name, 1) for name in names if not _GUID.match(name)]


def _in_one_line(head: str, names: Sequence[tuple[str, int]], left: int, width: int) -> str:
    """As many names as have room; `left`: how many objects there are."""
    line, shown = head.rstrip(), False
    for name, count in names:
        longer = f"{line}, {name}" if shown else f"{head} {name}"
        if shown and len(longer) + (len(_AND_MORE) if left > count else 0) > width:
            break
        line, shown, left = longer, True, left - count
    return f"{line} and {left:,} more" if shown and left else line


def _rights_lines(plan: Plan, verbose: bool, width: int) -> Iterator[str]:
    """What whoever assigns needs, by scope and provider."""
    by_scope: dict[str, list[Right]] = {}
    for one in plan.rights:
        by_scope.setdefault(one.scope, []).append(one)
    for scope, rights in by_scope.items():
        where = "" if same(scope, plan.scope) else f" at {scope}"
        if verbose:
            yield f"  least rights{where}:"
            yield from (f"    {action}" for action in sorted({one.action for one in rights}))
            continue
        providers: dict[str, list[str]] = {}
        for action in sorted({one.action for one in rights}):
            provider, _, rest = action.partition("/")
            providers.setdefault(provider, []).append(rest)
        text = "; ".join(
            f"{provider}: {', '.join(rest) if len(rest) <= _FEW else f'{len(rest)} actions'}"
            for provider, rest in providers.items()
        )
        yield from textwrap.wrap(
            f"least rights{where}: {text}",
            max(width, 40),
            initial_indent="  ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def _what_if_lines(plan: Plan, *, verbose: bool) -> Iterator[str]:
    found = plan.what_if
    if found is None:
        return
    if found.failed:
        yield f"what-if: not known, {found.failed}"
    counts = Counter(kind for kind, _ in found.changes)
    if counts:
        yield f"what-if: {', '.join(f'{count:,} {kind}' for kind, count in sorted(counts.items()))}"
    shown = found.changes if verbose else found.changes[:_LISTED]
    for kind, id in shown:
        yield f"what-if: {kind} {id if verbose else short_id(id, plan.scope)}"
    for line in _more(len(found.changes) - len(shown), ""):
        yield f"what-if: {line}"
    for text in found.unknown:
        yield f"what-if: not known, {text}"


def _more(left: int, indent: str = "    ") -> Iterator[str]:
    if left > 0:
        yield f"{indent}and {left:,} more"


# --- Markdown --------------------------------------------------------------------------------------------------------


def _matrix(plan: Plan) -> Iterator[str]:
    """How many objects of each kind, by action."""
    counts = Counter((_kind(one), one.action) for one in plan.changes)
    actions = [action for action in _ACTIONS if any(key[1] == action for key in counts)]
    if not actions:
        return
    yield f"| | {' | '.join(_ACTIONS[action][1].partition(' (')[0] for action in actions)} |"
    yield f"|---|{'--:|' * len(actions)}"
    for kind in _KINDS.values():
        if any(key[0] == kind for key in counts):
            cells = (f"{counts[kind, action]:,}" if counts[kind, action] else "" for action in actions)
            yield f"| {kind}s | {' | '.join(cells)} |"
    yield ""


def _to_look_at(diagnostics: Sequence[Diagnostic]) -> Iterator[str]:
    problems = [one for one in diagnostics if one.severity is not Severity.INFO]
    if not problems:
        return
    yield "### To look at"
    yield ""
    for found in sorted(problems, key=lambda one: one.severity is not Severity.ERROR)[: _LISTED * 2]:
        hint = f" ({for_markdown(found.hint)})" if found.hint else ""
        yield f"- **{found.severity}** {found.code}: {for_markdown(found.message)}{hint}"
    yield from _more(len(problems) - _LISTED * 2, "- ")
    yield ""


def _acting(plan: Plan) -> Iterator[str]:
    """What is left behind and goes on to act: nobody should have to unfold a list to see it."""
    rows = [one for one in plan.changes if one.action == "leave" and one.note]
    if not rows:
        return
    yield "### Left behind, and still acting"
    yield ""
    for one in rows[:_LISTED]:
        yield f"- {_code(short_id(one.id, plan.scope))}: {for_markdown(one.note)}"
    yield from _more(len(rows) - _LISTED, "- ")
    yield ""


def _unfolded(plan: Plan, room: int) -> Iterator[str]:
    if not plan.changes:
        return
    yield f"<details><summary>{plural(len(plan.changes), 'object')}</summary>"
    yield ""
    yield "| | kind | object | what |"
    yield "|---|---|---|---|"
    for one in _in_order(plan.changes)[:room]:
        what = for_markdown(_tail(one).strip(" ()"))
        yield f"| {one.action} | {_kind(one)} | {_code(short_id(one.id, plan.scope))} | {what} |"
    if len(plan.changes) > room:
        yield f"| | | and {len(plan.changes) - room:,} more, which `-o json` has | |"
    yield ""
    yield "</details>"
    yield ""


def _code(text: str) -> str:
    """Code in Markdown, also within a table."""
    return "`" + for_terminal(text).replace("`", "'").replace("|", "\\|") + "`"


# --- what all forms share --------------------------------------------------------------------------------------------


def _kind(one: Change) -> str:
    return _KINDS.get(fold(one.type), _RESOURCE)


def _in_order(changes: Iterable[Change]) -> list[Change]:
    actions, kinds = list(_ACTIONS), list(_KINDS.values())
    return sorted(changes, key=lambda one: (actions.index(one.action), kinds.index(_kind(one)), fold(one.id)))


def _grouped(changes: Iterable[Change]) -> Iterator[tuple[tuple[str, str], Iterator[Change]]]:
    yield from groupby(_in_order(changes), key=lambda one: (one.action, _kind(one)))


def _counted(plans: Sequence[Plan]) -> str:
    counts = Counter(one.action for plan in plans for one in plan.changes)
    shown = [f"{counts[action]:,} {words}" for action, (_, words) in _ACTIONS.items() if counts[action]]
    if not any(plan.pending for plan in plans):
        shown.insert(0, "nothing to do: everything is as it is to be")
    refused = sum(one.known for plan in plans for one in plan.refused)
    if refused:
        shown.append(f"{plural(refused, 'resource')} refused by policies")
    return ", ".join(shown)


def _remarks(plans: Sequence[Plan]) -> str:
    """`; 1 error, 2 warnings`"""
    counts = Counter(one.severity for plan in plans for one in plan.diagnostics)
    words = ((Severity.ERROR, "error"), (Severity.WARNING, "warning"))
    shown = ", ".join(plural(counts[level], word) for level, word in words if counts[level])
    return f"; {shown}" if shown else ""


def _tail(one: Change) -> str:
    parts = [", ".join(one.paths), one.residue and f"{one.residue} residue", one.note]
    text = "; ".join(part for part in parts if part)
    return f"  ({text})" if text else ""


def _one(plan: Plan) -> dict[str, Json]:
    found: dict[str, Json] = {
        "assignment": plan.assignment,
        "scope": plan.scope,
        "blueprint": plan.blueprint,
        "version": plan.version,
        "content": plan.content,
        "fingerprint": plan.fingerprint,
        "pending": plan.pending,
        "changes": [
            {
                "action": one.action,
                "id": one.id,
                "type": one.type,
                "paths": list(one.paths),
                "residue": one.residue or None,
                "note": one.note,
            }
            for one in plan.changes
        ],
        "refused": [
            {
                "id": one.id,
                "type": one.type,
                "policy": one.policy,
                "policyAssignmentId": one.assignment or None,
                "ours": one.ours,
                "why": one.why,
                "known": one.known,
            }
            for one in plan.refused
        ],
        "rights": [
            {
                "template": one.template,
                "scope": one.scope,
                "action": one.action,
                "grantsRights": one.grants,
                "held": one.held,
            }
            for one in plan.rights
        ],
        "otherExemptions": list(plan.others),
        "diagnostics": [dict(one.as_json()) for one in plan.diagnostics],  # type: ignore[arg-type]  # JSON by contract
    }
    if plan.what_if is not None:
        found["whatIf"] = {
            "changes": [{"change": kind, "id": id} for kind, id in plan.what_if.changes],
            "notKnown": list(plan.what_if.unknown),
            "failed": plan.what_if.failed or None,
        }
    return found
