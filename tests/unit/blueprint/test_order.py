"""The order of deployment (Microsoft Learn, "Understand the deployment sequence in Azure Blueprints")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from blueprinter.blueprint import Artifact, ResourceGroupPlaceholder, deployment_order
from blueprinter.document import parse

NOTHING = parse("{}", "nothing.json")
KINDS = {"r": "roleAssignment", "p": "policyAssignment", "t": "template"}


def artifact(name: str, group: str = "", after: Sequence[str] = ()) -> Artifact:
    """The first letter of the name says the kind."""
    return Artifact(name, KINDS[name[0]], "", group, tuple(after), {}, NOTHING, (name, f"file-{name}"))


def groups(**after: Sequence[str]) -> Mapping[str, ResourceGroupPlaceholder]:
    return {name: ResourceGroupPlaceholder(name, None, None, {}, tuple(deps)) for name, deps in after.items()}


def names(
    artifacts: Sequence[Artifact],
    placeholders: Mapping[str, ResourceGroupPlaceholder],
    uses: Mapping[str, Sequence[str]] | None = None,
) -> list[str]:
    deployment = deployment_order(artifacts, placeholders, uses or {})
    assert deployment.cycle == ()
    return [one.name for one in deployment.artifacts]


DEFAULT = [
    artifact("t2"),
    artifact("t1"),
    artifact("p2"),
    artifact("P1".lower()),
    artifact("r1"),
    artifact("t9", "B"),
    artifact("r9", "b"),
    artifact("p9", "B"),
    artifact("t8", "A"),
    artifact("r8", "A"),
]


def test_the_default_order() -> None:
    expected = ["r1", "p1", "p2", "t1", "t2", "r8", "t8", "r9", "p9", "t9"]
    assert names(DEFAULT, groups(B=(), A=())) == expected
    assert names(DEFAULT[::-1], groups(A=(), B=())) == expected


def test_an_edge_that_the_default_order_satisfies_changes_nothing() -> None:
    moved = [*DEFAULT[:1], artifact("t1", after=["r1", "p2"]), *DEFAULT[2:]]
    assert names(moved, groups(A=(), B=())) == names(DEFAULT, groups(A=(), B=()))


def test_an_artifact_waits_for_another() -> None:
    assert names([artifact("r1", after=["T1"]), artifact("p1"), artifact("t1")], {}) == ["t1", "r1", "p1"]


def test_names_of_files_count_too() -> None:
    assert names([artifact("r1", after=["file-t1"]), artifact("t1")], {}) == ["t1", "r1"]


def test_a_template_of_the_subscription_pulls_a_group_with_all_in_it() -> None:
    found = names(
        [
            artifact("t1", after=["B"]),
            artifact("t2"),
            artifact("r8", "A"),
            artifact("r9", "B"),
            artifact("p9", "B"),
        ],
        groups(A=(), B=()),
    )
    assert found == ["r9", "p9", "t1", "t2", "r8"]


def test_a_group_waits_for_an_artifact() -> None:
    found = names([artifact("t8", "A"), artifact("t9", "B")], groups(A=["t9"], B=()))
    assert found == ["t9", "t8"]


def test_naming_the_own_group_is_no_circle() -> None:
    assert names([artifact("t8", "A", after=["A"]), artifact("p8", "A")], groups(A=())) == ["p8", "t8"]


def test_outputs_are_waited_for() -> None:
    artifacts = [artifact("p1"), artifact("t1"), artifact("t8", "A")]
    assert names(artifacts, groups(A=()), {"p1": ["t8"]}) == ["t8", "p1", "t1"]
    assert names([artifact("t8", "A"), artifact("t1")], groups(A=()), {"A": ["t1"]}) == ["t1", "t8"]


def test_names_that_nothing_has_are_passed_over() -> None:
    assert names([artifact("t1", after=["nobody"])], groups(A=["nobody"])) == ["t1"]


@pytest.mark.parametrize(
    ("artifacts", "placeholders", "cycle"),
    [
        ([artifact("t1", after=["t2"]), artifact("t2", after=["t1"])], {}, ("t1", "t2", "t1")),
        ([artifact("t1", after=["t1"])], {}, ("t1", "t1")),
        ([artifact("t8", "A")], groups(A=["t8"]), ("A", "t8", "A")),
        (
            [artifact("t1", after=["A"]), artifact("p8", "A", after=["t1"])],
            groups(A=()),
            ("t1", "A", "p8", "t1"),
        ),
        ([], groups(A=["B"], B=["A"]), ("A", "B", "A")),
    ],
)
def test_circles(
    artifacts: Sequence[Artifact],
    placeholders: Mapping[str, ResourceGroupPlaceholder],
    cycle: tuple[str, ...],
) -> None:
    assert deployment_order(artifacts, placeholders, {}).cycle == cycle
