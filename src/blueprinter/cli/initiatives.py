"""`--initiative` without a blueprint: the controls are those that the initiative's groups name.

Offline and live give the same controls. Live, what is judged are the assignments of the initiative that Azure has in
the subscriptions; nothing of ours has to be assigned there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import orjson
from msgspec import Struct
from msgspec.structs import replace

from blueprinter.azure import ArmClient, AzureError
from blueprinter.blueprint import (
    Absence,
    Artifact,
    AutomationClass,
    Blueprint,
    Control,
    ControlGroup,
    ControlKind,
    Framework,
    ResolvedBlueprint,
    Responsibility,
    of_group,
    resolve,
)
from blueprinter.casing import fold, get, same
from blueprinter.cli.workspace import Layered, Workspace
from blueprinter.compliance import read_assignments, side_by_side
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error, warning
from blueprinter.document import Json, load, parse
from blueprinter.policy import (
    AssignedPolicy,
    PolicyDefinition,
    PolicySetDefinition,
    assign_set,
    definition_key,
    is_policy_set,
    read_definition,
    read_policy_set,
)
from blueprinter.text import plural

_API_VERSION = "2025-01-01"
_METADATA, _METADATA_VERSION = "/providers/Microsoft.PolicyInsights/policyMetadata", "2019-10-01"
_NO_TITLES: Mapping[str, str] = MappingProxyType({})
_SHIPPED_SETS = "/providers/Microsoft.Authorization/policySetDefinitions/"


class Initiatives(Struct, frozen=True):
    """Initiatives as Azure has them assigned."""

    resolved: ResolvedBlueprint
    assignments: Mapping[str, Mapping[str, Json]]
    """What `read_assignments` gave."""


def named_initiative(name: str, workspace: Workspace) -> PolicySetDefinition | None:
    """An initiative by its file, its id or GUID, or its display name; None where it is not at hand. Raises
    `InvalidInput` for a file that is none."""
    path = Path(name)
    if path.is_file():
        document = load(path)
        if not is_policy_set(document.value):
            raise InvalidInput([error("BP192", "the file holds no initiative", Position(name))])
        return read_policy_set(document, name=path.stem)
    found = [one for one in workspace.sets.values() if same(one.display_name, name)]
    return workspace.sets.get(definition_key(name)) or (found[0] if len(found) == 1 else None)


def resolve_initiatives(
    sets: Sequence[PolicySetDefinition],
    definitions: Mapping[str, PolicyDefinition],
    workspace: Workspace,
    cloud: str,
    titles: Mapping[str, str] = _NO_TITLES,
) -> ResolvedBlueprint:
    """What initiatives put into force, as a blueprint that has nothing else. Controls are those of the framework that
    most groups name; where they name none that is known, the groups themselves, called by `titles` (folded name of a
    group -> title). Without groups there is no framework. Raises `InvalidInput`."""
    names = [one.display_name or one.name for one in sets]
    blueprint = Blueprint(
        name=sets[0].name,
        display_name=", ".join(names),
        description="",
        version=sets[0].version,
        root=workspace.base,
        exported=False,
        document=parse("{}", "initiative.json"),
        parameters={},
        resource_groups={},
        artifacts=tuple(_artifact(one) for one in sets),
        framework=None,
        links=(),
        deliberately_empty=(),
        frameworks=_frameworks(sets, workspace.frameworks, titles),
    )
    return resolve(
        blueprint,
        definitions=definitions,
        sets={definition_key(one.id): one for one in sets},
        builtin_facts=workspace.facts,
        cloud=cloud,
    )


def read_initiatives(
    names: Sequence[str],
    workspace: Workspace,
    arm: ArmClient,
    subscriptions: Sequence[str],
    cloud: str,
) -> Initiatives:
    """Initiatives with their assignments in subscriptions that can be read. What the workspace does not have is read
    from Azure: one request for each initiative, and for each definition.

    Raises `InvalidInput` (BP192) for an initiative that is nowhere, `AzureError` for what Azure refuses.
    """
    sets = [named_initiative(name, workspace) or _set_in_azure(name, arm) for name in names]
    definitions = _definitions(sets, workspace, arm)
    titles = _NO_TITLES if _known(sets, workspace.frameworks) else _titles(arm)
    resolved = resolve_initiatives(sets, definitions, workspace, cloud, titles)
    assignments = read_assignments(arm, subscriptions)
    policies: list[AssignedPolicy] = []
    remarks: list[Diagnostic] = []
    for one in sets:
        bodies = {id: body for id, body in assignments.items() if _assigns(body, one)}
        for _, body in sorted(bodies.items()):
            policies += _members(one, definitions, body)
        missing = [
            scope for scope in subscriptions if not any(_acts_in(body, scope) for body in bodies.values())
        ]
        if missing:
            hint = "assign it there, or leave the subscription out; nothing of it is evaluated there"
            where = (
                missing[0] if len(missing) == 1 else f"{missing[0]} and {plural(len(missing) - 1, 'more')}"
            )
            message = f"`{one.display_name or one.name}` is not assigned in {where}"
            remarks.append(warning("BP239", message, Position(""), hint))
    judged = {definition_key(one.definition.id) for one in policies}
    absent = {test: why for test, why in resolved.absent.items() if test not in judged}
    if not policies:
        absent |= {link.test: Absence.NOT_ASSIGNED for link in resolved.links if link.test not in absent}
    # values of the initiative's parameters stand in the assignments that were read
    told = (one for one in resolved.diagnostics if one.code != "BP271")
    diagnostics = (*told, *remarks)
    return Initiatives(
        replace(resolved, policies=tuple(policies), absent=absent, diagnostics=diagnostics), assignments
    )


def _known(sets: Sequence[PolicySetDefinition], frameworks: Mapping[str, Framework]) -> bool:
    """Whether some group names a control of a framework that is known here."""
    return any(of_group(frameworks, group) is not None for one in sets for group in one.groups)


def _frameworks(
    sets: Sequence[PolicySetDefinition], frameworks: Mapping[str, Framework], titles: Mapping[str, str]
) -> Mapping[str, Framework]:
    groups = {group.name: group for one in sets for group in one.group_details}
    if not groups or _known(sets, frameworks):
        return frameworks
    own = sets[0]
    controls = {
        name: Control(
            id=name,
            title=group.display_name or titles.get(fold(name), "") or name,
            group=own.name,
            kind=ControlKind.CONTROL,
            leaf=True,
            automation=AutomationClass.PARTIAL,
            responsibility=Responsibility.CUSTOMER,
        )
        for name, group in groups.items()
    }
    found = Framework(
        id=own.name,
        title=own.display_name or own.name,
        edition=own.version,
        groups=(ControlGroup(own.name, own.display_name or own.name),),
        controls=controls,
        counted=tuple(controls),
        has_score=False,
        azure_group_prefixes={"": ""},
    )
    return {found.id: found}


def _titles(arm: ArmClient) -> Mapping[str, str]:
    """What Azure calls the controls that its initiatives name; nothing where that may not be read."""
    try:
        rows = list(arm.items(_METADATA, _METADATA_VERSION))
    except AzureError as refused:
        if refused.forbidden or refused.not_found:
            return _NO_TITLES
        raise
    return {fold(_text(get(row, "name"))): _text(get(_properties(row), "title")) for row in rows}


def _artifact(one: PolicySetDefinition) -> Artifact:
    properties: dict[str, Json] = {"policyDefinitionId": one.id, "displayName": one.display_name}
    body = orjson.dumps({"kind": "policyAssignment", "properties": properties})
    return Artifact(
        name=one.name,
        kind="policyAssignment",
        display_name=one.display_name,
        resource_group="",
        depends_on=(),
        properties=properties,
        document=parse(body, f"{one.name}.json"),
    )


def _set_in_azure(name: str, arm: ArmClient) -> PolicySetDefinition:
    id = name if name.startswith("/") else f"{_SHIPPED_SETS}{name}"
    body = arm.find(id, _API_VERSION) if _could_be_an_id(name) else None
    if body is None:
        hint = "an initiative is named by its id or GUID, or by a file"
        message = f"the initiative `{name}` is known neither here nor in Azure"
        raise InvalidInput([error("BP192", message, Position(name), hint)])
    return read_policy_set(parse(orjson.dumps(body), f"{id}.json"))


def _could_be_an_id(name: str) -> bool:
    return name.startswith("/") or not set(name) & set(" /\\?#%")


def _definitions(
    sets: Iterable[PolicySetDefinition], workspace: Workspace, arm: ArmClient
) -> Mapping[str, PolicyDefinition]:
    """The definitions at hand, and of Azure those members that are not."""
    wanted = {
        definition_key(member.definition_id): member.definition_id for one in sets for member in one.members
    }
    missing = {key: id for key, id in sorted(wanted.items()) if key not in workspace.definitions}
    bodies = side_by_side(lambda id: arm.find(id, _API_VERSION), missing.values())
    read = {
        key: read_definition(parse(orjson.dumps(body), f"{id}.json"))
        for (key, id), body in zip(missing.items(), bodies, strict=True)
        if body is not None
    }
    return Layered(workspace.definitions, read)


def _properties(body: Mapping[str, Json]) -> Mapping[str, Json]:
    found = get(body, "properties")
    return found if isinstance(found, dict) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _assigns(body: Mapping[str, Json], one: PolicySetDefinition) -> bool:
    return same(_text(get(_properties(body), "policyDefinitionId")).rstrip("/"), one.id.rstrip("/"))


def _scope(body: Mapping[str, Json]) -> str:
    """Where an assignment stands; what its id says where it does not say it."""
    id = _text(get(body, "id"))
    own = id[: fold(id).rfind("/providers/microsoft.authorization/policyassignments")]
    return _text(get(_properties(body), "scope")) or own


def _acts_in(body: Mapping[str, Json], subscription: str) -> bool:
    """Whether an assignment that was listed can act in a subscription: one of it, or one above."""
    scope = fold(_scope(body))
    return not scope.startswith("/subscriptions/") or f"{scope}/".startswith(f"{fold(subscription)}/")


def _members(
    one: PolicySetDefinition, definitions: Mapping[str, PolicyDefinition], body: Mapping[str, Json]
) -> list[AssignedPolicy]:
    """The members of an initiative by one of its assignments. Their values are read with how they stand."""
    members, _ = assign_set(one, definitions, {})
    id = _text(get(body, "id"))
    return [
        replace(member, assignment_id=id, set_definition_id=one.id, scope=_scope(body)) for member in members
    ]
