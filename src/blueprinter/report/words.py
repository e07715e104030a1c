"""The words of the reports: one label and one meaning for each state, written once for every format."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from msgspec import Struct

from blueprinter.blueprint import AutomationClass, Framework, Strength
from blueprinter.casing import same
from blueprinter.compliance import (
    Attested,
    ControlResult,
    ControlState,
    Fraction,
    Inherited,
    LinkOutcome,
    Pair,
    Population,
    Run,
    Tested,
)
from blueprinter.text import plural

NOT_A_VERDICT = (
    "This is technical evidence about configuration at one moment. It is no statement of conformity; "
    "your organisation engages an accredited body for that."
)
NOTHING = "–"
CLOUD_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "AzureCloud": "Azure public",
        "AzureUSGovernment": "Azure Government",
        "AzureChinaCloud": "Azure China",
    }
)
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_WORST = re.compile(r"\btested control|\bdecided check|decided by a test", re.IGNORECASE)
"""How a headline speaks of what was found, rather than of what was looked at."""


class Word(Struct, frozen=True):
    """How a value is called, and what it means."""

    label: str
    meaning: str


STATES: Mapping[ControlState, Word] = MappingProxyType(
    {
        ControlState.GAP: Word(
            "Gap",
            "A test that speaks directly to the control fails on at least one resource, an attestation says the "
            "control is not met, or the Statement of Applicability declares it not implemented or overdue.",
        ),
        ControlState.AT_RISK: Word(
            "At risk",
            "What is needed is there today, but rests on a waiver, on evidence that ends soon, or an indicative "
            "test warns.",
        ),
        ControlState.INCOMPLETE: Word(
            "Incomplete",
            "No failure is known, and something needed is missing: a test that could not be decided, an "
            "attestation, or the provider's evidence.",
        ),
        ControlState.SATISFIED: Word(
            "Satisfied",
            "Direct tests pass on every resource they apply to, and every other part the control needs is there.",
        ),
        ControlState.ATTESTED: Word(
            "Attested",
            "A named person declares the control met, with evidence in date. No test of configuration stands "
            "behind it.",
        ),
        ControlState.INHERITED: Word(
            "Inherited",
            "The cloud provider's own certificate or report covers the control, in date, for the services in use.",
        ),
        ControlState.NO_RESOURCES: Word(
            "No resources",
            "Tests exist, but nothing in the population is of a kind they apply to. This is not a pass.",
        ),
        ControlState.NOT_AUTOMATED: Word(
            "Not automated",
            "No direct test, attestation or inherited evidence exists. Nothing is known of the control.",
        ),
        ControlState.EXCLUDED: Word(
            "Excluded",
            "The Statement of Applicability excludes the control, with justification, approver and date.",
        ),
    }
)

PAIRS: Mapping[Pair, Word] = MappingProxyType(
    {
        Pair.COMPLIANT: Word("Compliant", "The policy applies and is met."),
        Pair.PROTECTED: Word("Protected", "A deny effect keeps the resource as the policy wants it."),
        Pair.NON_COMPLIANT: Word("Non-compliant", "The policy applies and is not met."),
        Pair.WAIVED: Word("Waived", "Not met; an exemption in date accepts it. A waiver is not a pass."),
        Pair.MITIGATED: Word("Mitigated", "Not met; an exemption with evidence says how it is compensated."),
        Pair.CONFLICT: Word("Conflict", "Two assignments contradict each other."),
        Pair.ERROR: Word("Error", "The policy failed while it was evaluated on this resource."),
        Pair.UNKNOWN: Word("Unknown", "The source gives no verdict."),
        Pair.UNSUPPORTED: Word("Undecided", "It cannot be decided from what is known; the reason is given."),
        Pair.NOT_APPLICABLE: Word("Not applicable", "The policy does not apply to this resource."),
    }
)

TESTED: Mapping[Tested, str] = MappingProxyType(
    {
        Tested.FAIL: "fails",
        Tested.UNDECIDED: "undecided",
        Tested.WAIVED: "waived",
        Tested.PASS: "passes",
        Tested.SUPPORT: "passes in part",
        Tested.EMPTY: "nothing applies",
        Tested.NONE: "no test",
    }
)

ATTESTED: Mapping[Attested, str] = MappingProxyType(
    {
        Attested.FAIL: "not met",
        Attested.LAPSED: "lapsed",
        Attested.ENDING: "ends soon",
        Attested.PASS: "in date",
        Attested.NONE: NOTHING,
    }
)

INHERITED: Mapping[Inherited, str] = MappingProxyType(
    {
        Inherited.LAPSED: "lapsed",
        Inherited.ENDING: "ends soon",
        Inherited.PASS: "in date",
        Inherited.NONE: NOTHING,
    }
)

OUTCOMES: Mapping[LinkOutcome, str] = MappingProxyType(
    {
        LinkOutcome.NOT_RUN: "not run",
        LinkOutcome.FAIL: "failing",
        LinkOutcome.OFF: "switched off",
        LinkOutcome.BLOCKED: "undecided",
        LinkOutcome.WAIVED: "waived",
        LinkOutcome.PASS: "passing",
        LinkOutcome.COMPENSATED: "compensated",
        LinkOutcome.EMPTY: "nothing to test",
    }
)

STRENGTHS: Mapping[Strength, Word] = MappingProxyType(
    {
        Strength.FULL: Word(
            "full", "reads the very thing the control asks for; a pass is direct evidence and may stand alone"
        ),
        Strength.PARTIAL: Word(
            "partial", "reads one part of it; a failure is a gap, a pass counts together with an attestation"
        ),
        Strength.INDICATIVE: Word(
            "indicative", "hints that a process may exist; it never satisfies and never makes a gap"
        ),
    }
)

CLASSES: Mapping[AutomationClass, Word] = MappingProxyType(
    {
        AutomationClass.TECHNICAL: Word("technical", "tests of configuration can settle it"),
        AutomationClass.PARTIAL: Word("partial", "tests settle a part; an attestation speaks for the rest"),
        AutomationClass.INHERITED: Word("inherited", "the provider answers for it"),
        AutomationClass.INHERITED_AND_ATTESTED: Word(
            "inherited and attested", "the provider answers for its half, an attestation for yours"
        ),
        AutomationClass.MANUAL: Word("manual", "only people can speak to it; an attestation is needed"),
    }
)

EXEMPTION_STATUS: Mapping[str, str] = MappingProxyType(
    {
        "expired": "Expired: no longer counts, the failures are open again",
        "ending": "Ends soon",
        "used": "In use",
        "needless": "Needless: the resource passes without it",
        "unmatched": "Matches nothing in this run",
    }
)
"""In the order in which exemptions are listed."""


def fraction(value: Fraction) -> str:
    """`31 of 88 (35 %)`: a percentage never stands without its fraction; 0 of 0 is a dash."""
    if value.percent is None:
        return NOTHING
    return f"{value.part:,} of {value.whole:,} ({value.percent} %)"


def moment(when: datetime) -> str:
    """`2026-11-20 06:00 UTC`; a time without a zone is taken as UTC."""
    return (when.astimezone(UTC) if when.tzinfo else when).strftime("%Y-%m-%d %H:%M UTC")


def stamp(when: datetime) -> str:
    """`2026-11-20T06:00:00Z`, for machines."""
    return (when.astimezone(UTC) if when.tzinfo else when).strftime("%Y-%m-%dT%H:%M:%SZ")


def title(run: Run) -> str:
    """What the document is evidence for; never a claim of conformity."""
    about = subject(run)
    if run.framework is None:
        return f"Policy findings: {about}" if about else "Policy findings"
    named = f"Technical evidence for {standard(run.framework)}"
    return f"{named}: {about}" if about else named


def subject(run: Run) -> str:
    """Whose evidence it is: the blueprint's title unless it only repeats the standard, else the assignment's name."""
    named = run.blueprint_title or run.blueprint
    if run.framework is not None and same(named, standard(run.framework)):
        named = ""
    return named or run.assignment.rstrip("/").rpartition("/")[2]


def in_states(counts: Mapping[ControlState, int]) -> str:
    """`2 gap, 1 satisfied`: the states that occur, in report order."""
    found = (f"{counts[state]:,} {STATES[state].label.lower()}" for state in STATES if counts.get(state))
    return ", ".join(found) or "none"


def has_annex(run: Run) -> bool:
    """Whether the counted controls are an annex beside clauses, as in ISO/IEC 27001."""
    framework = run.framework
    return (
        framework is not None
        and bool(framework.counted)
        and all(name.startswith("A.") for name in framework.counted)
    )


def about(run: Run) -> str:
    """Whose evidence it is, and where: the subject, or what the scopes are called, and how many there are."""
    scopes = run.population.scopes
    names = list(dict.fromkeys(scope.name for scope in scopes if scope.name))
    named = subject(run) or ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
    subscriptions = sum(is_subscription(scope.scope) for scope in scopes)
    parts = [plural(subscriptions, "subscription")] if subscriptions else []
    parts += [CLOUD_NAMES.get(run.cloud, run.cloud)] if subscriptions else []
    return f"{named} ({', '.join(parts)})" if named and parts else named


def clock(text: str) -> str:
    """A time of a manifest for people: `2026-11-20 06:00 UTC`; what is no such time stays as it is."""
    return f"{text[:10]} {text[11:16]} UTC" if _STAMP.fullmatch(text) else text


def is_subscription(scope: str) -> bool:
    """Whether a scope is a subscription as a whole."""
    parts = scope.strip("/").split("/")
    return len(parts) == 2 and same(parts[0], "subscriptions")


def source(population: Population) -> str:
    """Where the resources came from, and how old they are: `inventory, collected 2026-11-19 … by …`."""
    text = population.source
    if population.ended_at:
        text += f", collected until {population.ended_at}"
    if population.collected_by:
        text += f" by {population.collected_by}"
    return text


def found(actual: str) -> str:
    """What is there, as the end of a sentence: `found TLS1_0`, `none found`."""
    return actual if actual.endswith("found") else f"found {actual or 'absent'}"


def why(result: ControlResult) -> str:
    """The most important reason of a state, or a dash."""
    return result.reasons[0] if result.reasons else (result.control.reason or NOTHING)


def standard(framework: Framework) -> str:
    """The standard with its edition: `ISO/IEC 27001:2022`."""
    if not framework.edition or framework.edition in framework.title:
        return framework.title
    return f"{framework.title}:{framework.edition}"


def clauses_label(clauses: Sequence[ControlResult]) -> str:
    """`Clauses 4–10`, from the first and the last that are listed."""
    majors = [result.control.id.partition(".")[0] for result in clauses]
    numbers = sorted({int(major) for major in majors if major.isdecimal()})
    if len(numbers) < 2 or not all(major.isdecimal() for major in majors):
        return "Clauses"
    return f"Clauses {numbers[0]}–{numbers[-1]}"


def verdict(run: Run) -> tuple[str, tuple[str, ...]]:
    """The sentence that says the worst, to be shown large, and the others in their order."""
    place = next((n for n, sentence in enumerate(run.headline) if _WORST.search(sentence)), 0)
    lead = run.headline[place] if run.headline else _without_headline(run)
    return lead, (*run.headline[:place], *run.headline[place + 1 :])


def _without_headline(run: Run) -> str:
    if not run.pairs_decided:
        return "Nothing was evaluated."
    return f"{plural(run.findings_total, 'finding')} on {plural(run.population.resources, 'resource')}."
