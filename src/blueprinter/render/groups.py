"""Resource groups: what the placeholders of a blueprint become."""

from __future__ import annotations

from msgspec import Struct

from blueprinter.arm import Unknown, same_location
from blueprinter.casing import fold
from blueprinter.document import Json, child
from blueprinter.render.expressions import Translator
from blueprinter.render.faults import Faults
from blueprinter.render.model import AdoptedGroup, Job, ScopeKind
from blueprinter.render.pieces import GROUPS, GROUPS_API, Body, Piece, group_id, text_value


class Placed(Struct, frozen=True):
    """A placeholder with the name it has in this assignment."""

    name: str
    location: str
    same_as: str = ""
    """An earlier placeholder that is the same group."""


def placed_groups(job: Job, faults: Faults) -> dict[str, Placed]:
    """The groups of the blueprint by placeholder, in its order; two of one name are one."""
    blueprint = job.resolved.blueprint
    found: dict[str, Placed] = {}
    by_name: dict[str, str] = {}
    for placeholder in blueprint.resource_groups:
        where = blueprint.document.locate(child("/properties/resourceGroups", placeholder), key=True)
        if job.kind is ScopeKind.MANAGEMENT_GROUP:
            message = f"the resource group `{placeholder}` cannot be made at a management group"
            faults.error("BP626", message, where, "name subscriptions under `subscriptions`")
            continue
        row = job.resolved.resource_groups[placeholder]
        name, location = row.get("name"), row.get("location")
        if isinstance(name, Unknown) or isinstance(location, Unknown):
            what = "name" if isinstance(name, Unknown) else "location"
            message = f"the {what} of the resource group `{placeholder}` is not known before deployment"
            faults.error("BP621", message, where, "give it a value in the assignment")
            continue
        other = by_name.setdefault(fold(str(name)), placeholder)
        if other != placeholder:
            if not same_location(str(location), found[other].location):
                message = (
                    f"`{placeholder}` and `{other}` are the one group `{name}`, "
                    f"in `{location}` and in `{found[other].location}`"
                )
                faults.error("BP625", message, where)
            else:
                faults.warn("BP625", f"`{placeholder}` and `{other}` are the one group `{name}`", where)
        found[placeholder] = Placed(str(name), str(location), other if other != placeholder else "")
    return found


def group_piece(job: Job, placeholder: str, translator: Translator, faults: Faults) -> Piece:
    """A resource group. One that is there and is not managed becomes no resource: a PUT would replace its tags."""
    blueprint = job.resolved.blueprint
    row = blueprint.resource_groups[placeholder]
    adopted = job.options.adopted.groups.get(fold(placeholder))
    piece = Piece(placeholder, "")
    document, pointer = blueprint.document, child("/properties/resourceGroups", placeholder)
    start = translator.at_start()
    tags: Json = {}
    with faults.translating(document.locate(pointer)):
        name, location = start.group_node(placeholder, "name"), start.group_node(placeholder, "location")
        tags = translator.value(row.tags_expression or dict(row.tags))
        piece.after = dict.fromkeys([*row.depends_on, *translator.used])
        if adopted is not None and not adopted.adopt:
            return piece
        body: Body = {
            "type": GROUPS,
            "apiVersion": GROUPS_API,
            "name": text_value(name),
            "location": text_value(location),
        }
        if tags or adopted is not None:
            body["tags"] = _merged(adopted, tags)
        body["properties"] = {}
        piece.resources.append(body)
        piece.ids.append(group_id(name))
    return piece


def _merged(adopted: AdoptedGroup | None, ours: Json) -> Json:
    """Our tags over those that the group has."""
    live: dict[str, Json] = dict(adopted.tags) if adopted is not None else {}
    if not live:
        return ours
    if isinstance(ours, dict):
        taken = {fold(key) for key in ours}
        return {**{key: value for key, value in live.items() if fold(key) not in taken}, **ours}
    pairs = ", ".join(f"{_quoted(key)}, {_quoted(str(value))}" for key, value in live.items())
    return f"[union(createObject({pairs}), {str(ours)[1:-1]})]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
