"""Frameworks: the shipped ones hold what the standards count, and faults of a file are found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from blueprinter.blueprint import ControlKind, Framework, load_framework, load_frameworks, of_group
from blueprinter.diagnostics import Diagnostic, InvalidInput

Told = Callable[[tuple[Diagnostic, ...]], list[tuple[str, str, int]]]


@pytest.fixture(scope="module")
def shipped(root: Path) -> Mapping[str, Framework]:
    return load_frameworks([root / "blueprints" / "frameworks"])


def leaves(framework: Framework, group: str) -> int:
    return sum(control.leaf and control.group == group for control in framework.controls.values())


@pytest.mark.parametrize(
    ("name", "counted", "leaf_clauses", "scored"),
    [
        ("iso-27001-2022", 93, 30, True),
        ("iso-27001-2013", 114, 26, True),
        ("iso-9001-2015", 57, 57, False),
        ("iso-20000-1-2018", 57, 57, False),
    ],
)
def test_the_shipped_frameworks_hold_what_the_standards_count(
    shipped: Mapping[str, Framework], name: str, counted: int, leaf_clauses: int, scored: bool
) -> None:
    framework = shipped[name]
    clauses = [one for one in framework.controls.values() if one.kind is ControlKind.CLAUSE and one.leaf]
    assert len(framework.counted) == counted
    assert len(clauses) == leaf_clauses
    assert framework.has_score is scored


def test_the_themes_of_2022(shipped: Mapping[str, Framework]) -> None:
    framework = shipped["iso-27001-2022"]
    assert [leaves(framework, group) for group in ("A.5", "A.6", "A.7", "A.8")] == [37, 8, 14, 34]


def test_the_domains_of_2013(shipped: Mapping[str, Framework]) -> None:
    framework = shipped["iso-27001-2013"]
    counts = [leaves(framework, f"A.{number}") for number in range(5, 19)]
    assert counts == [2, 7, 6, 10, 14, 2, 15, 14, 7, 13, 5, 7, 4, 8]


def test_the_classes_of_2022(shipped: Mapping[str, Framework]) -> None:
    framework = shipped["iso-27001-2022"]
    classes = Counter(str(framework.controls[one].automation) for one in framework.counted)
    assert classes == {"technical": 6, "partial": 27, "inherited-and-attested": 11, "manual": 49}
    clauses = [one for one in framework.controls.values() if one.kind is ControlKind.CLAUSE]
    assert {(str(one.automation), str(one.responsibility)) for one in clauses} == {("manual", "customer")}


def test_the_mapping_between_the_editions(shipped: Mapping[str, Framework]) -> None:
    rows = shipped["iso-27001-2013"].mappings
    sources: dict[str, list[str]] = {}
    for row in rows:
        sources.setdefault(row.target, []).append(row.relation)
    successor = shipped["iso-27001-2022"]
    assert sum(relations == ["equal"] for relations in sources.values()) == 58
    assert sum(len(relations) > 1 for relations in sources.values()) == 24
    assert len([one for one in successor.counted if one not in sources]) == 11
    assert {row.source for row in rows} == set(shipped["iso-27001-2013"].counted)
    assert [row.source for row in rows if row.relation == "split"] == ["A.18.2.3", "A.18.2.3"]


OWN_CLASS = {"A.12.4.2": "partial", "A.18.2.3": "partial"}
"""Of 2013 alone: protection of logs asks who may read them too, which its merged counterpart on logging does not rest
on; technical reviews were split."""


def test_a_control_of_2013_has_the_class_of_its_counterpart(shipped: Mapping[str, Framework]) -> None:
    old, new = shipped["iso-27001-2013"].controls, shipped["iso-27001-2022"].controls
    for row in shipped["iso-27001-2013"].mappings:
        if row.relation != "split" and row.source not in OWN_CLASS:
            assert old[row.source].automation is new[row.target].automation, row.source
    assert {name: str(old[name].automation) for name in OWN_CLASS} == OWN_CLASS


def test_evidence_maps_claim_little(shipped: Mapping[str, Framework]) -> None:
    for name in ("iso-9001-2015", "iso-20000-1-2018"):
        classes = {one.automation for one in shipped[name].controls.values()}
        assert "technical" not in classes, name
    assert not shipped["iso-20000-1-2018"].has_exclusions
    assert shipped["iso-9001-2015"].has_exclusions


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("ISO27001-2013_A.9.2.3", ("iso-27001-2013", "A.9.2.3")),
        ("ISO27001-2013_C.10.1.f", ("iso-27001-2013", "10.1")),
        ("iso27001-2013_a.9.2.3", ("iso-27001-2013", "A.9.2.3")),
        ("ISO_IEC_27001_2022_7.5.3", ("iso-27001-2022", "7.5.3")),
        ("ISO_IEC_27002_2022_5.5", ("iso-27001-2022", "A.5.5")),
        ("ISO_IEC_27002_2022_9.9", None),
        ("ISO_IEC_27017_2015_10.1.1", None),
    ],
)
def test_groups_of_initiatives_name_controls(
    shipped: Mapping[str, Framework], group: str, expected: tuple[str, str] | None
) -> None:
    assert of_group(shipped, group) == expected


def test_a_later_folder_replaces_a_framework(tmp_path: Path, small_text: str) -> None:
    for folder, title in (("one", "A small standard"), ("two", "Ours")):
        (tmp_path / folder).mkdir()
        text = small_text.replace("A small standard", title)
        (tmp_path / folder / "small.yaml").write_text(text, encoding="utf-8")
    found = load_frameworks([tmp_path / "one", tmp_path / "two", tmp_path / "absent"])
    assert [framework.title for framework in found.values()] == ["Ours"]


def test_counted_are_the_controls_or_else_the_leaf_clauses(small: Framework) -> None:
    assert small.counted == ("A.1.1", "A.1.2", "A.1.3", "A.1.10")


def test_every_fault_of_a_framework_is_told(tmp_path: Path, small_text: str, told: Told) -> None:
    text = (
        small_text.replace("controls: 4,", "controls: 5,")
        .replace("A.1: 4", "A.1: 3")
        .replace("id: A.1.2,", "id: A.1.1,")
        .replace('group: "4", kind: clause, leaf: true', 'group: "5", kind: clause, leaf: true')
    )
    text += "mappings: [{framework: other, from: A.1.9, to: B, relation: equal}]\n"
    path = tmp_path / "small.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as found:
        load_framework(path)
    assert told(found.value.diagnostics) == [
        ("BP230", "small.yaml", 4),  # controls: 3 stand in the file, one id twice
        ("BP230", "small.yaml", 4),  # the group "4" lost its leaf
        ("BP231", "small.yaml", 9),
        ("BP232", "small.yaml", 13),
        ("BP233", "small.yaml", 14),
    ]


def test_a_mapping_says_what_it_is(tmp_path: Path, small_text: str) -> None:
    rows = (
        "mappings:\n"
        "  - {framework: other, from: A.1.1, to: X, relation: equal}\n"
        "  - {framework: other, from: A.1.2, to: X, relation: merge}\n"
    )
    path = tmp_path / "small.yaml"
    path.write_text(small_text + rows, encoding="utf-8")
    with pytest.raises(InvalidInput) as found:
        load_framework(path)
    [only] = found.value.diagnostics
    assert (only.code, only.position.line, only.hint) == ("BP233", 15, "by the other rows it is a `merge`")


def test_a_mapping_to_a_control_that_the_other_framework_lacks(tmp_path: Path, small_text: str) -> None:
    (tmp_path / "small.yaml").write_text(small_text, encoding="utf-8")
    older = small_text.replace("id: small", "id: older") + (
        "mappings: [{framework: small, from: A.1.1, to: A.1.11, relation: equal}]\n"
    )
    (tmp_path / "older.yaml").write_text(older, encoding="utf-8")
    with pytest.raises(InvalidInput) as found:
        load_frameworks([tmp_path])
    [only] = found.value.diagnostics
    assert only.code == "BP233"
    assert only.message == "`small` has no control `A.1.11`"


def test_numbers_as_ids_are_refused(tmp_path: Path, small_text: str) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(small_text.replace('{id: "4.1"', "{id: 4.1"), encoding="utf-8")
    with pytest.raises(InvalidInput) as found:
        load_framework(path)
    [only] = found.value.diagnostics
    assert (only.code, only.position.line, only.hint) == ("BP113", 13, 'quote it: `"4.1"`')
