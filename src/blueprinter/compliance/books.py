"""What a run notes of every policy state: its pair, after exemptions, and whether it is a finding."""

from __future__ import annotations

from collections.abc import Sequence

from blueprinter.compliance.exemptions import Exemptions
from blueprinter.compliance.findings import SHOWN, Findings
from blueprinter.compliance.ledger import Ledger, Verdict
from blueprinter.compliance.linked import LinkedTests
from blueprinter.compliance.model import Finding, Pair
from blueprinter.policy import PolicyState


class Books:
    """The books of one run."""

    def __init__(
        self,
        tests: LinkedTests,
        exemptions: Exemptions,
        ledger: Ledger,
        findings: Findings,
        *,
        linked_only: bool,
    ) -> None:
        """`linked_only`: only a test that is linked to a control counts as a look at a type."""
        self.tests = tests
        self.exemptions = exemptions
        self.ledger = ledger
        self.findings = findings
        self.touched: set[str] = set()
        """The types that a test looked at, as spelled."""
        self.shown = 0
        """Findings among what was booked as alike."""
        self._linked_only = linked_only

    def enter(self, state: PolicyState, *, wanted: bool) -> Finding | None:
        """Books one state. The finding, if it is one or `wanted`."""
        verdict = Verdict.of(state)
        test = self.tests.test_of(state.assigned)
        number = self.ledger.number(state.resource)
        judged = self.exemptions.apply(verdict, test, number, state.resource.id)
        account = self.ledger.add(test, judged.pair, verdict, number)
        if judged.expired:
            account.expired_exemption = True
        if judged.pair is not Pair.NOT_APPLICABLE:
            self.touch(test, state.resource.type)
        if not wanted and judged.pair not in SHOWN:
            return None
        severity = state.assigned.definition.severity
        finding = Finding(state, judged.pair, severity, self.tests.controls_of(test), judged.exemption)
        if judged.pair in SHOWN:
            self.findings.add(finding)
        return finding

    def enter_alike(self, verdicts: Sequence[Verdict], within: frozenset[int], count: int) -> None:
        """Books the verdicts on resources that are alike, which lie in the scopes of the exemptions `within`."""
        number = self.ledger.number_for(count)
        for verdict in verdicts:
            test = self.tests.test_of(verdict.assigned)
            judged = self.exemptions.apply_within(verdict, test, number, within)
            account = self.ledger.add(test, judged.pair, verdict, number)
            if judged.expired:
                account.expired_exemption = True
            if judged.pair in SHOWN:
                self.shown += count

    def touch(self, test: str, type: str) -> None:
        """A test looked at a resource of a type."""
        if self.tests.is_linked(test) or not self._linked_only:
            self.touched.add(type)
