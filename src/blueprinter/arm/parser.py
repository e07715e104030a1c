"""From the text of an expression to its nodes.

expression = "[" value "]"
value      = string | integer | call { "." name | "[" value "]" }
call       = name { "." name } "(" [ value { "," value } ] ")"
"""

from __future__ import annotations

from blueprinter.arm.lexer import Token, TokenKind, tokens
from blueprinter.arm.model import ExpressionSyntaxError
from blueprinter.arm.syntax import Call, Literal, Node, Property, is_expression

MAX_DEPTH = 200
"""How deep calls and property accesses may stand in each other; Azure's own limits are lower."""

_INT64 = range(-(2**63), 2**63)
_KEYWORDS = ("true", "false", "null")


def parse_expression(text: str) -> Node:
    """The nodes of an expression, which is given with its brackets.

    Raises `ExpressionSyntaxError`; its offset counts in `text`.
    """
    if not is_expression(text):
        raise ExpressionSyntaxError("an expression starts with `[` and ends with `]`", 0)
    parser = _Parser(tokens(text, 1, len(text) - 1))
    node, _ = parser.value(1)
    rest = parser.current
    if rest.kind is not TokenKind.END:
        raise ExpressionSyntaxError(
            f"unexpected {_describe(rest)} after the end of the expression", rest.offset
        )
    return node


class _Parser:
    """Recursive descent; each method gives a node and its height, so that no later walk runs too deep."""

    __slots__ = ("_place", "_tokens", "current")

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._place = 0
        self.current = found[0]

    def value(self, depth: int) -> tuple[Node, int]:
        token = self.current
        if token.kind is TokenKind.STRING:
            self._advance()
            self._refuse_postfix("a string")
            return Literal(token.text, token.offset, token.quote), 1
        if token.kind is TokenKind.INTEGER:
            self._advance()
            self._refuse_postfix("a number")
            return Literal(self._integer(token), token.offset), 1
        if token.kind is not TokenKind.NAME:
            raise ExpressionSyntaxError(f"expected a value, found {_describe(token)}", token.offset)
        if depth > MAX_DEPTH:
            raise ExpressionSyntaxError(_too_deep(), token.offset)
        name = self._function_name()
        self._advance()
        arguments: list[Node] = []
        height = 0
        while not self._skip(")"):
            if arguments:
                self._expect(",", "`,` or `)`")
            argument, argument_height = self.value(depth + 1)
            arguments.append(argument)
            height = max(height, argument_height)
        return self._postfix(Call(name, tuple(arguments), token.offset), height + 1, depth)

    def _postfix(self, node: Node, height: int, depth: int) -> tuple[Node, int]:
        while True:
            token = self.current
            if height > MAX_DEPTH:
                raise ExpressionSyntaxError(_too_deep(), token.offset)
            if self._skip("."):
                name = self.current
                if name.kind is not TokenKind.NAME:
                    raise ExpressionSyntaxError(
                        f"expected a property name after `.`, found {_describe(name)}", name.offset
                    )
                self._advance()
                node = Property(node, Literal(name.text, name.offset), token.offset)
                height += 1
            elif self._skip("["):
                index, index_height = self.value(depth + 1)
                self._expect("]", "`]`")
                node = Property(node, index, token.offset, dotted=False)
                height = max(height, index_height) + 1
            else:
                return node, height

    def _function_name(self) -> str:
        first = self.current
        parts = [first.text]
        self._advance()
        while self._is("."):
            self._advance()
            part = self.current
            if part.kind is not TokenKind.NAME:
                raise ExpressionSyntaxError(
                    f"expected a function name after `.`, found {_describe(part)}", part.offset
                )
            parts.append(part.text)
            self._advance()
        name = ".".join(parts)
        if not self._is("("):
            hint = ""
            if name.casefold() in _KEYWORDS:
                hint = f": write `{name.lower()}()`"
            elif self.current.kind is TokenKind.END:
                hint = f": text stands in single quotes, `'{name}'`"
            raise ExpressionSyntaxError(f"`{name}` is no function call{hint}", first.offset)
        return name

    def _integer(self, token: Token) -> int:
        # the length is tested first: converting thousands of digits is refused by Python itself
        if len(token.text) > 20 or int(token.text) not in _INT64:
            raise ExpressionSyntaxError(f"`{token.text[:40]}` does not fit into 64 bits", token.offset)
        return int(token.text)

    def _refuse_postfix(self, what: str) -> None:
        if self._is(".") or self._is("["):
            raise ExpressionSyntaxError(f"{what} has no properties or elements", self.current.offset)

    def _is(self, symbol: str) -> bool:
        return self.current.kind is TokenKind.SYMBOL and self.current.text == symbol

    def _skip(self, symbol: str) -> bool:
        if self._is(symbol):
            self._advance()
            return True
        return False

    def _expect(self, symbol: str, wanted: str) -> None:
        if not self._skip(symbol):
            raise ExpressionSyntaxError(
                f"expected {wanted}, found {_describe(self.current)}", self.current.offset
            )

    def _advance(self) -> None:
        self._place += 1
        if self._place < len(self._tokens):
            self.current = self._tokens[self._place]


def _describe(token: Token) -> str:
    if token.kind is TokenKind.END:
        return "the end of the expression"
    if token.kind is TokenKind.STRING:
        return f"the string `'{token.text}'`"
    return f"`{token.text}`"


def _too_deep() -> str:
    return f"the expression is nested more than {MAX_DEPTH} levels deep"
