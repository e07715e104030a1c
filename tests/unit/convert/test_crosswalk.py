"""Crosswalks: strict CSV in, a framework with its mapping or a controls.yaml out."""

from __future__ import annotations

from pathlib import Path

import pytest

from blueprinter.blueprint import AutomationClass, Framework, Responsibility, Strength, load_framework
from blueprinter.convert import controls_text, framework_text, read_crosswalk
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import parse


@pytest.fixture(scope="module")
def annex(root: Path) -> Framework:
    return load_framework(root / "blueprints" / "frameworks" / "iso-27001-2022.yaml")


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "walk.csv"
    path.write_bytes(text.encode(encoding))
    return path


def faults(tmp_path: Path, text: str) -> list[tuple[str, int]]:
    with pytest.raises(InvalidInput) as raised:
        read_crosswalk(written(tmp_path, text))
    return [(one.code, one.position.line) for one in raised.value.diagnostics]


MAPPING = """\
control,mapped_control,relation,title
PR.DS-1,A.8.24,merge,Data at rest
PR.DS-1,A.8.10,merge,
PR.AA-3,A.8.5,equal,"Users, services and hardware sign in"
GV.OC-1,A.5.1,split,Mission
"""


def test_a_mapping_becomes_a_framework(tmp_path: Path, annex: Framework) -> None:
    crosswalk = read_crosswalk(written(tmp_path, MAPPING))
    path = tmp_path / "csf.yaml"
    path.write_text(framework_text(crosswalk, "csf", "NIST CSF", "2.0", annex))
    framework = load_framework(path)
    assert (framework.id, framework.title, framework.edition) == ("csf", "NIST CSF", "2.0")
    assert framework.counted == ("PR.DS-1", "PR.AA-3", "GV.OC-1")
    assert [group.id for group in framework.groups] == ["PR", "GV"]
    sign_in = framework.controls["PR.AA-3"]
    assert sign_in.title == "Users, services and hardware sign in"
    assert sign_in.automation is AutomationClass.TECHNICAL
    at_rest = framework.controls["PR.DS-1"]
    assert (at_rest.automation, at_rest.responsibility) == (AutomationClass.PARTIAL, Responsibility.SHARED)
    assert framework.controls["GV.OC-1"].automation is AutomationClass.MANUAL
    assert [(row.source, row.target, row.relation) for row in framework.mappings] == [
        ("PR.DS-1", "A.8.24", "merge"),
        ("PR.DS-1", "A.8.10", "merge"),
        ("PR.AA-3", "A.8.5", "equal"),
        ("GV.OC-1", "A.5.1", "split"),
    ]


def test_an_id_that_looks_like_a_number_stays_text(tmp_path: Path, annex: Framework) -> None:
    crosswalk = read_crosswalk(written(tmp_path, "control,mapped_control,relation\n1.10,A.8.9,equal\n"))
    path = tmp_path / "cis.yaml"
    path.write_text(framework_text(crosswalk, "cis", "CIS", "8.1", annex))
    assert load_framework(path).counted == ("1.10",)


def test_links_become_a_controls_file(tmp_path: Path, annex: Framework) -> None:
    text = (
        "policy,control,strength,why\n"
        "tls,a.8.24,Full,reads the version\n"
        "404c3081-a854-4457-ae30-26a93ef643f9,A.8.24,partial,\n"
        "tls,A.5.14,indicative,\n"
    )
    crosswalk = read_crosswalk(written(tmp_path, text))
    value = parse(controls_text(crosswalk, annex, {"tls"}), "controls.yaml").value
    assert value == {
        "schema": "blueprinter/controls/1",
        "framework": "iso-27001-2022",
        "controls": {
            "A.5.14": [{"policyDefinition": "tls", "strength": "indicative", "why": "as walk.csv says"}],
            "A.8.24": [
                {"policyDefinition": "tls", "strength": "full", "why": "reads the version"},
                {
                    "policyDefinitionId": "404c3081-a854-4457-ae30-26a93ef643f9",
                    "strength": "partial",
                    "why": "as walk.csv says",
                },
            ],
        },
    }
    assert [line.strength for line in crosswalk.links] == [
        Strength.FULL,
        Strength.PARTIAL,
        Strength.INDICATIVE,
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_of_spreadsheets_are_read(tmp_path: Path, encoding: str) -> None:
    text = "control,policy,strength\r\nA.8.24,tls,full\r\n\r\n"
    assert len(read_crosswalk(written(tmp_path, text, encoding)).links) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("BP295", 1)]),
        ("control,polcy,strength\nA.8.24,tls,full\n", [("BP295", 1)]),
        ("control;policy;strength\nA.8.24;tls;full\n", [("BP295", 1)]),
        ("control,policy,strength,relation\n", [("BP295", 1)]),
        ("control,control,policy,strength\n", [("BP295", 1)]),
        ("control,policy,strength\n", [("BP296", 1)]),
        ("control,policy,strength\nA.8.24,tls,strong\n", [("BP296", 2)]),
        ("control,mapped_control,relation\nPR,A.8.24,same\n", [("BP296", 2)]),
        ("control,policy,strength\nA.8.24,,full\nA.8.24,tls\n", [("BP296", 2), ("BP296", 3)]),
        ('control,policy,strength,why\nA.1,x,full,"two\nlines"\nA.1,x,full,\n', [("BP296", 4)]),
        ('control,policy,strength\nA.8.24,"tls,full\n', [("BP295", 2)]),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(
    tmp_path: Path, text: str, expected: list[tuple[str, int]]
) -> None:
    assert faults(tmp_path, text) == expected


def test_what_is_unknown_is_told_together(tmp_path: Path, annex: Framework) -> None:
    text = "control,policy,strength\nA.8.240,tls,full\nA.8.24,tsl,full\nA.6.3,tls,partial\n"
    crosswalk = read_crosswalk(written(tmp_path, text))
    with pytest.raises(InvalidInput) as raised:
        controls_text(crosswalk, annex, {"tls"})
    told = [(one.code, one.position.line, one.hint) for one in raised.value.diagnostics]
    assert [(code, line) for code, line, _ in told] == [("BP297", 2), ("BP297", 3), ("BP298", 4)]
    assert "A.8.24" in told[0][2]
    assert "tls" in told[1][2]


def test_counterparts_must_be_requirements(tmp_path: Path, annex: Framework) -> None:
    text = "control,mapped_control,relation\nX.1,A.9.9,equal\nX.2,6.1,equal\n"
    crosswalk = read_crosswalk(written(tmp_path, text))
    with pytest.raises(InvalidInput) as raised:
        framework_text(crosswalk, "x", "X", "1", annex)
    assert [(one.code, one.position.line) for one in raised.value.diagnostics] == [
        ("BP297", 2),
        ("BP297", 3),
    ]
