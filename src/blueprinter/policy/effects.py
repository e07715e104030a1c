"""The effects: one table from a name to how a resource is judged and what state it gets.

Sources: Microsoft Learn, "Azure Policy definitions effect basics" and the page of each effect.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from blueprinter.policy.model import ComplianceState
from blueprinter.table import Table


class Family(StrEnum):
    """Effects that are judged alike."""

    PLAIN = "plain"
    MODIFY = "modify"
    APPEND = "append"
    EXISTENCE = "existence"
    MANUAL = "manual"
    DENY_ACTION = "denyAction"
    DISABLED = "disabled"
    DATA_PLANE = "data-plane"


class EffectRow(Struct, frozen=True):
    """One effect. `fires` is the state of a resource to which the rule applies in full."""

    name: str
    family: Family
    fires: ComplianceState
    order: int
    """When it acts on a request: the lower the earlier."""
    summary: str


_BAD = ComplianceState.NON_COMPLIANT

EFFECTS: Table[EffectRow] = Table(
    (
        EffectRow(
            "disabled", Family.DISABLED, ComplianceState.NOT_APPLICABLE, 0, "the policy is switched off"
        ),
        EffectRow("append", Family.APPEND, _BAD, 1, "adds fields to a request"),
        EffectRow("modify", Family.MODIFY, _BAD, 1, "adds, replaces or removes tags and properties"),
        EffectRow("deny", Family.PLAIN, _BAD, 2, "refuses the request"),
        EffectRow("audit", Family.PLAIN, _BAD, 3, "reports the resource"),
        EffectRow("manual", Family.MANUAL, ComplianceState.UNKNOWN, 4, "somebody attests"),
        EffectRow(
            "auditIfNotExists", Family.EXISTENCE, _BAD, 5, "reports when a related resource is missing"
        ),
        EffectRow(
            "deployIfNotExists", Family.EXISTENCE, _BAD, 5, "deploys a related resource that is missing"
        ),
        EffectRow(
            "denyAction", Family.DENY_ACTION, ComplianceState.PROTECTED, 6, "refuses actions such as delete"
        ),
        EffectRow("auditAction", Family.DENY_ACTION, ComplianceState.PROTECTED, 6, "reports actions"),
        EffectRow("mutate", Family.DATA_PLANE, _BAD, 9, "changes what a cluster admits"),
        EffectRow("addToNetworkGroup", Family.DATA_PLANE, _BAD, 9, "makes a network a member of a group"),
        EffectRow("enforceRegoPolicy", Family.DATA_PLANE, _BAD, 9, "replaced by deny with mode data"),
        EffectRow("enforceOPAConstraint", Family.DATA_PLANE, _BAD, 9, "replaced by deny with mode data"),
        EffectRow("enforceSetting", Family.DATA_PLANE, _BAD, 9, "sets a setting inside a service"),
    )
)
"""Every effect, in the order in which they act on a request."""


def family_of(effect: str) -> Family:
    """How an effect is judged; text that is no known effect is judged like audit."""
    row = EFFECTS.get(effect)
    return row.family if row is not None else Family.PLAIN


def fired_state(effect: str) -> ComplianceState:
    """The state of a resource for which the rule of an effect holds."""
    row = EFFECTS.get(effect)
    return row.fires if row is not None else ComplianceState.NON_COMPLIANT
