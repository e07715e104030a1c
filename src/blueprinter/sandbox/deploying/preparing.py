"""From a request to a deployment that may start: everything that Azure refuses before it deploys anything.

Sources: Microsoft Learn, "Troubleshoot common Azure deployment errors" and the pages of the single codes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from msgspec import Struct
from msgspec.structs import replace

from blueprinter.arm import (
    DeploymentContext,
    Expansion,
    ExpressionError,
    ExpressionSyntaxError,
    Resource,
    Stage,
    StagedResource,
    as_json,
    expand,
    has_unknown,
    normal_location,
    same_location,
    stage,
)
from blueprinter.casing import fold, get, key_of, same
from blueprinter.diagnostics import Diagnostic, InvalidInput
from blueprinter.document import Document, Json, parse
from blueprinter.sandbox.acting import gate
from blueprinter.sandbox.deploying import invented, shapes
from blueprinter.sandbox.deploying.answers import Answers
from blueprinter.sandbox.deploying.places import DEPLOYMENT, Place, context_of, require
from blueprinter.sandbox.loose_json import as_strict
from blueprinter.sandbox.model import Body, Box, Principal, Refusal
from blueprinter.sandbox.strictness import check_members

TEMPLATE_POINTER = "/properties/template"
MAX_NAME = 64
MAX_HISTORY = 800
"""Deployments that a scope keeps: Microsoft Learn, "Deployment history deletions"."""

_NAME = re.compile(r"[-\w._()]+")
_SCHEMA_SCOPES = {
    "deploymenttemplate.json": "resourceGroup",
    "subscriptiondeploymenttemplate.json": "subscription",
    "managementgroupdeploymenttemplate.json": "managementGroup",
    "tenantdeploymenttemplate.json": "tenant",
}
_WORDS = (
    (
        re.compile(r"no value for parameter `(.+)`"),
        "The value for the template parameter '{0}' {1} is not provided. Please see "
        "https://aka.ms/resource-manager-parameter-files for usage details.",
    ),
    (
        re.compile(r"`(.+)` in `dependsOn` is not a resource of the template"),
        "The resource '{0}' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details.",
    ),
    (
        re.compile(r"the resource `(.+)` stands twice in the template"),
        "The resource '{0}' {1} is defined multiple times in a template. Please see "
        "https://aka.ms/arm-syntax-resources for usage details.",
    ),
    (
        re.compile(r"circular dependency: `([^`]+)`.*"),
        "Circular dependency detected on resource: '{0}'. Please see https://aka.ms/arm-syntax-resources for usage "
        "details.",
    ),
)
"""The commonest faults of templates in Azure's words."""
_REFUSED = frozenset({"BP533"})
"""Warnings of the template engine that Azure makes errors: a dependency on what is not in the template."""
_USAGE = "Please see https://aka.ms/arm-deployment-subscription for usage details."


class Prepared(Struct, frozen=True):
    """A deployment that nothing speaks against."""

    place: Place
    name: str
    location: str
    mode: str
    template: Body
    properties: Body
    """As they were sent, without template and parameters."""
    tags: Json
    stage: Stage
    context: DeploymentContext
    answers: Answers
    resources: tuple[StagedResource, ...]
    """Those that are deployed, with ids and names in full."""
    needs: tuple[tuple[int, ...], ...]
    expansion: Expansion | None
    """What all of it leads to; None for a nested deployment, whose template was looked at with the whole."""

    @property
    def id(self) -> str:
        return self.place.deployment(self.name)


def prepare(
    box: Box,
    place: Place,
    name: str,
    text: bytes,
    principal: Principal,
    *,
    tracking: str = "",
    seed: str = "",
) -> Prepared:
    """Reads and checks a request to deploy. `tracking` is the deployment on whose behalf it comes.

    Raises `Refusal` with Azure's code: InvalidRequestContent, InvalidDeployment, InvalidTemplate,
    InvalidTemplateDeployment, KeyVaultParameterReferenceNotFound, InvalidContentLink, …
    """
    place = require(box, place)
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise Refusal(
            400,
            "InvalidDeploymentName",
            f"The deployment name '{name}' is invalid. It has at most {MAX_NAME} characters: letters, digits, "
            "'-', '.', '_' and parentheses.",
        )
    text = as_strict(text)
    body = _read(text)
    check_members(body, shapes.DEPLOYMENT)
    location = _location(place, name, body)
    written: Body = get(body, "properties") or {}
    mode = "Complete" if same(str(get(written, "mode")), "Complete") else "Incremental"
    if mode == "Complete" and place.kind != "resourceGroup":
        # not recorded; documented for "Azure Resource Manager deployment modes"
        raise Refusal(
            400, "InvalidDeployment", f"Complete mode is not supported for '{name}' at {place.kind} scope."
        )
    document, body = _with_template(box, text, body)
    written = get(body, "properties") or {}
    template = get(written, "template")
    if not isinstance(template, dict):
        raise _invalid("the template must be a JSON object.")
    _check_schema(place, template)
    parameters = _parameters(box, get(written, "parameters"), template)
    context = context_of(box, place, name, location, seed or name)
    expansion = None if tracking else _expanded(document, parameters, context)
    try:
        found = stage(document, parameters=parameters, context=context, pointer=TEMPLATE_POINTER)
    except InvalidInput as fault:
        raise _template_refusal(fault.diagnostics) from fault
    _refuse_warnings(found.diagnostics)
    answers = Answers(box, context, found.secrets, principal, starting=True)
    resources, needs = _started(found, answers)
    prepared = Prepared(
        place,
        name,
        location,
        mode,
        template,
        {key: value for key, value in written.items() if fold(key) not in ("template", "parameters")},
        get(body, "tags"),
        found,
        context,
        replace(answers, starting=False),
        resources,
        needs,
        expansion,
    )
    if expansion is not None:
        _review(box, prepared, expansion, principal)
    return prepared


