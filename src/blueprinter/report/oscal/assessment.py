"""The assessment plan and the results.

A finding of OSCAL is satisfied or not: there is no "not assessed". So only controls of which something is known get a
finding; the others are excluded from what was reviewed, each with its count, and never pass silently. A waiver is not
a pass.
"""

from __future__ import annotations

from collections.abc import Iterable

from blueprinter.casing import fold, same
from blueprinter.compliance import (
    Attested,
    ControlResult,
    ControlState,
    Finding,
    LinkOutcome,
    LinkResult,
    Pair,
    Run,
    Tested,
)
from blueprinter.report.oscal.parts import (
    control_id,
    filled,
    lasting_uid,
    line,
    metadata,
    objective_id,
    prop,
    uid,
)
from blueprinter.report.outline import Action, keys_of, outline, test_of, tests_of
from blueprinter.report.reproduce import command
from blueprinter.report.words import stamp
from blueprinter.text import plural

_KNOWN = frozenset(
    {
        ControlState.GAP,
        ControlState.AT_RISK,
        ControlState.SATISFIED,
        ControlState.ATTESTED,
        ControlState.INHERITED,
    }
)
"""States that a finding can tell."""
_RAN = frozenset({LinkOutcome.FAIL, LinkOutcome.PASS, LinkOutcome.WAIVED, LinkOutcome.COMPENSATED})
_SHOWN = frozenset({Pair.NON_COMPLIANT, Pair.WAIVED, Pair.MITIGATED})


def assessment_plan(run: Run) -> dict[str, object]:
    """What was to be assessed: every applicable control, by tests, documents and the provider's evidence."""
    return {
        "assessment-plan": {
            "uuid": uid(run, "assessment-plan"),
            "metadata": metadata(run, "Assessment plan"),
            "import-ssp": {"href": "system-security-plan.json"},
            "reviewed-controls": {"control-selections": [{"include-all": {}}]},
            "assessment-subjects": [{"type": "inventory-item", "include-all": {}}],
        }
    }


def assessment_results(run: Run) -> dict[str, object]:
    """One result: observations of tests and attestations, findings of controls, risks of gaps and waivers."""
    shown = outline(run)
    known = [result for result in shown.counted if result.state in _KNOWN]
    silent = [result for result in run.results if result not in known and result.control.leaf]
    owners = sorted({use.attestation.owner for use in run.attestations if use.attestation.owner})
    party = {owner: lasting_uid("party", owner) for owner in owners}
    results = filled(
        {
            "uuid": uid(run, "result"),
            "title": line(f"Run {run.run_id}"),
            "description": line(" ".join(run.headline) or "Evaluation of policies"),
            "start": run.population.started_at or stamp(run.now),
            "end": stamp(run.now),
            "props": _props(run, len(silent)),
            "reviewed-controls": {"control-selections": [_selection(run, silent)]},
            "attestations": _attestations(run, party),
            "local-definitions": filled({"inventory-items": inventory(run)}) or None,
            "observations": observations(run),
            "risks": risks(run, shown.actions),
            "findings": [_finding(run, result, shown.actions) for result in known],
        }
    )
    if not results.get("local-definitions"):
        results.pop("local-definitions", None)
    roles: dict[str, object] = {}
    if owners:
        roles = {
            "roles": [{"id": "control-owner", "title": "Control owner"}],
            "parties": [{"uuid": party[owner], "type": "person", "name": line(owner)} for owner in owners],
        }
    return {
        "assessment-results": {
            "uuid": uid(run, "assessment-results"),
            "metadata": metadata(run, "Assessment results", **roles),
            "import-ap": {"href": "assessment-plan.json"},
            "results": [results],
        }
    }


def _props(run: Run, silent: int) -> list[dict[str, object]]:
    seen = run.population
    return [
        prop("inventory-sha256", seen.sha256),
        prop("pack-sha256", run.pack_sha256),
        prop("resources", seen.resources),
        prop("population-complete", "no" if seen.partial else "yes"),
        prop("stale", "yes" if seen.stale else "no"),
        prop("coverage", f"{run.coverage.part} of {run.coverage.whole}"),
        prop("controls-not-assessed", silent),
        *(prop(f"state-{state}", count) for state, count in run.state_counts.items()),
    ]


