"""Functions of objects (Microsoft Learn, "Object functions for ARM templates")."""

from __future__ import annotations

from blueprinter.arm.comparing import collation_key
from blueprinter.arm.lenient_json import read_json
from blueprinter.arm.merging import shallow_merge
from blueprinter.arm.model import ExpressionError, Unknown, Value
from blueprinter.arm.nulls import null_gives, taking_null
from blueprinter.arm.rows import Category, FunctionRow, Unknowns, kind_of, pure, takes
from blueprinter.arm.syntax import reduced_call


def _create_object(*members: Value) -> Value:
    if len(members) % 2:
        raise ExpressionError("`createObject` takes names and values in pairs, the last name has no value")
    names = members[::2]
    if any(isinstance(name, Unknown) for name in names):
        return reduced_call("createObject", members)
    created: dict[str, Value] = {}
    for name, value in zip(names, members[1::2], strict=True):
        if not isinstance(name, str):
            raise ExpressionError(f"the name of a property is a string, not {kind_of(name)}")
        created[name] = value
    return created


def _sorted_keys(value: dict[str, Value]) -> list[str]:
    return sorted(value, key=collation_key)


def _items(value: dict[str, Value]) -> Value:
    return [{"key": key, "value": value[key]} for key in _sorted_keys(value)]


def _object_keys(value: dict[str, Value]) -> Value:
    return [*_sorted_keys(value)]


ROWS = (
    FunctionRow(
        "createObject",
        Category.OBJECT,
        takes("namesAndValues?...: any"),
        "an object of names and values in turn",
        pure(_create_object, Unknowns.SEEN),
    ),
    FunctionRow(
        "items",
        Category.OBJECT,
        takes("inputObject: object"),
        "the properties as an array of objects `key` and `value`, sorted by name",
        pure(_items, Unknowns.TOP),
    ),
    FunctionRow(
        "json",
        Category.OBJECT,
        takes("arg1: string"),
        "the value of a JSON text",
        taking_null(read_json, null_gives({}, read_json), "arg1"),
    ),
    FunctionRow("null", Category.OBJECT, (), "null", pure(lambda: None)),
    FunctionRow(
        "objectKeys",
        Category.OBJECT,
        takes("object: object"),
        "the names of the properties, sorted",
        pure(_object_keys, Unknowns.TOP),
    ),
    FunctionRow(
        "shallowMerge",
        Category.OBJECT,
        takes("arrayOfObjects: array"),
        "the objects of an array as one, the last of a name wins",
        pure(shallow_merge, Unknowns.TOP),
    ),
)
