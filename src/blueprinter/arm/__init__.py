"""Front door."""

from blueprinter.arm.model import *  # noqa: F403
