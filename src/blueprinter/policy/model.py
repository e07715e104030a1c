"""The nouns of Azure Policy: definitions, what is assigned of them, and the states they give."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct, field

from blueprinter.arm import Json, Resource, Value
from blueprinter.casing import fold
from blueprinter.diagnostics import Position

if TYPE_CHECKING:
    from blueprinter.policy.syntax import Rule


class ComplianceState(StrEnum):
    """Azure's spelling, plus `NotApplicable` and `Unsupported`, which are ours."""

    COMPLIANT = "Compliant"
    NON_COMPLIANT = "NonCompliant"
    EXEMPT = "Exempt"
    CONFLICT = "Conflict"
    ERROR = "Error"
    UNKNOWN = "Unknown"
    PROTECTED = "Protected"
    NOT_APPLICABLE = "NotApplicable"
    UNSUPPORTED = "Unsupported"


class UnsupportedReason(StrEnum):
    """Why a pair could not be decided."""

    DATA_PLANE = "data-plane"
    GUEST_CONFIGURATION = "guest-configuration"
    DEFENDER_ASSESSMENT = "defender-assessment"
    RUNTIME_VALUE = "runtime-value"
    NO_PROPERTIES = "no-properties"
    NOT_COLLECTED = "not-collected"
    GUESSED_ALIAS = "guessed-alias"
    PARAMETER_MISSING = "parameter-missing"
    LIMIT = "limit"
    UNKNOWN_FUNCTION = "unknown-function"


class PolicySeverity(StrEnum):
    """How bad a failure is: `metadata.severity` of our definitions, `medium` where none is given. Worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class AliasSource(StrEnum):
    """Where the path of the aliases behind a verdict came from; the weakest counts."""

    NONE = ""
    TABLE = "table"
    GUESSED = "guessed"


class PolicyParameter(Struct, frozen=True):
    """A declared parameter of a definition or initiative. `has_default` tells a null default from none."""

    name: str
    type: str
    has_default: bool = False
    default: Json = None
    allowed: tuple[Json, ...] = ()
    strong_type: str = ""
    assign_permissions: bool = False
    """The identity of an assignment needs its roles also on the resource that this parameter names."""


class PolicyDefinition(Struct, frozen=True, eq=False):
    """A policy definition that parsed."""

    id: str
    """The full id when the file has one, else `/providers/Microsoft.Authorization/policyDefinitions/<name>`."""
    name: str
    display_name: str
    description: str
    mode: str
    policy_type: str
    version: str
    category: str
    severity: PolicySeverity
    deprecated: bool
    parameters: Mapping[str, PolicyParameter]
    rule: Rule
    metadata: Mapping[str, Json]
    position: Position
    versions: tuple[str, ...] = ()
    """Every version that Azure has of a built-in; the rule is that of `version`."""


class PolicyReference(Struct, frozen=True):
    """A member of an initiative."""

    reference_id: str
    definition_id: str
    definition_version: str
    parameters: Mapping[str, Json]
    """Plain values or expressions over the initiative's parameters, as written."""
    groups: tuple[str, ...]


class PolicyGroup(Struct, frozen=True):
    """A group of an initiative: in regulatory initiatives a control. Its title stands in Azure only, unless the
    initiative gives its own."""

    name: str
    display_name: str = ""
    category: str = ""
    description: str = ""
    additional_metadata_id: str = ""


class PolicySetDefinition(Struct, frozen=True, eq=False):
    """An initiative."""

    id: str
    name: str
    display_name: str
    version: str
    deprecated: bool
    parameters: Mapping[str, PolicyParameter]
    members: tuple[PolicyReference, ...]
    groups: tuple[str, ...]
    """Names of the groups, in the order of the initiative."""
    metadata: Mapping[str, Json]
    position: Position
    versions: tuple[str, ...] = ()
    group_details: tuple[PolicyGroup, ...] = ()


class SelectorKind(StrEnum):
    """What a selector of an assignment looks at."""

    RESOURCE_LOCATION = "resourceLocation"
    RESOURCE_TYPE = "resourceType"
    RESOURCE_WITHOUT_LOCATION = "resourceWithoutLocation"
    REFERENCE_ID = "policyDefinitionReferenceId"
    USER_PRINCIPAL_ID = "userPrincipalId"
    GROUP_PRINCIPAL_ID = "groupPrincipalId"


class Selector(Struct, frozen=True):
    """A list that a property must be in, or must not be in."""

    kind: SelectorKind
    values: tuple[str, ...]
    negated: bool = False
    """`notIn`."""
    complete: bool = True
    """False where some of the values are known only to Azure."""


