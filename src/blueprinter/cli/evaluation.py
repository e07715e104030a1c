"""From the arguments of `evaluate` to a run: the one place where the layers are put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.azure import ArmClient
from blueprinter.blueprint import (
    Assignment,
    Blueprint,
    Registers,
    ResolvedBlueprint,
    load_assignment,
    load_registers,
)
from blueprinter.casing import same
from blueprinter.cli.describing import described
from blueprinter.cli.initiatives import named_initiative, read_initiatives, resolve_initiatives
from blueprinter.cli.inputs import Destination, Templates, expand_templates, files_of, read_bare_definitions
from blueprinter.cli.live_evaluation import (
    Judged,
    Live,
    evaluate_live,
    expected_subscriptions,
    scopes_of,
)
from blueprinter.cli.recording import Recorded, as_recorded
from blueprinter.cli.rendering import adopted_of, as_adopted
from blueprinter.cli.versions import blueprint_of
from blueprinter.cli.workspace import Layered, Workspace
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
    read_scopes,
)
from blueprinter.content import blueprint_names
from blueprinter.deploy import Environment, in_environment
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.document import load
from blueprinter.policy import (
    AssignedPolicy,
    PolicyDefinition,
    PolicySetDefinition,
    compile_policies,
    definition_key,
    utc_text,
)
from blueprinter.text import plural

_DEFINED = (
    "definitions stand under policies/ or in files of --policies; built-ins come from "
    "`blueprinter catalog import FOLDER`"
)


class Request(Struct, frozen=True):
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
    environment: Environment = field(default_factory=Environment)
    """What the assignment is put into."""
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
    recorded: Recorded | None = None
    """A live run that was recorded, instead of Azure."""
    in_force: Callable[[Sequence[AssignedPolicy]], None] = field(default=lambda _: None)
    """Told of the policies that judge, with their parameters."""


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
    bare = read_bare_definitions(request.policies)
    if request.initiatives:
        initiatives = _by_initiatives(request, workspace, bare)
        resolved = initiatives if resolved is None else _beside(resolved, initiatives)
        members = {id(policy.definition) for policy in initiatives.policies}
        bare = tuple(definition for definition in bare if id(definition) not in members)
    assigned = (*(resolved.policies if resolved else ()), *map(AssignedPolicy, bare))
    estate = _estate(request)
    registers = _registers(request, workspace, resolved)
    policy_set = compile_policies(
        assigned,
        aliases=workspace.aliases,
        now=utc_text(request.now),
        strict_aliases=request.strict_aliases,
        all_states=request.all_states,
    )
    request.in_force(assigned)
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


def replaced_by(recorded: Recorded, request: Request) -> Request:
    """A request as it was when its answers were recorded."""
    return replace(
        request,
        recorded=recorded,
        initiatives=recorded.initiatives,
        now=recorded.now,
        clock=lambda: recorded.judged,
        cloud=recorded.cloud,
        max_age_days=recorded.max_age_days,
        allow_partial=recorded.allow_partial,
    )


def resource_ids(request: Request) -> Iterator[str]:
    """The ids of everything in the inventories and templates of a request."""
    return (resource.id for resource in _estate(request).resources())


def run_live(
    request: Request,
    live: Live,
    arm: ArmClient,
    workspace: Workspace,
    recorder: Recorder | None = None,
    observe: Callable[[Finding], None] | None = None,
    artifacts: Callable[[ResolvedBlueprint], Mapping[str, str]] = lambda _: {},
) -> Run:
    """The same over policy states of Azure or a sandbox. `artifacts`: how the template artifacts that controls link
    stand there (`EvaluateOptions.artifacts`). Raises `InvalidInput` and `AzureError`."""
    meant = _meant(request, live, arm, workspace)
    resolved = meant.resolved
    options = EvaluateOptions(
        now=request.now,
        warn_days=request.warn_days,
        max_age_days=request.max_age_days,
        allow_partial=request.allow_partial,
        max_findings=request.max_findings,
        live=True,
        assignment=meant.assignment.name if meant.assignment else "",
        artifacts=artifacts(resolved),
    )
    judged = replace(meant, registers=_registers(request, workspace, resolved), options=options)
    run = evaluate_live(
        judged, live, arm, request.clock, recorder, row_by_row=request.all_states, observe=observe
    )
    return described(run, request, _registers_folder(request, workspace, resolved), live)


def _meant(request: Request, live: Live, arm: ArmClient, workspace: Workspace) -> Judged:
    """What a live run is to judge: an assignment's blueprint, initiatives, or what was recorded."""
    options = EvaluateOptions(now=request.now)
    if request.recorded is not None and request.recorded.blueprint:
        resolved = as_recorded(
            workspace.resolve(
                workspace.blueprint(request.blueprint or request.recorded.blueprint), cloud=request.cloud
            ),
            request.recorded,
            workspace,
        )
        return Judged(resolved, None, Registers(), options, request.cloud, request.in_force)
    if request.assignment is None and request.initiatives:
        scopes = read_scopes(arm, expected_subscriptions(live, None, arm))
        found = read_initiatives(request.initiatives, workspace, arm, scopes.readable, request.cloud)
        return Judged(
            found.resolved,
            None,
            Registers(),
            options,
            request.cloud,
            request.in_force,
            scopes=scopes,
            assignments=found.assignments,
        )
    if request.assignment is None:
        hint = "name the assignment file: `-a assignments/prod.yaml`"
        raise InvalidInput([error("BP279", "which assignments?", Position(""), hint)])
    assignment = in_environment(load_assignment(load(request.assignment)), request.environment)
    placed = replace(assignment, scopes=scopes_of(assignment))
    blueprint, around = _blueprint_of(request, assignment, request.assignment, workspace, arm)
    resolved = around.resolve(blueprint, placed, cloud=request.cloud)
    adopted = adopted_of(placed, blueprint)
    return Judged(
        replace(resolved, policies=as_adopted(resolved.policies, adopted)),
        placed,
        Registers(),
        options,
        request.cloud,
        request.in_force,
        kept=adopted.definitions,
    )


