"""The one table of functions of templates, policies and blueprints.

A function is code and a row in the module of its category; `list*` stands for every name that starts so.
"""

from __future__ import annotations

from collections.abc import Callable

from blueprinter.arm.functions import (
    array,
    blueprint,
    cidr,
    comparison,
    date,
    deployment,
    lambda_,
    logical,
    numeric,
    object,
    policy,
    resource,
    scope,
    string,
)
from blueprinter.arm.model import Language, Value
from blueprinter.arm.rows import Form, FunctionRow
from blueprinter.casing import fold
from blueprinter.table import Table

FUNCTIONS: Table[FunctionRow] = Table(
    (
        *array.ROWS,
        *cidr.ROWS,
        *comparison.ROWS,
        *date.ROWS,
        *deployment.ROWS,
        *lambda_.ROWS,
        *logical.ROWS,
        *numeric.ROWS,
        *object.ROWS,
        *resource.ROWS,
        *scope.ROWS,
        *string.ROWS,
        *policy.ROWS,
        *blueprint.ROWS,
    )
)


def find_function(name: str) -> FunctionRow | None:
    """The row of a function, by its name without regard to case, or None."""
    return FUNCTIONS.get(name) or (FUNCTIONS.get("list*") if fold(name).startswith("list") else None)


def pure_function(name: str, language: Language) -> Callable[..., Value] | None:
    """A function of its arguments alone as it is: what calls it sees to types, numbers and sizes of values, which
    expressions check. None = there is none of the name in the language."""
    row = find_function(name)
    found = None if row is None else row.implementations.get(language)
    return None if found is None or found.form is not Form.PURE else found.function


__all__ = ["FUNCTIONS", "find_function", "pure_function"]
