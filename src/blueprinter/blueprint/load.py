"""From a folder to a `Blueprint`: ours, or an Azure Blueprints folder as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from blueprinter.blueprint.artifacts import read_artifact
from blueprinter.blueprint.builtin_facts import BuiltinFacts, check_builtins
from blueprinter.blueprint.checks import check
from blueprinter.blueprint.controls import Controls, check_policy_name, read_controls
from blueprinter.blueprint.exported import enveloped
from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.layout import artifact_files, definition_files
from blueprinter.blueprint.model import Artifact, Blueprint, Framework, Link, ResourceGroupPlaceholder
from blueprinter.blueprint.parameters import KNOWN_LATER, NEEDS_VALUE, read_parameters
from blueprinter.blueprint.parts import after, mapping, text, texts
from blueprinter.casing import fold, get, key_of
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, in_order
from blueprinter.document import Document, Json, child
from blueprinter.policy import definition_key, is_initiative_id

_CONTROLS = ("controls.yaml", "controls.yml", "controls.json")
_DEFINITION_NAMES = frozenset({"policy.json", "policy.jsonc"})


def load_blueprint(
    root: Path,
    *,
    frameworks: Mapping[str, Framework],
    builtin_facts: BuiltinFacts | None,
    policies: Mapping[str, Sequence[Path]] | None = None,
) -> Blueprint:
    """The blueprint in a folder.

    `policies` are the definitions under policies/ (`policy_names`); None leaves names of policies unchecked.
    Raises `InvalidInput` with every fault of every file; warnings are in `diagnostics`.
    """
    faults = Faults()
    blueprint = _read(root, frameworks, builtin_facts, policies, faults)
    warnings = faults.finish()
    if blueprint is None:  # unreachable: without a definition there is an error
        raise InvalidInput(faults.found)
    return replace(blueprint, diagnostics=warnings)


def validate_blueprint(
    root: Path,
    *,
    frameworks: Mapping[str, Framework],
    builtin_facts: BuiltinFacts | None,
    policies: Mapping[str, Sequence[Path]] | None = None,
) -> tuple[Diagnostic, ...]:
    """Errors, warnings and remarks about the blueprint in a folder, in order; never raises."""
    faults = Faults()
    blueprint = _read(root, frameworks, builtin_facts, policies, faults)
    for artifact in blueprint.artifacts if blueprint is not None else ():
        if artifact.kind == "policyAssignment":
            _check_given(artifact, policies or {}, faults)
    return in_order(faults.found)


def policy_names(folders: Sequence[Path]) -> Mapping[str, tuple[Path, ...]]:
    """The definitions under some policy folders (`<category>/<name>/policy.json`): `definition_key` -> files.

    A definition in a later folder replaces those of its name in earlier ones; within one folder names are unique.
    """
    found: dict[str, tuple[Path, ...]] = {}
    for folder in folders:
        here: dict[str, tuple[Path, ...]] = {}
        for path in sorted(folder.glob("*/*/*")):
            if path.name in _DEFINITION_NAMES:
                key = definition_key(path.parent.name)
                here[key] = (*here.get(key, ()), path)
        found.update(here)
    return found


def definition_file(root: Path, *, by_content: bool = False) -> Path | None:
    """The file that defines the blueprint of a folder, or None; `by_content`: whatever it is called."""
    found = definition_files(root, by_content=by_content)
    return found[0] if found else None


def controls_file(root: Path) -> Path | None:
    """The file with the controls of a blueprint, or None."""
    return next((root / name for name in _CONTROLS if (root / name).is_file()), None)


def _read(
    root: Path,
    frameworks: Mapping[str, Framework],
    facts: BuiltinFacts | None,
    policies: Mapping[str, Sequence[Path]] | None,
    faults: Faults,
) -> Blueprint | None:
    files = definition_files(root, by_content=True)
    if len(files) != 1:
        what = f"two definitions: {', '.join(path.name for path in files)}" if files else "no blueprint file"
        hint = "a blueprint is a folder with one `blueprint.yaml` or `blueprint.json`"
        faults.error("BP201", f"`{root}` holds {what}", Position(str(root)), hint)
        return None
    document = faults.load(files[0])
    if document is None:
        _artifacts(root, files[0], True, faults)  # what is wrong with them is told all the same
        return None
    exported = "schema" not in mapping(document.value)
    document = enveloped(document)
    from blueprinter.blueprint.schemas.blueprints import BlueprintFile  # pydantic is slow

    faults.shape(document, BlueprintFile, lenient=exported)
    artifacts = _artifacts(root, files[0], exported, faults)
    controls = _controls(root, frameworks, artifacts, policies, faults)
    blueprint = _assemble(root, document, exported, artifacts, controls, frameworks, faults)
    if facts is not None:
        blueprint = replace(blueprint, links=tuple(_titled(link, facts) for link in blueprint.links))
    check(blueprint, _handed_on(blueprint, policies), faults)
    for artifact in artifacts:
        if artifact.kind == "policyAssignment" and text(artifact.properties, "policyDefinition"):
            name = text(artifact.properties, "policyDefinition")
            check_policy_name(name, policies, artifact.document, "/properties/policyDefinition", faults)
    if facts is not None:
        check_builtins(blueprint, facts, faults)
    return blueprint


def _handed_on(blueprint: Blueprint, policies: Mapping[str, Sequence[Path]] | None) -> frozenset[str] | None:
    """Folded names of blueprint parameters that the linked policies take by their own names; None = not known.

    A definition that controls.yaml names and no artifact assigns takes `<definition>_<parameter>`, and the
    parameter of its own name where it has no default.
    """
    if policies is None and blueprint.links:
        return None
    found: set[str] = set()
    for name in sorted({link.test for link in blueprint.links}):
        for path in (policies or {}).get(name, ()):
            declared = _declared(path)
            found.update(fold(f"{name}_{parameter}") for parameter in declared)
            found.update(fold(parameter) for parameter, needed in declared.items() if needed)
    return frozenset(found)


def _declared(path: Path) -> Mapping[str, bool]:
    """The parameters of the definition in a file, with whether each needs a value."""
    document = Faults().load(path)
    value = mapping(document.value) if document is not None else {}
    rows = mapping(get(mapping(get(value, "properties") or dict(value)), "parameters"))
    return {parameter: key_of(mapping(row), "defaultValue") is None for parameter, row in rows.items()}


def _check_given(artifact: Artifact, policies: Mapping[str, Sequence[Path]], faults: Faults) -> None:
    """Warns of parameters that an artifact gives no value, or a secret, which nothing here is judged by. What the
    artifact assigns is looked at where it stands under policies/."""
    named = text(artifact.properties, "policyDefinition") or text(artifact.properties, "policyDefinitionId")
    given = mapping(artifact.properties.get("parameters"))
    files = () if is_initiative_id(named) else policies.get(definition_key(named), ())
    needed = {
        parameter: path.parent.name
        for path in files
        for parameter, is_needed in _declared(path).items()
        if is_needed
    }
    for parameter, definition in needed.items():
        if key_of(given, parameter) is None:
            where = artifact.document.locate("/properties")
            faults.warn("BP271", f"`{definition}` needs a value for `{parameter}`", where, NEEDS_VALUE)
    for parameter, row in given.items():
        if "reference" in mapping(row):
            where = artifact.document.locate(child("/properties/parameters", parameter), key=True)
            faults.warn("BP271", f"the value of `{parameter}` is not known here", where, KNOWN_LATER)


def _artifacts(root: Path, definition: Path, exported: bool, faults: Faults) -> tuple[Artifact, ...]:
    found: list[Artifact] = []
    for path in artifact_files(root, definition):
        document = faults.load(path)
        if document is None:
            continue
        shaped = enveloped(document) if exported else document
        artifact = read_artifact(shaped, root, faults, lenient=exported)
        if artifact is not None:
            found.append(artifact)
    return _told_apart(found, exported, faults)


def _told_apart(artifacts: Sequence[Artifact], exported: bool, faults: Faults) -> tuple[Artifact, ...]:
    """Artifacts of which no two have one name.

    Microsoft's tools call an artifact after its file, whatever name a copied file holds.
    """
    found: dict[str, Artifact] = {}
    times = Counter(fold(artifact.name) for artifact in artifacts)
    for artifact in artifacts:
        by_file = artifact.aliases[-1]
        where = artifact.document.locate("/name")
        if exported and times[fold(artifact.name)] > 1 and fold(by_file) != fold(artifact.name):
            message = f"several artifacts are called `{artifact.name}`"
            faults.warn("BP205", message, where, f"this one goes by its file: `{by_file}`")
            aliases = tuple(alias for alias in artifact.aliases if alias != artifact.name)
            artifact = replace(artifact, name=by_file, aliases=aliases)
        other = found.setdefault(fold(artifact.name), artifact)
        if other is not artifact:
            message = f"a second artifact is called `{artifact.name}`"
            faults.error("BP205", message, where, f"the first is `{other.document.file}`")
    return tuple(found.values())


def _controls(
    root: Path,
    frameworks: Mapping[str, Framework],
    artifacts: tuple[Artifact, ...],
    policies: Mapping[str, Sequence[Path]] | None,
    faults: Faults,
) -> Controls | None:
    path = controls_file(root)
    document = faults.load(path) if path is not None else None
    if document is None:
        return None
    return read_controls(
        document, frameworks=frameworks, artifacts=artifacts, policies=policies, faults=faults
    )


def _assemble(
    root: Path,
    document: Document,
    exported: bool,
    artifacts: tuple[Artifact, ...],
    controls: Controls | None,
    frameworks: Mapping[str, Framework],
    faults: Faults,
) -> Blueprint:
    value = mapping(document.value)
    properties = mapping(value.get("properties"))
    published = text(properties, "blueprintName")
    id = [part for part in text(value, "id").split("/") if part]
    version = text(properties, "version")
    if after(id, "versions"):
        published, version = published or after(id, "blueprints"), version or after(id, "versions")
    elif published:
        version = version or text(value, "name")
    name = published or text(value, "name") or after(id, "blueprints") or root.resolve().name
    return Blueprint(
        name=name,
        display_name=text(properties, "displayName") or name,
        description=text(properties, "description"),
        version=version,
        root=root,
        exported=exported,
        document=document,
        parameters=read_parameters(document, faults, lenient=exported),
        resource_groups={
            placeholder: _placeholder(placeholder, mapping(row))
            for placeholder, row in mapping(properties.get("resourceGroups")).items()
        },
        artifacts=artifacts,
        framework=controls.framework if controls is not None else None,
        links=controls.links if controls is not None else (),
        deliberately_empty=controls.deliberately_empty if controls is not None else (),
        frameworks=frameworks,
        has_controls=controls is not None,
    )


def _titled(link: Link, facts: BuiltinFacts) -> Link:
    """A link to a built-in with the name that Azure shows, which is known before its definition is imported."""
    fact = facts.get(link.test)
    return replace(link, title=fact.display_name) if fact is not None else link


def _placeholder(name: str, row: Mapping[str, Json]) -> ResourceGroupPlaceholder:
    return ResourceGroupPlaceholder(
        placeholder=name,
        name=row.get("name"),
        location=row.get("location"),
        tags=mapping(row.get("tags")),
        depends_on=texts(row.get("dependsOn")),
        tags_expression=text(row, "tags"),
    )
