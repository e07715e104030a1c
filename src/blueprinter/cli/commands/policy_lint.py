"""`blueprinter policy lint PATH…`."""

from __future__ import annotations

from pathlib import Path

import click

from blueprinter.cli import EXIT_INVALID, Settings
from blueprinter.cli.policy_inputs import alias_table, known_definitions, policy_documents
from blueprinter.cli.remarks import echo_json, say
from blueprinter.cli.workspace import open_workspace
from blueprinter.diagnostics import Diagnostic, InvalidInput, Severity, as_lines, in_order
from blueprinter.policy import LINT_RULES, lint_code, lint_document
from blueprinter.text import plural

SCHEMA = "blueprinter/policy-lint/1"


def _codes(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> frozenset[str]:
    found: set[str] = set()
    for name in names:
        code = lint_code(name)
        if code is None:
            hint = LINT_RULES.suggest(name) or "`blueprinter policy lint --rules` lists them"
            raise click.BadParameter(f"`{name}` is no rule; {hint}")
        found.add(code)
    return frozenset(found)


def _list_rules(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        for rule in LINT_RULES:
            click.echo(f"{rule.name}  {rule.severity:<7}  {rule.slug}: {rule.summary}")
        context.exit()


@click.command("lint")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option(
    "--ignore", multiple=True, callback=_codes, metavar="RULE", help="Leave out a rule; repeatable."
)
@click.option(
    "--aliases",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="All aliases there are: Azure's list of providers (JSON) or a table `alias,path` (.csv, .csv.gz).",
)
@click.option(
    "--rules", is_flag=True, is_eager=True, expose_value=False, callback=_list_rules, help="List all rules."
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(
    settings: Settings,
    paths: tuple[str, ...],
    strict: bool,
    ignore: frozenset[str],
    aliases: Path | None,
    output: str,
) -> int:
    """Find what is likely wrong in policy definitions and initiatives: files, folders or quoted globs (default:
    ./policies).

    `blueprinter explain CODE` says more about a rule. Exit code 2 for errors, and with --strict for warnings.
    """
    workspace = open_workspace(Path.cwd())
    table, known = alias_table(aliases, workspace), known_definitions(workspace)
    found: list[Diagnostic] = []
    count = 0
    for document in policy_documents(paths or ("policies",)):
        count += 1
        if isinstance(document, InvalidInput):
            found.extend(document.diagnostics)
        else:
            found.extend(lint_document(document, aliases=table, known=known, ignore=ignore))
    diagnostics = in_order(found)
    counts = {severity: sum(one.severity is severity for one in diagnostics) for severity in Severity}
    if output == "json":
        result = {
            "schema": SCHEMA,
            "files": count,
            "counts": {str(severity): number for severity, number in counts.items()},
            "diagnostics": [one.as_json() for one in diagnostics],
        }
        echo_json(result)
    else:
        shown = (one for one in diagnostics if one.severity is not Severity.INFO or settings.verbose)
        for line in as_lines(shown):
            click.echo(line)
    remarks = f", {plural(counts[Severity.INFO], 'remark')}" if counts[Severity.INFO] else ""
    more = " (--verbose)" if remarks and not settings.verbose else ""
    say(
        f"{plural(count, 'file')}: {plural(counts[Severity.ERROR], 'error')}, "
        f"{plural(counts[Severity.WARNING], 'warning')}{remarks}{more}",
        settings,
    )
    return EXIT_INVALID if counts[Severity.ERROR] or (strict and counts[Severity.WARNING]) else 0
