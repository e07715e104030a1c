"""URIs as .NET's `Uri` class combines and escapes them, and data URIs."""

from __future__ import annotations

import base64
import binascii
import re
from typing import NoReturn
from urllib.parse import quote, unquote, unquote_to_bytes

from blueprinter.arm.display import shown
from blueprinter.arm.model import ExpressionError, Value
from blueprinter.casing import get

_PARTS = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL
)
_HOST = re.compile(r"(?:[^@/\s]*@)?(\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::(\d*))?")
_DEFAULT_PORTS = {"http": "80", "https": "443", "ftp": "21", "ws": "80", "wss": "443"}
_NEED_HOST = frozenset(("http", "https", "ftp", "ws", "wss"))
_DATA_URI = re.compile(r"data:([^,]*),(.*)", re.DOTALL | re.IGNORECASE)
_CHARSETS = {
    "": "utf-8",
    "utf8": "utf-8",
    "utf-8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "utf-16": "utf-16-le",
    "iso-8859-1": "latin-1",
}


def combine(base: str, relative: str) -> Value:
    """A reference resolved against an absolute URI (RFC 3986, section 5), in canonical form.

    Raises `ExpressionError` when the base is not absolute or the result is no URI.
    """
    scheme, authority, path, query, fragment = _parts(base)
    if not scheme:
        raise ExpressionError(f"the base `{base}` is no absolute URI")
    if scheme in _NEED_HOST:
        path, relative = path.replace("\\", "/"), relative.replace("\\", "/")
    if relative.startswith("///"):
        raise ExpressionError(f"the relative URI `{relative}` starts with an invalid sequence")
    new_scheme, new_authority, new_path, new_query, new_fragment = _parts(relative)
    if new_scheme:
        scheme, authority, path, query = new_scheme, new_authority, new_path, new_query
    elif new_authority is not None:
        authority, path, query = new_authority, new_path, new_query
    elif new_path.startswith("/"):
        path, query = new_path, new_query
    elif new_path:
        path, query = f"{path.rpartition('/')[0]}/{new_path}", new_query
    elif new_query is not None:
        query = new_query
    return _assembled(scheme, authority, path, query, new_fragment if relative else fragment)


def _parts(text: str) -> tuple[str, str | None, str, str | None, str | None]:
    match = _PARTS.fullmatch(text.strip())
    if match is None:
        _refuse(text)
    scheme, authority, path, query, fragment = match.groups()
    return (scheme or "").lower(), authority, path or "", query, fragment


def _assembled(scheme: str, authority: str | None, path: str, query: str | None, fragment: str | None) -> str:
    text = f"{scheme}:"
    if authority is not None:
        text += f"//{_authority(scheme, authority)}"
        path = _without_dots(path) or ("/" if scheme in _NEED_HOST else "")
    elif scheme in _NEED_HOST:
        _refuse(f"{scheme}:{path}")
    text += _escaped(path)
    if query is not None:
        text += f"?{_escaped(query)}"
    return text if fragment is None else f"{text}#{_escaped(fragment)}"


def _authority(scheme: str, authority: str) -> str:
    match = _HOST.fullmatch(authority)
    if match is None or (not match[1] and scheme in _NEED_HOST) or int(match[2] or "0") > 65535:
        _refuse(f"{scheme}://{authority}")
    user = authority[: match.start(1)]
    port = match[2]
    shown_port = f":{port}" if port and port != _DEFAULT_PORTS.get(scheme) else ""
    return f"{user}{match[1].lower()}{shown_port}"


def _without_dots(path: str) -> str:
    """RFC 3986, section 5.2.4."""
    kept: list[str] = []
    segments = path.split("/")
    for place, segment in enumerate(segments):
        last = place == len(segments) - 1
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
            if last:
                kept.append("")
        elif segment == ".":
            if last:
                kept.append("")
        else:
            kept.append(segment)
    return "/".join(kept)


def _escaped(text: str) -> str:
    return quote(text, safe="!#$%&'()*+,-./:;=?@[]_~", errors="replace")


def _refuse(text: str) -> NoReturn:
    raise ExpressionError(f"`{text}` is no valid URI")


def parse_uri(text: str) -> Value:
    """The components of an absolute URI: `scheme`, `host`, and where they are written `port`, `path`, `query`."""
    scheme, authority, path, query, _ = _parts(text)
    match = _HOST.fullmatch(authority or "")
    if not scheme or match is None or not match[1] or int(match[2] or "0") > 65535:
        _refuse(text)
    found: dict[str, Value] = {"scheme": scheme, "host": match[1].lower()}
    if match[2]:
        found["port"] = int(match[2])
    if path:
        found["path"] = path
    if query:
        found["query"] = query
    return found


def build_uri(components: dict[str, Value]) -> Value:
    """The URI of components as `parse_uri` gives them."""
    given = {name: get(components, name) for name in ("scheme", "host", "port", "path", "query")}
    scheme, host, port, path, query = given.values()
    if not isinstance(scheme, str) or not isinstance(host, str):
        raise ExpressionError("a URI needs a `scheme` and a `host`, which are strings")
    text = f"{scheme}://{host}"
    if port is not None:
        text += f":{shown(port)}"
    if path is not None:
        text += f"/{shown(path).removeprefix('/')}"
    if query is not None:
        text += f"?{shown(query).removeprefix('?')}"
    return combine(text, "")


def escape(text: str) -> Value:
    """Everything but unreserved characters as `%XX` of UTF-8."""
    return quote(text, safe="-_.~", errors="replace")


def unescape(text: str) -> Value:
    """The opposite of `escape`; a `%` that starts no escape stays."""
    return unquote(text)


def data_uri(value: str | int | bool) -> Value:
    """A data URI of UTF-8 text in base64; other than text is JSON."""
    media = "text/plain" if isinstance(value, str) else "application/json"
    content = base64.b64encode(shown(value).encode("utf-8", "surrogatepass")).decode("ascii")
    return f"data:{media};charset=utf-8;base64,{content}"


def data_uri_text(uri: str) -> Value:
    """The text of a data URI, in base64 or escaped. Raises `ExpressionError` for anything else."""
    match = _DATA_URI.fullmatch(uri)
    if match is None:
        raise ExpressionError(f"`{uri[:60]}` is no data URI")
    media, *options = [part.strip() for part in match[1].split(";")]
    if media and "/" not in media:
        raise ExpressionError(f"the media type `{media}` of the data URI has no `/`")
    in_base64 = bool(options) and options[-1].lower() == "base64"
    charset = next((one[8:].strip('"').lower() for one in options if one.lower().startswith("charset=")), "")
    if charset not in _CHARSETS:
        raise ExpressionError(f"the data URI is in the unknown character set `{charset}`")
    try:
        data = base64.b64decode(unquote(match[2]), validate=True) if in_base64 else unquote_to_bytes(match[2])
    except (binascii.Error, ValueError) as found:
        raise ExpressionError("the data URI holds no valid base64") from found
    return data.decode(_CHARSETS[charset], "replace")
