"""Values for parameters: from parameter files, and checked against what the template declares.

Source: Microsoft Learn, "Create Resource Manager parameter file" and "Use Azure Key Vault to pass secure
parameter value during deployment".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from blueprinter.arm.faults import Faults
from blueprinter.arm.model import Unknown, Value
from blueprinter.arm.parameter_types import UnknownType, is_secure, mismatches, resolve
from blueprinter.arm.places import Place
from blueprinter.arm.secure_values import opened_throughout
from blueprinter.arm.syntax import quoted
from blueprinter.arm.template import Members, Template, as_value, schema_scope
from blueprinter.casing import fold, get, same
from blueprinter.diagnostics import InvalidInput, error
from blueprinter.document import Document, Json, tokens
from blueprinter.text import did_you_mean

_WRAPPERS = frozenset({"value", "reference", "metadata", "expression"})
_PLACEHOLDER = re.compile(r"GEN-[A-Z0-9-]+", re.ASCII)
MAX_FILE = 4 * 1024 * 1024
"""Bytes of a parameter file: Microsoft Learn, "ARM template best practices"."""


class SuppliedParameter(Struct, frozen=True):
    """A value for a parameter; a reference to a key vault is `Unknown`. `place` is None for one without a file."""

    name: str
    value: Value
    place: Place | None = None


def symbol(name: str) -> Unknown:
    """What stands for a parameter whose value is not known."""
    return Unknown(f"parameters({quoted(name)})")


def read_parameters(document: Document) -> Mapping[str, SuppliedParameter]:
    """The values of a parameter file, by folded name.

    Taken are `{"parameters": {"name": {"value": …}}}`, the same without its envelope, and a plain object of
    values; `{"reference": {"keyVault": …}}` instead of a value stays symbolic. Raises `InvalidInput`.
    """
    content, place = document.value, Place(document)
    if len(document.text.encode("utf-8", "surrogatepass")) > MAX_FILE:
        message = f"the file of parameters is larger than {MAX_FILE:,} bytes"
        raise InvalidInput([error("BP521", message, place.position())])
    if (
        isinstance(content, dict)
        and isinstance(get(content, "parameters"), dict)
        and not _is_wrapped(content)
    ):
        members = Members(content, place)
        content, place = members.get("parameters"), members.at("parameters")
    if not isinstance(content, dict) or schema_scope(get(content, "$schema")):
        hint = '`{"parameters": {"name": {"value": …}}}`'
        raise InvalidInput([error("BP523", "this is no file of parameter values", place.position(), hint)])
    items = {
        name: value
        for name, value in content.items()
        if not name.startswith("$") and name != "contentVersion"
    }
    wrapped = all(_is_wrapped(value) for value in items.values())
    return {fold(name): _supplied(name, items[name], place.child(name), wrapped) for name in items}


def _is_wrapped(value: Json) -> bool:
    return (
        isinstance(value, dict)
        and any(fold(key) in _WRAPPERS - {"metadata"} for key in value)
        and all(fold(key) in _WRAPPERS for key in value)
    )


def _supplied(name: str, value: Json, place: Place, wrapped: bool) -> SuppliedParameter:
    if not wrapped:
        return SuppliedParameter(name, as_value(value), place)
    members = Members(value if isinstance(value, dict) else {}, place)
    if members.has("value"):
        return SuppliedParameter(name, as_value(members.get("value")), members.at("value"))
    return SuppliedParameter(name, symbol(name), place)


def refuse_undeclared(supplied: Mapping[str, SuppliedParameter], template: Template, faults: Faults) -> None:
    """Reports values for parameters that the template does not declare, which Azure refuses too."""
    for key, given in supplied.items():
        if key not in template.parameters:
            place = given.place or template.members.at("parameters")
            if place.parent is not None and same(str(place.token), "value"):
                place = place.parent
            declared = [template.names[f"parameters/{name}"] for name in template.parameters]
            hint = did_you_mean(given.name, declared) or ""
            faults.error("BP524", f"the template declares no parameter `{given.name}`", place, hint, key=True)


def is_placeholder(value: Value, node: Members, template: Template) -> bool:
    """Whether a value is a placeholder, such as `GEN-UNIQUE-8`, that does not fit its parameter.

    The parameter files of the Azure quickstart templates hold them for the pipeline that tries the templates out
    (its contribution guide, "Parameters file"); one that fits is a value like any other.
    """
    if not isinstance(value, str) or _PLACEHOLDER.fullmatch(value) is None:
        return False
    try:
        return next(mismatches(value, node.value, template.definitions), None) is not None
    except UnknownType:
        return False


def check_value(
    name: str, value: Value, node: Members, template: Template, faults: Faults, place: Place
) -> None:
    """Reports everything in which a value does not fit its parameter, at `place`; remembers secrets."""
    plain = opened_throughout(value)
    try:
        schema = resolve(node.value, template.definitions)
        secret = is_secure(schema) or plain is not value
        if secret:
            faults.secrets.add(plain, symbol(name).expression)
        found = list(mismatches(plain, schema, template.definitions))
    except UnknownType as fault:
        faults.error("BP520", f"parameter `{name}`: {fault}", node.place)
        return
    for mismatch in found:
        faulty = place
        for token in tokens(mismatch.pointer):
            faulty = faulty.child(token)
        where = f" at `{mismatch.pointer}`" if mismatch.pointer and not secret else ""
        why = "a secure value that does not fit" if plain is not value else mismatch.message
        faults.error("BP522", f"the value of parameter `{name}` is not valid{where}: {why}", faulty)
