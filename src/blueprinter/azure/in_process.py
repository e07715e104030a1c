"""Requests that never leave the process: an azure-core transport over a function.

Every client of the Azure SDK takes it as `transport=`, with `credential=StaticCredential(…)`. No socket is opened;
what the SDK does with an answer, an error or a lost connection is what it does with a real one.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from blueprinter.azure.model import Handler

if TYPE_CHECKING:
    from azure.core.pipeline.transport import RequestsTransport
    from requests import PreparedRequest, Response


class HandlerTransport:
    """What azure-core sends requests with (`azure.core.pipeline.transport.HttpTransport`), over a handler.

    A handler's `ConnectionRefusedError` is a connection that was never made (ServiceRequestError), another
    `ConnectionError` one that broke before the answer (ServiceResponseError), `TimeoutError` an answer that did not
    come in time (ServiceResponseTimeoutError). An exception may say more by its attributes `after_write` (the request
    was carried out) and `timeout`. `sleep` is how clients wait between attempts and polls.
    """

    def __init__(self, handler: Handler, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._handler = handler
        self._sleep = sleep
        self._inner: RequestsTransport | None = None

    def send(self, request: Any, **options: Any) -> Any:
        """Sends a request of azure-core, of either of its two kinds, and gives the answer of the same kind."""
        return self._opened().send(request, **options)

    def open(self) -> None:
        self._opened()

    def close(self) -> None:
        if self._inner is not None:
            self._inner.close()
            self._inner = None

    def sleep(self, duration: float) -> None:
        self._sleep(duration)

    def __enter__(self) -> HandlerTransport:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        value: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self.close()

    def _opened(self) -> RequestsTransport:
        if self._inner is None:
            from azure.core.pipeline.transport import RequestsTransport
            from requests import Session

            session = Session()
            session.trust_env = False
            for scheme in ("http://", "https://"):
                session.mount(scheme, _adapter(self._handler))
            self._inner = RequestsTransport(session=session, session_owner=True, use_env_settings=False)
        return self._inner


def _adapter(handler: Handler) -> Any:
    """What a session of `requests` sends with: builds its responses from what the handler answers."""
    from requests import exceptions
    from requests.adapters import HTTPAdapter
    from urllib3.exceptions import ProtocolError
    from urllib3.response import HTTPResponse

    class Adapter(HTTPAdapter):
        def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
            headers = {name.lower(): _text(value) for name, value in request.headers.items()}
            try:
                answer = handler(request.method or "", request.url or "", headers, _bytes(request.body))
            except TimeoutError as late:
                raise exceptions.ReadTimeout(str(late), request=request) from late
            except ConnectionError as lost:
                reached, timed_out = _told(lost)
                if timed_out:
                    kind = exceptions.ReadTimeout if reached else exceptions.ConnectTimeout
                    raise kind(str(lost), request=request) from lost
                # by an inner ProtocolError azure-core knows that the request was sent
                why = ProtocolError(str(lost)) if reached else str(lost)
                raise exceptions.ConnectionError(why, request=request) from lost
            raw = HTTPResponse(
                body=io.BytesIO(answer.body),
                headers=dict(answer.headers),
                status=answer.status,
                preload_content=False,
                request_method=request.method,
            )
            return self.build_response(request, raw)

    return Adapter()


def _told(lost: ConnectionError) -> tuple[bool, bool]:
    """Whether the request arrived, and whether the client waited in vain; a handler may say both itself."""
    arrived = getattr(lost, "after_write", not isinstance(lost, ConnectionRefusedError))
    return bool(arrived), bool(getattr(lost, "timeout", False))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes):
        return body
    return b"".join(part.encode() if isinstance(part, str) else part for part in body)
