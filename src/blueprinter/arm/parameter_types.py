"""What a parameter may hold: types, constraints and the type definitions of `languageVersion` 2.0.

Source: Microsoft Learn, "Parameters in ARM templates" and "Type definitions in ARM templates".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from blueprinter.arm.comparing import equal
from blueprinter.arm.model import Unknown, Value
from blueprinter.arm.partial import member
from blueprinter.arm.secure_values import secured
from blueprinter.arm.syntax import value_text
from blueprinter.arm.template import as_value
from blueprinter.casing import fold, get, key_of
from blueprinter.document import Json, child
from blueprinter.text import did_you_mean, plural

_MAX_REFERENCES = 32
"""How many `$ref` may lead from one to the next."""

_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "securestring": (str,),
    "int": (int,),
    "bool": (bool,),
    "array": (list,),
    "object": (dict,),
    "secureobject": (dict,),
}
_NOUNS: Mapping[type, str] = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
    type(None): "null",
}
_ARTICLES = {
    "int": "an integer",
    "bool": "a boolean",
    "array": "an array",
    "string": "a string",
    "object": "an object",
}


class UnknownType(Exception):
    """A type that cannot be resolved; the text says why."""


class Mismatch(Struct, frozen=True):
    """What is wrong with a value. `pointer` leads from the value to the faulty part of it."""

    message: str
    pointer: str


def resolve(schema: Mapping[str, Json], definitions: Mapping[str, Json]) -> Mapping[str, Json]:
    """A schema with its `$ref` followed; what stands beside the `$ref` holds over the definition.

    Raises `UnknownType`.
    """
    for _ in range(_MAX_REFERENCES):
        reference = get(schema, "$ref")
        if reference is None:
            return schema
        name = str(reference).removeprefix("#/definitions/").replace("~1", "/").replace("~0", "~")
        target = get(definitions, name)
        if not isinstance(target, dict) or not str(reference).startswith("#/definitions/"):
            near = did_you_mean(name, definitions)
            raise UnknownType(f"the template has no definition `{reference}`" + (f", {near}" if near else ""))
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    raise UnknownType(f"the definition `{get(schema, '$ref')}` refers to itself")


def type_name(schema: Mapping[str, Json]) -> str:
    """The folded name of a resolved schema's type. Raises `UnknownType`."""
    name = get(schema, "type")
    if not isinstance(name, str):
        raise UnknownType("the type is missing")
    if fold(name) not in _PYTHON_TYPES:
        near = did_you_mean(name, _PYTHON_TYPES)
        raise UnknownType(f"`{name}` is no type of a parameter" + (f", {near}" if near else ""))
    return fold(name)


def is_secure(schema: Mapping[str, Json]) -> bool:
    """Whether values of a resolved schema must never be printed."""
    return fold(str(get(schema, "type"))).startswith("secure")


def is_nullable(schema: Mapping[str, Json]) -> bool:
    """Whether null, and the absence of a value, are allowed by a resolved schema."""
    return get(schema, "nullable") is True


def mismatches(
    value: Value, schema: Mapping[str, Json], definitions: Mapping[str, Json], pointer: str = ""
) -> Iterator[Mismatch]:
    """Everything in which a value does not fit a schema. What is unknown fits. Raises `UnknownType`."""
    if isinstance(value, Unknown):
        return
    schema = resolve(schema, definitions)
    if value is None and is_nullable(schema):
        return
    wrong = type_mismatch(value, schema)
    if wrong is not None:
        yield Mismatch(wrong, pointer)
        return
    yield from _constraints(value, schema, pointer)
    if isinstance(value, list):
        yield from _elements(value, schema, definitions, pointer)
    elif isinstance(value, dict):
        yield from _members(value, schema, definitions, pointer)


def type_mismatch(value: Value, schema: Mapping[str, Json]) -> str | None:
    """In which way a value is not of a resolved schema's type, None when it is. Raises `UnknownType`."""
    name = type_name(schema)
    if isinstance(value, Unknown) or type(value) in _PYTHON_TYPES[name]:
        return None
    if name == "int" and isinstance(value, float) and value.is_integer():
        return None
    return f"expected {_ARTICLES[name.removeprefix('secure')]}, got {_NOUNS[type(value)]}"


def _constraints(value: Value, schema: Mapping[str, Json], pointer: str) -> Iterator[Mismatch]:
    allowed = get(schema, "allowedValues")
    if isinstance(allowed, list) and not _is_allowed(value, allowed):
        shown = "the value" if is_secure(schema) else f"`{_plain(value)}`"
        choices = (
            ""
            if is_secure(schema)
            else ": " + ", ".join(f"`{_plain(as_value(choice))}`" for choice in allowed)
        )
        yield Mismatch(f"{shown} is not one of the allowed values{choices}", pointer)
    if isinstance(value, (str, list)):
        noun = "character" if isinstance(value, str) else "element"
        least, most = get(schema, "minLength"), get(schema, "maxLength")
        if type(least) is int and len(value) < least:
            yield Mismatch(f"has {plural(len(value), noun)}, at least {least} are needed", pointer)
        if type(most) is int and len(value) > most:
            yield Mismatch(f"has {plural(len(value), noun)}, at most {most} are allowed", pointer)
    elif type(value) is int:
        smallest, greatest = get(schema, "minValue"), get(schema, "maxValue")
        if type(smallest) is int and value < smallest:
            yield Mismatch(f"`{value}` is less than the minimum `{smallest}`", pointer)
        if type(greatest) is int and value > greatest:
            yield Mismatch(f"`{value}` is more than the maximum `{greatest}`", pointer)


