"""Long-running work of Azure Resource Manager: pure steps from one answer to the next.

Source: Microsoft Learn, "Track asynchronous Azure operations".
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin

from msgspec.structs import replace

from blueprinter.azure.errors import AzureError, read_error
from blueprinter.azure.model import Answer, Running
from blueprinter.azure.retrying import asked_wait
from blueprinter.document import Json

_ENDED = {"succeeded": "Succeeded", "failed": "Failed", "canceled": "Canceled", "cancelled": "Canceled"}


def begun(method: str, url: str, answer: Answer) -> Running:
    """The work that the answer to a request began; where it began none, it has ended."""
    wait = asked_wait(answer.headers)
    monitor = answer.headers.get("azure-asyncoperation", "")
    location = answer.headers.get("location", "")
    if monitor and answer.status in {200, 201, 202}:
        if method in {"PUT", "PATCH"}:
            final = url
        else:
            final = urljoin(url, location) if location else ""
        return Running(method, url, urljoin(url, monitor), "operation", final, wait=wait, answer=answer)
    if answer.status == 202 and location:
        final = url if method in {"PUT", "PATCH"} else ""
        return Running(method, url, urljoin(url, location), "location", final, wait=wait, answer=answer)
    if method in {"PUT", "PATCH"} and answer.status in {200, 201, 202}:
        return polled(Running(method, url, url, "resource"), answer)
    return Running(method, url, url, "resource", status="Succeeded", answer=answer)


def polled(running: Running, answer: Answer) -> Running:
    """Where work stands after an answer of its monitor. Raises `AzureError` (BP606) when it failed."""
    after = moved(running, answer)
    if after.status in {"Failed", "Canceled"}:
        done = "failed" if after.status == "Failed" else "was cancelled"
        detail = read_error(_without_state(answer.body), f"the work {done}")
        if after.status == "Canceled" and not detail.code:
            detail = replace(detail, code="Canceled")
        raise AzureError(
            "BP606",
            detail,
            status=answer.status,
            method=running.method,
            url=running.resource,
            request_id=answer.headers.get("x-ms-request-id", ""),
        )
    return after


def moved(running: Running, answer: Answer) -> Running:
    """As `polled`, with failure as a status."""
    wait = asked_wait(answer.headers)
    if running.kind == "location":
        following = answer.headers.get("location", "")
        monitor = urljoin(running.monitor, following) if following else running.monitor
        status = "Running" if answer.status == 202 else "Succeeded"
        return replace(running, monitor=monitor, status=status, wait=wait, answer=answer)
    if running.kind == "operation":
        status = _state(answer.members.get("status"), "Running")
        if answer.status == 204:
            status = "Succeeded"
    else:
        properties = answer.members.get("properties")
        state = properties.get("provisioningState") if isinstance(properties, dict) else None
        status = _state(state, "Succeeded")
    return replace(running, status=status, wait=wait, answer=answer)


def _state(value: Json, absent: str) -> str:
    if not isinstance(value, str) or not value:
        return absent
    return _ENDED.get(value.casefold(), value)


def _without_state(body: Json) -> Json:
    """The error of a status monitor, or of a resource, which has it among its properties."""
    if not isinstance(body, dict):
        return None
    properties = body.get("properties")
    for holder in (body, properties if isinstance(properties, dict) else {}):
        if (found := _error(holder)) is not None:
            return {"error": found}
    return None


def _error(holder: Mapping[str, Json]) -> dict[str, Json] | None:
    error = holder.get("error")
    return error if isinstance(error, dict) else None
