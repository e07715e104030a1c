"""`evaluate --record`: the answers of Azure to a live run, without whose they are, and the run over them again.

A folder of three files: `recording.yaml` has requests and answers as the recordings of Azure's own SDK have them,
`replay.json` what the run asked for, `README.md` what stayed and what did not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import orjson
import yaml
from msgspec import Struct
from msgspec.structs import replace

from blueprinter.azure import (
    PLACE,
    ArmClient,
    Exchange,
    Exchanges,
    Replay,
    connect_in_process,
    read_exchanges,
    scrub,
)
from blueprinter.blueprint import Absence, ResolvedBlueprint, deployed_definition_name
from blueprinter.casing import fold, get
from blueprinter.cli.live_evaluation import Live
from blueprinter.cli.output import write_file
from blueprinter.cli.workspace import Workspace
from blueprinter.compliance import Run
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.document import Json
from blueprinter.policy import AssignedPolicy, definition_key

RECORDING, REPLAY, README = "recording.yaml", "replay.json", "README.md"
_SCHEMA = "blueprinter/recording/1"
_WIDTH = 1 << 20
_EXPLAINED = """\
# A recording of a live evaluation

`recording.yaml` has what was asked of Azure and what it answered; `replay.json` what the run asked for.

Replaced, each by the same everywhere: ids of subscriptions, tenants, principals and every other GUID; names of
resources, groups, assignments and exemptions; texts such as display names. Left out: headers but those that paging and
waiting need, tokens, tags, identities, who made or changed what, assignments that the run did not look at.

It stays: types and locations of resources, states, times, counts, effects, and the names of the blueprint's policies
and controls. Look through the files before you hand them on.

