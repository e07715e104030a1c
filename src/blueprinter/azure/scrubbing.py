"""Answers of Azure without whose they are: every name, id and text of a tenant becomes another, everywhere the same.

What a run rests on stays: types, states, times, counts, effects, and names that the caller knows to be public. The new
names are in the order of the old ones, so that queries that list them sorted stay queries of the same run. What is not
known to be harmless is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.azure.errors import AzureError, ErrorDetail
from blueprinter.azure.exchanges import Exchange
from blueprinter.casing import fold, same
from blueprinter.document import Json

_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.|'')*)'")
_TYPE = re.compile(r"/?[A-Za-z][\w-]*(?:\.[\w-]+)+(?:/[\w-]+)+|subscriptions|resourcegroups", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?")
_VERSION = re.compile(r"\d+\.[\d*]+\.[\d*]+(?:-[a-z]+)?", re.IGNORECASE)
_PARAMETER = re.compile(r"\[parameters\('[\w-]+'\)\]", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_PATH = "/:@!$&'()*+,;=~"

_HARMLESS_WORDS = frozenset(
    {
        "compliant",
        "noncompliant",
        "exempt",
        "conflict",
        "error",
        "unknown",
        "protected",
        "notstarted",
        "true",
        "false",
        "default",
        "donotenforce",
        "builtin",
        "custom",
        "static",
        "all",
        "indexed",
        "notspecified",
        "registered",
        "notregistered",
        "registering",
        "waiver",
        "mitigated",
        "audit",
        "auditifnotexists",
        "deny",
        "deployifnotexists",
        "modify",
        "append",
        "disabled",
        "manual",
        "denyaction",
        "addtonetworkgroup",
        "mutate",
        "systemassigned",
        "userassigned",
        "none",
        "string",
        "array",
        "object",
        "boolean",
        "integer",
        "float",
        "datetime",
        "int",
        "bool",
        "secureobject",
        "policyeffect",
        "policydefinitionreferenceid",
        "resourcelocation",
        "resourcetype",
        "resourcewithoutlocation",
        "succeeded",
        "running",
        "failed",
        "location",
        "tenant",
        "global",
        "latest",
    }
)
_HARMLESS_KEYS = frozenset(
    {
        "authorizationscopefilter",
        "resultformat",
        "type",
        "resourcetype",
        "compliancestate",
        "state",
        "timestamp",
        "at",
        "code",
        "resulttruncated",
        "location",
        "resourcelocation",
        "located",
    }
)
"""Keys whose values a run needs and that say nothing of a tenant but where it has resources and of which types."""
_OPAQUE = frozenset({"$skiptoken", "$skip", "skiptoken"})
_LINKS = frozenset({"nextlink", "@odata.nextlink", "@nextlink", "location", "azure-asyncoperation"})
_FREE = frozenset({"query", "$filter", "$apply"})
_LEFT_OUT = frozenset({"systemdata", "tags", "identity", "metadata", "noncompliancemessages"})
"""Objects of which only times are read."""
_MAPPING = frozenset({"groupnames", "policydefinitiongroups"})
_TIMES = frozenset({"createdon", "updatedon", "createdat", "lastmodifiedat", "expireson"})
_PUBLIC_KINDS = ("policydefinitions", "policysetdefinitions", "roledefinitions")


class Scrubbed(Struct, frozen=True):
    """What came of it."""

    exchanges: tuple[Exchange, ...]
    rename: Callable[[str], str]
    """Gives an id or a name of the tenant as the exchanges now have it."""


def scrub(exchanges: Iterable[Exchange], public: Iterable[str], names: Iterable[str] = ()) -> Scrubbed:
    """Exchanges with other names. `public`: names that may stay, such as a shipped blueprint's policies; `names`: ids
    and names that are not in the exchanges and will be asked for of `rename`.

    Raises `AzureError` (BP609) where something of the tenant would be left.
    """
    given = tuple(exchanges)
    kept = frozenset(map(fold, public))
    found = _Names(kept)
    for one in given:
        _rewrite(one, found)
    for name in names:
        found.renamed(name)
    told = _Names(kept | found.shipped, found.in_order())
    done = tuple(_rewrite(one, told) for one in given)
    told.check(done)
    return Scrubbed(done, told.renamed)


class _Names:
    """New names for old ones. The first pass collects, the second gives."""

    def __init__(self, public: frozenset[str], given: Mapping[tuple[str, str], str] | None = None) -> None:
        self.public = public
        self._given = given
        self._met: set[tuple[str, str]] = set()
        self.shipped: set[str] = set()
        """Folded names of what Azure ships: public wherever they stand."""

    def in_order(self) -> dict[tuple[str, str], str]:
        """A new name for each old one; within a kind in the order of the old ones as they stand in ids."""
        found: dict[tuple[str, str], str] = {}
        met = (one for one in self._met if one[1] not in self.shipped)
        for number, (kind, old) in enumerate(sorted(met, key=lambda one: (one[0], f"{one[1]}/"))):
            new = f"00000000-0000-4000-8000-{number:012d}" if kind == "guid" else f"{kind}-{number:06d}"
            found[kind, old] = new
        return found

    def new(self, kind: str, old: str) -> str:
        if not old or fold(old) in self.public or _is_harmless(old):
            return old
        key = ("guid" if _GUID.fullmatch(old) else kind, fold(old))
        if self._given is None:
            self._met.add(key)
            return old
        return self._given[key]

    def renamed(self, text: str) -> str:
        """An id by its parts, anything else as a name."""
        return self.id(text) if text.startswith("/") else self.new("name", text)

    def id(self, text: str) -> str:
        """A resource id: what names are in it depends on where they stand."""
        parts = text.split("/")
        found: list[str] = []
        kind, awaiting = "", ""
        for index, part in enumerate(parts):
            folded = fold(part)
            if awaiting == "namespace":
                kind, awaiting = "", "type"
            elif awaiting == "type" and folded != "providers":
                kind, awaiting = folded, "name"
            elif awaiting == "name":
                alone = fold("/".join(parts[: index - 3])) in ("", "/")
                if kind in _PUBLIC_KINDS and alone:
                    self.shipped.add(folded)
                else:
                    part = self.new("name", part)
                awaiting = "type"
            elif folded == "providers":
                awaiting = "namespace"
            elif awaiting == "container":
                part, awaiting = self.new("name", part), ""
            elif folded in ("subscriptions", "resourcegroups"):
                awaiting = "container"
            elif part:
                part = self.new("name", part)
            found.append(part)
        return "/".join(found)

    def text(self, text: str) -> str:
        """A query: quoted ids, and quoted names that stand elsewhere."""

        def quoted(match: re.Match[str]) -> str:
            inner = match[1]
            if inner.startswith("/"):
                return f"'{'|'.join(map(self.renamed, inner.split('|')))}'"
            known = _GUID.fullmatch(inner) or ("name", fold(inner)) in self._known()
            return f"'{self.new('name', inner)}'" if known else match[0]

        return _QUOTED.sub(quoted, text)

    def _news(self) -> frozenset[str]:
        return frozenset((self._given or {}).values())

    def _known(self) -> frozenset[tuple[str, str]]:
        return frozenset(self._given or ())

    def check(self, exchanges: Iterable[Exchange]) -> None:
        """Raises `AzureError` where an id of the tenant or an address of a person is left."""
        old = {name for kind, name in (self._given or {}) if kind == "guid"} - self._news()
        for one in exchanges:
            for text in (one.url, *one.headers.values(), *_texts(one.body), *_texts(one.answer)):
                left = next((found for found in _GUID.findall(text) if fold(found) in old), "")
                if left or re.search(r"[\w.+-]@[\w-]+\.\w", text):
                    detail = ErrorDetail("", "a name of the tenant would be left in the recording")
                    raise AzureError("BP609", detail, method=one.method, url=one.url)


def _rewrite(one: Exchange, names: _Names) -> Exchange:
    headers = {name: _value(name, value, names) for name, value in one.headers.items()}
    return replace(
        one,
        url=_url(one.url, names),
        body=_value("", one.body, names),
        headers={name: value for name, value in headers.items() if isinstance(value, str)},
        answer=_value("", one.answer, names),
    )


def _value(key: str, value: Json, names: _Names) -> Json:
    folded = fold(key)
    if folded in _MAPPING:
        return _mapping(value)
    if isinstance(value, dict):
        if folded in _LEFT_OUT:
            return {name: inner for name, inner in value.items() if fold(name) in _TIMES}
        if _is_public(value):
            return value
        return {_key(name, names): _value(name, inner, names) for name, inner in value.items()}
    if isinstance(value, list):
        return [_value(key, inner, names) for inner in value]
    return _text(folded, value, names) if isinstance(value, str) else value


def _mapping(value: Json) -> Json:
    """Which controls a policy is for: names of groups, and nothing else that is said of a group."""
    if isinstance(value, list):
        return [_mapping(one) for one in value]
    if isinstance(value, dict):
        return {name: inner for name, inner in value.items() if same(name, "name") and isinstance(inner, str)}
    return value


def _text(key: str, text: str, names: _Names) -> str:
    if key in _OPAQUE:
        return names.new("token", text)
    if key in _LINKS and _ADDRESS.match(text):
        return _url(text, names)
    if key in _FREE:
        return names.text(text)
    if key in _HARMLESS_KEYS or key in _TIMES or _PARAMETER.fullmatch(text):
        return text
    if "|" in text:
        return "|".join(_text(key, part, names) for part in text.split("|"))
    if text.startswith("/") and not _TYPE.fullmatch(text):
        return names.id(text)
    return names.new("text" if " " in text else "name", text)


def _key(name: str, names: _Names) -> str:
    """Members are Azure's, but some are ids."""
    return (
        names.id(name) if name.startswith("/") else names.new("name", name) if _GUID.fullmatch(name) else name
    )


