"""One deployment by itself, as Azure starts it: its own resources, with nested deployments as resources among them.

`expand` shows what a template leads to in the end; `stage` gives the parts for somebody who deploys one after the
other and learns at each what only the deployment itself can tell. Everything is in template notation: text is what
it says, `[…]` is an expression that is left, reduced so far that it needs nothing of the template but its secure
parameters. Source: Microsoft Learn, "Using linked and nested templates when deploying Azure resources".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from blueprinter.arm.checking import check_expressions
from blueprinter.arm.deployments import Deployment, Work
from blueprinter.arm.frames import Frame, View
from blueprinter.arm.instances import Instance
from blueprinter.arm.limits import has_unknown
from blueprinter.arm.literal import literal_key
from blueprinter.arm.model import DeploymentContext, LimitPassed, Unknown, UnknownKey, Value
from blueprinter.arm.nesting import open_nested
from blueprinter.arm.ordering import needs, ordered
from blueprinter.arm.parameter_types import UnknownType, is_secure, resolve
from blueprinter.arm.parameters import SuppliedParameter, refuse_undeclared
from blueprinter.arm.places import Place
from blueprinter.arm.secure_values import opened_throughout
from blueprinter.arm.syntax import is_expression
from blueprinter.arm.targets import target_of
from blueprinter.arm.template import Template, as_value, check_size, read_template
from blueprinter.casing import fold, get, same
from blueprinter.diagnostics import Diagnostic, InvalidInput, error
from blueprinter.document import Document, Json, value_at

_NOT_SENT = frozenset({"id", "type", "name", "apiVersion", "scope"})
_SCHEMA = "https://schema.management.azure.com/schemas/2019-08-01/{}#"
_SCHEMAS = {
    "resourceGroup": "deploymentTemplate.json",
    "subscription": "subscriptionDeploymentTemplate.json",
    "managementGroup": "managementGroupDeploymentTemplate.json",
    "tenant": "tenantDeploymentTemplate.json",
}


class StagedResource(Struct, frozen=True):
    """A resource that a deployment makes itself; all texts and `body` in template notation."""

    id: str
    type: str
    name: str
    api_version: str
    body: Mapping[str, Json]
    """What is sent to make it."""
    template: Json
    """Of a nested deployment its template, which is sent as it stands here; None for everything else."""
    condition: Json
    """True, or an expression."""
    needs: tuple[int, ...]
    """The places, among the resources of the stage, of those it waits for."""


class StagedValue(Struct, frozen=True):
    """A parameter or an output; `value` in template notation, None where it must not be shown."""

    type: str
    value: Json
    secure: bool = False
    known: bool = True
    """False for a parameter whose value is secure."""


class Stage(Struct, frozen=True):
    """What one deployment does by itself."""

    parameters: Mapping[str, StagedValue]
    secrets: Mapping[str, Json]
    """Folded names of the parameters that hold something secure -> their values, for what is left to evaluate."""
    resources: tuple[StagedResource, ...]
    outputs: Mapping[str, StagedValue]
    diagnostics: tuple[Diagnostic, ...]


def stage(
    document: Document,
    *,
    parameters: Mapping[str, Json] | None = None,
    context: DeploymentContext,
    pointer: str = "",
) -> Stage:
    """What the template at `pointer` deploys by itself to the scope of `context`.

    `parameters` are values by name. Raises `InvalidInput` with every fault that was found (BP5xx).
    """
    work = Work(context, True, None, _open_outer)
    try:
        return _stage(work, document, pointer, parameters or {})
    except LimitPassed as fault:
        work.faults.stop_on_errors()
        raise InvalidInput([error("BP521", fault.message, Place(document, pointer).position())]) from fault
    except RecursionError as fault:
        place = Place(document, pointer)
        raise InvalidInput([error("BP521", "the template refers too deeply", place.position())]) from fault


def _stage(work: Work, document: Document, pointer: str, parameters: Mapping[str, Json]) -> Stage:
    faults, context = work.faults, work.root
    check_size(document, pointer, faults)
    template = read_template(value_at(document.value, pointer), Place(document, pointer), faults)
    check_expressions(template, work.evaluator)
    supplied = {fold(name): SuppliedParameter(name, as_value(value)) for name, value in parameters.items()}
    refuse_undeclared(supplied, template, faults)
    faults.stop_on_errors()
    target = target_of(context, context.scope)
    deployment = Deployment(work, template, target, context.deployment_name, context.location)
    frame = Frame(template, work.evaluator, supplied, deployment, from_people=False, strict=True)
    deployment.enter(View(frame, deployment, "The template"))
    frame.evaluate_all()
    faults.stop_on_errors()
    secrets = _secrets(frame)
    nested = {one: _nested(deployment, one, secrets) for one in deployment.instances() if one.is_deployment}
    ordered(deployment)  # reports circles
    resources = _resources(deployment, nested)
    outputs = {name: _output(template, name, output) for name, output in deployment.outputs().items()}
    faults.stop_on_errors()
    return Stage(
        {template.names[f"parameters/{key}"]: _parameter(frame, key) for key in template.parameters},
        secrets,
        resources,
        outputs,
        faults.all(),
    )


def _open_outer(work: Work, parent: Deployment, instance: Instance) -> Deployment | None:
    """Opens nested templates of outer scope, whose expressions belong to this deployment; all others stay closed."""
    properties = instance.node.members.inner("properties")
    inner = same(str(properties.inner("expressionEvaluationOptions").get("scope")), "inner")
    if inner or not isinstance(properties.get("template"), dict):
        return None
    return open_nested(work, parent, instance)


def _secrets(frame: Frame) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for key in frame.template.parameters:
        value = frame.parameter(key)
        plain = opened_throughout(value)
        if plain is not value and not has_unknown(plain):
            found[key] = notation(plain, escape=False)
    return found


def _parameter(frame: Frame, key: str) -> StagedValue:
    node = frame.template.parameters[key]
    try:
        schema = resolve(node.value, frame.template.definitions)
    except UnknownType:
        schema = node.value  # told when the value was checked
    secure = is_secure(schema)
    value = frame.parameter(key)
    shown = None if secure or _is_hidden(value) else notation(value, drop=True)
    return StagedValue(str(get(schema, "type")), shown, secure, known=not secure and not _is_hidden(value))


def _output(template: Template, name: str, output: Value) -> StagedValue:
    node = template.outputs[fold(name)]
    schema = resolve(node.value, template.definitions)
    value = output["value"] if isinstance(output, dict) else output
    return StagedValue(str(get(schema, "type")), notation(value), is_secure(schema))


def _resources(
    deployment: Deployment, nested: Mapping[Instance, tuple[Value, Json]]
) -> tuple[StagedResource, ...]:
    everything = deployment.instances()
    place = {instance: index for index, instance in enumerate(everything)}
    deployed = [instance for instance in everything if instance.is_deployed and instance.ids]
    position = {instance: index for index, instance in enumerate(deployed)}
    found: list[StagedResource] = []
    for instance in deployed:
        waits = {position[other] for other in needs(deployment, instance, place) if other in position}
        waits.update(_earlier_batch(instance, deployed, position))
        body, template = nested.get(instance, (None, None))
        if instance not in nested:
            body = {key: value for key, value in (instance.body() or {}).items() if key not in _NOT_SENT}
        written = notation(body)
        found.append(
            StagedResource(
                _text(instance.id),
                instance.type,
                _text(instance.name),
                _text(instance.api_version),
                written if isinstance(written, dict) else {},
                template,
                notation(instance.condition),
                tuple(sorted(waits - {position[instance]})),
            )
        )
    return tuple(found)


def _earlier_batch(
    instance: Instance, deployed: Sequence[Instance], position: Mapping[Instance, int]
) -> list[int]:
    """In a serial loop, the resources of the batch before that of this one."""
    loop = instance.node.members.inner("copy")
    size = loop.get("batchSize")
    if not instance.loop or not same(str(loop.get("mode")), "serial") or not isinstance(size, int):
        return []
    turns = [one for one in deployed if one.node is instance.node and one.loop == instance.loop]
    batch = turns.index(instance) // max(size, 1)
    return (
        [position[one] for one in turns[max(size, 1) * (batch - 1) : max(size, 1) * batch]] if batch else []
    )


def _nested(deployment: Deployment, instance: Instance, secrets: Mapping[str, Json]) -> tuple[Value, Json]:
    """What is sent for a nested deployment, without its template, and the template."""
    members, evaluate = instance.node.members, deployment.work.evaluator.member
    if not instance.is_deployed:
        return {}, None
    body: dict[str, Value] = {
        name: evaluate(members, name, instance.view) for name in ("location", "tags") if members.has(name)
    }
    written = members.inner("properties")
    properties: dict[str, Value] = {
        key: evaluate(written, key, instance.view)
        for key in written.value
        if fold(key) not in {"template", "expressionevaluationoptions"}
    }
    opened = deployment.nested(instance)
    template: Json
    if opened is not None:
        template = _sealed_template(opened, secrets)
        properties["parameters"] = {name: {"value": Unknown(f"parameters('{name}')")} for name in secrets}
    else:
        template = written.get("template")
        if isinstance(template, str) and is_expression(template):
            value = evaluate(written, "template", instance.view)
            template = None if has_unknown(value) else notation(value, escape=False)
    body["properties"] = properties
    return body, template


def _sealed_template(deployment: Deployment, secrets: Mapping[str, Json]) -> Json:
    """A nested template of outer scope with all that its surroundings know filled in."""
    ordered(deployment)  # reports circles
    everything = [one for one in deployment.instances() if one.is_deployed and one.ids]
    place = {instance: index for index, instance in enumerate(deployment.instances())}
    resources: list[Json] = []
    for instance in everything:
        if instance.is_deployment:
            body, inner = _nested(deployment, instance, secrets)
        else:
            body, inner = dict(instance.body() or {}), None
        members = notation(body)
        whole: dict[str, Json] = dict(members) if isinstance(members, dict) else {}
        whole |= {
            "type": instance.type,
            "name": _text(instance.name),
            "apiVersion": _text(instance.api_version),
        }
        whole.pop("id", None)
        if instance.is_deployment:
            properties = whole.get("properties")
            whole["properties"] = {
                **(properties if isinstance(properties, dict) else {}),
                "expressionEvaluationOptions": {"scope": "inner"},
                **({"template": inner} if inner is not None else {}),
            }
            for name in ("subscriptionId", "resourceGroup", "scope"):
                if instance.node.members.has(name):
                    value = deployment.work.evaluator.member(instance.node.members, name, instance.view)
                    whole[name] = notation(value)
        if instance.condition is not True:
            whole["condition"] = notation(instance.condition)
        waits = [one for one in needs(deployment, instance, place) if one.is_deployed]
        whole["dependsOn"] = [_text(one.id) for one in dict.fromkeys(waits)]
        resources.append(whole)
    outputs: dict[str, Json] = {name: notation(output) for name, output in deployment.outputs().items()}
    return {
        "$schema": _SCHEMA.format(_SCHEMAS[deployment.target.scope]),
        "contentVersion": "1.0.0.0",
        "parameters": {name: {"type": _secure_type(value)} for name, value in secrets.items()},
        "resources": resources,
        "outputs": outputs,
    }


def _secure_type(value: Json) -> str:
    return "secureString" if isinstance(value, str) else "secureObject"


def _text(value: Value) -> str:
    written = notation(value)
    return written if isinstance(written, str) else ""


def _is_hidden(value: Value) -> bool:
    return isinstance(value, Unknown) and bool(value.hidden)


def notation(value: Value, *, drop: bool = False, escape: bool = True) -> Json:
    """A value as a template would write it: expressions in brackets, text that looks like one with one bracket more.

    `drop` leaves out what is secure; without `escape` text stays as it is.
    """
    if isinstance(value, Unknown):
        return f"[{value.expression}]"
    if isinstance(value, str):
        return f"[{value}" if escape and value[:1] == "[" and value[-1:] == "]" else value
    if isinstance(value, list):
        return [notation(one, drop=drop, escape=escape) for one in value if not (drop and _is_hidden(one))]
    if isinstance(value, dict):
        found: dict[str, Json] = {}
        for key, member in value.items():
            if drop and _is_hidden(member):
                continue
            written = notation(member, drop=drop, escape=escape)
            plain = isinstance(key, UnknownKey) or not escape
            found[str(key) if plain else literal_key(key, written)] = written
        return found
    return value
