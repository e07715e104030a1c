"""The garbage collector, kept out of work that makes no garbage but what reference counts free."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """Without the search for cycles: it looks at everything that lives, again and again, and finds nothing in trees
    and rows."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def end_collection() -> None:
    """Ends the search for good: Python looks through everything that lives once more when it exits."""
    gc.freeze()
