"""What a run was judged by, as a history keeps it and a bundle holds it: files by their hashes, arguments, answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType

from msgspec import Struct, field

from blueprinter.document import Json

_NO_CONTENTS: Mapping[str, bytes] = MappingProxyType({})
_NO_ARGUMENTS: Mapping[str, Json] = MappingProxyType({})


def digest_of(content: bytes) -> str:
    """SHA-256 as 64 digits."""
    return sha256(content).hexdigest()


class InputFile(Struct, frozen=True):
    """A file that a run read."""

    path: str
    """Absolute, with `/`."""
    sha256: str
    """Of its bytes without what is withheld."""
    size: int
    kept: bool = True
    """False: the history has the hash alone, as of inventories."""
    withheld: tuple[str, ...] = ()
    """JSON pointers of the secure values that were taken out."""

    def as_json(self) -> dict[str, Json]:
        return {
            "path": self.path,
            "sha256": self.sha256,
            "size": self.size,
            "kept": self.kept,
            "withheld": list(self.withheld),
        }


class Inputs(Struct, frozen=True):
    """Everything that decided a run, but for the version of the tool."""

    folder: str
    """Where the command ran, absolute: relative paths are from there."""
    content: str
    """The folder that shipped content lay in, absolute."""
    files: tuple[InputFile, ...]
    """By path."""
    request: Mapping[str, Json] = field(default_factory=lambda: _NO_ARGUMENTS)
    """The arguments of the evaluation, as the command line reads them back."""
    live: Mapping[str, Json] | None = None
    """Those of a live run."""
    answers: str = ""
    """SHA-256 of the answers of Azure that a live run read; they are kept like a file."""

    def as_json(self) -> dict[str, Json]:
        return {
            "folder": self.folder,
            "content": self.content,
            "request": dict(self.request),
            "live": dict(self.live) if self.live is not None else None,
            "answers": self.answers,
            "files": [one.as_json() for one in self.files],
        }

    def text(self) -> str:
        """One text for equal inputs."""
        return json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"))


def read_inputs(value: Mapping[str, Json]) -> Inputs:
    """Inputs from what `as_json` gave. Raises `KeyError`, `TypeError` or `ValueError` for anything else."""
    files, request, live = value["files"], value["request"], value["live"]
    if not isinstance(files, list) or not isinstance(request, dict) or not isinstance(live, dict | None):
        raise TypeError("files, request or live")
    return Inputs(
        folder=_text(value["folder"]),
        content=_text(value["content"]),
        files=tuple(_file(one) for one in files),
        request=request,
        live=live,
        answers=_text(value["answers"]),
    )


class Kept(Struct, frozen=True):
    """Inputs with the contents of their files, by SHA-256."""

    inputs: Inputs
    contents: Mapping[str, bytes] = field(default_factory=lambda: _NO_CONTENTS)


def _file(value: Json) -> InputFile:
    if not isinstance(value, dict):
        raise TypeError("file")
    size, withheld = value["size"], value["withheld"]
    if not isinstance(size, int) or not isinstance(withheld, list):
        raise TypeError("size or withheld")
    return InputFile(
        _text(value["path"]),
        _text(value["sha256"]),
        size,
        value["kept"] is True,
        tuple(_text(one) for one in withheld),
    )


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value