class ResourceSelector(Struct, frozen=True):
    """Selectors that a resource must all meet. An assignment with several judges what meets any of them."""

    name: str
    selectors: tuple[Selector, ...]


class OverrideKind(StrEnum):
    """What an override replaces."""

    EFFECT = "policyEffect"
    VERSION = "definitionVersion"


class Override(Struct, frozen=True):
    """Another effect or version where all selectors are met."""

    kind: OverrideKind
    value: str
    """Empty where it is not known."""
    selectors: tuple[Selector, ...] = ()


class AssignedPolicy(Struct, frozen=True, eq=False):
    """One definition as an assignment puts it into force: directly, or as a member of an initiative."""

    definition: PolicyDefinition
    parameters: Mapping[str, Json] = field(default_factory=dict)
    """Values in effect by declared parameter name; a parameter that is absent takes its default."""
    assignment_id: str = ""
    """Full id, or empty offline without an assignment (printed as null)."""
    set_definition_id: str = ""
    reference_id: str = ""
    scope: str = ""
    """Full ARM id of the assignment's scope; empty = every resource given."""
    not_scopes: tuple[str, ...] = ()
    enforced: bool = True
    """False for enforcementMode DoNotEnforce: evaluated alike, and flagged."""
    missing: tuple[str, ...] = ()
    """Parameters that were to be given a value and got none: their default is not taken, and whatever needs
    them is unsupported."""
    resource_selectors: tuple[ResourceSelector, ...] = ()
    """The policy judges only resources that meet one of them; all, when there is none."""
    overrides: tuple[Override, ...] = ()
    """In written order; the first that applies holds."""
    message: str = ""
    """What the assignment says of a resource that does not comply."""
    definition_version: str = ""
    """The version that is asked for (`1.*.*`), empty for the latest. What runs is the definition at hand."""


class PolicyState(Struct, frozen=True, eq=False):
    """One policy on one resource: Azure's policy state, and why."""

    assigned: AssignedPolicy
    resource: Resource
    state: ComplianceState
    effect: str = ""
    """The effect in force, as the author spelled it."""
    reason: UnsupportedReason | None = None
    """Set exactly when the state is Unsupported."""
    detail: str = ""
    """One line: what could not be decided or what failed, for people."""
    path: str = ""
    """The property that decided it, as a JSON path in the resource (`properties.minimumTlsVersion`), if one did."""
    expected: str = ""
    """What the rule wants there, in words (`is one of TLS1_2, TLS1_3`)."""
    actual: str = ""
    """What is there (`TLS1_0`, `absent`)."""
    alias_source: AliasSource = AliasSource.NONE
    details: Mapping[str, Value] | tuple[Value, ...] | None = None
    """`then.details` after evaluation, for effects that have them."""


class Found(Struct, frozen=True):
    """Related resources that exist."""

    resources: tuple[Resource, ...]


class NoneExist(Struct, frozen=True):
    """The type was collected for that scope, and there is none."""


class NotCollected(Struct, frozen=True):
    """Nothing is known: the type was never collected for that scope. The pair is unsupported."""

    detail: str = ""


LookupResult: TypeAlias = "Found | NoneExist | NotCollected"


NOBODY = "<none>"
"""A name that no resource has: a lookup for it tells whether absence is believed."""


class Lookup(Protocol):
    """Finds related resources: siblings, children, extensions, resource groups, subscriptions."""

    def __call__(self, type: str, name: str | None, scope: str) -> LookupResult:
        """Resources of a type at or below a scope, by letter-case-free comparison.

        `type` is a full resource type. `name` is None for any, a full ARM name (`server/default`), or one whose
        last segment is `?` for any child of that parent. `scope` is a full ARM id: of a resource (its children and
        extensions), of a resource group, or of a subscription.
        """
        ...


@runtime_checkable
class Index(Lookup, Protocol):
    """A lookup that knows of which types it knows nothing."""

    def silence(self, type: str) -> NotCollected | None:
        """The answer whatever the name and the scope, if that is known; None = it depends."""
        ...


def definition_key(id_or_name: str) -> str:
    """The name under which a definition is known everywhere: the folded last segment of its id."""
    return fold(id_or_name.rstrip("/").rpartition("/")[2])


def is_initiative_id(id: str) -> bool:
    """Whether an id is that of an initiative (a policy set definition), in any casing."""
    return "/policysetdefinitions/" in fold(id)
