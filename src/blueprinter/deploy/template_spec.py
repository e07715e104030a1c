"""Published versions in a template spec: kept in Azure, read by whoever may, and never changed by us.

A version of a template spec holds the whole published version, its files as an archive, beside a template that makes
nothing: what a blueprint becomes depends on its assignment, so it is rendered when it is assigned. Azure lets versions
be written again (Azure/template-specs, issue 48), so a version is written only where there is none, and its content is
checked each time it is used. `az deployment --template-spec` of such a version deploys nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from typing import NamedTuple

from blueprinter.archive import BadArchive, packed, read_archive
from blueprinter.azure import ArmClient
from blueprinter.casing import same
from blueprinter.deploy.failures import DeployError
from blueprinter.deploy.model import Body
from blueprinter.deploy.publish import Published
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.document import Json
from blueprinter.text import plural

SPECS = "Microsoft.Resources/templateSpecs"
_API, _GROUPS_API = "2022-02-01", "2022-09-01"
_SCHEMA = "blueprinter/published/1"
_MOST_BYTES = 2 * 1024 * 1024
"""Of a version (Microsoft Learn, "Azure Resource Manager template specs")."""
_MOST_FILES, _MOST_UNPACKED = 5_000, 64 * 1024 * 1024
_PART = 16_000
"""Characters of a text of the archive: template languages bound the length of one literal."""
_GROUP = re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+\Z", re.IGNORECASE)
_SPEC = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Resources/templateSpecs/[^/]+\Z",
    re.IGNORECASE,
)


class Kept(NamedTuple):
    """A version as a template spec holds it."""

    record: Published
    files: dict[str, bytes]


def is_template_spec(name: str) -> bool:
    """Whether a name of a blueprint is the id of a template spec."""
    return _SPEC.match(name) is not None


def spec_id(named: str, blueprint: str) -> str:
    """The template spec that an id means: itself, or the one of a blueprint's name in a resource group. Raises
    `InvalidInput` (BP662)."""
    found = named.rstrip("/")
    if _GROUP.match(found):
        return f"{found}/providers/{SPECS}/{blueprint}"
    if _SPEC.match(found):
        return found
    hint = f"`/subscriptions/…/resourceGroups/…`, with or without `/providers/{SPECS}/NAME`"
    raise InvalidInput(
        [error("BP662", f"`{named}` is no template spec and no resource group", Position(""), hint)]
    )


def keep(arm: ArmClient, spec: str, record: Published, files: Mapping[str, bytes], location: str) -> bool:
    """Puts a version into a template spec, which is made where there is none; False = it is there, with this content.

    `location` of a new template spec; empty = that of its resource group. Raises `InvalidInput` where the version is
    there with other content (BP655), the template spec is not of this blueprint, or the version does not fit (BP662);
    `DeployError` (BP640) where somebody else wrote at the same time; `AzureError`.
    """
    path = f"{spec}/versions/{record.version}"
    there = arm.find(path, _API)
    if there is not None:
        _check_same(_kept(there, path).record, record, path)
        return False
    body = _body(record, files)
    holder = arm.find(spec, _API)
    tags = holder.get("tags") if isinstance(holder, dict) else None
    held = tags.get("blueprint") if isinstance(tags, dict) else None
    if holder is not None and not (isinstance(held, str) and same(held, record.blueprint)):
        message = f"the template spec `{spec}` holds something else than the blueprint `{record.blueprint}`"
        raise InvalidInput([error("BP662", message, Position(""), "give it another name")])
    if isinstance(holder, dict):
        location = str(holder.get("location", ""))
    else:
        location = location or _location_of_group(arm, spec)
        made: Body = {"location": location, "tags": {"blueprint": record.blueprint}, "properties": {}}
        arm.call("PUT", spec, _API, body=made, idempotent=True)
    arm.call("PUT", path, _API, body={"location": location, **body}, idempotent=True)
    written = _kept(arm.find(path, _API), path).record
    if written != record:
        message = (
            f"`{path}` was written by somebody else at the same time: it holds content {written.content[:8]}"
        )
        raise DeployError(
            error("BP640", message, Position(""), "look who else publishes, and give a new version")
        )
    return True


def take(arm: ArmClient, spec: str, version: str) -> Kept:
    """A version of a template spec. Raises `InvalidInput` (BP656) where it is not there or not ours; `AzureError`."""
    path = f"{spec.rstrip('/')}/versions/{version}"
    return _kept(arm.find(path, _API), path)


def _check_same(there: Published, record: Published, path: str) -> None:
    if there.content != record.content or not same(there.blueprint, record.blueprint):
        message = (
            f"{record.version} of `{record.blueprint}` is published already in `{path}`, with content "
            f"{there.content[:8]}"
        )
        raise InvalidInput([error("BP655", message, Position(""), "give the blueprint a new version")])


def _body(record: Published, files: Mapping[str, bytes]) -> Body:
    archive = packed(files)
    text = base64.b64encode(archive).decode("ascii")
    held: Body = {
        "schema": _SCHEMA,
        "blueprint": record.blueprint,
        "version": record.version,
        "content": record.content,
        "changeNotes": record.change_notes,
        "sha256": sha256(archive).hexdigest(),
        "archive": [text[at : at + _PART] for at in range(0, len(text), _PART)],
    }
    if len(text) > _MOST_BYTES - 4096:
        message = (
            f"{record.blueprint} {record.version} is {plural(len(text), 'byte')} as an archive, and a template spec "
            f"takes {_MOST_BYTES:,}"
        )
        raise InvalidInput([error("BP662", message, Position(""), "publish it to a folder or a zip file")])
    template: Body = {
        "$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "metadata": {
            "description": f"blueprinter: {record.blueprint} {record.version}; assigned by blueprinter only"
        },
        "resources": [],
    }
    return {
        "tags": {
            "blueprint": record.blueprint,
            "blueprintVersion": record.version,
            "blueprintContent": record.content,
        },
        "properties": {
            "description": record.change_notes,
            "mainTemplate": template,
            "metadata": {"blueprinter": held},
        },
    }


def _kept(body: Json, path: str) -> Kept:
    """A version as Azure gives it, unpacked and checked."""
    properties = body.get("properties") if isinstance(body, dict) else None
    metadata = properties.get("metadata") if isinstance(properties, dict) else None
    held = metadata.get("blueprinter") if isinstance(metadata, dict) else None
    if not isinstance(held, dict) or held.get("schema") != _SCHEMA:
        what = "is not there" if body is None else "was not published by blueprinter"
        raise InvalidInput([error("BP656", f"the version `{path}` {what}", Position(""))])
    found = [held.get(key) for key in ("blueprint", "version", "content", "changeNotes")]
    parts = held.get("archive")
    texts = parts if isinstance(parts, list) else []
    if not all(isinstance(one, str) for one in (*found, *texts)):
        raise InvalidInput([error("BP656", f"the version `{path}` is damaged", Position(""))])
    try:
        archive = base64.b64decode("".join(map(str, texts)), validate=True)
    except binascii.Error as broken:
        raise InvalidInput(
            [error("BP656", f"the version `{path}` is damaged: {broken}", Position(""))]
        ) from broken
    if sha256(archive).hexdigest() != held.get("sha256"):
        message = f"the version `{path}` was changed after it was published"
        raise InvalidInput(
            [error("BP656", message, Position(""), "publish what it should be as a new version")]
        )
    return Kept(Published(*map(str, found)), unpacked(archive, path))


def unpacked(data: bytes, source: str) -> dict[str, bytes]:
    """The files of a published version. Raises `InvalidInput` (BP656) for what is no archive, is too large, or holds a
    path that leads out of where it is unpacked; `source` is what messages name."""
    try:
        members = read_archive(BytesIO(data), most_members=_MOST_FILES, most_bytes=_MOST_UNPACKED)
        return {name: b"".join(blocks) for name, blocks in members}
    except BadArchive as why:
        message = f"the published version cannot be unpacked: {why}"
        raise InvalidInput([error("BP656", message, Position(source))]) from why


def _location_of_group(arm: ArmClient, spec: str) -> str:
    group = spec[: spec.casefold().index("/providers/")]
    found = arm.find(group, _GROUPS_API)
    location = found.get("location") if isinstance(found, dict) else None
    if not isinstance(location, str):
        raise InvalidInput(
            [error("BP662", f"the resource group `{group}` is not there", Position(""), "make it first")]
        )
    return location
