"""Which tests a run has: links of controls, the definitions in force, and which of them are the same test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from blueprinter.blueprint import Framework, Link, LinkTarget
from blueprinter.casing import fold
from blueprinter.policy import AssignedPolicy, definition_key


class LinkedTests:
    """Tests by canonical key: a definition and the built-in named as its `equivalent` share one."""

    def __init__(
        self, links: Sequence[Link], policies: Sequence[AssignedPolicy], framework: Framework | None
    ) -> None:
        self._root = _same_tests(links)
        self._keys: dict[str, str] = {}
        order = {
            fold(control): index for index, control in enumerate(framework.controls if framework else ())
        }
        by_control: dict[str, list[Link]] = {}
        controls: dict[str, set[str]] = {}
        direct: dict[str, set[str]] = {}
        for link in links:
            by_control.setdefault(fold(link.control), []).append(link)
            if link.target is not LinkTarget.POLICY:
                continue
            test = self.canonical(link.test)
            controls.setdefault(test, set()).add(link.control)
            if link.strength.direct:
                direct.setdefault(test, set()).add(link.control)

        def in_order(named: set[str]) -> tuple[str, ...]:
            return tuple(sorted(named, key=lambda control: (order.get(fold(control), len(order)), control)))

        self._by_control = by_control
        self._controls = {test: in_order(named) for test, named in controls.items()}
        self._direct_controls = {test: in_order(named) for test, named in direct.items()}
        self._policies: dict[str, list[AssignedPolicy]] = {}
        for policy in policies:
            self._policies.setdefault(self.test_of(policy), []).append(policy)

    def canonical(self, key: str) -> str:
        """The key under which a test is known, from a `definition_key` of any of its definitions."""
        return self._root.get(key, key)

    def test_of(self, policy: AssignedPolicy) -> str:
        """The canonical test of an assigned policy."""
        id_ = policy.definition.id
        known = self._keys.get(id_)
        if known is None:
            known = self._keys[id_] = self.canonical(definition_key(id_))
        return known

    def links_of(self, control: str) -> Sequence[Link]:
        """The links of a control, as written."""
        return self._by_control.get(fold(control), ())

    def tests_of(self, control: str) -> frozenset[str]:
        """The canonical tests linked to a control, of any strength."""
        return frozenset(
            self.canonical(link.test) for link in self.links_of(control) if link.target is LinkTarget.POLICY
        )

    def controls_of(self, test: str) -> tuple[str, ...]:
        """The controls a test is linked to, in the framework's order."""
        return self._controls.get(test, ())

    def direct_controls_of(self, test: str) -> tuple[str, ...]:
        """The controls that a test speaks directly to."""
        return self._direct_controls.get(test, ())

    @property
    def direct(self) -> frozenset[str]:
        """The tests that speak directly to some control."""
        return frozenset(self._direct_controls)

    def policies_of(self, test: str) -> Sequence[AssignedPolicy]:
        """What puts a test into force, in the order of the blueprint."""
        return self._policies.get(test, ())

    def is_linked(self, test: str) -> bool:
        return test in self._controls


def _same_tests(links: Iterable[Link]) -> dict[str, str]:
    """Every key that belongs to a group of the same test -> the group's first key."""
    root: dict[str, str] = {}

    def find(key: str) -> str:
        while (above := root.get(key, key)) != key:
            key = above
        return key

    for link in links:
        if link.target is LinkTarget.POLICY and link.equivalent:
            one, other = find(link.test), find(link.equivalent)
            if one != other:
                root[other] = one
    return {key: find(key) for key in root}
