"""Checks of a template artifact from outside: its parameters, and what it fetches when it is deployed.

The body of the template is not a blueprint's language; expanding it is another matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from blueprinter.blueprint.artifacts import template_of
from blueprinter.blueprint.expressions import strings
from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.model import Artifact
from blueprinter.blueprint.parts import mapping
from blueprinter.casing import fold, get, key_of
from blueprinter.document import Json, child
from blueprinter.text import did_you_mean

_URL = re.compile(r"https?://[^\s'\"<>)]+", re.IGNORECASE)
_FETCHED = re.compile(
    r"\.(zip|ps1|psm1|psd1|sh|py|json|exe|msi|tar|gz|tgz|rpm|deb|bicep|dacpac|bacpac)\Z", re.IGNORECASE
)
_CODE_HOSTS = (
    "raw.githubusercontent.com",
    "github.com",
    "gist.githubusercontent.com",
    "bitbucket.org",
    "gitlab.com",
)
_DESCRIPTIVE = frozenset({"$schema", "metadata", "description", "comments", "apiprofile"})


def check_template(artifact: Artifact, faults: Faults) -> None:
    """Adds to `faults` what the artifact gives its template too much or too little, and addresses it fetches."""
    found = template_of(artifact)
    if found is None:
        return
    document, base, template = found
    declared = mapping(get(template, "parameters"))
    given = mapping(artifact.properties.get("parameters"))
    for name in given:
        if key_of(declared, name) is None:
            where = artifact.document.locate(child("/properties/parameters", name), key=True)
            hint = did_you_mean(name, declared)
            faults.error("BP215", f"the template of `{artifact.name}` has no parameter `{name}`", where, hint)
    for name, value in declared.items():
        row = mapping(value)
        optional = key_of(row, "defaultValue") is not None or row.get("nullable") is True
        if not optional and key_of(given, name) is None:
            where = document.locate(child(base + "/parameters", name), key=True)
            message = f"the template of `{artifact.name}` needs the parameter `{name}`"
            faults.error("BP215", message, where, "give it a value in the artifact's `parameters`")
    seen: set[str] = set()
    for pointer, address in _fetched(dict(template), base):
        if address not in seen:
            seen.add(address)
            hint = "the deployment fails when that address is gone; keep a copy where you control it"
            message = f"the template of `{artifact.name}` fetches `{address}` when it is deployed"
            faults.warn("BP216", message, document.locate(pointer), hint)


def _fetched(template: Json, base: str) -> Iterator[tuple[str, str]]:
    """Addresses of scripts, archives and linked templates in a template, with the place of each."""
    for pointer, value in strings(template, base):
        if any(fold(token) in _DESCRIPTIVE for token in pointer.split("/")):
            continue
        for match in _URL.finditer(value):
            parts = urlsplit(match[0])
            host = fold(parts.hostname or "")
            if host in _CODE_HOSTS or _FETCHED.search(parts.path):
                yield pointer, match[0]
