"""What goes wrong with Azure: one exception, with everything that Azure says about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import orjson
from msgspec import Struct

from blueprinter.diagnostics import Diagnostic, Position, error
from blueprinter.document import Json

_DEPTH = 12


class ErrorDetail(Struct, frozen=True):
    """An error of Azure: code, message, and the errors behind it."""

    code: str
    message: str
    target: str = ""
    details: tuple[ErrorDetail, ...] = ()
    additional_info: tuple[Mapping[str, Json], ...] = ()
    """Such as the policy that denied a request: `{type: PolicyViolation, info: {…}}`."""

    def all(self) -> Iterator[ErrorDetail]:
        """This error and those behind it, at every depth."""
        yield self
        for detail in self.details:
            yield from detail.all()

    def roots(self) -> tuple[ErrorDetail, ...]:
        """The errors with none behind them: what really went wrong."""
        return tuple(one for one in self.all() if not one.details)


class AzureError(Exception):
    """A request that Azure refused, that got no answer, or whose work failed.

    `row` is the diagnostic code (BP6xx), `status` the HTTP status (0 without an answer), `error` what Azure said.
    `reached` is False where the request surely did nothing.
    """

    def __init__(
        self,
        row: str,
        error: ErrorDetail,
        *,
        status: int = 0,
        method: str = "",
        url: str = "",
        hint: str = "",
        reached: bool = True,
        request_id: str = "",
    ) -> None:
        self.row = row
        self.error = error
        self.status = status
        self.method = method
        self.path = urlsplit(url).path
        self.hint = hint
        self.reached = reached
        self.request_id = request_id
        super().__init__(str(self.diagnostic()))

    @property
    def code(self) -> str:
        """Azure's code, such as `PolicyDefinitionNotFound`; empty without an answer."""
        return self.error.code

    @property
    def codes(self) -> tuple[str, ...]:
        """Azure's codes at every depth, the outermost first, each once."""
        return tuple(dict.fromkeys(one.code for one in self.error.all() if one.code))

    @property
    def not_found(self) -> bool:
        return self.status == 404

    @property
    def forbidden(self) -> bool:
        """Whether the one who asks lacks a right."""
        return self.status in {401, 403}

    def diagnostic(self, position: Position | None = None) -> Diagnostic:
        """What is shown for it: the errors that really count, each on a line."""
        said = [_line(one) for one in self.error.roots()]
        lines = list(dict.fromkeys([*([] if self.error.message in said else [_line(self.error)]), *said]))
        about = f" ({self.method} {self.path})" if self.method else ""
        return error(self.row, "; ".join(lines) + about, position or Position(""), self.hint)


def read_error(body: Json, fallback: str) -> ErrorDetail:
    """The error of a body: `{error: {code, message, details…}}`, its inside, or no error at all.

    Deployments report the errors of resources as JSON inside of messages; those become details.
    """
    value = body if isinstance(body, dict) else {}
    inner = value.get("error")
    if isinstance(inner, str):  # as sign-in endpoints write it
        return ErrorDetail(inner, _text(value.get("error_description")) or fallback)
    found = inner if isinstance(inner, dict) else value
    if not found.get("code") and not found.get("message"):
        return ErrorDetail("", fallback)
    return _detail(found, 0)


def _detail(value: Mapping[str, Json], depth: int) -> ErrorDetail:
    details: list[ErrorDetail] = []
    listed = value.get("details")
    if isinstance(listed, list) and depth < _DEPTH:
        details += [_detail(one, depth + 1) for one in listed if isinstance(one, dict)]
    message = _text(value.get("message"))
    if not details and depth < _DEPTH and (inside := _packed(message)) is not None:
        details.append(_detail(inside, depth + 1))
        message = details[0].message
    info = value.get("additionalInfo")
    return ErrorDetail(
        code=_text(value.get("code")),
        message=message,
        target=_text(value.get("target")),
        details=tuple(details),
        additional_info=tuple(one for one in info if isinstance(one, dict)) if isinstance(info, list) else (),
    )


def _packed(message: str) -> Mapping[str, Json] | None:
    """The error that a message is the JSON text of, or None."""
    if not message.lstrip().startswith("{"):
        return None
    try:
        value = orjson.loads(message)
    except orjson.JSONDecodeError:
        return None
    inner = value.get("error", value)
    return inner if isinstance(inner, dict) and ("code" in inner or "message" in inner) else None


def _line(found: ErrorDetail) -> str:
    message = " ".join(found.message.split()).removesuffix(".")
    return f"`{found.code}`: {message}" if found.code and message else found.code or message


def _text(value: Json) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
