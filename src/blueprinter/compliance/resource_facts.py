"""What a report says of a resource beyond its id: whose it is, where it stands, what it holds, who can reach it.

Owner, environment and class of data are tags. Organisations spell them differently, so a few common keys are
looked for, the first that has a value counts; letter case, `-`, `_` and blanks in a key do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from blueprinter.arm import Resource, Value
from blueprinter.casing import fold, get
from blueprinter.compliance.exposure import has_public_path
from blueprinter.compliance.model import ResourceFacts

_OWNER = ("owner", "serviceowner", "applicationowner", "team", "contact", "ownedby")
_ENVIRONMENT = ("environment", "env", "stage")
_DATA_CLASS = ("dataclassification", "dataclass", "classification", "confidentiality")
_FILLERS = str.maketrans("", "", "-_ .:")
_SENSITIVE = frozenset(
    {"confidential", "highlyconfidential", "strictlyconfidential", "restricted", "secret", "pii", "personal"}
)


def is_sensitive(facts: ResourceFacts) -> bool:
    """Whether the class of data says that it is not for everybody in the organisation."""
    return fold(facts.data_class).translate(_FILLERS) in _SENSITIVE


def facts_of(resource: Resource) -> ResourceFacts:
    """What the body of a resource states."""
    given = get(resource.body, "tags")
    named = given if isinstance(given, dict) else {}
    tags = {_plain(key): value for key, value in named.items()}
    location = get(resource.body, "location")
    return ResourceFacts(
        owner=_first(tags, _OWNER),
        environment=_first(tags, _ENVIRONMENT),
        data_class=_first(tags, _DATA_CLASS),
        location=location if isinstance(location, str) else "",
        exposed=has_public_path(resource),
    )


def _first(tags: Mapping[str, Value], keys: Sequence[str]) -> str:
    for key in keys:
        value = tags.get(key)
        if isinstance(value, str) and (text := value.strip()):
            return text
    return ""


@lru_cache(maxsize=1024)
def _plain(key: str) -> str:
    """The key of a tag without what organisations spell differently."""
    return fold(key).translate(_FILLERS)
