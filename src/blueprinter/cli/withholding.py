"""What is kept of a run goes without secrets: values of secure parameters, and what Azure's reasons may give away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson
from msgspec import Struct, field

from blueprinter.casing import fold, get, same
from blueprinter.compliance import without_secrets
from blueprinter.diagnostics import InvalidInput, error
from blueprinter.document import Document, Json, child, parse, value_at

_SECURE = frozenset({"securestring", "secureobject"})
_LEFT_OUT = "left out"


class Bare(Struct, frozen=True):
    """A file without the values of secure parameters; `withheld`: pointers of those."""

    content: bytes
    withheld: tuple[str, ...] = field(default=())


def secure_names(notes: Mapping[Path, bytes | None]) -> frozenset[str]:
    """Folded names of every parameter that some document declares as secure."""
    found: set[str] = set()
    for path, content in notes.items():
        if content is not None and b"secure" in content.lower() and (document := _document(path, content)):
            found.update(fold(name) for name, _, _ in _declared(document.value, ""))
    return frozenset(found)


def _document(path: Path, content: bytes) -> Document | None:
    try:
        return parse(content, str(path), repeated_keys=True)
    except InvalidInput:
        return None  # what cannot be read as a document holds no parameters


def _declared(value: Json, pointer: str) -> Iterator[tuple[str, str, Mapping[str, Json]]]:
    """Declarations of secure parameters at any depth: name, pointer, declaration."""
    for name, at, row in _parameters(value, pointer):
        kind = get(row, "type")
        if isinstance(kind, str) and fold(kind) in _SECURE:
            yield name, at, row


def _parameters(value: Json, pointer: str) -> Iterator[tuple[str, str, Mapping[str, Json]]]:
    """Members of every object that is called `parameters`."""
    for key, inner in _members(value):
        at = child(pointer, key)
        if same(str(key), "parameters") and isinstance(inner, dict):
            for name, row in inner.items():
                if isinstance(row, dict):
                    yield name, child(at, name), row
        yield from _parameters(inner, at)


def _members(value: Json) -> Iterator[tuple[str | int, Json]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def bare_file(path: Path, content: bytes, secure: frozenset[str]) -> Bare:
    """A document without the values that it gives to secure parameters; expressions and references are no values."""
    lowered = content.lower()
    if not secure or not any(name.encode() in lowered for name in secure):
        return Bare(content)
    document = _document(path, content)
    if document is None:
        return Bare(content)
    found: dict[str, Json] = {}
    for name, at, row in _parameters(document.value, ""):
        if fold(name) in secure:
            found |= {child(at, key): inner for key, inner in row.items() if _holds(key, inner)}
    if not found:
        return Bare(content)
    text = document.text
    for pointer, value in sorted(found.items(), key=lambda one: -_start(document, one[0])):
        span = document.span(pointer)
        if span is None:
            raise _stuck(document, pointer)
        gap = "\n" * text.count("\n", span.start, span.end)
        put = "{}" if isinstance(value, dict) else "[]" if isinstance(value, list) else f'"{_LEFT_OUT}"'
        text = text[: span.start] + put + gap + text[span.end :]
    bare = text.encode()
    again = _document(path, bare)
    if again is None or any(value_at(again.value, pointer) not in (_LEFT_OUT, {}, []) for pointer in found):
        raise _stuck(document, next(iter(found)))
    return Bare(bare, tuple(sorted(found)))


def bare_answer(line: bytes) -> bytes:
    """An answer of Azure without the values that its reasons hold and that may be secrets."""
    if b"policyEvaluationDetails" not in line:
        return line
    whole = orjson.loads(line)
    answer = whole["answer"]
    rows = get(answer, "value") if isinstance(answer, dict) else None
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and "policyEvaluationDetails" in row:
            row["policyEvaluationDetails"] = without_secrets(row["policyEvaluationDetails"])
    return orjson.dumps(whole, option=orjson.OPT_APPEND_NEWLINE)


def _holds(key: str, value: Json) -> bool:
    """Whether a member of a secure parameter is its value, and a literal one."""
    if not (same(key, "value") or same(key, "defaultValue")) or value in (None, "", {}, []):
        return False
    if isinstance(value, str):
        return not (value.startswith("[") and value.endswith("]"))
    return not (isinstance(value, dict) and "reference" in value)


def _start(document: Document, pointer: str) -> int:
    span = document.span(pointer)
    return span.start if span is not None else -1


def _stuck(document: Document, pointer: str) -> InvalidInput:
    hint = "name it as a reference to a Key Vault, or in a value on one line"
    message = "a secure value cannot be taken out of the file"
    return InvalidInput([error("BP236", message, document.locate(pointer), hint)])
