"""Rows of which only those parts are parsed that policies read.

Most of a row is never looked at. What is parsed of it has an attribute for everything that is read, in the very
spelling. A row that lacks one of them may have it in another letter case: where the name stands in the line at all, the
row has to be parsed whole. So nothing can depend on the rest of a row. What is skipped is still checked to be JSON, but
for numbers that no computer can hold.
"""

# annotations are no text here: msgspec would compile them for each class that is made
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any, ClassVar, TypedDict, Union, cast

import msgspec

from blueprinter.policy import LACKING, Place, Reads, Shape

REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
STATED = "apiVersion"
PROPERTIES = "properties"


class RowPart(msgspec.Struct, gc=False):
    """Part of a row. The class for a type of resources has more attributes, as `Reads.attributes` names them."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    spelled: ClassVar[str]
    """The type."""
    stated: Any = msgspec.field(name=STATED, default=LACKING)
    properties: Any = LACKING

    def entry(self, line: bytes) -> Any:
        """The entry under which the row is counted, which stands in the line; None = part of it is not enough."""
        return None


PartClass = type[RowPart]
Decode = Callable[[bytes], RowPart]
"""Parses part of a row. Raises `REFUSED` for what is no row of a type that it knows."""


Shapes = Mapping[Place, Shape]
"""What is read of columns, and of members of `properties`: of those that are not named all."""


def part_of(
    type_: str,
    reads: Reads,
    shapes: Shapes,
    entry: Callable[[Any, bytes], object],
    closed: Collection[str] | None = None,
) -> "PartClass | None":
    """The class for what is read of rows of a type, as they spell it, with its method `entry`. Where `closed` is given,
    `properties` have no other keys than these, and a row with another one is refused. None = a key or the type cannot
    be had so."""
    columns, members = reads.attributes()
    fields: list[tuple[str, Any, Any]] = [
        (attribute, _kind(shapes.get((name,))), LACKING) for name, attribute in columns.items()
    ]
    names = {attribute: key for key, attribute in columns.items()}
    try:
        if PROPERTIES not in columns:
            inner: list[tuple[str, Any, Any]] = [
                (attribute, _kind(shapes.get((PROPERTIES, name))), LACKING)
                for name, attribute in members.items()
            ]
            turned = {attribute: key for key, attribute in members.items()}
            for number, key in enumerate(sorted(set(closed or ()) - members.keys())):
                # as bytes, which is the quickest way to do nothing with a value
                inner.append((f"other_{number}", msgspec.Raw, LACKING))
                turned[f"other_{number}"] = key
            properties = msgspec.defstruct(
                "Properties", inner, rename=turned, gc=False, forbid_unknown_fields=closed is not None
            )
            fields.append((PROPERTIES, properties, LACKING))
        return cast(
            "PartClass",
            msgspec.defstruct(
                "Part",
                fields,
                bases=(RowPart,),
                namespace={"spelled": type_, "entry": entry},
                tag_field="type",
                tag=type_,
                rename=names,
                gc=False,
            ),
        )
    except ValueError:
        return None


def _kind(shape: Shape | None) -> Any:
    """What a value is parsed as: an object with nothing but some of its members, or whatever it is."""
    if shape is None or shape.is_whole:
        return Any
    if shape.element is not None:
        return list[_kind(shape.element)] | None  # type: ignore[misc]  # a type that is made here
    members = {name: _kind(below) for name, below in shape.members}
    made: Any = TypedDict("Members", members, total=False)  # type: ignore[misc]  # so is this one
    return made | None


class _NoPart(RowPart, tag_field="type", tag="", gc=False):
    """Beside this class a row has to say its type, however many others there are."""


def decoder_of(parts: Sequence[PartClass]) -> Decode:
    """A function that parses rows of several types, each as its class wants it."""
    return cast(Decode, msgspec.json.Decoder(Union[(_NoPart, *parts)]).decode)
