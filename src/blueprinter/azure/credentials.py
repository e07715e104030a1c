"""Where requests go, and as whom: a cloud with the user's own credential, or a sandbox with a worthless token.

A real credential is only ever used with the address of a cloud. A sandbox gets a token that is not signed, so
nothing leaks when its address is wrong.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
from msgspec import Struct

from blueprinter.arm import CLOUDS
from blueprinter.azure.model import Connection, Handler
from blueprinter.diagnostics import InvalidInput, Position, error

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

_SCOPES = {
    "AzureCloud": "https://management.azure.com/.default",
    "AzureUSGovernment": "https://management.core.usgovcloudapi.net/.default",
    "AzureChinaCloud": "https://management.chinacloudapi.cn/.default",
}
"""What tokens of Azure Resource Manager are for; not always its own address."""
_IN_PROCESS = "https://management.sandbox.invalid"
_FAR = 4102444800
"""2100-01-01, when the token of a sandbox runs out."""


def connect(cloud: str = "AzureCloud", *, tenant: str = "") -> Connection:
    """A connection to a cloud as whoever is signed in (DefaultAzureCredential). Nothing is asked before its first
    request. Raises `InvalidInput` for a cloud that is not there (BP603)."""
    row = CLOUDS.get(cloud)
    if row is None or row.retired or row.name not in _SCOPES:
        hint = CLOUDS.suggest(cloud) if row is None else ""
        known = f"clouds: {', '.join(_SCOPES)}"
        why = "is closed" if row is not None and row.retired else "is no cloud"
        raise InvalidInput([error("BP603", f"`{cloud}` {why}", Position(""), hint or known)])
    authority = row.authentication.rstrip("/")
    return Connection(
        row.resource_manager.rstrip("/"), _SCOPES[row.name], lambda: _default_credential(authority, tenant)
    )


def connect_to_sandbox(url: str, *, certificate: str = "", token: str = "") -> Connection:
    """A connection to a sandbox. Raises `InvalidInput` for plain http to another machine (BP602).

    `token`: what is sent instead of the token of a principal that is nobody.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    hint = "a sandbox over plain http must run on this machine: http://127.0.0.1:4280"
    if parts.scheme not in {"http", "https"} or not host:
        raise InvalidInput([error("BP602", f"`{url}` is no address of a sandbox", Position(""), hint)])
    if parts.scheme == "http" and not _is_loopback(host):
        raise InvalidInput([error("BP602", f"`{url}` is not on this machine", Position(""), hint)])
    held = StaticCredential(token or sandbox_token())
    return Connection(
        f"{parts.scheme}://{parts.netloc}", f"{url}/.default", lambda: held, certificate=certificate
    )


def connect_in_process(handler: Handler, *, token: str = "", endpoint: str = _IN_PROCESS) -> Connection:
    """A connection to something that answers in this process, such as a sandbox's `handle`. `endpoint`: how it calls
    itself in the links that it gives."""
    held = StaticCredential(token or sandbox_token())
    return Connection(endpoint, f"{endpoint}/.default", lambda: held, handler)


class StaticCredential(Struct, frozen=True):
    """A credential that always has the same token; for sandboxes."""

    token: str

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        """The token, whatever is asked for."""
        from azure.core.credentials import AccessToken

        return AccessToken(self.token, _FAR)

    def __repr__(self) -> str:
        return "StaticCredential()"


def sandbox_token(
    object_id: str = "00000000-0000-0000-0000-0000000000b1",
    tenant_id: str = "00000000-0000-0000-0000-0000000000aa",
) -> str:
    """An unsigned token (RFC 7519, `alg` none) that says who asks; only a sandbox takes it."""
    claims = {"aud": _IN_PROCESS, "exp": _FAR, "oid": object_id, "sub": object_id, "tid": tenant_id}
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join([*(_base64(orjson.dumps(part)) for part in parts), ""])


def principal_of(connection: Connection) -> str:
    """Object id of whoever requests are sent as, as the token says (claim `oid`); empty where it does not. For people
    only: the token is not checked, and nothing else of it is looked at. Raises what the credential does."""
    body = connection.credential().get_token(connection.scope).token.split(".")[1:2]
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(f"{body[0]}===")) if body else {}
    except ValueError:
        return ""
    found = claims.get("oid") if isinstance(claims, dict) else None
    return found if isinstance(found, str) else ""


def _default_credential(authority: str, tenant: str) -> TokenCredential:
    from azure.identity import DefaultAzureCredential

    options: dict[str, Any] = {"authority": authority}
    if tenant:
        options |= {"workload_identity_tenant_id": tenant, "additionally_allowed_tenants": [tenant]}
    make: Callable[..., TokenCredential] = DefaultAzureCredential
    credential = make(**options)
    return _InTenant(credential, tenant) if tenant else credential


class _InTenant(Struct, frozen=True):
    """A credential whose tokens are of one tenant, whichever its owner works in otherwise."""

    credential: TokenCredential
    tenant: str

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        return self.credential.get_token(
            *scopes, claims=claims, tenant_id=tenant_id or self.tenant, enable_cae=enable_cae, **kwargs
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
