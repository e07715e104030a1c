"""Files of policy tests, `tests.yaml|json` and `*.tests.yaml|json`, read strictly.

A file names or holds one definition and lists cases: a resource, what is around it, and what is expected.
Every key is known: a misspelt one is an error, never a test that passes without testing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TypeAlias

from msgspec import Struct

from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error
from blueprinter.document import Document, Json, child, inside, load
from blueprinter.policy.aliases import AliasTable, read_aliases
from blueprinter.policy.expressions import noun
from blueprinter.policy.model import ComplianceState, UnsupportedReason
from blueprinter.text import did_you_mean

_FILE_KEYS = ("schema", "policy", "definition", "aliases", "cases")
_CASE_KEYS = (
    "name",
    "parameters",
    "apiVersion",
    "requestContext",
    "context",
    "resource",
    "related",
    "expect",
)
_EXPECT_KEYS = ("state", "effect", "details", "error", "reason")
_CONTEXT_KEYS = ("resourceGroup", "subscription", "policy", "utcNow")
_POLICY_KEYS = ("assignmentId", "definitionId", "setDefinitionId", "definitionReferenceId")
_STAGES = ("parse", "compile")

SCHEMA = "blueprinter/policy-tests/1"


class Case(Struct, frozen=True, eq=False):
    """One case as the file states it; what it leaves out is empty."""

    name: str
    resource: Mapping[str, Json] | None
    parameters: Mapping[str, Json]
    api_version: str
    request: Mapping[str, Json] | None
    context: Mapping[str, Json]
    related: tuple[tuple[Mapping[str, Json], ...], ...]
    expect: Mapping[str, Json]
    document: Document
    pointer: str
    """Where in it the case stands."""

    @property
    def position(self) -> Position:
        """Where the case stands: finding that out takes as long as reading the file."""
        return self.document.locate(self.pointer)


class CaseFile(Struct, frozen=True, eq=False):
    """A file of cases with what they are about."""

    file: str
    policy: Document
    """The document that holds the definition."""
    pointer: str
    """Where in it the definition stands."""
    name: str
    """The name of the definition, where it states none itself."""
    aliases: AliasTable
    cases: tuple[Case, ...]


ReadTable: TypeAlias = Callable[[Path], AliasTable]


def load_tests(path: Path) -> Document:
    """A file of policy tests. Keys that stand twice in the definition that it holds are faults of that definition,
    which a case may expect: they are remarks of the document, for `run_cases`. Raises `InvalidInput`."""
    document = load(path, repeated_keys=True)
    if not document.remarks:
        return document
    whole = document.locate("/definition")
    first, last = (whole.line, whole.column), (whole.end_line, whole.end_column)
    places = [(remark.position.line, remark.position.column) for remark in document.remarks]
    return document if all(first <= place <= last for place in places) else load(path)


def read_stated_aliases(path: Path) -> AliasTable:
    """A file of aliases that are all that there are. Raises `InvalidInput`."""
    return read_aliases(load(path)).complete()


def read_case_file(
    document: Document, root: Path, catalog: AliasTable, read_table: ReadTable = read_stated_aliases
) -> CaseFile:
    """A file of policy tests. `root` is the folder that paths in it may not leave; `catalog` holds the aliases
    of a file that states none; `read_table` reads those of a file that names another. Raises `InvalidInput` with every
    fault."""
    reader = _FileReader(document, root, read_table)
    found = reader.read(catalog)
    if reader.faults or found is None:
        raise InvalidInput(reader.faults)
    return found


def _quoted(value: Json) -> str:
    return f'quote it: `"{value}"`' if isinstance(value, (int, float)) else ""


class _FileReader:
    """Reads a file of cases and notes every fault."""

    __slots__ = ("document", "faults", "read_table", "root")

    def __init__(self, document: Document, root: Path, read_table: ReadTable) -> None:
        self.document = document
        self.root = root
        self.read_table = read_table
        self.faults: list[Diagnostic] = []

    def fault(self, message: str, pointer: str, hint: str = "", *, key: bool = False) -> None:
        self.faults.append(error("BP330", message, self.document.locate(pointer, key=key), hint))

    def closed(self, value: Json, pointer: str, known: Sequence[str], what: str) -> dict[str, Json]:
        """An object with only known keys; an empty one where it is none."""
        if not isinstance(value, dict):
            self.fault(f"{what} is an object, found {noun(value)}", pointer)
            return {}
        for key in value:
            if key not in known:
                hint = did_you_mean(key, known) or f"known keys: {', '.join(known)}"
                self.fault(f"unknown key `{key}` in {what}", child(pointer, key), hint, key=True)
        return value

    def text(self, value: Mapping[str, Json], name: str, pointer: str) -> str:
        found = value.get(name)
        if found is None or isinstance(found, str):
            return found or ""
        self.fault(f"`{name}` is text, found {noun(found)}", child(pointer, name), _quoted(found))
        return ""

    def mapping(self, value: Mapping[str, Json], name: str, pointer: str) -> dict[str, Json]:
        found = value.get(name)
        if found is None or isinstance(found, dict):
            return found or {}
        self.fault(f"`{name}` is an object, found {noun(found)}", child(pointer, name))
        return {}

    def read(self, catalog: AliasTable) -> CaseFile | None:
        top = self.closed(self.document.value, "", _FILE_KEYS, "a file of policy tests")
        if not isinstance(self.document.value, dict):
            return None
        if "schema" in top and top["schema"] != SCHEMA:
            self.fault(f"the schema is `{SCHEMA}`", "/schema")
        if ("policy" in top) == ("definition" in top):
            self.fault("a file of policy tests has either `policy` or `definition`", "")
            return None
        aliases = self._aliases(top, catalog)
        source = self._source(top)
        cases = self._cases(top)
        if source is None or aliases is None:
            return None
        return CaseFile(self.document.file, *source, aliases, cases)

    def _source(self, top: Mapping[str, Json]) -> tuple[Document, str, str] | None:
        if "definition" in top:
            return self.document, "/definition", ""
        name = self.text(top, "policy", "")
        if not name:
            self.fault("`policy` is the path of a policy definition", "/policy")
            return None
        try:
            path = self._inside(name, "/policy")
            shown = str(PurePath(self.document.file).parent / name)
            return load(path, name=shown), "", path.parent.name
        except InvalidInput as found:
            self.faults.extend(found.diagnostics)
            return None

    def _aliases(self, top: Mapping[str, Json], catalog: AliasTable) -> AliasTable | None:
        stated = top.get("aliases")
        if stated is None:
            return catalog
        if isinstance(stated, dict):
            for alias, target in stated.items():
                if not isinstance(target, str):
                    self.fault(
                        f"the path of an alias is text, found {noun(target)}", child("/aliases", alias)
                    )
            return AliasTable.inline(
                {alias: target for alias, target in stated.items() if isinstance(target, str)}
            )
        if not isinstance(stated, str):
            self.fault(f"`aliases` is a file or an object, found {noun(stated)}", "/aliases")
            return None
        try:
            return self.read_table(self._inside(stated, "/aliases"))
        except InvalidInput as found:
            self.faults.extend(found.diagnostics)
            return None

    def _inside(self, name: str, pointer: str) -> Path:
        """The file that a path names. Raises `InvalidInput` where it leaves the root."""
        folder = Path(self.document.file).parent
        try:
            return inside(self.root, folder, name, Position(self.document.file))
        except InvalidInput:  # where it stands is found out for those who need it
            return inside(self.root, folder, name, self.document.locate(pointer))

    def _cases(self, top: Mapping[str, Json]) -> tuple[Case, ...]:
        listed = top.get("cases")
        if not isinstance(listed, list) or not listed:
            self.fault("`cases` is an array with at least one case", "/cases" if "cases" in top else "")
            return ()
        seen: set[str] = set()
        cases: list[Case] = []
        for place, value in enumerate(listed):
            case = self._case(value, child("/cases", place), seen)
            if case is not None:
                cases.append(case)
        return tuple(cases)

    def _case(self, value: Json, pointer: str, seen: set[str]) -> Case | None:
        stated = self.closed(value, pointer, _CASE_KEYS, "a case")
        if not isinstance(value, dict):
            return None
        name = self.text(stated, "name", pointer)
        if not name:
            self.fault("a case has a `name`", pointer)
        elif name in seen:
            self.fault(f"the case `{name}` stands twice", child(pointer, "name"))
        seen.add(name)
        if "expect" not in stated:
            self.fault("a case says what it expects", pointer, "add `expect`")
        expect = self._expect(stated.get("expect", {}), child(pointer, "expect"))
        resource = stated.get("resource")
        if resource is None and "error" not in expect:
            self.fault("a case has a `resource`", pointer, "only a case that expects an error has none")
        elif resource is not None and not isinstance(resource, dict):
            self.fault(f"`resource` is an object, found {noun(resource)}", child(pointer, "resource"))
        context = self.closed(
            stated.get("context") or {}, child(pointer, "context"), _CONTEXT_KEYS, "a context"
        )
        for name_ in ("resourceGroup", "subscription"):
            self.mapping(context, name_, child(pointer, "context"))
        self.closed(context.get("policy") or {}, child(pointer, "context/policy"), _POLICY_KEYS, "`policy`")
        self.text(context, "utcNow", child(pointer, "context"))
        return Case(
            name=name,
            resource=resource if isinstance(resource, dict) else None,
            parameters=self.mapping(stated, "parameters", pointer),
            api_version=self.text(stated, "apiVersion", pointer),
            request=self.mapping(stated, "requestContext", pointer) if "requestContext" in stated else None,
            context=context,
            related=self._related(stated.get("related"), child(pointer, "related")),
            expect=expect,
            document=self.document,
            pointer=pointer,
        )

    def _expect(self, value: Json, pointer: str) -> dict[str, Json]:
        expect = self.closed(value, pointer, _EXPECT_KEYS, "`expect`")
        if not expect and isinstance(value, dict):
            self.fault("`expect` is empty", pointer, f"one of {', '.join(_EXPECT_KEYS)}")
        self._one_of(expect, "state", [state.value for state in ComplianceState], pointer)
        self._one_of(expect, "reason", [reason.value for reason in UnsupportedReason], pointer)
        self._one_of(expect, "error", _STAGES, pointer)
        effect = expect.get("effect")
        if effect is not None and not isinstance(effect, str):
            self.fault(f"`effect` is text or null, found {noun(effect)}", child(pointer, "effect"))
        return expect

    def _one_of(self, expect: Mapping[str, Json], key: str, known: Sequence[str], pointer: str) -> None:
        if key in expect and expect[key] not in known:
            found = expect[key]
            hint = did_you_mean(found, known) if isinstance(found, str) else None
            self.fault(f"`{key}` is one of {', '.join(known)}", child(pointer, key), hint or "")

    def _related(self, value: Json, pointer: str) -> tuple[tuple[Mapping[str, Json], ...], ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            self.fault(f"`related` is an array of arrays, found {noun(value)}", pointer)
            return ()
        found: list[tuple[Mapping[str, Json], ...]] = []
        for place, answer in enumerate(value):
            if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
                self.fault("an answer of `related` is an array of resources", child(pointer, place))
                continue
            found.append(tuple(one for one in answer if isinstance(one, dict)))
        return tuple(found)
