"""What each link of a control gave: its test's pairs, and whether the test was in force at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from blueprinter.blueprint import Absence, Link, LinkTarget
from blueprinter.casing import same
from blueprinter.compliance.assess import Tally, link_outcome
from blueprinter.compliance.ledger import Account, Ledger
from blueprinter.compliance.linked import LinkedTests
from blueprinter.compliance.model import LinkOutcome, LinkResult, Pair
from blueprinter.compliance.scope import covers
from blueprinter.policy import AssignedPolicy, PolicySeverity, definition_key, effect_of, undecidable

LIVE_ONLY = "live-only"
MANUAL = "manual"
SWITCHED_OFF = "switched off"

_ANSWERED = (Pair.NON_COMPLIANT, Pair.WAIVED, Pair.MITIGATED)
"""What a manual policy says where somebody said so."""


class Silence(Struct, frozen=True):
    """A policy without a state where that is no verdict: it may not have been looked at."""

    policy: AssignedPolicy
    reason: str
    """`not assigned`, `not evaluated yet`, `stale`, `unreadable: …`, …"""
    off: bool = False
    """It is not in force at all."""


class Outcomes:
    """Answers for the links of one run."""

    def __init__(
        self,
        tests: LinkedTests,
        ledger: Ledger,
        absent: Mapping[str, Absence],
        *,
        live: bool,
        artifacts: Mapping[str, str],
        hole: str,
        silences: Iterable[Silence] = (),
    ) -> None:
        """`artifacts`: name -> empty when deployed with our mark and unchanged, else what is wrong (live only).
        `hole` as for `link_outcome`."""
        self._tests = tests
        self._ledger = ledger
        self._absent = absent
        self._live = live
        self._artifacts = artifacts
        self._hole = hole
        self._silent: dict[str, list[Silence]] = {}
        for one in silences:
            self._silent.setdefault(tests.test_of(one.policy), []).append(one)

    def of(self, link: Link) -> LinkResult:
        """What a link gave."""
        if link.target is LinkTarget.ARTIFACT:
            return self._artifact(link)
        tests = self._tests.tests_of_link(link)
        account = self._ledger.together(tests)
        policies = [policy for test in tests for policy in self._tests.policies_of(test)]
        tally = self._tally(link, policies, account)
        outcome, reason = link_outcome(tally, hole=self._hole)
        return LinkResult(
            link,
            outcome,
            _severity(policies),
            _display_name(policies, link),
            tally.counts,
            reason,
            account.not_enforced or any(not policy.enforced for policy in policies),
        )

    def is_manual(self, definition: str) -> bool:
        """Whether a definition, by its canonical key, is a manual policy everywhere: people answer it, nothing
        evaluates it."""
        policies = [
            policy for test in self._tests.all_of(definition) for policy in self._tests.policies_of(test)
        ]
        return bool(policies) and all(_has_effect(policy, "manual") for policy in policies)

    def _artifact(self, link: Link) -> LinkResult:
        """A template that stands as we deployed it: known only live, and never more than partial evidence."""
        if not self._live:
            outcome, reason = LinkOutcome.NOT_RUN, LIVE_ONLY
        elif link.test not in self._artifacts:
            outcome, reason = LinkOutcome.BLOCKED, "not looked at"
        elif why := self._artifacts[link.test]:
            outcome, reason = LinkOutcome.OFF, why
        else:
            outcome, reason = LinkOutcome.PASS, ""
        return LinkResult(link, outcome, PolicySeverity.MEDIUM, f"artifact {link.test}", {}, reason)

    def _tally(self, link: Link, policies: Sequence[AssignedPolicy], account: Account) -> Tally:
        counts = account.counts()
        off, blocked = self._standing(link, policies)
        for test in self._tests.tests_of_link(link):
            for silence in self._silent.get(test, ()):
                if silence.off:
                    off = off or silence.reason
                else:
                    blocked = blocked or silence.reason
        return Tally(
            counts,
            account.guessed_passes(),
            account.undecided(),
            not_run=self._not_run(link, policies, counts),
            off=off,
            blocked=blocked,
        )

    def _not_run(self, link: Link, policies: Sequence[AssignedPolicy], counts: Mapping[Pair, int]) -> str:
        """Why a test was not to run here: `source: live` counts only for what cannot be decided offline."""
        decidable = any(undecidable(policy.definition) is None for policy in policies)
        if link.live_only and not self._live and not decidable:
            return LIVE_ONLY
        if self.is_manual(self._tests.canonical(link.test)) and not any(map(counts.get, _ANSWERED)):
            return MANUAL
        return ""

    def _standing(self, link: Link, policies: Sequence[AssignedPolicy]) -> tuple[str, str]:
        """Why the test is off, and why it is blocked as a whole; both empty when it is in force everywhere."""
        usable = [policy for policy in policies if self._absence(policy) is None]
        active = [policy for policy in usable if not _has_effect(policy, "disabled")]
        switched_off = [policy for policy in usable if policy not in active]
        if not active:
            if switched_off:
                return SWITCHED_OFF, ""
            return self._why_absent(link, policies)
        # an assignment that is off takes nothing away where another puts the same test into force
        bare = [off for off in switched_off if not any(covers(on.scope, off.scope) for on in active)]
        return (f"{SWITCHED_OFF} in {bare[0].scope or 'part of the population'}" if bare else "", "")

    def _absence(self, policy: AssignedPolicy) -> Absence | None:
        known = self._absent.get(definition_key(policy.definition.id))
        if known is None and policy.definition.deprecated:
            return Absence.DEPRECATED
        return known

    def _why_absent(self, link: Link, policies: Sequence[AssignedPolicy]) -> tuple[str, str]:
        reasons = [why for policy in policies if (why := self._absence(policy)) is not None]
        named = [self._absent[key] for key in (link.test, link.equivalent) if key in self._absent]
        why = next(iter([*reasons, *named]), Absence.NOT_ASSIGNED)
        if why is Absence.PARAMETER_MISSING:
            return "", str(why)
        return str(why), ""


def _has_effect(policy: AssignedPolicy, effect: str) -> bool:
    found = effect_of(policy)
    return found is not None and same(found, effect)


def _severity(policies: Sequence[AssignedPolicy]) -> PolicySeverity:
    """The worst of the definitions of a test; medium where none is known."""
    found = {policy.definition.severity for policy in policies}
    return next((severity for severity in PolicySeverity if severity in found), PolicySeverity.MEDIUM)


def _display_name(policies: Sequence[AssignedPolicy], link: Link) -> str:
    name = next(
        (policy.definition.display_name for policy in policies if policy.definition.display_name),
        link.title or link.test,
    )
    return f"{name} ({link.reference})" if link.reference else name