def _read(text: bytes) -> Body:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as fault:
        raise Refusal(
            400,
            "InvalidRequestContent",
            f"The request content was invalid and could not be deserialized: '{fault}'.",
        ) from fault
    if not isinstance(body, dict):
        raise Refusal(400, "InvalidRequestContent", "The request content must be a JSON object.")
    return body


def _location(place: Place, name: str, body: Body) -> str:
    location = get(body, "location")
    if place.kind == "resourceGroup":
        if location:
            message = f"The 'location' property is not allowed for '{name}' at resource group scope. {_USAGE}"
            raise Refusal(400, "InvalidDeployment", message)
        return ""
    if not isinstance(location, str) or not location:
        message = f"The 'location' property must be specified for '{name}'. {_USAGE}"
        raise Refusal(400, "InvalidDeployment", message)
    return normal_location(location)


def check_slot(box: Box, prepared: Prepared) -> None:
    """Whether there may be a deployment of this name now. Raises `Refusal`."""
    id, name = prepared.id, prepared.name
    existing = box.store.get(id)
    if existing is None:
        kept = sum(1 for one in box.store.of_type(DEPLOYMENT, f"{prepared.place.id}/providers/{DEPLOYMENT}"))
        if kept >= MAX_HISTORY:
            raise Refusal(
                409,
                "DeploymentQuotaExceeded",
                f"Creating the deployment '{name}' would exceed the quota of '{MAX_HISTORY}'. The current "
                f"deployment count is '{kept}', please delete some deployments before creating a new one. Please "
                "see https://aka.ms/arm-deploy for usage details.",
            )
        return
    if box.running(existing.id):
        raise Refusal(
            409,
            "DeploymentActive",
            f"The deployment with resource id '{existing.id}' cannot be saved, because this would overwrite an "
            "existing deployment which is still active. Please see https://aka.ms/arm-deploy for usage details.",
        )
    before = str(existing.body.get("location", ""))
    if prepared.location and before and not same_location(before, prepared.location):
        raise Refusal(
            409,
            "InvalidDeploymentLocation",
            f"Invalid deployment location '{prepared.location}'. The deployment '{name}' already exists in "
            f"location '{before}'.",
        )


def _check_numbers(value: Json) -> None:
    """Refuses a whole number of more than 64 bits, in the words of Azure's reader: nothing behind it can hold one."""
    match value:
        case bool():
            return
        case int() if not -(2**63) <= value < 2**63:
            raise Refusal(
                400,
                "InvalidRequestContent",
                "The request content was invalid and could not be deserialized: 'JSON integer "
                f"{str(value)[:40]} is too large or small for an Int64.'.",
            )
        case list():
            for item in value:
                _check_numbers(item)
        case dict():
            for item in value.values():
                _check_numbers(item)


def _with_template(box: Box, text: bytes, body: Body) -> tuple[Document, Body]:
    """The request with the template in it, wherever it comes from."""
    properties: Body = dict(get(body, "properties") or {})
    link = get(properties, "templateLink")
    parameters_link = get(properties, "parametersLink")
    if isinstance(parameters_link, dict):
        raise _unreachable(str(get(parameters_link, "uri", "")))
    given = [name for name in ("template", "templateLink") if get(properties, name) is not None]
    if len(given) != 1:
        raise Refusal(
            400,
            "InvalidTemplate",
            "Deployment template validation failed: 'Exactly one of the properties 'template' and 'templateLink' "
            "must be specified.'.",
        )
    if isinstance(link, dict):
        properties["template"] = _linked(box, link)
        body = {**body, "properties": properties}
        text = orjson.dumps(body)
    try:
        document = parse(text, "request.json")
        _check_numbers(document.value)
        return document, body
    except InvalidInput as fault:
        first = fault.diagnostics[0]
        raise Refusal(
            400,
            "InvalidRequestContent",
            f"The request content was invalid and could not be deserialized: '{first.message}'.",
        ) from fault


