"""From the arguments of `evaluate` to a run: the one place where the layers are put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from blueprinter.arm import ExpressionError
from blueprinter.azure import ArmClient
from blueprinter.blueprint import (
    Assignment,
    Registers,
    ResolvedBlueprint,
    load_assignment,
    load_registers,
    resolve,
)
from blueprinter.casing import same
from blueprinter.cli.describing import described
from blueprinter.cli.inputs import Destination, Templates, expand_templates, files_of, read_bare_definitions
from blueprinter.cli.live_evaluation import Judged, Live, evaluate_live, scopes_of
from blueprinter.cli.workspace import Workspace
from blueprinter.compliance import (
    Estate,
    EvaluateOptions,
    Finding,
    JoinedEstate,
    OfflineSource,
    Recorder,
    Run,
    TemplateEstate,
    evaluate,
    read_inventories,
)
from blueprinter.content import blueprint_names
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
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    """The time after something was waited for."""


def run_evaluation(
    request: Request,
    workspace: Workspace,
    recorder: Recorder | None = None,
    observe: Callable[[Finding], None] | None = None,
) -> Run:
    """Reads every input, judges, and gives the run; `observe` is told of every state.

    Raises `InvalidInput` with the faults of the phase that failed.
    """
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
    run = evaluate(
        resolved, source, estate, registers, options, policies=assigned, observe=observe, recorder=recorder
    )
    return described(run, request, _registers_folder(request, workspace, resolved))


def run_live(
    request: Request,
    live: Live,
    arm: ArmClient,
    workspace: Workspace,
    recorder: Recorder | None = None,
    observe: Callable[[Finding], None] | None = None,
) -> Run:
    """The same over policy states of Azure or a sandbox. Raises `InvalidInput` and `AzureError`."""
    if request.assignment is None:
        hint = "name the assignment file: `-a assignments/prod.yaml`"
        raise InvalidInput([error("BP279", "which assignments?", Position(""), hint)])
    assignment = load_assignment(load(request.assignment))
    placed = replace(assignment, scopes=scopes_of(assignment))
    resolved = resolve(
        workspace.blueprint(_blueprint_of(request, assignment)),
        definitions=workspace.definitions,
        sets=workspace.sets,
        assignment=placed,
        builtin_facts=workspace.facts,
        cloud=request.cloud,
    )
    options = EvaluateOptions(
        now=request.now,
        warn_days=request.warn_days,
        max_age_days=request.max_age_days,
        allow_partial=request.allow_partial,
        max_findings=request.max_findings,
        live=True,
        assignment=assignment.name,
    )
    judged = Judged(resolved, placed, _registers(request, workspace, resolved), options, request.cloud)
    run = evaluate_live(
        judged, live, arm, request.clock, recorder, row_by_row=request.all_states, observe=observe
    )
    return described(run, request, _registers_folder(request, workspace, resolved), live)


def _blueprint_of(request: Request, assignment: Assignment) -> str:
    """The blueprint named, else the assignment's: a name, or a path from where its file is."""
    if request.blueprint:
        return request.blueprint
    beside = Path(assignment.document.file).parent / assignment.blueprint
    return str(beside) if "/" in assignment.blueprint and beside.is_dir() else assignment.blueprint


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
    found = workspace.sets.get(definition_key(name)) or _called(name, workspace)
    if found is None:
        hint = "name a file, or import the built-in definitions: `blueprinter catalog import FOLDER`"
        if maps := _maps_of(name, workspace):
            hint = f"{hint}; {maps[0]} says already which controls Microsoft maps it to"
        raise InvalidInput(
            [error("BP192", f"the initiative `{name}` is not known here", Position(name), hint)]
        )
    return found


def _called(name: str, workspace: Workspace) -> PolicySetDefinition | None:
    """The initiative with that display name, if there is exactly one."""
    found = [one for one in workspace.sets.values() if same(one.display_name, name)]
    return found[0] if len(found) == 1 else None


def _maps_of(name: str, workspace: Workspace) -> list[str]:
    """Blueprints that assign the built-in initiative of that id or display name."""
    facts = workspace.facts.facts.values()
    keys = {fact.key for fact in facts if fact.initiative and same(fact.display_name, name)} | {
        definition_key(name)
    }
    found = []
    for blueprint, root in blueprint_names(workspace.base):
        try:
            artifacts = workspace.blueprint(str(root)).artifacts
        except InvalidInput:
            continue  # what is wrong with another blueprint is not asked here
        if any(definition_key(str(one.properties.get("policyDefinitionId"))) in keys for one in artifacts):
            found.append(f"`{blueprint}`")
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


def _registers_folder(request: Request, workspace: Workspace, resolved: ResolvedBlueprint | None) -> str:
    """The folder that `_registers` reads, as it would be named; empty for none."""
    if request.registers is not None:
        inside = request.registers.is_relative_to(workspace.base)
        return str(request.registers.relative_to(workspace.base) if inside else request.registers)
    return "registers" if resolved is not None and (workspace.base / "registers").is_dir() else ""
