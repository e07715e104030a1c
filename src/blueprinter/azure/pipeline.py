"""One request through azure-core: sign-in, headers, the transport. No retries and no logs: those are ours.

The pipeline has no logging policy, so neither tokens nor bodies reach a log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson
from msgspec import Struct

from blueprinter import __version__
from blueprinter.azure.errors import AzureError, ErrorDetail
from blueprinter.azure.in_process import HandlerTransport
from blueprinter.azure.model import Answer, Connection
from blueprinter.document import Json

if TYPE_CHECKING:
    from azure.core.pipeline import Pipeline

_SIGN_IN = (
    "sign in with `az login`, or give the pipeline a workload identity (AZURE_TENANT_ID, AZURE_CLIENT_ID, "
    "AZURE_FEDERATED_TOKEN_FILE)"
)
_CONNECT_SECONDS, _READ_SECONDS = 20, 180
_LONGEST_REASON = 300


class NoAnswer(Exception):
    """There was no answer. `reached`: whether the request may have arrived."""

    def __init__(self, reason: str, *, reached: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reached = reached


class Wire(Struct, frozen=True):
    """Sends single requests."""

    send: Callable[[str, str, Mapping[str, str], bytes | None], Answer]
    """Method, URL, headers, body to an answer of any status. Raises `NoAnswer`, or `AzureError` when nobody is
    signed in."""
    close: Callable[[], None]


def open_wire(connection: Connection) -> Wire:
    """What sends requests over a connection; loads the SDK."""
    from azure.core.exceptions import (
        ClientAuthenticationError,
        HttpResponseError,
        ServiceRequestError,
        ServiceResponseError,
    )
    from azure.core.rest import HttpRequest

    logger = logging.getLogger("azure")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # its warnings repeat what we report
    pipeline = _pipeline(connection)
    options: dict[str, Any] = {"enforce_https": False} if connection.plain else {}

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        request = HttpRequest(method, url, headers=dict(headers), content=body)
        try:
            answer = pipeline.run(request, stream=False, **options).http_response
        except ClientAuthenticationError as refused:
            raise _not_signed_in(str(refused)) from None
        except ServiceRequestError as failed:
            raise NoAnswer(_first_line(failed), reached=False) from failed
        except (ServiceResponseError, HttpResponseError) as lost:
            raise NoAnswer(_first_line(lost), reached=True) from lost
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status_code, found, _json(answer.content))

    return Wire(send, pipeline._transport.close if connection.handler is None else lambda: None)


def _pipeline(connection: Connection) -> Pipeline[Any, Any]:
    from azure.core.pipeline import Pipeline
    from azure.core.pipeline.policies import HeadersPolicy, ProxyPolicy, RequestIdPolicy, UserAgentPolicy
    from azure.core.pipeline.transport import RequestsTransport
    from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

    transport: Any
    if connection.handler is not None:
        transport = HandlerTransport(connection.handler)
    else:
        transport = RequestsTransport(
            connection_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            connection_verify=connection.certificate or True,
        )
    return Pipeline(
        transport,
        [
            HeadersPolicy({"Accept": "application/json"}),
            RequestIdPolicy(),
            UserAgentPolicy(base_user_agent=f"blueprinter/{__version__}"),
            ProxyPolicy(),
            ARMChallengeAuthenticationPolicy(connection.credential(), connection.scope),
        ],
    )


def _json(content: bytes) -> Json:
    if not content.strip():
        return None
    try:
        found: Json = orjson.loads(content)
    except orjson.JSONDecodeError:  # a gateway's page; what it says is shown, in short
        return content[:_LONGEST_REASON].decode("utf-8", "replace")
    return found


def _not_signed_in(message: str) -> AzureError:
    """Of the many lines of a chain of credentials those that say what went wrong with the one that was there."""
    lines = [line.strip() for line in message.splitlines()]
    telling = [line for line in lines if "AADSTS" in line or "Authentication failed" in line][:2]
    reason = "; ".join(line[:_LONGEST_REASON] for line in telling) or "no credential was found"
    return AzureError("BP601", ErrorDetail("", reason), hint=_SIGN_IN, reached=False)


def _first_line(found: Exception) -> str:
    text = str(found).strip() or type(found).__name__
    return text.splitlines()[0][:_LONGEST_REASON]
