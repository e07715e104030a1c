"""The order of a deployment: what a resource needs comes before it, else the order of the template.

Source: Microsoft Learn, "Define the order for deploying resources in ARM templates".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush

from blueprinter.arm.deployments import Deployment
from blueprinter.arm.frames import Used
from blueprinter.arm.instances import Instance
from blueprinter.arm.model import Unknown, Value
from blueprinter.arm.places import Place


def in_deployment_order(deployment: Deployment) -> Iterator[Instance]:
    """All resources that are deployed, those of nested deployments in the place of their deployment.

    Circles and dependencies on nothing are reported.
    """
    for instance in ordered(deployment):
        if not instance.is_deployed:
            continue
        if not instance.is_deployment:
            yield instance
            continue
        nested = deployment.nested(instance)
        if nested is not None:
            yield from in_deployment_order(nested)


def _used(deployment: Deployment, instance: Instance) -> dict[Used, None]:
    """What a resource refers to, with all that is nested in it."""
    if instance.is_deployed and not instance.is_deployment:
        instance.body()
    elif instance.is_deployed:
        nested = deployment.nested(instance)
        if nested is not None:
            return instance.uses | _used_outside(nested)
    return instance.uses


def _used_outside(deployment: Deployment) -> dict[Used, None]:
    """What a deployment refers to and does not contain."""
    deployment.outputs()
    own = dict.fromkeys(deployment.instances())
    found: dict[Used, None] = dict(deployment.view.uses)
    for instance in own:
        found.update(_used(deployment, instance))
    return {used: None for used in found if used not in own}


def ordered(deployment: Deployment) -> list[Instance]:
    """The resources of one template, whether or not they are deployed.

    Of all that wait for nothing any more the first in the template is next.
    """
    instances = deployment.instances()
    place = {instance: index for index, instance in enumerate(instances)}
    waiting = {instance: set(needs(deployment, instance, place)) for instance in instances}
    followers: dict[Instance, list[Instance]] = {instance: [] for instance in instances}
    for instance, needed in waiting.items():
        for other in needed:
            followers[other].append(instance)
    ready = [place[instance] for instance in instances if not waiting[instance]]
    heapify(ready)
    found: list[Instance] = []
    while ready:
        instance = instances[heappop(ready)]
        found.append(instance)
        for follower in followers[instance]:
            waiting[follower].discard(instance)
            if not waiting[follower]:
                heappush(ready, place[follower])
    if len(found) < len(instances):
        _report_circle(deployment, {one: others for one, others in waiting.items() if others}, place)
    return found


def needs(deployment: Deployment, instance: Instance, own: Mapping[Instance, int]) -> Iterator[Instance]:
    """The resources of the same template that an instance waits for."""
    for value, place in _dependencies(deployment, instance):
        found = deployment.named(value)
        if not found and not deployment.names_empty_loop(value):
            short = deployment.short_named(value)
            found = short if len(short) == 1 else []
            if not short and isinstance(value, str) and _all_named(deployment):
                message = f"`{value}` in `dependsOn` is not a resource of the template"
                hint = "a dependency is named by its symbol, name, resource id or copy loop"
                deployment.work.faults.warning("BP533", message, place, hint)
        yield from (other for other in found if other is not instance)
    for other in _used(deployment, instance):
        if isinstance(other, Instance) and other in own and other is not instance:
            yield other


def _all_named(deployment: Deployment) -> bool:
    """Whether every resource has a known name, so that one that is not found is not there."""
    return not any(
        isinstance(name, Unknown) for instance in deployment.instances() for name in instance.names
    )


def _dependencies(deployment: Deployment, instance: Instance) -> Iterator[tuple[Value, Place]]:
    """The entries of `dependsOn`, which may be an expression as a whole."""
    members = instance.node.members
    if not members.has("dependsOn"):
        return
    written, place = members.get("dependsOn"), members.at("dependsOn")
    value = deployment.work.evaluator.value(written, place, instance.view)
    if value is None or isinstance(value, Unknown):
        return
    if not isinstance(value, list):
        deployment.work.faults.error("BP520", "`dependsOn` must be an array", place)
        return
    for index, entry in enumerate(value):
        here = place.child(index) if isinstance(written, list) else place
        if isinstance(entry, (str, Unknown)):
            yield entry, here
        elif entry is not None:
            deployment.work.faults.error("BP520", "an entry of `dependsOn` must be a string", here)


def _report_circle(
    deployment: Deployment, waiting: dict[Instance, set[Instance]], place: dict[Instance, int]
) -> None:
    """Reports one circle among resources that wait for each other, from its first resource on."""
    current = min(waiting, key=place.__getitem__)
    way: dict[Instance, None] = {}
    while current not in way:
        way[current] = None
        current = min((one for one in waiting[current] if one in waiting), key=place.__getitem__)
    circle = list(way)
    circle = circle[circle.index(current) :]
    first = min(range(len(circle)), key=lambda index: place[circle[index]])
    circle = [*circle[first:], *circle[:first], circle[first]]
    names = " needs ".join(f"`{_shown(instance)}`" for instance in circle)
    deployment.work.faults.error("BP532", f"circular dependency: {names}", circle[0].node.members.place)


def _shown(instance: Instance) -> str:
    name = instance.name
    return f"{instance.type} {name.expression if isinstance(name, Unknown) else name}"
