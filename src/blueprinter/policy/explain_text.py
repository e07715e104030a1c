"""An explanation for people: numbered lines, safe in a terminal whatever a resource is called."""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.arm import Value
from blueprinter.document import Json
from blueprinter.policy.explain import ExistencePart, Explanation, Verdict
from blueprinter.policy.operators import shown
from blueprinter.policy.syntax import as_value
from blueprinter.policy.trace import Asked, Look, Outcome, Step, as_json
from blueprinter.policy.wording import short
from blueprinter.text import for_terminal, plural


def explanation_lines(found: Explanation) -> Iterator[str]:
    """The lines of `policy explain`, without ends of line."""
    return map(for_terminal, _lines(found))


def _lines(found: Explanation) -> Iterator[str]:
    definition = found.assigned.definition
    yield f"policy     {definition.display_name} ({definition.name})"
    yield f"resource   {found.resource.id or found.resource.name} ({found.resource.type})"
    for one in found.parameters:
        value = "no value" if one.source == "missing" else f"= {_value(one.value)} ({one.source})"
        yield f"parameter  {one.name} {value}"
    yield ""
    yield from _verdict("applies", found.applicable)
    yield from _verdict("rule", found.rule)
    if found.existence is not None:
        yield from _related(found.existence)
    yield from _conclusion(found)


def _verdict(title: str, verdict: Verdict) -> Iterator[str]:
    yield f"{title}: {verdict.outcome}{_tail(verdict.detail)}"
    for step in verdict.steps:
        yield from _step(step, 1)
    yield ""


def _related(part: ExistencePart) -> Iterator[str]:
    yield f"related resource: {part.verdict.outcome}{_tail(part.verdict.detail)}"
    if part.search is not None:
        name = f" named {part.search.name}" if part.search.name is not None else ""
        yield f"  looked for {part.search.type}{name} in {part.search.scope or 'everything'}"
        yield f"  {plural(len(part.candidates), 'candidate')}"
    for one in part.candidates:
        yield f"  {one.id or one.name or 'a resource without a name'}: {one.verdict.outcome}{_tail(one.verdict.detail)}"
        for step in one.verdict.steps:
            yield from _step(step, 2)
    yield ""


def _step(step: Step, depth: int) -> Iterator[str]:
    indent = "  " * depth
    line = f"  (line {step.line})" if step.line and step.asked is not Asked.MEMBER else ""
    outcome = str(step.outcome)
    yield f"{indent}{step.number}  {_question(step)}: {outcome}{line}"
    inner = f"{indent}{' ' * len(step.number)}    "
    if step.asked is not Asked.MEMBER:
        for look in step.looks:
            yield f"{inner}{_look(look)}"
    if step.detail:
        yield f"{inner}{step.detail}"
    for member in step.members:
        yield from _step(member, depth + 1)
    if step.left_out:
        yield f"{inner}and {step.left_out:,} more"


def _question(step: Step) -> str:
    if step.asked is Asked.MEMBER:
        return f"member {step.name} {_value(step.looks[0].value)}"
    if not step.operator:
        return str(step.asked)
    operand = _value(step.operand)
    if step.written and step.outcome is not Outcome.NOT_ASKED and operand != step.written:
        operand = f"{operand} from {step.written}"
    return f"{step.asked} `{short(step.name)}` {step.operator} {operand}"


def _look(look: Look) -> str:
    value = "absent" if look.absent else _value(look.value)
    return f"{look.path} = {value}" if look.path else f"= {value}"


def _value(value: Json) -> str:
    found: Value = as_value(value)
    return short(shown(found))


def _tail(detail: str) -> str:
    return f" ({detail})" if detail else ""


def _conclusion(found: Explanation) -> Iterator[str]:
    judged = found.judgement
    effect = f", effect {judged.effect}" if judged.effect else ""
    reason = f" ({judged.reason})" if judged.reason is not None else ""
    yield f"state: {found.state}{reason}{effect}"
    leaf = judged.leaf
    if leaf is not None and leaf.expected:
        path = f"{leaf.path}: " if leaf.path else ""
        yield f"  {path}wanted {leaf.expected}, found {leaf.actual}"
    if judged.detail:
        yield f"  {judged.detail}"
    if judged.details is not None:
        details = list(judged.details) if isinstance(judged.details, tuple) else dict(judged.details)
        yield f"  details: {_value(as_json(details))}"
