"""Functions of arrays, and of what is like one (Microsoft Learn, "Array functions for ARM templates")."""

from __future__ import annotations

from typing import cast

from blueprinter.arm.comparing import any_of, equal
from blueprinter.arm.display import shown
from blueprinter.arm.limits import bounded, bounded_array
from blueprinter.arm.merging import intersection, union
from blueprinter.arm.model import ExpressionError, Language, Unknown, Value
from blueprinter.arm.nulls import null_gives, taking_null
from blueprinter.arm.rows import (
    Category,
    Form,
    FunctionRow,
    Implementation,
    Unknowns,
    kind_of,
    pure,
    takes,
)
from blueprinter.arm.secure_values import opened, secured
from blueprinter.arm.selecting import select
from blueprinter.arm.syntax import reduced_call
from blueprinter.casing import fold, key_of

MAX_RANGE = 10_000
_MAX_RANGE_END = 2**31 - 1


def _array(value: Value) -> Value:
    return value if isinstance(value, list) else [value]


def _concat(*parts: Value) -> Value:
    if isinstance(parts[0], list):
        joined: list[Value] = []
        for part in parts:
            if not isinstance(part, list):
                raise ExpressionError(f"`concat` joins arrays or strings, not an array and {kind_of(part)}")
            joined += part
        return bounded_array(joined)
    if any(isinstance(part, list) for part in parts):
        raise ExpressionError("`concat` joins arrays or strings, not both")
    return bounded("".join(map(shown, parts)))


def _policy_concat(*parts: Value) -> Value:
    if None in parts and any(isinstance(part, list) for part in parts):
        raise ExpressionError("`concat` joins arrays or strings, not arrays and null")
    given = [part for part in parts if part is not None]
    return _concat(*given) if given else ""


def _blueprint_concat(*parts: Value) -> Value:
    for part in parts:
        if not isinstance(part, str):
            raise ExpressionError(f"in a blueprint `concat` joins strings only, got {kind_of(part)}")
    return _concat(*parts)


def _contains(container: Value, item: Value) -> Value:
    container, item = opened(container), opened(item)
    if isinstance(container, list) and not isinstance(item, Unknown):
        found = any_of(equal(member, item) for member in container)
        return reduced_call("contains", (container, item)) if found is None else found
    if isinstance(container, Unknown) or isinstance(item, Unknown):
        if container in ([], {}):
            return False
        return reduced_call("contains", (container, item))
    if isinstance(container, dict):
        return key_of(container, _name(item)) is not None
    if isinstance(item, (list, dict)) or item is None:
        raise ExpressionError(f"a string cannot contain {kind_of(item)}")
    return shown(item) in str(container)


def _policy_contains(container: Value, item: Value) -> Value:
    """Texts without regard to letter case; elements of arrays are equal as `equals` has it."""
    if isinstance(container, str) and isinstance(item, str):
        return fold(item) in fold(container)
    if isinstance(container, str) and not isinstance(item, Unknown):
        raise ExpressionError(f"in a policy a string cannot contain {kind_of(item)}")
    return _contains(container, item)


def _name(item: Value) -> str:
    if isinstance(item, str) or type(item) is int:
        return str(item)
    raise ExpressionError(f"the name of a property is a string, not {kind_of(item)}")


def _create_array(*members: Value) -> Value:
    return list(members)


def _empty(value: str | list[Value] | dict[str, Value] | None) -> Value:
    return not value


def _first(value: str | list[Value]) -> Value:
    if isinstance(value, str):
        return value[:1]
    return value[0] if value else None


def _last(value: str | list[Value]) -> Value:
    if isinstance(value, str):
        return value[-1:]
    return value[-1] if value else None


def _flatten(arrays: list[Value]) -> Value:
    if any(isinstance(member, Unknown) for member in arrays):
        return reduced_call("flatten", (arrays,))
    flat: list[Value] = []
    for member in arrays:
        if not isinstance(member, list):
            raise ExpressionError(f"`flatten` takes an array of arrays, found {kind_of(member)} in it")
        flat += member
    return bounded_array(flat)


def _index_of(container: str | list[Value], item: Value) -> Value:
    if isinstance(container, list):
        return next((place for place, member in enumerate(container) if equal(member, item)), -1)
    return fold_by_char(container).find(fold_by_char(_needle(item)))


def _last_index_of(container: str | list[Value], item: Value) -> Value:
    if isinstance(container, list):
        places = reversed(range(len(container)))
        return next((place for place in places if equal(container[place], item)), -1)
    return fold_by_char(container).rfind(fold_by_char(_needle(item)))


def _needle(item: Value) -> str:
    if isinstance(item, str):
        return item
    raise ExpressionError(f"in a string a string is searched, not {kind_of(item)}")


