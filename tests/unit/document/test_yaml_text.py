"""YAML 1.2 scalars, positions, and the faults that are refused."""

from __future__ import annotations

import pytest

from blueprinter.diagnostics import InvalidInput
from blueprinter.document import parse


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-7", -7),
        ("0o17", 15),
        ("017", 17),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("12:30:45", "12:30:45"),
        ("2026-10-01", "2026-10-01"),
        ("1.2.0", "1.2.0"),
        ('"4.1"', "4.1"),
        ("'true'", "true"),
    ],
)
def test_scalars_follow_the_core_schema(scalar: str, value: object) -> None:
    read = parse(f"a: {scalar}\n", "x.yaml").value
    assert read == {"a": value}
    assert type(read["a"]) is type(value)  # type: ignore[index, call-overload]


def test_anchors_and_aliases_share_values() -> None:
    assert parse("a: &x [1, 2]\nb: *x\n", "x.yaml").value == {"a": [1, 2], "b": [1, 2]}


def test_positions_of_values_and_keys() -> None:
    document = parse("a: 1\nb:\n  - x\n  - c: y\n", "x.yaml")
    assert str(document.locate("/b/1/c")) == "x.yaml:4:8"
    assert str(document.locate("/b", key=True)) == "x.yaml:2:1"


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "BP107", 1),
        ("a: 1\na: 2\n", "BP106", 2),
        ("8.10: x\n", "BP113", 1),
        ("true: x\n", "BP113", 1),
        ("a: !!python/object:os.system x\n", "BP107", 1),
        ("a: !custom {}\n", "BP107", 1),
        ("a:\n\t- b\n", "BP107", 2),
        ("<<: {a: 1}\n", "BP107", 1),
        ("a: *b\n", "BP107", 1),
        ("a: &a [*a]\n", "BP107", 1),
        ("--- 1\n--- 2\n", "BP107", 2),
        ("a: .nan\n", "BP107", 1),
        ("? [a]\n: b\n", "BP107", 1),
        ("a: [1, 2\n", "BP107", 2),
        (BOMB, "BP108", 6),
        ("[" * 200 + "]" * 200, "BP104", 1),
    ],
)
def test_faults(text: str, code: str, line: int) -> None:
    with pytest.raises(InvalidInput) as raised:
        parse(text, "x.yaml")
    (found,) = raised.value.diagnostics
    assert (found.code, found.position.line) == (code, line)
