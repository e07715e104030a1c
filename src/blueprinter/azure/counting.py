"""How many requests were made: what `--explain-requests` prints, and what tests hold on to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Lock

from msgspec import Struct

_READS = frozenset({"GET", "HEAD"})


class SentRequest(Struct, frozen=True):
    """A request that was made. `path` has no query; `status` is 0 where there was no answer."""

    method: str
    path: str
    status: int
    attempt: int
    """1 for the first, more for repetitions."""


class Requests:
    """Counts requests; several threads may add."""

    def __init__(self, watch: Callable[[SentRequest], None] | None = None) -> None:
        self._watch = watch
        self._lock = Lock()
        self._methods: Counter[str] = Counter()
        self._repeated = 0

    def add(self, sent: SentRequest) -> None:
        with self._lock:
            self._methods[sent.method] += 1
            self._repeated += sent.attempt > 1
        if self._watch is not None:
            self._watch(sent)

    @property
    def total(self) -> int:
        return sum(self._methods.values())

    @property
    def repeated(self) -> int:
        """Those that were made again after a failure."""
        return self._repeated

    @property
    def by_method(self) -> dict[str, int]:
        return dict(sorted(self._methods.items()))

    @property
    def only_reads(self) -> bool:
        """Whether nothing but GET was sent (a POST may be a query, and is not told apart)."""
        return set(self._methods) <= _READS
