"""What a function is: its name, what it takes, where it may be called, and how it is computed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Protocol, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.arm.model import Language, Unknown, Value
from blueprinter.arm.syntax import Call, Node

Code: TypeAlias = "Callable[[Any, tuple[Value, ...]], Value]"
"""A compiled expression: the context and the values of the lambda variables in scope -> the value."""


class Category(StrEnum):
    """The categories of Microsoft's function reference, and the two of ours."""

    ARRAY = "array"
    CIDR = "cidr"
    COMPARISON = "comparison"
    DATE = "date"
    DEPLOYMENT = "deployment"
    LAMBDA = "lambda"
    LOGICAL = "logical"
    NUMERIC = "numeric"
    OBJECT = "object"
    RESOURCE = "resource"
    SCOPE = "scope"
    STRING = "string"
    POLICY = "policy"
    BLUEPRINT = "blueprint"


class Form(StrEnum):
    """How an implementation is called."""

    PURE = "pure"
    """`function(*arguments)`: the same arguments give the same value, so constants are folded."""
    CONTEXT = "context"
    """`function(context, *arguments)`."""
    SPECIAL = "special"
    """`function(compiler, call)` gives the compiled code: the arguments are not all evaluated."""


class Unknowns(StrEnum):
    """What happens where an argument is only known to Azure."""

    DEEP = "deep"
    """An unknown anywhere in an argument makes the result unknown."""
    TOP = "top"
    """Only an argument that is itself unknown does: the function does not look at what a container holds."""
    SEEN = "seen"
    """The function gets the unknown and decides itself."""


class ParameterRow(Struct, frozen=True):
    """A parameter of a function."""

    name: str
    kinds: tuple[str, ...]
    """Of string, int, float, bool, array, object, null, any, lambda."""
    optional: bool = False
    repeated: bool = False
    variables: range = range(0)
    """How many variables a lambda may name."""

    @property
    def types(self) -> frozenset[type]:
        """The Python types of a known value that the parameter takes; an integer is never a bool."""
        return _types(self.kinds)


class Implementation(Struct, frozen=True):
    """The code of a function in one language."""

    form: Form
    function: Callable[..., Any]
    unknowns: Unknowns = Unknowns.DEEP
    minimum: int | None = None
    """The least number of arguments where it differs from the row's."""
    nulls: frozenset[str] = frozenset()
    """The names of parameters that take null besides what the row says."""


class FunctionRow(Struct, frozen=True, eq=False):
    """One function of the template, policy and blueprint languages."""

    name: str
    category: Category
    parameters: tuple[ParameterRow, ...]
    summary: str
    """One line: what it gives."""
    implementations: Mapping[Language, Implementation]

    @property
    def available_in(self) -> frozenset[Language]:
        """The languages in which the function may be called."""
        return frozenset(self.implementations)

    @property
    def minimum(self) -> int:
        """The least number of arguments."""
        return sum(not parameter.optional for parameter in self.parameters)

    @property
    def maximum(self) -> int | None:
        """The greatest number of arguments, None = any."""
        if self.parameters and self.parameters[-1].repeated:
            return None
        return len(self.parameters)

    def minimum_in(self, language: Language) -> int:
        """The least number of arguments in a language that has the function."""
        own = self.implementations[language].minimum
        return self.minimum if own is None else own

    def parameter(self, index: int, language: Language) -> ParameterRow:
        """The parameter that takes the argument of that index in a language that has the function."""
        parameter = self.parameters[min(index, len(self.parameters) - 1)]
        if parameter.name in self.implementations[language].nulls:
            return replace(parameter, kinds=(*parameter.kinds, "null"))
        return parameter


class FormCompiler(Protocol):
    """What a special form may ask of the compiler."""

    @property
    def language(self) -> Language: ...
    @property
    def variables(self) -> tuple[str, ...]:
        """The folded names of the lambda variables in scope, outermost first: the layout of the bindings."""
        ...

    def compile(self, node: Node) -> Code: ...
    def within(self, names: tuple[str, ...]) -> FormCompiler:
        """A compiler for the body of a lambda that names these variables."""
        ...


SpecialForm: TypeAlias = "Callable[[FormCompiler, Call], Code]"

EVERYWHERE = (Language.TEMPLATE, Language.POLICY)
TEMPLATE = (Language.TEMPLATE,)
POLICY = (Language.POLICY,)
BLUEPRINT = (Language.BLUEPRINT,)

TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "float": (float,),
    "bool": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
    "any": (str, int, float, bool, list, dict, type(None)),
    "lambda": (),
}


@cache
def _types(kinds: tuple[str, ...]) -> frozenset[type]:
    return frozenset(kind for name in kinds for kind in TYPES[name])


_PARAMETER = re.compile(r"(\w+)(\?)?(\.\.\.)?: ([\w|]+)(?:\((\d)-(\d)\))?")


def takes(*signature: str) -> tuple[ParameterRow, ...]:
    """Parameters from short text: `name: string|array`, `name?: int` (optional), `name...: any` (one or more),
    `name?...: any` (any number), `name: lambda(1-2)` (naming one or two variables)."""
    rows: list[ParameterRow] = []
    for text in signature:
        match = _PARAMETER.fullmatch(text)
        if match is None:
            raise ValueError(f"`{text}` is no signature of a parameter")
        name, optional, repeated, kinds, least, most = match.groups()
        variables = range(int(least), int(most) + 1) if least else range(0)
        rows.append(ParameterRow(name, tuple(kinds.split("|")), bool(optional), bool(repeated), variables))
    return tuple(rows)


def pure(
    function: Callable[..., Value],
    unknowns: Unknowns = Unknowns.DEEP,
    languages: tuple[Language, ...] = EVERYWHERE,
) -> dict[Language, Implementation]:
    """A function of its arguments alone, the same in these languages."""
    return dict.fromkeys(languages, Implementation(Form.PURE, function, unknowns))


def contextual(
    function: Callable[..., Value], languages: tuple[Language, ...], unknowns: Unknowns = Unknowns.DEEP
) -> dict[Language, Implementation]:
    """A function that asks its context."""
    return dict.fromkeys(languages, Implementation(Form.CONTEXT, function, unknowns))


def special(
    function: SpecialForm, languages: tuple[Language, ...] = EVERYWHERE
) -> dict[Language, Implementation]:
    """A form that does not evaluate all of its arguments."""
    return dict.fromkeys(languages, Implementation(Form.SPECIAL, function, Unknowns.SEEN))


def kind_of(value: Value) -> str:
    """The name of a value's type, for messages."""
    if isinstance(value, Unknown):
        return "a value known only after deployment"
    return _NOUNS[type(value)]


_NOUNS: Mapping[type, str] = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
    type(None): "null",
}
