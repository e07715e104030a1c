"""From a template to the resources that it would deploy.

Source: Microsoft Learn, "Understand the structure and syntax of ARM templates" and the pages named in the
modules of this package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from blueprinter.arm.checking import check_expressions
from blueprinter.arm.deployments import Deployment, Work
from blueprinter.arm.frames import Frame, View
from blueprinter.arm.ids import parse_id
from blueprinter.arm.instances import Instance
from blueprinter.arm.model import DeploymentContext, Expansion, LimitPassed, Origin, Resource, Unknown, Value
from blueprinter.arm.nesting import open_nested
from blueprinter.arm.ordering import in_deployment_order
from blueprinter.arm.origins import BodyOrigin
from blueprinter.arm.parameters import SuppliedParameter, read_parameters, refuse_undeclared
from blueprinter.arm.places import Place
from blueprinter.arm.syntax import is_expression, quoted, value_text
from blueprinter.arm.targets import target_of
from blueprinter.arm.template import MAX_SIZE, as_value, check_size, read_template
from blueprinter.casing import fold
from blueprinter.diagnostics import InvalidInput, error, in_order
from blueprinter.document import Document, Json, value_at
from blueprinter.text import plural

_MAX_EXPANDED = 2 * MAX_SIZE
"""Sizes of expanded resources are estimates: only what is far beyond the limit is refused."""


def expand(
    document: Document,
    *,
    parameters: Mapping[str, Json] | None = None,
    parameter_document: Document | Sequence[Document] | None = None,
    context: DeploymentContext,
    strict: bool = False,
    read: Callable[[str, str], Document] | None = None,
    pointer: str = "",
) -> Expansion:
    """The resources and outputs of a template.

    `parameters` are plain values by name and hold over those of the parameter file, and of several such files later
    ones hold over earlier ones. `context` is where and when
    the template is deployed; a `$schema` for a subscription, management group or tenant holds over its scope.
    `strict` makes a required parameter without a value an error. `read` gives the document at a path relative to
    a file and is asked for linked templates; without it they are not expanded. `pointer` leads to the template
    inside the document.

    Raises `InvalidInput` with every fault that was found (BP5xx), each at its place in the template.
    """
    work = Work(context, strict, read, open_nested)
    try:
        files = [parameter_document] if isinstance(parameter_document, Document) else parameter_document or ()
        return _expand(work, document, pointer, parameters or {}, files)
    except LimitPassed as fault:
        work.faults.stop_on_errors()
        raise InvalidInput([error("BP521", fault.message, Place(document, pointer).position())]) from fault
    except RecursionError as fault:
        place = Place(document, pointer)
        raise InvalidInput([error("BP521", "the template refers too deeply", place.position())]) from fault


def _expand(
    work: Work,
    document: Document,
    pointer: str,
    parameters: Mapping[str, Json],
    files: Sequence[Document],
) -> Expansion:
    faults, context = work.faults, work.root
    check_size(document, pointer, faults)
    template = read_template(value_at(document.value, pointer), Place(document, pointer), faults)
    check_expressions(template, work.evaluator)
    supplied = {key: given for file in files for key, given in read_parameters(file).items()}
    supplied |= {fold(name): SuppliedParameter(name, as_value(given)) for name, given in parameters.items()}
    refuse_undeclared(supplied, template, faults)
    faults.stop_on_errors()

    scope = template.scope if template.scope not in ("", "resourceGroup") else context.scope
    target = target_of(context, scope)
    deployment = Deployment(work, template, target, context.deployment_name, context.location)
    frame = Frame(template, work.evaluator, supplied, deployment, from_people=True, strict=work.strict)
    deployment.enter(View(frame, deployment, "The template"))
    frame.evaluate_all()
    frame.check_assertions()
    resources = tuple(_resource(instance) for instance in in_deployment_order(deployment))
    _finish(deployment)
    _report_unexpanded(work)
    faults.stop_on_errors()
    return Expansion(
        resources,
        _outputs(deployment),
        in_order((*document.remarks, *faults.all())),
        faults.secrets.as_mapping(),
        complete=not work.unexpanded,
    )


def _resource(instance: Instance) -> Resource:
    """The finished resource of an instance."""
    origin = Origin(instance.node.members.place.document.file, property_position=BodyOrigin(instance))
    version = instance.api_version
    id = _printed(instance.id)
    type, name = _own_type_and_name(instance.type, _printed(instance.name), id)
    return Resource(
        id,
        type,
        name,
        instance.body() or {},
        origin,
        version if isinstance(version, str) else "",
        instance.is_certain,
        _printed(instance.view.inside.scope_id),
    )


def _own_type_and_name(type: str, name: str, id: str) -> tuple[str, str]:
    """Type and name as Azure gives them back.

    An extension may be written as a child of what it extends, `Microsoft.KeyVault/vaults/providers/diagnosticSettings`
    named `vault/Microsoft.Insights/audit`; what is deployed is a `Microsoft.Insights/diagnosticSettings`.
    Source: the page "Set scope for extension resources in ARM templates".
    """
    if "providers" not in fold(type).split("/"):
        return type, name
    parsed = parse_id(id)
    return (parsed.type, parsed.name) if parsed is not None else (type, name)


def _printed(value: Value) -> str:
    return value if isinstance(value, str) else f"[{value_text(value)}]"


def _finish(deployment: Deployment) -> None:
    """Evaluates the outputs of a deployment and of all nested in it, asked for or not, and checks their sizes."""
    deployment.outputs()
    size = 0
    for instance in deployment.instances():
        nested = deployment.nested(instance) if instance.is_deployment and instance.is_deployed else None
        if nested is not None:
            _finish(nested)
        size += instance.size
    if size > _MAX_EXPANDED:
        message = f"with all copies the template has more than {MAX_SIZE:,} bytes, which is too much"
        deployment.work.faults.error("BP521", message, deployment.template.members.place)


def _outputs(deployment: Deployment) -> dict[str, Value]:
    """The values of the outputs; that of a secure one is never given, only its expression."""
    found: dict[str, Value] = {}
    for name, output in deployment.outputs().items():
        node = deployment.template.outputs[fold(name)]
        value = output["value"] if isinstance(output, dict) else output
        if deployment.is_secure_output(name):
            written = node.get("value")
            known = isinstance(written, str) and is_expression(written)
            value = Unknown(str(written)[1:-1] if known else f"outputs({quoted(name)})")
        found[name] = value
    return found


def _report_unexpanded(work: Work) -> None:
    for (place, reason), count in work.unexpanded.items():
        counted = f" ({plural(count, 'deployment')})" if count > 1 else ""
        work.faults.warning("BP528", f"linked template was not expanded{counted}: {reason}", place)
