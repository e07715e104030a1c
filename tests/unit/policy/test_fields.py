"""Paths: steps and text, there and back."""

from __future__ import annotations

import pytest

from blueprinter.policy.fields import FieldKind, Wildcard, path_text, read_field, read_path

EACH = Wildcard.EACH


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("properties", ("properties",)),
        ("properties.a.b", ("properties", "a", "b")),
        ("properties.a[*]", ("properties", "a", EACH)),
        ("properties.a[*].b[*].c", ("properties", "a", EACH, "b", EACH, "c")),
        ("properties.a[0].b", ("properties", "a", 0, "b")),
        ("properties['a.b']", ("properties", "a.b")),
        ("tags['it''s']", ("tags", "it's")),
        ("properties.Microsoft-Storage.x", ("properties", "Microsoft-Storage", "x")),
    ],
)
def test_paths(text: str, steps: tuple[object, ...]) -> None:
    assert read_path(text) == steps
    assert path_text(steps) == text  # type: ignore[arg-type] # steps of a parametrised test


@pytest.mark.parametrize("text", ["a..b", "a[", "a[b", "]", "", "a[*", "[*]"])
def test_any_text_is_some_path(text: str) -> None:
    assert isinstance(read_path(text), tuple)


@pytest.mark.parametrize(
    ("text", "kind", "tag"),
    [
        ("TYPE", FieldKind.TYPE, ""),
        ("fullname", FieldKind.FULL_NAME, ""),
        ("tags", FieldKind.TAGS, ""),
        ("Tags.Owner", FieldKind.TAG, "Owner"),
        ('tags["a b"]', FieldKind.TAG, "a b"),
        ("identity.type", FieldKind.IDENTITY, ""),
        ("Microsoft.Web/sites/kind", FieldKind.ALIAS, ""),
        ("tagsOf", FieldKind.ALIAS, ""),
    ],
)
def test_names(text: str, kind: FieldKind, tag: str) -> None:
    name = read_field(text)
    assert (name.kind, name.tag) == (kind, tag)
