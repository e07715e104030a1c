"""`blueprinter assign ASSIGNMENT…`."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click

from blueprinter.azure import ArmClient
from blueprinter.cli import Settings
from blueprinter.cli.azure_access import (
    FAILED,
    again,
    azure_options,
    client,
    confirmed,
    failures,
    sleeping,
)
from blueprinter.cli.deployment import NOT_LET_IN, Wish, is_refused, rendering_options, targets_of
from blueprinter.cli.environment import cloud_of, environment_of
from blueprinter.cli.inputs import AssignmentFile
from blueprinter.cli.remarks import say, show_diagnostics
from blueprinter.cli.status_text import left_lines
from blueprinter.cli.workspace import Workspace, open_workspace
from blueprinter.deploy import (
    AssignOptions,
    DeployError,
    Outcome,
    PlanOptions,
    Target,
    assign,
    cancel,
    named,
    plan,
)
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error, in_order
from blueprinter.document import load
from blueprinter.text import plural


@click.command("assign")
@click.argument("assignments", nargs=-1, required=True, type=AssignmentFile(), metavar="ASSIGNMENT...")
@azure_options
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path), help="Do what this plan says, or nothing."
)
@click.option("--no-stack", is_flag=True, help="A plain deployment; locks become locks on resource groups.")
@click.option("--prune", is_flag=True, help="Delete leftovers that carry our mark.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--cancel", "cancelling", is_flag=True, help="Cancel what is under way instead.")
@rendering_options
@click.pass_obj
def command(
    settings: Settings,
    assignments: tuple[Path, ...],
    sandbox: str,
    subscriptions: tuple[str, ...],
    management_group: str,
    plan_file: Path | None,
    no_stack: bool,
    prune: bool,
    yes: bool,
    cancelling: bool,
    split: str | None,
    allow_plain_secret: bool,
    registers: Path | None,
    ring: str,
    history_file: Path,
    now: datetime | None,
) -> int:
    """Put a blueprint on its scopes: everything is there in the end.

    A new version is assigned the same way. Each scope gets a deployment stack that lets go of what a version does not
    contain any more, and never deletes it; --prune deletes what carries our mark. Running again after any failure is
    safe, and changes nothing where everything is in place.

    An assignment with rings goes as far as its gates let it (`promoteWhen`), by the runs that `evaluate --save` kept;
    what is in a ring stays in it. With --ring only that ring is put, and nothing is written (exit code 3) while it is
    not let in.
    """
    found = environment_of(settings)
    workspace = open_workspace(Path.cwd())
    when = now or datetime.now(UTC)
    wish = Wish(
        assignments,
        found,
        cloud_of(settings, found),
        when,
        subscriptions,
        management_group,
        split == "roles",
        allow_plain_secret,
        registers,
        ring,
        promotes=True,
        history=history_file,
    )
    options = AssignOptions(now=when, stack=not no_stack, prune=prune, sleep=sleeping(sandbox))
    with failures(settings, writes=True), client(settings, sandbox, found) as arm:
        targets, remarks = targets_of(wish, arm, workspace)
        show_diagnostics(
            in_order(
                [
                    *remarks,
                    *(row for one in targets for row in one.diagnostics),
                ]
            ),
            settings,
        )
        if is_refused(remarks, wish):
            return NOT_LET_IN
        if cancelling:
            return _cancel(arm, targets, settings)
        if plan_file is not None:
            _compare(arm, targets, options, workspace, plan_file)
        names = ", ".join(dict.fromkeys(one.assignment.name for one in targets))
        confirmed(f"Assign {names} to {plural(len(targets), 'scope')}?", yes=yes)
        failed = [target for target in targets if not _assign(arm, target, options, settings)]
    same = again(
        assignments,
        settings,
        {"--sandbox": sandbox, "--subscription": subscriptions, "-m": management_group},
    )
    if failed:
        say(f"next: blueprinter status {same}; running assign again goes on where it stopped", settings)
        return FAILED
    say(f"next: blueprinter status {same}, then `blueprinter evaluate -a` with the same", settings)
    return 0


def _assign(arm: ArmClient, target: Target, options: AssignOptions, settings: Settings) -> bool:
    """Assigns to one scope, and shows how that ended; a scope that fails keeps no other from its turn."""
    try:
        with failures(settings, writes=True):
            _show(assign(arm, target, options, lambda line: say(line, settings)), target, settings)
    except click.exceptions.Exit:
        return False
    return True


def _cancel(arm: ArmClient, targets: list[Target], settings: Settings) -> int:
    for target in targets:
        paths = cancel(arm, target)
        say(
            "\n".join(f"cancelled {path}" for path in paths) or f"nothing is under way on {target.scope}",
            settings,
        )
    return 0


def _compare(
    arm: ArmClient, targets: list[Target], options: AssignOptions, workspace: Workspace, file: Path
) -> None:
    """Refuses when the live state, or what would be put, is not what the plan was made of.

    Raises `InvalidInput` (BP642) for a file that is no plan of these targets, `DeployError` (BP641).
    """
    document = load(file)
    value = document.value if isinstance(document.value, dict) else {}
    rows = value.get("plans")
    known = {
        (row.get("assignment"), row.get("scope")): row.get("fingerprint")
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    }
    wanted = {(one.assignment.name, one.scope) for one in targets}
    if value.get("schema") != "blueprinter/plan/1" or set(known) != wanted:
        message = f"`{file}` is no plan of what is to be assigned"
        raise InvalidInput(
            [error("BP642", message, Position(str(file)), "make one: `blueprinter plan … --out FILE`")]
        )
    for target in targets:
        now = plan(arm, target, PlanOptions(options, workspace.aliases))
        if now.fingerprint != known[target.assignment.name, target.scope]:
            message = f"since the plan was made, something changed on {target.scope}; nothing was written"
            raise DeployError(error("BP641", message, Position(str(file)), "make a new plan"))


def _show(outcome: Outcome, target: Target, settings: Settings) -> None:
    """What was done, the locks as they are, and what is left over."""
    show_diagnostics(_as_shown(outcome), settings)
    mark = target.mark
    verb = "assigned" if outcome.changed else "unchanged:"
    click.echo(f"{verb} {named(mark.blueprint, mark.version, mark.content)} on {outcome.scope}")
    locks = Counter(one.status for one in outcome.locks)
    if any(status != "none" for status in locks) or target.assignment.locks.mode != "None":
        for status, count in sorted(locks.items()):
            click.echo(f"  lock {status}: {plural(count, 'resource')}")
        for one in outcome.locks:
            if settings.verbose or one.status in ("inapplicable", "notSupported"):
                click.echo(f"    {one.status}  {one.id}")
    for line in left_lines(outcome.left, outcome.scope, settings.verbose):
        click.echo(line)
    for name, value in sorted(outcome.outputs.items()):
        if name != "principals":
            click.echo(f"  output {name}: {value}")


def _as_shown(outcome: Outcome) -> tuple[Diagnostic, ...]:
    return in_order(outcome.diagnostics)
