"""What the identity of an assignment must be allowed to do: from the effects in force and the roles they name.

Sources: Microsoft Learn, "Azure Policy definitions deployIfNotExists effect", "… modify effect", "Remediate
non-compliant resources with Azure Policy".
"""

from __future__ import annotations

from msgspec.structs import replace

from blueprinter.casing import fold, get
from blueprinter.policy.judge import effect_of
from blueprinter.policy.model import AssignedPolicy, OverrideKind, PolicyDefinition
from blueprinter.policy.selectors import overrides_of
from blueprinter.policy.syntax import Constant, ListOf, ObjectOf, Operand

_ACTING = frozenset({"deployifnotexists", "modify"})


def role_ids(definition: PolicyDefinition) -> tuple[str, ...]:
    """GUIDs of the roles that the rule of a definition names (`roleDefinitionIds`), folded, each once."""
    rule = definition.rule
    holder: Operand | None = rule.details
    if rule.existence is not None:
        holder = rule.existence.others
    elif rule.modify is not None:
        holder = rule.modify.others
    return tuple(dict.fromkeys(fold(id.rstrip("/").rpartition("/")[2]) for id in _texts(_role_ids(holder))))


def needs_identity(assigned: AssignedPolicy) -> bool:
    """Whether an assignment of this policy acts by itself: some effect that may be in force deploys or modifies.

    An effect that only the resource decides counts as one that may.
    """
    if not role_ids(assigned.definition):
        return False
    overrides = overrides_of(assigned, OverrideKind.EFFECT)
    effects: list[str | None] = [override.value or None for override in overrides]
    if not overrides or overrides[-1].selectors:
        effects.append(effect_of(replace(assigned, overrides=())))
    return any(effect is None or fold(effect) in _ACTING for effect in effects)


def _role_ids(holder: Operand | None) -> Operand | None:
    if isinstance(holder, Constant):
        value = holder.value
        return Constant(get(value, "roleDefinitionIds")) if isinstance(value, dict) else None
    if isinstance(holder, ObjectOf):
        return get(dict(holder.members), "roleDefinitionIds")
    return None


def _texts(operand: Operand | None) -> list[str]:
    if isinstance(operand, ListOf):
        return [text for item in operand.items for text in _texts(item)]
    if not isinstance(operand, Constant):
        return []
    found = operand.value if isinstance(operand.value, list) else [operand.value]
    return [text for text in found if isinstance(text, str)]
