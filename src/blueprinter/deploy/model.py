"""The nouns of deploying: what is to be, what is there, and what a run did about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from blueprinter.arm import Value
from blueprinter.blueprint import Assignment, Registers, ResolvedBlueprint
from blueprinter.casing import fold
from blueprinter.diagnostics import Diagnostic, Severity
from blueprinter.document import Json
from blueprinter.render import Mark, Rendered, RenderOptions, Template

Body = dict[str, Json]
Tell = Callable[[str], None]
"""Takes a line of progress for people."""

ASSIGNMENTS = "Microsoft.Authorization/policyAssignments"
DEFINITIONS = "Microsoft.Authorization/policyDefinitions"
SETS = "Microsoft.Authorization/policySetDefinitions"
ROLES = "Microsoft.Authorization/roleAssignments"
EXEMPTIONS = "Microsoft.Authorization/policyExemptions"
LOCKS = "Microsoft.Authorization/locks"
ATTESTATIONS = "Microsoft.PolicyInsights/attestations"
REMEDIATIONS = "Microsoft.PolicyInsights/remediations"
GROUPS = "Microsoft.Resources/resourceGroups"
STACKS = "Microsoft.Resources/deploymentStacks"
DEPLOYMENTS = "Microsoft.Resources/deployments"

GOVERNANCE = (EXEMPTIONS, ATTESTATIONS, REMEDIATIONS, ROLES, ASSIGNMENTS, SETS, DEFINITIONS)
"""Kinds of objects that carry our mark, in the order in which they can be deleted: an identity's roles go before the
assignment that owns it, and what is used goes after what uses it."""

API_VERSIONS: Mapping[str, str] = {
    ASSIGNMENTS: "2025-01-01",
    DEFINITIONS: "2025-01-01",
    SETS: "2025-01-01",
    ROLES: "2022-04-01",
    EXEMPTIONS: "2022-07-01-preview",
    LOCKS: "2020-05-01",
    ATTESTATIONS: "2022-09-01",
    REMEDIATIONS: "2021-10-01",
    GROUPS: "2022-09-01",
    STACKS: "2024-03-01",
    DEPLOYMENTS: "2024-03-01",
}
"""With which version of the API each kind is read and written."""


class Residue(StrEnum):
    """What is left of something that the blueprint does not contain any more."""

    GOVERNANCE = "governance"
    """Definitions, sets, assignments, exemptions, role assignments: known by our mark."""
    WORKLOAD = "workload"
    """Resource groups and resources of templates: known by having been in the stack."""


class Target(Struct, frozen=True, eq=False):
    """A blueprint put on one scope: everything that is to be there."""

    assignment: Assignment
    """With that one scope."""
    resolved: ResolvedBlueprint
    rendered: Rendered
    options: RenderOptions
    registers: Registers = field(default_factory=Registers)
    cloud: str = "AzureCloud"

    @property
    def scope(self) -> str:
        """Id of the subscription or management group."""
        return self.main.scope

    @property
    def main(self) -> Template:
        """The template of the assignment itself."""
        return next(one for one in self.rendered.templates if one.name == "assignment")

    @property
    def definition_scope(self) -> str:
        """Where custom definitions are kept."""
        return self.assignment.definition_scope or self.scope

    @property
    def mark(self) -> Mark:
        return self.rendered.mark

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Remarks of resolving and rendering, without those about definitions that are not at hand here: Azure has
        them, or a plan says that it does not."""
        found = (*self.resolved.diagnostics, *self.rendered.diagnostics)
        return tuple(one for one in found if one.code != "BP265" or one.severity is Severity.ERROR)


class Wanted(Struct, frozen=True, eq=False):
    """An object that a template makes."""

    id: str
    type: str
    body: Mapping[str, Value]
    """May hold `Unknown` where only Azure knows the value."""
    template: str
    """Name of the template that makes it."""
    api_version: str = ""

    @property
    def key(self) -> str:
        return fold(self.id)

    @property
    def governance(self) -> bool:
        return fold(self.type) in _GOVERNANCE_KEYS


class Live(Struct, frozen=True, eq=False):
    """An object that is in Azure."""

    id: str
    type: str
    body: Mapping[str, Json]

    @property
    def key(self) -> str:
        return fold(self.id)

    @property
    def name(self) -> str:
        return self.id.rpartition("/")[2]

    @property
    def properties(self) -> Mapping[str, Json]:
        found = self.body.get("properties")
        return found if isinstance(found, dict) else {}


class Left(Struct, frozen=True):
    """Something that is left over."""

    id: str
    type: str
    kind: Residue
    acts: str = ""
    """What it still does: the effect that goes on, or empty."""


class Lock(Struct, frozen=True):
    """How a resource is protected, as Azure says after the deployment."""

    id: str
    status: str
    """`denyDelete`, `denyWriteAndDelete`, `none`, `inapplicable`, …"""


class AssignOptions(Struct, frozen=True):
    """How `assign` goes about it."""

    now: datetime
    stack: bool = True
    """False: a plain deployment, which knows nothing of what was there before."""
    prune: bool = False
    sleep: Callable[[float], None] = field(default=lambda _: None)
    """Waits some seconds between submissions."""
    submissions: int = 6
    first_pause: float = 30.0
    """Seconds before the second submission; doubled each time."""
    progress: bool = True
    """Whether resources are reported as they are done (one more read for each look)."""


class Outcome(Struct, frozen=True):
    """What a run did on one scope."""

    scope: str
    changed: bool
    """False: everything was as it is to be, and nothing but reads was sent."""
    locks: tuple[Lock, ...] = ()
    left: tuple[Left, ...] = ()
    """What is left over and still there."""
    deleted: tuple[str, ...] = ()
    """Ids that were deleted."""
    kept: tuple[tuple[str, str], ...] = ()
    """Ids that were to be deleted and are in use, with what uses them."""
    diagnostics: tuple[Diagnostic, ...] = ()
    outputs: Mapping[str, Json] = field(default_factory=dict)


_GOVERNANCE_KEYS = frozenset(fold(type) for type in GOVERNANCE)
