"""What an address must be before anything is looked up under it: its API version, its segments, its names."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from blueprinter.casing import fold
from blueprinter.sandbox.model import Refusal, Request

MAX_NAME = 260
"""Characters of a resource's name (Microsoft Learn, "Azure Resource Manager resource provider contract")."""

_VERSION = re.compile(r"\d{4}-\d{2}(-\d{2})?(-[a-z0-9.]+)*", re.IGNORECASE | re.ASCII)
"""A date, with or without `-preview`. Every date is taken."""
_VERSIONED = frozenset({"subscriptions", "providers", "tenants"})
"""First segments of the paths of ARM itself; endpoints and tokens are asked for without a version."""
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f<>%&:\\?#]")
"""What a name may not hold (the same page; `/` parts two names)."""


def check_address(request: Request) -> None:
    """Refuses a request without an API version, or whose version or path cannot be one. 400
    `MissingApiVersionParameter`, `InvalidApiVersionParameter`, `BadRequest`."""
    path = unquote(urlsplit(request.url).path)
    segments = [segment for segment in path.split("/") if segment]
    if "." in segments or ".." in segments:
        # a server in front of Azure takes such a path apart or refuses it; nothing here has such a name
        raise Refusal(400, "BadRequest", "The request URI has a segment that is '.' or '..'.")
    if not segments or fold(segments[0]) not in _VERSIONED:
        return
    version = request.api_version
    if not version:
        raise Refusal(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if _VERSION.fullmatch(version) is None:
        raise Refusal(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{version}' is invalid. An API version is a date, such as '2024-01-01' or "
            "'2024-01-01-preview'.",
        )


def check_names(id: str) -> None:
    """Refuses the id of a new resource with a name that none can have: 400 `InvalidResourceName`."""
    for name in id.split("/"):
        if len(name) > MAX_NAME:
            raise _invalid(name, f"A name has at most {MAX_NAME} characters.")
        if _FORBIDDEN.search(name):
            raise _invalid(
                name, "A name has no control characters and none of '<', '>', '%', '&', ':', '\\', '?', '#'."
            )
        if name.endswith((".", " ")):
            raise _invalid(name, "A name does not end with a period or a space.")


def _invalid(name: str, why: str) -> Refusal:
    return Refusal(400, "InvalidResourceName", f"The resource name '{name[:80]}' is invalid. {why}")
