"""The values and expressions of a rule, and what is noted while one is read.

Source of the limits: Microsoft Learn, "Details of the policy definition structure", section Limits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from msgspec import Struct, field

from blueprinter.arm import (
    Call,
    ExpressionSyntaxError,
    Language,
    Literal,
    Node,
    PolicyContext,
    Property,
    Value,
    WrongQuotes,
    compile_expression,
    is_expression,
    parse_expression,
    unescape,
)
from blueprinter.casing import fold
from blueprinter.diagnostics import Diagnostic, Position, error
from blueprinter.document import Document, Json, child
from blueprinter.policy.fields import prefixes
from blueprinter.policy.syntax import Constant, Expression, ListOf, ObjectOf, Operand, calls_in
from blueprinter.text import did_you_mean

MAX_EXPRESSION = 81_920
MAX_NESTED_FUNCTIONS = 64
MAX_ARGUMENTS = 128


class RuleReader(Struct):
    """Reads one rule. `parameters` are the folded names declared, None for a bare rule, which declares none."""

    document: Document
    parameters: frozenset[str] | None
    faults: list[Diagnostic] = field(default_factory=list)
    functions: int = 0
    counted: list[str] = field(default_factory=list)
    """Names that `current` may use here: folded names of value counts and folded aliases of field counts."""
    field_counts: Counter[str] = field(default_factory=Counter)
    value_counts: int = 0

    def fault(self, code: str, message: str, pointer: str, hint: str = "", *, key: bool = False) -> None:
        """Notes a fault at the value at a pointer, or at its key."""
        self.faults.append(error(code, message, self.document.locate(pointer, key=key), hint))

    def keys(self, value: Mapping[str, Json], pointer: str) -> dict[str, str]:
        """The keys of an object by their folded form; two that differ only in case are a fault."""
        found: dict[str, str] = {}
        for key in value:
            folded = fold(key)
            if folded in found:
                self.fault(
                    "BP306",
                    f"the key `{key}` stands twice, first as `{found[folded]}`",
                    child(pointer, key),
                    key=True,
                )
            else:
                found[folded] = key
        return found


def read_operand(value: Json, reader: RuleReader, pointer: str) -> Operand:
    """A value of the rule; text that is an expression is compiled. Faults stand in the reader."""
    if isinstance(value, str):
        if not is_expression(value):
            return Constant(unescape(value))
        return read_expression(value, reader, pointer) or Constant(value)
    if isinstance(value, list):
        items = tuple(read_operand(item, reader, child(pointer, place)) for place, item in enumerate(value))
        if all(isinstance(item, Constant) for item in items):
            return Constant([item.value for item in items if isinstance(item, Constant)])
        return ListOf(items)
    if isinstance(value, dict):
        members = tuple(
            (key, read_operand(member, reader, child(pointer, key))) for key, member in value.items()
        )
        if all(isinstance(member, Constant) for _, member in members):
            return Constant({key: member.value for key, member in members if isinstance(member, Constant)})
        return ObjectOf(members)
    return Constant(value)


def read_expression(text: str, reader: RuleReader, pointer: str) -> Expression | None:
    if len(text) > MAX_EXPRESSION:
        reader.fault(
            "BP343", f"an expression of {len(text):,} characters, at most {MAX_EXPRESSION:,}", pointer
        )
        return None
    try:
        node = parse_expression(text)
    except ExpressionSyntaxError as found:
        _expression_fault(reader, "BP307", found, text, pointer)
        return None
    if _function_depth(node) > MAX_NESTED_FUNCTIONS:
        message = f"functions nested more than {MAX_NESTED_FUNCTIONS} deep"
        reader.fault("BP341", message, pointer)
        return None
    longest = max(calls_in(node), key=lambda call: len(call.arguments), default=None)
    if longest is not None and len(longest.arguments) > MAX_ARGUMENTS:
        message = f"`{longest.name}` with {len(longest.arguments)} arguments, at most {MAX_ARGUMENTS}"
        reader.fault("BP342", message, pointer)
        return None
    try:
        run: Callable[[PolicyContext], Value] = compile_expression(node, Language.POLICY)
    except ExpressionSyntaxError as found:
        code = "BP307" if isinstance(found, WrongQuotes) else "BP308"
        _expression_fault(reader, code, found, text, pointer)
        return None
    return Expression(text, node, run, pointer) if _check_calls(node, reader, text, pointer) else None


def _expression_fault(
    reader: RuleReader, code: str, found: ExpressionSyntaxError, text: str, pointer: str
) -> None:
    where = _inside_text(reader.document, pointer, text, found.offset)
    reader.faults.append(error(code, f"{found.message} in `{_short(text)}`", where))


def _inside_text(document: Document, pointer: str, text: str, offset: int) -> Position:
    """The place of a character inside a string: exact when it is written without escapes."""
    span = document.span(pointer)
    whole = document.locate(pointer)
    if span is None or offset < 0:
        return whole
    start = next(
        (at for at in (span.start + 1, span.start) if document.text[at : at + len(text)] == text), None
    )
    if start is None:
        return whole
    at = document.at_offset(start + min(offset, len(text)))
    return Position(at.file, at.line, at.column, whole.end_line, whole.end_column, pointer)


def _function_depth(node: Node) -> int:
    deepest, level = 0, [(node, 1)]
    while level:
        found, depth = level.pop()
        if isinstance(found, Call):
            deepest = max(deepest, depth)
            level.extend((argument, depth + 1) for argument in found.arguments)
        elif isinstance(found, Property):
            level.extend(((found.base, depth), (found.name, depth)))
    return deepest


def _check_calls(node: Node, reader: RuleReader, text: str, pointer: str) -> bool:
    good = True
    for call in calls_in(node):
        reader.functions += 1
        argument = call.arguments[0] if call.arguments else None
        name = argument.value if isinstance(argument, Literal) and isinstance(argument.value, str) else None
        function = fold(call.name)
        if function == "parameters" and name is not None and reader.parameters is not None:
            if fold(name) not in reader.parameters:
                hint = did_you_mean(name, reader.parameters) or "declare it under `parameters`"
                where = _inside_text(reader.document, pointer, text, call.offset)
                reader.faults.append(error("BP309", f"the parameter `{name}` is not declared", where, hint))
                good = False
        elif function == "current" and not _is_counted(name, bool(call.arguments), reader):
            where = _inside_text(reader.document, pointer, text, call.offset)
            message = "`current` stands outside of a count"
            if reader.counted:
                message = f"no count around it looks at `{name}`"
            reader.faults.append(error("BP310", message, where))
            good = False
    return good


def _is_counted(name: str | None, named: bool, reader: RuleReader) -> bool:
    if not reader.counted:
        return False
    if not named or name is None:
        return True
    folded = fold(name)
    return folded in reader.counted or any(prefix in reader.counted for prefix in prefixes(folded))


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}…"


def noun(value: Json) -> str:
    """A JSON value in words: what was found instead of what is expected."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, (int, float)):
        return f"the number `{value}`"
    if isinstance(value, str):
        return "text" if value else "empty text"
    return "an array" if isinstance(value, list) else "an object"
