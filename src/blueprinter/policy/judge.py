"""One assigned policy, ready to judge resources: effect, applicability, verdict, and why.

Sources: Microsoft Learn, "What is applicability in Azure Policy?", "Azure Policy compliance states" and the
page of each effect.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from blueprinter.arm import ExpressionError, Resource, Unknown, Value, is_expression
from blueprinter.casing import fold, get, same
from blueprinter.diagnostics import Diagnostic, Position, error
from blueprinter.policy.aliases import AliasTable
from blueprinter.policy.applicability import (
    TypeGuard,
    aliases_in,
    choices_of,
    deciding_kinds,
    is_applicable,
    is_data_plane,
    mentions_location,
    mode_looks_at,
    parents_of,
    reads_caller,
    type_guard,
)
from blueprinter.policy.context import MAX_WORK, EvaluationContext, Surroundings
from blueprinter.policy.count import Open
from blueprinter.policy.details import Details, evaluate_details
from blueprinter.policy.effects import Family, family_of, fired_state
from blueprinter.policy.effort import MAX_STEPS
from blueprinter.policy.existence import Related, find_related, reason_for
from blueprinter.policy.fields import FieldKind, FieldName
from blueprinter.policy.interpret import Evaluator, Leaf, Observer
from blueprinter.policy.model import (
    AliasSource,
    AssignedPolicy,
    ComplianceState,
    Lookup,
    Override,
    OverrideKind,
    PolicyDefinition,
    UnsupportedReason,
)
from blueprinter.policy.naming import NotConstant, ParametersOnly, with_names
from blueprinter.policy.operators import shown
from blueprinter.policy.selectors import all_hold, overrides_of
from blueprinter.policy.subject import SUBSCRIPTION, Exhausted, Subject, Undecidable
from blueprinter.policy.syntax import Constant, OperationKind, Rule, as_value, evaluate_operand


class CompiledPolicy(Struct, frozen=True, eq=False):
    """An assigned policy with everything that does not depend on the resource worked out."""

    assigned: AssignedPolicy
    rule: Rule
    """The rule of the definition, whose conditions name the fields that parameters choose."""
    parameters: dict[str, Value]
    """Values in effect by folded name, defaults included."""
    effect: str | None
    """None = it depends on the resource, or on a parameter without a value."""
    guard: TypeGuard
    kinds: frozenset[FieldKind]
    invalid_alias: str
    """An alias of `if` that no resource type has: then the policy applies to nothing."""
    data_plane: bool
    reads_location: bool
    reads_caller: bool
    """The rule asks who makes a request, which no scan of existing resources can tell."""
    ids: dict[str, Value]
    """What `policy()` gives."""
    overrides: tuple[Override, ...] = ()
    """Effects for some resources only, the first that applies; `effect` is None where there are any."""


class Judgement(NamedTuple):
    """What a policy says of a resource. `state` None = nothing at all: the policy is switched off or static."""

    state: ComplianceState | None
    effect: str = ""
    fires: bool = False
    """The effect is in force on this resource: what a policy test calls its effect."""
    reason: UnsupportedReason | None = None
    detail: str = ""
    leaf: Leaf | None = None
    details: Details = None
    source: AliasSource = AliasSource.NONE


def parameter_values(assigned: AssignedPolicy) -> dict[str, Value]:
    """Values in effect by folded name: what is assigned, else the default. What has neither, or was to be given
    a value that is missing, is left out."""
    values: dict[str, Value] = {
        fold(parameter.name): as_value(parameter.default)
        for parameter in assigned.definition.parameters.values()
        if parameter.has_default
    }
    values.update({fold(name): as_value(value) for name, value in assigned.parameters.items()})
    for name in assigned.missing:
        values.pop(fold(name), None)
    return values


def effect_of(assigned: AssignedPolicy) -> str | None:
    """The effect in force, as spelled; None when it depends on the resource or a parameter without a value, and where
    an expression with a bracket too many (`[[parameters('effect')]`) stands for one."""
    overrides = overrides_of(assigned, OverrideKind.EFFECT)
    if overrides:
        return None if overrides[0].selectors else overrides[0].value or None
    found = _effect(assigned.definition.rule, parameter_values(assigned))
    return None if found is not None and is_expression(found) else found


def _effect(rule: Rule, values: dict[str, Value]) -> str | None:
    if isinstance(rule.effect, Constant):
        return str(rule.effect.value)
    try:
        value = evaluate_operand(rule.effect, ParametersOnly(values))
    except (NotConstant, ExpressionError):
        return None
    return value if isinstance(value, str) else None


def undecidable(definition: PolicyDefinition) -> UnsupportedReason | None:
    """Why a definition as a whole can never be decided from what an inventory usually holds: a data-plane mode,
    or a verdict that guest configuration or Defender gives. None = it can; a manual one can too, its state is
    Unknown until somebody attests."""
    if is_data_plane(definition.mode):
        return UnsupportedReason.DATA_PLANE
    existence = definition.rule.existence
    if existence is not None and isinstance(existence.type, Constant):
        reason = reason_for(str(existence.type.value))
        return None if reason is UnsupportedReason.NOT_COLLECTED else reason
    return None


def compile_policy(
    assigned: AssignedPolicy, aliases: AliasTable
) -> tuple[CompiledPolicy, tuple[Diagnostic, ...]]:
    """A policy ready to judge, and the faults that only the aliases show."""
    definition = assigned.definition
    values = parameter_values(assigned)
    rule = with_names(definition.rule, values)
    effect = effect_of(assigned)
    data_plane = is_data_plane(definition.mode)
    guard = type_guard(rule.condition, values)
    if data_plane and not guard.any:
        holders = frozenset(parent for type in guard.types for parent in parents_of(type))
        guard = TypeGuard(False, guard.types | holders, guard.patterns)
    invalid = next((name.text for name in aliases_in(rule.condition) if not aliases.exists(name.text)), "")
    compiled = CompiledPolicy(
        assigned=assigned,
        rule=rule,
        parameters=values,
        effect=effect,
        guard=guard,
        kinds=deciding_kinds(rule.condition),
        invalid_alias="" if data_plane else invalid,
        data_plane=data_plane,
        reads_location=mentions_location(rule),
        reads_caller=reads_caller(rule),
        ids={
            "assignmentId": assigned.assignment_id,
            "definitionId": definition.id,
            "setDefinitionId": assigned.set_definition_id,
            "definitionReferenceId": assigned.reference_id,
        },
        overrides=overrides_of(assigned, OverrideKind.EFFECT) if effect is None else (),
    )
    return compiled, _not_modifiable(definition, effect, aliases)


def _not_modifiable(
    definition: PolicyDefinition, effect: str | None, aliases: AliasTable
) -> tuple[Diagnostic, ...]:
    """What modify would write although it may not: aliases by their metadata; and it removes tags only (the code
    InvalidPolicyRuleModifyDetails in MicrosoftDocs/azure-docs#87377). Of fields that an expression chooses, all."""
    modify = definition.rule.modify
    if modify is None or effect is None or family_of(effect) is not Family.MODIFY:
        return ()
    where = definition.position
    faults: list[Diagnostic] = []
    for operation in modify.operations:
        field = operation.field
        names = [field] if isinstance(field, FieldName) else choices_of(field)
        refused = [message for name in names if (message := _refused(operation.kind, name, aliases))]
        if refused and len(refused) == len(names):
            place = Position(where.file, where.line, where.column, pointer=operation.pointer)
            faults.append(error("BP315", refused[0], place))
    return tuple(faults)


def _refused(kind: OperationKind, name: FieldName, aliases: AliasTable) -> str:
    if kind is OperationKind.REMOVE and name.kind not in (FieldKind.TAG, FieldKind.TAGS):
        return f"`remove` is for tags, not for `{name.text}`"
    if name.kind is FieldKind.ALIAS and aliases.modifiable(name.text) is False:
        return f"the alias `{name.text}` cannot be modified"
    return ""


def refusal(
    policy: CompiledPolicy, type: str, aliases: AliasTable, family: Family, *, scan: bool = True
) -> str:
    """Why a policy whose effect is of that family does not look at resources of a type at all; empty when it may.
    `scan`: existing resources are looked at, rather than a request that makes one."""
    if policy.reads_caller and scan:
        return "a rule that asks who makes a request does not apply to scans of existing resources"
    if policy.invalid_alias:
        return f"the alias `{policy.invalid_alias}` exists for no resource type"
    if not policy.guard.lets(fold(type)):
        return "the rule is about other resource types"
    if policy.data_plane:
        return ""
    if not mode_looks_at(policy.assigned.definition.mode, type, aliases):
        return f"mode {policy.assigned.definition.mode} does not look at `{type}`"
    if policy.reads_location and same(type, SUBSCRIPTION):
        return "a rule that reads the location does not apply to subscriptions"
    if family is Family.MODIFY and fold(type) not in _IDENTITY_TYPES and _sets_identity(policy):
        return f"modify sets no identity on `{type}`"
    return ""


def context_for(
    policy: CompiledPolicy,
    resource: Resource,
    aliases: AliasTable,
    surroundings: Surroundings,
    *,
    now: str,
    strict: bool = False,
    ids: dict[str, Value] | None = None,
    request: dict[str, Value] | None = None,
) -> EvaluationContext:
    """The context of one policy on one resource; `ids` and `request` override what is derived."""
    subject = Subject(resource, aliases, strict=strict)
    given = {**policy.ids, **ids} if ids else policy.ids
    return EvaluationContext(subject, policy.parameters, surroundings, now=now, policy=given, request=request)


def judge(
    policy: CompiledPolicy,
    context: EvaluationContext,
    lookup: Lookup,
    observer: Observer | None = None,
    *,
    explain: bool = True,
    worded: bool = True,
) -> Judgement:
    """What a policy says of a resource. Without `explain` it does not say why a resource complies, without `worded` not
    why it does not either, and nothing of the details of the effect."""
    return _Judge(policy, context, lookup, observer, explain=explain, worded=worded).judge()


def judge_related(
    policy: CompiledPolicy,
    context: EvaluationContext,
    lookup: Lookup,
    source: AliasSource,
    *,
    worded: bool = True,
) -> Judgement | None:
    """What `judge` says where it is known already that the policy looks at the resource, and that its rule holds, for
    which aliases of this source were read. Only for effects that look for related resources. None = the limits of a
    rule may be near, of which this knows a part only."""
    context.subject.source = source
    # what decided the rule never took more than half
    context.steps, context.work = MAX_STEPS // 2, MAX_WORK // 2
    try:
        found = _Judge(policy, context, lookup, None, explain=False, worded=worded).related()
    except Exhausted:
        return None
    return found if context.work <= MAX_WORK else None


class _Judge:
    __slots__ = ("context", "effect", "evaluator", "explain", "lookup", "observer", "policy", "worded")

    def __init__(
        self,
        policy: CompiledPolicy,
        context: EvaluationContext,
        lookup: Lookup,
        observer: Observer | None,
        *,
        explain: bool,
        worded: bool,
    ) -> None:
        self.explain = explain
        self.worded = worded
        self.policy = policy
        self.context = context
        self.lookup = lookup
        self.observer = observer
        self.evaluator = Evaluator(context, observer=observer)
        self.effect = policy.effect or ""

    def judge(self) -> Judgement:
        try:
            return self._judge()
        except Exhausted as found:
            return self._open(Open(found.reason, found.detail))

    def _judge(self) -> Judgement:
        definition = self.policy.assigned.definition
        if same(definition.policy_type, "Static"):
            return Judgement(None, detail="Microsoft's own control: there is nothing to evaluate")
        undecided = self._find_effect()
        family = family_of(self.effect) if undecided is None else Family.PLAIN
        if family is Family.DISABLED:
            return Judgement(None, self.effect, detail="the effect is Disabled")
        subject = self.context.subject
        scan = not self.context.is_request
        refused = refusal(self.policy, subject.type, subject.aliases, family, scan=scan)
        if refused:
            return Judgement(ComplianceState.NOT_APPLICABLE, self.effect, detail=refused)
        if self.policy.data_plane:
            return self._data_plane()
        if family is Family.EXISTENCE:
            return self._existence()
        applicable = is_applicable(self.policy.rule.condition, self.policy.kinds, self._silent())
        if applicable is False:
            return self._result(ComplianceState.NOT_APPLICABLE)
        if isinstance(applicable, Open):
            return self._open(applicable)
        if undecided is not None:
            return self._open(undecided)
        return self._manual() if family is Family.MANUAL else self._plain(family)

    def _find_effect(self) -> Open | None:
        if self.policy.effect is not None:
            return None
        for override in self.policy.overrides:
            holds = all_hold(override.selectors, self.context.subject.resource)
            if holds is None:
                return Open(
                    UnsupportedReason.RUNTIME_VALUE, "which override holds depends on what is not known"
                )
            if holds and not override.value:
                return Open(UnsupportedReason.PARAMETER_MISSING, "the effect of an override has no value")
            if holds:
                self.effect = override.value
                return None
        try:
            value = evaluate_operand(self.policy.rule.effect, self.context)
        except Undecidable as found:
            return Open(found.reason, found.detail)
        except ExpressionError as found:
            return Open(None, found.message)
        if isinstance(value, Unknown):
            return Open(self.context.reason_of(value), f"the effect `[{value.expression}]` is not known")
        if not isinstance(value, str):
            return Open(None, f"the effect is no text but {shown(value)}")
        if is_expression(value):  # Azure refuses it: InvalidPolicyRuleEffect
            return Open(
                None, f"the effect is the text `{value}`: `[[` is for definitions inside of ARM templates"
            )
        self.effect = value
        return None

    def _silent(self) -> Evaluator:
        """Applicability is asked before the verdict; only the verdict counts as a test of a branch."""
        return Evaluator(self.context)

    def _data_plane(self) -> Judgement:
        mode = self.policy.assigned.definition.mode
        if (
            same(mode, "Microsoft.Kubernetes.Data")
            and self._silent().holds(self.policy.rule.condition) is False
        ):
            return self._result(ComplianceState.NOT_APPLICABLE)
        return self._open(Open(UnsupportedReason.DATA_PLANE, f"mode {mode} looks inside of the service"))

    def _plain(self, family: Family) -> Judgement:
        truth = self.evaluator.holds(self.policy.rule.condition)
        if isinstance(truth, Open):
            return self._open(truth)
        source = self.context.subject.source  # what words and details read does not bear on the verdict
        leaf = None
        if (truth and self.worded) or self.explain:
            leaf = self._silent().deciding(self.policy.rule.condition)
        if truth is False:
            return self._result(ComplianceState.COMPLIANT, leaf=leaf, source=source)
        state = fired_state(self.effect)
        if family is Family.PLAIN and not self.worded:
            return self._result(state, fires=True, source=source)
        details, detail = self._details()
        return self._result(state, fires=True, leaf=leaf, details=details, detail=detail, source=source)

    def _manual(self) -> Judgement:
        """Every resource that the policy applies to is in the default state, whatever the rest of the rule says: "Azure
        Policy definitions manual effect"."""
        fires = self.evaluator.holds(self.policy.rule.condition) is True
        source = self.context.subject.source
        details, detail = self._details()
        shown = details if fires else None
        return self._result(_default_state(details), fires=fires, details=shown, detail=detail, source=source)

    def _existence(self) -> Judgement:
        truth = self.evaluator.holds(self.policy.rule.condition)
        if truth is False:
            return self._result(ComplianceState.NOT_APPLICABLE)
        if isinstance(truth, Open):
            return self._open(truth)
        return self.related()

    def related(self) -> Judgement:
        """The rule holds: whether there is a related resource."""
        rule = self.policy.rule
        if rule.existence is None:
            return self._open(Open(None, f"`{self.effect}` without the type of a related resource"))
        related = find_related(rule.existence, self.context, self.lookup, self.observer)
        if isinstance(related.exists, Open):
            return self._open(related.exists)
        leaf = _related_leaf(related, conditional=rule.existence.condition is not None)
        if related.exists:
            return self._result(ComplianceState.COMPLIANT, leaf=leaf)
        source = self.context.subject.source
        if not self.worded:
            return self._result(fired_state(self.effect), fires=True, source=source)
        details, detail = self._details()
        if rule.existence.condition is not None and len(related.candidates) == 1:
            only = related.candidates[0]
            subject = Subject(only, self.context.subject.aliases)
            leaf = Evaluator(self.context, subject).deciding(rule.existence.condition, wanted=True) or leaf
            detail = detail or f"in the related `{only.type}` {only.name}".rstrip()
        state = fired_state(self.effect)
        return self._result(state, fires=True, leaf=leaf, details=details, detail=detail, source=source)

    def _details(self) -> tuple[Details, str]:
        try:
            return evaluate_details(self.policy.rule, self.context), ""
        except (Undecidable, ExpressionError) as found:
            return None, f"the details of the effect cannot be evaluated: {found}"

    def _open(self, found: Open) -> Judgement:
        leaf = Leaf(found.path, "", "", 0) if found.path else None
        if found.reason is None:
            return self._result(ComplianceState.ERROR, detail=found.detail, leaf=leaf)
        return self._result(ComplianceState.UNSUPPORTED, reason=found.reason, detail=found.detail, leaf=leaf)

    def _result(
        self,
        state: ComplianceState,
        *,
        fires: bool = False,
        reason: UnsupportedReason | None = None,
        detail: str = "",
        leaf: Leaf | None = None,
        details: Details = None,
        source: AliasSource | None = None,
    ) -> Judgement:
        source = self.context.subject.source if source is None else source
        return Judgement(state, self.effect, fires, reason, detail, leaf, details, source)


_IDENTITY_TYPES = frozenset(
    {"microsoft.compute/virtualmachines", "microsoft.compute/virtualmachinescalesets"}
)
"""The only types on which modify can set `identity.type`; on others the policy is skipped (Microsoft Learn, "Azure
Policy definitions modify effect", section "Skipped modification")."""


def _sets_identity(policy: CompiledPolicy) -> bool:
    modify = policy.rule.modify
    return modify is not None and any(
        isinstance(operation.field, FieldName) and operation.field.kind is FieldKind.IDENTITY
        for operation in modify.operations
    )


def _related_leaf(related: Related, *, conditional: bool) -> Leaf | None:
    if related.search is None:
        return None
    wanted = f"a `{related.search.type}`"
    if related.search.name is not None:
        wanted += f" named {related.search.name}"
    if conditional:
        wanted += " that satisfies the existence condition"
    if related.exists:
        return Leaf("", wanted, "found", 3)
    count = len(related.candidates)
    if not count:
        return Leaf("", wanted, "none", 3)
    return Leaf("", wanted, "1 that does not" if count == 1 else f"{count} that do not", 3)


def _default_state(details: Details) -> ComplianceState:
    """`defaultState` of a manual policy; Unknown where it states none. The documentation of the effect spells one of
    its values `Non-compliant`, states spell it `NonCompliant`."""
    stated = get(details, "defaultState") if isinstance(details, dict) else None
    known = (ComplianceState.COMPLIANT, ComplianceState.NON_COMPLIANT)
    wanted = stated.replace("-", "") if isinstance(stated, str) else ""
    return next((one for one in known if same(one, wanted)), ComplianceState.UNKNOWN)
