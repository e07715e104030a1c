"""What a real Azure would have made up itself: keys, endpoints, addresses.

The same resource always answers the same, so that a run can be repeated. Secrets can be told by their form, so
that they are kept out of everything that is stored for reading.
"""

from __future__ import annotations

import hashlib
import re
import uuid

from blueprinter.casing import fold
from blueprinter.document import Json

_SECRET = re.compile(r"Sandbox-Secret-1-[0-9a-f]{15}")
_GUIDS = (
    "principalid",
    "clientid",
    "objectid",
    "tenantid",
    "customerid",
    "instrumentationkey",
    "appid",
    "guid",
)


def secret(*of: str) -> str:
    """A secret: long, of every kind of character, and made up."""
    return f"Sandbox-Secret-1-{_digest(*of)[:15]}"


def holds_secret(value: Json) -> bool:
    """Whether a made-up secret is anywhere in a value."""
    if isinstance(value, str):
        return _SECRET.search(value) is not None
    if isinstance(value, list):
        return any(map(holds_secret, value))
    return isinstance(value, dict) and any(map(holds_secret, value.values()))


def without_secrets(value: Json) -> Json:
    """The value with stars for every made-up secret."""
    if isinstance(value, str):
        return _SECRET.sub("***", value)
    if isinstance(value, list):
        return [without_secrets(one) for one in value]
    if isinstance(value, dict):
        return {key: without_secrets(member) for key, member in value.items()}
    return value


def guid(*of: str) -> str:
    return str(uuid.UUID(hex=_digest(*of)[:32], version=4))


def property_of(id: str, path: tuple[str | int, ...]) -> str:
    """What a resource answers for a property that only its provider would fill in."""
    name = fold(next((str(part) for part in reversed(path) if isinstance(part, str)), "value"))
    resource = fold(id.rstrip("/").rpartition("/")[2])
    where = ".".join(str(part) for part in path)
    if name.endswith(_GUIDS):
        return guid(id, where)
    if name.endswith("ipaddress"):
        return f"10.{int(_digest(id)[:2], 16)}.{int(_digest(id)[2:4], 16)}.4"
    if name.endswith(("fqdn", "hostname", "hostnames", "domain")):
        return f"{resource}.sandbox.invalid"
    if name.endswith(("uri", "url", "endpoint", "blob", "file", "queue", "table", "web", "dfs")):
        return f"https://{resource}.{name}.sandbox.invalid/"
    if name.endswith("id"):
        return f"{id}/{name}"
    return f"{resource}-{name}"


def _digest(*of: str) -> str:
    return hashlib.sha256("\n".join(map(fold, of)).encode("utf-8", "surrogatepass")).hexdigest()
