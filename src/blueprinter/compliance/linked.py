"""Which tests a run has: links of controls, the definitions in force, and which of them are the same test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from blueprinter.blueprint import Framework, Link, LinkTarget
from blueprinter.casing import fold
from blueprinter.policy import AssignedPolicy, definition_key


class LinkedTests:
    """Tests by canonical key: a definition and the built-in named as its `equivalent` share one.

    A definition of which links name single members of initiatives is several tests: each of those members, and what
    else puts it into force.
    """

    def __init__(
        self, links: Sequence[Link], policies: Sequence[AssignedPolicy], framework: Framework | None
    ) -> None:
        self._root = _same_tests(links)
        self._keys: dict[tuple[str, str], str] = {}
        self._order = {
            fold(control): index for index, control in enumerate(framework.controls if framework else ())
        }
        by_control: dict[str, list[Link]] = {}
        controls: dict[str, set[str]] = {}
        direct: dict[str, set[str]] = {}
        self._members: dict[str, dict[str, str]] = {}
        """The tests that are single members, by definition and folded reference."""
        for link in links:
            if link.reference:
                test, reference = self.canonical(link.test), fold(link.reference)
                self._members.setdefault(test, {})[reference] = f"{test}#{reference}"
        for link in links:
            by_control.setdefault(fold(link.control), []).append(link)
            for test in self.tests_of_link(link):
                controls.setdefault(test, set()).add(link.control)
                if link.strength.direct:
                    direct.setdefault(test, set()).add(link.control)

        self._by_control = by_control
        self._controls = {test: self._in_order(named) for test, named in controls.items()}
        self._direct_controls = {test: self._in_order(named) for test, named in direct.items()}
        self._policies: dict[str, list[AssignedPolicy]] = {}
        for policy in policies:
            self._policies.setdefault(self.test_of(policy), []).append(policy)

    def canonical(self, key: str) -> str:
        """The key under which a definition is known, from a `definition_key` of any that is the same test."""
        return self._root.get(key, key)

    def test_of(self, policy: AssignedPolicy) -> str:
        """The test of an assigned policy."""
        key = policy.definition.id, policy.reference_id
        known = self._keys.get(key)
        if known is None:
            test = self.canonical(definition_key(policy.definition.id))
            members = self._members.get(test)
            known = members.get(fold(policy.reference_id), test) if members else test
            self._keys[key] = known
        return known

    def all_of(self, definition: str) -> tuple[str, ...]:
        """The tests of a definition, by its canonical key."""
        return (definition, *self._members.get(definition, {}).values())

    def tests_of_link(self, link: Link) -> tuple[str, ...]:
        """The tests that a link speaks of; none for an artifact."""
        if link.target is not LinkTarget.POLICY:
            return ()
        definition = self.canonical(link.test)
        if link.reference:
            return (self._members[definition][fold(link.reference)],)
        return self.all_of(definition)

    def links_of(self, control: str) -> Sequence[Link]:
        """The links of a control, as written."""
        return self._by_control.get(fold(control), ())

    def tests_of(self, control: str) -> frozenset[str]:
        """The tests linked to a control, of any strength."""
        return frozenset(test for link in self.links_of(control) for test in self.tests_of_link(link))

    def definitions_of(self, control: str) -> frozenset[str]:
        """The canonical keys of the definitions linked to a control."""
        return frozenset(
            self.canonical(link.test) for link in self.links_of(control) if link.target is LinkTarget.POLICY
        )

    def controls_of(self, test: str) -> tuple[str, ...]:
        """The controls a test is linked to, in the framework's order."""
        return self._controls.get(test, ())

    def controls_of_definition(self, definition: str) -> tuple[str, ...]:
        """The controls that some test of a definition is linked to."""
        return self._in_order(name for test in self.all_of(definition) for name in self.controls_of(test))

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

    def _in_order(self, controls: Iterable[str]) -> tuple[str, ...]:
        """Each once, in the framework's order."""
        order = self._order
        return tuple(sorted(set(controls), key=lambda name: (order.get(fold(name), len(order)), name)))


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
