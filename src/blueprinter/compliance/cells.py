"""The rows of one type: what makes them alike, and how far they are parsed.

At first rows are parsed whole, then as far as policies read them. What a part of a row lacks the row may have in
another letter case; such rows are parsed whole. Where many are, more of each is parsed: objects that often lack
something as they are, and of `properties` all keys, so that it is known what they lack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct, field

from blueprinter.arm import Value
from blueprinter.casing import fold
from blueprinter.compliance.projecting import PROPERTIES, PartClass, RowPart, Shapes, part_of
from blueprinter.policy import ELEMENTS, Held, Itself, Place, Reads, Shape, Sight, may_hold

ALWAYS = -1
"""The rank of an entry whose rows have to be looked at each time."""
NEVER = 1 << 61
"""The rank of an entry whose rows are only counted."""

Row = Mapping[str, Value]
_PATIENCE = 256
"""Rows that lack something before it is asked whether parsing in part pays."""
_LOOKED_AT = 1_024
"""Rows that are parsed whole for whoever looks at them before the same is asked: many are at first, few later on."""
_SELDOM = 32
"""Of so many rows one may lack something that is read of it, or else the object in question is parsed whole."""
_TOO_OFTEN = _SELDOM // 2
"""Where one of so many does, that is seen to at once. Not earlier: rows are counted a window later than what they lack,
so that what lies between is begun anew in vain."""
_LACKS = 16
"""After so many `properties` that lack something it is asked whether parts should have all of their keys."""
_OFTEN = 8
"""They should where one of so many does."""
_MOST_KEYS = 150


class Entry(Protocol):
    """Rows that are alike."""

    count: int
    lowest: int
    """The desk looks at its rows while this is not above the desk's bar."""


class Entries(dict[Hashable, Entry]):
    """Entries by what makes their rows alike; those that are missing are made."""

    def __init__(self, make: Callable[[Hashable], Entry]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Hashable) -> Entry:
        entry = self[key] = self._make(key)
        return entry


