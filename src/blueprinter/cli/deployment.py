"""From assignment files to targets: a blueprint, resolved and rendered, for each scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from blueprinter.azure import ArmClient
from blueprinter.blueprint import (
    Assignment,
    Blueprint,
    Framework,
    Registers,
    load_assignment,
    load_registers,
)
from blueprinter.cli.environment import history_option, registers_option
from blueprinter.cli.excluding import named, present
from blueprinter.cli.inputs import moment
from blueprinter.cli.rendering import adopted_of, sources_of
from blueprinter.cli.rings import Rings, RingStatus
from blueprinter.cli.versions import blueprint_of
from blueprinter.cli.workspace import Workspace
from blueprinter.compliance import DEFAULT_FILE
from blueprinter.deploy import Environment, Target, in_environment, membership
from blueprinter.diagnostics import Diagnostic, InvalidInput
from blueprinter.document import load
from blueprinter.render import RenderOptions, deployments_of, render

_Command = TypeVar("_Command", bound=Callable[..., Any])
_GROUPS_API = "2020-05-01"
NOT_LET_IN = 3
"""Exit code where a ring that was asked for is not let in."""


class Wish(Struct, frozen=True):
    """Which assignments, and where they are to be put."""

    files: tuple[Path, ...]
    environment: Environment
    cloud: str
    now: datetime
    subscriptions: tuple[str, ...] = ()
    management_group: str = ""
    split_roles: bool = False
    allow_plain_secret: bool = False
    registers: Path | None = None
    ring: str = ""
    """Only this ring."""
    promotes: bool = False
    """Whether a ring may be entered. Else every scope is in the ring where it is."""
    history: Path = DEFAULT_FILE
    """File of saved runs, by which rings are let in."""


def rendering_options(command: _Command) -> _Command:
    """`--split`, `--allow-plain-secret`, `--registers`, `--ring`, `--history`, `--now`: what `plan` and `assign` must
    agree on."""
    for option in (
        click.option("--now", callback=moment, metavar="TIME", help="The time that counts, ISO 8601."),
        history_option,
        click.option(
            "--ring", default="", metavar="NAME", help="Only this ring; exit code 3 where it is not let in."
        ),
        registers_option,
        click.option(
            "--allow-plain-secret", is_flag=True, help="Hand a secret to a parameter that is not secure."
        ),
        click.option(
            "--split", type=click.Choice(["roles"]), help="All role assignments in a template of their own."
        ),
    ):
        command = option(command)
    return command


def targets_of(wish: Wish, arm: ArmClient, workspace: Workspace) -> tuple[list[Target], list[Diagnostic]]:
    """The targets of some assignments, in the order of the files and scopes, with the remarks of the files.

    Asks Azure only for the subscriptions of a management group, and which have the assignment. Raises `InvalidInput`
    with the faults of all files.
    """
    found: list[Target] = []
    faults: list[Diagnostic] = []
    remarks: list[Diagnostic] = []
    for file in wish.files:
        try:
            assignment = in_environment(load_assignment(load(file)), wish.environment)
            blueprint, around = blueprint_of(assignment, file, workspace, arm)
            remarks += [*assignment.diagnostics, *blueprint.diagnostics]
            placed = _placed(wish, assignment, blueprint, arm)
            if wish.ring or assignment.rings:
                rings = _rings(wish, file, assignment, blueprint, around, arm, workspace)
                targets, told = _in_rings(wish, placed, rings)
                remarks += told
            else:
                targets = _targets(wish, placed, blueprint, around)
            if placed.management_group and placed.scopes and placed.scopes != assignment.scopes:
                inside = subscriptions_of(arm, placed.management_group)
                remarks += membership(arm, placed, tuple(inside), targets)
            found += targets
        except InvalidInput as invalid:
            faults.extend(invalid.diagnostics)
    if faults:
        raise InvalidInput(faults)
    return found, remarks


def rings_of(wish: Wish, arm: ArmClient, workspace: Workspace) -> list[tuple[str, tuple[RingStatus, ...]]]:
    """How the rings of assignments stand: name of the assignment, and its rings where it has some. Only reads."""
    found = []
    for file in wish.files:
        assignment = in_environment(load_assignment(load(file)), wish.environment)
        if assignment.rings:
            blueprint, around = blueprint_of(assignment, file, workspace, arm)
            rings = _rings(wish, file, assignment, blueprint, around, arm, workspace)
            found.append((assignment.name, rings.status()))
    return found


def _rings(
    wish: Wish,
    file: Path,
    assignment: Assignment,
    blueprint: Blueprint,
    around: Workspace,
    arm: ArmClient,
    workspace: Workspace,
) -> Rings:
    """The rings of an assignment, on all of its scopes: options narrow what is deployed, not what a gate looks at."""
    whole = _placed(replace(wish, subscriptions=(), management_group=""), assignment, blueprint, arm)
    return Rings(
        whole,
        lambda one: _targets(wish, one, blueprint, around),
        arm,
        workspace,
        file,
        wish.history,
        wish.now,
        wish.cloud,
        wish.environment,
        wish.registers,
    )


def _in_rings(wish: Wish, placed: Assignment, rings: Rings) -> tuple[list[Target], list[Diagnostic]]:
    """Targets of the rings that are meant."""
    scopes = placed.scopes or (placed.management_group,)
    if wish.ring:
        return rings.entering(wish.ring, scopes)
    return rings.going_on(scopes) if wish.promotes else (rings.present(scopes), [])


def is_refused(remarks: Iterable[Diagnostic], wish: Wish) -> bool:
    """Whether a ring that was asked for is not let in."""
    return bool(wish.ring) and any(one.code == "BP660" for one in remarks)


def _placed(wish: Wish, assignment: Assignment, blueprint: Blueprint, arm: ArmClient) -> Assignment:
    """The assignment on the subscriptions that are meant."""
    if wish.subscriptions:
        scopes = tuple(one if one.startswith("/") else f"/subscriptions/{one}" for one in wish.subscriptions)
        return replace(assignment, scopes=named(scopes, wish.environment, arm))
    group = wish.management_group
    if group:
        full = group if group.startswith("/") else f"/providers/Microsoft.Management/managementGroups/{group}"
        scopes = present(subscriptions_of(arm, full), full, wish.environment, arm)
        return replace(assignment, scopes=scopes, management_group=full)
    per_subscription = blueprint.resource_groups or any(one.kind == "template" for one in blueprint.artifacts)
    if assignment.management_group and not assignment.scopes and per_subscription:
        # resource groups and templates are of a subscription: each present one gets them, new ones with the next run
        whole = assignment.management_group
        scopes = present(subscriptions_of(arm, whole), whole, wish.environment, arm)
        return replace(assignment, scopes=scopes)
    return replace(assignment, scopes=named(assignment.scopes, wish.environment, arm))


def subscriptions_of(arm: ArmClient, group: str) -> Iterator[str]:
    """The subscriptions below a management group, at any depth, by id."""
    rows = arm.items(f"{group}/descendants", _GROUPS_API)
    ids = [
        str(row.get("name", ""))
        for row in rows
        if str(row.get("type", "")).casefold().endswith("/subscriptions")
    ]
    yield from (f"/subscriptions/{id}" for id in sorted(ids))


def _targets(wish: Wish, assignment: Assignment, blueprint: Blueprint, workspace: Workspace) -> list[Target]:
    adopted = adopted_of(assignment, blueprint)
    options = RenderOptions(
        split_roles=wish.split_roles,
        allow_plain_secret=wish.allow_plain_secret,
        sources=sources_of(workspace),
        adopted=adopted,
    )
    found: list[Target] = []
    faults: list[Diagnostic] = []
    for one in deployments_of(assignment):
        try:
            resolved = workspace.resolve(blueprint, one, cloud=wish.cloud)
            registers = _registers(wish, workspace, resolved.framework)
            found.append(
                Target(one, resolved, render(resolved, one, options), options, registers, wish.cloud)
            )
        except InvalidInput as invalid:
            faults.extend(invalid.diagnostics)
    if faults:
        raise InvalidInput(faults)
    return found


def _registers(wish: Wish, workspace: Workspace, framework: Framework | None) -> Registers:
    folder = wish.registers or workspace.base / "registers"
    if not folder.is_dir():
        return Registers()
    return load_registers(folder, framework=framework, now=wish.now)
