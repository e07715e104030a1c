"""Rules about the effect and how it is chosen."""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.arm import is_expression
from blueprinter.casing import fold
from blueprinter.policy.effects import EFFECTS
from blueprinter.policy.lint_rules.draft import DOUBLED_BRACKET, Remark, RuleDraft, parameter_of
from blueprinter.policy.model import PolicyParameter
from blueprinter.policy.syntax import Constant

INTERCHANGEABLE: tuple[frozenset[str], ...] = (
    frozenset({"audit", "deny", "modify"}),
    frozenset({"audit", "deny", "append"}),
    frozenset({"auditifnotexists", "deployifnotexists"}),
    frozenset({"denyaction", "auditaction"}),
)
"""Effects that one rule may offer, beside disabled. Source: "Azure Policy definitions effect basics", section
Interchanging effects."""


def effect_parameter(draft: RuleDraft) -> PolicyParameter | None:
    """The parameter that gives the effect."""
    return parameter_of(draft, draft.rule.effect)


def effects_in_reach(draft: RuleDraft) -> tuple[tuple[str, str], ...]:
    """Every effect that an assignment can choose, as spelled, with its pointer."""
    effect = draft.rule.effect
    if isinstance(effect, Constant):
        return ((str(effect.value), draft.then("effect") or draft.rule.then_pointer),)
    parameter = effect_parameter(draft)
    if parameter is None:
        return ()
    found: dict[str, str] = {}
    allowed = draft.envelope.parameter(parameter.name, "allowedValues")
    for place, value in enumerate(parameter.allowed):
        if isinstance(value, str):
            found.setdefault(value, f"{allowed}/{place}")
    if parameter.has_default and isinstance(parameter.default, str):
        found.setdefault(parameter.default, draft.envelope.parameter(parameter.name, "defaultValue"))
    return tuple(found.items())


def reaches(draft: RuleDraft, *effects: str) -> bool:
    """Whether an assignment can choose one of these effects (folded)."""
    return any(fold(effect) in effects for effect, _ in effects_in_reach(draft))


def hard_coded_effect(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definitions effect basics", section Interchanging effects."""
    effect = draft.rule.effect.value if isinstance(draft.rule.effect, Constant) else ""
    if isinstance(effect, str) and is_expression(effect):
        return  # with a bracket too many, which is BP443
    if effect and draft.envelope.own("policyRule") is not None:
        yield Remark(
            draft.then("effect") or draft.rule.then_pointer,
            f"the effect `{effect}` is fixed: only an override of an assignment changes it",
            "declare a parameter `effect` and write `[parameters('effect')]`",
        )


def no_disabled(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definitions effect basics": disabled goes with every effect."""
    parameter = effect_parameter(draft)
    if parameter is not None and parameter.allowed and not reaches(draft, "disabled"):
        yield Remark(
            draft.envelope.parameter(parameter.name, "allowedValues"),
            f"the parameter `{parameter.name}` does not allow Disabled",
            "with it one assignment, or one member of an initiative, can be switched off",
        )


def effect_not_limited(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure parameters"."""
    parameter = effect_parameter(draft)
    if parameter is not None and not parameter.allowed:
        yield Remark(
            draft.envelope.parameter(parameter.name),
            f"the parameter `{parameter.name}` allows any text as effect",
            "list the effects that the rule is made for as `allowedValues`",
            key=True,
        )


def unknown_effect(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definitions effect basics"."""
    for effect, pointer in effects_in_reach(draft):
        if EFFECTS.get(effect) is None:
            hint = DOUBLED_BRACKET if is_expression(effect) else EFFECTS.suggest(effect) or ""
            yield Remark(pointer, f"`{effect}` is no effect", hint)


def mixed_effects(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definitions effect basics", section Interchanging effects."""
    if draft.data_plane:
        return
    known: set[str] = set()
    for effect, pointer in effects_in_reach(draft):
        folded = fold(effect)
        if folded == "disabled" or EFFECTS.get(effect) is None:
            continue
        if known and not any({*known, folded} <= group for group in INTERCHANGEABLE) and folded not in known:
            first = ", ".join(name for name, _ in effects_in_reach(draft) if fold(name) in known)
            yield Remark(
                pointer,
                f"`{effect}` is not interchangeable with {first}: it needs other details",
                "make two definitions of it",
            )
            return
        known.add(folded)


def enforcing_default(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "What is Azure Policy?", recommendations: start with audit instead of deny."""
    parameter = effect_parameter(draft)
    if parameter is not None and isinstance(parameter.default, str) and fold(parameter.default) == "deny":
        yield Remark(
            draft.envelope.parameter(parameter.name, "defaultValue"),
            f"the default effect is {parameter.default}: an assignment that says nothing refuses requests",
            "let it be Audit, and choose enforcement where the policy is assigned",
        )
