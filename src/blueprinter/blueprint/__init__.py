"""Front door."""

from blueprinter.blueprint.model import *  # noqa: F403
