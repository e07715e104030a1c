"""A saved run again, from what it was judged by: what makes a bundle evidence, and what an auditor runs."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.azure import PLACE, ArmClient, Replay, connect_in_process, read_exchanges
from blueprinter.casing import fold
from blueprinter.cli.capturing import Placed, live_of, request_of
from blueprinter.cli.evaluation import run_evaluation, run_live
from blueprinter.cli.saved_runs import SAVED_FINDINGS
from blueprinter.cli.workspace import open_workspace
from blueprinter.compliance import ANSWERS, CONTENT, FILES, Finding, Inputs, Layout, Run
from blueprinter.content import shipped_from
from blueprinter.diagnostics import InvalidInput, Position, error
from blueprinter.document import Json, json_document
from blueprinter.policy import AssignedPolicy, effect_of
from blueprinter.report import ReportOptions, read_run, write_json

Found = TypeVar("Found")


class Again(Struct, frozen=True):
    """A run that was evaluated again."""

    document: bytes
    """As the history saves it."""
    in_force: bytes
    """The policies as they were in force."""
    other_version: bool
    """Another version of the tool made the saved run; its own figures are taken from there."""


def evaluate_again(inputs: Inputs, tree: Path, saved: bytes) -> Again:
    """Evaluates what `lay_out` or `open_bundle` put into a folder, and writes the result as the history did.

    Ages, trend and comparison rest on the runs before it and are those of `saved`. Raises `InvalidInput` and
    `AzureError` as an evaluation does.
    """
    layout = Layout(inputs)
    root = tree.resolve()
    placed = Placed(layout.root, inputs.folder, root / FILES)
    before = read_run(saved, "run.json")
    held: list[AssignedPolicy] = []
    with chdir(root / layout.folder), shipped_from(root / CONTENT):
        request = replace(_read(inputs.request, partial(request_of, placed)), in_force=held.extend)
        workspace = open_workspace(Path.cwd())
        if inputs.live is None:
            run = run_evaluation(request, workspace)
        else:
            asked = _read(inputs.live, live_of)
            at_start = replace(request, now=asked.started, clock=lambda: asked.judged)
            live = replace(asked.live, environment=request.environment)
            with _replaying(root / ANSWERS) as arm:
                run = run_live(at_start, live, arm, workspace, artifacts=lambda _: asked.artifacts)
    run = _as_saved(run, before)
    if any(one.withheld and Path(one.path).as_posix() in _judged_files(layout, run) for one in inputs.files):
        # the hash of a template that holds a secret is of what may not go in, and the run's id is made of it
        run = replace(
            run, run_id=before.run_id, population=replace(run.population, sha256=before.population.sha256)
        )
    text = "".join(write_json(run, ReportOptions(max_findings=SAVED_FINDINGS)))
    names = {
        f"{root / FILES}": layout.root.rstrip("/"),
        f"{root / CONTENT}": inputs.content,
    }
    in_force = json_document([_in_force(one) for one in held])
    return Again(
        _named(text, names).encode(),
        _named(in_force, names).encode(),
        run.tool_version != before.tool_version,
    )


def _judged_files(layout: Layout, run: Run) -> frozenset[str]:
    """The files of the population, as they were called absolutely."""
    folder = Path(layout.root, os.path.relpath(layout.folder, FILES))
    return frozenset(Path(os.path.normpath(folder / one)).as_posix() for one in run.population.files)


def _read(value: Mapping[str, Json], read: Callable[[Mapping[str, Json]], Found]) -> Found:
    try:
        return read(value)
    except (KeyError, TypeError, ValueError) as found:
        message = f"the arguments of the run cannot be read: {found}"
        raise InvalidInput([error("BP235", message, Position("manifest.json"))]) from found


@contextmanager
def unpacked() -> Iterator[Path]:
    """A folder that ends with the block."""
    with tempfile.TemporaryDirectory(prefix="blueprinter-") as folder:
        yield Path(folder).resolve()


@contextmanager
def _replaying(file: Path) -> Iterator[ArmClient]:
    try:
        with file.open("rb") as lines:
            replay = Replay(read_exchanges(lines))
    except (OSError, ValueError, KeyError, TypeError) as found:
        message = f"the answers of Azure cannot be read: {found}"
        raise InvalidInput([error("BP235", message, Position(ANSWERS))]) from found
    connection = connect_in_process(replay.handle, endpoint=PLACE)
    with ArmClient(connection, poll_seconds=0, sleep=lambda _: None) as arm:
        yield arm


def _as_saved(run: Run, saved: Run) -> Run:
    """The run with what the history had put to it when it was saved, and the figures of the version that made it."""
    since = {_key(one): one.first_seen for one in saved.findings}
    aged = tuple(replace(one, first_seen=since.get(_key(one), "")) for one in run.findings)
    return replace(
        run,
        findings=aged,
        trend=saved.trend,
        comparison=saved.comparison,
        tool_version=saved.tool_version,
        conformance=saved.conformance,
    )


def _key(found: Finding) -> tuple[str, ...]:
    state = found.state
    assigned = state.assigned
    return (
        fold(assigned.assignment_id),
        fold(assigned.reference_id),
        fold(assigned.definition.id),
        fold(state.resource.id),
        str(found.pair),
    )


def _named(text: str, names: Mapping[str, str]) -> str:
    """A JSON text with the folders of a run as they were called when it was saved."""
    for now, then in names.items():
        text = text.replace(_in_json(now), _in_json(then))
    return text


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _in_force(policy: AssignedPolicy) -> dict[str, Json]:
    """One policy with the values that it judges by."""
    defaults = {one.name: one.default for one in policy.definition.parameters.values() if one.has_default}
    given = {fold(name) for name in policy.parameters}
    left = {name: value for name, value in defaults.items() if fold(name) not in given}
    values = dict(sorted((left | dict(policy.parameters)).items()))
    return {
        "policyDefinitionId": policy.definition.id,
        "displayName": policy.definition.display_name,
        "version": policy.definition.version,
        "policyAssignmentId": policy.assignment_id or None,
        "policyDefinitionReferenceId": policy.reference_id or None,
        "scope": policy.scope or None,
        "effect": effect_of(policy),
        "enforced": policy.enforced,
        "parameters": values,
    }


def differences(saved: bytes, again: bytes) -> Sequence[str]:
    """Where two documents of one run differ, for people: at most ten places."""
    one, other = json.loads(saved), json.loads(again)
    found = list(_apart(one, other, ""))
    more = len(found) - 10
    return [*found[:10], *([f"and {more:,} more"] if more > 0 else [])]


def _apart(one: object, other: object, pointer: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from _apart(one.get(key), other.get(key), f"{pointer}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (first, second) in enumerate(zip(one, other, strict=True)):
            yield from _apart(first, second, f"{pointer}/{index}")
    elif one != other:
        yield pointer or "/"
