"""Union, intersection and merge of objects and arrays."""

from __future__ import annotations

from blueprinter.arm.comparing import all_of, any_of, equal
from blueprinter.arm.limits import bounded_pairs, has_unknown
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
    if isinstance(arguments[0], list):
        if has_unknown(list(arguments)):
            return reduced_call("union", list(arguments))
        return _distinct([member for array in arguments if isinstance(array, list) for member in array])
    merged: dict[str, Value] = {}
    for argument in arguments:
        if isinstance(argument, dict):
            merged = _merge(merged, argument)
    return merged


def _distinct(members: list[Value]) -> list[Value]:
    seen: set[tuple[type, Value]] = set()
    containers: list[Value] = []
    found: list[Value] = []
    for member in members:
        if isinstance(member, (dict, list)):
            bounded_pairs(len(containers), len(containers))
            if any(equal(member, other) for other in containers):
                continue
            containers.append(member)
        else:
            # 1 and 1.0 are equal, 1 and true are not
            key = (
                bool if isinstance(member, bool) else float if isinstance(member, float) else type(member),
                member,
            )
            if isinstance(member, (int, float)) and not isinstance(member, bool):
                key = (float, member)
            if key in seen:
                continue
            seen.add(key)
        found.append(member)
    return found


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
        rest = [other for other in others if isinstance(other, list)]
        bounded_pairs(len(first), sum(map(len, rest)))
        kept = [
            member
            for member in first
            if all_of(any_of(equal(member, one) for one in other) for other in rest)
        ]
        return _distinct(kept)
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