def fold_by_char(text: str) -> str:
    """Folded so that each character keeps its place."""
    if text.isascii():
        return text.lower()
    return "".join(folded if len(folded := char.casefold()) == 1 else char for char in text)


def _length(value: str | list[Value] | dict[str, Value]) -> Value:
    return len(value)


def _numbers(
    name: str, arguments: tuple[Value, ...], types: frozenset[type] = frozenset({int})
) -> list[int | float]:
    numbers: list[int | float] = []
    for argument in arguments:
        for member in argument if isinstance(argument, list) else [argument]:
            if type(member) not in types:
                wanted = "numbers" if float in types else "integers"
                raise ExpressionError(f"`{name}` takes {wanted} or an array of them, found {kind_of(member)}")
            numbers.append(cast("int | float", member))
    if not numbers:
        raise ExpressionError(f"`{name}` of an empty array has no value")
    return numbers


def _max(*arguments: Value) -> Value:
    return max(_numbers("max", arguments))


def _min(*arguments: Value) -> Value:
    return min(_numbers("min", arguments))


def _policy_max(*arguments: Value) -> Value:
    return max(_numbers("max", arguments, frozenset({int, float})))


def _policy_min(*arguments: Value) -> Value:
    return min(_numbers("min", arguments, frozenset({int, float})))


def _range(start: int, count: int) -> Value:
    if not 0 <= count <= MAX_RANGE:
        raise ExpressionError(f"the count of `range` is 0 to {MAX_RANGE:,}, not `{count}`")
    if start + count > _MAX_RANGE_END:
        raise ExpressionError(f"the end of the range is beyond `{_MAX_RANGE_END}`")
    return list(range(start, start + count))


def _skip(value: str | list[Value], count: int) -> Value:
    return value[max(count, 0) :]


def _take(value: str | list[Value], count: int) -> Value:
    return value[: max(count, 0)]


def _try_get(value: Value, *path: Value) -> Value:
    for place, step in enumerate(path):
        if isinstance(value, Unknown):
            if value.hidden:
                return _try_get_secure(value, path[place:])
            key = key_of(value.known, step) if value.known is not None and isinstance(step, str) else None
            if value.known is None or key is None:
                return reduced_call("tryGet", (value, *path[place:]))
            value = value.known[key]
            continue
        if isinstance(step, Unknown):
            if value in ([], {}, None):
                return None
            return reduced_call("tryGet", (value, *path[place:]))
        if value is None:
            return None
        if isinstance(value, dict) and isinstance(step, str):
            key = key_of(value, step)
            if key is None:
                return None
            value = value[key]
        elif isinstance(value, list) and type(step) is int:
            if not 0 <= step < len(value):
                return None
            value = value[step]
        else:
            return select(value, step)
    return value


def _try_get_secure(value: Unknown, path: tuple[Value, ...]) -> Value:
    return secured(_try_get(opened(value), *path), reduced_call("tryGet", (value, *path)).expression)


def _policy_try_get(value: Value, *path: Value) -> Value:
    # what is no container has nothing, such as the empty text, which a field that is absent gives
    return _try_get(value, *path) if isinstance(value, (dict, list, Unknown)) else None


def _index_from_end(value: list[Value], place: int) -> Value:
    if not 1 <= place <= len(value):
        raise ExpressionError(f"the array has {len(value)} elements, none is number `{place}` from its end")
    return value[-place]


def _try_index_from_end(value: list[Value] | None, place: int) -> Value:
    return value[-place] if value is not None and 1 <= place <= len(value) else None


def _distinct(array: list[Value]) -> Value:
    return union(array, array)