def _blueprint_of(
    request: Request, assignment: Assignment, file: Path, workspace: Workspace, arm: ArmClient | None
) -> tuple[Blueprint, Workspace]:
    """The blueprint named, else the version that the assignment names; and what it is read with."""
    if request.blueprint:
        return workspace.blueprint(request.blueprint), workspace
    return blueprint_of(assignment, file, workspace, arm)


def _resolved(request: Request, workspace: Workspace) -> tuple[ResolvedBlueprint | None, Assignment | None]:
    assignment = _assignment(request)
    if (
        request.assignment is not None
        and assignment is not None
        and (request.blueprint or assignment.blueprint)
    ):
        blueprint, around = _blueprint_of(request, assignment, request.assignment, workspace, None)
    elif request.blueprint:
        blueprint, around = workspace.blueprint(request.blueprint), workspace
    else:
        return None, assignment
    return (
        around.resolve(blueprint, assignment, cloud=request.cloud),
        assignment,
    )


def _assignment(request: Request) -> Assignment | None:
    """The assignment of the file that is named, put into the environment."""
    if request.assignment is None:
        return None
    return in_environment(load_assignment(load(request.assignment)), request.environment)


def _by_initiatives(
    request: Request, workspace: Workspace, bare: Sequence[PolicyDefinition]
) -> ResolvedBlueprint:
    """What the initiatives put into force, and the controls that their groups name; their members are defined by `bare`
    or in the workspace. Raises `InvalidInput`."""
    own = {definition_key(definition.id): definition for definition in reversed(bare)}
    definitions = Layered(own, workspace.definitions)
    sets: dict[str, PolicySetDefinition] = {}
    named = {
        str(Path(name).resolve()) if Path(name).is_file() else name: name for name in request.initiatives
    }
    for name in named.values():
        found = _initiative(name, workspace)
        _check_members(found, definitions, Position(name))
        if sets.setdefault(definition_key(found.id), found) is not found:
            message = f"another initiative is called `{found.name}` too"
            raise InvalidInput([error("BP192", message, Position(name), "give each a `name` of its own")])
    resolved = resolve_initiatives(list(sets.values()), definitions, workspace, request.cloud)
    remarks = (replace(one, hint=_DEFINED) if one.code == "BP265" else one for one in resolved.diagnostics)
    return replace(resolved, diagnostics=tuple(remarks))


def _check_members(
    initiative: PolicySetDefinition, definitions: Mapping[str, PolicyDefinition], where: Position
) -> None:
    """Raises `InvalidInput` for an initiative that nothing can be judged by."""
    named, members = initiative.display_name, initiative.members
    if not members:
        raise InvalidInput([error("BP192", f"the initiative `{named}` has no policy definitions", where)])
    if not any(definition_key(member.definition_id) in definitions for member in members):
        message = f"the initiative `{named}` has {plural(len(members), 'definition')}, and none is known here"
        raise InvalidInput([error("BP192", message, where, _DEFINED)])


def _beside(resolved: ResolvedBlueprint, initiatives: ResolvedBlueprint) -> ResolvedBlueprint:
    """A blueprint with the policies of initiatives that are judged beside it."""
    return replace(
        resolved,
        policies=(*resolved.policies, *initiatives.policies),
        diagnostics=(*resolved.diagnostics, *initiatives.diagnostics),
    )


def _initiative(name: str, workspace: Workspace) -> PolicySetDefinition:
    found = named_initiative(name, workspace)
    if found is None:
        hint = "name a file, or import the built-in definitions: `blueprinter catalog import FOLDER`"
        if maps := _maps_of(name, workspace):
            hint = f"{hint}; {maps[0]} says already which controls Microsoft maps it to"
        raise InvalidInput(
            [error("BP192", f"the initiative `{name}` is not known here", Position(name), hint)]
        )
    return found


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
            request.templates, request.template_parameters, _destination(request), request.now
        )
        parts.append(TemplateEstate(templates.expanded, failed=templates.failed, cloud=request.cloud))
    return parts[0] if len(parts) == 1 else JoinedEstate(parts)


def _destination(request: Request) -> Destination:
    """Where templates are deployed: to what is judged, where an assignment says where its blueprint acts."""
    assignment = _assignment(request)
    if assignment is None or not (request.blueprint or assignment.blueprint):
        return request.destination
    return replace(request.destination, scopes=assignment.scopes)


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
