"""From a resolved blueprint to templates: one for each deployment scope, in blueprint order."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.arm import Call, Literal, Node, literal
from blueprinter.blueprint import Artifact, Assignment, ResolvedBlueprint
from blueprinter.casing import fold, get, key_of
from blueprinter.diagnostics import InvalidInput, error
from blueprinter.document import Json, child, value_at
from blueprinter.render.assignments import (
    Place,
    RoleShelf,
    assignment_name,
    controls_piece,
    named_definition,
    policy_piece,
)
from blueprinter.render.content_hash import content_hash
from blueprinter.render.definitions import custom_definitions, definition_kind, definition_resources
from blueprinter.render.expressions import Outputs, Translator
from blueprinter.render.faults import Faults
from blueprinter.render.groups import Placed, group_piece, placed_groups
from blueprinter.render.limits import check_limits
from blueprinter.render.model import Job, Mark, Rendered, RenderOptions, ScopeKind, Template
from blueprinter.render.naming import (
    definition_id,
    definition_name,
    digest,
    guid,
    hashed_definition,
    nested_name,
    parameter_name,
    role_guid,
    set_name,
)
from blueprinter.render.order import Stages, connect
from blueprinter.render.pieces import (
    ASSIGNMENTS,
    DEFINITIONS,
    ROLES,
    SCHEMAS,
    SETS,
    Body,
    Granted,
    Piece,
    bracketed,
    let_wait,
    resource_id,
    template,
)
from blueprinter.render.roles import first_principal, role_piece
from blueprinter.render.stack import check_locks, stack_settings
from blueprinter.render.targets import TARGETS
from blueprinter.render.templates import template_piece

_DEPLOYMENT_NAME = 64
_KEPT_BOUNDS = ("minValue", "maxValue", "minLength", "maxLength")


def deployments_of(assignment: Assignment) -> tuple[Assignment, ...]:
    """An assignment as one for each scope that gets a deployment: a subscription, or a management group as a whole."""
    if len(assignment.scopes) < 2:
        return (assignment,)
    return tuple(replace(assignment, scopes=(scope,)) for scope in assignment.scopes)


def render(resolved: ResolvedBlueprint, assignment: Assignment, options: RenderOptions) -> Rendered:
    """The templates, and the files of a target, of a blueprint on one scope.

    `resolved` must have been resolved with this very assignment. Raises `InvalidInput` with every fault, each with
    the place in the blueprint or assignment that causes it.
    """
    job = _job(resolved, assignment, options)
    faults = Faults()
    rendering = _Rendering(job, faults, placed_groups(job, faults))
    templates = rendering.run()
    faults.finish()
    for one in templates:
        check_limits(one, assignment.document.locate(""), faults)
    warnings = faults.finish()
    target = TARGETS.get(options.target)
    if target is None:
        raise ValueError(f"no target `{options.target}`")
    return Rendered(templates, target.write(templates), warnings, job.mark)


def _job(resolved: ResolvedBlueprint, assignment: Assignment, options: RenderOptions) -> Job:
    where = assignment.document.locate("")
    wrong = []
    scope = assignment.scopes[0] if assignment.scopes else assignment.management_group
    if not scope:
        hint = "`scope: /subscriptions/…`, or a `managementGroup`; or name one with `--subscription`"
        wrong.append(error("BP622", "the assignment has no scope", where, hint))
    if len(assignment.scopes) > 1:
        hint = "each subscription is a deployment of its own"
        wrong.append(error("BP622", f"{len(assignment.scopes)} scopes at once", where, hint))
    if not assignment.location:
        hint = "where deployments and identities are kept, such as `location: westeurope`"
        wrong.append(error("BP622", "the assignment has no location", where, hint))
    if wrong:
        raise InvalidInput(wrong)
    blueprint = resolved.blueprint
    mark = Mark(
        blueprint.name,
        blueprint.version or assignment.version,
        content_hash(blueprint, options.sources.bodies),
        assignment.name,
    )
    kind = ScopeKind.SUBSCRIPTION if assignment.scopes else ScopeKind.MANAGEMENT_GROUP
    return Job(resolved, assignment, options, scope, kind, mark)


class _Rendering(Struct):
    """The work on one scope."""

    job: Job
    faults: Faults
    groups: Mapping[str, Placed]
    stages: Stages = field(default_factory=Stages)
    granted: Granted = field(default_factory=Granted)
    asked: dict[str, None] = field(default_factory=dict)
    shelf: RoleShelf | None = None

    def run(self) -> tuple[Template, ...]:
        job = self.job
        if job.options.split_roles:
            self.shelf = RoleShelf([], {})
        controls = controls_piece(job, self._enforced(), self.shelf, self.granted, self.faults)
        if controls is not None:
            self.stages.add(controls, "", self._name)
            self.asked.update(dict.fromkeys(name for name, _ in self._controls_parameters()))
        originals = {artifact.name: artifact for artifact in job.resolved.blueprint.artifacts}
        for evaluated in job.resolved.artifacts:
            self._artifact(originals[evaluated.name], evaluated)
        for placeholder in sorted(self.groups, key=lambda one: (fold(one), one)):
            self._group(placeholder)
        connect(self.stages, self._name, self._group_name)
        definitions = definition_resources(job)
        resources = [resource for piece in self.stages.pieces() for resource in piece.resources]
        if job.one_file:
            self._wait_for_definitions()
            resources = [*definitions, *resources]
        check_locks(job, [piece.name for piece in self.stages.pieces() if _acts(piece)], self.faults)
        found: list[Template] = []
        if definitions and not job.one_file:
            kind = definition_kind(job)
            found.append(self._template("definitions", kind, job.definition_scope, definitions, {}, {}))
        outputs: Body = {}
        if self.shelf is not None:
            outputs = {"principals": {"type": "object", "value": dict(self.shelf.principals)}}
        declared = self._parameters()
        found.append(
            self._template(
                "assignment", job.kind, job.scope, resources, declared, self._given(declared), outputs
            )
        )
        if self.shelf is not None and self.shelf.resources:
            principals: Body = {"principals": {"type": "object"}} if self.shelf.principals else {}
            found.append(
                self._template(
                    "roles",
                    job.kind,
                    job.scope,
                    self.shelf.resources,
                    {**declared, **principals},
                    self._given(declared),
                )
            )
        return tuple(found)

    # --- pieces ---------------------------------------------------------------------------------------------------

    def _artifact(self, artifact: Artifact, evaluated: Artifact) -> None:
        placeholder = self._placeholder(artifact)
        if artifact.resource_group and placeholder is None:
            return  # its group is among the faults
        if placeholder is not None:
            self._group(placeholder)
        translator = self._translator(placeholder or "")
        place = self._place(artifact, translator)
        if artifact.kind == "policyAssignment":
            piece = policy_piece(
                self.job,
                artifact,
                evaluated,
                place,
                translator,
                self.shelf,
                self.granted,
                self._enforced(),
                self.faults,
            )
        elif artifact.kind == "roleAssignment":
            piece = role_piece(
                self.job, artifact, evaluated, place, translator, self.shelf, self.granted, self.faults
            )
        else:
            piece = template_piece(self.job, artifact, place, translator, self.faults)
        self._check_split(artifact, piece)
        for name in piece.after:
            self._needed_group(name)
        self.stages.add(piece, placeholder or "", self._name)

    def _group(self, placeholder: str) -> None:
        """Adds a resource group once; two placeholders of one name are one group."""
        name = self._group_name(placeholder)
        if not any(piece.name == name for piece in self.stages.pieces()):
            piece = group_piece(self.job, self._same(placeholder), self._translator(""), self.faults)
            piece.name = name
            for needed in piece.after:
                self._needed_group(needed)
            self.stages.add(piece, "", self._name)

    def _needed_group(self, name: str) -> None:
        """Adds the resource group that `dependsOn` names before what names it: no artifact brings an empty one in."""
        placeholder = key_of(self.groups, name)
        if placeholder is not None and self._name(name) == self._group_name(placeholder):
            self._group(placeholder)

    def _translator(self, placeholder: str) -> Translator:
        return Translator(self.job, self._outputs, placeholder, asked=self.asked)

    def _place(self, artifact: Artifact, translator: Translator) -> Place:
        placeholder = self._placeholder(artifact)
        if placeholder is None:
            return Place(self.job.scope)
        name = self.groups[placeholder].name
        node: Node = Literal(name)
        with self.faults.translating(artifact.document.locate("/properties/resourceGroup")):
            node = translator.at_start().group_node(placeholder, "name")
        return Place(f"{self.job.scope}/resourceGroups/{name}", node, name)

    def _placeholder(self, artifact: Artifact) -> str | None:
        return key_of(self.groups, artifact.resource_group) if artifact.resource_group else None

    def _same(self, placeholder: str) -> str:
        placed = self.groups.get(placeholder)
        return placed.same_as if placed is not None and placed.same_as else placeholder

    def _group_name(self, placeholder: str) -> str:
        """The name of the piece that is a resource group; no artifact has a colon in its name."""
        return f"resourceGroup:{self._same(placeholder)}"

    def _name(self, name: str) -> str:
        """The name of the piece that `dependsOn` or `artifacts()` calls by some name; itself where none is."""
        for artifact in self.job.resolved.blueprint.artifacts:
            if fold(artifact.name) == fold(name):
                return artifact.name
        for artifact in self.job.resolved.blueprint.artifacts:
            if any(fold(alias) == fold(name) for alias in artifact.aliases):
                return artifact.name
        placeholder = key_of(self.groups, name)
        return self._group_name(placeholder) if placeholder is not None else name

    def _outputs(self, name: str) -> tuple[str, Outputs] | None:
        """What `artifacts('name').outputs` gives."""
        own = self._name(name)
        job = self.job
        artifact = next((one for one in job.resolved.blueprint.artifacts if one.name == own), None)
        if artifact is None:
            return None
        evaluated = next(one for one in job.resolved.artifacts if one.name == own)
        placeholder = self._placeholder(artifact)
        scope = job.scope
        if placeholder is not None:
            scope = f"{scope}/resourceGroups/{self.groups[placeholder].name}"
        if artifact.kind == "template":
            return own, Outputs(deployment=nested_name(job, artifact.name, scope))
        if artifact.kind == "policyAssignment":
            named = named_definition(artifact)
            called = assignment_name(job, artifact.name, hashed_definition(job, named), Place(scope))
            return own, Outputs(
                known={
                    "policyAssignmentId": Literal(f"{scope}/providers/{ASSIGNMENTS}/{called}"),
                    "policyAssignmentName": Literal(called),
                    "policyDefinitionId": Literal(definition_id(job, named)),
                }
            )
        return own, Outputs(known=self._role_outputs(evaluated, scope))

    def _role_outputs(self, evaluated: Artifact, scope: str) -> dict[str, Node]:
        role = str(evaluated.properties.get("roleDefinitionId", ""))
        found: dict[str, Node] = {
            "roleDefinitionId": Call(
                "subscriptionResourceId",
                (Literal("Microsoft.Authorization/roleDefinitions"), Literal(role_guid(role))),
            )
        }
        principal = first_principal(evaluated)
        if principal is not None and isinstance(principal, Literal):
            name = guid(fold(scope), role_guid(role), fold(str(principal.value)))
            found["principalId"] = principal
            found["roleAssignmentId"] = Literal(f"{scope}/providers/{ROLES}/{name}")
        return found

    def _check_split(self, artifact: Artifact, piece: Piece) -> None:
        """With roles in a template of their own, nothing of the first template can wait for one."""
        if self.shelf is None or artifact.kind == "roleAssignment":
            return
        kinds = {one.name: one.kind for one in self.job.resolved.blueprint.artifacts}
        for name in piece.after:
            if kinds.get(self._name(name)) == "roleAssignment":
                where = artifact.document.locate("/properties/dependsOn")
                self.faults.error("BP631", f"`{artifact.name}` waits for the role assignment `{name}`", where)

    def _wait_for_definitions(self) -> None:
        """Assignments wait for the custom definition, or the set, that they assign."""
        job = self.job
        own: dict[str, str] = {}
        for key in custom_definitions(job):
            id = resource_id(job.kind, DEFINITIONS, Literal(definition_name(job, key)))
            own[fold(definition_id(job, key))] = bracketed(id)
        if job.resolved.controls is not None:
            set_id = f"{job.definition_scope}/providers/{SETS}/{set_name(job)}"
            own[fold(set_id)] = bracketed(resource_id(job.kind, SETS, Literal(set_name(job))))
        for piece in self.stages.pieces():
            for resource in piece.resources:
                wanted = own.get(fold(_assigned_definition(resource)))
                if wanted is None:
                    continue
                let_wait(resource, [wanted])

    def _enforced(self) -> bool:
        return self.job.assignment.is_enforced(self.job.scope)

    # --- templates ------------------------------------------------------------------------------------------------

    def _controls_parameters(self) -> tuple[tuple[str, str], ...]:
        controls = self.job.resolved.controls
        return controls.parameters if controls is not None else ()

    def _parameters(self) -> Body:
        """The template's parameters: the blueprint's, without secrets and without those that nothing asks for and
        nobody gives."""
        blueprint, assignment = self.job.resolved.blueprint, self.job.assignment
        found: Body = {}
        translator = self._translator("")
        defaults: dict[str, Json] = {}
        for name, row in blueprint.parameters.items():
            if row.has_default and not row.secure:
                where = blueprint.document.locate(
                    child(child("/properties/parameters", name), "defaultValue")
                )
                with self.faults.translating(where):
                    defaults[name] = translator.at_start().value(row.default)
        for name, row in blueprint.parameters.items():
            pointer = child("/properties/parameters", name)
            given = get(assignment.parameters, name)
            if row.secure:
                continue
            if given is not None and given.reference is not None:
                where = assignment.document.locate("/parameters")
                message = f"the parameter `{name}` is given as a secret and is not secure"
                self.faults.error("BP620", message, where, "make its type secureString in the blueprint")
                continue
            if given is None and not row.has_default:
                if name in self.asked:
                    where = assignment.document.locate("/parameters", key=True)
                    message = f"the parameter `{name}` of `{blueprint.name}` has no value and no default"
                    hint = f"give it one here: `parameters: {{{name}: {{value: …}}}}`"
                    self.faults.error("BP622", message, where, hint)
                continue
            declared: Body = {"type": row.type}
            if name in defaults:
                declared["defaultValue"] = defaults[name]
            if row.allowed:
                declared["allowedValues"] = literal(list(row.allowed))
            declared.update(self._bounds(pointer))
            texts = (
                ("displayName", row.display_name),
                ("description", row.description),
                ("strongType", row.strong_type),
            )
            metadata: Body = {key: literal(text) for key, text in texts if text}
            if metadata:
                declared["metadata"] = metadata
            found[parameter_name(name)] = declared
        return found

    def _bounds(self, pointer: str) -> Body:
        value = value_at(self.job.resolved.blueprint.document.value, pointer)
        held = value if isinstance(value, dict) else {}
        return {key: held[key] for key in _KEPT_BOUNDS if key in held}

    def _given(self, declared: Body) -> Body:
        """The values of the assignment, for the parameter file."""
        found: Body = {}
        for name in self.job.resolved.blueprint.parameters:
            given = get(self.job.assignment.parameters, name)
            if given is not None and given.reference is None and parameter_name(name) in declared:
                found[parameter_name(name)] = given.value
        return found

    def _template(
        self,
        name: str,
        kind: ScopeKind,
        scope: str,
        resources: list[Body],
        parameters: Body,
        values: Body,
        outputs: Body | None = None,
    ) -> Template:
        job = self.job
        metadata: Body = {"blueprinter": job.mark.metadata()}
        body = template(
            SCHEMAS[kind], resources, metadata=metadata, parameters=parameters, outputs=outputs or {}
        )
        location = job.assignment.location
        settings, kept_at = stack_settings(job, locked=name == "assignment", location=location, kind=kind)
        if name == "definitions":
            kept_at = scope
        return Template(
            name=name,
            kind=kind,
            scope=scope,
            location=location,
            deployment=_deployment_name(job, name, kept_above=kept_at != scope),
            body=body,
            parameters=values,
            stack=settings,
            stack_scope=kept_at,
        )


def _deployment_name(job: Job, template: str, *, kept_above: bool) -> str:
    """`kept_above`: the stack is kept at a management group, beside those of other subscriptions."""
    own = job.assignment.name if template == "assignment" else f"{job.assignment.name}-{template}"
    if kept_above:
        own = f"{own}-{digest(job.scope)}"
    return own if len(own) <= _DEPLOYMENT_NAME else f"{own[: _DEPLOYMENT_NAME - 9]}-{digest(own)}"


def _acts(piece: Piece) -> bool:
    """Whether an assignment of a piece has an identity."""
    for resource in piece.resources:
        bodies = [resource]
        properties = resource.get("properties")
        inner = properties.get("template") if isinstance(properties, dict) else None
        listed = inner.get("resources") if isinstance(inner, dict) else None
        bodies += [one for one in (listed if isinstance(listed, list) else []) if isinstance(one, dict)]
        if any(body.get("type") == ASSIGNMENTS and "identity" in body for body in bodies):
            return True
    return False


def _assigned_definition(resource: Body) -> str:
    """The definition that a policy assignment, or the nested deployment of one, assigns."""
    properties = resource.get("properties")
    if not isinstance(properties, dict):
        return ""
    if resource.get("type") == ASSIGNMENTS:
        return str(properties.get("policyDefinitionId", ""))
    inner = properties.get("template")
    listed = inner.get("resources") if isinstance(inner, dict) else None
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and one.get("type") == ASSIGNMENTS:
            return _assigned_definition(one)
    return ""
