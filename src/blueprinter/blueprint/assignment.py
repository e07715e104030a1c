"""Assignments: a blueprint put on subscriptions, in our format or as Azure's `blueprintAssignments` body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.blueprint.exported import enveloped
from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.parts import after, items, mapping, text, texts
from blueprinter.blueprint.scopes import SCOPE_HINT, is_management_group, is_scope, is_subscription
from blueprinter.casing import fold
from blueprinter.diagnostics import Diagnostic
from blueprinter.document import Document, Json, child
from blueprinter.text import did_you_mean

_NAME = re.compile(r"[A-Za-z0-9._-]{1,90}\Z")
_OWN_PROVIDER = re.compile(r"/providers/Microsoft\.Blueprint/", re.IGNORECASE)
_MANAGEMENT_GROUPS = "/providers/Microsoft.Management/managementGroups/"
_MAX_PRINCIPALS, _MAX_ACTIONS = 5, 200
_IDENTITIES = ("None", "SystemAssigned", "UserAssigned")


class LockMode(StrEnum):
    NONE = "None"
    READ_ONLY = "AllResourcesReadOnly"
    DO_NOT_DELETE = "AllResourcesDoNotDelete"


class Given(Struct, frozen=True):
    """What an assignment gives for a parameter: a value, or a reference to a secret of a Key Vault."""

    value: Json = None
    reference: Mapping[str, Json] | None = None


class Locks(Struct, frozen=True):
    mode: LockMode = LockMode.NONE
    excluded_principals: tuple[str, ...] = ()
    excluded_actions: tuple[str, ...] = ()


class Ring(Struct, frozen=True):
    """Subscriptions that get a version together, and what must hold in the ring before it until they do."""

    name: str
    enforced: bool
    subscriptions: tuple[str, ...]
    """Empty = all of the assignment, those of the rings before it too: what was audited there is enforced next."""
    max_gaps: int | None = None
    """How many gaps the ring before it may have; None = it is entered by hand."""
    days: int = 0
    """For how many days without a break."""


class Assignment(Struct, frozen=True, eq=False):
    """A blueprint put on subscriptions."""

    name: str
    display_name: str
    description: str
    blueprint: str
    """Name or path; of an exported assignment the name in its `blueprintId`."""
    version: str
    """Empty = whatever version the blueprint has."""
    scopes: tuple[str, ...]
    """Ids of the subscriptions it names; empty when the management group stands for all of its subscriptions."""
    management_group: str
    """Full id, or empty."""
    definition_scope: str
    location: str
    identity: str
    """None | SystemAssigned | UserAssigned"""
    user_assigned: tuple[str, ...]
    parameters: Mapping[str, Given]
    resource_groups: Mapping[str, Mapping[str, str]]
    """placeholder -> {name, location}, what is given of them"""
    locks: Locks
    stack_scope: str
    """subscription | managementGroup | empty"""
    rings: tuple[Ring, ...]
    adopted: str
    document: Document
    id: str = ""
    """The id of an exported assignment, else empty."""
    not_scopes: tuple[str, ...] = ()
    """What none of its policy assignments judges; said by an environment, never by the file."""
    ring: str = ""
    """The ring as which it is put on its scopes; empty = the first one that each scope is in."""
    diagnostics: tuple[Diagnostic, ...] = field(default=())

    def rings_of(self, scope: str) -> tuple[Ring, ...]:
        """The rings that a scope is in, in order: those that list it, and those that list nothing."""
        return tuple(
            one for one in self.rings if not one.subscriptions or fold(scope) in map(fold, one.subscriptions)
        )

    def is_enforced(self, scope: str) -> bool:
        """Whether policies act there: not in a ring that only looks."""
        rings = self.rings_of(scope)
        named = [one for one in rings if fold(one.name) == fold(self.ring)]
        ring = next(iter(named or rings), None)
        return ring is None or ring.enforced


def load_assignment(document: Document) -> Assignment:
    """The assignment of a document. Raises `InvalidInput` with every fault; warnings are in `diagnostics`."""
    reader = _Reader(enveloped(document), Faults())
    assignment = reader.read()
    return replace(assignment, diagnostics=reader.faults.finish())


def check_assignment(document: Document) -> tuple[Diagnostic, ...]:
    """Every fault of an assignment file; never raises."""
    reader = _Reader(enveloped(document), Faults())
    reader.read()
    return tuple(reader.faults.found)


class _Reader(Struct, frozen=True):
    document: Document
    faults: Faults

    def read(self) -> Assignment:
        value = mapping(self.document.value)
        assignment = self._azure(value) if "properties" in value else self._ours(value)
        if not _NAME.match(assignment.name):
            hint = "at most 90 letters, digits, `.`, `_` and `-`"
            message = f"`{assignment.name}` cannot be the name of an assignment"
            self.faults.error("BP202", message, self.document.locate("/name"), hint)
        return assignment

    def _ours(self, value: Mapping[str, Json]) -> Assignment:
        from blueprinter.blueprint.schemas.assignments import AssignmentFile  # pydantic is slow

        self.faults.shape(self.document, AssignmentFile)
        group = text(value, "managementGroup")
        scopes = self._subscriptions("/scope", value.get("scope"))
        members = value.get("subscriptions")
        named = () if members == "all" else self._subscriptions("/subscriptions", members)
        where = self.document.locate("")
        if bool(value.get("scope")) == bool(group):
            hint = "`scope` with subscriptions, or a `managementGroup`, one of the two"
            self.faults.error("BP270", "the assignment has no single scope", where, hint)
        elif group and not members:
            hint = "`subscriptions: all`, or a list of them"
            self.faults.error(
                "BP270", f"which subscriptions of `{group}`?", self.document.locate("/managementGroup"), hint
            )
        elif members and not group:
            hint = "subscriptions are selected of a `managementGroup`; else list them as `scope`"
            self.faults.error(
                "BP270",
                "`subscriptions` without a management group",
                self.document.locate("/subscriptions"),
                hint,
            )
        definition_scope = text(value, "definitionScope")
        if definition_scope and not is_scope(definition_scope):
            place = self.document.locate("/definitionScope")
            self.faults.error("BP250", f"`{definition_scope}` is no full id", place, SCOPE_HINT)
        return Assignment(
            name=text(value, "name") or self._stem(),
            display_name=text(value, "displayName"),
            description=text(value, "description"),
            blueprint=text(value, "blueprint"),
            version=text(value, "version"),
            scopes=scopes or named,
            management_group=self._management_group(group) if group else "",
            definition_scope=definition_scope,
            location=text(value, "location"),
            identity=self._identity(value),
            user_assigned=self._user_assigned(value),
            parameters=self._parameters("/parameters", value.get("parameters")),
            resource_groups=_places(value.get("resourceGroups")),
            locks=self._locks("/locks", mapping(value.get("locks"))),
            stack_scope=text(value, "stackScope"),
            rings=self._rings(items(value.get("rings"))),
            adopted=text(value, "adopted"),
            document=self.document,
        )

    def _azure(self, value: Mapping[str, Json]) -> Assignment:
        from blueprinter.blueprint.schemas.assignments import AzureAssignment  # pydantic is slow

        self.faults.shape(self.document, AzureAssignment)
        properties = mapping(value.get("properties"))
        blueprint_id, id = text(properties, "blueprintId"), text(value, "id")
        blueprint = [part for part in blueprint_id.split("/") if part]
        stored_at = _OWN_PROVIDER.split(id)[0]
        scope = text(properties, "scope") or stored_at
        if not scope:
            hint = "the body of a request has none; add `scope: /subscriptions/…` under `properties`"
            self.faults.warn(
                "BP270", "the assignment does not say its scope", self.document.locate("/properties"), hint
            )
        elif not is_subscription(scope):
            self.faults.error(
                "BP270",
                f"`{scope}` is no subscription",
                self.document.locate("/properties/scope"),
                SCOPE_HINT,
            )
        return Assignment(
            name=text(value, "name") or id.rpartition("/")[2] or self._stem(),
            display_name=text(properties, "displayName"),
            description=text(properties, "description"),
            blueprint=after(blueprint, "blueprints"),
            version=after(blueprint, "versions"),
            scopes=(scope,) if scope else (),
            management_group=stored_at if is_management_group(stored_at) else "",
            definition_scope=_OWN_PROVIDER.split(blueprint_id)[0],
            location=text(value, "location"),
            identity=self._identity(value),
            user_assigned=self._user_assigned(value),
            parameters=self._parameters("/properties/parameters", properties.get("parameters")),
            resource_groups=_places(properties.get("resourceGroups")),
            locks=self._locks("/properties/locks", mapping(properties.get("locks"))),
            stack_scope="managementGroup" if is_management_group(stored_at) else "",
            rings=(),
            adopted="",
            document=self.document,
            id=id,
        )

    def _stem(self) -> str:
        return Path(self.document.file).name.partition(".")[0]

    def _subscriptions(self, pointer: str, value: Json) -> tuple[str, ...]:
        """The ids of a list of subscriptions, each once: neither letter case nor a trailing slash makes another."""
        found: dict[str, str] = {}
        for index, name in enumerate(texts(value)):
            scope = (name if name.startswith("/") else f"/subscriptions/{name}").rstrip("/")
            if not is_subscription(scope):
                place = self.document.locate(f"{pointer}/{index}")
                hint = SCOPE_HINT
                if is_management_group(scope):
                    hint = "use `managementGroup` with `subscriptions`"
                self.faults.error("BP270", f"`{name}` is no subscription", place, hint)
            found.setdefault(fold(scope), scope)
        return tuple(found.values())

    def _management_group(self, name: str) -> str:
        full = name if name.startswith("/") else _MANAGEMENT_GROUPS + name
        if not is_management_group(full):
            place = self.document.locate("/managementGroup")
            self.faults.error("BP270", f"`{name}` is no management group", place, "its name, or its full id")
        return full

    def _identity(self, value: Mapping[str, Json]) -> str:
        named = text(mapping(value.get("identity")), "type") or "None"
        found = next((one for one in _IDENTITIES if fold(one) == fold(named)), None)
        if found is None:
            hint = f"one of {', '.join(_IDENTITIES)}"
            self.faults.error(
                "BP275", f"unknown identity `{named}`", self.document.locate("/identity/type"), hint
            )
        elif found == "UserAssigned" and not self._user_assigned(value):
            hint = "name it under `userAssignedIdentities`"
            self.faults.error(
                "BP275", "which user-assigned identity?", self.document.locate("/identity"), hint
            )
        return found or "None"

    def _user_assigned(self, value: Mapping[str, Json]) -> tuple[str, ...]:
        return tuple(mapping(mapping(value.get("identity")).get("userAssignedIdentities")))

    def _parameters(self, pointer: str, value: Json) -> Mapping[str, Given]:
        found: dict[str, Given] = {}
        for name, given in mapping(value).items():
            row = mapping(given)
            if isinstance(given, dict) and ("value" in row) == ("reference" in row):
                place = self.document.locate(child(pointer, name))
                hint = "exactly one of `value` and `reference`"
                self.faults.error("BP204", f"the parameter `{name}` has no single value", place, hint)
            reference = row.get("reference")
            found[name] = Given(row.get("value"), reference if isinstance(reference, dict) else None)
        return found

    def _locks(self, pointer: str, row: Mapping[str, Json]) -> Locks:
        named = text(row, "mode") or "None"
        mode = next((one for one in LockMode if fold(one) == fold(named)), None)
        if mode is None:
            hint = did_you_mean(named, LockMode) or f"one of {', '.join(LockMode)}"
            self.faults.error(
                "BP275", f"unknown lock `{named}`", self.document.locate(pointer + "/mode"), hint
            )
        principals, actions = texts(row.get("excludedPrincipals")), texts(row.get("excludedActions"))
        for key, held, most in (
            ("excludedPrincipals", principals, _MAX_PRINCIPALS),
            ("excludedActions", actions, _MAX_ACTIONS),
        ):
            if len(held) > most:
                place = self.document.locate(f"{pointer}/{key}")
                self.faults.error("BP275", f"{len(held)} `{key}` where Azure takes {most}", place)
        return Locks(mode or LockMode.NONE, principals, actions)

    def _rings(self, rows: list[Json]) -> tuple[Ring, ...]:
        found: list[Ring] = []
        for index, row in enumerate(map(mapping, rows)):
            pointer, name = f"/rings/{index}", text(row, "name")
            if any(fold(ring.name) == fold(name) for ring in found):
                self.faults.error(
                    "BP254", f"the ring `{name}` stands twice", self.document.locate(pointer + "/name")
                )
            promote = row.get("promoteWhen")
            if isinstance(promote, dict) and not index:
                self.faults.error(
                    "BP270",
                    f"`{name}` is the first ring, and nothing comes before it that could let it in",
                    self.document.locate(pointer + "/promoteWhen"),
                    "`promoteWhen` stands at the ring that is let in, and looks at the ring before it",
                )
            gaps, days = mapping(promote).get("maxGaps", 0), mapping(promote).get("days", 0)
            found.append(
                Ring(
                    name=name,
                    enforced=text(row, "enforcementMode") != "DoNotEnforce",
                    subscriptions=self._subscriptions(pointer + "/subscriptions", row.get("subscriptions")),
                    max_gaps=gaps if isinstance(promote, dict) and isinstance(gaps, int) else None,
                    days=days if isinstance(days, int) else 0,
                )
            )
        return tuple(found)


def _places(value: Json) -> Mapping[str, Mapping[str, str]]:
    return {
        placeholder: {key: text(mapping(row), key) for key in ("name", "location") if text(mapping(row), key)}
        for placeholder, row in mapping(value).items()
    }
