"""Artifacts as evidence: whether each is deployed with our mark, from the content at hand, and still there.

The same comparison as `drift`: the stack (or deployment) of the assignment has succeeded and consists of what would be
put, and what the artifact makes is there as the template sets it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec.structs import replace

from blueprinter.azure import ArmClient
from blueprinter.casing import fold, get
from blueprinter.deploy.apply import Prepared, prepare, submissions_of
from blueprinter.deploy.model import AssignOptions, Target
from blueprinter.deploy.resources import compare_resources
from blueprinter.deploy.submitting import holds, state_of
from blueprinter.deploy.wanted import expanded
from blueprinter.document import Json
from blueprinter.render import Template, is_nested_of
from blueprinter.text import plural

NOT_DEPLOYED = "not deployed"


def artifacts_in_azure(
    arm: ArmClient, target: Target, options: AssignOptions, names: Iterable[str]
) -> Mapping[str, str]:
    """Each of these artifacts -> empty when it stands as it was assigned, else what is wrong, for people.

    Only reads. Raises `AzureError` where the target cannot be read.
    """
    found = prepare(arm, target, options)
    if options.stack and not any(found.live.stacks.values()):
        options = replace(options, stack=False)  # it may have been assigned without
        found = prepare(arm, target, options)
    missing = {one.key for one in found.missing()}
    changed = {one.key for one, _ in found.changed()}
    made = {name: _made(found, name) for name in sorted(names)}
    ours = frozenset[str]().union(*made.values()) - missing
    compared = compare_resources(arm, [one for one in found.wanted if one.key in ours and not one.governance])
    missing |= {one.key for one in compared.gone}
    changed |= {one.key for one, _ in compared.changed}
    return {
        name: _deployed(found, options, name) or _standing(ids & missing, ids & changed)
        for name, ids in made.items()
    }


def _deployed(found: Prepared, options: AssignOptions, artifact: str) -> str:
    """What is wrong with the deployment that an artifact belongs to; empty when nothing is."""
    held = found.live.stacks if options.stack else found.plain
    submissions = submissions_of(found, options)
    templates = [one for one in found.target.rendered.templates if _part(one, artifact) is not None]
    for template in templates:
        there = held.get(template.name)
        if there is None:
            return NOT_DEPLOYED
        if state_of(there) != "succeeded":
            return f"its deployment is {state_of(there) or 'unknown'}"
        if not holds(there, submissions[template.name]):
            return "deployed from other content"
    return "" if templates else "no part of the assignment"


def _standing(gone: Collection[str], changed: Collection[str]) -> str:
    if gone:
        return f"{plural(len(gone), 'resource of it is', 'resources of it are')} gone"
    if changed:
        return f"{plural(len(changed), 'resource of it was', 'resources of it were')} changed"
    return ""


def _made(found: Prepared, artifact: str) -> frozenset[str]:
    """Folded ids of what an artifact makes, as far as they are known beforehand."""
    parts = (_part(one, artifact) for one in found.target.rendered.templates)
    return frozenset(
        fold(one.id)
        for part in parts
        if part is not None
        for one in expanded(part, found.target.cloud).resources
        if one.id
    )


def _part(template: Template, artifact: str) -> Template | None:
    """The template with nothing but the nested deployment of one artifact; None where it has none."""
    listed = get(template.body, "resources")
    own: list[Json] = [
        {**one, "dependsOn": []}
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict) and is_nested_of(str(get(one, "name")), artifact)
    ]
    if not own:
        return None
    return replace(template, body={**template.body, "resources": own, "outputs": {}})
