"""What an inventory has to hold so that policies can be judged on it: types in tables, children, extensions.

Resource Graph's table `resources` has every top-level resource and few children. Where the rest is found stands in one
table here. Sources: Microsoft Learn, "Azure Resource Graph table and resource type reference" and the REST reference of
each type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct, field

from blueprinter.casing import fold
from blueprinter.policy import PolicySet, related_types_of
from blueprinter.table import Table

CONTAINERS = frozenset(
    {"microsoft.resources/subscriptions", "microsoft.resources/subscriptions/resourcegroups"}
)


class Where(StrEnum):
    """How the resources of a type are found that no table has."""

    SUBSCRIPTION = "subscription"
    """A list of the subscription has all of them, those of single resources too."""
    RESOURCE = "resource"
    """Each resource has a list of its own."""
    NOWHERE = "nowhere"
    """Results of other services; a policy that reads them is not decided by an inventory."""


class ExtensionRow(Struct, frozen=True):
    """A type whose resources belong to others, or to the subscription."""

    name: str
    where: Where
    only: str = ""
    """The one name that it has, where there is no list."""
    filter: str = ""
    """`$filter` of its list."""


EXTENSIONS: Table[ExtensionRow] = Table(
    (
        ExtensionRow("Microsoft.Authorization/locks", Where.SUBSCRIPTION),
        ExtensionRow("Microsoft.Authorization/roleAssignments", Where.SUBSCRIPTION),
        # built-in roles are Microsoft's, and the same everywhere
        ExtensionRow(
            "Microsoft.Authorization/roleDefinitions", Where.SUBSCRIPTION, filter="type eq 'CustomRole'"
        ),
        ExtensionRow("Microsoft.GuestConfiguration/guestConfigurationAssignments", Where.NOWHERE),
        ExtensionRow("Microsoft.Insights/dataCollectionRuleAssociations", Where.RESOURCE),
        ExtensionRow("Microsoft.Insights/diagnosticSettings", Where.RESOURCE),
        ExtensionRow("Microsoft.RecoveryServices/backupProtectedItems", Where.RESOURCE),
        ExtensionRow("Microsoft.Resources/links", Where.SUBSCRIPTION),
        ExtensionRow("Microsoft.Security/assessments", Where.NOWHERE),
        ExtensionRow("Microsoft.Security/defenderForStorageSettings", Where.RESOURCE, "current"),
        ExtensionRow("Microsoft.Security/pricings", Where.SUBSCRIPTION),
        ExtensionRow("Microsoft.Security/securityContacts", Where.SUBSCRIPTION),
    )
)
ONLY_CHILDREN: Mapping[str, str] = {
    "microsoft.sql/servers/databases/datamaskingpolicies": "Default",
    "microsoft.storage/storageaccounts/managementpolicies": "default",
}
"""Children of which each parent has one, of this name, and that Azure lists nowhere."""


class Needs(Struct, frozen=True):
    """What to collect; types are folded."""

    tables: frozenset[str]
    """Top-level types, which the table `resources` has."""
    children: tuple[str, ...]
    """Types of parts of resources, parents first."""
    lists: tuple[str, ...]
    """Types that a list of the subscription has."""
    extensions: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    """Types that each resource has a list of -> the types of these resources; None = of all."""
    nowhere: tuple[str, ...] = ()

    @property
    def types(self) -> frozenset[str]:
        """All of them."""
        return self.tables | {*self.children, *self.lists, *self.extensions, *self.nowhere}


def needs_of(policies: PolicySet) -> Needs:
    """What these policies look at, and what they look up beside it."""
    wanted: set[str] = set()
    holders: dict[str, set[str] | None] = {}
    for policy in policies.policies:
        guard = policy.guard
        related = related_types_of(policy)
        wanted |= guard.types | related
        for type_ in related:
            before = holders.setdefault(type_, set())
            if guard.any or guard.patterns:
                holders[type_] = None
            elif before is not None:
                before |= guard.types
    extensions: dict[str, frozenset[str] | None] = {}
    lists: list[str] = []
    nowhere: list[str] = []
    tables: set[str] = set()
    children: set[str] = set()
    for type_ in sorted(wanted - CONTAINERS):
        row = EXTENSIONS.get(type_)
        if row is not None and row.where is Where.RESOURCE:
            found = holders.get(type_)
            extensions[type_] = frozenset(found) if found is not None else None
        elif row is not None:
            (lists if row.where is Where.SUBSCRIPTION else nowhere).append(type_)
        elif type_.count("/") > 1:
            children |= {type_, *_parents(type_)}
        else:
            tables.add(type_)
    return Needs(
        frozenset(tables | {fold(one.partition("/")[0] + "/" + one.split("/")[1]) for one in children}),
        tuple(sorted(children, key=lambda one: (one.count("/"), one))),
        tuple(lists),
        extensions,
        tuple(nowhere),
    )


def _parents(type_: str) -> Iterable[str]:
    """The types above a child that are children themselves."""
    parts = type_.split("/")
    return ["/".join(parts[:length]) for length in range(3, len(parts))]
