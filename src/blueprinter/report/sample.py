"""A sample for an auditor, drawn by a seed, and the list of what to ask for.

Drawn are resources: of every policy state where a file of them is given, else of what the run itself lists, which is
the resources with a finding. The order is that of a hash of seed and resource id, so anybody can draw the same sample
again, with any program.
"""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.arm import Resource
from blueprinter.casing import fold
from blueprinter.compliance import Finding, Run
from blueprinter.document import json_document
from blueprinter.report.options import ReportOptions
from blueprinter.report.records import place_of
from blueprinter.report.reproduce import command, show_command
from blueprinter.report.sampling import Drawn, DrawnPair, lot, names_of, spoken
from blueprinter.report.table_text import TextTable, as_csv, as_markdown, cells
from blueprinter.report.words import moment, title
from blueprinter.text import plural


def draw(run: Run, options: ReportOptions) -> tuple[Drawn, ...]:
    """The sample, in the order in which it was drawn; all resources where there are no more than asked for."""
    if options.states is not None:
        return options.states.drawn
    by_id: dict[str, list[Finding]] = {}
    for found in run.findings:
        by_id.setdefault(fold(found.state.resource.id), []).append(found)
    chosen = sorted(by_id, key=lambda id: (lot(options.seed, id), id))[: options.sample]
    return tuple(_drawn(by_id[id]) for id in chosen)


def _drawn(findings: list[Finding]) -> Drawn:
    resource = findings[0].state.resource
    pairs = (
        DrawnPair(found.state.assigned.definition.id, str(found.pair), str(found.severity), found.controls)
        for found in findings
    )
    return Drawn(resource.id, resource.type, tuple(pairs))


def _owners(run: Run) -> dict[str, str]:
    """Owners of the resources that the run lists."""
    return {fold(found.state.resource.id): found.facts.owner for found in run.findings}


def _name(one: Drawn) -> str:
    return place_of(Resource(one.resource, one.type, "", {})).name


def write_sample_csv(run: Run, options: ReportOptions) -> Iterator[str]:
    """The sample, then the requests."""
    yield from as_csv(_tables(run, options))


def write_sample_markdown(run: Run, options: ReportOptions) -> Iterator[str]:
    """The sample and the requests as two tables."""
    yield from as_markdown(_tables(run, options))


def write_sample_json(run: Run, options: ReportOptions) -> Iterator[str]:
    """`blueprinter/sample/1`."""
    drawn = draw(run, options)
    yield json_document(
        {
            "schema": "blueprinter/sample/1",
            "run": run.run_id,
            "seed": options.seed,
            "size": options.sample,
            "resourcesWithFindings": _population(run),
            "resources": run.population.resources,
            "states": options.states
            and {
                "file": options.states.file,
                "sha256": options.states.sha256,
                "resources": options.states.resources,
                "passing": options.states.passing,
                "controls": list(options.states.controls),
            },
            "sample": [
                {
                    "resourceId": one.resource,
                    "controls": list(one.controls),
                    "findings": [
                        {
                            "policyDefinitionId": pair.policy,
                            "result": pair.result,
                            "severity": pair.severity,
                        }
                        for pair in one.pairs
                    ],
                }
                for one in drawn
            ],
            "requests": [
                {"number": number, "about": about, "ask": ask, "from": who}
                for number, about, ask, who in _requests(run, drawn)
            ],
        }
    )


def _population(run: Run) -> int:
    return len({fold(found.state.resource.id) for found in run.findings})


def _tables(run: Run, options: ReportOptions) -> tuple[TextTable, TextTable]:
    drawn = draw(run, options)
    owners, names = _owners(run), names_of(run)
    rows = tuple(
        cells(
            number,
            _name(one),
            one.type,
            owners.get(fold(one.resource), ""),
            one.controls,
            list(spoken(one.pairs, names)),
            one.resource,
        )
        for number, one in enumerate(drawn, 1)
    )
    lead = (_drawn_from(run, options, len(drawn)), _what_is_missing(run, options))
    requests = tuple(cells(*row) for row in _requests(run, drawn))
    return (
        TextTable(
            f"Sample: {title(run)}",
            lead,
            ("No", "Resource", "Type", "Owner", "Controls", "Verdicts", "Resource id"),
            rows,
        ),
        TextTable(
            "Requests",
            (f"{plural(len(requests), 'request')}; each answer with its date, source and SHA-256.",),
            ("No", "About", "Ask for", "From"),
            requests,
        ),
    )


def _drawn_from(run: Run, options: ReportOptions, size: int) -> str:
    of, seed = options.states, f"drawn with seed {options.seed}"
    about = f"run {run.run_id} ({moment(run.now)}, {plural(run.population.resources, 'resource')} looked at)"
    if of is None:
        return f"{plural(size, 'resource')} of {_population(run):,} with a finding, {seed} from {about}."
    limit = f" for {', '.join(of.controls)}" if of.controls else ""
    return (
        f"{plural(size, 'resource')} of {of.resources:,} with a verdict{limit}, {of.passing:,} of them without an open "
        f"one, {seed} from the policy states of {about}."
    )


def _what_is_missing(run: Run, options: ReportOptions) -> str:
    if options.states is None:
        return (
            "Resources without a finding are not listed in a run. For a sample of everything that was judged: "
            "`evaluate … --all-states -o states.jsonl`, then `report … --sample N --states states.jsonl`."
        )
    return (
        f"Policy states: {options.states.file}, SHA-256 {options.states.sha256}. Resources that no policy applies to "
        "are not in them."
    )


def _requests(run: Run, drawn: tuple[Drawn, ...]) -> tuple[tuple[str, str, str, str], ...]:
    """What an auditor asks for: the population, the documents, then each resource of the sample."""
    found: list[tuple[str, str, str]] = [
        (
            "population",
            f"the inventory with SHA-256 {run.population.sha256} and its manifest; "
            f"the result again with: {command(run)}",
            run.population.collected_by,
        )
    ]
    if run.statement is not None:
        said = f"the approved Statement of Applicability, version {run.statement.version or 'not stated'}"
        found.append(("Statement of Applicability", said, ""))
    controls = {control for one in drawn for control in one.controls}
    for use in run.attestations:
        if controls.intersection(use.controls) and not use.superseded:
            proof = ", ".join(item.location or item.description for item in use.attestation.evidence)
            about = f"{', '.join(use.controls)} attestation"
            found.append(
                (about, f"the evidence behind it: {proof or 'none is named'}", use.attestation.owner)
            )
    for certificate in run.certificates:
        if controls.intersection(certificate.evidence.controls):
            entry = certificate.evidence
            found.append(
                (
                    f"{entry.kind} {entry.id}",
                    f"the document itself ({entry.where or entry.provider})",
                    entry.reviewed_by,
                )
            )
    owners = _owners(run)
    for one in drawn:
        found.append(
            (
                f"{_name(one)} ({', '.join(one.controls)})",
                "its configuration as it is now, and the change that mended it if it differs: "
                f"{show_command(one.resource)}",
                owners.get(fold(one.resource), ""),
            )
        )
    return tuple((f"R{number:02}", *row) for number, row in enumerate(found, 1))
