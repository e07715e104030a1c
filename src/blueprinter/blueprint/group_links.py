"""Links of a blueprint without a controls.yaml: from the groups of the initiatives that it assigns.

The mapping is Microsoft's, so a link is partial at most. A member with the effect Manual asks for an attestation
and tests nothing, so it makes no link.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from blueprinter.blueprint.assigned import Assigned, Catalog
from blueprinter.blueprint.frameworks import of_group
from blueprinter.blueprint.model import Blueprint, Framework, Link, LinkTarget, Strength
from blueprinter.casing import fold
from blueprinter.policy import AssignedPolicy, definition_key, effect_of

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
    found: dict[tuple[str, str, str], Link] = {}
    for key, artifact in assigned.initiatives.items():
        initiative = catalog.sets[key]
        for member in initiative.members:
            test = definition_key(member.definition_id)
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
                    position=artifact.document.locate("/properties/policyDefinitionId"),
                )
                found.setdefault((framework, control, test), link)
    counts = Counter(framework for framework, _, _ in found)
    if not counts:
        return None, ()
    chosen = min(counts, key=lambda name: (-counts[name], name))
    framework_found = blueprint.frameworks[chosen]
    rank = {control: place for place, control in enumerate(framework_found.controls)}
    links = [link for (framework, _, _), link in found.items() if framework == chosen]
    return framework_found, tuple(sorted(links, key=lambda link: (rank[link.control], link.test)))
