"""From a file to a document: encodings, size, and the right reader for the extension."""

from __future__ import annotations

import codecs
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error, warning
from blueprinter.document import json_text, yaml_text
from blueprinter.document.model import Document, line_and_column
from blueprinter.document.noting import note

MAX_BYTES = 16 * 1024 * 1024

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def load(path: Path | str, *, name: str | None = None, repeated_keys: bool = False) -> Document:
    """Reads a JSON (`.json`, `.jsonc`, or any other extension) or YAML (`.yaml`, `.yml`) file.

    `name` is how diagnostics call the file; default: the path as given. With `repeated_keys` a key may stand twice
    in one object of JSON, as Azure Resource Manager takes it: the last value holds, with a remark. Raises
    `InvalidInput`.
    """
    shown = name or str(path)
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as found:
        reason = (found.strerror or "cannot be read").lower()
        raise InvalidInput(
            [error("BP101", f"`{shown}`: {reason}", Position(shown), _hint_for(Path(path)))]
        ) from found
    note(path, data)
    return parse(data, shown, repeated_keys=repeated_keys)


def parse(data: bytes | str, file: str, *, repeated_keys: bool = False) -> Document:
    """Reads a document; `file` names it and its extension chooses the reader. Raises `InvalidInput`."""
    if len(data) > MAX_BYTES:
        raise InvalidInput([error("BP103", f"larger than {MAX_BYTES:,} bytes", Position(file))])
    text = data if isinstance(data, str) else decode(data, file)
    is_yaml = PurePosixPath(file.lower()).suffix in {".yaml", ".yml"}
    remarks: list[Diagnostic] = []

    def take_note(key: str, offset: int) -> None:
        line, column = line_and_column(text, offset)
        where = Position(file, line, column, line, column)
        message = f"the key `{key}` stands twice in this object, this one holds"
        remarks.append(warning("BP106", message, where, "remove the other"))

    try:
        value = (
            yaml_text.parse(text) if is_yaml else json_text.parse(text, take_note if repeated_keys else None)
        )
    except json_text.Fault as found:
        line, column = line_and_column(text, found.offset)
        where = Position(file, line, column, line, column)
        hint = (
            found.hint if is_yaml or _is_json(file) else "what does not end in .yaml or .yml is read as JSON"
        )
        raise InvalidInput([error(found.code, found.message, where, hint)]) from found
    measure = yaml_text.measure if is_yaml else json_text.measure
    return Document(file, text, value, measure, tuple(remarks))


def _is_json(file: str) -> bool:
    return PurePosixPath(file.lower()).suffix in {".json", ".jsonc"}


def _hint_for(path: Path) -> str:
    """What a path that cannot be read was likely meant to be: a file in the folder, or one with a name like it."""
    try:
        if path.is_dir():
            inside = sorted(str(one) for one in path.iterdir() if one.suffix in {".yaml", ".yml", ".json"})
            return f"name a file in it, such as `{inside[0]}`" if inside else "name a file in it"
        if path.exists():
            return "whoever runs this may not read it"
        beside = {one.name: str(one) for one in path.parent.iterdir() if one.is_file()}
    except OSError:
        return "is the path right?"
    near = get_close_matches(path.name, beside, n=1)
    return f"did you mean `{beside[near[0]]}`?" if near else "is the path right?"


def decode(data: bytes, file: str) -> str:
    """Text of a file: UTF-8, or what its byte order mark says. Raises `InvalidInput`."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as found:
        before = data[: found.start].decode(encoding, errors="replace")
        line, column = line_and_column(before, len(before))
        where = Position(file, line, column, line, column)
        hint = "save the file as UTF-8"
        raise InvalidInput([error("BP102", f"not valid {encoding.upper()}", where, hint)]) from found