def _selection(run: Run, silent: Iterable[ControlResult]) -> dict[str, object]:
    excluded = [{"control-id": control_id(run, result.control)} for result in silent]
    return filled(
        {
            "description": "Every control of which something is known; excluded here means not assessed: no "
            "evidence, incomplete evidence, nothing to test, or excluded by the organisation",
            "include-all": {},
            "exclude-controls": excluded,
        }
    )


def inventory(run: Run) -> list[dict[str, object]]:
    """The resources with a finding, each once."""
    items: dict[str, dict[str, object]] = {}
    for found in run.findings:
        resource, facts = found.state.resource, found.facts
        props = [prop("type", resource.type)]
        if facts.owner:
            props.append(prop("owner", facts.owner))
        if facts.location:
            props.append(prop("location", facts.location))
        items.setdefault(
            fold(resource.id),
            {"uuid": resource_uid(found), "description": line(resource.id), "props": props},
        )
    return list(items.values())


def resource_uid(found: Finding) -> str:
    """The identifier of a resource, the same in every run."""
    return lasting_uid("resource", fold(found.state.resource.id))


def observations(run: Run) -> list[dict[str, object]]:
    """One for each test that ran, with the resources that fail it, and one for each attestation."""
    links: dict[str, LinkResult] = {}
    for result in run.results:
        for outcome in result.links:
            if outcome.outcome in _RAN:
                links.setdefault(_observation(outcome), outcome)
    subjects: dict[str, list[Finding]] = {}
    for found in run.findings:
        if found.pair in _SHOWN:
            subjects.setdefault(test_of(found), []).append(found)
    tests = [
        _of_test(run, name, outcome, [one for key in keys_of(outcome.link) for one in subjects.get(key, [])])
        for name, outcome in links.items()
    ]
    return [*tests, *_of_attestations(run)]


def _observation(outcome: LinkResult) -> str:
    """What tells the observation of a test from others: one member of an initiative is a test of its own."""
    link = outcome.link
    return f"{link.test}#{fold(link.reference)}" if link.reference else link.test


def test_uid(run: Run, test: str) -> str:
    """The identifier of the observation of a test."""
    return uid(run, "observation", test)


def _of_test(run: Run, name: str, outcome: LinkResult, found: list[Finding]) -> dict[str, object]:
    link = outcome.link
    if link.reference:
        found = [one for one in found if same(one.state.assigned.reference_id, link.reference)]
    counts = ", ".join(f"{count:,} {pair}" for pair, count in outcome.counts.items() if count)
    ids = dict.fromkeys(resource_uid(one) for one in found)
    return filled(
        {
            "uuid": test_uid(run, name),
            "title": line(outcome.display_name or link.test),
            "description": line(f"{outcome.outcome}: {counts or 'no resource'}"),
            "props": [prop("policy", link.test), prop("severity", outcome.severity)],
            "methods": ["TEST"],
            "types": ["finding"],
            "subjects": [{"subject-uuid": id, "type": "inventory-item"} for id in ids],
            "relevant-evidence": [{"description": line(command(run))}],
            "collected": stamp(run.now),
        }
    )


def _of_attestations(run: Run) -> list[dict[str, object]]:
    methods = {"interview": "INTERVIEW", "test": "TEST"}
    return [
        filled(
            {
                "uuid": uid(run, "attestation", str(place)),
                "title": line(f"Attestation of {', '.join(use.controls) or use.attestation.policy}"),
                "description": line(f"{use.reason}. {use.attestation.comments}"),
                "methods": [methods.get(fold(use.attestation.method), "EXAMINE")],
                "relevant-evidence": [
                    {
                        "description": line(item.description or item.location),
                        "props": [prop("location", item.location), prop("sha256", item.sha256)],
                    }
                    for item in use.attestation.evidence
                ],
                "collected": f"{use.attestation.assessed_on}T00:00:00Z",
                "expires": f"{use.attestation.expires_on}T23:59:59Z",
            }
        )
        for place, use in enumerate(run.attestations)
    ]


