"""Evidence bundles: a run with everything that it was judged by, in a folder or an archive that shows a changed byte.

    manifest.json     what is in it, each member with its hash; the run's place in the chain of its history
    run.json          the result
    in-force.json     the policies as they were in force, with their parameters
    files/            what was read of the user's: blueprint, registers, evidence, inventories, templates
    content/          what was read of the shipped content: frameworks, policies, aliases
    answers.jsonl     what Azure answered, of a live run

The hashes show what was changed by accident or by somebody who did not renew them all; what was renewed as a whole
shows in the chain of the next run's bundle, and in the history.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import file_digest, sha256
from itertools import pairwise
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from types import MappingProxyType

import orjson
from msgspec import Struct, field

from blueprinter.archive import PACKER, BadArchive, read_archive, write_archive
from blueprinter.compliance.history import chained
from blueprinter.compliance.inputs import InputFile, Inputs, Kept, digest_of, read_inputs
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error
from blueprinter.document import Json

SCHEMA = "blueprinter/bundle/1"
MANIFEST, RUN, IN_FORCE, ANSWERS = "manifest.json", "run.json", "in-force.json", "answers.jsonl"
FILES, CONTENT = "files", "content"
VERIFY = "blueprinter history verify BUNDLE"
_SHIPPED = ("blueprints", "policies", "templates")
_LARGEST_MANIFEST = 64 * 1024 * 1024
_NOTHING_SAID: Mapping[str, Json] = MappingProxyType({})


class Layout:
    """Where the files of a run stand in its bundle."""

    def __init__(self, inputs: Inputs) -> None:
        self._content = inputs.content
        own = (one.path for one in inputs.files if not self._is_shipped(one.path))
        self.root = os.path.commonpath([inputs.folder, *own])
        """The folder that holds all files that are the user's, absolute."""
        self.folder = os.path.normpath(f"{FILES}/{os.path.relpath(inputs.folder, self.root)}")
        """The folder of the command, in the bundle."""

    def member(self, file: InputFile) -> str:
        """The name of a file in the bundle."""
        if self._is_shipped(file.path):
            return f"{CONTENT}/{os.path.relpath(file.path, self._content)}"
        return f"{FILES}/{os.path.relpath(file.path, self.root)}"

    def _is_shipped(self, path: str) -> bool:
        return any(path.startswith(f"{self._content}/{kind}/") for kind in _SHIPPED)


class Bundle(Struct, frozen=True):
    """A bundle that was opened and is as its manifest says."""

    name: str
    run_id: str
    inputs: Inputs
    tree: Path
    """Its members as files."""
    before: str
    """The chain before the run; empty for the first of a history."""
    chain: str
    tool: str
    """The version that made it."""
    packer: str
    """What deflated it, if it is an archive."""
    facts: Mapping[str, Json] = field(default_factory=lambda: _NOTHING_SAID)
    """Who and what, for people."""
    withheld: tuple[tuple[str, str], ...] = ()
    """Members and the pointers of the secure values that were left out of them."""

    def read(self, member: str) -> bytes:
        """A member; empty where it has none."""
        file = self.tree / member
        return file.read_bytes() if file.is_file() else b""


class BundleFacts(Struct, frozen=True):
    """What a manifest says of a run besides its inputs."""

    run_id: str
    said: Mapping[str, Json]
    """Blueprint, framework, clock, who."""
    tool: str
    before: str
    chain: str


def lay_out(kept: Kept, tree: Path) -> None:
    """Puts the files of a run where its bundle has them. Raises `InvalidInput` (BP236) where one is not at hand any
    more, or is another by now."""
    layout = Layout(kept.inputs)
    faults: list[Diagnostic] = []
    for one in kept.inputs.files:
        target = tree / layout.member(one)
        target.parent.mkdir(parents=True, exist_ok=True)
        if one.kept:
            content = kept.contents.get(one.sha256)
            if content is None or digest_of(content) != one.sha256:
                hint = "the history was changed; `blueprinter history list` says where"
                faults.append(error("BP236", "the history has not what was read", Position(one.path), hint))
            else:
                target.write_bytes(content)
        elif not Path(one.path).is_file():
            hint = "the history has only its hash: bring it back to its place"
            faults.append(error("BP236", "a file of the run is not there any more", Position(one.path), hint))
        else:
            shutil.copyfile(one.path, target)
            if _hash(target) != one.sha256:
                hint = "the history has only its hash: bring the file of the run back to its place"
                faults.append(error("BP236", "a file is another than at the run", Position(one.path), hint))
    if faults:
        raise InvalidInput(faults)
    (tree / layout.folder).mkdir(parents=True, exist_ok=True)
    if kept.inputs.answers:
        (tree / ANSWERS).write_bytes(kept.contents.get(kept.inputs.answers, b""))


