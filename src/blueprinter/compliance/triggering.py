"""`--trigger`: an evaluation by Azure Policy, started and waited for.

Source: Microsoft Learn, "Get compliance data of Azure resources", "On-demand evaluation scan". A scan that ended is no
proof: it may have used assignments as they were before. What counts is a state that is newer than the start.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from blueprinter.azure import ArmClient
from blueprinter.text import plural

_TRIGGER = "/providers/Microsoft.PolicyInsights/policyStates/latest/triggerEvaluation"
_API_VERSION = "2019-10-01"
_AT_ONCE = 4
SETTLED = timedelta(minutes=5)
"""So long after a change an assignment is surely known to every evaluation."""


def trigger(
    arm: ArmClient,
    scopes: Sequence[str],
    *,
    now: datetime,
    changed: Mapping[str, datetime],
    tell: Callable[[str], None],
    settled: timedelta = SETTLED,
    timeout: float = 3600.0,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Evaluates subscriptions or a resource group, and waits for the end. Raises `AzureError`; BP608 when it takes
    longer than `timeout` seconds.

    `changed`: when each assignment was last changed; evaluations start `settled` after the newest change.
    """
    newest = max(changed.values(), default=None)
    pause = (newest + settled - now).total_seconds() if newest is not None else 0.0
    if pause > 0:
        tell(f"waiting {plural(round(pause), 'second')} for assignments that have just changed")
        sleep(pause)
    tell(f"evaluating {plural(len(scopes), 'scope')}")

    def evaluate(scope: str) -> None:
        running = arm.start("POST", f"{scope}{_TRIGGER}", _API_VERSION, idempotent=True)
        arm.wait(running, timeout=timeout)

    with ThreadPoolExecutor(min(_AT_ONCE, max(len(scopes), 1))) as pool:
        for _ in pool.map(evaluate, scopes):
            pass
