"""Bodies that are not quite JSON, as clients send them and Azure takes them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from blueprinter.sandbox.loose_json import loads

CASES: list[tuple[str, Any]] = [
    ('{"a": [1, 2.5, true, null]}', {"a": [1, 2.5, True, None]}),
    ('{"p": {"mode": "Incremental", template:{"a": "b: c, // d"}}}',
     {"p": {"mode": "Incremental", "template": {"a": "b: c, // d"}}}),
    ('{ /* one\n two */ "a": 1, // last\n}', {"a": 1}),
    ("{'a': 'say \"x\"\\n'}", {"a": 'say "x"\n'}),
    ("{'a': 'it\\'s', b-c: [1, 2,],}", {"a": "it's", "b-c": [1, 2]}),
    ('{"a": "two\nlines\tand \\"quotes\\""}', {"a": 'two\nlines\tand "quotes"'}),
    ('\ufeff{"a": 1}', {"a": 1}),
    ('{"url": "https://a/b", "expression": "[concat(\'a\', \'b\')]"}',
     {"url": "https://a/b", "expression": "[concat('a', 'b')]"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), CASES, ids=[case[0][:30] for case in CASES])
def test_read(text: str, value: Any) -> None:
    assert loads(text.encode()) == value


@pytest.mark.parametrize("text", ["", "{", '{"a" 1}', "{a: b}", '{"a": 1} x', "\x00"])
def test_refused(text: str) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        loads(text.encode())


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        loads(b'{"a": "\xff"}')
