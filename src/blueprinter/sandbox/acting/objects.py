"""The objects of Azure Policy in the store: found, chosen by version, read by the engine's own reader."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson

from blueprinter.casing import fold, same
from blueprinter.document import parse
from blueprinter.policy import (
    PolicyDefinition,
    PolicySetDefinition,
    fits_version,
    read_definition,
    read_policy_set,
)
from blueprinter.sandbox.acting.builtins import DEFINITION_TYPE, SET_TYPE, put_builtin, stand_in, stand_ins
from blueprinter.sandbox.model import Body, Box, Stored

ASSIGNMENT_TYPE = "Microsoft.Authorization/policyAssignments"
EXEMPTION_TYPE = "Microsoft.Authorization/policyExemptions"
ATTESTATION_TYPE = "Microsoft.PolicyInsights/attestations"
REMEDIATION_TYPE = "Microsoft.PolicyInsights/remediations"

_DIGEST = "policy/digest"


def properties_of(stored: Stored) -> Body:
    """`properties` of an object; empty where it has none."""
    found = stored.body.get("properties")
    return found if isinstance(found, dict) else {}


def scope_of_extension(id: str) -> str:
    """The scope that an object such as an assignment lies at: its id up to the last `/providers/`; "" is the tenant."""
    return id[: fold(id).rindex("/providers/")]


def last_name(id: str) -> str:
    return id.rstrip("/").rpartition("/")[2]


def is_set_id(id: str) -> bool:
    """Whether an id is that of an initiative."""
    return "/policysetdefinitions/" in fold(id)


def type_of_definition(id: str) -> str:
    return SET_TYPE if is_set_id(id) else DEFINITION_TYPE


def changed(box: Box, id: str, body: Body | None) -> None:
    """To be called with every change of an object of Azure Policy: what was worked out from all of them is dated by
    a digest over the changes."""
    digest = hashlib.sha256(digest_of(box).encode())
    digest.update(fold(id).encode())
    digest.update(b"" if body is None else orjson.dumps(body))
    box.store.set_note(_DIGEST, digest.hexdigest()[:32])


def digest_of(box: Box) -> str:
    """The state of all objects of Azure Policy, as text that is another after each change."""
    found = box.store.note(_DIGEST)
    return found if isinstance(found, str) else ""


def is_builtin(body: Body) -> bool:
    """Whether a definition or initiative, as a file has it, is Microsoft's own."""
    properties = body.get("properties")
    stated = properties.get("policyType") if isinstance(properties, dict) else None
    return isinstance(stated, str) and fold(stated) in ("builtin", "static") and "name" in body


def load_builtin(box: Box, body: Body) -> Stored:
    """Keeps a built-in with its rule, in place of a stand-in; no request can write one."""
    stored = put_builtin(box.store, body)
    changed(box, stored.id, stored.body)
    return stored


# ---------------------------------------------------------------- definitions and initiatives


def find_definition(box: Box, id: str) -> Stored | None:
    """A definition or initiative by id, custom or built-in."""
    found = box.store.get(id)
    if found is not None:
        return found
    return stand_in(type_of_definition(id), last_name(id)) if scope_of_extension(id) == "" else None


def sees_definition(box: Box, id: str) -> Stored | None:
    """One that may be referred to: None while it is not replicated yet."""
    return box.sees(id) or (find_definition(box, id) if box.store.get(id) is None else None)


def definitions_at(box: Box, kind: str, scope: str) -> Iterator[Stored]:
    """Definitions or initiatives of exactly one scope, by id; those of the tenant with the stand-ins for what was
    not loaded."""
    below = f"{scope}/providers/{kind}"
    own = [one for one in box.store.of_type(kind, below) if same(scope_of_extension(one.id), scope)]
    if scope:
        yield from own
        return
    known = {fold(one.id) for one in own}
    own += [one for one in stand_ins(kind) if fold(one.id) not in known]
    yield from sorted(own, key=lambda one: fold(one.id))


def body_at_version(box: Box, stored: Stored, pin: str) -> Body:
    """A definition in the newest version that an assignment's `definitionVersion` takes; without a pin, or where
    none fits, as it is."""
    own = str(properties_of(stored).get("version", ""))
    if not pin or fits_version(own, pin):
        return stored.body
    versions = list(box.store.of_type(f"{stored.type}/versions", f"{stored.id}/versions"))
    fitting = [one for one in versions if fits_version(last_name(one.id), pin)]
    if not fitting:
        return stored.body
    newest = max(fitting, key=lambda one: version_key(last_name(one.id)))
    return {**stored.body, "properties": properties_of(newest)}


def has_version(box: Box, stored: Stored, pin: str) -> bool:
    """Whether a definition has a version that a pin takes. Of built-ins not all versions are known."""
    listed = properties_of(stored).get("versions") or [properties_of(stored).get("version", "")]
    return any(fits_version(str(one), pin) for one in listed)


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """Versions in order: numbers by value, a preview before what it becomes."""
    numbers, _, stage = version.partition("-")
    parts = tuple((int(one) if one.isdigit() else 0, "") for one in numbers.split("."))
    return (*parts, (0 if stage else 1, stage))


@lru_cache(maxsize=8192)
def _definition(text: bytes) -> PolicyDefinition:
    return read_definition(parse(text.decode(), ""))


@lru_cache(maxsize=1024)
def _policy_set(text: bytes) -> PolicySetDefinition:
    return read_policy_set(parse(text.decode(), ""))


def as_definition(body: Body) -> PolicyDefinition:
    """A definition as the engine reads it. Raises `InvalidInput`."""
    return _definition(orjson.dumps(body))


def as_policy_set(body: Body) -> PolicySetDefinition:
    """An initiative as the engine reads it. Raises `InvalidInput`."""
    return _policy_set(orjson.dumps(body))


def parameter_values(value: Any) -> dict[str, Any]:
    """`parameters` of an assignment, without the `{"value": …}` around each."""
    if not isinstance(value, Mapping):
        return {}
    return {name: one.get("value") for name, one in value.items() if isinstance(one, Mapping)}
