"""Faults on request: what a cloud does wrong, by rule and by seed, so that a run can be repeated.

How a fault leaves `Sandbox.handle`: one that Azure answers (429, 5xx) is a `Response` like any other. What never
becomes an answer is raised as `ConnectionLost`, a `ConnectionError`. A transport turns it into its own error
(azure-core: `ServiceRequestError` where `after_write` is False, else `ServiceResponseError`, and their
`…TimeoutError` forms where `timeout` is True); the server closes the connection.

A rule is one line, `drop-after method=PUT route=/subscriptions/{s}/resourcegroups/{g} after=2 times=1`, or an object
of the same members in a file: `rules: [{fault: drop-after, method: PUT, …}]`.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from msgspec import Struct

from blueprinter.casing import fold
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error
from blueprinter.document import Document, Json, child, load
from blueprinter.sandbox.model import Refusal, Request, Response, Route
from blueprinter.sandbox.routing import Matched, Router
from blueprinter.text import did_you_mean


class ConnectionLost(ConnectionError):
    """No answer reaches the client. `after_write` True: the request was carried out all the same."""

    def __init__(self, *, after_write: bool, timeout: bool = False) -> None:
        what = "timed out" if timeout else "was lost"
        when = "after" if after_write else "before"
        super().__init__(f"the connection {what} {when} the request was carried out")
        self.after_write = after_write
        self.timeout = timeout


class Fault(StrEnum):
    """What goes wrong."""

    THROTTLE = "throttle"
    """429; `Retry-After` where `retry-after` says how many seconds."""
    ERROR = "error"
    """A status of 500 and more."""
    DROP = "drop"
    """The connection ends, nothing was done."""
    DROP_AFTER = "drop-after"
    """The connection ends, and the request was carried out."""
    TIMEOUT = "timeout"
    TIMEOUT_AFTER = "timeout-after"
    SLOW = "slow"
    """Operations take `steps` more requests."""
    BREAK = "break"
    """Operations fail after `steps` steps, with what they did left behind."""
    HIDE = "hide"
    """New objects cannot be referred to for `steps` requests."""


_OF_REQUESTS = frozenset(
    {Fault.THROTTLE, Fault.ERROR, Fault.DROP, Fault.DROP_AFTER, Fault.TIMEOUT, Fault.TIMEOUT_AFTER}
)
_CODES: Mapping[int, tuple[str, str]] = {
    500: ("InternalServerError", "The server encountered an internal error. Please retry the request."),
    502: ("BadGateway", "The gateway did not receive a response from the resource provider."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable. Please retry the request."),
    504: ("GatewayTimeout", "The gateway did not receive a response within the specified time period."),
}


class Rule(Struct, frozen=True):
    """When something goes wrong, and what."""

    fault: Fault
    route: str = "{path*}"
    """The pattern of a path, as `Route` has it. For `slow` and `break` of the id that is worked on, for `hide` of the
    id of the new object."""
    method: str = ""
    """Empty: any. Requests only."""
    kind: str = ""
    """Of an operation (`deployment`); empty: any."""
    after: int = 0
    """How many that fit are let pass first."""
    times: int = 0
    """How often it happens; 0 = always."""
    probability: float = 1.0
    """Of those that are left, by the seed."""
    status: int = 503
    retry_after: float | None = None
    """Seconds."""
    steps: int = 1


class Misbehaviour:
    """Rules at work: they count what fits. The first rule that comes due decides a request."""

    def __init__(self, rules: Sequence[Rule], seed: int) -> None:
        self._watches = tuple(_Watch(rule, f"{seed}:{place}") for place, rule in enumerate(rules))
        self.hides = any(rule.fault is Fault.HIDE for rule in rules)

    def fate(self, request: Request) -> Rule | None:
        """What goes wrong with a request."""
        for watch in self._watches:
            rule = watch.rule
            if rule.fault not in _OF_REQUESTS or (rule.method and rule.method != request.method):
                continue
            if watch.comes_due(request.path):
                return rule
        return None

    def work(self, kind: str, subject: str) -> tuple[int, int]:
        """Of work that begins: requests that it takes on top, and the steps after which it breaks (-1: never)."""
        wait, breaks = 0, -1
        for watch in self._watches:
            rule = watch.rule
            if rule.fault not in (Fault.SLOW, Fault.BREAK) or (rule.kind and fold(rule.kind) != fold(kind)):
                continue
            if watch.comes_due(subject):
                if rule.fault is Fault.SLOW:
                    wait += rule.steps
                else:
                    breaks = rule.steps
        return wait, breaks

    def hidden_for(self, id: str) -> int:
        """Requests for which a new object cannot be referred to."""
        found = (
            watch.rule.steps
            for watch in self._watches
            if watch.rule.fault is Fault.HIDE and watch.comes_due(id)
        )
        return max(found, default=0)


@dataclass(slots=True)
class _Watch:
    rule: Rule
    seed: str
    seen: int = 0
    done: int = 0
    router: Router = field(init=False)

    def __post_init__(self) -> None:
        self.router = Router([Route("ANY", self.rule.route, _never)])

    def comes_due(self, path: str) -> bool:
        rule = self.rule
        if rule.route != "{path*}" and not isinstance(self.router.find("ANY", path), Matched):
            return False
        self.seen += 1
        if self.seen <= rule.after or (rule.times and self.done >= rule.times):
            return False
        if rule.probability < 1 and _draw(f"{self.seed}:{self.seen}") >= rule.probability:
            return False
        self.done += 1
        return True


def _draw(seed: str) -> float:
    """A number from 0 up to 1, the same for the same seed."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]) / 2**64


