"""Several requests at once, never more than Azure bears from one caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

AT_ONCE = 8

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item]) -> Sequence[Result]:
    """What comes of each item, in their order. The first failure, in that order, is raised."""
    listed = list(items)
    if len(listed) < 2:
        return [work(one) for one in listed]
    pool = ThreadPoolExecutor(min(AT_ONCE, len(listed)))
    try:
        return list(pool.map(work, listed))
    finally:
        # after a failure or Ctrl-C what has not begun is not begun any more
        pool.shutdown(cancel_futures=True)


def lots_of(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Items in lots of at most so many."""
    return [items[start : start + size] for start in range(0, len(items), size)]
