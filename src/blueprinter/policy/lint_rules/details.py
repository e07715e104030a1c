"""Rules about `then.details`: what an effect needs to do its work."""

from __future__ import annotations

import re
from collections.abc import Iterator

from blueprinter.arm import is_expression
from blueprinter.casing import fold, get, key_of
from blueprinter.document import Json, child
from blueprinter.policy.applicability import type_guard
from blueprinter.policy.expressions import noun
from blueprinter.policy.lint_rules.draft import Remark, RuleDraft
from blueprinter.policy.lint_rules.effects import reaches
from blueprinter.policy.syntax import Constant, calls_in, expressions_in

_ROLE = re.compile(
    r"(/subscriptions/[^/]+)?/providers/Microsoft\.Authorization/roleDefinitions/"
    r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}",
    re.IGNORECASE,
)
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
_SCOPES = ("Subscription", "ResourceGroup")
_STATES = ("Unknown", "Compliant", "NonCompliant", "Non-compliant")
_BEHAVIORS = ("allow", "deny")
_DELAYS = ("AfterProvisioning", "AfterProvisioningSuccess", "AfterProvisioningFailure")
_DURATION = re.compile(r"PT(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", re.IGNORECASE)
_LONGEST_DELAY = 360
"""Minutes."""


def _details(draft: RuleDraft) -> str:
    """Where `details` stand, or the `then` that lacks them."""
    return draft.then("details") or draft.rule.then_pointer


