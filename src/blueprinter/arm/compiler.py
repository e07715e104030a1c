"""From nodes to closures: names, availability and numbers of arguments are checked once, values each time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from blueprinter.arm.functions import FUNCTIONS, find_function
from blueprinter.arm.limits import CALL, FREE, bounded_in_policy, survey
from blueprinter.arm.model import (
    AnyContext,
    ExpressionError,
    ExpressionSyntaxError,
    Language,
    LimitPassed,
    TemplateContext,
    Unknown,
    Value,
    WrongQuotes,
)
from blueprinter.arm.parser import parse_expression
from blueprinter.arm.rows import Code, Form, FunctionRow, Implementation, ParameterRow, Unknowns, kind_of
from blueprinter.arm.secure_values import opened, opened_throughout, secured_result
from blueprinter.arm.selecting import select
from blueprinter.arm.syntax import Call, Literal, Node, Property, reduced_call
from blueprinter.text import did_you_mean, plural

MAX_LENGTH = {Language.TEMPLATE: 24_576, Language.POLICY: 81_920, Language.BLUEPRINT: 24_576}
"""The longest expression in characters: Microsoft Learn, "Template best practices" and "Details of the policy
definition structure"."""

_NAMES = {
    Language.TEMPLATE: "templates",
    Language.POLICY: "policy rules",
    Language.BLUEPRINT: "blueprints",
}


def evaluate(text: str, language: Language, context: AnyContext) -> Value:
    """The value of an expression, which is given with its brackets.

    Raises `ExpressionSyntaxError` when it does not compile, `ExpressionError` when it has no value.
    """
    return compile_text(text, language)(context)


def compile_text(text: str, language: Language) -> Callable[[AnyContext], Value]:
    """`compile_expression` of an expression that is given with its brackets, which must not be too long."""
    if len(text) > MAX_LENGTH[language]:
        raise ExpressionSyntaxError(f"the expression is longer than {MAX_LENGTH[language]:,} characters", 0)
    return compile_expression(parse_expression(text), language)


def compile_expression(node: Node, language: Language) -> Callable[[AnyContext], Value]:
    """A function from a context of that language to the value.

    Raises `ExpressionSyntaxError` as `check_expression` does, except that functions of the template itself are
    looked up when they are called. The function raises `ExpressionError`. Values that it gives are shared
    and must not be changed.
    """
    check_expression(node, language, user_functions=None)
    code = _Compiler(language, ()).compile(node)

    def run(context: AnyContext) -> Value:
        try:
            return code(context, ())
        except RecursionError as found:
            raise ExpressionError("the value is nested too deeply", 0) from found

    return run


def check_expression(node: Node, language: Language, *, user_functions: Collection[str] | None = ()) -> None:
    """Raises `ExpressionSyntaxError` for wrong quotes (`WrongQuotes`), an unknown function, one that this language
    does not have, a wrong number of arguments or a misplaced lambda; `user_functions` (`namespace.name`) None = not
    checked."""
    if isinstance(node, Literal):
        if node.quote == '"' and language is not Language.BLUEPRINT:
            raise WrongQuotes("strings stand in single quotes", node.offset)
        return
    if isinstance(node, Property):
        check_expression(node.base, language, user_functions=user_functions)
        check_expression(node.name, language, user_functions=user_functions)
        return
    if "." in node.name:
        _check_user_function(node, language, user_functions)
        for argument in node.arguments:
            check_expression(argument, language, user_functions=user_functions)
        return
    row = _row_of(node, language)
    _check_count(node, row, language)
    for index, argument in enumerate(node.arguments):
        parameter = row.parameter(index, language)
        if parameter.kinds == ("lambda",):
            _check_lambda(argument, parameter, row, language, user_functions)
        elif isinstance(argument, Call) and argument.name.casefold() == "lambda":
            raise ExpressionSyntaxError(f"`{row.name}` takes no lambda here", argument.offset)
        else:
            check_expression(argument, language, user_functions=user_functions)


def _row_of(call: Call, language: Language) -> FunctionRow:
    row = find_function(call.name)
    if row is None:
        near = did_you_mean(call.name, _names_in(language))
        raise ExpressionSyntaxError(
            f"unknown function `{call.name}`" + (f", {near}" if near else ""), call.offset
        )
    if language not in row.available_in:
        others = " and ".join(_NAMES[other] for other in Language if other in row.available_in)
        raise ExpressionSyntaxError(
            f"the function `{row.name}` is not available in {_NAMES[language]}, only in {others}", call.offset
        )
    return row


def _names_in(language: Language) -> list[str]:
    return [row.name for row in FUNCTIONS if language in row.available_in]


