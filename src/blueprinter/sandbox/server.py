"""The thin shell around the sandbox: HTTP and HTTPS on the loopback, nothing more.

Requests are answered one at a time on the loop's own thread: the sandbox has one lock anyway, and a thread for each
request would only add to its time. A ticker moves long-running work when nobody asks.
"""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakSet

from msgspec import Struct

from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.sandbox.app import Sandbox
from blueprinter.sandbox.certificate import CertificateFiles
from blueprinter.sandbox.misbehaviour import ConnectionLost
from blueprinter.sandbox.model import Request, Response

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from uvicorn import Server

Message: TypeAlias = "MutableMapping[str, Any]"
Receive: TypeAlias = "Callable[[], Awaitable[Message]]"
Send: TypeAlias = "Callable[[Message], Awaitable[None]]"

MAX_BODY = 4 * 1024 * 1024
"""Bytes of a request: what Azure Resource Manager takes at most (a template of 4 MB)."""
BACKLOG = 256
"""Connections that may wait: with few, many clients at once are put off for seconds."""

_TAKEN = (errno.EADDRINUSE, errno.EACCES)
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


class ServerSettings(Struct, frozen=True):
    """Where and how a server listens."""

    host: str = "127.0.0.1"
    port: int = 0
    """0: any that is free."""
    certificate: CertificateFiles | None = None
    """None: HTTP."""
    tick_seconds: float = 0.2
    hang_seconds: float = 30.0
    """How long a request that times out is held before its connection is closed."""


class _Shell:
    """The ASGI application. It knows nothing of Azure. A fault of the sandbox is logged and answered with 500 by the
    server."""

    def __init__(self, sandbox: Sandbox, settings: ServerSettings) -> None:
        self._sandbox = sandbox
        self._settings = settings
        self._connections: WeakSet[asyncio.Transport] = WeakSet()
        self._busy: set[asyncio.Transport] = set()
        self.is_ending: Callable[[], bool] = lambda: False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        connection = _connection(receive)
        if connection is None:
            await self._answer(scope, receive, send)
            return
        self._connections.add(connection)
        self._busy.add(connection)
        try:
            await self._answer(scope, receive, send)
        finally:
            self._busy.discard(connection)

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await _read_body(receive)
        if body is None:
            await _write(send, _too_large())
            return
        request = _request(scope, body)
        if request is None:
            await _write(send, _bad_host())
            return
        try:
            answer = self._sandbox.handle(request)
        except ConnectionLost as lost:
            if lost.timeout:
                await asyncio.sleep(self._settings.hang_seconds)
            await _hang_up(receive, send)
            return
        await _write(send, answer)

    async def tick(self) -> None:
        """Until cancelled. At the end it closes connections that clients keep for later: over TLS they would
        otherwise be waited for."""
        while True:
            await asyncio.sleep(self._settings.tick_seconds)
            self._sandbox.tick()
            if self.is_ending():
                for connection in set(self._connections) - self._busy:
                    connection.abort()


def _connection(receive: Receive) -> asyncio.Transport | None:
    """The connection behind a request: ASGI has no word for it, so the server's own is taken where it is found."""
    found = getattr(getattr(receive, "__self__", None), "transport", None)
    return found if isinstance(found, asyncio.Transport) else None


def _request(scope: Message, body: bytes) -> Request | None:
    """None where the host that it names is none: links could not lead back to it."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"].decode("latin-1")
    host = headers.get("host", "localhost")
    if _HOST.fullmatch(host) is None:
        return None
    url = f"{scope['scheme']}://{host}{scope['raw_path'].decode('latin-1')}"
    return Request(scope["method"], f"{url}?{query}" if query else url, headers, body)


async def _read_body(receive: Receive) -> bytes | None:
    """The body; None where it is too large. It is read to its end in any case: the connection lives on."""
    message = await receive()
    if not message.get("more_body"):
        found: bytes = message.get("body", b"")
        return found if len(found) <= MAX_BODY else None
    parts = [message.get("body", b"")]
    size = len(parts[0])
    while message.get("more_body"):
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size <= MAX_BODY:
            parts.append(part)
    return b"".join(parts) if size <= MAX_BODY else None


def _too_large() -> Response:
    message = f"The request content size exceeds the maximum size of '{MAX_BODY}' bytes."
    return Response.of({"error": {"code": "RequestContentTooLarge", "message": message}}, 413)


def _bad_host() -> Response:
    return Response.of({"error": {"code": "BadRequest", "message": "The header 'Host' names no host."}}, 400)


async def _write(send: Send, answer: Response) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    if answer.status != 204:
        headers.append((b"Content-Length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _hang_up(receive: Receive, send: Send) -> None:
    """Ends the connection without an answer; where it cannot be reached, an answer is begun and not finished, which
    closes it too."""
    connection = _connection(receive)
    if connection is None:
        await send({"type": "http.response.start", "status": 502, "headers": [(b"Content-Length", b"1")]})
        return
    connection.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def _application(shell: _Shell) -> Starlette:
    """The ASGI application, with a ticker that lives as long."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        ticker = asyncio.create_task(shell.tick())
        try:
            yield
        finally:
            ticker.cancel()
            with suppress(asyncio.CancelledError):
                await ticker

    return Starlette(routes=[Mount("/", app=shell)], lifespan=lifespan)


class SandboxServer:
    """A sandbox that listens. `run` serves until it is told to stop; as a context manager it serves in a thread."""

    def __init__(self, sandbox: Sandbox, settings: ServerSettings | None = None) -> None:
        """Binds the port. Raises `InvalidInput`: BP706 for a port that is taken, BP708 without the packages."""
        self._settings = settings or ServerSettings()
        self._server = _server(sandbox, self._settings)
        self._socket = _bound(self._settings)
        self._thread = threading.Thread(target=self._serve, name="sandbox", daemon=True)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        """`http://127.0.0.1:8080`, without a slash at the end."""
        scheme = "http" if self._settings.certificate is None else "https"
        return f"{scheme}://{self._settings.host}:{self.port}"

    def run(self) -> None:
        """Serves until the process is interrupted or terminated; requests under way are answered."""
        self._server.run(sockets=[self._socket])

    def _serve(self) -> None:
        # signals belong to the main thread: a server in another one is ended by `stop`
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def stop(self) -> None:
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self._socket.close()

    def __enter__(self) -> SandboxServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, found: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _server(sandbox: Sandbox, settings: ServerSettings) -> Server:
    try:
        import uvicorn

        shell = _Shell(sandbox, settings)
        app = _application(shell)
    except ImportError as fault:
        found = error(
            "BP708",
            f"the sandbox needs the package `{fault.name}`",
            Position(""),
            "in a checkout: `pip install -e '.[sandbox]'`, or `make setup`",
        )
        raise InvalidInput([found]) from fault
    files = settings.certificate
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            server_header=False,
            date_header=False,
            lifespan="on",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=10,
            ws="none",
            ssl_certfile=None if files is None else str(files.certificate),
            ssl_keyfile=None if files is None else str(files.key),
        )
    )
    shell.is_ending = lambda: server.should_exit
    return server


def _bound(settings: ServerSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # the protocol is named because asyncio turns Nagle's algorithm off only then: 44 ms an answer otherwise
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((settings.host, settings.port))
        found.listen(BACKLOG)
    except OSError as fault:
        found.close()
        raise InvalidInput(
            [
                error(
                    "BP706",
                    f"cannot listen on {settings.host}:{settings.port}: {fault.strerror}",
                    Position(""),
                    "choose another port with `--port`" if fault.errno in _TAKEN else "leave `--host` out",
                )
            ]
        ) from fault
    return found
