"""What the arguments of `evaluate` name: a blueprint, inventories, templates, bare definitions."""

from __future__ import annotations

import glob
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from msgspec import Struct
from msgspec.structs import replace

from blueprinter.arm import (
    CLOUDS,
    DeploymentContext,
    Expansion,
    compile_bicep,
    compile_bicep_parameters,
    expand,
    id_within,
    is_bicep,
    sealed,
)
from blueprinter.blueprint import is_subscription
from blueprinter.casing import same
from blueprinter.compliance import ExpandedTemplate
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, Severity, error, warning
from blueprinter.document import Document, inside, load
from blueprinter.policy import PolicyDefinition, is_definition, is_fragment, read_definition
from blueprinter.text import plural

_TEMPLATE_SUFFIXES = (".json", ".jsonc", ".bicep", ".bicepparam")
_GLOB = re.compile(r"[*?\[]")


PLACEHOLDER_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
_NAMELESS = {"azuredeploy", "main", "maintemplate", "template"}


class Destination(Struct, frozen=True):
    """Where templates are to be deployed. What is empty gets a placeholder: ids must be known to find neighbours."""

    subscription: str = ""
    """Its id, in full or as a GUID."""
    resource_group: str = ""
    cloud: str = "AzureCloud"
    scopes: tuple[str, ...] = ()
    """The subscriptions in which the templates are judged, where an assignment names some."""

    @property
    def subscription_id(self) -> str:
        """The GUID of the subscription: the one that is named, else the only one of `scopes`, else a placeholder."""
        only = self.scopes[0] if len(self.scopes) == 1 else ""
        return (self.subscription or only or PLACEHOLDER_SUBSCRIPTION).rstrip("/").rpartition("/")[2]


class Templates(Struct, frozen=True):
    """Templates that were expanded, and those that could not be, with the reason."""

    expanded: tuple[ExpandedTemplate, ...] = ()
    failed: tuple[Diagnostic, ...] = ()


