"""The outputs of a template (Microsoft Learn, "Outputs in ARM templates")."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from blueprinter.arm.copying import LoopKind
from blueprinter.arm.evaluating import Evaluator
from blueprinter.arm.frames import View
from blueprinter.arm.model import Unknown, Value
from blueprinter.arm.parameter_types import UnknownType, is_nullable, resolve, type_mismatch
from blueprinter.arm.secure_values import opened
from blueprinter.arm.template import Members, Template, as_value


def evaluate_outputs(template: Template, evaluator: Evaluator, view: View) -> Iterator[tuple[str, Value]]:
    """Name -> `{type, value}` of every output whose condition is not false."""
    for key, node in template.outputs.items():
        name = template.names[f"outputs/{key}"]
        around = replace(view, subject=f"The template output '{name}'")
        condition = opened(evaluator.member(node, "condition", around))
        if condition is False:
            continue
        if isinstance(condition, Unknown):
            message = f"the condition of output `{name}` is not known, it is kept: `{condition.expression}`"
            evaluator.faults.warning("BP529", message, node.at("condition"))
        elif condition is not None and condition is not True:
            evaluator.faults.error("BP527", "a condition must be true or false", node.at("condition"))
        loop = node.get("copy")
        if isinstance(loop, dict):
            value = evaluator.turns(name, Members(loop, node.at("copy")), LoopKind.OUTPUT, around)
        elif node.has("value"):
            value = evaluator.member(node, "value", around)
        else:
            evaluator.faults.error("BP520", f"the output `{name}` has no value", node.place)
            continue
        _check_type(name, value, node, template, evaluator)
        yield name, {"type": as_value(node.get("type")), "value": value}


def _check_type(name: str, value: Value, node: Members, template: Template, evaluator: Evaluator) -> None:
    try:
        schema = resolve(node.value, template.definitions)
        if value is None and is_nullable(schema):
            return
        wrong = type_mismatch(opened(value), schema)
    except UnknownType as fault:
        evaluator.faults.error("BP520", f"output `{name}`: {fault}", node.place)
        return
    if wrong is not None:
        evaluator.faults.error(
            "BP527", f"the output `{name}` has a value of the wrong type: {wrong}", node.at("value")
        )