def _check_count(call: Call, row: FunctionRow, language: Language) -> None:
    given, least, most = len(call.arguments), row.minimum_in(language), row.maximum
    if given < least or (most is not None and given > most):
        if most is None:
            wanted = f"at least {plural(least, 'argument')}"
        elif least == most:
            wanted = plural(least, "argument")
        else:
            wanted = f"{least} to {plural(most, 'argument')}"
        raise ExpressionSyntaxError(f"the function `{row.name}` takes {wanted}, {given} given", call.offset)


def _check_user_function(call: Call, language: Language, known: Collection[str] | None) -> None:
    if language is not Language.TEMPLATE:
        raise ExpressionSyntaxError(f"unknown function `{call.name}`", call.offset)
    if known is not None and call.name.casefold() not in {name.casefold() for name in known}:
        near = did_you_mean(call.name, known)
        raise ExpressionSyntaxError(
            f"the template declares no function `{call.name}`" + (f", {near}" if near else ""), call.offset
        )


def _check_lambda(
    argument: Node,
    parameter: ParameterRow,
    row: FunctionRow,
    language: Language,
    user_functions: Collection[str] | None,
) -> None:
    if not isinstance(argument, Call) or argument.name.casefold() != "lambda":
        raise ExpressionSyntaxError(
            f"the argument `{parameter.name}` of `{row.name}` must be a `lambda(…)`", argument.offset
        )
    *names, body = argument.arguments or (argument,)
    if len(names) not in parameter.variables:
        least, most = parameter.variables[0], parameter.variables[-1]
        wanted = plural(least, "variable") if least == most else f"{least} to {plural(most, 'variable')}"
        raise ExpressionSyntaxError(
            f"the lambda of `{row.name}` names {wanted}, {len(names)} given", argument.offset
        )
    for name in names:
        if not isinstance(name, Literal) or not isinstance(name.value, str):
            raise ExpressionSyntaxError("the variables of a lambda are named by plain strings", name.offset)
    check_expression(body, language, user_functions=user_functions)


class _Compiler:
    """Compiles nodes of one language below the lambda variables that are in scope."""

    __slots__ = ("language", "variables")

    def __init__(self, language: Language, variables: tuple[str, ...]) -> None:
        self.language = language
        self.variables = variables

    def within(self, names: tuple[str, ...]) -> _Compiler:
        return _Compiler(self.language, (*self.variables, *(name.casefold() for name in names)))

    def compile(self, node: Node) -> Code:
        return self._compile(node)[0]

    def _compile(self, node: Node) -> tuple[Code, bool]:
        """The code of a node, and whether it is constant."""
        if isinstance(node, Literal):
            return _constant(node.value), True
        if isinstance(node, Property):
            return self._property(node)
        if "." in node.name:
            return _user_function(node, [self.compile(argument) for argument in node.arguments]), False
        row = find_function(node.name)
        if row is None:  # check_expression has run; this is for the type checker
            raise ExpressionSyntaxError(f"unknown function `{node.name}`", node.offset)
        implementation = row.implementations[self.language]
        if implementation.form is Form.SPECIAL:
            special: Code = implementation.function(self, node)
            return special, False
        parts = [self._compile(argument) for argument in node.arguments]
        code = _strict(node, row, implementation, [part[0] for part in parts], self.language)
        if implementation.form is Form.PURE and all(part[1] for part in parts):
            return _folded(code)
        return code, False

    def _property(self, node: Property) -> tuple[Code, bool]:
        base, base_constant = self._compile(node.base)
        name, name_constant = self._compile(node.name)
        lenient, offset, dotted = self.language is Language.POLICY, node.offset, node.dotted

        def code(context: Any, bindings: tuple[Value, ...]) -> Value:
            value, key = base(context, bindings), name(context, bindings)
            try:
                return select(value, key, lenient=lenient, dotted=dotted)
            except ExpressionError as found:
                found.offset = offset
                raise

        return _folded(code) if base_constant and name_constant else (code, False)


def _constant(value: Value) -> Code:
    return lambda context, bindings: value


def _folded(code: Code) -> tuple[Code, bool]:
    """The value computed now; a fault is kept for the time when the value is really needed (`if` is lazy), and so
    is a large value, whose size is to be counted when it is made."""
    try:
        value = code(None, ())
    except ExpressionError:
        return code, False
    if isinstance(value, (str, list, dict)) and len(value) > FREE:
        return code, False
    return _constant(value), True


