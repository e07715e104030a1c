"""From JSON to the tree of a rule, with every fault at its place.

Strict where a mistake would silently change the meaning of a rule (unknown keys, two operators, keys that
differ only in letter case), lenient where Azure is (extra keys beside `if` and `then`, empty `allOf`, any
text as effect). Sources: Microsoft Learn, "Azure Policy definition structure policy rule"; limits from
"Details of the policy definition structure", section Limits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from blueprinter.arm import Call, Literal, Node, is_expression, unescape
from blueprinter.casing import fold, same
from blueprinter.document import Json, child
from blueprinter.policy.count import MAX_ITERATIONS
from blueprinter.policy.effects import Family, family_of
from blueprinter.policy.expressions import RuleReader, noun, read_expression, read_operand
from blueprinter.policy.fields import FieldName, prefixes, read_field
from blueprinter.policy.naming import is_known_when_assigned
from blueprinter.policy.operators import OPERATORS, OperatorRow
from blueprinter.policy.syntax import (
    AllOf,
    AnyOf,
    Append,
    Compare,
    Condition,
    Constant,
    Existence,
    Expression,
    FieldCount,
    FieldLeft,
    Left,
    Modify,
    Not,
    ObjectOf,
    Operand,
    Operation,
    OperationKind,
    Rule,
    ValueCount,
    ValueLeft,
    conditions_in,
    parameter_of,
)
from blueprinter.text import did_you_mean

MAX_CONDITIONS_IF = 4096
MAX_CONDITIONS_THEN = 128
MAX_FUNCTIONS = 2048
MAX_FIELD_COUNTS = 5
MAX_VALUE_COUNTS = 10

_LEFTS = ("field", "value", "count")
_SOURCE = "source"
_ACTION = "[concat(field('type'), '/write')]"
"""What `"source": "action"` stands for in a scan of existing resources: MicrosoftDocs/azure-docs#6161, whose text the
documentation has dropped. Definitions of old still have it."""
_COUNT_KEYS = ("field", "value", "name", "where")
_DEFAULT_NAME = "default"
"""How `current('default')` calls the member of a value count without a name."""


def read_rule(
    value: Json,
    reader: RuleReader,
    pointer: str,
    *,
    default_effect: Callable[[str], Json | None] | None = None,
) -> Rule | None:
    """A rule, or None with faults noted. `default_effect` gives the default of a parameter: the effect that
    decides how `details` are read when the rule leaves it to a parameter."""
    if not isinstance(value, dict):
        reader.fault("BP301", f"a rule is an object, found {noun(value)}", pointer)
        return None
    keys = reader.keys(value, pointer)
    condition: Condition | None = None
    if "if" not in keys:
        reader.fault("BP302", "the rule has no `if`", pointer)
    else:
        condition = _condition(value[keys["if"]], reader, child(pointer, keys["if"]))
        _check_size(condition, reader, child(pointer, keys["if"]), MAX_CONDITIONS_IF, "if")
    if "then" not in keys:
        reader.fault("BP302", "the rule has no `then`", pointer)
        return None
    then_pointer = child(pointer, keys["then"])
    rule = _then(value[keys["then"]], reader, then_pointer, condition, pointer, default_effect)
    if reader.functions > MAX_FUNCTIONS:
        reader.fault("BP340", f"{reader.functions} functions, at most {MAX_FUNCTIONS} are allowed", pointer)
    _check_counts(reader, pointer)
    return rule


def _check_counts(reader: RuleReader, pointer: str) -> None:
    """How many counts a rule has, those of its existence condition included."""
    if reader.value_counts > MAX_VALUE_COUNTS:
        message = f"{reader.value_counts} value counts, at most {MAX_VALUE_COUNTS} are allowed"
        reader.fault("BP345", message, pointer)
    for alias, count in sorted(reader.field_counts.items()):
        if count > MAX_FIELD_COUNTS:
            message = f"{count} field counts over `{alias}`, at most {MAX_FIELD_COUNTS} are allowed"
            reader.fault("BP344", message, pointer)


def _check_size(condition: Condition | None, reader: RuleReader, pointer: str, most: int, name: str) -> None:
    if condition is None:
        return
    count = sum(1 for _ in conditions_in(condition))
    if count > most:
        reader.fault("BP314", f"{count:,} conditions in `{name}`, at most {most:,} are allowed", pointer)


# ---------------------------------------------------------------- conditions


def _condition(value: Json, reader: RuleReader, pointer: str) -> Condition | None:
    if not isinstance(value, dict):
        reader.fault("BP303", f"a condition is an object, found {noun(value)}", pointer)
        return None
    keys = reader.keys(value, pointer)
    for logical in ("allof", "anyof", "not"):
        if logical in keys:
            return _logical(logical, value, keys, reader, pointer)
    return _compare(value, keys, reader, pointer)


def _logical(
    logical: str, value: Mapping[str, Json], keys: Mapping[str, str], reader: RuleReader, pointer: str
) -> Condition | None:
    own = keys[logical]
    for folded, key in keys.items():
        if folded != logical:
            reader.fault(
                "BP304", f"`{own}` stands alone, found `{key}` beside it", child(pointer, key),
                "put both into an `allOf`", key=True,
            )  # fmt: skip
    inner, where = value[own], child(pointer, own)
    if logical == "not":
        member = _condition(inner, reader, where)
        return None if member is None else Not(member, pointer)
    if not isinstance(inner, list):
        reader.fault("BP303", f"`{own}` takes an array of conditions, found {noun(inner)}", where)
        return None
    members = [_condition(item, reader, child(where, place)) for place, item in enumerate(inner)]
    good = tuple(member for member in members if member is not None)
    if len(good) < len(members):
        return None
    return AllOf(good, pointer) if logical == "allof" else AnyOf(good, pointer)


def _compare(
    value: Mapping[str, Json], keys: Mapping[str, str], reader: RuleReader, pointer: str
) -> Condition | None:
    before = len(reader.faults)
    lefts = [key for folded, key in keys.items() if folded in (*_LEFTS, _SOURCE)]
    operators = [(row, key) for folded, key in keys.items() if (row := OPERATORS.get(folded)) is not None]
    for folded, key in keys.items():
        if folded not in (*_LEFTS, _SOURCE) and OPERATORS.get(folded) is None:
            hint = did_you_mean(key, [*_LEFTS, "allOf", "anyOf", "not", *OPERATORS.names()])
            hint = hint or f"operators are {', '.join(OPERATORS.names())}"
            reader.fault("BP304", f"unknown key `{key}` in a condition", child(pointer, key), hint, key=True)
    if len(lefts) > 1:
        names = " and ".join(f"`{key}`" for key in lefts)
        reader.fault(
            "BP305", f"a condition looks at one thing, found {names}", child(pointer, lefts[1]), key=True
        )
    elif not lefts:
        reader.fault("BP302", "the condition has no `field`, `value` or `count`", pointer)
    if len(operators) > 1:
        names = " and ".join(f"`{key}`" for _, key in operators)
        reader.fault(
            "BP305", f"a condition has one operator, found {names}", child(pointer, operators[1][1]), key=True
        )
    elif not operators and len(reader.faults) == before:
        reader.fault(
            "BP302", "the condition has no operator", pointer, f"one of {', '.join(OPERATORS.names())}"
        )
    left = _left(lefts[0], value[lefts[0]], reader, child(pointer, lefts[0])) if lefts else None
    right = None
    if operators:
        row, key = operators[0]
        right = _right(row, key, value[key], reader, child(pointer, key))
    if len(reader.faults) > before or left is None or right is None:
        return None
    return Compare(left, operators[0][0], right, pointer)


def _right(row: OperatorRow, key: str, value: Json, reader: RuleReader, pointer: str) -> Operand:
    if row.name == "exists" and not isinstance(value, (bool, str)):
        reader.fault("BP303", f"`{key}` takes true or false, found {noun(value)}", pointer)
    return read_operand(value, reader, pointer)


def _left(key: str, value: Json, reader: RuleReader, pointer: str) -> Left | None:
    kind = fold(key)
    if kind == "value":
        return ValueLeft(read_operand(value, reader, pointer))
    if kind == "count":
        return _count(value, reader, pointer)
    if kind == _SOURCE:
        if not isinstance(value, str) or not same(value, "action"):
            reader.fault("BP303", f"`{key}` is `action`, found {noun(value)}", pointer)
            return None
        return ValueLeft(read_operand(_ACTION, reader, pointer))
    name = _field_name(value, reader, pointer)
    return None if name is None else FieldLeft(name)


def _field_name(value: Json, reader: RuleReader, pointer: str) -> FieldName | Expression | None:
    if not isinstance(value, str) or not value.strip():
        reader.fault("BP303", f"`field` takes the name of a field, found {noun(value)}", pointer)
        return None
    if not is_expression(value):
        return read_field(unescape(value))
    expression = read_expression(value, reader, pointer)
    if expression is None:
        return None
    if not (is_known_when_assigned(expression.node) or _is_field_choice(expression.node)):
        reader.fault(
            "BP311", f"the expression `{value}` does not tell which fields it can name", pointer,
            "use parameters alone, `if(condition, 'alias', 'alias')` or `concat('tags[', …, ']')`",
        )  # fmt: skip
        return None
    return expression


def _is_field_choice(node: Node) -> bool:
    if isinstance(node, Literal):
        return isinstance(node.value, str)
    if not isinstance(node, Call) or not node.arguments:
        return False
    if fold(node.name) == "if":
        return len(node.arguments) == 3 and all(map(_is_field_choice, node.arguments[1:]))
    first = node.arguments[0]
    return (
        fold(node.name) == "concat"
        and isinstance(first, Literal)
        and isinstance(first.value, str)
        and fold(first.value).startswith(("tags[", "tags."))
    )


def _count(value: Json, reader: RuleReader, pointer: str) -> Left | None:
    if not isinstance(value, dict):
        reader.fault("BP303", f"`count` takes an object, found {noun(value)}", pointer)
        return None
    keys = reader.keys(value, pointer)
    before = len(reader.faults)
    for folded, key in keys.items():
        if folded not in _COUNT_KEYS:
            hint = did_you_mean(key, _COUNT_KEYS) or "`count` holds `field` or `value`, `name` and `where`"
            reader.fault("BP304", f"unknown key `{key}` in `count`", child(pointer, key), hint, key=True)
    if "field" in keys and "value" in keys:
        where = child(pointer, keys["value"])
        reader.fault("BP305", "a count looks at `field` or at `value`, not at both", where, key=True)
        return None
    if "field" not in keys and "value" not in keys:
        reader.fault("BP302", "the count has neither `field` nor `value`", pointer)
        return None
    if "field" in keys:
        if "name" in keys:
            where = child(pointer, keys["name"])
            reader.fault("BP304", "only a value count has a `name`", where, "remove it", key=True)
        found = _field_count(value, keys, reader, pointer)
    else:
        found = _value_count(value, keys, reader, pointer)
    return found if len(reader.faults) == before else None


def _field_count(
    value: Mapping[str, Json], keys: Mapping[str, str], reader: RuleReader, pointer: str
) -> Left | None:
    where = child(pointer, keys["field"])
    text = value[keys["field"]]
    if not isinstance(text, str) or not text.strip() or is_expression(text):
        reader.fault("BP303", "the `field` of a count is an array alias such as `…/rules[*]`", where)
        return None
    name = read_field(unescape(text))
    reader.field_counts[name.folded] += 1
    return FieldCount(name, _where(value, keys, reader, pointer, list(prefixes(name.text))), pointer)


def _value_count(
    value: Mapping[str, Json], keys: Mapping[str, str], reader: RuleReader, pointer: str
) -> Left | None:
    name: Json = _DEFAULT_NAME
    if "name" in keys:
        name = value[keys["name"]]
        if not isinstance(name, str):
            reader.fault(
                "BP303", f"the `name` of a count is text, found {noun(name)}", child(pointer, keys["name"])
            )
            name = _DEFAULT_NAME
    reader.value_counts += 1
    before = len(reader.faults)
    operand = read_operand(value[keys["value"]], reader, child(pointer, keys["value"]))
    is_wrong = isinstance(operand, Constant) and not isinstance(operand.value, list)
    if is_wrong and len(reader.faults) == before:  # an expression with a fault is no text
        found = noun(value[keys["value"]])
        reader.fault(
            "BP303", f"the `value` of a count is an array, found {found}", child(pointer, keys["value"])
        )
    if isinstance(operand, Constant) and isinstance(operand.value, list) and "where" in keys:
        _check_members(len(operand.value), reader, child(pointer, keys["value"]))
    return ValueCount(operand, str(name), _where(value, keys, reader, pointer, [fold(str(name))]), pointer)


def _check_members(count: int, reader: RuleReader, pointer: str) -> None:
    if count > MAX_ITERATIONS:
        message = f"a value count over {count} members, at most {MAX_ITERATIONS} are allowed"
        reader.fault("BP346", message, pointer)


def _where(
    value: Mapping[str, Json], keys: Mapping[str, str], reader: RuleReader, pointer: str, names: list[str]
) -> Condition | None:
    if "where" not in keys:
        return None
    reader.counted.extend(names)
    condition = _condition(value[keys["where"]], reader, child(pointer, keys["where"]))
    del reader.counted[len(reader.counted) - len(names) :]
    return condition


# ---------------------------------------------------------------- then


def _then(
    value: Json,
    reader: RuleReader,
    pointer: str,
    condition: Condition | None,
    rule_pointer: str,
    default_effect: Callable[[str], Json | None] | None,
) -> Rule | None:
    if not isinstance(value, dict):
        reader.fault("BP303", f"`then` is an object, found {noun(value)}", pointer)
        return None
    keys = reader.keys(value, pointer)
    if "effect" not in keys:
        reader.fault("BP302", "`then` has no `effect`", pointer)
        return None
    effect_pointer = child(pointer, keys["effect"])
    effect = value[keys["effect"]]
    if not isinstance(effect, str):
        reader.fault("BP303", f"the effect is text, found {noun(effect)}", effect_pointer)
        return None
    operand = read_operand(effect, reader, effect_pointer)
    text = effect if isinstance(operand, Constant) else _default_of(operand, default_effect)
    family = family_of(text) if isinstance(text, str) else None
    details: Json = None
    details_pointer = pointer
    if "details" in keys:
        details, details_pointer = value[keys["details"]], child(pointer, keys["details"])
    if isinstance(operand, Constant) and family is Family.PLAIN:
        details = None  # Azure does not look at the details of audit and deny
    before = len(reader.faults)
    modify, append, existence, others = _details(details, reader, details_pointer)
    if family is not None and len(reader.faults) == before:
        _check_details(family, str(text), modify, append, existence, reader, details_pointer)
    if condition is None:
        return None
    return Rule(condition, operand, modify, append, existence, others, rule_pointer, pointer)


def _default_of(operand: Operand, default_effect: Callable[[str], Json | None] | None) -> Json | None:
    name = parameter_of(operand)
    return None if default_effect is None or not name else default_effect(name)


def _check_details(
    family: Family,
    effect: str,
    modify: Modify | None,
    append: Append | None,
    existence: Existence | None,
    reader: RuleReader,
    pointer: str,
) -> None:
    if family is Family.EXISTENCE and existence is None:
        reader.fault("BP319", f"`{effect}` needs `details` with the `type` of the related resource", pointer)
    elif family is Family.MODIFY and modify is None:
        reader.fault("BP319", f"`{effect}` needs `details` with `operations`", pointer)
    elif family is Family.APPEND and append is None:
        reader.fault("BP319", f"`{effect}` needs `details`, an array of fields with values", pointer)


def _details(
    value: Json, reader: RuleReader, pointer: str
) -> tuple[Modify | None, Append | None, Existence | None, Operand | None]:
    """`details` by their shape: the effect may be a parameter that mixes families."""
    if value is None:
        return None, None, None, None
    if isinstance(value, list):
        return None, _append(value, reader, pointer), None, None
    if not isinstance(value, dict):
        reader.fault("BP312", f"`details` is an object or an array, found {noun(value)}", pointer)
        return None, None, None, None
    keys = reader.keys(value, pointer)
    if "operations" in keys:
        return _modify(value, keys, reader, pointer), None, None, None
    if "type" in keys:
        return None, None, _existence(value, keys, reader, pointer), None
    return None, None, None, read_operand(value, reader, pointer)


def _append(value: list[Json], reader: RuleReader, pointer: str) -> Append | None:
    members: list[tuple[FieldName | Expression, Operand]] = []
    for place, item in enumerate(value):
        where = child(pointer, place)
        if not isinstance(item, dict):
            reader.fault("BP312", f"append takes objects with `field` and `value`, found {noun(item)}", where)
            continue
        keys = reader.keys(item, where)
        if "field" not in keys or "value" not in keys:
            missing = "field" if "field" not in keys else "value"
            reader.fault("BP312", f"the appended field has no `{missing}`", where)
            continue
        name = _field_name(item[keys["field"]], reader, child(where, keys["field"]))
        given = read_operand(item[keys["value"]], reader, child(where, keys["value"]))
        if name is not None:
            members.append((name, given))
    return Append(tuple(members))


def _modify(
    value: Mapping[str, Json], keys: Mapping[str, str], reader: RuleReader, pointer: str
) -> Modify | None:
    where = child(pointer, keys["operations"])
    listed = value[keys["operations"]]
    if not isinstance(listed, list):
        reader.fault("BP312", f"`operations` is an array, found {noun(listed)}", where)
        return None
    operations = [_operation(item, reader, child(where, place)) for place, item in enumerate(listed)]
    others = _others(value, keys, reader, pointer, {"operations"})
    return Modify(tuple(operation for operation in operations if operation is not None), others)


def _operation(value: Json, reader: RuleReader, pointer: str) -> Operation | None:
    if not isinstance(value, dict):
        reader.fault("BP312", f"an operation is an object, found {noun(value)}", pointer)
        return None
    keys = reader.keys(value, pointer)
    stated = value[keys["operation"]] if "operation" in keys else None
    kind = next(
        (kind for kind in OperationKind if isinstance(stated, str) and fold(kind) == fold(stated)), None
    )
    if kind is None:
        where = child(pointer, keys["operation"]) if "operation" in keys else pointer
        shown = f"`{stated}`" if isinstance(stated, str) else noun(stated)
        reader.fault("BP312", f"an operation is add, addOrReplace or remove, found {shown}", where)
    if "field" not in keys:
        reader.fault("BP312", "the operation has no `field`", pointer)
        return None
    name = _field_name(value[keys["field"]], reader, child(pointer, keys["field"]))
    given = condition = None
    if "value" in keys:
        given = read_operand(value[keys["value"]], reader, child(pointer, keys["value"]))
    elif kind is not OperationKind.REMOVE:
        reader.fault("BP312", "the operation has no `value`", pointer)
    if "condition" in keys:
        condition = read_operand(value[keys["condition"]], reader, child(pointer, keys["condition"]))
    return None if kind is None or name is None else Operation(kind, name, given, condition, pointer)


def _existence(
    value: Mapping[str, Json], keys: Mapping[str, str], reader: RuleReader, pointer: str
) -> Existence | None:
    def operand(key: str) -> Operand | None:
        return read_operand(value[keys[key]], reader, child(pointer, keys[key])) if key in keys else None

    stated = value[keys["type"]]
    if not isinstance(stated, str) or not stated:
        reader.fault(
            "BP312", f"`type` is a resource type, found {noun(stated)}", child(pointer, keys["type"])
        )
        return None
    condition = None
    if "existencecondition" in keys:
        where = child(pointer, keys["existencecondition"])
        condition = _condition(value[keys["existencecondition"]], reader, where)
        _check_size(condition, reader, where, MAX_CONDITIONS_THEN, "existenceCondition")
    known = {"type", "name", "resourcegroupname", "existencescope", "existencecondition", "deployment"}
    type_operand = operand("type")
    if type_operand is None:
        return None
    return Existence(
        type_operand,
        operand("name"),
        operand("resourcegroupname"),
        operand("existencescope"),
        condition,
        _others(value, keys, reader, pointer, known),
        _deployment_parameters(value, keys, reader, pointer),
    )


def _deployment_parameters(
    value: Mapping[str, Json], keys: Mapping[str, str], reader: RuleReader, pointer: str
) -> Operand | None:
    """`deployment.properties.parameters`: the only part of the deployment that is policy language, beside its
    location. The template is not read."""
    place: Json = dict(value)
    for name in ("deployment", "properties", "parameters"):
        if not isinstance(place, dict):
            return None
        key = next((key for key in place if fold(key) == name), None)
        if key is None:
            return None
        place, pointer = place[key], child(pointer, key)
    return read_operand(place, reader, pointer)


def _others(
    value: Mapping[str, Json], keys: Mapping[str, str], reader: RuleReader, pointer: str, known: set[str]
) -> ObjectOf | Constant:
    members = tuple(
        (key, read_operand(value[key], reader, child(pointer, key)))
        for folded, key in keys.items()
        if folded not in known
    )
    return ObjectOf(members)
