"""Front door."""

from blueprinter.compliance.model import *  # noqa: F403
