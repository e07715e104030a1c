"""Rows of which only those parts are parsed that policies read.

Most of a row is never looked at. A glance skips that part, for rows of one type that have everything which is read,
each in the very spelling: nothing about such a row can depend on the rest. It refuses all other rows, and those are
parsed whole. What is skipped is still checked to be JSON, but for numbers that no computer can hold.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, Protocol, TypedDict, cast

import msgspec

from blueprinter.policy import Reads

REFUSED = (msgspec.DecodeError, UnicodeDecodeError)
NEAR_TYPE = b'"type":"'
"""What stands before the type in the rows of most sources. It is a hint: a glance takes no row of another type."""
PROPERTIES = "properties"
STATED = "apiVersion"


class Decode(Protocol):
    def __call__(self, line: bytes | memoryview, /) -> dict[str, Any]: ...


def glance(type: str, reads: Reads) -> Decode:
    """A function from the JSON of a row of that type, as it spells it, to those parts of it that are read, its id and
    its type; and `apiVersion`, if it has that. Raises `REFUSED` for rows that have to be parsed whole.

    Their ids are text, and their `properties` are
    an object, unless all of it is read."""
    columns: dict[str, Any] = dict.fromkeys(sorted(reads.columns), Any)
    if PROPERTIES not in columns or reads.members:
        columns[PROPERTIES] = _object("Properties", dict.fromkeys(sorted(reads.members), Any))
    columns |= {"id": str, "type": Literal.__getitem__(type), STATED: NotRequired[Any]}
    decoder = msgspec.json.Decoder(_object("Row", columns))
    return cast(Decode, decoder.decode)


def _object(name: str, members: dict[str, Any]) -> Any:
    """A type of objects that have these members; what else they have is skipped."""
    return cast(Any, TypedDict)(name, members)
