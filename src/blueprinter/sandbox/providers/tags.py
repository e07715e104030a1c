"""Tags of a subscription, a resource group or a resource, read and written by themselves, and the names and values of
tags that a subscription sets beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from blueprinter.casing import fold, same
from blueprinter.sandbox.containers import check_subscription, not_found
from blueprinter.sandbox.model import Body, Call, Provider, Refusal, Response, Route, Stored
from blueprinter.sandbox.providers.locks import check_locks
from blueprinter.sandbox.strictness import READ_ONLY, TEXT, check_members, map_of, one_of, record
from blueprinter.sandbox.writing import write

TAGS_TYPE = "Microsoft.Resources/tags"
MAX_TAGS = 50
MAX_NAME = 512
MAX_VALUE = 256
"""Characters (Microsoft Learn, "Use tags to organize your Azure resources and management hierarchy")."""

_SHAPE = record(
    {
        **READ_ONLY,
        "operation": one_of("Merge", "Replace", "Delete"),
        "properties": record({"tags": map_of(TEXT)}),
    },
    "properties",
)


def _owner(call: Call) -> Stored:
    scope = call.values["scope"]
    found = call.box.store.get(scope)
    if found is None:
        raise not_found(scope)
    return found


def _get(call: Call) -> Response:
    return _answer(call, _tags(_owner(call)))


def _put(call: Call) -> Response:
    return _change(call, "replace")


def _patch(call: Call) -> Response:
    return _change(call, "")


def _change(call: Call, operation: str) -> Response:
    owner = _owner(call)
    body = call.body()
    check_members(body, _SHAPE)
    given = body["properties"].get("tags") or {}
    match operation or fold(str(body.get("operation") or "merge")):
        case "replace":
            tags = dict(given)
        case "delete":
            tags = {name: value for name, value in _tags(owner).items() if given.get(name) != value}
        case _:
            tags = {**_tags(owner), **given}
    if len(tags) > MAX_TAGS:
        raise Refusal(
            400,
            "TooManyTags",
            f"The resource '{owner.id}' has '{len(tags)}' tags: at most {MAX_TAGS} are allowed.",
        )
    _write_tags(call, owner, tags)
    return _answer(call, tags)


def _delete(call: Call) -> Response:
    _write_tags(call, _owner(call), {})
    return Response.empty(200)


def _write_tags(call: Call, owner: Stored, tags: Body) -> None:
    """A subscription is no resource that can be written; all else goes the way of every resource."""
    if fold(owner.type) == "microsoft.resources/subscriptions":
        check_locks(call.box, owner.id, "write")
        call.box.store.put(owner.id, owner.type, {**owner.body, "tags": tags})
        return
    write(
        call,
        owner.id,
        owner.type,
        {"tags": tags},
        api_version=str(owner.notes.get("apiVersion") or call.request.api_version),
        principal=call.principal,
        tracking=call.tracking,
        patch=True,
    )


def _tags(owner: Stored) -> Body:
    return dict(owner.body.get("tags") or {})


def _answer(call: Call, tags: Body) -> Response:
    body: Body = {"id": call.id, "name": "default", "type": TAGS_TYPE, "properties": {"tags": tags}}
    return Response.of(body)


# ---------------------------------------------------------------- names and values that are set beforehand


def _counts(call: Call) -> dict[str, dict[str, int]]:
    """By name and value of a tag, how often it is in use in the subscription; those that were set beforehand have 0.
    Names are compared without regard to case and spelled as they were first met."""
    subscription = call.values["subscription"]
    check_subscription(call.box, subscription)
    counts = {name: dict.fromkeys(values, 0) for name, values in _set_beforehand(call).items()}
    spelling = {fold(name): name for name in counts}
    for found in call.box.store.below(f"/subscriptions/{subscription}"):
        for name, value in _tags(found).items():
            values = counts.setdefault(spelling.setdefault(fold(name), name), {})
            values[str(value)] = values.get(str(value), 0) + 1
    return counts


def _set_beforehand(call: Call) -> dict[str, list[str]]:
    """Values by name."""
    found = call.box.store.note(_key(call))
    if not isinstance(found, dict):
        return {}
    return {
        name: [str(value) for value in values] for name, values in found.items() if isinstance(values, list)
    }


def _set(call: Call, given: Mapping[str, Sequence[str]]) -> None:
    call.box.store.set_note(_key(call), {name: list(values) for name, values in given.items()})


def _key(call: Call) -> str:
    return f"tagNames:{fold(call.values['subscription'])}"


def _spelled(call: Call, given: Mapping[str, object]) -> str:
    """The tag that the path names as it is spelled where there is one."""
    return next((name for name in given if same(name, call.values["tag"])), call.values["tag"])


def _names(call: Call) -> Response:
    return Response.of(
        {"value": [_name(call.id, name, values) for name, values in sorted(_counts(call).items())]}
    )


def _put_name(call: Call) -> Response:
    counts, given = _counts(call), _set_beforehand(call)
    name = _spelled(call, counts)
    _check_length(name, MAX_NAME)
    given.setdefault(name, [])
    _set(call, given)
    answer = _name(call.id.rpartition("/")[0], name, counts.get(name, {}))
    return Response.of(answer, 200 if name in counts else 201)


def _put_value(call: Call) -> Response:
    counts, given = _counts(call), _set_beforehand(call)
    name, value = _spelled(call, counts), call.values["value"]
    if name not in given:
        raise Refusal(404, "TagNameNotFound", f"The tag name '{name}' could not be found.")
    _check_length(value, MAX_VALUE)
    is_new = value not in given[name]
    if is_new:
        given[name].append(value)
        _set(call, given)
    return Response.of(_value(call.id, value, counts[name].get(value, 0)), 201 if is_new else 200)


def _delete_name(call: Call) -> Response:
    """All values must be gone first (REST "Tags - Delete"); the codes of these refusals are not recorded."""
    counts, given = _counts(call), _set_beforehand(call)
    name = _spelled(call, given)
    if name not in given:
        return Response.empty(204)
    if counts.get(name):
        raise Refusal(409, "TagNameInUse", f"The tag name '{name}' has values or is in use.")
    del given[name]
    _set(call, given)
    return Response.empty(200)


def _delete_value(call: Call) -> Response:
    counts, given = _counts(call), _set_beforehand(call)
    name, value = _spelled(call, given), call.values["value"]
    if value not in given.get(name, ()):
        return Response.empty(204)
    if counts[name].get(value):
        raise Refusal(409, "TagValueInUse", f"The value '{value}' of the tag name '{name}' is in use.")
    given[name].remove(value)
    _set(call, given)
    return Response.empty(200)


def _check_length(text: str, most: int) -> None:
    if len(text) > most:
        raise Refusal(400, "InvalidTagNameOrValue", f"'{text[:40]}…' is longer than {most} characters.")


def _name(path: str, name: str, values: dict[str, int]) -> Body:
    id = f"{path}/{name}"
    return {
        "id": id,
        "tagName": name,
        "count": {"type": "Total", "value": sum(values.values())},
        "values": [
            _value(f"{id}/tagValues/{value}", value, count) for value, count in sorted(values.items())
        ],
    }


def _value(id: str, value: str, count: int) -> Body:
    return {"id": id, "tagValue": value, "count": {"type": "Total", "value": count}}


_ONE = "{scope*}/providers/Microsoft.Resources/tags/default"
_NAMES = "/subscriptions/{subscription}/tagNames"

PROVIDER = Provider(
    "Microsoft.Resources",
    routes=(
        Route("GET", _ONE, _get),
        Route("PUT", _ONE, _put),
        Route("PATCH", _ONE, _patch),
        Route("DELETE", _ONE, _delete),
        Route("GET", _NAMES, _names),
        Route("PUT", f"{_NAMES}/{{tag}}", _put_name),
        Route("DELETE", f"{_NAMES}/{{tag}}", _delete_name),
        Route("PUT", f"{_NAMES}/{{tag}}/tagValues/{{value}}", _put_value),
        Route("DELETE", f"{_NAMES}/{{tag}}/tagValues/{{value}}", _delete_value),
    ),
)