def write_bundle(tree: Path, inputs: Inputs, facts: BundleFacts, target: Path) -> str:
    """Writes what `lay_out` and its caller have put into `tree` with a manifest, as an archive where the target's name
    ends in `.zip`, else as a folder; there whole or not at all. Gives the SHA-256 of the manifest.

    Raises `InvalidInput` (BP236) for a target that is there already.
    """
    if target.exists():
        hint = "a bundle is never written over another; name another file or folder"
        raise InvalidInput([error("BP236", "the target is there already", Position(str(target)), hint)])
    names = sorted(_members(tree))
    manifest = _manifest(tree, names, inputs, facts)
    (tree / MANIFEST).write_bytes(manifest)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        if target.suffix.lower() == ".zip":
            with unfinished.open("wb") as stream:
                write_archive(((name, tree / name) for name in (MANIFEST, *names)), stream)
        else:
            for name in (MANIFEST, *names):
                (unfinished / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(tree / name, unfinished / name)
        unfinished.replace(target)
    finally:
        if unfinished.is_dir():
            shutil.rmtree(unfinished)
        else:
            unfinished.unlink(missing_ok=True)
    return digest_of(manifest)


def open_bundle(source: Path, tree: Path) -> Bundle:
    """Unpacks a bundle into a new folder and checks every byte of it. Raises `InvalidInput` (BP235) that names what is
    changed, missing or too much."""
    if not source.exists():
        raise InvalidInput([error("BP101", "there is no such bundle", Position(str(source)))])
    found = _unpack(source, tree) if source.is_file() else _copy(source, tree)
    bundle = _checked(str(source), tree, found)
    if source.is_file() and bundle.packer == PACKER and not _is_as_written(source, tree, found):
        raise _changed("its members are as they were, and the archive around them is not", source)
    return bundle


# --- writing --------------------------------------------------------------------------------------------------------


def _manifest(tree: Path, names: Sequence[str], inputs: Inputs, facts: BundleFacts) -> bytes:
    layout = Layout(inputs)
    members: list[Json] = [
        {
            "name": name,
            "role": _role(name),
            "sha256": _hash(tree / name),
            "size": (tree / name).stat().st_size,
        }
        for name in names
    ]
    withheld: list[Json] = [
        {"member": layout.member(one), "value": pointer} for one in inputs.files for pointer in one.withheld
    ]
    whole: dict[str, Json] = {
        "schema": SCHEMA,
        "verify": VERIFY,
        "run": {"id": facts.run_id, **facts.said},
        "tool": {"name": "blueprinter", "version": facts.tool, "packer": PACKER},
        "chain": {"before": facts.before, "withThisRun": facts.chain},
        "withheld": withheld,
        "inputs": inputs.as_json(),
        "members": members,
    }
    return _sealed(whole)


def _sealed(whole: Mapping[str, Json]) -> bytes:
    """A manifest as text, with the hash of all that stands in it."""
    seal = digest_of(orjson.dumps(dict(whole), option=orjson.OPT_SORT_KEYS))
    return orjson.dumps({**whole, "seal": seal}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _members(tree: Path) -> Iterator[str]:
    for path in tree.rglob("*"):
        if path.is_file() and path != tree / MANIFEST:
            yield path.relative_to(tree).as_posix()


_ROLES: tuple[tuple[str, str], ...] = (
    ("/aliases.json", "aliases"),
    ("/builtin-facts.json", "facts of built-in definitions"),
    ("/catalog.sqlite", "built-in definitions"),
    ("/controls.yaml", "controls map"),
    ("/frameworks/", "framework"),
    ("/registers/", "register or evidence"),
    ("/policies/", "policy definition"),
    ("/blueprints/", "blueprint"),
    ("/templates/", "template"),
    (".manifest.json", "manifest of an inventory"),
)
_TOP: Mapping[str, str] = {
    RUN: "result",
    IN_FORCE: "policies and parameters in effect",
    ANSWERS: "answers of Azure",
}


def _role(name: str) -> str:
    """What a member is, for people."""
    return _TOP.get(name) or next((role for part, role in _ROLES if part in f"/{name}"), "input")


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


# --- opening --------------------------------------------------------------------------------------------------------


def _unpack(source: Path, tree: Path) -> dict[str, str]:
    """Members with the hashes of their contents."""
    found: dict[str, str] = {}
    try:
        with source.open("rb") as stream:
            for name, blocks in read_archive(stream):
                target = _inside(tree, name, source)
                target.parent.mkdir(parents=True, exist_ok=True)
                digest = sha256()
                with target.open("xb") as written:
                    for block in blocks:
                        digest.update(block)
                        written.write(block)
                found[name] = digest.hexdigest()
    except BadArchive as problem:
        raise _changed(str(problem), source) from None
    except OSError as problem:
        raise _changed(f"it cannot be unpacked: {problem.strerror}", source) from None
    return found


def _is_as_written(source: Path, tree: Path, names: Iterable[str]) -> bool:
    """Whether an archive is what its members give when they are written again."""
    with TemporaryFile(dir=tree.parent) as again:
        write_archive(((name, tree / name) for name in names), again)
        again.seek(0)
        return file_digest(again, "sha256").hexdigest() == _hash(source)


def _copy(source: Path, tree: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.is_symlink():
            raise _changed(f"`{name}` is a link", source)
        if path.is_file():
            target = _inside(tree, name, source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            found[name] = _hash(target)
    return found


def _inside(tree: Path, name: str, source: Path) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name:
        raise _changed(f"`{name}` leads out of the bundle", source)
    return tree.joinpath(*parts)


def _checked(name: str, tree: Path, found: Mapping[str, str]) -> Bundle:
    source = Path(name)
    manifest = tree / MANIFEST
    if not manifest.is_file() or manifest.stat().st_size > _LARGEST_MANIFEST:
        raise _changed(f"it has no `{MANIFEST}`", source)
    text = manifest.read_bytes()
    try:
        whole = orjson.loads(text)
        bare = {key: value for key, value in whole.items() if key != "seal"}
        if _sealed(bare) != text:
            raise _changed(f"`{MANIFEST}` is not as it was written", source)
        if whole["schema"] != SCHEMA:
            raise _changed(f"it is of another kind: `{whole['schema']}`", source)
        listed = {one["name"]: one["sha256"] for one in whole["members"]}
        inputs = read_inputs(whole["inputs"])
        run, chain = whole["run"], whole["chain"]
        before, with_this = str(chain["before"]), str(chain["withThisRun"])
        if not all(map(_is_plain, (inputs.folder, inputs.content, *(one.path for one in inputs.files)))):
            raise ValueError("paths")
        withheld = tuple((str(one["member"]), str(one["value"])) for one in whole["withheld"])
        tool, packer = str(whole["tool"]["version"]), str(whole["tool"]["packer"])
        bundle = Bundle(name, str(run["id"]), inputs, tree, before, with_this, tool, packer, run, withheld)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise _changed(f"`{MANIFEST}` cannot be read: {type(problem).__name__}", source) from None
    faults = list(_differences({**listed, MANIFEST: found[MANIFEST]}, found, name))
    layout = Layout(inputs)
    wanted = {layout.member(one): one.sha256 for one in inputs.files}
    if inputs.answers:
        wanted[ANSWERS] = inputs.answers
    faults += _differences(wanted, {member: listed.get(member, "") for member in wanted}, name)
    if chained(before, found.get(RUN, ""), inputs.text()) != with_this:
        faults.append(error("BP235", "the run does not fit the chain of its history", Position(name)))
    if faults:
        raise InvalidInput(faults)
    (tree / layout.folder).mkdir(parents=True, exist_ok=True)
    return bundle


def _is_plain(path: str) -> bool:
    """Whether a path is absolute and says where it leads."""
    return path.startswith("/") and os.path.normpath(path) == path and "\0" not in path


def _differences(listed: Mapping[str, str], found: Mapping[str, str], name: str) -> Iterator[Diagnostic]:
    for member in sorted(listed.keys() | found.keys()):
        if not found.get(member):
            yield error("BP235", f"`{member}` is missing", Position(name))
        elif member not in listed:
            yield error("BP235", f"`{member}` does not belong to the bundle", Position(name))
        elif listed[member] != found[member]:
            yield error("BP235", f"`{member}` was changed", Position(name))


def _changed(message: str, source: Path) -> InvalidInput:
    return InvalidInput([error("BP235", message, Position(str(source)))])


def unchained(bundles: Iterable[Bundle]) -> list[str]:
    """Of bundles of one history, given in any order: the runs whose predecessor is among them under another chain.

    Two bundles are neighbours where one's chain is what the other says was before it; a bundle between two others that
    fits neither was renewed after the fact.
    """
    given = list(bundles)
    ordered = sorted(given, key=lambda one: (str(one.facts.get("number", "")).zfill(12), one.run_id))
    broken = []
    for older, newer in pairwise(ordered):
        follows = newer.facts.get("number") == _next(older.facts.get("number"))
        if follows and newer.before != older.chain:
            broken.append(newer.run_id)
    return broken


def _next(number: Json) -> int:
    return number + 1 if isinstance(number, int) else -1