Again, without Azure: `blueprinter evaluate --replay FOLDER`, with the blueprint at hand. Registers are not in it.
"""


class Recorded(Struct, frozen=True):
    """What a recording says of its run."""

    blueprint: str
    """Empty for initiatives."""
    initiatives: tuple[str, ...]
    live: Live
    now: datetime
    judged: datetime
    policies: tuple[Mapping[str, Json], ...]
    absent: Mapping[str, str]
    artifacts: Mapping[str, str]
    exchanges: tuple[Exchange, ...]
    max_age_days: int
    allow_partial: bool
    cloud: str


class Asked(Protocol):
    """What of a request a recording says."""

    @property
    def now(self) -> datetime: ...
    @property
    def max_age_days(self) -> int: ...
    @property
    def allow_partial(self) -> bool: ...
    @property
    def initiatives(self) -> Sequence[str]: ...


def check_folder(folder: Path) -> None:
    """Raises `InvalidInput` (BP238) where the folder of a recording to come holds something: before Azure is asked."""
    if folder.exists() and any(folder.iterdir()):
        hint = "name a new folder"
        raise InvalidInput([error("BP238", "the folder is not empty", Position(str(folder)), hint)])


def write_recording(
    folder: Path,
    exchanges: Exchanges,
    resolved: ResolvedBlueprint,
    run: Run,
    live: Live,
    request: Asked,
    artifacts: Mapping[str, str],
) -> None:
    """Writes a recording of a run that has ended, into a folder that `check_folder` let pass. Raises `AzureError`
    (BP609) where something of the tenant would be left in it."""
    scopes = [one.scope for one in run.population.scopes]
    ours = {fold(one.assignment_id.rstrip("/")) for one in resolved.policies}
    given = (_of_run(one, ours) for one in read_exchanges(exchanges.text().splitlines()))
    private = [*scopes, *request.initiatives, *(one.assignment_id for one in resolved.policies)]
    private += [name for name in (live.resource_group, live.management_group.rpartition("/")[2]) if name]
    scrubbed = scrub(given, _public(resolved), private)
    rename = scrubbed.rename
    policies: list[Json] = [
        _policy(one, rename(one.assignment_id), rename(one.scope)) for one in resolved.policies
    ]
    asked: dict[str, Any] = {
        "schema": _SCHEMA,
        "blueprint": "" if request.initiatives else resolved.blueprint.name,
        "initiatives": [rename(one) for one in request.initiatives],
        "source": live.source,
        "subscriptions": [rename(one) for one in scopes],
        "resourceGroup": rename(live.resource_group) if live.resource_group else "",
        "trigger": live.trigger,
        "details": live.details,
        "settled": live.settled.total_seconds(),
        "now": request.now.isoformat(),
        "judged": run.now.isoformat(),
        "maxAgeDays": request.max_age_days,
        "allowPartial": request.allow_partial,
        "cloud": run.cloud,
        "absent": {test: str(why) for test, why in resolved.absent.items()},
        "artifacts": dict(artifacts),
        "policies": policies,
    }
    write_file(folder / RECORDING, [_as_yaml(scrubbed.exchanges)])
    write_file(
        folder / REPLAY,
        [orjson.dumps(asked, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()],
    )
    write_file(folder / README, [_EXPLAINED])


def read_recording(folder: Path) -> Recorded:
    """Reads what `write_recording` wrote. Raises `InvalidInput` (BP238) for anything else."""
    try:
        asked = orjson.loads((folder / REPLAY).read_bytes())
        if asked["schema"] != _SCHEMA:
            raise ValueError(f"`{asked['schema']}` is another kind")
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        recorded = yaml.load((folder / RECORDING).read_text(encoding="utf-8"), loader)
        live = Live(
            source=str(asked["source"]),
            subscriptions=tuple(map(str, asked["subscriptions"])),
            resource_group=str(asked["resourceGroup"]),
            trigger=asked["trigger"] is True,
            details=int(asked["details"]),
            settled=timedelta(seconds=float(asked["settled"])),
            sleep=lambda _: None,
        )
        return Recorded(
            blueprint=str(asked["blueprint"]),
            initiatives=tuple(map(str, asked["initiatives"])),
            live=live,
            now=datetime.fromisoformat(asked["now"]),
            judged=datetime.fromisoformat(asked["judged"]),
            policies=tuple(asked["policies"]),
            absent={str(test): str(why) for test, why in asked["absent"].items()},
            artifacts={str(name): str(why) for name, why in asked["artifacts"].items()},
            exchanges=tuple(_exchange(one) for one in recorded["interactions"]),
            max_age_days=int(asked["maxAgeDays"]),
            allow_partial=asked["allowPartial"] is True,
            cloud=str(asked["cloud"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as found:
        message = f"this is no recording: {type(found).__name__} at {found}"
        hint = "such a folder is written by `blueprinter evaluate … --record FOLDER`"
        raise InvalidInput([error("BP238", message, Position(str(folder)), hint)]) from found


def replaying(recorded: Recorded) -> ArmClient:
    """A client that is answered as was recorded; nothing is waited for."""
    connection = connect_in_process(Replay(recorded.exchanges).handle, endpoint=PLACE)
    return ArmClient(connection, poll_seconds=0, sleep=lambda _: None)


def as_recorded(resolved: ResolvedBlueprint, recorded: Recorded, workspace: Workspace) -> ResolvedBlueprint:
    """A blueprint, resolved without an assignment, with the policies of the run that was recorded. Raises
    `InvalidInput` (BP238) where a definition is not at hand."""
    known = {definition_key(one.definition.id): one for one in resolved.policies}
    policies: list[AssignedPolicy] = []
    for row in recorded.policies:
        key = str(row["definition"])
        held = known[key].definition if key in known else workspace.definitions.get(key)
        if held is None:
            message = f"the policy `{key}` of the recording is not at hand"
            raise InvalidInput(
                [error("BP238", message, Position(""), "run where the blueprint of the run is")]
            )
        policies.append(
            AssignedPolicy(
                held,
                assignment_id=str(row["assignmentId"]),
                set_definition_id=str(row["setDefinitionId"]),
                reference_id=str(row["referenceId"]),
                scope=str(row["scope"]),
            )
        )
    absent = {test: Absence(why) for test, why in recorded.absent.items()}
    return replace(resolved, policies=tuple(policies), absent=absent)


# --- what goes in -------------------------------------------------------------------------------------------------


def _public(resolved: ResolvedBlueprint) -> Iterator[str]:
    """Names of the blueprint: of its policies, their references and what they are called in Azure; its controls."""
    for policy in resolved.policies:
        definition = policy.definition
        yield from (definition.name, definition_key(definition.id), deployed_definition_name(definition))
        if policy.reference_id:
            yield policy.reference_id
    for link in resolved.links:
        yield link.control


def _policy(one: AssignedPolicy, assignment_id: str, scope: str) -> Json:
    return {
        "definition": definition_key(one.definition.id),
        "referenceId": one.reference_id,
        "setDefinitionId": "",
        "assignmentId": assignment_id,
        "scope": scope,
    }


def _of_run(one: Exchange, ours: set[str]) -> Exchange:
    """An answer without the assignments and exemptions of others."""
    if not isinstance(one.answer, dict) or not isinstance(rows := one.answer.get("value"), list):
        return one
    path = fold(one.url.partition("?")[0])
    if path.endswith("/policyassignments"):
        kept = [row for row in rows if isinstance(row, dict) and _folded(get(row, "id")) in ours]
    elif path.endswith("/policyexemptions"):
        kept = [
            row
            for row in rows
            if isinstance(row, dict)
            and isinstance(held := get(row, "properties"), dict)
            and _folded(get(held, "policyAssignmentId")) in ours
        ]
    else:
        return one
    rows_left: list[Json] = [*kept]
    return replace(one, answer={**one.answer, "value": rows_left})


def _folded(id: Json) -> str:
    return fold(id.rstrip("/")) if isinstance(id, str) else ""


def _as_yaml(exchanges: Sequence[Exchange]) -> str:
    rows: list[dict[str, Any]] = [
        {
            "request": {
                "body": None if one.body is None else orjson.dumps(one.body).decode(),
                "headers": {},
                "method": one.method,
                "uri": one.url,
            },
            "response": {
                "body": {"string": "" if one.answer is None else orjson.dumps(one.answer).decode()},
                "headers": {name: [value] for name, value in one.headers.items()},
                "status": {"code": one.status, "message": ""},
            },
        }
        for one in exchanges
    ]
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump({"interactions": rows, "version": 1}, Dumper=dumper, sort_keys=False, width=_WIDTH)
    return text


def _exchange(row: Mapping[str, Any]) -> Exchange:
    request, response = row["request"], row["response"]
    answer = response["body"]["string"]
    return Exchange(
        method=str(request["method"]),
        url=str(request["uri"]),
        body=orjson.loads(request["body"]) if request["body"] else None,
        status=int(response["status"]["code"]),
        headers={str(name): str(_first(value)) for name, value in response["headers"].items()},
        answer=orjson.loads(answer) if answer else None,
    )


def _first(value: Iterable[str] | str) -> str:
    return value if isinstance(value, str) else next(iter(value))
