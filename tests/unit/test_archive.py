"""Archives: the same members give the same bytes, other tools read them, and what is damaged or hostile is refused."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from blueprinter.archive import BadArchive, packed, read_archive, write_archive

CONTENTS = {
    "a.json": b'{"a": 1}\n' * 50,
    "empty": b"",
    "folder/ü.txt": "grüße\n".encode() * 20,
    "noise": random.Random(7).randbytes(1500).hex().encode(),
    # longer than what is read at once
    "zeros": bytes(3 * 1024 * 1024),
}


def unpacked(archive: bytes) -> dict[str, bytes]:
    return {name: b"".join(blocks) for name, blocks in read_archive(io.BytesIO(archive))}


def written(folder: Path, contents: Mapping[str, bytes]) -> bytes:
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    stream = io.BytesIO()
    write_archive(((name, folder / name) for name in contents), stream)
    return stream.getvalue()


def test_what_was_written_is_read_and_other_tools_read_it_too() -> None:
    archive = packed(CONTENTS)
    assert unpacked(archive) == CONTENTS
    with zipfile.ZipFile(io.BytesIO(archive)) as found:
        assert found.testzip() is None
        assert {name: found.read(name) for name in found.namelist()} == CONTENTS


def test_the_same_members_give_the_same_bytes_from_files_and_from_contents(tmp_path: Path) -> None:
    assert unpacked(written(tmp_path, CONTENTS)) == CONTENTS
    assert packed(CONTENTS) == packed(dict(reversed(CONTENTS.items())))
    (tmp_path / "again").mkdir()
    assert written(tmp_path / "again", CONTENTS) == written(tmp_path, CONTENTS)


def test_no_changed_byte_gives_another_content() -> None:
    """Some bits only fill up a byte; whatever says something shows, with the member's name."""
    archive = packed({"noise": CONTENTS["noise"]})
    start = archive.index(b"noise") + len(b"noise")
    shown = 0
    for place in range(start, archive.index(b"PK\x01\x02")):
        changed = bytearray(archive)
        changed[place] ^= 1 << place % 8
        try:
            assert unpacked(bytes(changed)) == {"noise": CONTENTS["noise"]}
        except BadArchive as why:
            shown += "`noise` is not as it was written" in str(why)
    assert shown > 1_000


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "c:/x", "a\\..\\x", "."])
def test_a_path_that_leads_out(name: str) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), "x")
    with pytest.raises(BadArchive, match="leads out"):
        unpacked(held.getvalue())


def test_a_name_that_stands_twice() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a", "2")
    with pytest.raises(BadArchive, match="twice"):
        unpacked(held.getvalue())


@pytest.mark.parametrize("limits", [{"most_members": 4}, {"most_bytes": 3 * 1024 * 1024}])
def test_more_than_the_limits(limits: Mapping[str, int]) -> None:
    with pytest.raises(BadArchive, match="more than"):
        list(read_archive(io.BytesIO(packed(CONTENTS)), **limits))


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04" + b"\0" * 40, packed({"a": b"x" * 50})[:-30]])
def test_what_is_no_archive(data: bytes) -> None:
    with pytest.raises(BadArchive, match="no zip file"):
        unpacked(data)
