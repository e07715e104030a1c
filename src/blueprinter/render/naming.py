"""Names of what is rendered that `blueprint` does not name already: deterministic, and within Azure's limits."""

from __future__ import annotations

import hashlib
import re
import uuid

from blueprinter.arm import normal_location, parse_id
from blueprinter.blueprint import deployed_definition_name, slug
from blueprinter.casing import fold
from blueprinter.policy import definition_key
from blueprinter.render.model import Job, ScopeKind

_NAMESPACE = uuid.UUID("6f0c0f3a-6a0b-5d0e-9a57-1f1f3b1c7a10")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,253}\Z")
_GUID = re.compile(r"[0-9a-z]{8}-([0-9a-z]{4}-){3}[0-9a-z]{12}\Z", re.IGNORECASE)
_SLUG = 40
_ROLES, _DEFINITIONS, _SETS = (
    f"/providers/Microsoft.Authorization/{type}"
    for type in ("roleDefinitions", "policyDefinitions", "policySetDefinitions")
)


def digest(*parts: str) -> str:
    """Eight hex digits of some texts, without regard to case."""
    return hashlib.sha256("\0".join(map(fold, parts)).encode()).hexdigest()[:8]


def guid(*parts: str) -> str:
    """A GUID of some texts, without regard to case."""
    return str(uuid.uuid5(_NAMESPACE, "\0".join(map(fold, parts))))


def nested_name(job: Job, name: str, scope: str) -> str:
    """Name of the nested deployment of an artifact: one that was used at another place, or by another assignment,
    is never met (codes InvalidDeploymentLocation, DeploymentActive)."""
    place = normal_location(job.assignment.location)
    return f"{slug(name)[:_SLUG].rstrip('-')}-{digest(job.scope, job.assignment.name, name, scope, place)}"


def is_nested_of(deployment: str, artifact: str) -> bool:
    """Whether a nested deployment or a policy assignment has the name of an artifact, whatever scope it is for."""
    own = re.escape(slug(artifact)[:_SLUG].rstrip("-"))
    return re.fullmatch(rf"{own}-[0-9a-f]{{8}}", deployment) is not None


def parameter_name(name: str) -> str:
    """Name of a blueprint's parameter in a template; the portal's may hold brackets, colons and spaces."""
    if _PLAIN.match(name):
        return name
    return f"{slug(name)[:_SLUG].strip('-_0123456789') or 'p'}_{digest(name)}"


def definition_name(job: Job, name: str) -> str:
    """Name in Azure of a custom definition."""
    kept = job.options.adopted.definitions.get(definition_key(name))
    return kept or deployed_definition_name(job.options.sources.definitions[definition_key(name)])


def hashed_definition(job: Job, name: str) -> str:
    """What the name of an assignment is made of: another contract of a definition is another assignment."""
    if job.options.sources.is_custom(name):
        return deployed_definition_name(job.options.sources.definitions[definition_key(name)])
    return name


def definition_id(job: Job, name: str) -> str:
    """Full id of what an artifact or the controls assign: of a custom definition at the definition scope, of a
    built-in, or of one that stands where its id says."""
    if job.options.sources.is_custom(name):
        return f"{job.definition_scope}{_DEFINITIONS}/{definition_name(job, name)}"
    if not _GUID.match(name):
        definition = job.options.sources.definitions.get(definition_key(name))
        return name if name.startswith("/") or definition is None else definition.id
    fact = job.options.sources.facts.get(name)
    initiative = definition_key(name) in job.options.sources.sets or (fact is not None and fact.initiative)
    return f"{_SETS if initiative else _DEFINITIONS}/{name}"


def set_name(job: Job) -> str:
    """Name in Azure of the set of the controls."""
    controls = job.resolved.controls
    own = controls.id.rpartition("/")[2] if controls is not None else ""
    return job.options.adopted.definitions.get(fold(own), own)


def set_id(job: Job) -> str:
    """Full id of the set of the controls."""
    return f"{job.definition_scope}{_SETS}/{set_name(job)}"


def role_guid(id: str) -> str:
    """The GUID of a role, from its id in any form; roles are compared by it."""
    return fold(id.rstrip("/").rpartition("/")[2])


def role_id_expression(job: Job, role: str, *, in_subscription: bool | None = None) -> str:
    """The id of a role as a template has it."""
    custom = role.startswith("/") and not fold(role).startswith(fold(f"{_ROLES}/"))
    if custom and parse_id(role) is not None:
        return role
    inside = job.kind is ScopeKind.SUBSCRIPTION if in_subscription is None else in_subscription
    function = "subscriptionResourceId" if inside else "tenantResourceId"
    return f"[{function}('Microsoft.Authorization/roleDefinitions', '{role_guid(role)}')]"
