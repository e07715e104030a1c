"""The order in which a blueprint deploys its artifacts.

Default: at the subscription roles, then policies, then templates, each by name; then resource groups by
placeholder, and in each roles, policies, templates by name. `dependsOn` and `artifacts()` move what they name
forward; an edge that the default order satisfies changes nothing. An artifact that depends on a resource group
waits for everything in it.
Source: Microsoft Learn, "Understand the deployment sequence in Azure Blueprints".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from blueprinter.blueprint.artifacts import by_alias
from blueprinter.blueprint.model import Artifact, ResourceGroupPlaceholder
from blueprinter.casing import fold, key_of

_KINDS = {"roleAssignment": 0, "policyAssignment": 1, "template": 2}


class Step(NamedTuple):
    """Something that is deployed: an artifact, the creation of a resource group, or all that is in one."""

    kind: str
    """`artifact`, `group`, or `contents`"""
    name: str


class Deployment(Struct, frozen=True):
    """The order, or the first cycle that makes one impossible (names, the first repeated at the end)."""

    artifacts: tuple[Artifact, ...]
    cycle: tuple[str, ...] = ()


def deployment_order(
    artifacts: Sequence[Artifact],
    groups: Mapping[str, ResourceGroupPlaceholder],
    uses: Mapping[str, Sequence[str]],
) -> Deployment:
    """Artifacts in deployment order.

    `uses` names what an artifact, or a resource group by its placeholder, needs through `artifacts()`. Names
    that nothing has are passed over: they are reported elsewhere.
    """
    ranked = sorted(artifacts, key=lambda one: (_KINDS.get(one.kind, 3), fold(one.name), one.name))
    named = by_alias(tuple(artifacts))
    members: dict[str, list[Artifact]] = {placeholder: [] for placeholder in groups}
    outside: list[Artifact] = []
    for artifact in ranked:
        placeholder = key_of(groups, artifact.resource_group) if artifact.resource_group else None
        (outside if placeholder is None else members[placeholder]).append(artifact)

    def step_for(name: str, own_group: str | None) -> Step | None:
        if (artifact := named.get(fold(name))) is not None:
            return Step("artifact", artifact.name)
        placeholder = key_of(groups, name)
        if placeholder is None:
            return None
        return Step("group" if placeholder == own_group else "contents", placeholder)

    def before(step: Step) -> list[Step]:
        if step.kind == "contents":
            return [Step("group", step.name), *(Step("artifact", one.name) for one in members[step.name])]
        if step.kind == "group":
            named_by_group = (*groups[step.name].depends_on, *uses.get(step.name, ()))
            wanted = [step_for(name, None) for name in named_by_group]
            return [one for one in wanted if one is not None]
        artifact = named[fold(step.name)]
        placeholder = key_of(groups, artifact.resource_group) if artifact.resource_group else None
        first = [] if placeholder is None else [Step("group", placeholder)]
        names = (*artifact.depends_on, *uses.get(artifact.name, ()))
        others = [step_for(name, placeholder) for name in names]
        return [*first, *(one for one in others if one is not None)]

    start = [Step("artifact", one.name) for one in outside]
    start += [
        Step("contents", placeholder) for placeholder in sorted(groups, key=lambda one: (fold(one), one))
    ]
    rank = {Step("artifact", one.name): place for place, one in enumerate(ranked)}

    def in_default_order(steps: Iterable[Step]) -> list[Step]:
        return sorted(steps, key=lambda one: (rank.get(one, -1), fold(one.name)))

    steps, cycle = _walk(start, lambda step: in_default_order(before(step)))
    order = tuple(named[fold(step.name)] for step in steps if step.kind == "artifact")
    return Deployment(order, _names(cycle))


def _names(cycle: Sequence[Step]) -> tuple[str, ...]:
    """The names on a cycle; the steps of one resource group that follow each other are one name."""
    kept = [
        step.name
        for place, step in enumerate(cycle)
        if place == 0 or step == cycle[place - 1] or step.name != cycle[place - 1].name
    ]
    return tuple(kept)


def _walk(start: Sequence[Step], before: Callable[[Step], list[Step]]) -> tuple[list[Step], tuple[Step, ...]]:
    """Depth first: every step after those before it. The first cycle found is given, its edge left out."""
    done: dict[Step, None] = {}
    cycle: tuple[Step, ...] = ()
    for first in start:
        path: list[tuple[Step, list[Step]]] = []
        if first not in done:
            path.append((first, before(first)[::-1]))
        while path:
            step, waiting = path[-1]
            if not waiting:
                done[step] = None
                path.pop()
                continue
            following = waiting.pop()
            on_path = [one for one, _ in path]
            if following in on_path:
                cycle = cycle or (*on_path[on_path.index(following) :], following)
            elif following not in done:
                path.append((following, before(following)[::-1]))
    return list(done), cycle
