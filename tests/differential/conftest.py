"""What the differential tests share."""

from __future__ import annotations

import json

import pytest

from blueprinter.document import parse
from blueprinter.policy import AliasTable, read_aliases
from differential.drawing import ALIASES


@pytest.fixture(scope="module")
def aliases() -> AliasTable:
    """The aliases of the types that rules are drawn about."""
    return read_aliases(parse(json.dumps(ALIASES), "aliases.json"))
