"""YAML 1.2 as people write it: plain mappings, sequences and scalars of the core schema.

Built from PyYAML's events (C loader when present) without recursion and without any of YAML 1.1's
surprises: `no`, `on` and `1_000` stay text; tags, merge keys and several documents are refused.
Source of the scalar rules: YAML 1.2.2, section 10.3 (core schema).
"""

from __future__ import annotations

import re
from typing import Protocol, cast

import yaml
from msgspec import Struct, field

from blueprinter.document.json_text import MAX_DEPTH, Fault
from blueprinter.document.model import Json, Span, child

MAX_VALUES = 1_000_000

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAB = re.compile(r"\\t|\btab\b")
_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")


class _Open(Struct):
    value: dict[str, Json] | list[Json]
    pointer: str
    start: int
    anchor: str | None
    key: str | None = None
    """The key whose value is awaited, and where it stands (`member_span`)."""
    member_span: tuple[int, int] = (-1, -1)


class _Reader(Struct):
    spans: dict[str, Span] | None
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, Json] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    values: int = 0
    result: Json = None
    documents: int = 0


def parse(text: str) -> Json:
    """The value of a YAML text. Raises `Fault`."""
    return _read(text, None)


def measure(text: str) -> dict[str, Span]:
    """The offsets of every value of a text that `parse` accepts, by JSON pointer."""
    spans: dict[str, Span] = {}
    _read(text, spans)
    return spans


def _read(text: str, spans: dict[str, Span] | None) -> Json:
    reader = _Reader(spans)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            _take(reader, event)
    except yaml.MarkedYAMLError as found:
        mark = found.problem_mark or found.context_mark
        hint = "indent with spaces: YAML takes no tabs there" if _TAB.search(str(found.problem)) else ""
        raise Fault("BP107", str(found.problem or found.context), _offset(mark), hint) from found
    except yaml.reader.ReaderError as found:
        raise Fault("BP102", "a character that YAML does not allow", int(found.position)) from found
    if not reader.documents:
        raise Fault("BP107", "the document is empty", 0)
    return reader.result


class _Mark(Protocol):
    """A mark of either loader, the C one or the Python one."""

    @property
    def index(self) -> int: ...


def _offset(mark: _Mark | None) -> int:
    return mark.index if mark else 0


def _take(reader: _Reader, event: yaml.Event) -> None:
    start, end = _offset(event.start_mark), _offset(event.end_mark)
    if isinstance(event, yaml.DocumentStartEvent):
        reader.documents += 1
        if reader.documents > 1:
            raise Fault("BP107", "a second document in one file", start, "one file holds one document")
    elif isinstance(event, yaml.ScalarEvent):
        if _awaits_key(reader):
            _set_key(reader, event)
            return
        value = _scalar(event)
        if event.anchor:
            reader.anchors[event.anchor], reader.sizes[event.anchor] = value, 1
        _put(reader, value, start, end, 1)
    elif isinstance(event, yaml.AliasEvent):
        if _awaits_key(reader):
            raise Fault("BP107", "an alias cannot be a key", start)
        if event.anchor not in reader.anchors:
            raise Fault("BP107", f"the alias `*{event.anchor}` names no anchor that is complete", start)
        _put(reader, reader.anchors[event.anchor], start, end, reader.sizes[event.anchor])
    elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
        if event.tag not in (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            raise Fault("BP107", f"the tag `{event.tag}` is not allowed", start)
        if _awaits_key(reader):
            raise Fault("BP107", "a key must be text", start)
        pointer, _ = _slot(reader)
        opened: dict[str, Json] | list[Json] = {} if isinstance(event, yaml.MappingStartEvent) else []
        reader.stack.append(_Open(opened, pointer, start, event.anchor))
        if len(reader.stack) > MAX_DEPTH:
            raise Fault("BP104", f"nested more than {MAX_DEPTH} levels deep", start)
    elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
        done = reader.stack.pop()
        if done.anchor:
            reader.anchors[done.anchor] = done.value
            reader.sizes[done.anchor] = _size(done.value)
        # a block collection ends where its last member ends, not where the next token starts
        _put(reader, done.value, done.start, _end(reader, done, start, end), 1)


def _end(reader: _Reader, done: _Open, start: int, end: int) -> int:
    if end > start or reader.spans is None or not done.value:
        return max(end, done.start)
    last = next(reversed(done.value)) if isinstance(done.value, dict) else len(done.value) - 1
    span = reader.spans.get(child(done.pointer, last))
    return span.end if span else end


def _awaits_key(reader: _Reader) -> bool:
    return bool(reader.stack) and isinstance(reader.stack[-1].value, dict) and reader.stack[-1].key is None


def _set_key(reader: _Reader, event: yaml.ScalarEvent) -> None:
    holder = reader.stack[-1]
    start = _offset(event.start_mark)
    key = _scalar(event)
    if key == "<<" and not event.style:
        raise Fault(
            "BP107", "merge keys are not part of YAML 1.2", start, "repeat the keys, or use an alias as value"
        )
    if not isinstance(key, str):
        raise Fault("BP113", f"the key `{event.value}` is not text", start, f'quote it: `"{event.value}"`')
    held = cast(dict[str, Json], holder.value)
    if key in held:
        raise Fault("BP106", f"the key `{key}` stands twice in this mapping", start, "remove one of the two")
    holder.key, holder.member_span = key, (start, _offset(event.end_mark))


def _slot(reader: _Reader) -> tuple[str, tuple[int, int]]:
    if not reader.stack:
        return "", (-1, -1)
    holder = reader.stack[-1]
    if isinstance(holder.value, dict):
        return child(holder.pointer, holder.key or ""), holder.member_span
    return child(holder.pointer, len(holder.value)), (-1, -1)


def _put(reader: _Reader, value: Json, start: int, end: int, size: int) -> None:
    reader.values += size
    if reader.values > MAX_VALUES:
        raise Fault("BP108", f"more than {MAX_VALUES:,} values after aliases are expanded", start)
    if reader.spans is not None:
        pointer, key_span = _slot(reader)
        reader.spans[pointer] = Span(start, end, *key_span)
    if not reader.stack:
        reader.result = value
        return
    holder = reader.stack[-1]
    if isinstance(holder.value, dict):
        holder.value[holder.key or ""] = value
        holder.key = None
    else:
        holder.value.append(value)


def _size(value: Json) -> int:
    """How many values a value holds, itself included; shared parts count each time they are reached."""
    total, level = 0, [value]
    while level:
        held = level.pop()
        total += 1
        if total > MAX_VALUES:
            return total
        if isinstance(held, dict):
            level.extend(held.values())
        elif isinstance(held, list):
            level.extend(held)
    return total


def _scalar(event: yaml.ScalarEvent) -> str | int | float | bool | None:
    text: str = event.value
    if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
        raise Fault("BP107", f"the tag `{event.tag}` is not allowed", _offset(event.start_mark))
    if event.style or event.tag:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _INT.match(text):
        return _int(text, 10, event)
    if _OCTAL.match(text):
        return _int(text[2:], 8, event)
    if _HEX.match(text):
        return _int(text[2:], 16, event)
    if _FLOAT.match(text):
        return float(text)
    if _NOT_FINITE.match(text):
        raise Fault("BP107", f"`{text}` is not a number that JSON knows", _offset(event.start_mark))
    return text


def _int(digits: str, radix: int, event: yaml.ScalarEvent) -> int:
    if len(digits) > 40:
        raise Fault("BP107", "the number has too many digits", _offset(event.start_mark))
    return int(digits, radix)