ROWS = (
    FunctionRow(
        "array",
        Category.ARRAY,
        takes("convertToArray: any"),
        "the value as an array: an array as it is, anything else as its only element",
        pure(_array, Unknowns.TOP),
    ),
    FunctionRow(
        "concat",
        Category.ARRAY,
        takes("arg1: string|int|float|bool|array", "more?...: string|int|float|bool|array"),
        "strings, or arrays, one after the other",
        {
            Language.TEMPLATE: Implementation(Form.PURE, _concat, Unknowns.TOP),
            Language.POLICY: Implementation(
                Form.PURE,
                _policy_concat,
                Unknowns.TOP,
                minimum=0,
                nulls=frozenset({"arg1", "more"}),
            ),
            Language.BLUEPRINT: Implementation(Form.PURE, _blueprint_concat),
        },
    ),
    FunctionRow(
        "contains",
        Category.ARRAY,
        takes("container: array|object|string", "itemToFind: any"),
        "whether an array has the element, an object the property, a string the part",
        {
            Language.TEMPLATE: Implementation(Form.PURE, _contains, Unknowns.SEEN),
            Language.POLICY: Implementation(Form.PURE, _policy_contains, Unknowns.SEEN),
        },
    ),
    FunctionRow(
        "createArray",
        Category.ARRAY,
        takes("members?...: any"),
        "an array of the arguments",
        pure(_create_array, Unknowns.SEEN),
    ),
    FunctionRow(
        "distinct",
        Category.ARRAY,
        takes("array: array"),
        "the elements, each only once",
        pure(_distinct),
    ),
    FunctionRow(
        "empty",
        Category.ARRAY,
        takes("itemToTest: array|object|string|null"),
        "whether an array, object or string is empty, or null",
        pure(_empty, Unknowns.TOP),
    ),
    FunctionRow(
        "first",
        Category.ARRAY,
        takes("arg1: array|string"),
        "the first element or character",
        taking_null(_first, null_gives(None, _first), "arg1", unknowns=Unknowns.TOP),
    ),
    FunctionRow(
        "flatten",
        Category.ARRAY,
        takes("arrayToFlatten: array"),
        "the elements of the arrays in an array",
        pure(_flatten, Unknowns.TOP),
    ),
    FunctionRow(
        "indexFromEnd",
        Category.ARRAY,
        takes("sourceArray: array", "reverseIndex: int"),
        "the element counted from the end, the last is 1",
        pure(_index_from_end, Unknowns.TOP),
    ),
    FunctionRow(
        "indexOf",
        Category.ARRAY,
        takes("arrayToSearch: array|string", "itemToFind: any"),
        "where an element or part first stands, -1 = nowhere; in strings without regard to case",
        taking_null(_index_of, null_gives(-1, _index_of), "arrayToSearch"),
    ),
    FunctionRow(
        "intersection",
        Category.ARRAY,
        takes("arg1: array|object", "more?...: array|object"),
        "the elements or properties that all arguments have",
        pure(intersection),
    ),
    FunctionRow(
        "last",
        Category.ARRAY,
        takes("arg1: array|string"),
        "the last element or character",
        taking_null(_last, null_gives(None, _last), "arg1", unknowns=Unknowns.TOP),
    ),
    FunctionRow(
        "lastIndexOf",
        Category.ARRAY,
        takes("arrayToSearch: array|string", "itemToFind: any"),
        "where an element or part last stands, -1 = nowhere; in strings without regard to case",
        taking_null(_last_index_of, null_gives(-1, _last_index_of), "arrayToSearch"),
    ),
    FunctionRow(
        "length",
        Category.ARRAY,
        takes("arg1: array|object|string"),
        "the number of elements, properties or characters",
        taking_null(_length, null_gives(0, _length), "arg1", unknowns=Unknowns.TOP),
    ),
    FunctionRow(
        "max",
        Category.ARRAY,
        takes("arg1: int|float|array", "more?...: int|float|array"),
        "the greatest number; in templates of integers",
        taking_null(_max, _policy_max),
    ),
    FunctionRow(
        "min",
        Category.ARRAY,
        takes("arg1: int|float|array", "more?...: int|float|array"),
        "the least number; in templates of integers",
        taking_null(_min, _policy_min),
    ),
    FunctionRow(
        "range",
        Category.ARRAY,
        takes("startIndex: int", "count: int"),
        "an array of successive integers",
        pure(_range),
    ),
    FunctionRow(
        "skip",
        Category.ARRAY,
        takes("originalValue: array|string", "numberToSkip: int"),
        "what follows the first elements or characters",
        taking_null(_skip, null_gives(None, _skip), "originalValue", unknowns=Unknowns.TOP),
    ),
    FunctionRow(
        "take",
        Category.ARRAY,
        takes("originalValue: array|string", "numberToTake: int"),
        "the first elements or characters",
        taking_null(_take, null_gives(None, _take), "originalValue", unknowns=Unknowns.TOP),
    ),
    FunctionRow(
        "tryGet",
        Category.ARRAY,
        takes("itemToTest: any", "keyOrIndex: string|int", "more?...: string|int"),
        "the property or element at the end of a path, null where a step of it is missing",
        {
            Language.TEMPLATE: Implementation(Form.PURE, _try_get, Unknowns.SEEN),
            Language.POLICY: Implementation(Form.PURE, _policy_try_get, Unknowns.SEEN),
        },
    ),
    FunctionRow(
        "tryIndexFromEnd",
        Category.ARRAY,
        takes("sourceArray: array|null", "reverseIndex: int"),
        "the element counted from the end, null where there is none",
        pure(_try_index_from_end, Unknowns.TOP),
    ),
    FunctionRow(
        "union",
        Category.ARRAY,
        takes("arg1: array|object|null", "more?...: array|object|null"),
        "the elements of all arrays, each once; or the objects merged in depth, later ones win",
        pure(union, Unknowns.TOP),
    ),
)
