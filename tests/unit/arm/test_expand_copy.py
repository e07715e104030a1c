"""Copy loops of resources, properties, variables and outputs."""

from __future__ import annotations

import pytest

from unit.arm.expanding import expanded, faults, names, output, outputs, printed, resource, template, warnings


def test_a_resource_loop_gives_one_resource_a_turn_in_order() -> None:
    loop = {"name": "loop", "count": 3}
    assert names(template([resource("[format('n{0}', copyIndex())]", copy=loop)])) == ["n0", "n1", "n2"]


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ("copyIndex(1)", ["n1", "n2"]),
        ("copyIndex('loop')", ["n0", "n1"]),
        ("copyIndex('LOOP', 5)", ["n5", "n6"]),
        ("copyIndex(-1)", ["n-1", "n0"]),
    ],
)
def test_offsets_and_names_of_loops(index: str, expected: list[str]) -> None:
    made = resource(f"[format('n{{0}}', {index})]", copy={"name": "loop", "count": 2})
    assert names(template([made])) == expected


def test_no_turns_give_no_resources() -> None:
    assert names(template([resource("[concat('n', copyIndex())]", copy={"name": "loop", "count": 0})])) == []


def test_serial_loops_give_the_same_resources() -> None:
    loop = {"name": "loop", "count": 2, "mode": "serial", "batchSize": 1}
    assert names(template([resource("[concat('n', copyIndex())]", copy=loop)])) == ["n0", "n1"]


def test_the_count_may_be_an_expression_over_parameters() -> None:
    made = resource(
        "[parameters('all')[copyIndex()]]", copy={"name": "loop", "count": "[length(parameters('all'))]"}
    )
    whole = template([made], parameters={"all": {"type": "array"}})
    assert names(whole, parameters={"all": ["x", "y"]}) == ["x", "y"]


def test_condition_and_body_see_the_turn() -> None:
    made = resource(
        "[concat('n', copyIndex())]",
        copy={"name": "loop", "count": 4},
        condition="[equals(mod(copyIndex(), 2), 0)]",
        properties={"index": "[copyIndex()]"},
    )
    shown = printed(template([made]))["resources"]
    assert [(one["name"], one["properties"]) for one in shown] == [("n0", {"index": 0}), ("n2", {"index": 2})]


def test_property_loops_stand_at_any_depth_and_in_each_other() -> None:
    body = {
        "a": {
            "copy": [
                {
                    "name": "rows",
                    "count": 2,
                    "input": {
                        "copy": [
                            {
                                "name": "cells",
                                "count": "[add(copyIndex('rows'), 1)]",
                                "input": "[concat(copyIndex('rows'), '-', copyIndex('cells'))]",
                            }
                        ]
                    },
                }
            ]
        }
    }
    shown = printed(template([resource(properties=body)]))["resources"][0]
    assert shown["properties"] == {"a": {"rows": [{"cells": ["0-0"]}, {"cells": ["1-0", "1-1"]}]}}


def test_several_property_loops_stand_beside_other_properties() -> None:
    body = {
        "before": 1,
        "copy": [
            {"name": "xs", "count": 2, "input": "[copyIndex('xs')]"},
            {"name": "ys", "count": 0, "input": {"never": "[fail('unreached')]"}},
        ],
        "after": 2,
    }
    shown = printed(template([resource(properties=body)]))["resources"][0]
    assert shown["properties"] == {"before": 1, "xs": [0, 1], "ys": [], "after": 2}


def test_inside_a_property_loop_the_plain_index_is_that_of_the_resource() -> None:
    made = resource(
        "[concat('n', copyIndex())]",
        copy={"name": "outer", "count": 2},
        properties={"copy": [{"name": "xs", "count": 2, "input": "[concat(copyIndex(), copyIndex('xs'))]"}]},
    )
    shown = printed(template([made]))["resources"]
    assert [one["properties"]["xs"] for one in shown] == [["00", "01"], ["10", "11"]]


def test_a_property_that_is_named_copy_and_no_loop_stays() -> None:
    body = {"copy": [{"source": "a", "sink": "b"}]}
    assert printed(template([resource(properties=body)]))["resources"][0]["properties"] == body


