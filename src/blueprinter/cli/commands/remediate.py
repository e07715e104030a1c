"""`blueprinter remediate ASSIGNMENT…`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from blueprinter.cli import Settings
from blueprinter.cli.azure_access import (
    FAILED,
    azure_options,
    client,
    confirmed,
    failures,
    sleeping,
)
from blueprinter.cli.deployment import Wish, targets_of
from blueprinter.cli.environment import cloud_of, environment_of
from blueprinter.cli.inputs import AssignmentFile
from blueprinter.cli.remarks import echo_json, say, show_diagnostics
from blueprinter.cli.workspace import open_workspace
from blueprinter.deploy import RemediateOptions, remediate
from blueprinter.diagnostics import Diagnostic, Position, Severity
from blueprinter.text import plural


@click.command("remediate")
@click.argument("assignments", nargs=-1, required=True, type=AssignmentFile(), metavar="ASSIGNMENT...")
@azure_options
@click.option("--re-evaluate", is_flag=True, help="Evaluate first; takes longer, not at management groups.")
@click.option("--resources", default=500, show_default=True, help="Resources of each task, at most 50,000.")
@click.option("--parallel", default=10, show_default=True, help="Deployments at once, 1 to 30.")
@click.option(
    "--failure-threshold", type=click.FloatRange(0, 1), help="Part of failures at which a task gives up."
)
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def command(
    settings: Settings,
    assignments: tuple[Path, ...],
    sandbox: str,
    subscriptions: tuple[str, ...],
    management_group: str,
    re_evaluate: bool,
    resources: int,
    parallel: int,
    failure_threshold: float | None,
    output: str,
    yes: bool,
) -> int:
    """Mend what was there before the assignment: a remediation task for each policy that deploys or modifies.

    Tasks are followed to their end; one that runs already for the same policy is followed instead of started twice.
    """
    found = environment_of(settings)
    workspace = open_workspace(Path.cwd())
    now = datetime.now(UTC)
    options = RemediateOptions(
        stamp=now.strftime("%Y%m%dT%H%M%S"),
        sleep=sleeping(sandbox),
        reevaluate=re_evaluate,
        resources=resources,
        parallel=parallel,
        threshold=failure_threshold,
    )
    with failures(settings, writes=True), client(settings, sandbox, found) as arm:
        wish = Wish(assignments, found, cloud_of(settings, found), now, subscriptions, management_group)
        targets, remarks = targets_of(wish, arm, workspace)
        show_diagnostics(remarks, settings)
        confirmed(f"Remediate on {plural(len(targets), 'scope')}?", yes=yes)
        tasks = [
            task
            for target in targets
            for task in remediate(arm, target, options, lambda line: say(line, settings))
        ]
    bad = [one for one in tasks if one.state.casefold() not in {"succeeded", "complete"} or one.failed]
    for one in bad:
        message = (
            f"the task `{one.id.rpartition('/')[2]}` is `{one.state}`: {one.failed} of {one.total} failed"
        )
        show_diagnostics([Diagnostic("BP659", Severity.WARNING, message, "", Position(""))], settings)
    if output == "json":
        rows = [
            {
                "id": one.id,
                "policyAssignmentId": one.assignment,
                "policyDefinitionReferenceId": one.reference or None,
                "state": one.state,
                "total": one.total,
                "succeeded": one.succeeded,
                "failed": one.failed,
            }
            for one in tasks
        ]
        echo_json({"schema": "blueprinter/remediate/1", "tasks": rows})
    else:
        click.echo(
            f"{plural(len(tasks), 'remediation task')}, {sum(one.succeeded for one in tasks)} resources mended"
        )
    return FAILED if bad else 0