def _never(call: object) -> NoReturn:
    raise NotImplementedError("the router of a rule only matches")


def answer_of(rule: Rule, path: str = "", stamp: str = "") -> Response:
    """What Azure answers to a request for a path at a time. Raises `ConnectionLost` where it answers nothing."""
    match rule.fault:
        case Fault.THROTTLE if _GRAPH in fold(path):
            return _out_of_quota(rule, stamp)
        case Fault.THROTTLE:
            refusal = Refusal(
                429,
                "SubscriptionRequestsThrottled",
                "Number of requests for the subscription exceeded the limit. Please try again later.",
            )
        case Fault.ERROR:
            code, message = _CODES.get(rule.status, _CODES[500])
            refusal = Refusal(rule.status, code, message)
        case _:
            timeout = rule.fault in (Fault.TIMEOUT, Fault.TIMEOUT_AFTER)
            raise ConnectionLost(after_write=carries_out(rule), timeout=timeout)
    headers = {} if rule.retry_after is None else {"Retry-After": f"{rule.retry_after:g}"}
    return Response.of({"error": refusal.error()}, refusal.status, headers)


_GRAPH = "/providers/microsoft.resourcegraph/"


def _out_of_quota(rule: Rule, stamp: str) -> Response:
    """Resource Graph does not say `Retry-After`: its own headers tell when there is quota again (Microsoft Learn,
    "Guidance for throttled requests in Azure Resource Graph")."""
    refusal = Refusal(
        429,
        "RateLimiting",
        f"Please provide below info when asking for support: timestamp = {stamp}, correlationId = {_NO_ONE}.",
        details=[
            {
                "code": "RateLimiting",
                "message": "Client application has been throttled and should not attempt to repeat the request until "
                "an amount of time has elapsed. Please see https://aka.ms/resourcegraph-throttling for help.",
            }
        ],
    )
    seconds = int(5 if rule.retry_after is None else rule.retry_after)
    resets = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    headers = {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": resets}
    return Response.of({"error": refusal.error()}, 429, headers)


_NO_ONE = "00000000-0000-0000-0000-000000000000"


def carries_out(rule: Rule) -> bool:
    """Whether the request is carried out although its answer is lost."""
    return rule.fault in (Fault.DROP_AFTER, Fault.TIMEOUT_AFTER)


# ---------------------------------------------------------------- reading rules

_HINT = "a rule is such as `throttle method=GET times=3 retry-after=1`, or the name of a file of rules"
_MEMBERS = ("route", "method", "kind", "after", "times", "probability", "status", "retry-after", "steps")


def parse_rule(text: str) -> Rule:
    """A rule from one line. Raises `InvalidInput` (BP705)."""
    place = Position("--misbehave")
    try:
        words = shlex.split(text)
    except ValueError as fault:
        message = f"the rule `{text}` does not parse: {fault}"
        raise InvalidInput([error("BP705", message, place, _HINT)]) from fault
    members: dict[str, Json] = {"fault": words[0] if words else ""}
    for word in words[1:]:
        name, _, value = word.partition("=")
        members[name] = _number(value)
    found = _read(members)
    if isinstance(found, Rule):
        return found
    raise InvalidInput(error("BP705", message, place, _HINT) for message in found.values())


def _number(text: str) -> Json:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


def read_rules(path: Path) -> tuple[Rule, ...]:
    """The rules of a file `{"rules": [...]}`. Raises `InvalidInput` (BP705, all faults)."""
    document = load(path)
    rows = document.value.get("rules") if isinstance(document.value, dict) else None
    if not isinstance(rows, list):
        hint = 'a file of rules is such as `{"rules": [{"fault": "throttle", "times": 3}]}`'
        raise InvalidInput([error("BP705", "a list `rules` is missing", document.locate(""), hint)])
    rules: list[Rule] = []
    faults: list[Diagnostic] = []
    for number, row in enumerate(rows):
        pointer = child("/rules", str(number))
        found = _read(row) if isinstance(row, dict) else {"": "a rule is an object"}
        if isinstance(found, Rule):
            rules.append(found)
        else:
            faults.extend(_located(document, pointer, found))
    if faults:
        raise InvalidInput(faults)
    return tuple(rules)


def _located(document: Document, pointer: str, found: Mapping[str, str]) -> list[Diagnostic]:
    return [
        error("BP705", message, document.locate(child(pointer, name) if name else pointer))
        for name, message in found.items()
    ]


def _read(members: Mapping[str, Json]) -> Rule | dict[str, str]:
    """The rule, or by member what is wrong with it."""
    faults: dict[str, str] = {}
    name = str(members.get("fault", ""))
    if name not in set(Fault):
        faults["fault"] = f"`{name}` is no fault{_meant(name, list(Fault))}"
    for member, value in members.items():
        if member == "fault":
            continue
        message = _member_fault(member, value)
        if message:
            faults[member] = message
    if faults:
        return faults
    retry_after = members.get("retry-after")
    return Rule(
        Fault(name),
        route=str(members.get("route", "{path*}")),
        method=str(members.get("method", "")).upper(),
        kind=str(members.get("kind", "")),
        after=_whole(members.get("after", 0)),
        times=_whole(members.get("times", 0)),
        probability=_real(members.get("probability", 1.0)),
        status=_whole(members.get("status", 503)),
        retry_after=None if retry_after is None else _real(retry_after),
        steps=_whole(members.get("steps", 1)),
    )


def _member_fault(member: str, value: Json) -> str:
    match member:
        case "route" | "method" | "kind":
            return "" if isinstance(value, str) and value else f"`{member}` is text"
        case "after" | "times" | "steps":
            fits = isinstance(value, int) and not isinstance(value, bool) and value >= 0
            return "" if fits else f"`{member}` is a whole number from 0 on"
        case "status":
            fits = isinstance(value, int) and not isinstance(value, bool) and 500 <= value <= 599
            return "" if fits else "`status` is a number from 500 to 599"
        case "probability":
            fits = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1
            return "" if fits else "`probability` is a number from 0 to 1"
        case "retry-after":
            fits = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
            return "" if fits else "`retry-after` is a number of seconds"
    return f"a rule has no member `{member}`{_meant(member, _MEMBERS)}"


def _meant(word: str, choices: Sequence[str]) -> str:
    hint = did_you_mean(word, list(choices))
    return f"; {hint}" if hint else ""


def _whole(value: Json) -> int:
    return value if isinstance(value, int) else 0


def _real(value: Json) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
