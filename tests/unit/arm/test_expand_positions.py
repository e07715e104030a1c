"""From a property of an expanded resource back to the line and column that made it."""

from __future__ import annotations

import pytest

from blueprinter.arm import expand
from unit.arm.expanding import CONTEXT, document

TEXT = """{
  "resources": [
    {
      "type": "Contoso.Test/parents", "apiVersion": "1",
      "name": "p",
      "tags": "[createObject('a', 'b')]",
      "properties": {
        "plain": {"deep": [1, {"x": 2}]},
        "made": "[createObject('a', createArray(1))]",
        "[concat('k', 'ey')]": "v",
        "copy": [
          {"name": "xs", "count": 2, "input": {"i": "[copyIndex('xs')]", "[concat('n', copyIndex('xs'))]": 1}},
          {
            "name": "ys", "count": 1,
            "input": "[copyIndex('ys')]"
          }
        ]
      },
      "resources": [
        {"type": "kids", "apiVersion": "1",
         "name": "k", "properties": {"z": true}}
      ]
    },
    {
      "type": "Microsoft.Resources/deployments", "apiVersion": "1", "name": "[concat('d', copyIndex())]",
      "copy": {"name": "loop", "count": 2},
      "properties": {
        "template": {
          "resources": [
            {"type": "Contoso.Test/inner", "apiVersion": "1",
             "name": "[concat('i', copyIndex())]",
             "properties": {"one": "1"}}
          ]
        }
      }
    }
  ]
}"""


@pytest.mark.parametrize(
    ("name", "pointer", "line", "column"),
    [
        ("p", "", 3, 5),
        ("p", "/id", 5, 15),
        ("p", "/name", 5, 15),
        ("p", "/type", 4, 15),
        ("p", "/Tags/a", 6, 15),
        ("p", "/location", 3, 5),
        ("p", "/properties", 7, 21),
        ("p", "/properties/plain/deep/1/x", 8, 37),
        ("p", "/properties/PLAIN/deep", 8, 27),
        ("p", "/properties/plain/absent/below", 8, 18),
        ("p", "/properties/made/a/0", 9, 17),
        ("p", "/properties/key", 10, 32),
        ("p", "/properties/xs", 12, 11),
        ("p", "/properties/xs/1/i", 12, 53),
        ("p", "/properties/xs/1/n1", 12, 108),
        ("p", "/properties/ys/0", 15, 22),
        ("p/k", "/name", 21, 18),
        ("p/k", "/properties/z", 21, 43),
        ("i1", "/name", 31, 22),
        ("i1", "/properties/one", 32, 36),
    ],
)
def test_positions_of_properties(name: str, pointer: str, line: int, column: int) -> None:
    found = expand(document(TEXT), context=CONTEXT)
    (made,) = [one for one in found.resources if one.name == name]
    where = made.origin.locate(pointer)
    assert (where.file, where.line, where.column) == ("main.json", line, column)
