"""Where the code for one resource type is collected, function by function."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Sequence

from blueprinter.policy.compiled.calculations import Comparison
from blueprinter.policy.compiled.code import Namespace
from blueprinter.policy.compiled.loads import ROW, Branch, Loads, Reads
from blueprinter.policy.compiled.runtime import Keys, Places


class Writer:
    """Where code for one resource type is collected: names, helping functions, what is known of keys."""

    def __init__(self) -> None:
        self.names = Namespace()
        self.keys = Keys()
        self.places = Places()
        self.functions: list[ast.FunctionDef] = []
        self.loads: list[tuple[str, Loads]] = []
        """What the functions read of variables."""
        self.elements: dict[str, list[str]] = {}
        """The variables of elements, by those of arrays."""
        self.wanted: set[str] = set()
        """Variables of elements that are looked at themselves."""
        self.asks = False
        """A function hands the whole row to the interpreter."""
        self.comparisons: dict[Hashable, Comparison] = {}
        """Those of expressions that are the same in all policies."""
        self.collects = False
        """A function looks for values in the row by itself."""

    @property
    def needs_row(self) -> bool:
        """Whether more than the first function that was begun looks at the row."""
        return self.asks or self.collects or sum(base == ROW for base, _ in self.loads) > 1

    def branches(self) -> tuple[Branch, dict[str, Branch]]:
        """What the functions read of rows; and of the elements of arrays, by the variables of those."""
        found: dict[str, Branch] = {}
        for base, loads in self.loads:
            branch = loads.branch()
            if base in found:
                found[base].merge(branch)
            else:
                found[base] = branch
            found[base].is_whole |= base in self.wanted
        elements: dict[str, Branch] = {}
        for array, members in self.elements.items():
            for member in members:
                if member in found and array in elements:
                    elements[array].merge(found[member])
                elif member in found:
                    elements[array] = found[member]
        return found.get(ROW) or Branch({ROW}, is_whole=False, is_array=False, plain=set()), elements

    def reads(self) -> Reads | None:
        """What the functions read of rows; None = anything."""
        found = Reads()
        for base, loads in self.loads:
            if base != ROW:
                continue
            one = loads.reads()
            if one is None:
                return None
            found = found.and_(one)
        return None if self.asks else found


class Scope:
    """One function that is being written: what it reads of the row and of members of arrays."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self._loads: dict[str, Loads] = {}

    def of(self, base: str) -> Loads:
        """What is read of the value in a variable."""
        if base not in self._loads:
            writer = self.writer
            self._loads[base] = Loads(base, writer.names, writer.keys, writer.places)
            writer.loads.append((base, self._loads[base]))
        return self._loads[base]

    def statements(self, bases: Sequence[str]) -> list[ast.stmt]:
        """The code that reads what is wanted of these variables."""
        return [
            statement for base in bases if base in self._loads for statement in self._loads[base].statements()
        ]
