"""Rules about which resources a definition looks at: mode and resource types."""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.arm import is_expression
from blueprinter.casing import fold
from blueprinter.policy.applicability import reads_caller, type_guard
from blueprinter.policy.effects import Family, family_of
from blueprinter.policy.fields import FieldKind, FieldName
from blueprinter.policy.lint_rules.aliases import named_fields
from blueprinter.policy.lint_rules.draft import Remark, RuleDraft, constant_texts, policy_texts
from blueprinter.policy.lint_rules.effects import effects_in_reach
from blueprinter.policy.subject import RESOURCE_GROUP, SUBSCRIPTION
from blueprinter.policy.syntax import Expression, FieldLeft
from blueprinter.text import did_you_mean

MODES = (
    "All",
    "Indexed",
    "Microsoft.CognitiveServices.Data",
    "Microsoft.ContainerService.Data",
    "Microsoft.DataFactory.Data",
    "Microsoft.KeyVault.Data",
    "Microsoft.Kubernetes.Data",
    "Microsoft.LoadTestService.Data",
    "Microsoft.MachineLearningServices.Data",
    "Microsoft.MachineLearningServices.v2.Data",
    "Microsoft.ManagedHSM.Data",
    "Microsoft.Network.Data",
)
"""Microsoft Learn, "Azure Policy definition structure basics", and the modes of Microsoft's own definitions."""

_CONTAINERS = frozenset({fold(RESOURCE_GROUP), fold(SUBSCRIPTION)})


def missing_mode(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure basics", section Resource Manager modes."""
    if draft.envelope.own("policyRule") is not None and not draft.envelope.text("mode"):
        yield Remark(
            draft.envelope.inner_pointer,
            "the definition has no `mode`",
            "PowerShell then takes All and the Azure CLI Indexed; say which",
            key=True,
        )


def unknown_mode(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure basics", section Mode."""
    mode, where = draft.envelope.text("mode"), draft.envelope.own("mode")
    if where is not None and mode and fold(mode) not in set(map(fold, MODES)):
        yield Remark(where, f"`{mode}` is no mode", did_you_mean(mode, MODES) or "All or Indexed")


def _types(draft: RuleDraft) -> frozenset[str] | None:
    """The types to which the rule itself limits it; None where it does not, or by pattern or parameter."""
    guard = type_guard(draft.rule.condition, {})
    return None if guard.any or guard.patterns else guard.types


def indexed_containers(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure basics": resource groups and subscriptions need mode All."""
    types = _types(draft)
    where = draft.envelope.own("mode")
    if where is not None and fold(draft.definition.mode) == "indexed" and types and types <= _CONTAINERS:
        yield Remark(
            where,
            "mode Indexed never looks at resource groups and subscriptions, and the rule is about nothing else",
            "use mode All",
        )


def all_for_tags(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure basics": Indexed for tags and locations."""
    where = draft.envelope.own("mode")
    if where is None or fold(draft.definition.mode) != "all" or _asks_for_type(draft):
        return
    kinds = {name.kind for name, _, related in named_fields(draft) if not related}
    tags = kinds & {FieldKind.TAG, FieldKind.TAGS} or any(
        isinstance(place.compare.left, FieldLeft) and isinstance(place.compare.left.name, Expression)
        for place in draft.places()
    )
    if tags or FieldKind.LOCATION in kinds:
        yield Remark(
            where,
            f"mode All with a rule about {'tags' if tags else 'locations'} also finds fault with types that have none",
            "use mode Indexed, or limit the rule to a type",
        )


def _asks_for_type(draft: RuleDraft) -> bool:
    for place in draft.places():
        left = place.compare.left
        if (
            isinstance(left, FieldLeft)
            and isinstance(left.name, FieldName)
            and left.name.kind is FieldKind.TYPE
        ):
            return True
    return any(
        name.kind in (FieldKind.TYPE, FieldKind.ID) for name, _, related in named_fields(draft) if not related
    )


def type_spelling(draft: RuleDraft) -> Iterator[Remark]:
    """A resource type is a namespace and at least one name: `Microsoft.Storage/storageAccounts`."""
    if draft.data_plane:
        return
    for place in draft.places():
        compare = place.compare
        left = compare.left
        is_type = (
            isinstance(left, FieldLeft)
            and isinstance(left.name, FieldName)
            and left.name.kind is FieldKind.TYPE
        )
        if not is_type or compare.operator.name not in ("equals", "notEquals", "in", "notIn"):
            continue
        for text in constant_texts(compare.right):
            if not _is_type(text):
                yield Remark(
                    draft.right(compare),
                    f"`{text}` is no resource type",
                    "a type is written with its namespace: `Microsoft.Storage/storageAccounts`",
                )


def _is_type(text: str) -> bool:
    names = text.split("/")
    # one with a `*` has a rule of its own
    return len(names) > 1 and ("*" in text or (all(names) and not any(map(str.isspace, text))))


def no_type(draft: RuleDraft) -> Iterator[Remark]:
    """Aliases without any condition on the type: on every other type they are absent, and negative conditions
    hold. Source: "What is applicability in Azure Policy?"."""
    if draft.data_plane or _asks_for_type(draft):
        return
    aliases = [(name, pointer) for name, pointer, related in named_fields(draft) if not related]
    for name, pointer in aliases:
        if name.kind is FieldKind.ALIAS and "/" in name.text:
            yield Remark(
                pointer,
                "the rule reads an alias and has no condition on the `type`",
                f'add `{{"field": "type", "equals": "{name.text.rpartition("/")[0]}"}}`',
            )
            return


def no_scan(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Use requestContext().identity to return caller identity in Azure Policy"."""
    if not reads_caller(draft.rule):
        return
    where = next(
        (
            pointer
            for pointer, text in policy_texts(draft.envelope)
            if is_expression(text) and _asks_who(text)
        ),
        draft.rule.pointer,
    )
    yield Remark(
        where,
        "the rule asks who makes a request, so no existing resource is judged",
        "it enforces only; pair it with a rule about the resource itself",
    )


def _asks_who(text: str) -> bool:
    return fold("requestContext") in fold(text) and "identity" in fold(text)


def effect_of_another_mode(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definitions addToNetworkGroup effect" and "… mutate effect"."""
    if draft.data_plane:
        return
    for effect, pointer in effects_in_reach(draft):
        if family_of(effect) is Family.DATA_PLANE:
            mode = _MODE_OF.get(fold(effect), "a resource provider")
            yield Remark(
                pointer,
                f"`{effect}` belongs to the mode {mode}, not to {draft.definition.mode}",
                "choose an effect that acts on resources, such as audit",
            )


_MODE_OF = {"addtonetworkgroup": "Microsoft.Network.Data", "mutate": "Microsoft.Kubernetes.Data"}
