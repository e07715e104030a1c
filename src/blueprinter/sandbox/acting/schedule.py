"""When policy states are evaluated by themselves: some time after a change, and once a day.

Source: Microsoft Learn, "Get compliance data of Azure resources", section Evaluation triggers.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from blueprinter.sandbox.model import Box

FULL_CYCLE = timedelta(hours=24)
"""How often everything is evaluated although nothing changed."""

_DUE = "policy/scan-due"


def stamp_of(moment: datetime) -> str:
    """A moment in UTC as `Box.stamp` writes it; such texts can be compared."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}0Z"


def touch(box: Box) -> None:
    """Something changed that policy states will show after the delay of the settings."""
    _not_later(box, box.now() + timedelta(seconds=box.settings.scan_delay))


def is_due(box: Box) -> bool:
    """Whether it is time to evaluate everything."""
    due = box.store.note(_DUE)
    return isinstance(due, str) and due <= box.stamp()


def done(box: Box, *, again: bool) -> None:
    """Everything was evaluated; `again`: it is to be in a day."""
    box.store.set_note(_DUE, stamp_of(box.now() + FULL_CYCLE) if again else None)


def _not_later(box: Box, moment: datetime) -> None:
    due, wanted = box.store.note(_DUE), stamp_of(moment)
    if not isinstance(due, str) or wanted < due:
        box.store.set_note(_DUE, wanted)
