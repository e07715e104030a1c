"""What a run was judged by, put together for the history: files, arguments, answers, and no secret."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import file_digest
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.azure import Exchanges
from blueprinter.cli.evaluation import Request
from blueprinter.cli.inputs import Destination
from blueprinter.cli.live_evaluation import Live
from blueprinter.cli.saved_runs import SAVED_FINDINGS
from blueprinter.cli.withholding import bare_answer, bare_file, secure_names
from blueprinter.compliance import InputFile, Inputs, Kept, digest_of
from blueprinter.content import shipped
from blueprinter.deploy import read_environment
from blueprinter.document import Json

_NOTHING: Mapping[str, str] = MappingProxyType({})


class LiveAsked(Struct, frozen=True):
    """What a live run asked for."""

    live: Live
    started: datetime
    judged: datetime
    """The clock that it judged by, after it had waited."""
    artifacts: Mapping[str, str]
    """What was found of template artifacts (`EvaluateOptions.artifacts`)."""


def capture(
    notes: Mapping[Path, bytes | None],
    request: Request,
    live: Live | None = None,
    answers: Exchanges | None = None,
    judged: datetime | None = None,
    artifacts: Mapping[str, str] = _NOTHING,
) -> Kept:
    """Everything that decided a run. `notes` is what `noting` gave of it; `judged` is the run's own clock, `artifacts`
    what was found of template artifacts. Raises `InvalidInput` (BP236) where a secure value cannot be taken out of a
    file."""
    secure = secure_names(notes)
    files: list[InputFile] = []
    contents: dict[str, bytes] = {}
    for path, content in sorted(notes.items()):
        if content is None:
            files.append(_hashed(path))
            continue
        bare = bare_file(path, content, secure)
        files.append(
            InputFile(path.as_posix(), digest_of(bare.content), len(bare.content), True, bare.withheld)
        )
        contents[digest_of(bare.content)] = bare.content
    inputs = Inputs(
        folder=Path.cwd().as_posix(),
        content=shipped("policies").parent.as_posix(),
        files=tuple(files),
        request=_request(request),
    )
    if live is None or answers is None:
        return Kept(inputs, contents)
    text = b"".join(map(bare_answer, answers.text().splitlines(keepends=True)))
    contents[digest_of(text)] = text
    asked = _live(LiveAsked(live, request.now, judged or request.now, artifacts))
    return Kept(replace(inputs, live=asked, answers=digest_of(text)), contents)


def _hashed(path: Path) -> InputFile:
    """A file by its hash; a pipe or a device cannot be read again, so there is none."""
    if not path.is_file():
        return InputFile(path.as_posix(), "", 0, kept=False)
    with path.open("rb") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
    return InputFile(path.as_posix(), digest, path.stat().st_size, kept=False)


# --- arguments ------------------------------------------------------------------------------------------------------

_PATHS = ("inventories", "templates", "template_parameters", "policies")
_LISTS = (*_PATHS, "initiatives")


def _request(request: Request) -> dict[str, Json]:
    lists: dict[str, Json] = {name: [*getattr(request, name)] for name in _LISTS}
    return lists | {
        "now": _stamp(request.now),
        "blueprint": request.blueprint,
        "assignment": str(request.assignment) if request.assignment else None,
        "registers": str(request.registers) if request.registers else None,
        "subscription": request.destination.subscription,
        "resourceGroup": request.destination.resource_group,
        "cloud": request.cloud,
        "environment": request.environment.name,
        "maxAgeDays": request.max_age_days,
        "warnDays": request.warn_days,
        "strictAliases": request.strict_aliases,
        "allowPartial": request.allow_partial,
        "allStates": request.all_states,
    }


class Placed(Struct, frozen=True):
    """How paths of a run are found where its files now lie: those below `root` lie below `tree`."""

    root: str
    folder: str
    """Where the command ran."""
    tree: Path

    def path(self, text: str) -> str:
        """A relative path stays as it is: it is read from the folder of the command. What is no path, such as a name,
        is one in that folder too. Raises `ValueError` for a path that leaves `root`."""
        whole = os.path.normpath(os.path.join(self.folder, text))
        if os.path.commonpath([self.root, whole]) != self.root:
            raise ValueError(f"`{text}` lies outside of what was read")
        if not text.startswith("/"):
            return text
        return str(self.tree) + text.removeprefix(self.root.rstrip("/"))

    def file(self, text: str) -> str:
        """A path where there is such a file, else the text."""
        try:
            path = self.path(text)
        except ValueError:
            return text
        return path if Path(path).is_file() else text


def request_of(placed: Placed, value: Mapping[str, Json]) -> Request:
    """The request of a saved run; its environment is read from the folder that the caller is in. Raises `KeyError`,
    `TypeError` or `ValueError` for what is none."""
    lists = {name: tuple(placed.path(text) for text in _texts(value[name])) for name in _PATHS}
    # an initiative is named by a file, by an id or by what it is called
    lists["initiatives"] = tuple(map(placed.file, _texts(value["initiatives"])))
    blueprint, assignment, registers = value["blueprint"], value["assignment"], value["registers"]
    cloud = str(value["cloud"])
    return Request(
        now=_moment(value["now"]),
        blueprint=placed.path(blueprint) if isinstance(blueprint, str) else None,
        assignment=Path(placed.path(assignment)) if isinstance(assignment, str) else None,
        inventories=lists["inventories"],
        templates=lists["templates"],
        template_parameters=lists["template_parameters"],
        destination=Destination(str(value["subscription"]), str(value["resourceGroup"]), cloud),
        policies=lists["policies"],
        initiatives=lists["initiatives"],
        registers=Path(placed.path(registers)) if isinstance(registers, str) else None,
        cloud=cloud,
        environment=read_environment(Path.cwd(), str(value["environment"])),
        max_age_days=_number(value["maxAgeDays"]),
        warn_days=_number(value["warnDays"]),
        strict_aliases=value["strictAliases"] is True,
        allow_partial=value["allowPartial"] is True,
        max_findings=SAVED_FINDINGS,
        all_states=value["allStates"] is True,
    )


def _live(asked: LiveAsked) -> dict[str, Json]:
    live = asked.live
    return {
        "artifacts": dict(asked.artifacts),
        "source": live.source,
        "subscriptions": [*live.subscriptions],
        "managementGroup": live.management_group,
        "resourceGroup": live.resource_group,
        "trigger": live.trigger,
        "details": live.details,
        "timeout": live.timeout,
        "settled": live.settled.total_seconds(),
        "started": _stamp(asked.started),
        "judged": _stamp(asked.judged),
    }


def live_of(value: Mapping[str, Json]) -> LiveAsked:
    """What a saved live run asked. Nothing is waited for. Raises `KeyError`, `TypeError` or `ValueError` for what is
    none."""
    timeout, settled, artifacts = value["timeout"], value["settled"], value["artifacts"]
    if not isinstance(timeout, int | float) or not isinstance(settled, int | float):
        raise TypeError("timeout")
    if not isinstance(artifacts, dict):
        raise TypeError("artifacts")
    live = Live(
        source=str(value["source"]),
        subscriptions=tuple(_texts(value["subscriptions"])),
        management_group=str(value["managementGroup"]),
        resource_group=str(value["resourceGroup"]),
        trigger=value["trigger"] is True,
        details=_number(value["details"]),
        timeout=float(timeout),
        settled=timedelta(seconds=settled),
        sleep=lambda _: None,
    )
    found = {name: str(why) for name, why in artifacts.items()}
    return LiveAsked(live, _moment(value["started"]), _moment(value["judged"]), found)


def _texts(value: Json) -> list[str]:
    if not isinstance(value, list):
        raise TypeError("list")
    return [str(one) for one in value]


def _number(value: Json) -> int:
    if not isinstance(value, int):
        raise TypeError("number")
    return value


def _moment(value: Json) -> datetime:
    return datetime.fromisoformat(str(value))


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
