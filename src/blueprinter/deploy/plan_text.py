"""A plan for people, for machines and for a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from blueprinter.deploy.plan import Change, Plan
from blueprinter.document import Json
from blueprinter.text import for_markdown, for_terminal, plural

SCHEMA = "blueprinter/plan/1"
_SIGNS = {"add": "+", "change": "~", "deploy": "*", "delete": "-", "leave": "="}
_WITHOUT_STACK = "without a stack, what is left behind is known only of objects with our mark"
_WORDS = {
    "add": "to add",
    "change": "to change",
    "deploy": "to deploy again (what changes only Azure knows)",
    "delete": "to delete",
    "leave": "left behind",
}


def plan_lines(plans: Sequence[Plan]) -> Iterator[str]:
    """Plain text, a line each."""
    for plan in plans:
        yield f"{plan.assignment}: {named(plan.blueprint, plan.version, plan.content)}, on {plan.scope}"
        if not plan.changes:
            yield "  nothing to do: everything is as it is to be"
        for one in plan.changes:
            yield f"  {_SIGNS[one.action]} {one.type.rpartition('/')[2]}  {_short(one.id, plan)}{_tail(one)}"
        yield f"  {_counted(plan)}"
        if not plan.stack:
            yield f"  {_WITHOUT_STACK}"
        for line in _what_if_lines(plan):
            yield f"  {line}"
        grants = sorted({f"{one.template}: {one.action} at {one.scope}" for one in plan.rights if one.grants})
        for text in grants:
            yield f"  gives rights to others: {text}"
        for id in plan.others:
            yield f"  exemption by others, untouched: {id}"


def plan_json(plans: Sequence[Plan]) -> dict[str, Json]:
    """The stable machine form."""
    return {"schema": SCHEMA, "plans": [_one(plan) for plan in plans]}


def plan_markdown(plans: Sequence[Plan]) -> Iterator[str]:
    """For the comment of a pull request."""
    for plan in plans:
        yield f"## {for_markdown(plan.assignment)} on {_code(plan.scope)}"
        yield ""
        yield f"{for_markdown(named(plan.blueprint, plan.version, plan.content))}. {_counted(plan)}."
        yield ""
        if not plan.stack:
            yield f"{_WITHOUT_STACK.capitalize()}."
            yield ""
        if plan.changes:
            yield "| | kind | object | what |"
            yield "|---|---|---|---|"
        for one in plan.changes:
            kind = for_markdown(one.type.rpartition("/")[2])
            what = for_markdown(_tail(one).strip(" ()"))
            yield f"| {one.action} | {kind} | {_code(_short(one.id, plan))} | {what} |"
        problems = [one for one in plan.diagnostics if one.severity != "info"]
        if problems:
            yield ""
            yield "### To look at"
            yield ""
        for found in problems:
            hint = f" ({for_markdown(found.hint)})" if found.hint else ""
            yield f"- **{found.severity}** {found.code}: {for_markdown(found.message)}{hint}"
        rights = sorted({(one.template, one.scope, one.action, one.grants) for one in plan.rights})
        if rights:
            yield ""
            yield "<details><summary>Least rights</summary>"
            yield ""
        for template, scope, action, grants in rights:
            mark = " **gives rights to others**" if grants else ""
            yield f"- {for_markdown(template)}: {_code(action)} at {_code(scope)}{mark}"
        if rights:
            yield ""
            yield "</details>"
        lines = list(_what_if_lines(plan))
        if lines:
            yield ""
            yield "### What Azure says"
            yield ""
        for line in lines:
            yield f"- {for_markdown(line)}"
        yield ""


def named(blueprint: str, version: str, content: str) -> str:
    """A blueprint with its version, where it has one, and the beginning of its content hash."""
    return f"{blueprint}{f' {version}' if version else ''}, content {content[:8]}"


def _short(id: str, plan: Plan) -> str:
    """An id as it is read: without the scope that stands above it all."""
    inside = id[len(plan.scope) :] if id.casefold().startswith(f"{plan.scope.casefold()}/") else id
    return inside.removeprefix("/providers/").removeprefix("/")


def _code(text: str) -> str:
    """Code in Markdown, also within a table."""
    return "`" + for_terminal(text).replace("`", "'").replace("|", "\\|") + "`"


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


def _tail(one: Change) -> str:
    parts = [", ".join(one.paths), one.residue and f"{one.residue} residue", one.note]
    text = "; ".join(part for part in parts if part)
    return f"  ({text})" if text else ""


def _counted(plan: Plan) -> str:
    counts = {action: sum(one.action == action for one in plan.changes) for action in _SIGNS}
    shown = [f"{count} {_WORDS[action]}" for action, count in counts.items() if count]
    refused = sum(one.known for one in plan.refused)
    if refused:
        shown.append(f"{plural(refused, 'resource')} refused by policies")
    return ", ".join(shown) or "nothing to do"


def _what_if_lines(plan: Plan) -> Iterator[str]:
    if plan.what_if is None:
        return
    if plan.what_if.failed:
        yield f"what-if: not known, {plan.what_if.failed}"
    for kind, id in plan.what_if.changes:
        yield f"what-if: {kind} {id}"
    for text in plan.what_if.unknown:
        yield f"what-if: not known, {text}"
