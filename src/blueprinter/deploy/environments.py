"""`blueprinter.yaml`: what holds for a repository, and environments that an assignment is put into.

```yaml
schema: blueprinter/environments/1
cloud: AzureCloud
environments:
  prod:
    tenant: 00000000-0000-0000-0000-0000000000aa
    scopes: [/subscriptions/…]
    definitionScope: /providers/Microsoft.Management/managementGroups/platform
    identity: {type: UserAssigned, userAssignedIdentities: {/subscriptions/…/userAssignedIdentities/x: {}}}
    parameters: [environments/prod.yaml]
```

Options of the command line hold over an environment, an environment over the assignment's file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from blueprinter.arm import CLOUDS
from blueprinter.blueprint import Assignment, Given, SchemaRow
from blueprinter.casing import key_of
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error
from blueprinter.document import Document, Json, child, inside, load, read_model
from blueprinter.text import did_you_mean


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, strict=True)


class EnvironmentFile(_Closed):
    """Where and as whom an environment is deployed; what is absent is the assignment's own."""

    cloud: str = ""
    tenant: str = ""
    scopes: list[str] = Field(default_factory=list)
    management_group: str = Field(default="", alias="managementGroup")
    definition_scope: str = Field(default="", alias="definitionScope")
    location: str = ""
    identity: dict[str, Any] = Field(default_factory=dict)
    parameters: list[str] = Field(default_factory=list)


class EnvironmentsFile(_Closed):
    """`blueprinter.yaml`."""

    schema_: str = Field(default="", alias="schema")
    cloud: str = ""
    tenant: str = ""
    environments: dict[str, EnvironmentFile] = Field(default_factory=dict)


ENVIRONMENTS_SCHEMA = SchemaRow(
    "environments", "blueprinter.yaml: environments of a repository", EnvironmentsFile
)


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment, or what holds for all."""

    name: str = ""
    cloud: str = ""
    tenant: str = ""
    scopes: tuple[str, ...] = ()
    management_group: str = ""
    definition_scope: str = ""
    location: str = ""
    identity: str = ""
    user_assigned: tuple[str, ...] = ()
    parameters: Mapping[str, Given] | None = None


def read_environment(base: Path, name: str) -> Environment:
    """The environment of a repository's `blueprinter.yaml`; without a name what holds for all of them.

    Raises `InvalidInput` (BP654) for a name that is not there, and for files that are not as they should be.
    """
    file = next(
        (
            base / one
            for one in ("blueprinter.yaml", "blueprinter.yml", "blueprinter.json")
            if (base / one).is_file()
        ),
        None,
    )
    if file is None:
        if name:
            where = Position(str(base / "blueprinter.yaml"))
            raise InvalidInput(
                [error("BP654", f"there is no `blueprinter.yaml` with an environment `{name}`", where)]
            )
        return Environment()
    document = load(file)
    found = read_model(document, EnvironmentsFile)
    if not name:
        return _checked(document, "", Environment(cloud=found.cloud, tenant=found.tenant))
    own = key_of(found.environments, name)
    if own is None:
        hint = (
            did_you_mean(name, found.environments)
            or f"environments: {', '.join(found.environments) or 'none'}"
        )
        raise InvalidInput(
            [error("BP654", f"there is no environment `{name}`", document.locate("/environments"), hint)]
        )
    row, pointer = found.environments[own], child("/environments", own)
    kind = row.identity.get("type")
    users = row.identity.get("userAssignedIdentities")
    environment = Environment(
        name=own,
        cloud=row.cloud or found.cloud,
        tenant=row.tenant or found.tenant,
        scopes=tuple(_subscription(scope) for scope in row.scopes),
        management_group=row.management_group,
        definition_scope=row.definition_scope,
        location=row.location,
        identity=kind if isinstance(kind, str) else "",
        user_assigned=tuple(users) if isinstance(users, dict) else (),
        parameters=_parameters(document, pointer, row.parameters),
    )
    return _checked(document, pointer, environment)


def in_environment(assignment: Assignment, environment: Environment) -> Assignment:
    """The assignment as the environment has it."""
    changes: dict[str, Any] = {}
    if environment.scopes:
        changes |= {"scopes": environment.scopes}
    if environment.management_group:
        group = environment.management_group
        full = group if group.startswith("/") else f"/providers/Microsoft.Management/managementGroups/{group}"
        changes |= {"management_group": full}
    for key, value in (
        ("definition_scope", environment.definition_scope),
        ("location", environment.location),
        ("identity", environment.identity),
        ("user_assigned", environment.user_assigned),
    ):
        if value:
            changes[key] = value
    if environment.parameters:
        given = dict(assignment.parameters)
        for name, one in environment.parameters.items():
            given[key_of(given, name) or name] = one
        changes["parameters"] = given
    return replace(assignment, **changes) if changes else assignment


def _subscription(scope: str) -> str:
    return scope if scope.startswith("/") else f"/subscriptions/{scope}"


def _parameters(document: Document, pointer: str, files: list[str]) -> Mapping[str, Given]:
    """Values of files in order, later ones over earlier ones: plain, or each as `{value: …}` or `{reference: …}`."""
    folder = Path(document.file).parent
    found: dict[str, Given] = {}
    faults: list[Diagnostic] = []
    for index, name in enumerate(files):
        where = document.locate(f"{pointer}/parameters/{index}")
        path = inside(folder, folder, name, where)
        if not path.is_file():
            faults.append(error("BP101", f"`{name}` does not exist", where))
            continue
        value = load(path).value
        rows = value.get("parameters", value) if isinstance(value, dict) else None
        if not isinstance(rows, dict):
            faults.append(error("BP654", f"`{name}` holds no parameters", where, "an object: name and value"))
            continue
        for key, row in rows.items():
            if key not in ("schema", "$schema", "contentVersion"):
                found[key_of(found, key) or key] = _given(row)
    if faults:
        raise InvalidInput(faults)
    return found


def _given(row: Json) -> Given:
    if isinstance(row, dict) and set(row) == {"value"}:
        return Given(row["value"])
    reference = row.get("reference") if isinstance(row, dict) and set(row) == {"reference"} else None
    return Given(None, reference) if isinstance(reference, dict) else Given(row)


def _checked(document: Document, pointer: str, environment: Environment) -> Environment:
    row = CLOUDS.get(environment.cloud) if environment.cloud else None
    if environment.cloud and (row is None or row.retired):
        hint = CLOUDS.suggest(environment.cloud) or ""
        where = document.locate(f"{pointer}/cloud")
        raise InvalidInput([error("BP603", f"`{environment.cloud}` is no cloud", where, hint)])
    return environment
