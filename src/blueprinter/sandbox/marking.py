"""Headers that Azure puts on every answer: which request it was, and how many more are allowed.

Source: Microsoft Learn, "Understand how Azure Resource Manager throttles requests" and "Azure Resource Manager REST:
common headers". The sandbox counts nobody's requests: what is left is always what is left after the first one. To be
throttled is asked for by a rule of misbehaviour.
"""

from __future__ import annotations

import hashlib
import re
import uuid

from blueprinter.casing import fold
from blueprinter.sandbox.model import Request, Response

_LEFT = {"GET": ("reads", "11999"), "HEAD": ("reads", "11999"), "DELETE": ("deletes", "14999")}
_LEFT_OF_WRITES = ("writes", "1199")
_SUBSCRIPTION = re.compile(r"/subscriptions/[^/]", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CLIENT = "x-ms-client-request-id"
_CORRELATION = "x-ms-correlation-request-id"


def marked(answer: Response, request: Request, seed: str) -> Response:
    """The answer with the headers that every answer has. `seed` is the request's own: the same gives the same id.

    The correlation id is the client's where it sends one; its own request id comes back where it asks for that
    (`x-ms-return-client-request-id: true`).
    """
    id = str(uuid.UUID(bytes=hashlib.sha256(f"request:{seed}".encode()).digest()[:16], version=4))
    headers = {
        **answer.headers,
        "x-ms-request-id": id,
        _CORRELATION: _guid(request, _CORRELATION) or id,
    }
    client = _guid(request, _CLIENT)
    if client and fold(request.headers.get("x-ms-return-client-request-id", "")) == "true":
        headers[_CLIENT] = client
    if answer.status != 429:
        what, left = _LEFT.get(request.method, _LEFT_OF_WRITES)
        of = "subscription" if _SUBSCRIPTION.match(request.path) else "tenant"
        headers[f"x-ms-ratelimit-remaining-{of}-{what}"] = left
    return Response(answer.status, headers, answer.body)


def _guid(request: Request, name: str) -> str:
    """A header that holds a GUID; "" for anything else, which is not repeated."""
    found = request.headers.get(name, "")
    return found if _GUID.fullmatch(found) else ""
