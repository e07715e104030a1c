"""The policies that a blueprint puts into force: through its artifacts, and through its controls."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.arm import ExpressionError, Unknown, Value, has_unknown, is_expression
from blueprinter.blueprint.controls_set import handed_on_parameters
from blueprinter.blueprint.expressions import parsed
from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.model import OWN_MAPPING, Absence, Artifact, Link, LinkTarget
from blueprinter.blueprint.naming import deployed_definition_name, policy_assignment_id
from blueprinter.blueprint.parameters import KNOWN_LATER, NEEDS_VALUE
from blueprinter.blueprint.parts import items, mapping, text
from blueprinter.blueprint.scopes import excluded_below
from blueprinter.blueprint.values import Values, as_json, as_value
from blueprinter.casing import fold, key_of, same
from blueprinter.diagnostics import Position
from blueprinter.document import Document, Json, child
from blueprinter.policy import (
    AssignedPolicy,
    Override,
    OverrideKind,
    PolicyDefinition,
    PolicyParameter,
    PolicySetDefinition,
    ResourceSelector,
    assign_set,
    definition_key,
    effect_faults,
    fits_version,
    is_enforced,
    is_initiative_id,
    messages_for,
    overrides_of,
    parameter_faults,
    read_overrides,
    read_resource_selectors,
)
from blueprinter.text import did_you_mean, plural

_SUGGESTED = 10
"""Messages for which the reference id that is likely meant is looked for."""
_LONGEST = 200
_OTHER_VERSION = "it is judged by the version at hand; Azure judges by the one that is asked for"
_NO_VERSION = "it is judged by the version at hand; Azure refuses a pin that no version meets"
_REFUSED = "Azure refuses the assignment"
_CATALOG = "definitions stand under policies/; built-ins come from `blueprinter catalog import FOLDER`"


class Catalog(Struct, frozen=True):
    """The definitions and initiatives that are available, by `definition_key`."""

    definitions: Mapping[str, PolicyDefinition]
    sets: Mapping[str, PolicySetDefinition]


class Assigned(Struct):
    """What was found so far."""

    policies: list[AssignedPolicy] = field(default_factory=list)
    absent: dict[str, Absence] = field(default_factory=dict)
    """Definitions that are assigned or linked and cannot run: `definition_key` -> why."""
    keys: dict[str, None] = field(default_factory=dict)
    """Every definition that is assigned, in order, whether it can run or not."""
    initiatives: dict[str, Artifact] = field(default_factory=dict)
    """Initiatives that are assigned and available, with the artifact that assigns each."""

    def missing(self, key: str, why: Absence) -> None:
        self.keys[key] = None
        self.absent.setdefault(key, why)

    def add(self, policy: AssignedPolicy) -> None:
        self.keys[definition_key(policy.definition.id)] = None
        self.policies.append(policy)


class _Frame(Struct, frozen=True):
    """What an assignment says beside its definition and parameters."""

    assignment_id: str = ""
    scope: str = ""
    not_scopes: tuple[str, ...] = ()
    enforced: bool = True
    resource_selectors: tuple[ResourceSelector, ...] = ()
    overrides: tuple[Override, ...] = ()
    messages: Json = None
    """`nonComplianceMessages`."""

    def around(self, policy: AssignedPolicy) -> AssignedPolicy:
        return replace(
            policy,
            assignment_id=self.assignment_id,
            scope=self.scope,
            not_scopes=self.not_scopes,
            enforced=self.enforced,
            resource_selectors=self.resource_selectors,
            overrides=self.overrides,
            message=messages_for(self.messages)(policy.reference_id),
        )


def policies_of(
    artifact: Artifact, values: Values, catalog: Catalog, assigned: Assigned, faults: Faults
) -> None:
    """Adds what a policyAssignment artifact puts into force at the target of `values`."""
    inner = values.within(artifact.resource_group or None)
    named = text(artifact.properties, "policyDefinition") or text(artifact.properties, "policyDefinitionId")
    key = definition_key(named)
    frame = _frame(artifact, _deployed(artifact, key, catalog), inner, faults)
    given = _arguments(artifact, inner, faults)
    where = artifact.document.locate("/properties")
    if is_initiative_id(named) or (key in catalog.sets and key not in catalog.definitions):
        found = catalog.sets.get(key)
        if found is None:
            faults.warn("BP265", f"the initiative `{named}` is not available", where, _CATALOG)
            return
        assigned.initiatives.setdefault(key, artifact)
        _check_version(artifact, found.display_name, found.version, _NO_VERSION, faults)
        _check_messages(artifact, found, faults)
        members = _members(found, frame, given, catalog, assigned, where, faults)
        _check_values(artifact, found.display_name, found.parameters, given, faults)
        for member in members:
            if not fits_version(member.definition.version, member.definition_version):
                continue  # the version that is asked for may take other values
            own = {name: as_value(value) for name, value in member.parameters.items()}
            own.update(dict.fromkeys(member.missing, Unknown("parameters()")))
            _check_values(artifact, member.definition.display_name, member.definition.parameters, own, faults)
            _check_overrides(artifact, member, faults)
        return
    definition = catalog.definitions.get(key)
    if definition is None:
        faults.warn("BP265", f"the definition `{named}` is not available", where, _CATALOG)
        assigned.missing(key, Absence.MISSING)
        return
    version = definition.version
    pin = _check_version(artifact, definition.display_name, version, _version_hint(definition), faults)
    policy = _single(definition, given, frame, assigned, version=pin)
    _check_values(artifact, definition.display_name, definition.parameters, given, faults)
    _check_overrides(artifact, policy, faults)


def _check_values(
    artifact: Artifact,
    name: str,
    declared: Mapping[str, PolicyParameter],
    given: Mapping[str, Value],
    faults: Faults,
) -> None:
    """Warns of parameters whose value Azure refuses, and of those that need one and get none."""
    stated = mapping(artifact.properties.get("parameters"))
    known = _known_of(given)
    for parameter, message in parameter_faults(declared, known):
        pointer = child("/properties/parameters", parameter) if parameter in stated else "/properties"
        where = artifact.document.locate(pointer)
        if key_of(known, parameter) is not None:
            faults.warn("BP269", f"{message} in `{name}`", where, _REFUSED)
        elif key_of(given, parameter) is None:
            faults.warn("BP271", f"`{name}` needs a value for `{parameter}`", where, NEEDS_VALUE)


def _check_messages(artifact: Artifact, initiative: PolicySetDefinition, faults: Faults) -> None:
    """Warns of messages for members that the initiative does not have (InvalidCreatePolicyAssignmentRequest;
    Azure/enterprise-azure-policy-as-code issue 753); not where Azure makes up the reference id of a member."""
    known = {fold(member.reference_id): member.reference_id for member in initiative.members}
    if "" in known:
        return
    for place, row in enumerate(items(artifact.properties.get("nonComplianceMessages"))):
        reference = text(mapping(row), "policyDefinitionReferenceId")
        if reference and fold(reference) not in known and not is_expression(reference):
            where = artifact.document.locate(f"/properties/nonComplianceMessages/{place}")
            message = f"a message is for `{reference[:_LONGEST]}`, which `{initiative.display_name}` does not refer to"
            near = did_you_mean(reference, known.values()) if place < _SUGGESTED else ""
            faults.warn("BP268", message, where, near or _REFUSED)


def _check_overrides(artifact: Artifact, policy: AssignedPolicy, faults: Faults) -> None:
    where = artifact.document.locate("/properties/overrides")
    definition = policy.definition
    for message in effect_faults(policy):
        faults.warn("BP268", f"{message} in `{definition.display_name}`", where, _REFUSED)
    for override in overrides_of(policy, OverrideKind.VERSION):
        if override.value and not fits_version(definition.version, override.value):
            message = (
                f"`{definition.display_name}` is at hand as `{definition.version}`, "
                f"an override asks for `{override.value}`"
            )
            faults.warn("BP276", message, where, _version_hint(definition))


def _version_hint(definition: PolicyDefinition) -> str:
    """What Azure makes of a pin that the version at hand does not meet: of a built-in it has other versions too."""
    return _OTHER_VERSION if same(definition.policy_type, "BuiltIn") else _NO_VERSION


def _deployed(artifact: Artifact, key: str, catalog: Catalog) -> str:
    """The name or id under which Azure has the definition that an artifact assigns."""
    own = text(artifact.properties, "policyDefinition")
    definition = catalog.definitions.get(key) if own else None
    if definition is not None:
        return deployed_definition_name(definition)
    return own or text(artifact.properties, "policyDefinitionId")


def generated_set(
    links: Sequence[Link],
    by_artifacts: Collection[str],
    set_id: str,
    values: Values,
    catalog: Catalog,
    assigned: Assigned,
    faults: Faults,
) -> None:
    """Adds the one policy set of the linked definitions that no artifact assigns (`by_artifacts`: those that one does).

    Their parameters take their defaults. Where the blueprint has a parameter `<definition>_<parameter>`, or one
    called like a parameter that has no default, its value is handed on.
    """
    assignment = values.assignment
    frame = _Frame()
    if assignment is not None:
        id = policy_assignment_id(values.scope, assignment.name, "controls", set_id)
        excluded = excluded_below(assignment.not_scopes, values.scope) if values.scope else ()
        enforced = assignment.is_enforced(values.scope)
        frame = _Frame(id if values.scope else "", values.scope, excluded, enforced)
    done: set[str] = set()
    mapped = [
        link
        for link in links
        if link.source != OWN_MAPPING
        and link.test not in by_artifacts
        and link.test not in catalog.definitions
    ]
    if mapped:
        unknown = len({link.test for link in mapped})
        all_of = plural(len({link.test for link in links}), "linked definition")
        faults.warn("BP265", f"{unknown} of {all_of} are not available", mapped[0].position, _CATALOG)
    for link in links:
        if link.target is not LinkTarget.POLICY or link.test in done or link.test in by_artifacts:
            continue
        if link.equivalent in by_artifacts and link.equivalent in catalog.definitions:
            continue  # the same test runs through another definition
        done.add(link.test)
        definition = catalog.definitions.get(link.test)
        if definition is None:
            # one that is judged on live estates only is not missed offline
            tell = faults.note if link.live_only else faults.warn
            if link.source == OWN_MAPPING:
                tell("BP265", f"the definition `{link.test}` is not available", link.position, _CATALOG)
            assigned.absent.setdefault(link.test, Absence.MISSING)
            continue
        given = _handed_on(definition, values)
        lacking = _lacking(definition.parameters, given)
        if lacking:
            hint = f"declare `{definition.name}_{lacking[0]}` in the blueprint, or assign it by an artifact"
            message = f"`{definition.name}` needs a value for `{lacking[0]}`"
            faults.warn("BP271", message, link.position, hint)
            assigned.missing(link.test, Absence.PARAMETER_MISSING)
            continue
        policy = _single(definition, given, frame, assigned)
        assigned.policies[-1] = replace(policy, set_definition_id=set_id, reference_id=definition.name)


def _single(
    definition: PolicyDefinition,
    given: Mapping[str, Value],
    frame: _Frame,
    assigned: Assigned,
    *,
    version: str = "",
) -> AssignedPolicy:
    """Adds a definition that is assigned on its own, and gives it; what needs a value that is not known is left to
    be undecided."""
    parameters = {key_of(definition.parameters, name) or name: value for name, value in given.items()}
    lacking = tuple(_lacking(definition.parameters, parameters))
    # what is given for a parameter that the definition does not have may be unknown
    known = _known_of(parameters)
    policy = frame.around(AssignedPolicy(definition, known, missing=lacking, definition_version=version))
    assigned.add(policy)
    return policy


def _members(
    initiative: PolicySetDefinition,
    frame: _Frame,
    given: Mapping[str, Value],
    catalog: Catalog,
    assigned: Assigned,
    where: Position,
    faults: Faults,
) -> tuple[AssignedPolicy, ...]:
    """Adds the members of an initiative, and gives them; what needs a value that is not known is left to be
    undecided."""
    unknown = {fold(name) for name, value in given.items() if has_unknown(value)}
    declared = {
        name: replace(one, has_default=one.has_default and fold(name) not in unknown)
        for name, one in initiative.parameters.items()
    }
    try:
        policies, missing = assign_set(
            replace(initiative, parameters=declared), catalog.definitions, _known_of(given)
        )
    except ExpressionError as wrong:
        faults.error("BP266", f"the initiative `{initiative.display_name}`: {wrong.message}", where)
        return ()
    policies = tuple(map(frame.around, policies))
    for policy in policies:
        assigned.add(policy)
    _check_member_versions(initiative, policies, where, faults)
    for key in missing:
        assigned.missing(definition_key(key), Absence.MISSING)
    if missing:
        all_of = plural(len(initiative.members), "definition")
        message = (
            f"{len(missing)} of {all_of} of the initiative `{initiative.display_name}` are not available"
        )
        faults.warn("BP265", message, where, _CATALOG)
    return policies


def _known_of(values: Mapping[str, Value]) -> dict[str, Json]:
    """The values that not only Azure knows."""
    return {name: as_json(value) for name, value in values.items() if not has_unknown(value)}


def _lacking(declared: Mapping[str, PolicyParameter], given: Mapping[str, Value]) -> list[str]:
    """The declared parameters without a value that is known: not given and without default, or given as unknown."""
    return [
        name
        for name, parameter in declared.items()
        if (has_unknown(given[name]) if name in given else not parameter.has_default)
    ]


def _handed_on(definition: PolicyDefinition, values: Values) -> dict[str, Value]:
    required = {name: not one.has_default for name, one in definition.parameters.items()}
    handed = handed_on_parameters(definition.name, required, values)
    return {name: values.parameter(own) for name, own in handed.items()}


def _arguments(artifact: Artifact, values: Values, faults: Faults) -> dict[str, Value]:
    """What an artifact gives for parameters, evaluated; a reference to a secret is unknown. Warns of what is unknown,
    unless a parameter of the blueprint without a value is why: that is told of the blueprint."""
    found: dict[str, Value] = {}
    for name, row in mapping(artifact.properties.get("parameters")).items():
        pointer = child("/properties/parameters", name)
        value: Json = mapping(row).get("value", "[artifacts('reference')]")
        found[name] = values.evaluate_at(artifact.document, pointer, value, faults)
        if has_unknown(found[name]) and not _is_open(artifact.document, pointer, value, values):
            message = f"the value of `{name}` is not known here"
            faults.warn("BP271", message, artifact.document.locate(pointer, key=True), KNOWN_LATER)
    return found


def _is_open(document: Document, pointer: str, value: Json, values: Values) -> bool:
    """Whether a value is made of a parameter of the blueprint that has none."""
    return any(
        values.is_open(name)
        for expression in parsed(document, pointer, value, Faults())
        for name in expression.named("parameters")
    )


def _frame(artifact: Artifact, definition: str, values: Values, faults: Faults) -> _Frame:
    """Scope, exclusions and enforcement of an artifact's assignment."""
    document, properties, scope = artifact.document, artifact.properties, values.scope
    if artifact.resource_group:
        name = values.resource_group().get("name")
        if scope and isinstance(name, str):
            scope = f"{scope}/resourceGroups/{name}"
        else:
            where = document.locate("/properties/resourceGroup")
            message = f"`{artifact.name}` targets the resource group `{artifact.resource_group}`, whose id is not known"
            faults.warn("BP267", message, where, "without an assignment it is judged on everything")
    selectors, wrong_selectors = read_resource_selectors(
        _listed(artifact, "resourceSelectors", values, faults)
    )
    overrides, wrong_overrides = read_overrides(_listed(artifact, "overrides", values, faults))
    for key, wrong in (("resourceSelectors", wrong_selectors), ("overrides", wrong_overrides)):
        for fault in wrong:
            where = document.locate(f"/properties/{key}{fault.pointer}")
            faults.warn("BP268", fault.message, where, fault.hint or _REFUSED)
    excluded = values.evaluate_at(document, "/properties/notScopes", properties.get("notScopes", []), faults)
    mode = values.evaluate_at(
        document, "/properties/enforcementMode", properties.get("enforcementMode", "Default"), faults
    )
    assignment = values.assignment
    stated = tuple(one for one in excluded if isinstance(one, str)) if isinstance(excluded, list) else ()
    around = excluded_below(assignment.not_scopes, scope) if assignment and scope else ()
    return _Frame(
        policy_assignment_id(scope, assignment.name, artifact.name, definition)
        if assignment and scope
        else "",
        scope,
        tuple(dict.fromkeys((*stated, *around))),
        is_enforced(mode) and (assignment is None or assignment.is_enforced(values.scope)),
        selectors,
        overrides,
        _known(_listed(artifact, "nonComplianceMessages", values, faults)),
    )


