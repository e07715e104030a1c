"""What is an expression, how it parses, and how faults are placed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprinter.arm import (
    Call,
    ExpressionSyntaxError,
    Language,
    Literal,
    Node,
    Property,
    check_expression,
    is_expression,
    literal,
    node_text,
    parse_expression,
    unescape,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[x()]", True),
        ("['a']", True),
        ("[]", True),
        ("[[x()]", False),
        ("[x()", False),
        (" [x()]", False),
        ("[x()]\n", False),
        ("", False),
        ("[", False),
        ("text", False),
    ],
)
def test_is_expression(text: str, expected: bool) -> None:
    assert is_expression(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("[[x]", "[x]"), ("[[[x]", "[[x]"), ("[[x", "[[x"), ("[x", "[x"), ("x", "x"), ("[[]", "[]")],
)
def test_unescape(text: str, expected: str) -> None:
    assert unescape(text) == expected


def test_nodes_carry_offsets_of_the_whole_text() -> None:
    node = parse_expression("[ concat( 'it''s', -7 ).a[ns.fn()] ]")
    assert node == Property(
        Property(
            Call("concat", (Literal("it's", 10), Literal(-7, 19)), 2),
            Literal("a", 24),
            offset=23,
            dotted=True,
        ),
        Call("ns.fn", (), 26),
        offset=25,
        dotted=False,
    )


@pytest.mark.parametrize(
    "text",
    [
        "[parameters\n (\t'x' )\r\n.y [ 0 ] . z]",
        "[__bicep._fn1(1)]",
        "[a.b.c()]",
        "['subnet1']",
        "[-12]",
        "[f(g(h()))]",
        "[parameters('größe').Straße]",
    ],
)
def test_serialised_text_parses_to_the_same_text(text: str) -> None:
    once = node_text(parse_expression(text))
    assert node_text(parse_expression(f"[{once}]")) == once


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("concat('a')", "starts with `[`", 0),
        ("[]", "expected a value, found the end of the expression", 1),
        ("[concat('a']", "expected `,` or `)`, found the end of the expression", 11),
        ("[concat('a',)]", "expected a value, found `)`", 12),
        ("[concat(,'a')]", "expected a value, found `,`", 8),
        ("[concat('a' 'b')]", "expected `,` or `)`, found the string `'b'`", 12),
        ("[concat('a')) ]", "unexpected `)` after the end", 12),
        ("[concat('a]", "the string is never closed", 8),
        ("[true]", "`true` is no function call: write `true()`", 1),
        ("[hello]", "text stands in single quotes, `'hello'`", 1),
        ("[parameters('x').]", "expected a property name after `.`, found the end", 17),
        ("[parameters('x').'y']", "expected a property name after `.`", 17),
        ("[parameters('x')[]]", "expected a value, found `]`", 17),
        ("[parameters('x')[0]", "expected `]`", 18),
        ("['a'.length]", "a string has no properties", 4),
        ("[5[0]]", "a number has no properties", 2),
        ("[add(1.5, 2)]", "is no integer", 5),
        ("[add(1e5, 2)]", "is no integer", 5),
        ("[add(1 + 2)]", "unexpected character `+`", 7),
        ("[createObject({})]", "objects are not written in braces", 14),
        ("[add(99999999999999999999, 1)]", "does not fit into 64 bits", 5),
        ("[add(-9223372036854775809, 1)]", "does not fit into 64 bits", 5),
        ("[concat('a') concat('b')]", "unexpected `concat` after the end", 13),
        ("[#]", "unexpected character `#`", 1),
    ],
)
def test_fault_and_its_place(text: str, message: str, offset: int) -> None:
    with pytest.raises(ExpressionSyntaxError) as found:
        parse_expression(text)
    assert message in found.value.message
    assert found.value.offset == offset


@pytest.mark.parametrize(
    "text",
    [
        "[" + "f(" * 5000 + ")" * 5000 + "]",
        "[f()" + ".x" * 5000 + "]",
        "[f()" + "[g()" * 5000 + "]" * 5000 + "]",
        "[" + "f(" * 150 + "g()" + ".x" * 100 + ")" * 150 + "]",
    ],
)
def test_depth_is_limited(text: str) -> None:
    with pytest.raises(ExpressionSyntaxError, match="nested more than 200 levels"):
        parse_expression(text)


def test_the_greatest_depth_parses_and_checks() -> None:
    node = parse_expression("[" + "not(" * 199 + "true()" + ")" * 199 + "]")
    check_expression(node, Language.TEMPLATE)
    assert node_text(node).count("not(") == 199


@pytest.mark.parametrize(
    ("text", "language", "message", "offset"),
    [
        ("[concat(lenght('x'))]", Language.TEMPLATE, "unknown function `lenght`, did you mean `length`?", 8),
        ("[a.b()]", Language.TEMPLATE, "declares no function `a.b`", 1),
        ("[a.b()]", Language.POLICY, "unknown function `a.b`", 1),
        ('[concat("a")]', Language.TEMPLATE, "strings stand in single quotes", 8),
        ('[concat("a")]', Language.POLICY, "strings stand in single quotes", 8),
        ("[if(true(), 1, reference('x'))]", Language.POLICY, "not available in policy rules", 15),
        ("[substring('x')]", Language.TEMPLATE, "takes 2 to 3 arguments, 1 given", 1),
        ("[createArray(1)[length()]]", Language.TEMPLATE, "takes 1 argument, 0 given", 16),
    ],
)
def test_check(text: str, language: Language, message: str, offset: int) -> None:
    with pytest.raises(ExpressionSyntaxError) as found:
        check_expression(parse_expression(text), language)
    assert message in found.value.message
    assert found.value.offset == offset


def test_declared_functions_pass_the_check() -> None:
    check_expression(parse_expression("[Ns.Fn(1)]"), Language.TEMPLATE, user_functions=["ns.fn"])
    check_expression(parse_expression("[listAnything('x')]"), Language.TEMPLATE)


def test_lambdas_are_checked_inside() -> None:
    with pytest.raises(ExpressionSyntaxError, match="unknown function `nope`"):
        check_expression(parse_expression("[map(createArray(), lambda('x', nope()))]"), Language.TEMPLATE)


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)


def calls(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    arguments = st.lists(children, max_size=3).map(tuple)
    call = st.builds(lambda name, given: Call(name, given), NAMES, arguments)
    dotted = st.builds(lambda base, name: Property(base, Literal(name)), call, NAMES)
    indexed = st.builds(lambda base, name: Property(base, name, dotted=False), call, children)
    return st.one_of(call, dotted, indexed)


LITERALS: st.SearchStrategy[Node] = st.one_of(
    st.text(max_size=12).map(Literal), st.integers(-(2**63), 2**63 - 1).map(Literal)
)
NODES = st.recursive(LITERALS, calls, max_leaves=12)


def without_offsets(node: Node) -> Node:
    if isinstance(node, Literal):
        return Literal(node.value)
    if isinstance(node, Call):
        return Call(node.name, tuple(map(without_offsets, node.arguments)))
    return Property(without_offsets(node.base), without_offsets(node.name), dotted=node.dotted)


@given(NODES)
def test_any_node_survives_its_text(node: Node) -> None:
    assert without_offsets(parse_expression(f"[{node_text(node)}]")) == node


@given(st.text(max_size=40))
def test_any_text_parses_or_is_refused(text: str) -> None:
    fault: ExpressionSyntaxError | None = None
    try:
        node = parse_expression(f"[{text}]")
    except ExpressionSyntaxError as found:
        fault = found
    if fault is not None:
        assert 0 <= fault.offset <= len(text) + 2
    else:
        assert without_offsets(parse_expression(f"[{node_text(node)}]")) == without_offsets(node)


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=6), st.sampled_from(["[x]", "[[x]", "[x"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "[k]"]), inner)
    ),
    max_leaves=8,
)


def read_back(value: object) -> object:
    if isinstance(value, str):
        assert not is_expression(value)
        return unescape(value)
    if isinstance(value, list):
        return [read_back(member) for member in value]
    if isinstance(value, dict):
        return {read_back(key): read_back(member) for key, member in value.items()}
    return value


@given(JSON)
def test_a_literal_means_itself(value: object) -> None:
    assert read_back(literal(value)) == value  # type: ignore[arg-type]  # hypothesis gives JSON
