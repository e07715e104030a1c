"""`blueprinter report RUN|FILE`: every format from a saved run, without evaluating again."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from blueprinter.cli import Settings
from blueprinter.cli.environment import history_option
from blueprinter.cli.output import is_terminal, parse_targets, write_outputs
from blueprinter.cli.remarks import say
from blueprinter.cli.saved_runs import open_run, since
from blueprinter.report import DOCUMENTS, FORMATS, ReportOptions, sample_states

_FINDINGS = 5_000


@click.command("report")
@click.argument("name", metavar="[RUN|FILE]", default="latest")
@click.option(
    "--document",
    type=click.Choice([name for name in DOCUMENTS if name != "sample"]),
    default="gaps",
    show_default=True,
    help="The control gap report, the Statement of Applicability, or the treatment plan.",
)
@click.option("--since", "earlier", metavar="RUN|FILE", help="Say what changed since another run.")
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    help="Draw N resources for an auditor's sample, with the list of what to ask for.",
)
@click.option(
    "--seed", default=0, show_default=True, metavar="N", help="The same seed draws the same sample."
)
@click.option(
    "--states",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw from every resource that was judged: what `evaluate --all-states -o FILE.jsonl` wrote.",
)
@click.option(
    "--control",
    "controls",
    multiple=True,
    metavar="ID",
    help="With --states: only resources that were judged for this control; repeatable.",
)
@history_option
@click.option(
    "--max-findings",
    default=_FINDINGS,
    show_default=True,
    metavar="N",
    help="Findings in a JSON or HTML document.",
)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FORMAT[=FILE]",
    help=f"{', '.join(FORMATS.names())}; repeatable.",
)
@click.pass_obj
def command(
    settings: Settings,
    name: str,
    document: str,
    earlier: str | None,
    sample: int | None,
    seed: int,
    states: Path | None,
    controls: tuple[str, ...],
    history_file: Path,
    max_findings: int,
    outputs: tuple[str, ...],
) -> None:
    """Write every report from a saved run (its id, `latest`, `latest~1`) or a JSON output; nothing is evaluated.

    \b
    blueprinter report latest -o report.html -o gaps.xlsx
    blueprinter report run.json --document soa -o soa.md
    blueprinter report latest --since latest~1 -o markdown
    blueprinter report latest --sample 25 --seed 7 -o sample.csv
    blueprinter report run.json --sample 25 --states states.jsonl --control A.8.20 -o sample.csv
    """
    if states is not None and sample is None:
        raise click.UsageError("--states belongs to --sample")
    if controls and states is None:
        raise click.UsageError("--control belongs to --states")
    written = "sample" if sample is not None else document
    targets = parse_targets(outputs, terminal=is_terminal(), document=written)
    run = open_run(name, history_file)
    if earlier is not None:
        run = since(run, earlier, history_file)
    options = ReportOptions(
        color=settings.color and is_terminal(),
        width=shutil.get_terminal_size((100, 40)).columns,
        all_states=True,
        max_findings=max_findings,
        folder=str(Path.cwd()),
        document=written,
        sample=sample or 0,
        seed=seed,
        states=sample_states(run, states, size=sample or 0, seed=seed, controls=controls) if states else None,
    )
    write_outputs(run, targets, options)
    for target in targets:
        if target.file is not None:
            say(f"wrote {target.file}", settings)
