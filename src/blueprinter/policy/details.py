"""`then.details` after evaluation: what an effect would do with the resource.

Sources: Microsoft Learn, "Azure Policy definitions modify effect", "… append effect" and
"… deployIfNotExists effect".
"""

from __future__ import annotations

from collections.abc import Mapping

from blueprinter.arm import ExpressionError, Unknown, Value
from blueprinter.policy.context import EvaluationContext
from blueprinter.policy.fields import FieldName
from blueprinter.policy.operators import is_true
from blueprinter.policy.syntax import Append, Existence, Expression, Modify, Operation, Rule, evaluate_operand

Details = Mapping[str, Value] | tuple[Value, ...] | None


def evaluate_details(rule: Rule, context: EvaluationContext) -> Details:
    """The details of the rule's effect for one resource; None for effects without any.

    A modify operation whose condition is false is left out. Raises `ExpressionError` and `Undecidable`.
    """
    if rule.modify is not None:
        return _modify(rule.modify, context)
    if rule.append is not None:
        return _append(rule.append, context)
    if rule.existence is not None:
        return _existence(rule.existence, context)
    if rule.details is None:
        return None
    value = evaluate_operand(rule.details, context)
    return value if isinstance(value, dict) else None


def _modify(modify: Modify, context: EvaluationContext) -> dict[str, Value]:
    operations = [
        _operation(operation, context) for operation in modify.operations if _wanted(operation, context)
    ]
    return {**_object(evaluate_operand(modify.others, context)), "operations": list(operations)}


def _wanted(operation: Operation, context: EvaluationContext) -> bool:
    if operation.condition is None:
        return True
    value = evaluate_operand(operation.condition, context)
    # what is not known yet does not stop the operation from being named
    return isinstance(value, Unknown) or is_true(value)


def _operation(operation: Operation, context: EvaluationContext) -> Value:
    found: dict[str, Value] = {"operation": operation.kind.value, "field": _name(operation.field, context)}
    if operation.value is not None:
        found["value"] = evaluate_operand(operation.value, context)
    return found


def _append(append: Append, context: EvaluationContext) -> tuple[Value, ...]:
    return tuple(
        {"field": _name(name, context), "value": evaluate_operand(value, context)}
        for name, value in append.members
    )


def _existence(existence: Existence, context: EvaluationContext) -> dict[str, Value]:
    found: dict[str, Value] = {"type": evaluate_operand(existence.type, context)}
    for key, operand in (
        ("name", existence.name),
        ("resourceGroupName", existence.resource_group),
        ("existenceScope", existence.existence_scope),
    ):
        if operand is not None:
            found[key] = evaluate_operand(operand, context)
    return {**found, **_object(evaluate_operand(existence.others, context))}


def _name(name: FieldName | Expression, context: EvaluationContext) -> str:
    if isinstance(name, FieldName):
        return name.text
    value = name.run(context)
    if isinstance(value, Unknown):
        return f"[{value.expression}]"
    if not isinstance(value, str):
        raise ExpressionError(f"the field `{name.text}` is no name")
    return value


def _object(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}
