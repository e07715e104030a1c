"""The pairs of a run, while its states stream by: five bytes a pair, no body kept."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b

from msgspec import Struct

from blueprinter.arm import Resource
from blueprinter.casing import fold
from blueprinter.compliance.assess import UNDECIDED, WORST_FIRST
from blueprinter.compliance.model import Pair
from blueprinter.policy import (
    AliasSource,
    AssignedPolicy,
    ComplianceState,
    PolicyDefinition,
    PolicyState,
    UnsupportedReason,
)

_RANK = {pair: rank for rank, pair in enumerate(WORST_FIRST)}
_PASSES = frozenset({Pair.COMPLIANT, Pair.PROTECTED})


def _code(pair: Pair, *, guessed: bool) -> int:
    """One byte for a pair; the smaller, the worse: a pass on a guessed alias is worse than one on a known."""
    return 2 * _RANK[pair] + (0 if guessed and pair in _PASSES else 1)


def _pair(code: int) -> Pair:
    return WORST_FIRST[code // 2]


class Verdict(Struct, frozen=True):
    """What is booked of a policy state."""

    assigned: AssignedPolicy
    state: ComplianceState
    reason: UnsupportedReason | None
    guessed: bool

    @classmethod
    def of(cls, state: PolicyState) -> Verdict:
        return cls(state.assigned, state.state, state.reason, state.alias_source is AliasSource.GUESSED)


class Weights:
    """How many resources each number of a run stands for: one, or as many as are alike in everything that counts."""

    def __init__(self) -> None:
        self._heavy: dict[int, int] = {}

    @property
    def uniform(self) -> bool:
        """Every number stands for one resource."""
        return not self._heavy

    def set(self, number: int, weight: int) -> None:
        self._heavy[number] = weight

    def of(self, number: int) -> int:
        return self._heavy.get(number, 1)

    def total(self, numbers: Collection[int]) -> int:
        """How many resources a set of numbers stands for."""
        return len(numbers) if self.uniform else sum(map(self.of, numbers))


class Account:
    """The pairs of one test; where a resource is reached several times the worst counts."""

    def __init__(self, weights: Weights, definition: PolicyDefinition | None = None) -> None:
        """`definition`: the first that the test was met through."""
        self.definition = definition
        self._weights = weights
        self._numbers = array("L")
        self._codes = bytearray()
        self._counted: tuple[int, Mapping[int, int]] | None = None
        """How many resources have each code, and of how many pairs that is true."""
        self._undecided: Counter[str] = Counter()
        self.not_enforced = False
        """Some state is of an assignment with enforcementMode DoNotEnforce."""
        self.expired_exemption = False
        """Some failure was covered by an exemption that has expired."""
        self.guessed = False
        """Some verdict rests on a guessed alias."""

    def add(self, number: int, pair: Pair, verdict: Verdict) -> None:
        self._numbers.append(number)
        self._codes.append(_code(pair, guessed=verdict.guessed))
        if pair in UNDECIDED:
            why = str(verdict.reason) if verdict.reason is not None else str(pair)
            self._undecided[why] += self._weights.of(number)
        self.guessed = self.guessed or verdict.guessed
        self.not_enforced = self.not_enforced or not verdict.assigned.enforced

    def settle(self) -> None:
        """Leaves one pair a resource, the worst; called once, when every state is in."""
        if len(set(self._numbers)) == len(self._numbers):
            return
        worst: dict[int, int] = {}
        for number, code in zip(self._numbers, self._codes, strict=True):
            worst[number] = min(code, worst.get(number, code))
        self._numbers = array("L", worst.keys())
        self._codes = bytearray(worst.values())
        self._counted = None

    def take(self, other: Account) -> None:
        """The pairs of another test."""
        self._numbers.extend(other._numbers)
        self._codes.extend(other._codes)
        self._undecided.update(other._undecided)
        self.definition = self.definition or other.definition
        self.not_enforced = self.not_enforced or other.not_enforced
        self.expired_exemption = self.expired_exemption or other.expired_exemption
        self.guessed = self.guessed or other.guessed

    def counts(self) -> dict[Pair, int]:
        """Resources by pair, worst first; only pairs that occur."""
        found: dict[Pair, int] = {}
        for code, count in sorted(self._by_code().items()):
            found[_pair(code)] = found.get(_pair(code), 0) + count
        return found

    def _by_code(self) -> Mapping[int, int]:
        if self._counted is None or self._counted[0] != len(self._codes):
            self._counted = len(self._codes), self._count()
        return self._counted[1]

    def _count(self) -> Counter[int]:
        if self._weights.uniform:
            return Counter(self._codes)
        found: Counter[int] = Counter()
        for number, code in zip(self._numbers, self._codes, strict=True):
            found[code] += self._weights.of(number)
        return found

    def guessed_passes(self) -> int:
        found = self._by_code()
        return sum(found.get(_code(pair, guessed=True), 0) for pair in _PASSES)

    def undecided(self) -> Mapping[str, int]:
        """Why pairs are undecided, by number of states."""
        return self._undecided

    def resources(self, *pairs: Pair) -> set[int]:
        """The numbers of the resources in any of these states."""
        wanted = {_code(pair, guessed=guessed) for pair in pairs for guessed in (False, True)}
        return {number for number, code in zip(self._numbers, self._codes, strict=True) if code in wanted}


class Ledger:
    """An account for each test, over one numbering of resources."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._accounts: dict[str, Account] = {}
        self._numbers: dict[bytes, int] = {}
        self._last: Resource | None = None
        self._last_number = 0
        self._next = 0

    def add(self, test: str, pair: Pair, verdict: Verdict, number: int) -> Account:
        """Books a pair, and gives the account of its test."""
        account = self._accounts.get(test)
        if account is None:
            account = self._accounts[test] = Account(self.weights, verdict.assigned.definition)
        account.add(number, pair, verdict)
        return account

    def number(self, resource: Resource) -> int:
        """The number by which a resource is known in this run: the same for the same id."""
        # most sources give the states of one resource together
        if resource is not self._last:
            identity = blake2b(fold(resource.id).encode(errors="replace"), digest_size=16).digest()
            number = self._numbers.get(identity)
            if number is None:
                number = self._numbers[identity] = self.number_for(1)
            self._last, self._last_number = resource, number
        return self._last_number

    def number_for(self, resources: int) -> int:
        """A new number that stands for so many resources."""
        number = self._next
        self._next += 1
        if resources != 1:
            self.weights.set(number, resources)
        return number

    def settle(self) -> None:
        for account in self._accounts.values():
            account.settle()

    def account(self, test: str) -> Account:
        """The account of a test; an empty one when no state was met."""
        return self._accounts.get(test) or Account(self.weights)

    def together(self, tests: Sequence[str]) -> Account:
        """Several tests as one."""
        known = [self._accounts[test] for test in tests if test in self._accounts]
        if len(known) == 1:
            return known[0]
        found = Account(self.weights)
        for account in known:
            found.take(account)
        found.settle()
        return found

    def tests(self) -> tuple[str, ...]:
        """The tests that have pairs."""
        return tuple(self._accounts)

    def counts(self) -> dict[Pair, int]:
        """Pairs over all tests, worst first; every pair is there."""
        total = dict.fromkeys(WORST_FIRST, 0)
        for account in self._accounts.values():
            for pair, count in account.counts().items():
                total[pair] += count
        return total
