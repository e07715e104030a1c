"""From assignment files to targets: a blueprint, resolved and rendered, for each scope."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from blueprinter.azure import ArmClient
from blueprinter.blueprint import (
    Assignment,
    Blueprint,
    Framework,
    Registers,
    load_assignment,
    load_registers,
    resolve,
)
from blueprinter.casing import fold, same
from blueprinter.cli.inputs import moment
from blueprinter.cli.rendering import adopted_of, sources_of
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.deploy import Environment, Target, check_published, in_environment
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error
from blueprinter.document import load
from blueprinter.render import RenderOptions, deployments_of, render

PUBLISHED = Path("published")
_Command = TypeVar("_Command", bound=Callable[..., Any])
_GROUPS_API = "2020-05-01"


@dataclass(frozen=True, slots=True)
class Wish:
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
    """Only the subscriptions of this ring."""


def rendering_options(command: _Command) -> _Command:
    """`--split`, `--allow-plain-secret`, `--registers`, `--ring`, `--now`: what `plan` and `assign` must agree on."""
    for option in (
        click.option("--now", callback=moment, metavar="TIME", help="The time that counts, ISO 8601."),
        click.option("--ring", default="", metavar="NAME", help="Only the subscriptions of this ring."),
        click.option(
            "--registers", type=click.Path(path_type=Path, file_okay=False), help="Folder of registers."
        ),
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

    Asks Azure only for the subscriptions of a management group. Raises `InvalidInput` with the faults of all files.
    """
    found: list[Target] = []
    faults: list[Diagnostic] = []
    remarks: list[Diagnostic] = []
    for file in wish.files:
        try:
            assignment = in_environment(load_assignment(load(file)), wish.environment)
            blueprint, around = blueprint_of(assignment, file, workspace)
            remarks += [*assignment.diagnostics, *blueprint.diagnostics]
            placed = _placed(wish, assignment, blueprint, arm)
            placed = _in_ring(placed, wish.ring) if wish.ring else placed
            found += _targets(wish, placed, blueprint, around)
        except InvalidInput as invalid:
            faults.extend(invalid.diagnostics)
    if faults:
        raise InvalidInput(faults)
    return found, remarks


def blueprint_of(assignment: Assignment, file: Path, workspace: Workspace) -> tuple[Blueprint, Workspace]:
    """The blueprint that an assignment names, and what it is read with: a published version with its own policies."""
    name = assignment.blueprint
    if not name:
        raise InvalidInput(
            [error("BP622", "which blueprint?", Position(str(file)), "name it as `blueprint`")]
        )
    if assignment.version:
        folder = workspace.base / PUBLISHED / name.rpartition("/")[2] / assignment.version
        if folder.is_dir():
            around = open_workspace(folder)
            blueprint = around.blueprint(name.rpartition("/")[2])
            check_published(folder, blueprint, sources_of(around).bodies)
            return blueprint, around
    beside = file.parent / name
    blueprint = workspace.blueprint(str(beside) if "/" in name and beside.is_dir() else name)
    if assignment.version and blueprint.version and not same(assignment.version, blueprint.version):
        where = assignment.document.locate("/version")
        message = f"the assignment wants {assignment.version} of `{name}`, and at hand is {blueprint.version}"
        hint = f"publish it, or keep it as {PUBLISHED}/{name}/{assignment.version}"
        if not assignment.id:  # an exported assignment names a version of the old service
            raise InvalidInput([error("BP656", message, where, hint)])
    return blueprint, workspace


def _in_ring(assignment: Assignment, name: str) -> Assignment:
    """The assignment on the subscriptions of a ring; a ring that names none has those that no other ring names."""
    where = assignment.document.locate("/rings")
    ring = next((one for one in assignment.rings if same(one.name, name)), None)
    if ring is None:
        hint = f"rings: {', '.join(one.name for one in assignment.rings) or 'none'}"
        raise InvalidInput([error("BP270", f"`{assignment.name}` has no ring `{name}`", where, hint)])
    others = {fold(scope) for one in assignment.rings if one is not ring for scope in one.subscriptions}
    listed = {fold(scope) for scope in ring.subscriptions}
    kept = tuple(
        scope
        for scope in assignment.scopes
        if (fold(scope) in listed if listed else fold(scope) not in others)
    )
    if not kept:
        raise InvalidInput(
            [error("BP270", f"the ring `{name}` has no subscription of the assignment", where)]
        )
    return replace(assignment, scopes=kept)


def _placed(wish: Wish, assignment: Assignment, blueprint: Blueprint, arm: ArmClient) -> Assignment:
    """The assignment on the subscriptions that are meant."""
    if wish.subscriptions:
        scopes = tuple(one if one.startswith("/") else f"/subscriptions/{one}" for one in wish.subscriptions)
        return replace(assignment, scopes=scopes)
    group = wish.management_group
    if group:
        full = group if group.startswith("/") else f"/providers/Microsoft.Management/managementGroups/{group}"
        return replace(assignment, scopes=tuple(subscriptions_of(arm, full)), management_group=full)
    per_subscription = blueprint.resource_groups or any(one.kind == "template" for one in blueprint.artifacts)
    if assignment.management_group and not assignment.scopes and per_subscription:
        # resource groups and templates are of a subscription: each present one gets them, new ones with the next run
        return replace(assignment, scopes=tuple(subscriptions_of(arm, assignment.management_group)))
    return assignment


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
            resolved = resolve(
                blueprint,
                definitions=workspace.definitions,
                sets=workspace.sets,
                assignment=one,
                builtin_facts=workspace.facts,
                cloud=wish.cloud,
            )
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
