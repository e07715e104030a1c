"""What a program reads of rows, as deep as it reads: all that has to be parsed of them.

Where a row has everything that is read, spelled so, the program finds in such a part what it would find in the row.
Where an object lacks something, it may have it in another letter case, which a part does not tell: `Unseen` is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import itemgetter
from types import FunctionType

from msgspec import Struct

from blueprinter.policy.compiled.loads import Branch
from blueprinter.policy.compiled.runtime import unseen

ELEMENTS = "[*]"
Place = tuple[str, ...]
"""Where a value stands: names, and `ELEMENTS` for any element of an array."""


class Shape(Struct, frozen=True):
    """What is read of a value: members of an object by name, or of each element of an array. Neither = all of it."""

    members: tuple[tuple[str, Shape], ...] = ()
    element: Shape | None = None

    @property
    def is_whole(self) -> bool:
        return not self.members and self.element is None


WHOLE = Shape()


class Depths(Struct, frozen=True, eq=False):
    """How deep the functions of a program read."""

    root: Branch
    elements: Mapping[str, Branch]
    """The elements of arrays, by the variables of those."""
    functions: Mapping[str, FunctionType]

    def shape(self, place: Place, whole: frozenset[Place]) -> Shape:
        """What is read of a value; `whole`: places of values that are wanted whole."""
        branch = self.root
        for step in place:
            if step not in branch.members:
                return WHOLE
            branch = branch.members[step]
        return self._shape(branch, place, whole)

    def _shape(self, branch: Branch, place: Place, whole: frozenset[Place]) -> Shape:
        if branch.is_whole or place in whole:
            return WHOLE
        if branch.is_array:
            element = None if branch.members else self._element(branch)
            if element is None:
                return WHOLE
            found = self._shape(element, (*place, ELEMENTS), whole)
            return WHOLE if found.is_whole else Shape(element=found)
        members = sorted(branch.members.items(), key=itemgetter(0))
        return Shape(tuple([(name, self._shape(below, (*place, name), whole)) for name, below in members]))

    def _element(self, branch: Branch) -> Branch | None:
        found: Branch | None = None
        for variable in sorted(branch.variables & self.elements.keys()):
            if found is None:
                found = Branch(set(), is_whole=False, is_array=False, plain=set())
            found.merge(self.elements[variable])
        return found

    def function(self, name: str, shapes: Mapping[Place, Shape]) -> FunctionType:
        """A function of the program for parts of rows, which have these shapes."""
        blind = [plain for place, shape in shapes.items() for plain in self._plain(place, shape)]
        functions = dict(self.functions)
        names = {**functions[name].__globals__, **dict.fromkeys(blind, unseen)}
        # code remembers where it found names: functions with other names need code of their own
        made = {key: FunctionType(one.__code__.replace(), names) for key, one in functions.items()}
        names.update(made)
        return made[name]

    def _plain(self, place: Place, shape: Shape) -> Iterator[str]:
        """The names of what knows the keys of objects, of those that are no whole objects."""
        branch = self.root
        for step in place:
            if step not in branch.members:
                return
            branch = branch.members[step]
        yield from self._plain_of(branch, shape)

    def _plain_of(self, branch: Branch, shape: Shape) -> Iterator[str]:
        if shape.element is not None:
            element = self._element(branch)
            if element is not None:
                yield from self._plain_of(element, shape.element)
        elif shape.members:
            yield from branch.plain
            for name, below in shape.members:
                yield from self._plain_of(branch.members[name], below)