def missing_roles(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definitions deployIfNotExists effect" and "… modify effect"."""
    if not reaches(draft, "deployifnotexists", "modify"):
        return
    where = draft.then("details", "roleDefinitionIds")
    stated = draft.envelope.value(where) if where is not None else None
    if isinstance(stated, str) and is_expression(stated):
        return
    if not isinstance(stated, list) or not stated:
        yield Remark(
            where or _details(draft),
            "no `roleDefinitionIds`: the identity of the assignment may not do its work",
            "name the built-in roles with the least rights that it needs",
            key=where is None,
        )


def _roles(draft: RuleDraft) -> Iterator[tuple[str, str]]:
    where = draft.then("details", "roleDefinitionIds")
    stated = draft.envelope.value(where) if where is not None else None
    for place, role in enumerate(stated if isinstance(stated, list) else ()):
        if isinstance(role, str) and not is_expression(role):
            yield role, child(where or "", place)


def role_spelling(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Remediate non-compliant resources with Azure Policy"."""
    for role, pointer in _roles(draft):
        if not _ROLE.fullmatch(role):
            yield Remark(
                pointer,
                f"`{role}` is no id of a role definition",
                "`/providers/Microsoft.Authorization/roleDefinitions/<GUID>`",
            )


def owner_role(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Remediate non-compliant resources with Azure Policy": least privilege."""
    for role, pointer in _roles(draft):
        if fold(role).endswith(OWNER):
            yield Remark(
                pointer, "the role Owner may do everything, also give out rights", "name a lesser role"
            )


def missing_existence_condition(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definitions auditIfNotExists effect": any related resource of the type satisfies."""
    existence = draft.rule.existence
    if existence is not None and existence.condition is None and existence.name is None:
        yield Remark(
            _details(draft),
            "neither `name` nor `existenceCondition`: any related resource of this type satisfies the rule",
            "say what the related resource must be like",
            key=True,
        )


def missing_details(draft: RuleDraft) -> Iterator[Remark]:
    """Sources: the pages of deployIfNotExists, denyAction, audit and deny; the schema `policyDefinition.json`."""
    if draft.data_plane:
        yield from _without_constraint(draft)
        return
    for effect, name, purpose in (
        ("deployifnotexists", "deployment", "the deployment that creates the related resource"),
        ("denyaction", "actionNames", "the actions to refuse: `delete`"),
        ("auditaction", "actionNames", "the actions to report: `delete`"),
    ):
        if reaches(draft, effect) and draft.then("details", name) is None:
            yield Remark(_details(draft), f"the details have no `{name}`", purpose, key=True)
    yield from _without_members(draft)
    yield from _without_template(draft)


def _without_constraint(draft: RuleDraft) -> Iterator[Remark]:
    if fold(draft.definition.mode) != "microsoft.kubernetes.data" or not reaches(draft, "audit", "deny"):
        return
    if not any(draft.then("details", name) for name in ("templateInfo", "constraintTemplate")):
        yield Remark(
            _details(draft),
            "the details have no `templateInfo`",
            "the constraint that clusters get",
            key=True,
        )


def _without_members(draft: RuleDraft) -> Iterator[Remark]:
    rule = draft.rule
    if rule.modify is not None and not rule.modify.operations:
        where = draft.then("details", "operations") or _details(draft)
        yield Remark(where, "`operations` is empty", "modify needs one operation at least")
    if rule.append is not None and not rule.append.members:
        yield Remark(_details(draft), "`details` is empty", "append needs one field with its value at least")


def _without_template(draft: RuleDraft) -> Iterator[Remark]:
    deployment = ("details", "deployment")
    where = draft.then(*deployment, "properties") or draft.then(*deployment)
    if where is None or not isinstance(draft.envelope.value(where), dict):
        return
    stated = any(draft.then(*deployment, "properties", name) for name in ("template", "templateLink"))
    if not stated and reaches(draft, "deployifnotexists"):
        message = "the deployment has no `properties.template`"
        yield Remark(where, message, "the template that it deploys", key=True)


_TEXTS = ("name", "kind", "resourceGroupName")
_OBJECTS = (
    ("deployment",),
    ("deployment", "properties"),
    ("deployment", "properties", "template"),
    ("deployment", "properties", "parameters"),
    ("cascadeBehaviors",),
)


def _of_wrong_type(draft: RuleDraft) -> Iterator[Remark]:
    """Members of `details` that are no text, no object, or no array of texts, where Azure takes nothing else."""

    def stated(*names: str) -> tuple[str | None, Json]:
        where = draft.then("details", *names)
        return where, draft.envelope.value(where) if where is not None else None

    for name in _TEXTS:
        where, value = stated(name)
        if where is not None and not isinstance(value, str):
            yield Remark(where, f"`{name}` is text, found {noun(value)}")
    for names in _OBJECTS:
        where, value = stated(*names)
        if where is not None and not isinstance(value, dict) and not _is_expression(value):
            yield Remark(where, f"`{'.'.join(names)}` is an object, found {noun(value)}")
    for name in ("roleDefinitionIds", "actionNames"):
        where, value = stated(name)
        if where is None or _is_expression(value):
            continue
        if not isinstance(value, list):
            yield Remark(where, f"`{name}` is an array, found {noun(value)}")
        for place, one in enumerate(_list(value)):
            if not isinstance(one, str):
                yield Remark(child(where, place), f"`{name}` holds texts, found {noun(one)}")


def _is_expression(value: Json) -> bool:
    return isinstance(value, str) and is_expression(value)


def details_value(draft: RuleDraft) -> Iterator[Remark]:
    """Source: the pages of deployIfNotExists, auditIfNotExists, modify, denyAction and manual."""
    yield from _of_wrong_type(draft)
    for name, known in (
        ("existenceScope", _SCOPES),
        ("deploymentScope", _SCOPES),
        ("conflictEffect", ("audit", "deny", "disabled")),
        ("defaultState", _STATES),
    ):
        where = draft.then("details", name)
        stated = draft.envelope.value(where) if where is not None else None
        if where is not None and not _is_one_of(stated, known):
            yield Remark(where, f"`{name}` is one of {', '.join(known)}")
    where = draft.then("details", "evaluationDelay")
    delay = draft.envelope.value(where) if where is not None else None
    if where is not None and not _is_delay(delay):
        yield Remark(
            where,
            f"`evaluationDelay` is one of {', '.join(_DELAYS)}, or a duration up to 360 minutes",
            "ISO 8601: `PT30M`",
        )
    actions = draft.then("details", "actionNames")
    for place, action in enumerate(_list(draft.envelope.value(actions)) if actions is not None else ()):
        if isinstance(action, str) and reaches(draft, "denyaction") and not _is_one_of(action, ("delete",)):
            yield Remark(child(actions or "", place), "denyAction refuses the action `delete` only")
    yield from _cascade_behaviors(draft)


def _cascade_behaviors(draft: RuleDraft) -> Iterator[Remark]:
    where = draft.then("details", "cascadeBehaviors")
    if where is None:
        return
    stated = draft.envelope.value(where)
    for key, behavior in stated.items() if isinstance(stated, dict) else ():
        if not _is_one_of(behavior, _BEHAVIORS):
            yield Remark(
                child(where, key), f"`{key}` of `cascadeBehaviors` is one of {', '.join(_BEHAVIORS)}"
            )
    if fold(draft.envelope.text("mode")) == "all":
        yield Remark(
            where,
            "`cascadeBehaviors` are for mode Indexed: with mode All the deletion of a resource group is never refused",
            "use mode Indexed, or remove them",
            key=True,
        )


def _is_one_of(value: Json, known: tuple[str, ...]) -> bool:
    return isinstance(value, str) and (is_expression(value) or fold(value) in map(fold, known))


def _is_delay(value: Json) -> bool:
    if not isinstance(value, str):
        return False
    if _is_one_of(value, _DELAYS):
        return True
    found = _DURATION.fullmatch(value)
    if found is None or any(part is not None and len(part) > 9 for part in found.groups()):
        return False
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 60 + minutes + seconds / 60 <= _LONGEST_DELAY


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def deployment_parameters(draft: RuleDraft) -> Iterator[Remark]:
    """What the deployment is given and what its template declares must agree, or every remediation fails."""
    given_at = draft.then("details", "deployment", "properties", "parameters")
    template = draft.then("details", "deployment", "properties", "template")
    if template is None or not isinstance(draft.envelope.value(template), dict):
        return
    declared_at = draft.envelope.member(template, "parameters")
    declared = draft.envelope.value(declared_at) if declared_at is not None else None
    given = draft.envelope.value(given_at) if given_at is not None else None
    declared = declared if isinstance(declared, dict) else {}
    given = given if isinstance(given, dict) else {}
    for name in given:
        if key_of(declared, name) is None:
            yield Remark(
                child(given_at or "", name), f"the template declares no parameter `{name}`", key=True
            )
    for name, row in declared.items():
        if _needs_value(row) and key_of(given, name) is None:
            yield Remark(
                child(declared_at or "", name),
                f"the template's parameter `{name}` is given no value",
                "add it to `deployment.properties.parameters`, or give it a default",
                key=True,
            )


def _needs_value(declared: Json) -> bool:
    if not isinstance(declared, dict) or get(declared, "nullable") is True:
        return False
    return key_of(declared, "defaultValue") is None


def same_type_without_name(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definitions deployIfNotExists effect": then the name is required."""
    existence = draft.rule.existence
    if existence is None or existence.name is not None or not isinstance(existence.type, Constant):
        return
    guard = type_guard(draft.rule.condition, {})
    related = fold(str(existence.type.value))
    if not guard.any and not guard.patterns and guard.types == {related}:
        yield Remark(
            draft.then("details", "type") or _details(draft),
            "the related resource is of the evaluated type and has no `name`: any other one satisfies the rule",
            "add `\"name\": \"[field('name')]\"`, for a child `[field('fullName')]`",
        )


def deployment_location(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definitions deployIfNotExists effect": deployments to a subscription need a location."""
    where = draft.then("details", "deploymentScope")
    scope = draft.envelope.value(where) if where is not None else None
    deployment = draft.then("details", "deployment")
    if not isinstance(scope, str) or fold(scope) != "subscription" or deployment is None:
        return
    if draft.envelope.member(deployment, "location") is None:
        yield Remark(deployment, "a deployment to a subscription needs a `location`", key=True)


_NOT_IN_OPERATIONS = frozenset({"field", "resourcegroup", "subscription"})


def operation_condition(draft: RuleDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definitions modify effect", section Modify properties."""
    modify = draft.rule.modify
    for operation in modify.operations if modify is not None else ():
        for expression in expressions_in(operation.condition):
            called = next(
                (call for call in calls_in(expression.node) if fold(call.name) in _NOT_IN_OPERATIONS), None
            )
            if called is not None:
                yield Remark(
                    expression.pointer,
                    f"the condition of an operation may not call `{called.name}`",
                    "`requestContext` and parameters are there; conditions on the resource belong into `if`",
                )