def _is_allowed(value: Value, allowed: list[Json]) -> bool:
    """Texts are compared without regard to case; an array fits when each of its elements is allowed."""
    if any(_alike(value, choice) for choice in allowed):
        return True
    return isinstance(value, list) and all(
        any(_alike(element, choice) for choice in allowed) or isinstance(element, Unknown)
        for element in value
    )


def _alike(value: Value, choice: Json) -> bool:
    if isinstance(value, str) and isinstance(choice, str):
        return fold(value) == fold(choice)
    return equal(value, as_value(choice)) is not False


def _plain(value: Value) -> str:
    return value if isinstance(value, str) else value_text(value)


def _elements(
    value: list[Value], schema: Mapping[str, Json], definitions: Mapping[str, Json], pointer: str
) -> Iterator[Mismatch]:
    first, rest = get(schema, "prefixItems"), get(schema, "items")
    given = first if isinstance(first, list) else []
    if rest is False and len(value) > len(given):
        yield Mismatch(f"has {plural(len(value), 'element')}, at most {len(given)} are allowed", pointer)
    for index, element in enumerate(value):
        kind = given[index] if index < len(given) else rest
        if isinstance(kind, dict):
            yield from mismatches(element, kind, definitions, child(pointer, index))


def _members(
    value: dict[str, Value], schema: Mapping[str, Json], definitions: Mapping[str, Json], pointer: str
) -> Iterator[Mismatch]:
    chosen = get(schema, "discriminator")
    if isinstance(chosen, dict):
        variant = _variant(value, chosen)
        if isinstance(variant, Mismatch):
            yield Mismatch(variant.message, pointer)
            return
        if variant is not None:
            yield from mismatches(value, variant, definitions, pointer)
        return
    declared = get(schema, "properties")
    known = declared if isinstance(declared, dict) else {}
    for name, kind in known.items():
        key = key_of(value, name)
        if not isinstance(kind, dict):
            continue
        if key is not None:
            yield from mismatches(value[key], kind, definitions, child(pointer, key))
        elif not is_nullable(resolve(kind, definitions)):
            yield Mismatch(f"the property `{name}` is missing", pointer)
    others = get(schema, "additionalProperties")
    for key, part in value.items():
        if key_of(known, key) is not None:
            continue
        if others is False:
            near = did_you_mean(key, known)
            yield Mismatch(f"the property `{key}` is not allowed" + (f", {near}" if near else ""), pointer)
        elif isinstance(others, dict):
            yield from mismatches(part, others, definitions, child(pointer, key))


def with_secure_parts(
    value: Value,
    schema: Mapping[str, Json],
    definitions: Mapping[str, Json],
    expression: str,
    found: Callable[[Value, str], None],
) -> Value:
    """The value with every part of a secure type secured, as `expression` and the way to the part.

    `found` is told each of them. What holds no such part is not copied. Raises `UnknownType`.
    """
    if value is None or isinstance(value, Unknown):
        return value
    schema = resolve(schema, definitions)
    if is_secure(schema):
        found(value, expression)
        return secured(value, expression)
    if isinstance(value, list):
        first, rest = get(schema, "prefixItems"), get(schema, "items")
        kinds = [*(first if isinstance(first, list) else ())]
        kinds += [rest] * (len(value) - len(kinds))
        elements = [
            with_secure_parts(element, kind, definitions, f"{expression}[{index}]", found)
            if isinstance(kind, dict)
            else element
            for index, (element, kind) in enumerate(zip(value, kinds, strict=False))
        ]
        return elements if any(new is not old for new, old in zip(elements, value, strict=False)) else value
    if isinstance(value, dict):
        chosen = get(schema, "discriminator")
        variant = _variant(value, chosen) if isinstance(chosen, dict) else None
        if isinstance(variant, Mapping):
            return with_secure_parts(value, variant, definitions, expression, found)
        declared, others = get(schema, "properties"), get(schema, "additionalProperties")
        members: dict[str, Value] = {}
        for key, part in value.items():
            kind = get(declared, key, others) if isinstance(declared, dict) else others
            members[key] = (
                with_secure_parts(part, kind, definitions, member(expression, key), found)
                if isinstance(kind, dict)
                else part
            )
        return members if any(members[key] is not value[key] for key in value) else value
    return value


def _variant(value: dict[str, Value], chosen: Mapping[str, Json]) -> Mapping[str, Json] | Mismatch | None:
    """The schema that an object's discriminator chooses, None where the choice is unknown."""
    name = str(get(chosen, "propertyName"))
    choice, mapping = get(value, name), get(chosen, "mapping")
    if isinstance(choice, Unknown) or not isinstance(mapping, dict):
        return None
    if not isinstance(choice, str):
        return Mismatch(f"the property `{name}` is missing; it says which kind of object this is", "")
    found = mapping.get(choice)
    if isinstance(found, dict):
        return found
    choices = ", ".join(f"`{one}`" for one in mapping)
    return Mismatch(f"`{choice}` in `{name}` is not one of {choices}", "")