def _is_public(value: Mapping[str, Json]) -> bool:
    """Whether an object is a definition or an initiative that Azure ships."""
    properties = value.get("properties")
    kind = properties.get("policyType") if isinstance(properties, dict) else None
    id = value.get("id")
    shipped = isinstance(id, str) and fold(id).startswith("/providers/microsoft.authorization/policy")
    return shipped and isinstance(kind, str) and fold(kind) in {"builtin", "static"}


def _is_harmless(text: str) -> bool:
    return (
        fold(text) in _HARMLESS_WORDS
        or any(rule.fullmatch(text) for rule in (_TYPE, _MOMENT, _VERSION))
        or text.isdecimal()
    )


def _url(url: str, names: _Names) -> str:
    """An address: the path is an id, and some of the query holds names."""
    parts = urlsplit(url)
    pairs = []
    for pair in parts.query.split("&") if parts.query else []:
        name, _, value = pair.partition("=")
        name, value = unquote(name), unquote(value)
        if fold(name) in _OPAQUE | _FREE:
            value = _text(fold(name), value, names)
        pairs.append(f"{quote(name, safe='$')}={quote(value, safe='')}")
    path = quote(names.id(unquote(parts.path)), safe=_PATH)
    return parts._replace(path=path, query="&".join(pairs)).geturl()


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