def test_variables_are_looped_at_the_top_and_inside_objects() -> None:
    variables = {
        "copy": [
            {"name": "words", "count": 2, "input": "[concat('w', copyIndex('words'))]"},
            {"name": "numbers", "count": 2, "input": "[copyIndex('numbers', 10)]"},
        ],
        "nested": {
            "copy": [{"name": "disks", "count": 2, "input": {"lun": "[copyIndex('disks')]"}}],
            "kind": "x",
        },
    }
    assert output("[variables('words')]", "array", variables=variables) == ["w0", "w1"]
    assert output("[variables('NUMBERS')]", "array", variables=variables) == [10, 11]
    assert output("[variables('nested')]", "object", variables=variables) == {
        "disks": [{"lun": 0}, {"lun": 1}],
        "kind": "x",
    }


def test_outputs_are_looped() -> None:
    whole = template(
        outputs={"all": {"type": "array", "copy": {"count": 3, "input": "[mul(copyIndex(), 2)]"}}}
    )
    assert outputs(whole) == {"all": [0, 2, 4]}


def test_dependencies_on_a_loop_wait_for_all_of_it() -> None:
    first = resource("first", dependsOn=["loop"])
    looped = resource("[concat('n', copyIndex())]", copy={"name": "loop", "count": 2})
    assert names(template([first, looped])) == ["n0", "n1", "first"]


def test_dependencies_inside_a_loop_are_of_the_same_turn() -> None:
    disk = resource("[concat('disk', copyIndex())]", "Contoso.Test/disks", copy={"name": "disks", "count": 2})
    machine = resource(
        "[concat('vm', copyIndex())]",
        copy={"name": "machines", "count": 2},
        dependsOn=["[resourceId('Contoso.Test/disks', concat('disk', copyIndex()))]"],
    )
    assert names(template([machine, disk])) == ["disk0", "vm0", "disk1", "vm1"]


@pytest.mark.parametrize(
    ("loop", "message"),
    [
        ({"name": "loop", "count": -1}, "the count of a copy loop must not be negative, it is `-1`"),
        ({"name": "loop", "count": 801}, "a copy loop turns at most 800 times, not 801 times"),
        ({"name": "loop", "count": "two"}, "the count of a copy loop must be an integer, not `'two'`"),
        ({"name": "loop"}, "the copy loop has no `count`"),
        ({"count": 2}, "the copy loop has no `name`"),
        ({"name": "loop", "count": 1, "mode": "serial", "batchSize": 0}, "`batchSize` must be at least 1"),
    ],
)
def test_faulty_loops(loop: dict[str, object], message: str) -> None:
    assert faults(template([resource("x", copy=loop)])) == [("BP526", message)]


def test_an_index_outside_of_a_loop_is_a_fault() -> None:
    (found,) = faults(template([resource("[concat('n', copyIndex())]")]))
    assert found[0] == "BP527"
    assert "`copyIndex` can be used in a copy loop only" in found[1]


def test_more_resources_than_azure_takes() -> None:
    loops = [
        resource(f"[concat('{prefix}', copyIndex())]", copy={"name": prefix, "count": 401})
        for prefix in ("a", "b")
    ]
    assert faults(template(loops)) == [("BP521", "802 resources with all copies, at most 800 are allowed")]


def test_a_loop_of_unknown_length_shows_one_copy_with_a_warning() -> None:
    made = resource("[concat('n', copyIndex())]", copy={"name": "loop", "count": "[parameters('n')]"})
    whole = template([made], parameters={"n": {"type": "int"}})
    shown = printed(whole)
    assert [one["name"] for one in shown["resources"]] == ["[concat('n', copyIndex('loop'))]"]
    assert ("BP530", "the number of copies in loop `loop` is not known, one is shown") in warnings(whole)


def test_a_property_loop_of_unknown_length_is_one_exact_expression() -> None:
    body = {"copy": [{"name": "xs", "count": "[parameters('n')]", "input": {"i": "[copyIndex('xs', 1)]"}}]}
    whole = template([resource(properties=body)], parameters={"n": {"type": "int"}})
    text = printed(whole)["resources"][0]["properties"]["xs"]
    assert (
        text
        == "[map(range(0, parameters('n')), lambda('xs', createObject('i', add(lambdaVariables('xs'), 1))))]"
    )
    again = template(outputs={"xs": {"type": "array", "value": text}}, parameters={"n": {"type": "int"}})
    assert expanded(again, parameters={"n": 2}).outputs["xs"] == [{"i": 1}, {"i": 2}]
