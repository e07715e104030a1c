"""Rules drawn at random, and resources that meet them: every operator, field, count, function and effect of the
language comes up, in the letter cases and with the mistakes that people make."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from blueprinter.arm import FUNCTIONS, FunctionRow, Language
from blueprinter.policy import OPERATORS
from blueprinter.policy.model import ResourceSelector, Selector, SelectorKind
from blueprinter.policy.selectors import WITHOUT_LOCATION

Draw = random.Random
Json = Any

TYPE = "Contoso.Test/things"
CHILD = f"{TYPE}/children"
PROPERTY_NAMES = ("p", "q", "deep", "rules", "list", "when", "size", "on")
ALIASES = [
    {
        "namespace": "Contoso.Test",
        "resourceTypes": [
            {
                "resourceType": "things",
                "capabilities": "SupportsTags, SupportsLocation",
                "aliases": [
                    {
                        "name": f"{TYPE}/{name}",
                        "defaultPath": path,
                        "defaultMetadata": {"attributes": "Modifiable"},
                    }
                    for name, path in (
                        ("p", "properties.p"),
                        ("q", "properties.q"),
                        ("deep.a", "properties.deep.a"),
                        ("deep.b.c", "properties.deep.b.c"),
                        ("sku.name", "sku.name"),
                        ("list[*]", "properties.list[*]"),
                        ("rules[*]", "properties.rules[*]"),
                        ("rules[*].v", "properties.rules[*].v"),
                        ("rules[*].in.w", "properties.rules[*].properties.w"),
                        ("rules[*].tags[*]", "properties.rules[*].tags[*]"),
                        ("rules[*].subs[*].x", "properties.rules[*].subs[*].x"),
                        ("rules[*].subs[*]", "properties.rules[*].subs[*]"),
                        ("logs.enabled", "properties.logs[*].enabled"),
                        ("second", "properties.list[1]"),
                        ("all", "properties"),
                    )
                ]
                + [
                    {
                        "name": f"{TYPE}/moved",
                        "defaultPath": "properties.moved",
                        "paths": [{"path": "properties.old.moved", "apiVersions": ["2019-01-01"]}],
                    }
                ],
            },
            {
                "resourceType": "things/children",
                "aliases": [{"name": f"{CHILD}/p", "defaultPath": "properties.p"}],
            },
        ],
    }
]

_PLAIN = (
    f"{TYPE}/p", f"{TYPE}/q", f"{TYPE}/deep.a", f"{TYPE}/deep.b.c", f"{TYPE}/sku.name", f"{TYPE}/moved",
    f"{TYPE}/second", f"{TYPE}/all", f"{TYPE}/guess", f"{TYPE}/when", f"{TYPE}/size", f"{TYPE}/on", f"{CHILD}/p",
    "name", "fullName", "kind", "type", "location", "id", "tags", "tags.env", "tags['env']", "tags[env]",
    "tags['a.b']", "sku.name", "identity.type", "identity.principalId", "apiVersion", "properties.p", "properties.q",
    "Contoso.Other/x/p",
)  # fmt: skip
_ARRAYS = (
    f"{TYPE}/list[*]", f"{TYPE}/rules[*]", f"{TYPE}/rules[*].v", f"{TYPE}/rules[*].in.w", f"{TYPE}/rules[*].tags[*]",
    f"{TYPE}/rules[*].subs[*].x", f"{TYPE}/rules[*].subs[*]", f"{TYPE}/logs.enabled", f"{TYPE}/guesses[*]",
    f"{TYPE}/guesses[*].v", "tags[*]",
)  # fmt: skip
_COUNTED = tuple(name for name in _ARRAYS if name.endswith("[*]") and not name.startswith("tags"))
_INSIDE = {
    f"{TYPE}/list[*]": (f"{TYPE}/list[*]",),
    f"{TYPE}/rules[*]": (
        f"{TYPE}/rules[*].v",
        f"{TYPE}/rules[*].in.w",
        f"{TYPE}/rules[*].tags[*]",
        f"{TYPE}/rules[*]",
    ),
    f"{TYPE}/rules[*].tags[*]": (f"{TYPE}/rules[*].tags[*]", f"{TYPE}/rules[*].v"),
    f"{TYPE}/rules[*].subs[*]": (
        f"{TYPE}/rules[*].subs[*].x",
        f"{TYPE}/rules[*].v",
        f"{TYPE}/rules[*].subs[*]",
    ),
    f"{TYPE}/guesses[*]": (f"{TYPE}/guesses[*].v", f"{TYPE}/guesses[*]"),
}
_SCALARS: tuple[Json, ...] = (
    "a", "A", "b", "ab", "abc", "", "true", "False", "5", "05", "10", "1.2", "TLS1_2", "West Europe", "westeurope",
    "2024-01-20", "2024-01-20T12:00:00Z", "2024-01-20T13:00:00.0000000+01:00", "10.0.0.0/8", "10.1.2.3", "Straße",
    "STRASSE", "ﬃ", "a/b", TYPE, "Owner", True, False, 0, 1, 5, 10, 1.0, 2.5, -3,
)  # fmt: skip
_LONG: tuple[Json, ...] = (
    "a" * 129, "a" * 256, "A" * 257, "ß" * 129, "ab" * 500, "b" * 5_000, "Ä" * 70_000, ["a"] * 20, ["a" * 300] * 3,
    list(range(200)), [["a"], {"k": "a" * 400}] * 9, {f"k{place}": place for place in range(40)},
)  # fmt: skip
"""Values that it costs something to compare."""
_PATTERNS = ("a*", "*b", "a*c", "*", "a?c", "*a*b*", "##", "a?", "...", "202#-##-##", "abc", "A*")
_PARAMETERS: dict[str, Json] = {
    "text": {"type": "String", "defaultValue": "a"},
    "list": {"type": "Array", "defaultValue": ["a", "b", "5"]},
    "number": {"type": "Integer", "defaultValue": 5},
    "flag": {"type": "Boolean", "defaultValue": True},
    "object": {"type": "Object", "defaultValue": {"k": "a", "K2": ["x"]}},
    "none": {"type": "String"},
    "effect": {"type": "String", "defaultValue": "Audit"},
}
_FUNCTIONS = [
    row
    for row in FUNCTIONS
    if Language.POLICY in row.available_in and row.name not in ("field", "current", "parameters")
]
_BY_NAME = {row.name: row for row in _FUNCTIONS}
_LEAVES = {
    "string": (
        "'a'", "'AbC'", "''", "'10.1.2.3'", "'2024-01-20T12:00:00Z'", "parameters('text')", "field('name')",
        "field('type')", "field('tags.env')", "requestContext().apiVersion", "policy().definitionId",
    ),
    "int": ("0", "1", "2", "5", "-3", "parameters('number')", "length(field('name'))"),
    "float": ("float('2.5')", "5"),
    "bool": ("true()", "false()", "parameters('flag')", "empty(field('kind'))"),
    "array": ("createArray()", "parameters('list')", f"field('{TYPE}/list[*]')", f"field('{TYPE}/rules[*].v')"),
    "object": ("createObject()", "parameters('object')", "createObject('k', field('name'))"),
    "null": ("null()",),
}  # fmt: skip
"""Expressions of each kind of value that never fail."""
_GIVING = {
    "string": ("concat", "replace", "string", "substring", "toLower", "toUpper", "trim", "padLeft", "base64", "join"),
    "int": ("add", "sub", "mul", "indexOf", "lastIndexOf", "length", "max", "min"),
    "bool": ("and", "contains", "empty", "endsWith", "equals", "not", "or", "startsWith"),
    "array": ("array", "createArray", "intersection", "skip", "split", "take", "union"),
    "object": ("createObject",),
}  # fmt: skip
"""Functions by the kind of what they give."""
_FITTING = {
    "addDays": ("'2024-01-20T12:00:00Z'", "'2024-01-20'", "utcNow()"),
    "base64ToJson": ("'eyJhIjoxfQ=='",),
    "base64ToString": ("'YQ=='",),
    "bool": ("'true'", "'False'"),
    "dataUriToString": ("'data:,a'", "'data:;base64,YQ=='"),
    "float": ("'2.5'", "'5'"),
    "format": ("'{0}'", "'a{{b}}'"),
    "int": ("'5'", "'-3'"),
    "ipRangeContains": ("'10.0.0.0/8'", "'10.1.2.3'", "'10.0.0.0-10.9.9.9'"),
    "json": ("'[1, 2]'", "'{\"a\": 1}'", "'null'"),
    "padLeft": ("'0'", "field('name')"),
    "parseCidr": ("'10.0.0.0/8'",),
    "uri": ("'http://contoso.com/a/'", "'b'"),
}
"""Texts that a function can read, which takes only some."""
_OPERATORS = tuple(OPERATORS.names())
_ORDERED = ("less", "lessOrEquals", "greater", "greaterOrEquals")


EFFECTS = ("audit",) * 8 + (
    "Deny", "[parameters('effect')]", "[parameters('effect')]", "denyAction", "manual", "modify", "append",
    "auditIfNotExists", "deployIfNotExists",
)  # fmt: skip


def chance(draw: Draw, share: float) -> bool:
    return draw.random() < share


# ------------------------------------------------------------ rules


class Rules:
    """Draws rules. `counts` are the counts around what is being drawn."""

    def __init__(self, draw: Draw, effects: Sequence[str] = EFFECTS) -> None:
        self._draw = draw
        self._effects = effects
        self._counts: list[str] = []
        self._names: list[str] = []
        self._left = 0

    def definition(self, number: int) -> Json:
        draw = self._draw
        self._left = 12
        mode = draw.choice(("All", "All", "All", "Indexed"))
        condition = self._condition(0)
        if chance(draw, 0.7):
            condition = {"allOf": [{"field": "type", "equals": TYPE}, condition]}
        return {
            "properties": {
                "displayName": f"policy {number}",
                "mode": mode,
                "parameters": _PARAMETERS,
                "policyRule": {"if": condition, "then": self._then()},
            },
            "name": f"policy-{number}",
        }

    def _then(self) -> Json:
        draw = self._draw
        effect = draw.choice(self._effects)
        if self._effects is EFFECTS and chance(draw, 0.04):
            effect = draw.choice(("disabled", "[field('tags.env')]"))
        then: dict[str, Json] = {"effect": effect}
        if effect == "modify":
            then["details"] = {
                "roleDefinitionIds": ["/providers/Microsoft.Authorization/roleDefinitions/x"],
                "conflictEffect": draw.choice(("audit", "deny", "disabled")),
                "operations": [self._operation() for _ in range(draw.randint(1, 2))],
            }
        elif effect == "append":
            then["details"] = [{"field": f"{TYPE}/p", "value": self._operand()}]
        elif effect.endswith("IfNotExists"):
            details: dict[str, Json] = {"type": draw.choice((CHILD, CHILD, TYPE))}
            if chance(draw, 0.4):
                details["name"] = draw.choice(
                    ("c1", "[field('name')]", "[concat(field('name'), '/?')]", "x/?")
                )
            if chance(draw, 0.3):
                details["existenceScope"] = draw.choice(("subscription", "resourceGroup"))
            if chance(draw, 0.7):
                details["existenceCondition"] = self._condition(2)
            if effect == "deployIfNotExists":
                details["roleDefinitionIds"] = ["/providers/Microsoft.Authorization/roleDefinitions/x"]
            then["details"] = details
        return then

    def _operation(self) -> Json:
        draw = self._draw
        kind = draw.choice(("add", "addOrReplace", "remove"))
        found: dict[str, Json] = {
            "operation": kind,
            "field": draw.choice((f"{TYPE}/p", "tags.env", f"{TYPE}/q")),
        }
        if kind != "remove":
            found["value"] = self._operand()
        if chance(draw, 0.3):
            found["condition"] = self._expression(2)
        return found

    def _condition(self, depth: int) -> Json:
        draw = self._draw
        self._left -= 1
        what = draw.random()
        if depth < 4 and self._left > 0 and what < 0.35:
            if what < 0.1:
                return {"not": self._condition(depth + 1)}
            key = draw.choice(("allOf", "anyOf", "AnyOf"))
            return {
                key: [self._condition(depth + 1) for _ in range(draw.randint(0 if what < 0.11 else 1, 3))]
            }
        if depth < 4 and self._left > 0 and what < 0.55 and len(self._counts) + len(self._names) < 3:
            return self._count(depth)
        operator = draw.choice(_OPERATORS)
        if operator in _ORDERED and chance(draw, 0.85):
            return self._ordered(operator)
        left: dict[str, Json]
        if chance(draw, 0.25):
            left = {"value": self._operand()}
        else:
            left = {"field": self._field()}
        return {**left, self._spelled(operator): self._right(operator)}

    def _ordered(self, operator: str) -> Json:
        """A comparison of what has an order."""
        draw = self._draw
        left, rights = draw.choice(
            (
                ({"field": f"{TYPE}/size"}, (1, 5, "5", 2.5, "[parameters('number')]")),
                ({"field": f"{TYPE}/when"}, ("2024-01-20", "2024-01-20T12:00:00Z", "[addDays(utcNow(), -3)]")),
                ({"field": "name"}, ("a", "Thing", "[parameters('text')]")),
                ({"field": "kind"}, ("A", "b", "")),
                ({"field": "apiVersion"}, ("2020-01-01", "2023-05-01")),
                ({"value": self._expression(1, "int")}, (0, 5, "5", "[parameters('number')]")),
                ({"value": "[requestContext().apiVersion]"}, ("2020-01-01", "2023-05-01")),
            )
        )  # fmt: skip
        return {**left, self._spelled(operator): draw.choice(rights)}

    def _field(self) -> str:
        draw = self._draw
        if self._counts and chance(draw, 0.75):
            return self._spelled(draw.choice(_INSIDE[draw.choice(self._counts)]))
        if chance(draw, 0.03):
            return draw.choice(
                ("[concat('tags[', parameters('text'), ']')]", "[concat('tags.', field('name'))]")
            )
        if chance(draw, 0.03):
            return f"[if(equals(field('kind'), 'a'), '{TYPE}/p', '{TYPE}/q')]"
        name = draw.choice(_PLAIN) if chance(draw, 0.7) else draw.choice(_ARRAYS)
        return self._spelled(name)

    def _spelled(self, text: str) -> str:
        what = self._draw.random()
        return text.lower() if what < 0.05 else text.upper() if what < 0.08 else text

    def _count(self, depth: int) -> Json:
        draw = self._draw
        count: dict[str, Json]
        if chance(draw, 0.7):
            name = draw.choice(_COUNTED)
            count = {"field": name}
            stack, entry = self._counts, name
        else:
            value: Json = draw.choice(
                (
                    ["a", "b", 5],
                    [],
                    [{"k": "a"}, {"k": 1}],
                    "[parameters('list')]",
                    f"[field('{TYPE}/list[*]')]",
                )
            )
            count = {"value": value}
            stack, entry = self._names, f"n{len(self._names)}"
            if chance(draw, 0.8):
                count["name"] = entry
            else:
                entry = "default"
        if chance(draw, 0.85):
            stack.append(entry)
            count["where"] = self._condition(depth + 1)
            stack.pop()
        operator = draw.choice((*_ORDERED, "equals", "notEquals", "in", "exists"))
        right: Json = draw.choice((0, 0, 1, 1, 2, 3, "1", "[parameters('number')]", 1.5))
        if operator == "in":
            right = [0, 1, "2"]
        return {"count": count, operator: True if operator == "exists" else right}

    # ------------------------------------------------------------ operands

    def _right(self, operator: str) -> Json:
        draw = self._draw
        if operator == "exists":
            return draw.choice((True, False, "true", "False", "no"))
        if chance(draw, 0.2):
            return self._expression(1)
        if operator in ("in", "notIn"):
            return [draw.choice(_SCALARS) for _ in range(draw.randint(0, 7))]
        if "ike" in operator or "atch" in operator:
            return draw.choice(_PATTERNS)
        if chance(draw, 0.02):
            return draw.choice(_LONG)
        return draw.choice(_SCALARS) if chance(draw, 0.93) else draw.choice(([], ["a"], {}, {"k": 1}))

    def _operand(self) -> Json:
        return self._expression(0) if chance(self._draw, 0.7) else self._draw.choice(_SCALARS)

    def _expression(self, depth: int, kind: str = "any") -> str:
        return f"[{self._call(depth, kind)}]"

    def _call(self, depth: int, kind: str = "any") -> str:
        """An expression, mostly one that gives a value of a kind."""
        draw = self._draw
        if chance(draw, 0.07):
            return self._anything(depth)
        if kind == "any":
            if (self._counts or self._names) and chance(draw, 0.3):
                return self._current()
            if chance(draw, 0.35):
                return self._read()
            if chance(draw, 0.4) and depth < 4:
                return self._calling(draw.choice(_FUNCTIONS), depth)
            kind = draw.choice(tuple(_GIVING))
        if depth > 3 or kind not in _GIVING or chance(draw, 0.45):
            return draw.choice(_LEAVES[kind])
        return self._calling(_BY_NAME[draw.choice(_GIVING[kind])], depth)

    def _calling(self, row: FunctionRow, depth: int) -> str:
        """A call with arguments that the function can mostly take."""
        draw = self._draw
        least = row.minimum_in(Language.POLICY)
        most = row.maximum if row.maximum is not None else 3
        count = draw.randint(least, max(most, least))
        if row.name == "createObject":
            count -= count % 2
        if row.name == "if" and chance(draw, 0.9):
            return f"if({self._call(depth + 1, 'bool')}, {self._call(depth + 1)}, {self._call(depth + 1)})"
        kinds = (
            [draw.choice(row.parameter(place, Language.POLICY).kinds) for place in range(count)]
            if row.parameters
            else []
        )
        if kinds and row.parameters[-1].repeated:
            kinds = [kinds[0]] * count  # arrays with arrays, objects with objects
        if row.name in ("less", "lessOrEquals", "greater", "greaterOrEquals", "substring", "concat"):
            kinds = (
                ["string", "int", "int"][:count]
                if row.name == "substring"
                else [draw.choice(("string", "int"))] * count
            )
        arguments: list[str] = []
        for place, kind in enumerate(kinds):
            texts = _FITTING.get(row.name, ())
            if kind == "string" and texts and chance(draw, 0.9):
                arguments.append(draw.choice(texts))
            elif row.name == "createObject" and place % 2 == 0:
                arguments.append(draw.choice(("'k'", "'K2'", "'x'")))
            elif row.name == "substring" and place:
                arguments.append("0")
            else:
                arguments.append(self._call(depth + 1, kind))
        return f"{row.name}({', '.join(arguments)})"

    def _read(self) -> str:
        """What the resource, its surroundings or the assignment give."""
        draw = self._draw
        what = draw.random()
        if what < 0.6:
            return f"field('{self._field_in_text()}')"
        if what < 0.85:
            names = [name for name in _PARAMETERS if name != "none" or chance(draw, 0.1)]
            return f"parameters('{draw.choice(names)}')"
        if what < 0.88:
            return draw.choice(
                ("resourceGroup().location", "resourceGroup().tags['env']", "subscription().displayName")
            )
        return draw.choice(
            (
                "requestContext().apiVersion", "policy().definitionId", "utcNow()", "field('tags').env",
                "parameters('object').k", "addDays('2024-01-20T12:00:00Z', 2)",
            )
        )  # fmt: skip

    def _anything(self, depth: int) -> str:
        """A call without regard to what the function takes."""
        draw = self._draw
        row = draw.choice(_FUNCTIONS)
        most = row.maximum if row.maximum is not None else 3
        count = draw.randint(row.minimum_in(Language.POLICY), max(most, row.minimum_in(Language.POLICY)))
        return f"{row.name}({', '.join(self._argument(depth + 1) for _ in range(count))})"

    def _field_in_text(self) -> str:
        name = self._field()
        return "name" if name.startswith("[") else name.replace("'", "''")

    def _current(self) -> str:
        draw = self._draw
        if chance(draw, 0.15):
            return "current()"
        names = [*self._names, *self._counts]
        name = draw.choice(names)
        if name in self._counts and chance(draw, 0.5):
            name = draw.choice(_INSIDE[name])
        return f"current('{name}')"

    def _argument(self, depth: int) -> str:
        draw = self._draw
        if depth < 4 and chance(draw, 0.5):
            return self._call(depth)
        value = draw.choice((*_SCALARS[:18], 0, 1, 2, 5))
        if isinstance(value, bool):
            return "true()" if value else "false()"
        return str(value) if isinstance(value, int) else f"'{value}'"


# ------------------------------------------------------------ resources


_SELECTED: Mapping[SelectorKind, tuple[tuple[str, ...], ...]] = {
    SelectorKind.RESOURCE_LOCATION: (
        ("westeurope",), ("West Europe", "eastus"), ("global", "NORTHEUROPE"), ("x" * 300,), ("X" * 300,), ("",), (),
    ),
    SelectorKind.RESOURCE_TYPE: (
        (TYPE,), (CHILD.upper(), "x"), (TYPE, CHILD), ("Microsoft.Resources/resourceGroups",),
        ("Microsoft.Resources/subscriptions/resourceGroups",), (),
    ),
    SelectorKind.RESOURCE_WITHOUT_LOCATION: ((WITHOUT_LOCATION,),),
    SelectorKind.USER_PRINCIPAL_ID: (("p",),),
    SelectorKind.REFERENCE_ID: (("r",), ("",)),
}  # fmt: skip


def resource_selectors(draw: random.Random) -> tuple[ResourceSelector, ...]:
    """Selectors of an assignment, a few of which hang on what is not known."""
    kinds = list(_SELECTED)

    def selector() -> Selector:
        kind = draw.choices(kinds, (10, 6, 4, 1, 1))[0]
        return Selector(kind, draw.choice(_SELECTED[kind]), draw.random() < 0.4, draw.random() < 0.95)

    return tuple(
        ResourceSelector("s", tuple(selector() for _ in range(draw.choice((0, 1, 1, 1, 2)))))
        for _ in range(draw.choice((1, 1, 2)))
    )


class Resources:
    """Draws resources of the types that the rules are about, with arrays of so many members at most."""

    def __init__(self, draw: Draw, most: int = 4) -> None:
        self._draw = draw
        self._most = most

    def row(self, number: int) -> dict[str, Json]:
        draw = self._draw
        name = draw.choice(("a", "thing", "abc", "A"))
        type_ = draw.choice((TYPE,) * 8 + (TYPE.lower(), CHILD, "Contoso.Other/x"))
        path = f"{TYPE}/{name}-{number}"
        if type_ == CHILD:
            path += "/children/c1"
        row: dict[str, Json] = {
            "id": f"/subscriptions/s{number % 2}/resourceGroups/g{number % 3}/providers/{path}",
            "type": type_,
            "name": f"{name}-{number}",
            "properties": self._properties(),
        }
        optional: Sequence[tuple[str, float, Callable[[], Json]]] = (
            (
                "location",
                0.8,
                lambda: draw.choice(
                    ("westeurope", "West Europe", "eastus", "global", "", "X" * 300, None, 5)
                ),
            ),
            ("kind", 0.5, lambda: draw.choice(("a", "b", "", None))),
            ("sku", 0.5, lambda: draw.choice(({"name": "a"}, {"Name": "B"}, None, "a"))),
            ("identity", 0.4, lambda: draw.choice(({"type": "SystemAssigned"}, None, {}))),
            (
                "tags",
                0.7,
                lambda: draw.choice(({"env": "a"}, {"ENV": "Audit", "a.b": "x"}, None, {}, {"a": "b"}, "t")),
            ),
            ("apiVersion", 0.15, lambda: draw.choice(("2019-01-01", "2023-05-01"))),
        )
        for key, share, make in optional:
            if chance(draw, share):
                row[key] = make()
        if chance(draw, 0.05):
            row.pop(draw.choice(("properties", "name")))
        if chance(draw, 0.05):
            row["properties"] = draw.choice((None, [], "x", {}))
        if chance(draw, 0.03) and "properties" in row:
            row["Properties"] = row.pop("properties")
        return row

    def _properties(self) -> dict[str, Json]:
        draw = self._draw
        found: dict[str, Json] = {}
        makers: dict[str, Callable[[], Json]] = {
            "p": self._scalar,
            "q": self._scalar,
            "guess": self._scalar,
            "when": lambda: draw.choice(_SCALARS[15:18]),
            "size": lambda: draw.choice((1, 5, "5", 2.5, 10**6)),
            "on": lambda: draw.choice((True, False, "true", None)),
            "moved": self._scalar,
            "old": lambda: {"moved": self._scalar()},
            "deep": lambda: draw.choice(
                (
                    {"a": self._scalar(), "b": {"c": self._scalar()}},
                    {"A": "x", "b": []},
                    None,
                    "x",
                    {"b": None},
                )
            ),
            "list": lambda: self._array(self._scalar),
            "rules": lambda: self._array(self._rule),
            "guesses": lambda: self._array(self._rule),
            "logs": lambda: self._array(
                lambda: draw.choice(({"enabled": True}, {"enabled": "false"}, {}, None))
            ),
        }
        for key, make in makers.items():
            if chance(draw, 0.75):
                found[key.upper() if chance(draw, 0.05) else key] = make()
        return found

    def _array(self, make: Callable[[], Json]) -> Json:
        draw = self._draw
        if chance(draw, 0.08):
            return draw.choice((None, {}, "x", 5))
        return [make() for _ in range(draw.randint(0, self._most))]

    def _rule(self) -> Json:
        draw = self._draw
        if chance(draw, 0.05):
            return draw.choice((None, "x", 5, []))
        found: dict[str, Json] = {}
        if chance(draw, 0.8):
            found["V" if chance(draw, 0.1) else "v"] = self._scalar()
        if chance(draw, 0.6):
            found["properties"] = draw.choice(({"w": self._scalar()}, {}, None, {"W": "a"}))
        if chance(draw, 0.5):
            found["tags"] = self._array(self._scalar)
        if chance(draw, 0.5):
            found["subs"] = self._array(lambda: draw.choice(({"x": self._scalar()}, {}, None)))
        return found

    def _scalar(self) -> Json:
        draw = self._draw
        if chance(draw, 0.01):
            return draw.choice(_LONG)
        return draw.choice((None, [], {}, ["a"])) if chance(draw, 0.08) else draw.choice(_SCALARS)