def split_positionals(arguments: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """BLUEPRINT and templates: the first argument that is a folder or a plain name is the blueprint."""
    blueprint: str | None = None
    templates: list[str] = []
    for text in arguments:
        looks_like_template = _GLOB.search(text) or text.lower().endswith(_TEMPLATE_SUFFIXES)
        if blueprint is None and not looks_like_template:
            blueprint = text
        else:
            templates.append(text)
    return blueprint, tuple(templates)


def files_of(patterns: Iterable[str], suffixes: tuple[str, ...] = ()) -> tuple[Path, ...]:
    """The files that paths, folders and quoted globs name, each once, sorted within a pattern; of a folder those
    with one of the suffixes.

    Raises `InvalidInput` for a pattern that names nothing.
    """
    found: dict[Path, None] = {}
    faults: list[Diagnostic] = []
    for pattern in patterns:
        path = Path(pattern)
        if path.is_dir():
            matches = sorted(
                file for file in path.rglob("*") if file.suffix.lower() in suffixes and file.is_file()
            )
        elif path.exists() or not _GLOB.search(pattern):
            matches = [path]
        else:
            matches = sorted(
                Path(match) for match in glob.glob(pattern, recursive=True) if Path(match).is_file()
            )
        if not matches or not all(match.is_file() for match in matches):
            hint = (
                "quote a pattern so that it reaches blueprinter as it is"
                if _GLOB.search(pattern)
                else "is the path right?"
            )
            faults.append(error("BP101", f"`{pattern}` names no file", Position(pattern), hint))
        else:
            found.update(dict.fromkeys(matches))
    if faults:
        raise InvalidInput(faults)
    return tuple(found)


def expand_templates(
    patterns: Sequence[str], parameters: Sequence[str], destination: Destination, now: datetime
) -> Templates:
    """Expands every template that the patterns name, each with the parameter file found beside it or named.

    A template that cannot be expanded, or of which something is deployed where nothing is judged, is reported and
    counted; when none can be expanded, all reasons are raised as `InvalidInput`.
    """
    files = [file for file in files_of(patterns, (".json", ".jsonc")) if not _is_parameter_file(file)]
    named = [load_parameters(Path(path)) for path in parameters]
    expanded: list[ExpandedTemplate] = []
    failed: list[tuple[Diagnostic, ...]] = []
    outside: list[Diagnostic] = []
    for file, group in zip(files, _resource_groups(files), strict=True):
        try:
            document, beside = load_template(file)
            context = DeploymentContext(
                subscription_id=destination.subscription_id,
                resource_group=destination.resource_group or group,
                cloud=destination.cloud,
                utc_now=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            )
            expansion = expand(
                document,
                parameter_document=named or beside,
                context=context,
                read=read_linked(file.parent),
            )
        except InvalidInput as found:
            failed.append(found.diagnostics)
        else:
            expanded.append(ExpandedTemplate(str(file), document.text.encode(), _of_azure(sealed(expansion))))
            outside += _outside(expansion, destination, Position(str(file)))
    if failed and not expanded:
        raise InvalidInput(diagnostic for found in failed for diagnostic in found)
    return Templates(tuple(expanded), (*map(_as_warning, failed), *outside))


def _outside(expansion: Expansion, destination: Destination, where: Position) -> Iterator[Diagnostic]:
    """A warning where a template deploys something to the destination, and nothing is judged there."""
    placed = f"/subscriptions/{destination.subscription_id}"
    if not destination.scopes or any(same(placed, scope) for scope in destination.scopes):
        return
    if not any(id_within(resource.id, placed) for resource in expansion.resources):
        return
    why = (
        f"the assignment does not name the subscription `{destination.subscription_id}`"
        if destination.subscription
        else f"the assignment has {plural(len(destination.scopes), 'scope')}, and it is deployed to one of them"
    )
    hint = f"say which: `--subscription {destination.scopes[0].rpartition('/')[2]}`"
    yield warning("BP538", f"no policy of the assignment looks at the template: {why}", where, hint)


def _of_azure(expansion: Expansion) -> Expansion:
    """Without the resources of extensions, which have no id: they are not Azure's, and no policy sees them."""
    return replace(expansion, resources=tuple(one for one in expansion.resources if one.id))


def load_template(file: Path) -> tuple[Document, Document | None]:
    """A template and the parameters that go with it: those found beside it by name, or of a `.bicepparam` file.

    Bicep is compiled by the user's own Bicep CLI. Raises `InvalidInput`.
    """
    if file.suffix.lower() == ".bicepparam":
        compiled = compile_bicep_parameters(file)
        if compiled.template is None:
            hint = "name the template instead, and this file with --parameters"
            raise InvalidInput([error("BP537", "the file names no template", Position(str(file)), hint)])
        return compiled.template, compiled.parameters
    document = compile_bicep(file) if is_bicep(file) else load(file, repeated_keys=True)
    beside = parameters_beside(file)
    return document, load_parameters(beside) if beside else None


def load_parameters(file: Path) -> Document:
    """A file of parameter values; a `.bicepparam` file is compiled. Raises `InvalidInput`."""
    return compile_bicep_parameters(file).parameters if is_bicep(file) else load(file)


def parameters_beside(file: Path) -> Path | None:
    """The parameter file of a template by its name: `main.json` -> `main.parameters.json`, if there is one."""
    suffix = ".json" if is_bicep(file) else file.suffix
    beside = file.with_name(f"{file.stem}.parameters{suffix}")
    return beside if beside.is_file() else None


def read_linked(root: Path) -> Callable[[str, str], Document]:
    """Reads templates that are linked by a path relative to the linking file; they stay inside `root`."""

    def read(linking: str, relative: str) -> Document:
        path = inside(root, Path(linking).parent, relative, Position(linking))
        return compile_bicep(path) if is_bicep(path) else load(path, repeated_keys=True)

    return read


def _resource_groups(files: Sequence[Path]) -> Iterator[str]:
    """A placeholder resource group a template, so that resources of two templates never seem to be neighbours."""
    used: Counter[str] = Counter()
    for file in files:
        stem = file.stem.lower()
        name = file.resolve().parent.name if stem in _NAMELESS else file.stem
        name = re.sub(r"[^\w.()-]+", "-", name)[:80].rstrip(".") or "template"
        used[name.casefold()] += 1
        yield name if used[name.casefold()] == 1 else f"{name}-{used[name.casefold()]}"


def read_bare_definitions(patterns: Sequence[str]) -> tuple[PolicyDefinition, ...]:
    """Policy definitions in files, folders and globs; in a folder, JSON files that are none are passed over.

    Raises `InvalidInput` with the faults of all files, and for a folder without any definition.
    """
    found: list[PolicyDefinition] = []
    faults: list[Diagnostic] = []
    for pattern in patterns:
        before = len(found) + len(faults)
        for file in files_of([pattern], (".json", ".jsonc")):
            if is_fragment(file) and file != Path(pattern):
                continue
            try:
                document = load(file)
                if Path(pattern).is_dir() and not is_definition(document.value):
                    continue
                found.append(read_definition(document, name=_definition_name(file)))
            except InvalidInput as invalid:
                faults.extend(invalid.diagnostics)
        if Path(pattern).is_dir() and len(found) + len(faults) == before:
            faults.extend(no_definition(pattern).diagnostics)
    if faults:
        raise InvalidInput(faults)
    return tuple(found)


def no_definition(folder: str) -> InvalidInput:
    """The fault of a folder in which definitions were looked for."""
    message = f"`{folder}` holds no policy definition"
    hint = "a file holds one, with its `policyRule`; lists and templates of definitions are not looked into"
    return InvalidInput([error("BP101", message, Position(folder), hint)])


def known_cloud(name: str) -> str:
    """A cloud as it is spelled in the table. Raises `click.UsageError` for an unknown or a retired one."""
    row = CLOUDS.get(name)
    if row is None:
        known = ", ".join(one.name for one in CLOUDS if not one.retired)
        near = CLOUDS.suggest(name)
        raise click.UsageError(f"`{name}` is no cloud; {f'{near} ' if near else ''}clouds: {known}")
    if row.retired:
        raise click.UsageError(f"`{row.name}` is retired: there is nothing left to judge in it")
    return row.name


def moment(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
    """A click callback: an ISO 8601 date or time; without a zone it is UTC."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError as found:
        raise click.BadParameter(f"`{text}` is no ISO 8601 time such as 2026-11-20T06:00:00Z") from found
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def subscription_ids(
    _: click.Context, __: click.Parameter, given: tuple[str, ...] | str | None
) -> tuple[str, ...] | str | None:
    """A click callback: ids of subscriptions, in full or as GUIDs. Raises `click.BadParameter` for a name."""
    for one in (given,) if isinstance(given, str) else given or ():
        if not is_subscription(one if one.startswith("/") else f"/subscriptions/{one}"):
            hint = "its id is a GUID, which `az account list -o table` shows"
            raise click.BadParameter(f"`{one}` is no subscription: {hint}")
    return given


class AssignmentFile(click.Path):
    """An assignment file: a path, or the name of one in `assignments/`."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; of a plain name that is no path, that of the file in `assignments/` where there is one."""
        path = Path(str(super().convert(value, param, ctx)))
        if path.exists() or path.suffix or len(path.parts) != 1:
            return path
        named = (Path("assignments") / f"{path}{suffix}" for suffix in (".yaml", ".yml", ".json"))
        return next((one for one in named if one.is_file()), path)


def _definition_name(file: Path) -> str:
    return file.parent.name if file.stem.lower() in {"policy", "azurepolicy"} else file.stem


def _is_parameter_file(file: Path) -> bool:
    return file.stem.lower().endswith(".parameters")


def _as_warning(found: Sequence[Diagnostic]) -> Diagnostic:
    """All that is wrong with one template as one warning: its first fault, and how many more there are."""
    first = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    message = f"template not judged: {first.message}{more}"
    return Diagnostic(first.code, Severity.WARNING, message, first.hint, first.position)
