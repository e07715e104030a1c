"""Front door."""

from blueprinter.policy.model import *  # noqa: F403