class Cell(Struct):
    """The rows of a file of one type, as they spell it, and of one API version."""

    type: str
    api_version: str
    decide: Callable[[Row], Hashable]
    """What makes rows alike. May raise `FAULTS`."""
    entries: Entries
    """By that."""
    give_up: Callable[[str], Entry]
    """The entry of a row, by its id, on which `decide` raised."""
    reads: Reads | None = None
    """What `sight` needs of a row."""
    sight: Callable[[frozenset[Place]], Sight | None] | None = None
    """Makes `decide` for parts of rows, in which the values in these places are whole. None = there is no such
    function."""
    around: Callable[[str], Hashable] | None = None
    """What makes rows alike besides what `sight` gives, by their ids: keys are pairs then."""
    others: dict[int, Entry] = field(default_factory=dict)
    """Entries that stand for no key."""
    part: PartClass | None = None
    """The class of the parts that are judged, once rows are parsed so."""
    refused: int = 0
    """How many rows had to be parsed whole after all."""
    looked_at: int = 0
    """How many rows had to be parsed whole besides, for somebody looked at them."""
    shapes: Shapes = field(default_factory=dict)
    """What is parsed of values."""
    wanting: Counter[Place] = field(default_factory=Counter)
    """In how many of the rows that were parsed whole an object did not have everything that is read of it."""
    keys: set[str] | None = field(default_factory=set)
    """The keys of `properties` in rows that were parsed whole, but for those that are read and spelled in another way;
    None = there are too many of them."""
    lacks: int = 0
    """How often `properties` lacked something, and the line was searched for it."""
    closed: bool = False
    """Parts have all keys of `properties`, so that they lack nothing that the line may have."""
    wish: Callable[[], None] = lambda: None
    """Is told of rows that could be parsed in a better way."""
    insist: Callable[[], None] = lambda: None
    """Is told when all rows from now on could."""

    def begin(self) -> PartClass | None:
        """Begins to parse rows in part, if that can be done; or begins anew, with what is known of them by now."""
        whole = frozenset(place for place, count in self.wanting.items() if count * _SELDOM > self.rows())
        sight = None if self.sight is None else self.sight(whole)
        if sight is None or self.reads is None:
            self.sight = None
            return None
        self.shapes = sight.shapes
        self.closed = self.keys is not None and (self.closed or self._is_poor)
        entry = self._entry(sight, _never if self.closed else self._held)
        keys = self.keys if self.closed else None
        self.part = part_of(self.type, self.reads, sight.shapes, entry, keys)
        if self.part is None:
            self.sight = None
        return self.part

    def _entry(self, sight: Sight, held: Held) -> Callable[[RowPart, bytes], Entry | None]:
        """The entry of a row; None = it has to be parsed whole."""
        if self.around is None:
            return sight.glance(self.entries, held)
        entries, around, glance = self.entries, self.around, sight.glance(Itself(), held)

        def entry(part: RowPart, line: bytes) -> Entry | None:
            key = glance(part, line)
            return None if key is None else entries[key, around(part.id)]

        return entry

    def _held(self, line: bytes, name: bytes) -> bool:
        """Whether `properties` may have a name in another letter case; how often that is asked is counted."""
        self.lacks += 1
        if self.lacks % _LACKS == 0 and self._is_poor:
            self.part = None
            self.wish()
        return may_hold(line, name)

    @property
    def _is_poor(self) -> bool:
        """So many `properties` lack something that parts should have all keys of them."""
        return self.keys is not None and self.lacks * _OFTEN > self.rows()

    def learn(self, row: Row) -> None:
        """Notes a row that was parsed whole. Where too many are, they are parsed in another way from now on."""
        better = self._learn_keys(row) and self.closed
        if self.part is None:
            if self.sight is not None:
                self.wish()
            return
        self.refused += 1
        for place in set(_wanting(row, self.shapes)):
            self.wanting[place] += 1
            better = better or self.wanting[place] * _TOO_OFTEN > self.rows()
        if better:
            self.part = None
        elif self.refused % _PATIENCE == 0:
            self._give_up_parts(self.refused)

    def note_look(self) -> None:
        """Notes a row that was parsed whole besides."""
        self.looked_at += 1
        if self.looked_at % _LOOKED_AT == 0:
            self._give_up_parts(self.looked_at)

    def _give_up_parts(self, whole: int) -> None:
        """Parses all rows whole if most are anyway."""
        if whole * 2 > self.rows():
            self.sight = self.part = None
            self.insist()

    def _learn_keys(self, row: Row) -> bool:
        """Learns the keys of `properties`; whether there were new ones."""
        properties = row.get(PROPERTIES)
        if self.keys is None or self.reads is None or not isinstance(properties, dict):
            return False
        fresh = properties.keys() - self.keys
        if fresh:
            members = self.reads.members
            near = set(map(fold, members))
            fresh = {key for key in fresh if key in members or fold(key) not in near}
            self.keys |= fresh
            if len(self.keys) > _MOST_KEYS:
                self.keys = None
        return bool(fresh)

    def rows(self) -> int:
        """How many resources it has."""
        return sum(one.count for one in (*self.entries.values(), *self.others.values()))


def _wanting(row: Row, shapes: Shapes) -> Iterator[Place]:
    """The places of values of a row that are not what they would have to be to be parsed in part."""
    for place, shape in shapes.items():
        owner: object = row
        for step in place[:-1]:
            owner = owner.get(step) if isinstance(owner, dict) else None
        if isinstance(owner, dict):
            yield from _wanting_of(owner.get(place[-1]), shape, place)


def _wanting_of(value: object, shape: Shape, place: Place) -> Iterator[Place]:
    if value is None or shape.is_whole:
        return
    if shape.element is not None:
        if not isinstance(value, list):
            yield place
            return
        for element in value:
            yield from _wanting_of(element, shape.element, (*place, ELEMENTS))
    elif isinstance(value, dict) and all(name in value for name, _ in shape.members):
        for name, below in shape.members:
            yield from _wanting_of(value[name], below, (*place, name))
    else:
        yield place


def _never(line: bytes, name: bytes) -> bool:
    return False
