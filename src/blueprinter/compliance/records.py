"""Rows out of an inventory file, one after the other, whatever shape it has.

Four shapes: JSON lines, an array, `{"value": […]}` (Azure Resource Manager), `{"data": […]}` (`az graph query`).
Nothing but the row at hand is held; a row that cannot be read is a `Fault` with its line, never an exception.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import math
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import orjson
from msgspec import Struct

from blueprinter.document import Json

if TYPE_CHECKING:
    from hashlib import _Hash

MAX_RECORD = 16 * 1024 * 1024
"""Bytes of one row; a longer one is unreadable."""
_CHUNK = 1024 * 1024
_HEAD = 64 * 1024
_GZIP = b"\x1f\x8b"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ENVELOPES = ("value", "data")
_NOUNS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "null"),
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "text"),
    (list, "an array"),
    (dict, "an object"),
)
_SPACE = " \t\r\n"
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)


class Record(Struct, frozen=True):
    """A row and the line on which it starts."""

    line: int
    body: dict[str, Json]


class Fault(Struct, frozen=True):
    """A row that cannot be read; with `rest`, neither can anything after it."""

    line: int
    column: int
    message: str
    rest: bool = False


class MorePages(Struct, frozen=True):
    """The file says of itself that it is not all: how many rows exist, 0 = not said."""

    total: int = 0


Bytes: TypeAlias = "io.BufferedReader[io.RawIOBase]"
Row: TypeAlias = "Record | Fault | MorePages"


def read_rows(path: Path, *digests: _Hash) -> Iterator[Row]:
    """The rows of a file. The bytes of the file as it is stored go to every digest. Raises `OSError`."""
    in_lines = _is_lines(_head(path))
    with closing(_Hashing(path, digests)) as raw:
        stream = _plain(raw)
        try:
            yield from _lines(stream) if in_lines else _Document(stream).rows()
        except _DAMAGED:
            yield Fault(0, 0, "the compressed file is damaged or cut off", rest=True)
        raw.drain()


def is_plain_lines(path: Path) -> bool:
    """Whether a file is JSON lines byte for byte: not packed, in UTF-8, without a byte order mark. Raises `OSError`."""
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith((_GZIP, *(mark for mark, _ in _MARKS))):
        return False
    return _is_lines(_head(path))


# --- bytes ----------------------------------------------------------------------------------------------------------


class _Hashing(io.RawIOBase):
    """A file whose bytes are hashed as they are read."""

    def __init__(self, path: Path, digests: tuple[_Hash, ...]) -> None:
        self._file = path.open("rb", buffering=0)
        self._digests = digests

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed asks for any buffer
        count = self._file.readinto(buffer) or 0
        for digest in self._digests:
            digest.update(memoryview(buffer)[:count])
        return count

    def drain(self) -> None:
        """Reads what a reader left over, so that the digest is that of the whole file."""
        while self.read(_CHUNK):
            pass

    def close(self) -> None:
        self._file.close()
        super().close()


class _Unpacking(io.RawIOBase):
    """What a gzip stream holds."""

    def __init__(self, stream: Bytes) -> None:
        self._stream = gzip.GzipFile(fileobj=stream)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed asks for any buffer
        return self._stream.readinto(buffer)


class _Transcoding(io.RawIOBase):
    """UTF-16 or UTF-32 (what Windows PowerShell writes with `>`) as UTF-8."""

    def __init__(self, stream: Bytes, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._waiting = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed asks for any buffer
        while not self._waiting and not self._ended:
            chunk = self._stream.read(_HEAD)
            self._ended = not chunk
            self._waiting = self._decoder.decode(chunk, self._ended).encode("utf-8", errors="replace")
        count = min(len(buffer), len(self._waiting))
        buffer[:count] = self._waiting[:count]
        self._waiting = self._waiting[count:]
        return count


def _plain(raw: io.RawIOBase) -> Bytes:
    """Unpacked UTF-8 without a byte order mark."""
    stream = io.BufferedReader(raw, _HEAD)
    if stream.peek(2).startswith(_GZIP):
        stream = io.BufferedReader(_Unpacking(stream), _HEAD)
    start = stream.peek(4)
    mark, encoding = next((row for row in _MARKS if start.startswith(row[0])), (b"", ""))
    if encoding == "utf-8-sig":
        stream.read(len(mark))
    elif encoding:
        return io.BufferedReader(_Transcoding(stream, encoding), _HEAD)
    return stream


def _head(path: Path) -> bytes:
    with closing(_Hashing(path, ())) as raw:
        try:
            return _plain(raw).read(_HEAD)
        except _DAMAGED:
            return b""


def _is_lines(head: bytes) -> bool:
    """Whether a file is JSON lines, judged by its beginning."""
    text = head.lstrip()
    if text.startswith(b"["):
        return False
    if not text.startswith(b"{"):
        return True
    first, newline, rest = text.partition(b"\n")
    first = first.rstrip()
    if _object(first) is not None:
        return True
    if not newline:
        return False
    if first.endswith((b"{", b"[", b",", b":")):
        return False
    if first.endswith(b"}"):
        return True
    second = _object(rest.partition(b"\n")[0])
    return second is not None and ("id" in second or "type" in second)


def _object(line: bytes) -> dict[str, Json] | None:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


# --- JSON lines -----------------------------------------------------------------------------------------------------


def _lines(stream: Bytes) -> Iterator[Row]:
    number = 0
    while line := stream.readline(MAX_RECORD + 1):
        number += 1
        if len(line) > MAX_RECORD:
            while line and not line.endswith(b"\n"):
                line = stream.readline(_CHUNK)
            yield too_long(number)
            continue
        yield from row_of_line(number, line)


def too_long(number: int) -> Fault:
    """The fault of a line that is longer than any row may be."""
    return Fault(number, 1, f"the row is longer than {MAX_RECORD:,} bytes")


def row_of_line(number: int, line: bytes) -> Iterator[Row]:
    """What one line of JSON lines holds: nothing, a row, a page of rows, or a fault."""
    if not line.strip():
        return
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as found:
        # half a surrogate pair and numbers of any length are no fault in an array either
        patient = _Decoder()
        try:
            value = patient.decode(line.decode())
        except (ValueError, RecursionError):
            yield Fault(number, found.colno, found.msg)
            return
        if patient.refused:
            yield Fault(number, found.colno, patient.refused)
            return
    yield from _row(number, value)


def _row(line: int, value: Json) -> Iterator[Row]:
    """A value as a row, or as a page of rows."""
    if not isinstance(value, dict):
        yield Fault(line, 1, f"expected an object, found {_noun(value)}")
        return
    if "type" in value:
        yield Record(line, value)
        return
    page = next((part for key in _ENVELOPES if isinstance(part := value.get(key), list)), None)
    if page is None:
        yield Record(line, value)
        return
    for element in page:
        yield _element(line, element)
    yield from _more(value, len(page))


def _element(line: int, value: Json) -> Record | Fault:
    if isinstance(value, dict):
        return Record(line, value)
    return Fault(line, 1, f"expected an object, found {_noun(value)}")


def _more(envelope: dict[str, Json], rows: int) -> Iterator[MorePages]:
    """Whether a page says that it is not the last."""
    total = envelope.get("total_records", envelope.get("totalRecords"))
    known = total if isinstance(total, int) else 0
    follows = any(envelope.get(key) for key in ("skip_token", "skipToken", "$skipToken", "nextLink"))
    if follows or known > rows:
        yield MorePages(known)


def _noun(value: Json) -> str:
    return next(noun for kind, noun in _NOUNS if isinstance(value, kind))


# --- one document ---------------------------------------------------------------------------------------------------


class _Unreadable(Exception):
    """The document cannot be read from here on."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position
        self.message = message


