"""Inventories: files of resources, read as streams, and what their manifests vouch for."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypeVar, cast

from blueprinter.arm import Origin, Resource, Value
from blueprinter.compliance.collecting import CollectingDesk
from blueprinter.compliance.estate import services_of
from blueprinter.compliance.judging import Judging, JudgingDesk, Spooled, Tally
from blueprinter.compliance.manifest import in_utc, manifest_of, read_manifest, stamp
from blueprinter.compliance.model import Population
from blueprinter.compliance.parallel import Unit, Workers, beginning, shares, worth_starting
from blueprinter.compliance.records import Fault, MorePages, Record, read_rows
from blueprinter.compliance.related import Bodies, RelatedIndex, Stored
from blueprinter.compliance.scope import type_key
from blueprinter.compliance.survey import InventoryFile, Survey, SurveyPart
from blueprinter.compliance.sweep import Sweep
from blueprinter.compliance.windows import Digests
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error, in_order
from blueprinter.document import note
from blueprinter.policy import ByScope, Lookup, resource_of

Row = TypeVar("Row")

SUFFIXES = (".jsonl", ".ndjson", ".json")
_MANIFEST = ".manifest.json"
_BLOCK = 1024 * 1024


def read_inventories(paths: Sequence[Path], *, now: datetime, max_age_days: int = 30) -> Inventory:
    """The inventory in files and folders, in the order given; the files of a folder in the order of their names.

    Only manifests are read here; the rows are read when they are asked for. Raises `InvalidInput` for a path that
    holds no inventory and for a manifest that is not one.
    """
    faults: list[Diagnostic] = []
    files: dict[Path, InventoryFile] = {}
    for path in paths:
        found = _files(path)
        if not found:
            faults.append(_nothing_there(path))
        for file in found:
            try:
                files.setdefault(file.resolve(), _open(file))
            except OSError as problem:
                reason = (problem.strerror or "cannot be read").lower()
                faults.append(error("BP280", f"`{file.as_posix()}`: {reason}", Position(file.as_posix())))
            except InvalidInput as problem:
                faults.extend(problem.diagnostics)
    if faults:
        raise InvalidInput(faults)
    return Inventory(tuple(files.values()), now=in_utc(now), max_age_days=max_age_days)


def _open(file: Path) -> InventoryFile:
    with file.open("rb"):
        note(file)
        manifest = manifest_of(file)
    return InventoryFile(file, file.as_posix(), read_manifest(manifest) if manifest.is_file() else None)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.exists() else []
    return sorted(
        file
        for file in path.rglob("*")
        if file.is_file()
        and file.name.removesuffix(".gz").endswith(SUFFIXES)
        and not file.name.endswith(_MANIFEST)
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )


def _nothing_there(path: Path) -> Diagnostic:
    place = Position(path.as_posix())
    if path.is_dir():
        hint = f"inventories end in {', '.join(SUFFIXES)}, each also with .gz"
        return error("BP280", f"the folder `{path.as_posix()}` holds no inventory", place, hint)
    return error("BP280", f"`{path.as_posix()}` cannot be found", place, "is the path right?")


class Inventory:
    """An estate on file. The first reading also surveys it: counts, digests, what could not be read."""

    def __init__(self, files: tuple[InventoryFile, ...], *, now: datetime, max_age_days: int) -> None:
        self.files = files
        self._now = now
        self._max_age_days = max_age_days
        self._known: Survey | None = None
        self._again: frozenset[int] | None = None
        """The marks of ids that come twice, once a reading has found that out."""

    def resources(self) -> Iterator[Resource]:
        """Every resource in the order of the files; of two with one id the first."""
        if (known := self._known) is not None:
            for number, (_, resource) in enumerate(self._rows(None)):
                if number not in known.repeated:
                    yield resource
            return
        survey = Survey(self.files)
        for file, resource in self._rows(survey):
            if survey.admit(file, resource):
                yield resource
        survey.finish(self._now, self._max_age_days)
        self._known = survey

    def _rows(self, survey: Survey | None) -> Iterator[tuple[int, Resource]]:
        """Every row that is a resource, with the index of its file; the survey learns of the others."""
        for index, file in enumerate(self.files):
            versions = file.manifest.api_versions() if file.manifest else {}
            for row in read_rows(file.path, *(survey.digests(index) if survey else ())):
                if isinstance(row, Record):
                    if (resource := _resource(row, file.shown, versions)) is not None:
                        yield index, resource
                    elif survey:
                        survey.note_headless(index, row)
                elif survey and isinstance(row, Fault):
                    survey.note_fault(index, row)
                elif survey and isinstance(row, MorePages):
                    survey.note_pages(index, row)

    def _survey(self) -> Survey:
        if self._known is None:
            self._collect(())
        if self._known is None:
            raise RuntimeError("a complete reading always leaves a survey")
        return self._known

    # ------------------------------------------------------------ readings that count

    def judge(self, judging: Judging, *, jobs: int = 1) -> Tally:
        """Every resource, judged and counted in one reading. With several jobs in as many processes, where the
        system has a way to start them; what comes out is the same."""
        recorder = judging.recorder
        if self._again is None and recorder is not None and not recorder.restart():
            self._survey()  # what is written cannot be taken back: ids that come twice have to be known before
        while True:
            assumed = self._again or frozenset()
            tally = self._judged(judging, assumed, jobs)
            self._again = tally.marks.twice() if self._again is None else self._again
            if self._again == assumed:
                return tally
            # each of these ids stands for the first of its rows only: once more, with care
            self._known = None
            if recorder is not None:
                recorder.restart()

    def _judged(self, judging: Judging, repeated: frozenset[int], jobs: int) -> Tally:
        survey = Survey(self.files) if self._known is None else None
        desk = judging.desk(judging.recorder)
        surveys = self._known is None or self._again is None
        sweep = Sweep(self.files, desk, self._scopes(), repeated=repeated, surveys=surveys)
        processes = 1 if repeated else worth_starting(self._paths, jobs)
        if processes > 1:
            tally = self._together(judging, desk, sweep, processes, survey)
        else:
            self._read(sweep, survey)
            tally = desk.tally(sweep.parts, sweep.marks)
        if survey is not None:
            self._close(survey, tally.parts)
        return tally

    def _together(
        self, judging: Judging, desk: JudgingDesk, sweep: Sweep, processes: int, survey: Survey | None
    ) -> Tally:
        """The first share judged here and the others in processes of their own, as one."""
        digests = self._digests(survey)
        begun = beginning(self._paths)
        if begun is not None:
            with digests.beside():
                sweep.read(0, begun)
        own, *others = shares(
            self._paths,
            processes,
            begun=begun,
            digesting=digests.left,
            recording=judging.recorder is not None,
        )
        with ExitStack() as opened:
            spools = [opened.enter_context(TemporaryFile()) for _ in others]
            copied = [0] * len(spools)

            def work(number: int) -> Tally:
                desk.go_on(judging.recorder and Spooled(judging.recorder, spools[number]))
                sweep.go_on()
                tally = judged(others[number])
                spools[number].flush()
                return tally

            def judged(units: Sequence[Unit]) -> Tally:
                for index, part in units:
                    sweep.read(index, part)
                sweep.finish()
                return desk.tally(sweep.parts, sweep.marks)

            def copy(number: int) -> None:
                """Writes what a process has recorded by now behind what those before it did."""
                # the place in the file is the other process's
                while judging.recorder and (
                    block := os.pread(spools[number].fileno(), _BLOCK, copied[number])
                ):
                    judging.recorder.write(block)
                    copied[number] += len(block)

            workers = opened.enter_context(Workers(work, len(others)))
            found = judged(own)
            # not beside: a thread would wait for a processor that the processes use
            digests.finish()
            for tally in workers.results(meanwhile=copy):
                found.add(tally)
        return found

    def _read(self, sweep: Sweep, survey: Survey | None) -> None:
        digests = self._digests(survey)
        with digests.beside():
            for index, part in shares(self._paths, 1)[0]:
                sweep.read(index, part)
            sweep.finish()
        digests.finish()

    def _digests(self, survey: Survey | None) -> Digests:
        if survey is None:
            return Digests([])
        return Digests([(path, survey.digests(index)) for index, path in enumerate(self._paths)])

    @cached_property
    def _paths(self) -> list[Path]:
        return [file.path for file in self.files]

    def _scopes(self) -> ByScope[str]:
        return Survey(self.files).scope_of()

    def _collect(self, types: Collection[str] | None) -> tuple[Bodies, list[tuple[str, str, Stored]]]:
        """The rows of these types (None = all), in one reading, which surveys if none has."""
        while True:
            bodies = Bodies()
            desk = CollectingDesk(self.files, types, bodies)
            sweep = Sweep(self.files, desk, self._scopes(), repeated=self._again or frozenset())
            survey = Survey(self.files) if self._known is None else None
            self._read(sweep, survey)
            again = sweep.marks.twice()
            if self._again is None and again:
                self._again, self._known = again, None
                continue
            self._again = self._again or frozenset()
            if survey is not None:
                self._close(survey, sweep.parts)
            return bodies, desk.rows

    def _close(self, survey: Survey, parts: Mapping[int, SurveyPart]) -> None:
        for index in range(len(self.files)):
            survey.take(index, parts.get(index, SurveyPart()))
        survey.finish(self._now, self._max_age_days)
        self._known = survey

    def lookup_for(self, types: Collection[str] | None) -> Lookup:
        """Finds related resources of these types (None = all), from an index made in one reading."""
        if types is not None and not types:
            return RelatedIndex((), load=Bodies().get, doubt=self._doubt)
        bodies, rows = self._collect(types)
        return RelatedIndex(_drained(rows), load=bodies.get, doubt=self._doubt)

    def groups(self, types: Collection[str]) -> Iterator[tuple[Iterator[Resource], Lookup]]:
        """All resources as one group, with what finds related resources of these types."""
        lookup = self.lookup_for(types)
        yield self.resources(), lookup

    @cached_property
    def lookup(self) -> Lookup:
        """Finds related resources of every type."""
        return self.lookup_for(None)

    def _doubt(self, type: str, scope: str | None) -> str:
        """Why the absence of a type in a scope is not believed: only a sound manifest vouches for it. Without a scope:
        why it is not in any; empty = that depends."""
        survey = self._survey()
        reasons = []
        for index, file in enumerate(self.files):
            if file.manifest is None:
                continue
            if survey.unsound[index]:
                reasons.append(f"the manifest of `{file.shown}` does not fit")
            elif why := file.manifest.doubt(type, scope):
                reasons.append(why)
            else:
                return ""
        # the most telling reason names something
        return min(reasons, key=lambda why: ("`" not in why, why), default="the inventory has no manifest")

    def population(self) -> Population:
        """What was looked at."""
        survey = self._survey()
        manifests = [file.manifest for file in self.files if file.manifest]
        collectors = dict.fromkeys(
            one.collected_by.principal for one in manifests if one.collected_by.principal
        )
        ages = [age for file in self.files if (age := file.age(self._now)) is not None]
        return Population(
            source="inventory",
            files=tuple(file.shown for file in self.files),
            sha256=survey.sha256,
            resources=survey.total,
            types=survey.types.as_spelled(),
            untested_types=(),
            scopes=survey.scopes(),
            has_manifest=bool(manifests),
            collected_by=", ".join(collectors),
            started_at=stamp(
                min((in_utc(one.started_at) for one in manifests if one.started_at), default=None)
            ),
            ended_at=stamp(max((in_utc(one.ended_at) for one in manifests if one.ended_at), default=None)),
            unreadable=survey.unreadable,
            without_properties=survey.without_properties,
            stale=any(age > timedelta(days=self._max_age_days) for age in ages),
            partial=survey.partial,
        )

    def services(self) -> tuple[tuple[str, str], ...]:
        """The resource providers in use, each with the cloud its manifest names."""
        return services_of(self._survey().clouds_and_types)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Warnings about what could not be read, or is not to be believed."""
        return in_order(self._survey().diagnostics)


def _drained(rows: list[Row]) -> Iterator[Row]:
    """The items of a list, each let go when the next one is asked for: two of a million would be too much."""
    rows.reverse()
    while rows:
        yield rows.pop()


def _resource(row: Record, file: str, versions: Mapping[str, str]) -> Resource | None:
    """A row as a resource; None without an id or a type."""
    id_, type_ = row.body.get("id"), row.body.get("type")
    if not (isinstance(id_, str) and id_ and isinstance(type_, str) and type_):
        return None
    version = row.body.get("apiVersion")
    api_version = (
        version if isinstance(version, str) else versions.get(type_key(type_), "") if versions else ""
    )
    # JSON is a value: only lists and objects of templates can hold `Unknown` besides
    body = cast("dict[str, Value]", row.body)
    return resource_of(body, Origin(file, row.line, 1), api_version=api_version)
