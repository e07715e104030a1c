"""How a plan reads: the sum first, objects by kind, every one of them where it is asked for."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from markdown_it import MarkdownIt

from blueprinter.deploy import Change, Plan, Right, is_cut, plan_json, plan_lines, plan_markdown, short_id
from blueprinter.deploy.refusals import Refused
from blueprinter.diagnostics import Diagnostic, Position, Severity
from unit.deploy.box import GROUP, SUB

AUTHORIZATION = "Microsoft.Authorization"
DEFINITION, ASSIGNMENT, ROLE = (
    f"{AUTHORIZATION}/{name}" for name in ("policyDefinitions", "policyAssignments", "roleAssignments")
)
STORAGE = "Microsoft.Storage/storageAccounts"


def change(action: str, type: str, name: str, scope: str = SUB, **more: object) -> Change:
    return Change(action, f"{scope}/providers/{type}/{name}", type, **more)  # type: ignore[arg-type]  # as given


def plan_of(changes: Iterable[Change], **more: object) -> Plan:
    given = {
        "scope": SUB,
        "blueprint": "hub",
        "version": "1.0.0",
        "content": "0123456789",
        "assignment": "prod",
    }
    return Plan(changes=tuple(changes), **{**given, **more})  # type: ignore[arg-type]  # as given


def lines(*plans: Plan, verbose: bool = False, width: int = 100) -> list[str]:
    return list(plan_lines(plans, verbose=verbose, width=width))


MANY = [change("add", DEFINITION, f"definition-{number:03}") for number in range(200)]


def test_the_sum_comes_first_and_objects_by_kind() -> None:
    found = plan_of(
        [
            *MANY,
            change("add", ASSIGNMENT, "controls-1"),
            change("add", ROLE, "703aceca-9e3f-5859-8cbd-6d033ec71376"),
            Change("add", f"{SUB}/resourceGroups/rg-app", "Microsoft.Resources/resourceGroups"),
            change("add", STORAGE, "one", f"{SUB}/resourceGroups/rg-app"),
            change("add", STORAGE, "two", f"{SUB}/resourceGroups/rg-app"),
            change("change", ASSIGNMENT, "theirs", paths=("properties.parameters",)),
        ]
    )
    assert lines(found) == [
        f"prod: hub 1.0.0, content 01234567, on {SUB}",
        "  205 to add, 1 to change",
        "  + to add",
        "      200 policy definitions  definition-000, definition-001, definition-002 and 197 more",
        "        1 policy assignment   controls-1",
        "        1 role assignment",
        "        1 resource group      rg-app",
        "        2 resources           storageAccounts one in rg-app, storageAccounts two in rg-app",
        "  ~ to change",
        "        1 policy assignment",
        "          theirs  (properties.parameters)",
    ]
    assert is_cut([found])


def test_many_resources_are_told_by_type() -> None:
    rows = [change("add", "Microsoft.Network/routeTables", f"r{number}") for number in range(7)]
    rows += [change("add", STORAGE, "one"), change("add", STORAGE, "two")]
    assert "        9 resources           7 routeTables, 2 storageAccounts" in lines(plan_of(rows))
    assert "        9 resources           7 routeTables and 2 more" in lines(plan_of(rows), width=60)


@pytest.mark.parametrize("width", [80, 100, 140])
def test_lines_fit_the_terminal(width: int) -> None:
    rights = [Right("assignment", SUB, f"{AUTHORIZATION}/{name}/write") for name in ("a", "b", "c", "d")]
    shown = lines(plan_of(MANY, rights=tuple(rights * 3)), width=width)
    # the scope is not broken: it is to be copied
    assert max(len(line) for line in shown if SUB not in line) <= width
    assert sum(len(line) > width - 25 for line in shown if "policy definitions" in line) == 1


def test_every_object_by_its_id_where_it_is_asked_for() -> None:
    shown = lines(plan_of(MANY), verbose=True)
    assert [line.strip() for line in shown[4:]] == [one.id for one in MANY]
    assert not is_cut([plan_of(MANY[:3])])


def test_what_is_changed_deleted_or_left_has_a_line_each_and_what_acts_comes_first() -> None:
    left = [change("leave", ASSIGNMENT, f"a-{number:02}", residue="governance") for number in range(12)]
    acting = change("leave", ASSIGNMENT, "z", residue="governance", note="its effect Deny goes on")
    shown = lines(plan_of([*left, acting]))
    assert shown[1] == "  nothing to do: everything is as it is to be, 13 left behind"
    assert shown[4] == "          z  (governance residue; its effect Deny goes on)"
    assert shown[-1] == "          and 3 more"


def test_many_scopes_begin_with_the_sum_of_all() -> None:
    remark = Diagnostic("BP646", Severity.WARNING, "x", "", Position("prod.yaml"))
    wrong = Diagnostic("BP645", Severity.ERROR, "y", "", Position("prod.yaml"))
    shown = lines(plan_of(MANY), plan_of(MANY[:1], diagnostics=(remark, wrong, remark)))
    assert shown[0] == "2 scopes: 201 to add; 1 error, 2 warnings"
    assert "  1 to add; 1 error, 2 warnings" in shown


def test_rights_are_told_where_there_is_something_to_do() -> None:
    rights = (
        Right("assignment", SUB, f"{DEFINITION}/write"),
        Right("assignment", SUB, f"{ROLE}/write", grants=True),
        *(Right("assignment", GROUP, f"Microsoft.Network/{name}/write") for name in "abcdef"),
    )
    shown = lines(plan_of(MANY, rights=rights), width=200)
    assert f"  least rights: {AUTHORIZATION}: policyDefinitions/write, roleAssignments/write" in shown
    assert f"  least rights at {GROUP}: Microsoft.Network: 6 actions" in shown
    assert f"  gives rights to others: `assignment` with {ROLE}/write" in shown
    assert "Microsoft.Network/a/write" in "\n".join(lines(plan_of(MANY, rights=rights), verbose=True))
    assert not [line for line in lines(plan_of([], rights=rights)) if "rights" in line]


def test_exemptions_of_others_are_told_and_not_all_listed() -> None:
    others = tuple(f"{SUB}/providers/{AUTHORIZATION}/policyExemptions/e{number:02}" for number in range(12))
    shown = lines(plan_of([], others=others))
    assert shown[2:4] == ["  12 exemptions by others, untouched:", "    e00"]
    assert shown[-1] == "    and 2 more"


def test_what_policies_refuse_is_in_the_sum() -> None:
    refused = (
        Refused("x", STORAGE, "denies", "", ours=True),
        Refused("y", STORAGE, "d", "", ours=True, known=False),
    )
    assert lines(plan_of(MANY, refused=refused))[1] == "  200 to add, 1 resource refused by policies"


NAMES = [
    (f"{SUB}/providers/{ASSIGNMENT}/x", "x"),
    (f"{SUB}/resourceGroups/rg-app", "rg-app"),
    (f"{SUB}/resourceGroups/rg/providers/{ASSIGNMENT}/x", "x in rg"),
    (f"{SUB}/resourceGroups/rg/providers/Microsoft.Network/vnets/v/subnets/s", "vnets/subnets v/s in rg"),
    (f"{SUB}/resourceGroups/rg/providers/{STORAGE}/s/providers/{ROLE}/g", "g in rg"),
    (f"{SUB.upper()}/providers/{ASSIGNMENT}/x", "x"),
    (f"{GROUP}/providers/{DEFINITION}/x", f"x at {GROUP}"),
    ("/providers/Microsoft.Authorization/roleDefinitions/x", "x at /"),
    ("not an id", "not an id"),
]  # fmt: skip


@pytest.mark.parametrize(("id", "shown"), NAMES)
def test_names_are_short_below_the_scope(id: str, shown: str) -> None:
    assert short_id(id, SUB) == shown


def test_a_pull_request_shows_the_sum_and_unfolds_the_rest() -> None:
    wrong = Diagnostic("BP645", Severity.ERROR, "the definition `x` is gone", "assign another", Position("p"))
    note = Diagnostic("BP646", Severity.INFO, "quiet", "", Position("p"))
    rights = (Right("assignment", SUB, f"{ROLE}/write", grants=True),)
    acting = change("leave", ASSIGNMENT, "old", residue="governance", note="its effect Deny goes on")
    text = "\n".join(plan_markdown([plan_of([*MANY, acting], diagnostics=(wrong, note), rights=rights)]))
    head, _, unfolded = text.partition("<details>")
    assert "**200 to add, 1 left behind**; 1 error." in head
    assert "| policy definitions | 200 |  |" in head
    assert "**error** BP645: the definition \\`x\\` is gone (assign another)" in head
    assert "`old`: its effect Deny goes on" in head
    assert "quiet" not in text
    assert unfolded.count("| add | policy definition |") == 200
    assert "**gives rights to others**" in unfolded
    assert text.count("<details>") == text.count("</details>") == 2


def test_a_comment_has_room_for_so_many_objects_only() -> None:
    """GitHub refuses a comment of more than 65,536 characters."""
    plans = [
        plan_of(change("add", DEFINITION, f"{'d' * 50}-{scope}-{number}") for number in range(200))
        for scope in range(3)
    ]
    text = "\n".join(plan_markdown(plans))
    assert len(text) < 65_536
    assert "and 150 more, which `-o json` has" in text
    assert "and 200 more, which `-o json` has" in text


HOSTILE = "x`|</details>\x1b[2J<img src=x>\u202e@all"


def test_hostile_names_stay_text() -> None:
    found = plan_of(
        [change("change", STORAGE, HOSTILE, paths=(HOSTILE,), note=HOSTILE)],
        assignment=HOSTILE,
        blueprint=HOSTILE,
        others=(HOSTILE,),
        rights=(Right(HOSTILE, HOSTILE, HOSTILE, grants=True),),
        diagnostics=(Diagnostic("BP646", Severity.WARNING, HOSTILE, HOSTILE, Position("p")),),
    )
    for verbose in (False, True):
        assert not [line for line in lines(found, verbose=verbose) if "\x1b" in line or "\u202e" in line]
    text = "\n".join(plan_markdown([found]))
    assert "\x1b" not in text
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert "<img" not in page
    assert page.count("<td>") == 1 + 4  # a row of each table (numbers have a style), no cell more
    assert page.count("</details>") == page.count("<details>") == 2
    assert plan_json([found])["plans"]
