"""Whether a name may be given to a resource that the world can see.

Source: Microsoft Learn, REST "Check Resource Name", and "Resolve reserved resource name errors" with the words.
"""

from __future__ import annotations

from blueprinter.casing import fold
from blueprinter.sandbox.model import Call, Provider, Response, Route
from blueprinter.sandbox.strictness import TEXT, check_members, record

_SHAPE = record({"name": TEXT, "type": TEXT}, "name", "type")
_WHOLE = frozenset(
    {
        "access",
        "azure",
        "bing",
        "bizspark",
        "biztalk",
        "cortana",
        "directx",
        "dotnet",
        "dynamics",
        "excel",
        "exchange",
        "forefront",
        "groove",
        "hololens",
        "hyperv",
        "kinect",
        "lync",
        "msdn",
        "o365",
        "office",
        "office365",
        "onedrive",
        "onenote",
        "outlook",
        "powerpoint",
        "sharepoint",
        "skype",
        "visio",
        "visualstudio",
    }
)
"""Names that are taken as a whole."""
_ANYWHERE = ("login", "microsoft", "windows", "xbox")
"""Words that may stand nowhere in a name, or not at its start; the sandbox refuses both alike."""


def _check(call: Call) -> Response:
    body = call.body()
    check_members(body, _SHAPE)
    name = fold(body["name"])
    is_reserved = name in _WHOLE or any(word in name for word in _ANYWHERE)
    return Response.of(
        {"name": body["name"], "type": body["type"], "status": "Reserved" if is_reserved else "Allowed"}
    )


PROVIDER = Provider(
    "Microsoft.Resources",
    routes=(Route("POST", "/providers/Microsoft.Resources/checkResourceName", _check),),
)
