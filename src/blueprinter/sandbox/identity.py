"""Who asks, and principals that the sandbox makes.

A token is read and never verified: whoever can reach the sandbox may be anyone.
"""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache
from typing import Any, Literal

import orjson

from blueprinter.sandbox.model import Body, Box, Principal, Settings

ANYONE = "00000000-0000-0000-0000-0000000000b0"
"""The object id of a request whose token names none."""
ANY_APP = "00000000-0000-0000-0000-0000000000c0"


def principal_of(authorization: str, settings: Settings) -> Principal:
    """The principal of an `Authorization` header: the claims `oid`, `tid` and `appid` of its token."""
    claims = _claims(authorization)
    return Principal(
        claims.get("oid") or claims.get("sub") or ANYONE,
        claims.get("tid") or settings.tenant_id,
        claims.get("appid") or claims.get("azp") or ANY_APP,
    )


@lru_cache(maxsize=256)
def _claims(authorization: str) -> dict[str, str]:
    token = authorization.rpartition(" ")[2]
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        found: Any = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)}


def unsigned_token(claims: Body) -> str:
    """A JSON web token without a signature, as the sandbox hands out."""
    header = _segment({"alg": "none", "typ": "JWT"})
    return f"{header}.{_segment(claims)}."


def _segment(value: Body) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode("ascii").rstrip("=")


def new_principal(box: Box) -> str:
    """Makes a service principal (of a managed identity); role assignments cannot name it until it is replicated."""
    principal = box.new_guid()
    visible_from = box.ticks + box.settings.replication + 1 if box.settings.replication else 0
    box.store.set_note(f"principal:{principal}", {"visibleFrom": visible_from})
    return principal


def forget_principal(box: Box, principal: str) -> None:
    """A principal whose identity was deleted can no longer be named."""
    if isinstance(box.store.note(f"principal:{principal}"), dict):
        box.store.set_note(f"principal:{principal}", {"deleted": True})


def principal_fault(box: Box, principal: str) -> Literal["", "hidden", "deleted"]:
    """Why a role assignment cannot name a principal yet, or no longer. Those that the sandbox did not make (people,
    groups) are taken as they come."""
    found = box.store.note(f"principal:{principal}")
    if not isinstance(found, dict):
        return ""
    if found.get("deleted"):
        return "deleted"
    visible_from = found.get("visibleFrom", 0)
    return "hidden" if isinstance(visible_from, int) and visible_from > box.ticks else ""