def _attestations(run: Run, party: dict[str, str]) -> list[dict[str, object]]:
    """Attestations that hold."""
    return [
        {
            "responsible-parties": [
                {"role-id": "control-owner", "party-uuids": [party[use.attestation.owner]]}
            ],
            "parts": [
                {
                    "name": "authorization-statements",
                    "title": line(f"{', '.join(use.controls)} attested"),
                    "prose": line(f"{use.reason}. {use.attestation.comments}"),
                }
            ],
        }
        for use in run.attestations
        if use.status in (Attested.PASS, Attested.ENDING) and not use.superseded and use.attestation.owner
    ]


def risks(run: Run, actions: Iterable[Action]) -> list[dict[str, object]]:
    """One for each rule that fails, and one for each exemption that is in use or has expired."""
    found: list[dict[str, object]] = []
    for action in actions:
        found.append(
            {
                "uuid": risk_uid(run, action.test),
                "title": line(action.policy),
                "description": f"Fails on {plural(len(action.resources), 'resource')}, "
                f"{action.exposed:,} of them with a public network path",
                "statement": line(action.remedy or "The resources are not as the policy wants them"),
                "props": [prop("severity", action.severity)],
                "status": "open",
                "related-observations": [{"observation-uuid": test_uid(run, _observed(run, action.test))}],
            }
        )
    for use in run.exemptions:
        if use.status in ("used", "ending", "expired"):
            entry = use.exemption
            found.append(
                {
                    "uuid": risk_uid(run, f"exemption {entry.name}"),
                    "title": line(f"{entry.category} {entry.name}"),
                    "description": f"{plural(use.resources, 'resource')}, {use.status}",
                    "statement": line(entry.reason),
                    "props": [prop("approved-by", entry.approved_by), prop("ticket", entry.ticket)],
                    "status": "open" if use.status == "expired" else "deviation-approved",
                    "deadline": f"{entry.expires_on}T23:59:59Z",
                }
            )
    return found


def risk_uid(run: Run, name: str) -> str:
    """The identifier of a risk: the same from run to run, so that it can be followed."""
    return lasting_uid("risk", run.blueprint, run.assignment, name)


def _observed(run: Run, test: str) -> str:
    """The observation of a policy that fails, under its own test or the one that it is equivalent to. Of several
    members of an initiative one that fails."""
    found = [one for result in run.results for one in result.links if test in keys_of(one.link)]
    failing = [one for one in found if one.outcome is LinkOutcome.FAIL]
    return next(map(_observation, failing + found), test)


def _finding(run: Run, result: ControlResult, actions: Iterable[Action]) -> dict[str, object]:
    missed = result.state is ControlState.GAP or result.tested in (Tested.FAIL, Tested.WAIVED)
    seen = dict.fromkeys(
        _observation(outcome)
        for outcome in result.links
        if outcome.outcome in _RAN and outcome.link.strength.direct
    )
    direct = tests_of(result, direct=True)
    open_risks = [
        {"risk-uuid": risk_uid(run, action.test)}
        for action in actions
        if action.test in direct and result.control.id in action.controls
    ]
    attested = [
        {"observation-uuid": uid(run, "attestation", str(place))}
        for place, use in enumerate(run.attestations)
        if result.control.id in use.controls
    ]
    reason = "pass" if not missed and result.tested in (Tested.PASS, Tested.SUPPORT) else "other"
    return filled(
        {
            "uuid": uid(run, "finding", result.control.id),
            "title": line(f"{result.control.id} {result.control.title}"),
            "description": line("; ".join(result.reasons) or str(result.state)),
            "props": [prop("state", result.state)],
            "target": {
                "type": "objective-id",
                "target-id": objective_id(run, result.control),
                "status": {
                    "state": "not-satisfied" if missed else "satisfied",
                    "reason": "fail" if result.tested is Tested.FAIL else reason,
                },
            },
            "related-observations": [
                *({"observation-uuid": test_uid(run, test)} for test in seen),
                *attested,
            ],
            "related-risks": open_risks,
        }
    )
