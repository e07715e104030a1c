"""Rows of which only those parts are parsed that policies read.

Most of a row is never looked at. What is parsed of it has an attribute for everything that is read, in the very
spelling. Where a row lacks one of them, it may have it in another letter case, and has to be parsed whole, unless its
line has that name in no letter case. So nothing can depend on the rest of a row. What is skipped is still checked to be
JSON, but for numbers that no computer can hold.
"""

# annotations are no text here: msgspec would compile them for each class that is made
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Union, cast

import msgspec
import orjson

from blueprinter.casing import fold
from blueprinter.policy import LACKING, Glance, Wanted, attributes_of

REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
STATED = "apiVersion"
PROPERTIES = "properties"

Names = tuple[tuple[str, bytes, "Names"], ...]
"""Attributes, each with the folded name that it has in JSON, in its quotes, and with those of the object in it."""


class RowPart(msgspec.Struct, gc=False):
    """Part of a row. The class for a type of resources has more attributes, as `Reads.attributes` names them."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    spelled: ClassVar[str]
    """The type."""
    names: ClassVar[Names] = ()
    """What may be null where a row lacks it."""
    stated: Any = msgspec.field(name=STATED, default=LACKING)
    properties: Any = LACKING

    def entry(self) -> Any:
        """The entry under which the row is counted; None = it lacks something, or is the first of its kind."""
        return None

    def completed(self, line: bytes) -> Any:
        """The entry of a row that lacks something; None = it has to be parsed whole.

        What its line names in no letter case is absent. A text with an escape could be any name.
        """
        if not self.names or self.stated is not LACKING or self.properties is LACKING or b"\\" in line:
            return None
        folded = line.lower() if line.isascii() else fold(line.decode()).encode()
        return self.entry() if _complete(self, self.names, folded) else None


def _complete(holder: object, names: Names, folded: bytes) -> bool:
    """Puts null for what an object lacks; False = the folded line may have it in another spelling."""
    for attribute, name, inner in names:
        value = getattr(holder, attribute)
        if value is LACKING:
            if name in folded:
                return False
            setattr(holder, attribute, None)
        elif inner and value is not None and not _complete(value, inner, folded):
            return False
    return True


PartClass = type[RowPart]
Decode = Callable[[bytes], RowPart]
"""Parses part of a row. Raises `REFUSED` for what is no row of a type that it knows."""


def part_of(type_: str, glance: Glance, entry: Callable[[Any], object]) -> "PartClass | None":
    """The class for what `glance` reads of rows of a type, as they spell it, with its method `entry`. None = a key or
    the type cannot be had so."""
    reads = glance.reads
    kept = reads.attributes()
    names = _names(reads.columns, kept) if glance.lenient else ()
    try:
        fields = [
            (name, _kind(reads.columns[key], may_be_null=key != PROPERTIES), LACKING)
            for key, name in kept.items()
        ]
        if PROPERTIES not in kept:
            fields.append((PROPERTIES, _object({}), LACKING))
        return cast(
            "PartClass",
            msgspec.defstruct(
                "Part",
                fields,
                bases=(RowPart,),
                namespace={"spelled": type_, "entry": entry, "names": names},
                tag_field="type",
                tag=type_,
                rename={name: key for key, name in kept.items()},
                gc=False,
            ),
        )
    except ValueError:
        return None


def _names(wanted: Wanted, kept: Mapping[str, str]) -> Names:
    return tuple(
        (name, orjson.dumps(fold(key)), _names(wanted[key], attributes_of(wanted[key])))
        for key, name in kept.items()
    )


def _kind(wanted: Wanted, *, may_be_null: bool = True) -> Any:
    """The type of what is read of a value. Raises `ValueError` for a key that cannot be had so."""
    if not wanted:
        return Any
    found = _object(wanted)
    return found | None if may_be_null else found


def _object(wanted: Wanted) -> type[msgspec.Struct]:
    """The class for part of an object."""
    kept = attributes_of(wanted)
    turned = {name: key for key, name in kept.items()}
    fields = [(name, _kind(wanted[key]), LACKING) for key, name in kept.items()]
    return msgspec.defstruct("Object", fields, rename=turned, gc=False)


class _NoPart(RowPart, tag_field="type", tag="", gc=False):
    """Beside this class a row has to say its type, however many others there are."""


def decoder_of(parts: Sequence[PartClass]) -> Decode:
    """A function that parses rows of several types, each as its class wants it."""
    return cast(Decode, msgspec.json.Decoder(Union[(_NoPart, *parts)]).decode)
