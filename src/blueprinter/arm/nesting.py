"""Nested and linked deployments: their template, target and parameters.

Source: Microsoft Learn, "Using linked and nested templates when deploying Azure resources".
"""

from __future__ import annotations

from collections.abc import Mapping

from blueprinter.arm.checking import check_expressions
from blueprinter.arm.deployments import Deployment, Work
from blueprinter.arm.frames import Frame, View
from blueprinter.arm.instances import Instance
from blueprinter.arm.limits import has_unknown
from blueprinter.arm.model import Unknown, Value
from blueprinter.arm.parameters import SuppliedParameter, refuse_undeclared, symbol
from blueprinter.arm.places import Place
from blueprinter.arm.syntax import is_expression
from blueprinter.arm.targets import nested_target
from blueprinter.arm.template import Members, Template, as_written, check_size, read_template
from blueprinter.casing import fold, get, same
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Json

_MAX_DEPTH = 16
"""How deep deployments may stand in each other; a linked template that links itself would never end."""


def open_nested(work: Work, parent: Deployment, instance: Instance) -> Deployment | None:
    """The deployment that a resource of type `Microsoft.Resources/deployments` makes.

    None where its template cannot be had, which is counted in `work.unexpanded`.
    """
    properties = instance.node.members.inner("properties")
    if parent.depth >= _MAX_DEPTH:
        message = f"deployments are nested more than {_MAX_DEPTH} levels deep"
        work.faults.error("BP521", message, instance.node.members.place)
        return None
    written = properties.get("template")
    computed = isinstance(written, str) and is_expression(written)
    if computed:
        value = work.evaluator.member(properties, "template", instance.view)
        written = as_written(value) if not has_unknown(value) else None
    if isinstance(written, dict):
        template = _template(work, written, properties.at("template"), computed=computed)
        options = properties.inner("expressionEvaluationOptions")
        inner = same(str(options.get("scope")), "inner")
    else:
        linked = _linked(work, instance, properties)
        if linked is None:
            return None
        template, inner = linked, True
    return _deployment(work, parent, instance, template, properties if inner else None)


def _template(work: Work, value: Json, place: Place, *, computed: bool = False) -> Template:
    """A nested template; in a loop it is read once, unless an expression makes it."""
    if computed:
        template = read_template(value, place, work.faults)
        check_expressions(template, work.evaluator)
        return template
    key = (id(place.document), place.pointer)
    if key not in work.templates:
        work.templates[key] = read_template(value, place, work.faults)
    return work.templates[key]


def _deployment(
    work: Work, parent: Deployment, instance: Instance, template: Template, own: Members | None
) -> Deployment:
    """`own` holds the parameters of inner scope, it is None in outer scope."""
    members, view = instance.node.members, instance.view
    evaluate = work.evaluator.member
    target = nested_target(
        parent.target,
        scope=instance.scope,
        subscription=evaluate(members, "subscriptionId", view),
        resource_group=evaluate(members, "resourceGroup", view),
        schema=template.scope,
    )
    location = evaluate(members, "location", view)
    tentative = parent.tentative or isinstance(instance.condition, Unknown)
    found = Deployment(
        work,
        template,
        target,
        instance.name,
        location,
        parent,
        depth=parent.depth + 1,
        tentative=tentative,
        certain=instance.is_certain,
    )
    if own is None:
        return found.enter(View(view.frame, found, view.subject, view.loops))
    with work.faults.tentative(tentative):
        supplied = _parameters(work, instance, own)
        refuse_undeclared(supplied, template, work.faults)
        elsewhere = own.has("parametersLink")
        frame = Frame(template, work.evaluator, supplied, found, from_people=elsewhere, strict=work.strict)
        found.enter(View(frame, found, view.subject))
        frame.evaluate_all()
        frame.check_assertions()
    return found


def _parameters(work: Work, instance: Instance, properties: Members) -> Mapping[str, SuppliedParameter]:
    """The values that a deployment hands to its template, evaluated where it stands."""
    value = properties.get("parameters")
    place = properties.at("parameters")
    supplied: dict[str, SuppliedParameter] = {}
    if not isinstance(value, dict):
        evaluated = work.evaluator.value(value, place, instance.view)
        whole = evaluated if isinstance(evaluated, dict) else {}
        for name, given in whole.items():
            handed = get(given, "value") if isinstance(given, dict) else None
            supplied[fold(name)] = SuppliedParameter(name, handed, place)
        return supplied
    for key, item in value.items():
        here = place.child(key)
        name = work.evaluator.key(key, here, instance.view)
        members = Members(item, here) if isinstance(item, dict) else None
        handed_on: Value
        if members is not None and members.has("value"):
            handed_on, here = work.evaluator.member(members, "value", instance.view), members.at("value")
        elif members is not None and members.has("reference"):
            handed_on = symbol(name)
        else:
            # an expression may stand for the whole of `{"value": …}`
            evaluated = work.evaluator.value(item, here, instance.view)
            handed_on = get(evaluated, "value") if isinstance(evaluated, dict) else symbol(name)
        supplied[fold(name)] = SuppliedParameter(name, handed_on, here)
    return supplied


def _linked(work: Work, instance: Instance, properties: Members) -> Template | None:
    """The template that `templateLink` names by a relative path; others are counted as not expanded."""
    link = properties.inner("templateLink")
    evaluate = work.evaluator.member
    relative = evaluate(link, "relativePath", instance.view) if link.has("relativePath") else None
    if isinstance(relative, str) and work.read is not None:
        file = link.place.document.file
        try:
            document = work.linked(file, relative)
        except InvalidInput as found:
            if any(one.code != "BP101" for one in found.diagnostics):
                raise
            _count_unexpanded(work, instance, properties, link, relative)
            return None
        check_size(document, "", work.faults)
        template = _template(work, document.value, Place(document))
        check_expressions(template, work.evaluator)
        return template
    _count_unexpanded(work, instance, properties, link, relative)
    return None


def _count_unexpanded(
    work: Work, instance: Instance, properties: Members, link: Members, relative: Value
) -> None:
    place = properties.at("templateLink") if link.value else properties.place
    if isinstance(relative, str):
        reason = f"`{relative}` cannot be read here"
    elif isinstance(relative, Unknown):
        reason = f"its path is not known: `{relative.expression}`"
    elif link.has("uri"):
        uri = work.evaluator.member(link, "uri", instance.view)
        known = f"`{uri}` is not read from the network" if isinstance(uri, str) else ""
        reason = known or (
            f"its address is not known: `{uri.expression}`" if isinstance(uri, Unknown) else ""
        )
    elif link.has("id"):
        spec = work.evaluator.member(link, "id", instance.view)
        reason = f"the template spec {f'`{spec}` ' if isinstance(spec, str) else ''}is stored in Azure"
    elif properties.has("template"):
        reason = "its template is an expression whose value is not known"
    else:
        reason = "it has neither `template` nor `templateLink`"
    key = (place, reason or "its address is no text")
    work.unexpanded[key] = work.unexpanded.get(key, 0) + 1
