"""Scalar expressions of the query language: operators, functions, null values."""

from __future__ import annotations

from typing import Any

import pytest

from blueprinter.sandbox.kql import QueryFault
from unit.sandbox.kql_estate import ask, value

CASES: list[tuple[str, Any]] = [
    # comparison of texts: == heeds case, =~ does not
    ("name == 'alpha'", True),
    ("name == 'ALPHA'", False),
    ("name =~ 'ALPHA'", True),
    ("name !~ 'ALPHA'", False),
    ("name in ('x', 'alpha')", True),
    ("name in ('ALPHA')", False),
    ("name in~ ('x', 'ALPHA')", True),
    ("name !in ('x', 'alpha')", False),
    ("name !in~ ('ALPHA')", False),
    # terms and parts
    ("type has 'storage'", True),
    ("type has 'storag'", False),
    ("type contains 'STORAG'", True),
    ("type contains_cs 'STORAG'", False),
    ("type !contains 'compute'", True),
    ("type startswith 'Microsoft.'", True),
    ("type startswith_cs 'Microsoft.'", False),
    ("type endswith 'ACCOUNTS'", True),
    ("type !endswith_cs 'ACCOUNTS'", True),
    ("type has_cs 'Storage'", False),
    ("type !has 'compute'", True),
    ("type hasprefix 'stor'", True),
    ("type has_any ('compute', 'storage')", True),
    ("type has_all ('compute', 'storage')", False),
    ("name matches regex '^al.*a$'", True),
    ("name matches regex '^l'", False),
    # logic and precedence: and binds tighter than or
    ("true or false and false", True),
    ("(true or false) and false", False),
    ("not(name == 'alpha')", False),
    # numbers: whole numbers divide to whole numbers, towards zero
    ("5 / 2", 2),
    ("-5 / 2", -2),
    ("5.0 / 2", 2.5),
    ("1 + 2 * 3 - 4 % 3", 6),
    ("1 / 0", None),
    ("size between (3 .. 5)", True),
    ("size !between (3 .. 5)", False),
    ("0x10", 16),
    # members: the exact spelling goes first, then any
    ("properties.encryption.keysource", "Microsoft.Storage"),
    ("properties['Encryption']['keySource']", "Microsoft.Storage"),
    ("properties.['odata.type']", "x"),
    ("properties.rules[0].port", 22),
    ("properties.rules[-1].port", 443),
    ("properties.rules[2].port", None),
    ("properties.nothing.at.all", None),
    ("tags['env']", "prod"),
    ("['name']", "alpha"),
    # a dynamic value is compared as what it is compared with
    ("properties.flag == true", True),
    ("properties.text == true", True),
    ("properties.count == 7", True),
    ("properties.count + 1", 8),
    ("properties.rules contains '443'", True),
    ("'prod' in (tags.env)", True),
    ("22 in (pack_array(22, 443))", True),
    # null: two nulls give null, one is unequal
    ("properties.nothing == 'x'", False),
    ("properties.nothing != 'x'", True),
    ("properties.nothing == 5", False),
    ("properties.nothing != 5", True),
    ("properties.nothing > 5", None),
    ("int(null) == int(null)", None),
    ("isnull(properties.nothing)", True),
    ("isnotnull(properties.nothing)", False),
    ("isnull(location)", False),
    ("isempty(properties.nothing)", True),
    ("isempty('')", True),
    ("isnotempty(name)", True),
    ("coalesce(properties.nothing, tags.env)", "prod"),
    ("coalesce('', 'b')", "b"),
    ("tostring(properties.nothing)", ""),
    ("tolower(properties.nothing)", ""),
    ("int(null) > 1 and false", False),
    ("int(null) > 1 or true", True),
    ("int(null) > 1 and true", None),
    # conversions
    ("tostring(properties.rules)", '[{"port":22},{"port":443}]'),
    ("tostring(true)", "true"),
    ("toint('12')", 12),
    ("toint('1.9')", 1),
    ("tolong('twelve')", None),
    ("todouble('1.5')", 1.5),
    ("tobool('True')", True),
    ("tobool(0)", False),
    ("todatetime('2026-11-20')", "2026-11-20T00:00:00.0000000Z"),
    ("todatetime('2026-11-20T06:00:00+01:00')", "2026-11-20T05:00:00.0000000Z"),
    ("todatetime('soon')", None),
    ("parse_json('{\"a\": [1, 2]}').a[1]", 2),
    ("todynamic('plain')", "plain"),
    # time
    ("now()", "2026-11-20T06:00:00.0000000Z"),
    ("ago(1d)", "2026-11-19T06:00:00.0000000Z"),
    ("now() - made", "18:00:00"),
    ("made < ago(12h)", True),
    ("datetime(2026-11-20 01:02:03.5)", "2026-11-20T01:02:03.5000000Z"),
    ("made + 36h > now()", True),
    ("made between (datetime(2026-11-19) .. 1d)", True),
    ("timespan(1.02:03:04)", "1.02:03:04"),
    ("1.5h / 30m", 3.0),
    ("datetime_diff('day', now(), made)", 1),
    ("datetime_diff('hour', datetime(2026-11-20 01:00), datetime(2026-11-20 00:59))", 1),
    ("datetime_diff('month', datetime(2027-01-01), datetime(2026-11-30))", 2),
    ("format_datetime(made, 'yyyy-MM-dd HH:mm')", "2026-11-19 12:00"),
    ("bin(made, 1d)", "2026-11-19T00:00:00.0000000Z"),
    ("bin(7, 5)", 5),
    # choices
    ("iff(size > 2, 'big', 'small')", "big"),
    ("iif(properties.nothing > 2, 'big', 'small')", "small"),
    ("case(size == 1, 'one', size == 3, 'three', 'many')", "three"),
    # texts
    ("strcat('a', 1, '-', true)", "a1-true"),
    ("split('a/b/c', '/')[1]", "b"),
    ("split('a/b/c', '/', 2)", ["c"]),
    ("substring('abcdef', 1, 3)", "bcd"),
    ("substring('abcdef', 4)", "ef"),
    ("strlen('abc')", 3),
    ("indexof('abc', 'c')", 2),
    ("replace_string('a-b-c', '-', '+')", "a+b+c"),
    ("extract('x=([0-9]+)', 1, 'hello x=45')", "45"),
    ("extract('x=([0-9]+)', 1, 'hello')", ""),
    ("toupper(name)", "ALPHA"),
    # bags and arrays
    ("array_length(properties.rules)", 2),
    ("array_length(properties.flag)", None),
    ("bag_keys(tags)", ["env", "owner"]),
    ("pack('a', 1, 'b', name)", {"a": 1, "b": "alpha"}),
    ("bag_pack('a', tags.env).a", "prod"),
    ("pack_array(1, 'two')", [1, "two"]),
    ("dynamic({'a': [1, null]}).a[0]", 1),
    ("dynamic([])", []),
    # literals
    ("'it\\'s'", "it's"),
    ("@'c:\\x'", "c:\\x"),
    ('"double"', "double"),
    ("1.5e3", 1500.0),
]