class _Decoder(json.JSONDecoder):
    """A decoder that notes numbers which JSON does not know or no computer holds, and goes on."""

    def __init__(self) -> None:
        super().__init__(parse_constant=self._constant, parse_float=self._float, parse_int=self._int)
        self.refused = ""
        """Why what was decoded last cannot be used."""

    def _constant(self, name: str) -> None:
        self.refused = f"`{name}` is no JSON number"

    def _int(self, text: str) -> int:
        try:
            return int(text)
        except ValueError:  # more digits than Python turns into a number
            self.refused = f"`{text[:40]}` is more than a number can be"
            return 0

    def _float(self, text: str) -> float:
        number = float(text)
        if math.isinf(number):
            self.refused = f"`{text[:40]}` is more than a number can be"
        return number


class _Document:
    """An array, a page, or objects one after the other, read through a window that moves over the text."""

    def __init__(self, stream: Bytes) -> None:
        self._stream = stream
        self._utf8 = codecs.getincrementaldecoder("utf-8")(errors="strict")
        self._decoder = _Decoder()
        self._text = ""
        self._at = 0
        self._line = 1
        """The line of the character at `_counted`."""
        self._counted = 0
        self._before = 0
        """Characters of the window's first line that stand before the window."""
        self._ended = False

    def rows(self) -> Iterator[Row]:
        try:
            while start := self._peek():
                if start == "[":
                    yield from self._elements()
                elif start == "{":
                    yield from self._members()
                else:
                    raise _Unreadable(self._at, "expected an object or an array")
        except _Unreadable as found:
            line, column = self._place(found.position)
            yield Fault(line, column, found.message, rest=True)

    def _elements(self) -> Iterator[Row]:
        """The elements of an array; the window stands on its `[`."""
        self._at += 1
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            self._peek()
            line, column = self._place(self._at)
            value = self._value()
            refused = self._decoder.refused
            yield Fault(line, column, refused) if refused else _element(line, value)
            if self._expect(",]") == "]":
                return

    def _members(self) -> Iterator[Row]:
        """An object: a page whose rows are streamed, else a row itself; the window stands on its `{`."""
        line, column = self._place(self._at)
        refused = ""
        self._at += 1
        members: dict[str, Json] = {}
        rows = -1
        while self._peek() != "}":
            key = self._value()
            if not isinstance(key, str):
                raise _Unreadable(self._at, "expected a key in quotes")
            self._expect(":")
            if key in _ENVELOPES and self._peek() == "[":
                rows = max(rows, 0)
                for row in self._elements():
                    rows += 1
                    yield row
            else:
                members[key] = self._value()
                refused = refused or self._decoder.refused
            if self._expect(",}") == "}":
                break
        else:
            self._at += 1
        if rows < 0:
            yield Fault(line, column, refused) if refused else Record(line, members)
        else:
            yield from _more(members, rows)

    def _value(self) -> Json:
        """The value at the window, which is moved behind it."""
        self._peek()
        while True:
            self._decoder.refused = ""
            try:
                value: Json
                value, end = self._decoder.raw_decode(self._text, self._at)
            except ValueError as found:
                fault = found.pos if isinstance(found, json.JSONDecodeError) else self._at
                message = found.msg if isinstance(found, json.JSONDecodeError) else str(found)
            except RecursionError:
                raise _Unreadable(self._at, "nested too deeply") from None
            else:
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
                fault, message = end, "cut off"  # a number at the window's edge may go on behind it
            if self._ended or len(self._text) - self._at > MAX_RECORD:
                raise _Unreadable(fault, message[:1].lower() + message[1:])
            self._fill()

    def _expect(self, characters: str) -> str:
        found = self._peek()
        if not found or found not in characters:
            wanted = " or ".join(f"`{character}`" for character in characters)
            raise _Unreadable(
                self._at, f"expected {wanted}" + ("" if found else ", found the end of the file")
            )
        self._at += 1
        return found

    def _peek(self) -> str:
        """The next character that is no space, or empty at the end; the window moves to it."""
        while True:
            while self._at < len(self._text):
                if (character := self._text[self._at]) not in _SPACE:
                    return character
                self._at += 1
            if self._ended:
                return ""
            self._fill()

    def _fill(self) -> None:
        """Drops what was read and adds the next piece of text."""
        self._line += self._text.count("\n", self._counted, self._at)
        newline = self._text.rfind("\n", 0, self._at)
        self._before = self._at - newline - 1 if newline >= 0 else self._before + self._at
        chunk = self._stream.read(_CHUNK)
        self._ended = not chunk
        try:
            more = self._utf8.decode(chunk, self._ended)
        except UnicodeDecodeError as found:
            raise _Unreadable(len(self._text), "not valid UTF-8") from found
        self._text = self._text[self._at :] + more
        self._at = self._counted = 0

    def _place(self, position: int) -> tuple[int, int]:
        """Line and column of a position in the window; positions are asked for in rising order."""
        if position >= self._counted:
            self._line += self._text.count("\n", self._counted, position)
            self._counted = position
        newline = self._text.rfind("\n", 0, position)
        return self._line, position - newline if newline >= 0 else self._before + position + 1
