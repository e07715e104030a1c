"""Links of a blueprint without a controls.yaml: from the groups of the initiatives that it assigns.

The mapping is Microsoft's, so a link is partial at most. A member with the effect Manual asks for an attestation
and tests nothing, so it makes no link. An initiative may have one definition several times, with other parameters for
other groups (the CIS benchmarks do, for each operation that an activity log alert watches): then each of its members
is linked by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from blueprinter.blueprint.assigned import Assigned, Catalog
from blueprinter.blueprint.frameworks import of_group
from blueprinter.blueprint.model import Blueprint, Framework, Link, LinkTarget, Strength
from blueprinter.casing import fold
from blueprinter.policy import AssignedPolicy, PolicySetDefinition, definition_key, effect_of

_SOURCE = "Microsoft"


def manual_tests(policies: Iterable[AssignedPolicy]) -> frozenset[str]:
    """The definitions whose effect is Manual: `definition_key`s."""
    return frozenset(
        definition_key(policy.definition.id)
        for policy in policies
        if fold(effect_of(policy) or "") == "manual"
    )


def links_of_groups(
    blueprint: Blueprint, catalog: Catalog, assigned: Assigned
) -> tuple[Framework | None, tuple[Link, ...]]:
    """The framework that most groups name, and a link for each of its controls and members."""
    manual = manual_tests(assigned.policies)
    several = _several(catalog.sets[key] for key in assigned.initiatives)
    found: dict[tuple[str, str, str, str], Link] = {}
    for key, artifact in assigned.initiatives.items():
        initiative = catalog.sets[key]
        for member in initiative.members:
            test = definition_key(member.definition_id)
            reference = member.reference_id if test in several else ""
            for group in member.groups:
                mapped = of_group(blueprint.frameworks, group)
                if mapped is None or test in manual:
                    continue
                framework, control = mapped
                if not blueprint.frameworks[framework].controls[control].leaf:
                    continue
                link = Link(
                    control=control,
                    target=LinkTarget.POLICY,
                    test=test,
                    strength=Strength.PARTIAL,
                    why=f"in the group {group} of the initiative {initiative.display_name}",
                    source=_SOURCE,
                    reference=reference,
                    position=artifact.document.locate("/properties/policyDefinitionId"),
                )
                found.setdefault((framework, control, test, fold(reference)), link)
    counts = Counter(framework for framework, *_ in found)
    if not counts:
        return None, ()
    chosen = min(counts, key=lambda name: (-counts[name], name))
    framework_found = blueprint.frameworks[chosen]
    rank = {control: place for place, control in enumerate(framework_found.controls)}
    links = [link for (framework, *_), link in found.items() if framework == chosen]
    return framework_found, tuple(
        sorted(links, key=lambda link: (rank[link.control], link.test, fold(link.reference)))
    )


def _several(initiatives: Iterable[PolicySetDefinition]) -> frozenset[str]:
    """The definitions that some initiative has more than once, in different groups."""
    found: set[str] = set()
    for initiative in initiatives:
        groups: dict[str, frozenset[str]] = {}
        for member in initiative.members:
            test = definition_key(member.definition_id)
            own = frozenset(map(fold, member.groups))
            if groups.setdefault(test, own) != own:
                found.add(test)
    return frozenset(found)