@pytest.mark.parametrize(("expression", "expected"), CASES, ids=[case[0] for case in CASES])
def test_value(expression: str, expected: Any) -> None:
    found = value(expression)
    assert found == expected
    assert type(found) is type(expected)


FAULTS: list[tuple[str, str]] = [
    ("cout()", "UnknownFunction"),
    ("ToLower(name)", "UnknownFunction"),
    ("Name", "SemanticError"),
    ("strlen(name, 1)", "InvalidFunctionArguments"),
    ("name == 5", "SemanticError"),
    ("properties.a == properties.b", "SemanticError"),
    ("name + 'x'", "SemanticError"),
    ("name.x", "SemanticError"),
    ("name matches regex '(a+)+b'", "SemanticError"),
    ("name matches regex '(a)\\\\1'", "SemanticError"),
    ("name matches regex tags.env", "SemanticError"),
    ("name and true", "SemanticError"),
    ("5 contains '5'", "SemanticError"),
]


@pytest.mark.parametrize(("expression", "code"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_fault(expression: str, code: str) -> None:
    with pytest.raises(QueryFault) as caught:
        value(expression)
    assert caught.value.code == code


def test_predicate_that_is_null_drops_the_row() -> None:
    assert ask("where weight > 1 | project name") == [{"name": "alpha"}, {"name": "Gamma"}]
    assert ask("where not(weight > 1) | project name") == []


def test_unknown_function_is_told_as_the_service_tells_it() -> None:
    with pytest.raises(QueryFault) as caught:
        value("cout()")
    assert caught.value.detail() == {"code": "UnknownFunction", "message": "Unknown function: 'cout'."}
