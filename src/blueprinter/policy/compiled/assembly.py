"""From syntax trees to functions: the one place of the project where code that was made is run.

What is compiled here is never text. The trees are built node by node from the parsed rule: identifiers come from
counters, text and numbers enter as constants, and everything else is reached by a name in the namespace that is
handed in. So whatever a policy says, it cannot become a program.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any

_FILE = "<compiled policies>"
"""What a traceback shows in place of a file."""


def assemble(functions: Sequence[ast.FunctionDef], names: Mapping[str, object]) -> dict[str, FunctionType]:
    """The functions by name. They see `names` and each other, and none of Python's builtins that is not in `names`.

    Raises `RecursionError` for trees that are too deep for Python's compiler.
    """
    module = ast.Module(body=list(functions), type_ignores=[])
    code = compile(module, _FILE, "exec")
    namespace: dict[str, Any] = {**names, "__builtins__": {}}
    made = {
        constant.co_name: FunctionType(constant, namespace)
        for constant in code.co_consts
        if isinstance(constant, CodeType)
    }
    namespace.update(made)
    return made