def _listed(artifact: Artifact, key: str, values: Values, faults: Faults) -> Value:
    """An array of an artifact's properties, evaluated; empty where it has none, or only Azure knows it."""
    stated = artifact.properties.get(key) or []
    found = values.evaluate_at(artifact.document, f"/properties/{key}", stated, faults)
    return [] if isinstance(found, Unknown) else found


def _known(messages: Value) -> Json:
    """The messages without those that only Azure knows."""
    listed = messages if isinstance(messages, list) else []
    return [as_json(message) for message in listed if not has_unknown(message)]


def _check_version(artifact: Artifact, name: str, version: str, hint: str, faults: Faults) -> str:
    """The version that an artifact asks for; a warning where another one is at hand, which is then judged."""
    pin = text(artifact.properties, "definitionVersion")
    if not fits_version(version, pin):
        where = artifact.document.locate("/properties/definitionVersion")
        message = f"`{name}` is at hand as `{version}`, the assignment asks for `{pin}`"
        faults.warn("BP276", message, where, hint)
    return pin


def _check_member_versions(
    initiative: PolicySetDefinition, policies: Sequence[AssignedPolicy], where: Position, faults: Faults
) -> None:
    others = [
        policy
        for policy in policies
        if not fits_version(policy.definition.version, policy.definition_version)
    ]
    if others:
        first = others[0]
        more = f" and {plural(len(others) - 1, 'more member')}" if len(others) > 1 else ""
        message = (
            f"the initiative `{initiative.display_name}` asks for `{first.definition_version}` of "
            f"`{first.definition.display_name}`, at hand is `{first.definition.version}`{more}"
        )
        faults.warn("BP276", message, where, _version_hint(first.definition))
