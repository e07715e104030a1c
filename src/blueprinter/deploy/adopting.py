"""`adopted.yaml` as `plan --adopt` writes it: what was found live, to be reviewed and kept in git."""

from __future__ import annotations

import yaml
from msgspec.structs import replace

from blueprinter.casing import fold
from blueprinter.deploy.plan import Plan
from blueprinter.deploy.twins import adoptable, location_of
from blueprinter.document import Json
from blueprinter.render import Adopted, AdoptedArtifact


def adopted_file(plan: Plan) -> str:
    """The text of the file for a plan: what was fitted, and policy assignments by others that can be taken over."""
    prepared = plan.prepared
    adopted = prepared.target.options.adopted if prepared is not None else Adopted()
    if prepared is not None:
        found = {
            fold(artifact): AdoptedArtifact(name=live.name, location=location_of(live))
            for artifact, live in adoptable(prepared).items()
        }
        adopted = replace(adopted, artifacts={**found, **adopted.artifacts})
    placeholders = prepared.target.resolved.blueprint.resource_groups if prepared is not None else {}
    artifacts = prepared.target.resolved.blueprint.artifacts if prepared is not None else ()
    spelled = {name.casefold(): name for name in (*placeholders, *(one.name for one in artifacts))}
    value: dict[str, Json] = {"schema": "blueprinter/adopted/1"}
    rows: dict[str, Json] = {}
    for key, one in sorted(adopted.artifacts.items()):
        held: dict[str, Json] = {
            name: text
            for name, text in (
                ("name", one.name),
                ("location", one.location),
                ("principalType", one.principal_type),
            )
            if text
        }
        if one.names:
            held["names"] = dict(sorted(one.names.items()))
        rows[spelled.get(key, key)] = held
    groups: dict[str, Json] = {}
    for key, group in sorted(adopted.groups.items()):
        row: dict[str, Json] = {"adopt": True} if group.adopt else {"existing": True}
        if group.tags:
            row["tags"] = dict(sorted(group.tags.items()))
        groups[spelled.get(key, key)] = row
    for name, part in (
        ("artifacts", rows),
        ("resourceGroups", groups),
        ("roleAssignments", dict(sorted(adopted.role_assignments.items()))),
        ("definitions", dict(sorted(adopted.definitions.items()))),
        ("identities", dict(sorted(adopted.principals.items()))),
    ):
        if part:
            value[name] = dict(part)
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
    return f"# What is live already and is taken over; reviewed by people, read by `render` and `assign`.\n{text}"
