"""From the arguments of `evaluate` to a run: the one place where the layers are put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from blueprinter.arm import ExpressionError
from blueprinter.blueprint import (
    Assignment,
    Registers,
    ResolvedBlueprint,
    load_assignment,
    load_registers,
    resolve,
)
from blueprinter.cli.inputs import Destination, Templates, expand_templates, files_of, read_bare_definitions
from blueprinter.cli.workspace import Workspace
from blueprinter.compliance import (
    Estate,
    EvaluateOptions,
    JoinedEstate,
    OfflineSource,
    Recorder,
    Run,
    TemplateEstate,
    evaluate,
    read_inventories,
)
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.document import load
from blueprinter.policy import (
    AssignedPolicy,
    PolicySetDefinition,
    assign_set,
    compile_policies,
    definition_key,
    is_policy_set,
    read_policy_set,
)


@dataclass(frozen=True, slots=True)
class Request:
    """What is judged, by what, and how strictly."""

    now: datetime
    blueprint: str | None = None
    assignment: Path | None = None
    inventories: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    template_parameters: tuple[str, ...] = ()
    destination: Destination = field(default_factory=Destination)
    policies: tuple[str, ...] = ()
    initiatives: tuple[str, ...] = ()
    registers: Path | None = None
    cloud: str = "AzureCloud"
    max_age_days: int = 30
    warn_days: int = 30
    strict_aliases: bool = False
    allow_partial: bool = False
    max_findings: int = 1000
    all_states: bool = False
    jobs: int = 1
    """In how many processes large inventories are judged."""


def run_evaluation(request: Request, workspace: Workspace, recorder: Recorder | None = None) -> Run:
    """Reads every input, judges, and gives the run. Raises `InvalidInput` with the faults of the phase that failed."""
    resolved, assignment = _resolved(request, workspace)
    bare = _bare_policies(request, workspace)
    assigned: tuple[AssignedPolicy, ...] = (*(resolved.policies if resolved else ()), *bare)
    estate = _estate(request)
    registers = _registers(request, workspace, resolved)
    policy_set = compile_policies(
        assigned,
        aliases=workspace.aliases,
        now=request.now.strftime("%Y-%m-%dT%H:%M:%S.0000000Z"),
        strict_aliases=request.strict_aliases,
        all_states=request.all_states,
    )
    options = EvaluateOptions(
        now=request.now,
        warn_days=request.warn_days,
        max_age_days=request.max_age_days,
        allow_partial=request.allow_partial,
        strict_aliases=request.strict_aliases,
        max_findings=request.max_findings,
        template_only=not request.inventories,
        assignment=assignment.name if assignment else "",
    )
    source = OfflineSource(estate, policy_set, jobs=request.jobs)
    return evaluate(resolved, source, estate, registers, options, policies=assigned, recorder=recorder)


def _resolved(request: Request, workspace: Workspace) -> tuple[ResolvedBlueprint | None, Assignment | None]:
    assignment = load_assignment(load(request.assignment)) if request.assignment else None
    name = request.blueprint or (assignment.blueprint if assignment else None)
    if name is None:
        return None, assignment
    blueprint = workspace.blueprint(name)
    return (
        resolve(
            blueprint,
            definitions=workspace.definitions,
            sets=workspace.sets,
            assignment=assignment,
            builtin_facts=workspace.facts,
            cloud=request.cloud,
        ),
        assignment,
    )


def _bare_policies(request: Request, workspace: Workspace) -> tuple[AssignedPolicy, ...]:
    found = [AssignedPolicy(definition) for definition in read_bare_definitions(request.policies)]
    for name in request.initiatives:
        policy_set = _initiative(name, workspace)
        try:
            members, missing = assign_set(policy_set, workspace.definitions, {})
        except ExpressionError as wrong:
            message = f"the initiative `{policy_set.display_name}`: {wrong.message}"
            raise InvalidInput([error("BP192", message, Position(name))]) from wrong
        if not members:
            hint = "import the built-in definitions: `blueprinter catalog import FOLDER`"
            message = f"none of the {len(missing)} members of `{policy_set.display_name}` is known here"
            raise InvalidInput([error("BP192", message, Position(name), hint)])
        found.extend(members)
    return tuple(found)


def _initiative(name: str, workspace: Workspace) -> PolicySetDefinition:
    path = Path(name)
    if path.is_file():
        document = load(path)
        if not is_policy_set(document.value):
            raise InvalidInput([error("BP192", "the file holds no initiative", Position(name))])
        return read_policy_set(document)
    found = workspace.sets.get(definition_key(name))
    if found is None:
        hint = "name a file, or import the built-in definitions: `blueprinter catalog import FOLDER`"
        raise InvalidInput(
            [error("BP192", f"the initiative `{name}` is not known here", Position(name), hint)]
        )
    return found


def _estate(request: Request) -> Estate:
    parts: list[Estate] = []
    if request.inventories:
        paths = _inventory_paths(request.inventories)
        parts.append(read_inventories(paths, now=request.now, max_age_days=request.max_age_days))
    if request.templates:
        templates: Templates = expand_templates(
            request.templates, request.template_parameters, request.destination, request.now
        )
        parts.append(TemplateEstate(templates.expanded, failed=templates.failed, cloud=request.cloud))
    return parts[0] if len(parts) == 1 else JoinedEstate(parts)


def _inventory_paths(patterns: Sequence[str]) -> tuple[Path, ...]:
    """Files and folders go to the reader as they are; manifests that a glob matches are no inventories."""
    paths: list[Path] = []
    for pattern in patterns:
        path = Path(pattern)
        matches = (path,) if path.exists() else files_of([pattern])
        paths.extend(match for match in matches if not match.name.endswith(".manifest.json"))
    return tuple(paths)


def _registers(request: Request, workspace: Workspace, resolved: ResolvedBlueprint | None) -> Registers:
    """The registers named, else those of the repository, else none."""
    framework = resolved.framework if resolved else None
    if request.registers is not None:
        if not request.registers.is_dir():
            where = Position(str(request.registers))
            raise InvalidInput([error("BP101", "the folder of registers does not exist", where)])
        return load_registers(request.registers, framework=framework, now=request.now)
    folder = workspace.base / "registers"
    if resolved is None or not folder.is_dir():
        return Registers()
    return load_registers(folder, framework=framework, now=request.now)