def _linked(box: Box, link: Body) -> Json:
    spec = get(link, "id")
    if not isinstance(spec, str) or not spec:
        raise _unreachable(str(get(link, "uri") or get(link, "relativePath") or ""))
    found = box.store.get(spec)
    if found is None:
        # documented for the page "Azure Resource Manager template specs"
        raise Refusal(
            404,
            "TemplateSpecVersionNotFound",
            f"The template spec version '{spec}' could not be found.",
        )
    return get(get(found.body, "properties") or {}, "mainTemplate")


def _unreachable(uri: str) -> Refusal:
    return Refusal(
        400,
        "InvalidContentLink",
        f"Unable to download deployment content from '{uri}'. The sandbox reaches no network. Please see "
        "https://aka.ms/arm-deploy for usage details.",
    )


def _check_schema(place: Place, template: Body) -> None:
    """The `$schema` must be one of the scope; a template without resources passes everywhere (as recorded)."""
    written = str(get(template, "$schema", ""))
    last = fold(written.rstrip("#").rpartition("/")[2])
    if last not in _SCHEMA_SCOPES:
        raise _invalid(
            f"Template schema '{written}' is not supported. Supported versions are "
            "'2014-04-01-preview,2015-01-01,2018-05-01,2019-04-01,2019-08-01'. Please see "
            "https://aka.ms/arm-template for usage details."
        )
    if _SCHEMA_SCOPES[last] != place.kind and get(template, "resources"):
        wanted = next(name for name, scope in _SCHEMA_SCOPES.items() if scope == place.kind)
        # the code is Azure's, the words are not recorded
        raise _invalid(
            f"The template schema '{written}' is not supported for a deployment at {place.kind} scope. Use a "
            f"schema that ends in '{wanted}#'. Please see https://aka.ms/arm-template for usage details."
        )


# --- parameters


def _parameters(box: Box, written: Json, template: Body) -> dict[str, Json]:
    """The values that were sent, references to key vaults resolved; checked against what the template declares."""
    if written is None:
        written = {}
    if isinstance(written, dict) and isinstance(get(written, "parameters"), dict) and "$schema" in written:
        written = get(written, "parameters")
    check_members(written, shapes.PARAMETERS, "properties.parameters")
    given: Mapping[str, Any] = written if isinstance(written, dict) else {}
    declared = get(template, "parameters")
    known: Mapping[str, Any] = declared if isinstance(declared, dict) else {}
    strange = [name for name in given if key_of(known, name) is None]
    if strange:
        raise _invalid(
            f"The template parameters '{', '.join(strange)}' in the parameters file are not valid; they are not "
            "present in the original template and can therefore not be provided at deployment time. The only "
            f"supported parameters for this template are '{', '.join(known)}'. Please see "
            "https://aka.ms/arm-pass-parameter-values for usage details."
        )
    found: dict[str, Json] = {}
    for name, value in given.items():
        if not isinstance(value, dict):
            continue
        reference = get(value, "reference")
        if isinstance(reference, dict):
            found[name] = vault_secret(box, reference)
        elif key_of(value, "value") is not None:
            found[name] = get(value, "value")
    return found


def vault_secret(box: Box, reference: Body) -> str:
    """The secret that a parameter refers to, made up. Raises `Refusal` where vault or secret are missing."""
    vault = str(get(get(reference, "keyVault") or {}, "id", ""))
    found = box.sees(vault)
    if found is None:
        raise Refusal(
            400,
            "KeyVaultParameterReferenceNotFound",
            f"The specified KeyVault '{vault}' could not be found. Please see https://aka.ms/arm-keyvault for "
            "usage details.",
        )
    properties = get(found.body, "properties") or {}
    if get(properties, "enabledForTemplateDeployment") is False:
        raise Refusal(
            400,
            "KeyVaultParameterReferenceAuthorizationFailed",
            f"The vault '{vault}' is not enabled for template deployment. Please see "
            "https://aka.ms/arm-keyvault for usage details.",
        )
    name = str(get(reference, "secretName", ""))
    if box.store.get(f"{vault}/secrets/{name}") is None:
        raise Refusal(
            400,
            "KeyVaultParameterReferenceSecretRetrieveFailed",
            f"The secret of KeyVault parameter '{name}' cannot be retrieved. Http status code: 'NotFound'. Error "
            f"message: 'A secret with (name/id) {name} was not found in this key vault.'. Please see "
            "https://aka.ms/arm-keyvault for usage details.",
        )
    return invented.secret(vault, name)


