"""When a request is made again, and how long after: pure decisions, no clock and no socket.

What surely did nothing (429, a connection that was never made) is repeated for every method. What may have had an
effect (5xx, a lost answer) is repeated only where doing it twice is doing it once: GET, PUT, DELETE, and those POST
requests whose caller says so, since queries are POST requests as well.
Sources: Microsoft Learn, "Understand how Azure Resource Manager throttles requests", "Throttled requests in Azure
Resource Graph".
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from msgspec import Struct

from blueprinter.azure.model import Answer

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_THROTTLED = 429
_TRANSIENT = frozenset({408, 500, 502, 503, 504})
_EXPIRED = frozenset({"ExpiredAuthenticationToken", "AuthenticationFailed", "InvalidAuthenticationToken"})


class RetryRules(Struct, frozen=True):
    """How patient a client is. Times are seconds."""

    attempts: int = 6
    """Requests at most for one that fails or gets no answer."""
    throttled_attempts: int = 20
    """Requests at most for one that is throttled."""
    first_wait: float = 0.8
    """Doubled with each attempt."""
    longest_wait: float = 60.0
    longest_asked_wait: float = 600.0
    """A `Retry-After` above this ends the request."""


def wait_after(
    answer: Answer | None, attempt: int, rules: RetryRules, *, idempotent: bool, reached: bool = True
) -> float | None:
    """Seconds to wait before the request is made again, or None to leave it.

    `answer` None: there was none, and `reached` says whether the request may have arrived. `attempt` counts from 1.
    """
    if answer is None:
        again = (idempotent or not reached) and attempt < rules.attempts
        return backoff(attempt, rules) if again else None
    if answer.status == _THROTTLED:
        return _asked_or_backoff(answer, attempt, rules) if attempt < rules.throttled_attempts else None
    if answer.status in _TRANSIENT and idempotent and attempt < rules.attempts:
        return _asked_or_backoff(answer, attempt, rules)
    if answer.status == 401 and attempt < 3 and _code(answer) in _EXPIRED:
        return 0.0  # the token ran out on the way; the refusal made the pipeline forget it
    return None


def backoff(attempt: int, rules: RetryRules) -> float:
    """Exponential, without chance, so that a run can be repeated exactly."""
    return float(min(rules.longest_wait, rules.first_wait * 2 ** (attempt - 1)))


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait: `Retry-After` and its milliseconds, else Resource Graph's quota."""
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        if (found := _number(headers.get(name, ""))) is not None:
            return found / 1000
    text = headers.get("retry-after", "")
    if (found := _number(text)) is not None:
        return found
    if text and (found := _until(text, headers.get("date", ""))) is not None:
        return found
    return quota_wait(headers)


def quota_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until Resource Graph has quota again, where an answer says that none is left."""
    if _number(headers.get("x-ms-user-quota-remaining", "")) != 0:
        return None
    parts = [_number(part) for part in headers.get("x-ms-user-quota-resets-after", "").split(":")]
    if len(parts) != 3:
        return None
    hours, minutes, seconds = parts
    if hours is None or minutes is None or seconds is None:
        return None
    return hours * 3600 + minutes * 60 + seconds


def _asked_or_backoff(answer: Answer, attempt: int, rules: RetryRules) -> float | None:
    asked = asked_wait(answer.headers)
    if asked is None:
        return backoff(attempt, rules)
    return asked if asked <= rules.longest_asked_wait else None


def _until(text: str, date: str) -> float | None:
    """Seconds from the server's own time to a date of HTTP."""
    try:
        return max(0.0, (parsedate_to_datetime(text) - parsedate_to_datetime(date)).total_seconds())
    except (ValueError, TypeError):  # TypeError: one of them has no time zone
        return None


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 <= found < float("inf") else None


def _code(answer: Answer) -> str:
    error = answer.members.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else ""
