"""Union, intersection and merge of objects and arrays."""

from __future__ import annotations

from collections.abc import Hashable

from blueprinter.arm.comparing import equal, identity
from blueprinter.arm.limits import has_unknown
from blueprinter.arm.model import ExpressionError, Unknown, Value
from blueprinter.arm.syntax import reduced_call
from blueprinter.casing import fold


def union(*arguments: Value) -> Value:
    """Arrays: the elements in order, each once by deep equality. Objects: merged in depth, the later wins,
    arrays are replaced, an explicit null overwrites; names are the same but for case and keep their first spelling.
    An argument that is null as a whole adds nothing: published templates rely on it.
    """
    arguments = tuple(one for one in arguments if one is not None)
    if not arguments:
        return None
    _same_kind("union", arguments)
    unknown = has_unknown(list(arguments))
    if isinstance(arguments[0], list):
        if unknown:
            return reduced_call("union", list(arguments))
        return _distinct([member for array in arguments if isinstance(array, list) for member in array])
    merged: dict[str, Value] = {}
    for argument in arguments:
        if isinstance(argument, dict):
            merged = _merge(merged, argument)
    return merged


def _distinct(members: list[Value]) -> list[Value]:
    found: dict[Hashable, Value] = {}
    for member in members:
        found.setdefault(identity(member), member)
    return list(found.values())


def _merge(left: dict[str, Value], right: dict[str, Value]) -> dict[str, Value]:
    merged = dict(left)
    spelling = {fold(key): key for key in merged}
    for key, value in right.items():
        name = spelling.setdefault(fold(key), key)
        merged[name] = _merge_value(merged[name], value) if name in merged else value
    return merged


def _merge_value(old: Value, new: Value) -> Value:
    if isinstance(old, dict) and isinstance(new, dict):
        return _merge(old, new)
    # an unknown value may turn out to be an object, which would be merged
    if isinstance(new, Unknown) and isinstance(old, (dict, Unknown)):
        return reduced_call("union", (old, new))
    if isinstance(old, Unknown) and isinstance(new, dict):
        return reduced_call("union", (old, new))
    return new


def shallow_merge(objects: list[Value]) -> Value:
    """The properties of all objects of an array; of those of one name the last wins."""
    if any(isinstance(member, Unknown) for member in objects):
        return reduced_call("shallowMerge", (objects,))
    merged: dict[str, Value] = {}
    spelling: dict[str, str] = {}
    for member in objects:
        if not isinstance(member, dict):
            raise ExpressionError("`shallowMerge` takes an array of objects")
        for key, value in member.items():
            merged[spelling.setdefault(fold(key), key)] = value
    return merged


def intersection(*arguments: Value) -> Value:
    """Arrays: the elements of the first that all others hold. Objects: the properties that all have with equal
    values."""
    _same_kind("intersection", arguments)
    first, *others = arguments
    if isinstance(first, list):
        rest = [set(map(identity, other)) for other in others if isinstance(other, list)]
        return _distinct([member for member in first if all(identity(member) in other for other in rest)])
    shared: dict[str, Value] = dict(first) if isinstance(first, dict) else {}
    for other in others:
        if isinstance(other, dict):
            folded = {fold(key): value for key, value in other.items()}
            shared = {
                key: value
                for key, value in shared.items()
                if fold(key) in folded and equal(value, folded[fold(key)])
            }
    return shared


def _same_kind(name: str, arguments: tuple[Value, ...]) -> None:
    if not (
        all(isinstance(one, list) for one in arguments) or all(isinstance(one, dict) for one in arguments)
    ):
        raise ExpressionError(f"`{name}` takes arrays or objects, not both")