def _strict(
    call: Call, row: FunctionRow, implementation: Implementation, codes: list[Code], language: Language
) -> Code:
    """The code of a function all of whose arguments are evaluated."""
    function, offset = implementation.function, call.offset
    parameters = [row.parameter(index, language) for index in range(len(codes))]
    plain = [_needs_no_look(parameter, implementation.unknowns) for parameter in parameters]
    steps = list(zip(codes, plain, strict=True))
    wants_context = implementation.form is Form.CONTEXT
    counted = language is Language.TEMPLATE
    limited = language is Language.POLICY

    def code(context: Any, bindings: tuple[Value, ...]) -> Value:
        values = []
        look = False
        for step, types in steps:
            value = step(context, bindings)
            if type(value) not in types:
                look = True
            values.append(value)
        seen = 0
        try:
            result: Value
            unknown = None
            if look:
                unknown, seen = _look(call, parameters, implementation.unknowns, values)
                seen += len(unknown.expression) if unknown is not None else 0
                if counted and seen > FREE and context is not None:
                    context.spend(seen)
            if limited:
                taken = _ELEMENT * seen
                for value in values:
                    kind = type(value)
                    if kind is str:
                        taken += len(value)  # type: ignore[arg-type]  # a text
                    elif kind is list or kind is dict:
                        bounded_in_policy(value)
                        taken += _ELEMENT * len(value)  # type: ignore[arg-type]  # a container
                if taken > FREE and context is not None and not wants_context:
                    context.spend(taken)
            if unknown is None:
                result = function(context, *values) if wants_context else function(*values)
            else:
                result = _of_secure(call, parameters, implementation, context, values, unknown)
            if limited and type(result) in _WEIGHTS:
                bounded_in_policy(result)
        except ExpressionError as found:
            # a context evaluates other expressions: an offset of those means nothing here
            if found.offset < 0 or wants_context:
                found.offset = offset
            raise
        if counted and type(result) in _WEIGHTS and context is not None:
            length = len(result)  # type: ignore[arg-type]  # its type is one that has a length
            if length > FREE:
                context.spend(length * _WEIGHTS[type(result)])
        return result

    return code


_ELEMENT = 8
"""What an element that a function of a policy looks at counts as, beside a character, which counts as one."""
_WEIGHTS: Mapping[type, int] = {str: 1, list: 4, dict: 4}
"""What a character, element or member of a result counts as."""


def _of_secure(
    call: Call,
    parameters: list[ParameterRow],
    implementation: Implementation,
    context: Any,
    values: list[Value],
    unknown: Unknown,
) -> Value:
    """The result where all that is unknown in the arguments are secure values, else `unknown`.

    What a function complains of in a secure value is not told: it would show the value.
    """
    look_inside = implementation.unknowns is Unknowns.DEEP
    plain = [opened_throughout(value) if look_inside else opened(value) for value in values]
    try:
        if _look(call, parameters, implementation.unknowns, plain)[0] is not None:
            return unknown
        arguments = (context, *plain) if implementation.form is Form.CONTEXT else plain
        result: Value = implementation.function(*arguments)
    except LimitPassed:
        raise
    except ExpressionError as found:
        message = f"the function `{call.name}` has no value for what a secure parameter holds"
        raise ExpressionError(message, call.offset) from found
    return secured_result(call.name, result, unknown.expression)


def _needs_no_look(parameter: ParameterRow, unknowns: Unknowns) -> frozenset[type]:
    """The types of values that can be taken as they are: containers may hold unknowns."""
    if unknowns is Unknowns.DEEP:
        return parameter.types - {list, dict}
    if unknowns is Unknowns.SEEN:
        return (parameter.types - {list, dict}) | {Unknown}
    return parameter.types


def _look(
    call: Call, parameters: list[ParameterRow], unknowns: Unknowns, values: list[Value]
) -> tuple[Unknown | None, int]:
    """The unknown result that unknown arguments lead to, or None, and how many elements were looked at.

    Raises `ExpressionError` for a value of a wrong type, `LimitPassed` for one that is too large.
    """
    for parameter, value in zip(parameters, values, strict=True):
        if type(value) is not Unknown and type(value) not in parameter.types:
            wanted = " or ".join(_ARTICLES[kind] for kind in parameter.kinds)
            raise ExpressionError(
                f"the function `{call.name}` expects `{parameter.name}` to be {wanted}, got {kind_of(value)}"
            )
    if unknowns is Unknowns.TOP:
        return (reduced_call(call.name, values) if Unknown in map(type, values) else None), 0
    surveys = [survey(value) for value in values]
    seen = sum(count for _, count in surveys)
    if unknowns is Unknowns.SEEN or not any(found for found, _ in surveys):
        return None, seen
    return reduced_call(call.name, values), seen


_ARTICLES = {
    "string": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}


def _user_function(call: Call, codes: list[Code]) -> Code:
    name, offset = call.name, call.offset

    def code(context: TemplateContext, bindings: tuple[Value, ...]) -> Value:
        function = context.user_function(name)
        if function is None:
            raise ExpressionSyntaxError(f"the template declares no function `{name}`", offset)
        values = tuple(step(context, bindings) for step in codes)
        try:
            context.spend(CALL)
            return function(values)
        except ExpressionError as found:
            found.offset = offset
            raise

    return code
