"""`blueprinter.yaml`: what holds for a repository, and environments that an assignment is put into.

```yaml
schema: blueprinter/environments/1
cloud: AzureCloud
notScopes: [/subscriptions/…/resourceGroups/sandbox]        # no policy assignment judges what lies there
environments:
  prod:
    tenant: 00000000-0000-0000-0000-0000000000aa
    scopes: [/subscriptions/…]
    excludedScopes: [/subscriptions/…]                        # left alone: neither deployed to nor judged
    definitionScope: /providers/Microsoft.Management/managementGroups/platform
    identity: {type: UserAssigned, userAssignedIdentities: {/subscriptions/…/userAssignedIdentities/x: {}}}
    parameters: [environments/prod.yaml]
    registers: registers/prod
```

Options of the command line hold over an environment, an environment over the assignment's file. Lists of scopes that
are left out add up; everything else of an environment replaces what holds for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.arm import CLOUDS
from blueprinter.blueprint import (
    SCOPE_HINT,
    Assignment,
    Given,
    is_management_group,
    is_scope,
    is_subscription,
)
from blueprinter.casing import key_of
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error
from blueprinter.document import Document, Json, child, inside, load, read_model
from blueprinter.text import did_you_mean

if TYPE_CHECKING:
    from blueprinter.deploy.environments_file import Common, EnvironmentsFile

_GROUPS = "/providers/Microsoft.Management/managementGroups/"
_CONTAINER = "the full id of a subscription or a management group"
_IDENTITIES = ("None", "SystemAssigned", "UserAssigned")
ENVIRONMENT_FILES = ("blueprinter.yaml", "blueprinter.yml", "blueprinter.json")
"""What the file may be called; the first that is there is read."""


class Environment(Struct, frozen=True):
    """One environment, or what holds for all."""

    name: str = ""
    cloud: str = ""
    tenant: str = ""
    scopes: tuple[str, ...] = ()
    management_group: str = ""
    """Full id, or empty."""
    definition_scope: str = ""
    location: str = ""
    identity: str = ""
    user_assigned: tuple[str, ...] = ()
    not_scopes: tuple[str, ...] = ()
    """Scopes that no policy assignment judges; those in `excluded` are among them."""
    excluded: tuple[str, ...] = ()
    """Subscriptions and management groups that are left alone."""
    parameters: Mapping[str, Given] | None = None
    registers: Path | None = None
    history: Path | None = None
    excluded_at: Position = field(default_factory=lambda: Position(""))
    """Where the excluded scopes are named."""


def read_environment(base: Path, name: str) -> Environment:
    """The environment of a repository's `blueprinter.yaml`; without a name what holds for all of them.

    Raises `InvalidInput` with every fault: a name that is not there, or one that an option of the file cannot be
    (BP654), a cloud that is none (BP603), a file that is missing (BP101).
    """
    file = next((base / one for one in ENVIRONMENT_FILES if (base / one).is_file()), None)
    if file is None:
        if name:
            where = Position(str(base / ENVIRONMENT_FILES[0]))
            hint = "`blueprinter init` writes one; run in the folder that has it"
            message = f"there is no `{ENVIRONMENT_FILES[0]}` with an environment `{name}`"
            raise InvalidInput([error("BP654", message, where, hint)])
        return Environment()
    document = load(file)
    from blueprinter.deploy.environments_file import EnvironmentsFile  # pydantic is slow

    found = read_model(document, EnvironmentsFile)
    reader = _Reader(document, [])
    common = reader.common(found, "")
    environment = reader.environment(found, name, common) if name else common
    if reader.faults:
        raise InvalidInput(reader.faults)
    return environment


def environment_names(base: Path) -> tuple[str, ...]:
    """The environments of a repository, in the order of the file. Raises `InvalidInput` for a file that is not as it
    should be."""
    file = next((base / one for one in ENVIRONMENT_FILES if (base / one).is_file()), None)
    if file is None:
        return ()
    from blueprinter.deploy.environments_file import EnvironmentsFile  # pydantic is slow

    return tuple(read_model(load(file), EnvironmentsFile).environments)


def in_environment(assignment: Assignment, environment: Environment) -> Assignment:
    """The assignment as the environment has it."""
    changes: dict[str, Any] = {}
    if environment.management_group:
        # a group alone stands for all of its subscriptions: those of the file are another environment's
        changes |= {"management_group": environment.management_group, "scopes": ()}
    if environment.scopes:
        changes["scopes"] = environment.scopes
    for key, value in (
        ("definition_scope", environment.definition_scope),
        ("location", environment.location),
        ("identity", environment.identity),
        ("user_assigned", environment.user_assigned),
        ("not_scopes", environment.not_scopes),
    ):
        if value:
            changes[key] = value
    if environment.parameters:
        given = dict(assignment.parameters)
        for name, one in environment.parameters.items():
            given[key_of(given, name) or name] = one
        changes["parameters"] = given
    return replace(assignment, **changes) if changes else assignment


class _Reader(Struct, frozen=True):
    """Reads a file and collects what is wrong in it."""

    document: Document
    faults: list[Diagnostic]

    @property
    def folder(self) -> Path:
        return Path(self.document.file).parent

    def common(self, row: Common, pointer: str) -> Environment:
        """What may be said for all environments and for one."""
        self._cloud(row.cloud, pointer)
        excluded = self._scopes(row.excluded_scopes, f"{pointer}/excludedScopes", _is_container, _CONTAINER)
        not_scopes = self._scopes(row.not_scopes, f"{pointer}/notScopes", is_scope, SCOPE_HINT)
        return Environment(
            cloud=row.cloud,
            tenant=row.tenant,
            not_scopes=tuple(dict.fromkeys((*not_scopes, *excluded))),
            excluded=excluded,
            registers=self._path(row.registers, f"{pointer}/registers", folder=True),
            history=self._path(row.history, f"{pointer}/history", folder=False),
            excluded_at=self.document.locate(f"{pointer}/excludedScopes"),
        )

    def environment(self, found: EnvironmentsFile, name: str, common: Environment) -> Environment:
        """The environment of that name over what holds for all."""
        own = key_of(found.environments, name)
        if own is None:
            near = did_you_mean(name, found.environments)
            known = f"environments: {', '.join(found.environments) or 'none'}"
            hint = f"{near}; {known}" if near else known
            where = self.document.locate("/environments" if found.environments else "")
            self.faults.append(error("BP654", f"there is no environment `{name}`", where, hint))
            return common
        row, pointer = found.environments[own], child("/environments", own)
        mine = self.common(row, pointer)
        scopes = self._scopes(row.scopes, f"{pointer}/scopes", is_subscription, SCOPE_HINT)
        kind, users = self._identity(row.identity, pointer)
        group = row.management_group
        if group and not group.startswith("/"):
            group = f"{_GROUPS}{group}"
        for key, value in (("managementGroup", group), ("definitionScope", row.definition_scope)):
            if value and not (
                is_management_group(value) if key == "managementGroup" else _is_container(value)
            ):
                self._wrong(f"`{value}` cannot be the {key}", f"{pointer}/{key}", _CONTAINER)
        return Environment(
            name=own,
            cloud=row.cloud or found.cloud,
            tenant=row.tenant or found.tenant,
            scopes=scopes,
            management_group=group,
            definition_scope=row.definition_scope,
            location=row.location,
            identity=kind,
            user_assigned=users,
            not_scopes=tuple(dict.fromkeys((*common.not_scopes, *mine.not_scopes))),
            excluded=tuple(dict.fromkeys((*common.excluded, *mine.excluded))),
            parameters=self._parameters(pointer, row.parameters),
            registers=mine.registers or common.registers,
            history=mine.history or common.history,
            excluded_at=mine.excluded_at if mine.excluded else common.excluded_at,
        )

    def _wrong(self, message: str, pointer: str, hint: str = "") -> None:
        self.faults.append(error("BP654", message, self.document.locate(pointer), hint))

    def _cloud(self, name: str, pointer: str) -> None:
        row = CLOUDS.get(name) if name else None
        if name and (row is None or row.retired):
            hint = CLOUDS.suggest(name) or ""
            where = self.document.locate(f"{pointer}/cloud")
            self.faults.append(error("BP603", f"`{name}` is no cloud", where, hint))

    def _scopes(
        self, names: list[str], pointer: str, fits: Callable[[str], bool], hint: str
    ) -> tuple[str, ...]:
        """Full ids; a bare GUID is a subscription."""
        found = []
        for index, name in enumerate(names):
            scope = name if name.startswith("/") else f"/subscriptions/{name}"
            if not fits(scope):
                self._wrong(f"`{name}` is no scope that may stand here", f"{pointer}/{index}", hint)
            found.append(scope)
        return tuple(found)

    def _path(self, name: str, pointer: str, *, folder: bool) -> Path | None:
        """A path that the file names, from where it is; a folder must be there."""
        if not name:
            return None
        where = self.document.locate(pointer)
        try:
            path = inside(self.folder, self.folder, name, where)
        except InvalidInput as outside:
            self.faults.extend(outside.diagnostics)
            return None
        if folder and not path.is_dir():
            self.faults.append(error("BP101", f"there is no folder `{name}`", where))
        return path

    def _identity(self, row: Mapping[str, Any], pointer: str) -> tuple[str, tuple[str, ...]]:
        if not row:
            return "", ()
        kind, users = row.get("type"), row.get("userAssignedIdentities")
        named = tuple(users) if isinstance(users, dict) else ()
        own = key_of(dict.fromkeys(_IDENTITIES), kind) if isinstance(kind, str) else None
        if own is None:
            self._wrong(
                f"`{kind}` is no identity", f"{pointer}/identity/type", f"one of {', '.join(_IDENTITIES)}"
            )
        elif own == "UserAssigned" and not named:
            hint = "name it under `userAssignedIdentities`"
            self._wrong("which user-assigned identity?", f"{pointer}/identity", hint)
        return own or "", named

    def _parameters(self, pointer: str, files: list[str]) -> Mapping[str, Given]:
        """Values of files, later ones over earlier ones: plain, or each as `{value: …}` or `{reference: …}`."""
        found: dict[str, Given] = {}
        for index, name in enumerate(files):
            where = self.document.locate(f"{pointer}/parameters/{index}")
            try:
                path = inside(self.folder, self.folder, name, where)
                if not path.is_file():
                    self.faults.append(error("BP101", f"`{name}` does not exist", where))
                    continue
                value = load(path).value
            except InvalidInput as wrong:
                self.faults.extend(wrong.diagnostics)
                continue
            rows = value.get("parameters", value) if isinstance(value, dict) else None
            if not isinstance(rows, dict):
                hint = "an object: name and value"
                self.faults.append(error("BP654", f"`{name}` holds no parameters", where, hint))
                continue
            for key, row in rows.items():
                if key not in ("schema", "$schema", "contentVersion"):
                    found[key_of(found, key) or key] = _given(row)
        return found


def _given(row: Json) -> Given:
    if isinstance(row, dict) and set(row) == {"value"}:
        return Given(row["value"])
    reference = row.get("reference") if isinstance(row, dict) and set(row) == {"reference"} else None
    return Given(None, reference) if isinstance(reference, dict) else Given(row)


def _is_container(scope: str) -> bool:
    return is_subscription(scope) or is_management_group(scope)
