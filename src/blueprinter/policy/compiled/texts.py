"""Functions of a resource's name as code of their own.

Each resource has another name, so that remembering what an expression gives (`calculations`) does not pay. Where names
are short, nothing that is made of them can be too large, and values are of known types: the functions of the language
are called as they are, without the checks that go with an expression.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

from blueprinter.arm import FREE, Call, Language, Literal, Node, pure_function
from blueprinter.casing import fold
from blueprinter.policy.compiled.code import Namespace, call, load

_LENGTHS = (128, 30)
"""How long a name may be for an expression to be code: the first of these with which no call is costly."""
_ELEMENT = 8
"""What an element of an array counts as beside a character, as in `arm/compiler.py`."""


class _Texts(NamedTuple):
    """A value that is a text, or an array of texts that has at least one."""

    code: ast.expr
    longest: int
    """Characters of any text of it."""
    elements: int = 0
    """The most elements; 0 = it is a text."""

    @property
    def cost(self) -> int:
        """What a function that takes it counts for it."""
        return _ELEMENT * self.elements or self.longest


class NameCode(NamedTuple):
    """An expression as code."""

    code: ast.expr
    longest: int
    """Characters of a name for which the code is as good as the expression."""


def code_of_name(node: Node, variable: str, names: Namespace) -> NameCode | None:
    """The code of an expression that reads nothing but the name, which the variable holds, and gives a text. It may
    raise `ExpressionError`. None = it takes the whole language."""
    for longest in _LENGTHS:
        found = _texts(node, variable, longest, names)
        if found is not None and not found.elements and found.longest <= _LENGTHS[0]:
            return NameCode(found.code, longest)
    return None


def _texts(node: Node, variable: str, longest: int, names: Namespace) -> _Texts | None:
    """A node as code; None = it is none of those that are understood here, or may be costly."""
    if isinstance(node, Literal):
        text = node.value
        return _Texts(names.constant(text), len(text)) if isinstance(text, str) else None
    if not isinstance(node, Call):
        return None
    name = fold(node.name)
    if name == "field":
        return _Texts(load(variable), longest)
    function = pure_function(name, Language.POLICY)
    arguments = [_texts(argument, variable, longest, names) for argument in node.arguments]
    known = [one for one in arguments if one is not None]
    if function is None or not known or len(known) < len(arguments) or sum(one.cost for one in known) > FREE:
        return None
    first, *others = known
    code = call(names.name_of(function, name), *(one.code for one in known))
    if name in ("first", "last"):
        return _Texts(code, first.longest)
    if any(one.elements for one in known):
        return None
    if name == "split":
        return _Texts(code, first.longest, first.longest + 1)
    if name in ("tolower", "toupper"):
        return _Texts(code, first.longest)
    if name == "concat":
        return _Texts(code, first.longest + sum(one.longest for one in others))
    return None