# --- the template


def _expanded(document: Document, parameters: Mapping[str, Json], context: DeploymentContext) -> Expansion:
    try:
        found = expand(
            document, parameters=parameters, context=context, strict=True, pointer=TEMPLATE_POINTER
        )
    except InvalidInput as fault:
        raise _template_refusal(fault.diagnostics) from fault
    _refuse_warnings(found.diagnostics)
    return found


def _refuse_warnings(found: Sequence[Diagnostic]) -> None:
    refused = [one for one in found if one.code in _REFUSED]
    if refused:
        raise _template_refusal(refused)


def _template_refusal(found: Sequence[Diagnostic]) -> Refusal:
    """`InvalidTemplate` for the first fault, with the place of each as Azure gives it."""
    message = found[0].message
    position = found[0].position
    where = f"at line '{position.line}' and column '{position.column}'"
    for pattern, words in _WORDS:
        told = pattern.fullmatch(message)
        if told is not None:
            message = words.format(told[1], where)
            break
    violations: list[Body] = [
        {
            "type": "TemplateViolation",
            "info": {
                "lineNumber": one.position.line,
                "linePosition": one.position.column,
                "path": one.position.pointer.strip("/").replace("/", "."),
            },
        }
        for one in found
    ]
    return _invalid(message.replace("`", "'"), violations)


def _invalid(message: str, additional: list[Body] | None = None) -> Refusal:
    text = message if message.endswith(".") else f"{message}."
    return Refusal(
        400,
        "InvalidTemplate",
        f"Deployment template validation failed: '{text}'.",
        additional_info=additional or (),
    )


def _started(
    found: Stage, answers: Answers
) -> tuple[tuple[StagedResource, ...], tuple[tuple[int, ...], ...]]:
    """The resources whose conditions hold, with what must be known when a deployment starts."""
    kept: list[StagedResource] = []
    position: dict[int, int] = {}
    for index, resource in enumerate(found.resources):
        try:
            if resource.condition is not True and answers.plain(resource.condition, secrets=True) is not True:
                continue
            name, id = answers.text(resource.name), answers.text(resource.id)
        except (ExpressionError, ExpressionSyntaxError) as fault:
            raise _invalid(
                f"The template resource '{resource.name}' of type '{resource.type}' is not valid: {fault.message}"
            ) from fault
        version = resource.api_version
        if not version:
            raise _invalid(
                f"The template resource '{name}' of type '{resource.type}' is invalid: it has no 'apiVersion'. "
                "Please see https://aka.ms/arm-syntax-resources for usage details."
            )
        position[index] = len(kept)
        kept.append(replace(resource, id=id, name=name, condition=True))
    needs = tuple(
        tuple(position[other] for other in found.resources[index].needs if other in position)
        for index in position
    )
    return tuple(kept), needs


# --- policies


def _review(box: Box, prepared: Prepared, expansion: Expansion, principal: Principal) -> None:
    """Azure asks its policies before it deploys: all refusals in one `InvalidTemplateDeployment`."""
    refused: list[Body] = []
    for resource in _reviewable(expansion):
        body: Body = {
            key: value for key, value in resource.body.items() if key not in ("apiVersion", "scope")
        }
        draft = gate.Draft(
            resource.id,
            resource.type,
            body,
            resource.api_version,
            principal,
            prepared.id,
            box.store.get(resource.id),
            "write",
        )
        try:
            gate.review(box, draft)
        except Refusal as refusal:
            refused.append({"target": resource.name, **refusal.error()})
    if refused:
        raise invalid_deployment(refused)


def invalid_deployment(details: list[Body]) -> Refusal:
    """What policies have against a deployment."""
    text = (
        "The template deployment failed because of policy violation. Please see details for more information."
        if len(details) == 1
        else "The template deployment failed with multiple errors. Please see details for more information."
    )
    return Refusal(400, "InvalidTemplateDeployment", text, details=details)


def _reviewable(expansion: Expansion) -> Iterator[Resource]:
    """Resources that are known in full; the others are judged when they are made."""
    for resource in expansion.resources:
        namespace = fold(resource.type.partition("/")[0])
        if namespace == "microsoft.resources" and not same(
            resource.type, "Microsoft.Resources/resourceGroups"
        ):
            continue
        if resource.id.startswith("/") and not has_unknown(dict(resource.body)):
            yield resource


def template_hash(template: Json) -> str:
    """A number for a template, the same for the same content."""
    digest = hashlib.sha256(orjson.dumps(template, option=orjson.OPT_SORT_KEYS)).digest()
    return str(int.from_bytes(digest[:8], "big"))


def shown_value(value: Any) -> Json:
    """A value of an expansion as JSON, expressions in brackets."""
    return as_json(value)
