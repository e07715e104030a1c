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
