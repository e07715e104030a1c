"""Which resources a policy looks at at all: apart from whether they comply.

Source: Microsoft Learn, "What is applicability in Azure Policy?"; modes from "Azure Policy definition
structure basics".
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from blueprinter.arm import Call, ExpressionError, Literal, Node, Property, Resource, Value
from blueprinter.casing import fold
from blueprinter.policy.aliases import AliasTable, Capabilities
from blueprinter.policy.count import Open, Truth
from blueprinter.policy.fields import FieldKind, FieldName, read_field
from blueprinter.policy.interpret import Evaluator
from blueprinter.policy.patterns import like_matcher
from blueprinter.policy.subject import RESOURCE_GROUP, SUBSCRIPTION
from blueprinter.policy.syntax import (
    AllOf,
    Compare,
    Condition,
    Constant,
    Expression,
    FieldCount,
    FieldLeft,
    Not,
    Operand,
    Rule,
    ValueCount,
    ValueLeft,
    conditions_in,
    expressions_in,
    fields_in,
    parameter_of,
)

_DECIDING = frozenset({FieldKind.TYPE, FieldKind.NAME, FieldKind.KIND})


def deciding_kinds(condition: Condition) -> frozenset[FieldKind]:
    """Which of type, name and kind decide about applicability: all of them, but none where a rule has only
    kind or only name conditions, and type alone where it has nothing but type with kind or with name."""
    found = {kind_of(compare) for compare in _outside_counts(condition)}
    if found in ({FieldKind.KIND}, {FieldKind.NAME}):
        return frozenset()
    if found in ({FieldKind.TYPE, FieldKind.KIND}, {FieldKind.TYPE, FieldKind.NAME}):
        return frozenset({FieldKind.TYPE})
    return _DECIDING


def kind_of(compare: Compare) -> FieldKind | None:
    """Which of type, name and kind a condition is about, if it is about one of them."""
    left = compare.left
    if isinstance(left, FieldLeft) and isinstance(left.name, FieldName) and left.name.kind in _DECIDING:
        return left.name.kind
    return None


def _outside_counts(condition: Condition) -> Iterator[Compare]:
    if isinstance(condition, Compare):
        yield condition
    elif isinstance(condition, Not):
        yield from _outside_counts(condition.member)
    else:
        for member in condition.members:
            yield from _outside_counts(member)


def is_applicable(
    condition: Condition, kinds: frozenset[FieldKind], evaluator: Evaluator, *, positive: bool = True
) -> Truth:
    """Whether a rule applies: its `if` with only the conditions on `kinds`; every other condition counts as
    true, or as false below an odd number of `not`."""
    if isinstance(condition, Compare):
        return evaluator.holds(condition) if kind_of(condition) in kinds else positive
    if isinstance(condition, Not):
        truth = is_applicable(condition.member, kinds, evaluator, positive=not positive)
        return truth if isinstance(truth, Open) else not truth
    decisive = not isinstance(condition, AllOf)
    undecided: Open | None = None
    for member in condition.members:
        truth = is_applicable(member, kinds, evaluator, positive=positive)
        if truth is decisive:
            return decisive
        if isinstance(truth, Open):
            undecided = undecided or truth
    return undecided if undecided is not None else not decisive


# ---------------------------------------------------------------- modes


class ModeRow(Struct, frozen=True):
    """What a mode looks at."""

    name: str
    needs_tags_and_location: bool
    containers: bool
    """Whether resource groups and subscriptions are looked at."""


_ALL = ModeRow("All", needs_tags_and_location=False, containers=True)
_INDEXED = ModeRow("Indexed", needs_tags_and_location=True, containers=False)


def is_data_plane(mode: str) -> bool:
    """Whether a mode looks inside of a service instead of at resources: those of resource providers do, which have a
    namespace (`Microsoft.Kubernetes.Data`). `NotSpecified`, as definitions of old say, is none of them."""
    return "." in mode


def mode_looks_at(mode: str, type: str, aliases: AliasTable) -> bool:
    """Whether a mode looks at resources of a type. Nothing under `Microsoft.Resources` is looked at but
    resource groups and subscriptions, and those only by All. Indexed leaves out the types that are known to
    have no tags or no location."""
    row = _INDEXED if fold(mode) == "indexed" else _ALL
    folded = fold(type)
    if folded in (fold(RESOURCE_GROUP), fold(SUBSCRIPTION)):
        return row.containers
    if folded.startswith("microsoft.resources/"):
        return False
    if row.needs_tags_and_location:
        known = aliases.capabilities(type)
        return known.tags is not False and known.location is not False
    return True


def is_passed_over(mode: str, resource: Resource, aliases: AliasTable) -> bool:
    """Whether mode Indexed passes over a resource in Azure although its type is not known to lack tags or location:
    whatever has both is sent and kept with a location, so what comes without one is of a type that has none.

    Source: Azure/azure-policy#118 ("is there a way to verify if location is null": mode Indexed leaves such resources
    out). It holds for whole resources, not for a resource of a test, which has only what the test is about.
    """
    if fold(mode) != "indexed" or "location" in resource.body:
        return False
    return aliases.capabilities(resource.type) == Capabilities()


_HELD_BY = {"microsoft.managedhsm": "microsoft.keyvault"}
"""Namespaces of components that lie in resources of another one, folded."""


def parents_of(type: str) -> Iterator[str]:
    """A component type as the control plane knows it, and its ancestors: `Microsoft.KeyVault.Data/vaults/keys`
    stands for `Microsoft.KeyVault/vaults/keys` and lies in `Microsoft.KeyVault/vaults`. All folded."""
    namespace, _, rest = fold(type).partition("/")
    namespace = namespace.removesuffix(".data").removesuffix(".v2")
    namespace = _HELD_BY.get(namespace, namespace)
    names = rest.split("/")
    for count in range(len(names), 0, -1):
        yield f"{namespace}/{'/'.join(names[:count])}"


# ---------------------------------------------------------------- facts of a rule


def mentions_location(rule: Rule) -> bool:
    """Whether any condition, or a parameter of the deployment, reads the location: such a policy does not
    apply to subscriptions."""
    if any(_reads_location(compare) for compare in rule.compares):
        return True
    if rule.existence is None:
        return False
    return any(map(_names_location, expressions_in(rule.existence.deployment_parameters)))


def reads_caller(rule: Rule) -> bool:
    """Whether any part of a rule asks with `requestContext().identity` who makes a request.

    Source: Microsoft Learn, "Use requestContext().identity to return caller identity in Azure Policy".
    """
    return any(
        _names_caller(expression.node)
        for expression in _expressions_of_rule(rule)
        if "requestcontext" in fold(expression.text)
    )


def _expressions_of_rule(rule: Rule) -> Iterator[Expression]:
    conditions = [rule.condition]
    operands: list[Operand | None] = [rule.effect, rule.details]
    if rule.existence is not None:
        existence = rule.existence
        operands += [existence.type, existence.name, existence.resource_group, existence.existence_scope]
        operands += [existence.others, existence.deployment_parameters]
        if existence.condition is not None:
            conditions.append(existence.condition)
    if rule.modify is not None:
        operands += [part for one in rule.modify.operations for part in (one.value, one.condition)]
    if rule.append is not None:
        operands += [value for _, value in rule.append.members]
    for condition in conditions:
        for compare in conditions_in(condition):
            yield from expressions_of(compare)
            if isinstance(compare.left, FieldLeft) and isinstance(compare.left.name, Expression):
                yield compare.left.name
    for operand in operands:
        yield from expressions_in(operand)


def _names_caller(node: Node) -> bool:
    """Whether an expression reads the `identity` of the request, plainly or by `tryGet`."""
    level = [node]
    while level:
        found = level.pop()
        if isinstance(found, Property):
            if _is_request(found.base) and _is_identity(found.name):
                return True
            level += [found.base, found.name]
        elif isinstance(found, Call):
            arguments = found.arguments
            if len(arguments) > 1 and _is_request(arguments[0]) and _is_identity(arguments[1]):
                return True
            level += arguments
    return False


def _is_request(node: Node) -> bool:
    return isinstance(node, Call) and fold(node.name) == "requestcontext"


def _is_identity(node: Node) -> bool:
    return isinstance(node, Literal) and isinstance(node.value, str) and fold(node.value) == "identity"


def _reads_location(compare: Compare) -> bool:
    left = compare.left
    if isinstance(left, FieldLeft):
        if isinstance(left.name, FieldName):
            if left.name.kind is FieldKind.LOCATION:
                return True
        elif _names_location(left.name):
            return True
    return any(map(_names_location, expressions_of(compare)))


def _names_location(expression: Expression) -> bool:
    return any(name.kind is FieldKind.LOCATION for name in fields_in(expression.node))


def expressions_of(compare: Compare) -> Iterator[Expression]:
    """Every expression of a comparison but that of a dynamic field name."""
    if isinstance(compare.left, (ValueLeft, ValueCount)):
        yield from expressions_in(compare.left.value)
    yield from expressions_in(compare.right)


def aliases_in(condition: Condition | None) -> tuple[FieldName, ...]:
    """Every alias that a condition and the expressions in it read by name, each once, in written order."""
    if condition is None:
        return ()
    found: dict[str, FieldName] = {}
    for compare in conditions_in(condition):
        names: list[FieldName] = []
        left = compare.left
        if isinstance(left, FieldLeft):
            names = [left.name] if isinstance(left.name, FieldName) else choices_of(left.name)
        elif isinstance(left, FieldCount):
            names = [left.field]
        for expression in expressions_of(compare):
            names.extend(fields_in(expression.node))
        for name in names:
            if name.kind is FieldKind.ALIAS:
                found.setdefault(name.folded, name)
    return tuple(found.values())


def choices_of(expression: Expression) -> list[FieldName]:
    """The fields that the expression in a `field` chooses from, where it names them: `if(…, 'a', 'b')`, or one."""
    names: list[FieldName] = []
    level = [expression.node]
    while level:
        node = level.pop()
        if isinstance(node, Call) and fold(node.name) == "if":
            level.extend(reversed(node.arguments[1:]))
        elif isinstance(node, Literal) and isinstance(node.value, str):
            names.append(read_field(node.value))
    return names


class TypeGuard(Struct, frozen=True):
    """The resource types for which a rule can hold at all; `any` = not limited."""

    any: bool
    types: frozenset[str] = frozenset()
    """Folded."""
    patterns: tuple[str, ...] = ()
    """Folded patterns of `like`."""

    def lets(self, type: str) -> bool:
        """Whether a resource of a (folded) type may be one."""
        if self.any or type in self.types:
            return True
        if not self.patterns:
            return False
        try:
            return any(like_matcher(pattern)(type) for pattern in self.patterns)
        except ExpressionError:  # too much work to tell
            return True


ANY_TYPE = TypeGuard(True)
_MORE_THAN_ENOUGH = 10_000


def type_guard(condition: Condition, parameters: dict[str, Value]) -> TypeGuard:
    """The types that a rule names with `equals`, `in` or `like`; `parameters` by folded name."""
    if isinstance(condition, Compare):
        return _guard_of(condition, parameters)
    if isinstance(condition, Not):
        return ANY_TYPE
    guards = [type_guard(member, parameters) for member in condition.members]
    if isinstance(condition, AllOf):
        return _both(guards)
    if any(guard.any for guard in guards):
        return ANY_TYPE
    types = frozenset().union(*(guard.types for guard in guards)) if guards else frozenset()
    return TypeGuard(False, types, tuple(pattern for guard in guards for pattern in guard.patterns))


def _both(guards: list[TypeGuard]) -> TypeGuard:
    limited = [guard for guard in guards if not guard.any]
    plain = [guard for guard in limited if not guard.patterns]
    if not plain:
        return limited[0] if limited else ANY_TYPE
    first = min(plain, key=lambda guard: len(guard.types))
    return TypeGuard(
        False, frozenset(type for type in first.types if all(guard.lets(type) for guard in limited))
    )


def _guard_of(compare: Compare, parameters: dict[str, Value]) -> TypeGuard:
    if kind_of(compare) is not FieldKind.TYPE or compare.operator.name not in ("equals", "in", "like"):
        return ANY_TYPE
    value = _plain_value(compare.right, parameters)
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else None
    if texts is None or len(texts) > _MORE_THAN_ENOUGH:
        return ANY_TYPE
    folded = [fold(text) for text in texts if isinstance(text, str)]
    if len(folded) < len(texts):
        return ANY_TYPE
    if compare.operator.name == "like":
        return TypeGuard(False, patterns=tuple(folded))
    return TypeGuard(False, frozenset(folded))


def _plain_value(operand: Operand, parameters: dict[str, Value]) -> Value:
    """A constant, or the value of a plain `[parameters('x')]`; None for anything else."""
    if isinstance(operand, Constant):
        return operand.value
    name = parameter_of(operand)
    return parameters.get(fold(name)) if name else None
