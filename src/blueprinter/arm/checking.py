"""The check of every expression of a template before any is evaluated, also where none ever would be."""

from __future__ import annotations

from blueprinter.arm.evaluating import Evaluator
from blueprinter.arm.template import Members, ResourceNode, Template
from blueprinter.casing import fold

_TEXTS = frozenset({"comments", "metadata"})
"""Members that are prose."""


def check_expressions(template: Template, evaluator: Evaluator) -> None:
    """Reports every expression that does not parse, names no function, or calls one with too few or too many
    arguments; nested templates are part of their resource."""
    for parameter in template.parameters.values():
        evaluator.check(parameter.get("defaultValue"), parameter.at("defaultValue"))
    for variable in template.variables.values():
        if variable.loop is None:
            evaluator.check(variable.value, variable.place)
        else:
            _check_members(variable.loop, evaluator)
    for function in template.functions.values():
        evaluator.check(function.output.get("value"), function.output.at("value"))
    for resource in template.resources:
        _check_resource(resource, evaluator)
    _check_members(template.assertions, evaluator)
    for output in template.outputs.values():
        _check_members(output, evaluator)


def _check_resource(node: ResourceNode, evaluator: Evaluator) -> None:
    _check_members(node.members, evaluator, frozenset({"resources"}))
    for child in node.children:
        _check_resource(child, evaluator)


def _check_members(members: Members, evaluator: Evaluator, skipped: frozenset[str] = frozenset()) -> None:
    for key, value in members.value.items():
        if fold(key) not in _TEXTS | skipped:
            evaluator.check(value, members.place.child(key))
