"""The pairs of a run, while its states stream by: five bytes a pair, no body kept."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b

from blueprinter.arm import Resource
from blueprinter.casing import fold
from blueprinter.compliance.assess import UNDECIDED, WORST_FIRST
from blueprinter.compliance.model import Pair
from blueprinter.policy import AliasSource, PolicyDefinition, PolicyState

_RANK = {pair: rank for rank, pair in enumerate(WORST_FIRST)}
_PASSES = frozenset({Pair.COMPLIANT, Pair.PROTECTED})


def _code(pair: Pair, *, guessed: bool) -> int:
    """One byte for a pair; the smaller, the worse: a pass on a guessed alias is worse than one on a known."""
    return 2 * _RANK[pair] + (0 if guessed and pair in _PASSES else 1)


def _pair(code: int) -> Pair:
    return WORST_FIRST[code // 2]


class Account:
    """The pairs of one test; where a resource is reached several times the worst counts."""

    def __init__(self, definition: PolicyDefinition | None = None) -> None:
        """`definition`: the first that the test was met through."""
        self.definition = definition
        self._numbers = array("L")
        self._codes = bytearray()
        self._undecided: Counter[str] = Counter()
        self.not_enforced = False
        """Some state is of an assignment with enforcementMode DoNotEnforce."""
        self.expired_exemption = False
        """Some failure was covered by an exemption that has expired."""
        self.guessed = False
        """Some verdict rests on a guessed alias."""

    def add(self, number: int, pair: Pair, state: PolicyState) -> None:
        guessed = state.alias_source is AliasSource.GUESSED
        self._numbers.append(number)
        self._codes.append(_code(pair, guessed=guessed))
        if pair in UNDECIDED:
            self._undecided[str(state.reason) if state.reason is not None else str(pair)] += 1
        self.guessed = self.guessed or guessed
        self.not_enforced = self.not_enforced or not state.assigned.enforced

    def settle(self) -> None:
        """Leaves one pair a resource, the worst; called once, when every state is in."""
        if len(set(self._numbers)) == len(self._numbers):
            return
        worst: dict[int, int] = {}
        for number, code in zip(self._numbers, self._codes, strict=True):
            worst[number] = min(code, worst.get(number, code))
        self._numbers = array("L", worst.keys())
        self._codes = bytearray(worst.values())

    def counts(self) -> dict[Pair, int]:
        """Resources by pair, worst first; only pairs that occur."""
        found: dict[Pair, int] = {}
        for code, count in sorted(Counter(self._codes).items()):
            found[_pair(code)] = found.get(_pair(code), 0) + count
        return found

    def guessed_passes(self) -> int:
        return sum(self._codes.count(_code(pair, guessed=True)) for pair in _PASSES)

    def undecided(self) -> Mapping[str, int]:
        """Why pairs are undecided, by number of states."""
        return self._undecided

    def resources(self, *pairs: Pair) -> set[int]:
        """The numbers of the resources in any of these states."""
        wanted = {_code(pair, guessed=guessed) for pair in pairs for guessed in (False, True)}
        return {number for number, code in zip(self._numbers, self._codes, strict=True) if code in wanted}


class Ledger:
    """An account for each test, over one numbering of resources."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._numbers: dict[bytes, int] = {}
        self._last: Resource | None = None
        self._last_number = 0

    def add(self, test: str, pair: Pair, state: PolicyState) -> Account:
        """Books a pair, and gives the account of its test."""
        account = self._accounts.get(test)
        if account is None:
            account = self._accounts[test] = Account(state.assigned.definition)
        account.add(self.number(state.resource), pair, state)
        return account

    def number(self, resource: Resource) -> int:
        """The number by which a resource is known in this run: the same for the same id."""
        # most sources give the states of one resource together
        if resource is not self._last:
            identity = blake2b(fold(resource.id).encode(errors="replace"), digest_size=16).digest()
            self._last, self._last_number = resource, self._numbers.setdefault(identity, len(self._numbers))
        return self._last_number

    def settle(self) -> None:
        for account in self._accounts.values():
            account.settle()

    def account(self, test: str) -> Account:
        """The account of a test; an empty one when no state was met."""
        return self._accounts.get(test) or Account()

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
