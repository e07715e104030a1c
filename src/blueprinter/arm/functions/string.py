"""String functions (Microsoft Learn, "String functions for ARM templates")."""

from __future__ import annotations

import base64
import binascii
import re

from blueprinter.arm.composite import format_text
from blueprinter.arm.display import json_text, shown
from blueprinter.arm.functions.array import fold_by_char
from blueprinter.arm.hashing import guid, unique_string
from blueprinter.arm.lenient_json import read_json
from blueprinter.arm.limits import MAX_PAIRS, MAX_TEXT, bounded, bounded_pairs
from blueprinter.arm.model import ExpressionError, TemplateContext, Value
from blueprinter.arm.nulls import null_gives, null_is_empty, taking_null
from blueprinter.arm.rows import (
    TEMPLATE,
    Category,
    FunctionRow,
    contextual,
    kind_of,
    pure,
    takes,
)
from blueprinter.arm.syntax import reduced_call
from blueprinter.arm.uris import build_uri, combine, data_uri, data_uri_text, escape, parse_uri, unescape

# What .NET takes for white space; Python adds the separators U+001C to U+001F.
_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


_MAX_WIDTH = 16
"""The greatest length of `padLeft` in a policy."""


def _base64(text: str) -> Value:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")


def _base64_to_string(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as found:
        raise ExpressionError(f"`{text[:60]}` is no base64") from found


def _base64_to_json(text: str) -> Value:
    return read_json(_base64_to_string(text))


def _ends_with(text: str, end: str) -> Value:
    return fold_by_char(text).endswith(fold_by_char(end))


def _starts_with(text: str, start: str) -> Value:
    return fold_by_char(text).startswith(fold_by_char(start))


def _format(template: str, *arguments: Value) -> Value:
    return format_text(template, arguments)


def _guid(*parts: str) -> Value:
    return guid(parts)


def _join(members: list[Value], delimiter: str) -> Value:
    if len(delimiter) * len(members) > MAX_TEXT:
        raise ExpressionError(f"the text is longer than {MAX_TEXT:,} characters")
    return bounded(delimiter.join(map(shown, members)))


def _like(text: str, pattern: str) -> Value:
    """`*` stands for any text, `?` for one character; case does not matter."""
    wanted, given = fold_by_char(pattern), fold_by_char(text)
    bounded_pairs(len(wanted), len(given))
    places = {0}
    for char in wanted:
        if char == "*":
            places = set(range(min(places), len(given) + 1)) if places else places
        else:
            places = {place + 1 for place in places if place < len(given) and char in ("?", given[place])}
    return len(given) in places


def _new_guid(context: TemplateContext) -> Value:
    if not context.in_default_value:
        raise ExpressionError("`newGuid` is legal only in the default value of a parameter")
    made = context.new_guid()
    return reduced_call("newGuid", ()) if made is None else made


def _pad_left(value: str | int, length: int, character: str = " ") -> Value:
    if len(character) != 1:
        raise ExpressionError(f"the padding is one character, not `{character}`")
    if not 0 <= length <= MAX_TEXT:
        raise ExpressionError(f"the length `{length}` is not in 0 to {MAX_TEXT:,}")
    return shown(value).rjust(length, character)


def _policy_pad_left(value: str | int | None, length: int, character: str | None = None) -> Value:
    if not 1 <= length <= _MAX_WIDTH:
        raise ExpressionError(f"in a policy the length is 1 to {_MAX_WIDTH}, not `{length}`")
    return _pad_left("" if value is None else value, length, " " if character is None else character)


def _policy_replace(text: str | None, old: str | None, new: str | None) -> Value:
    """In policies letter case does not matter."""
    wanted = fold_by_char(old or "")
    if not wanted:
        raise ExpressionError("`replace` needs a text to look for")
    if text is None:
        return None
    folded, kept, place = fold_by_char(text), [], 0
    while (found := folded.find(wanted, place)) >= 0:
        kept.append(text[place:found])
        place = found + len(wanted)
    if len(kept) * len(new or "") > MAX_TEXT:
        raise ExpressionError(f"the text is longer than {MAX_TEXT:,} characters")
    return bounded((new or "").join([*kept, text[place:]]))


def _replace(text: str, old: str, new: str) -> Value:
    if not old:
        raise ExpressionError("`replace` needs a text to look for")
    if len(new) > len(old) and text.count(old) * (len(new) - len(old)) > MAX_TEXT:
        raise ExpressionError(f"the text is longer than {MAX_TEXT:,} characters")
    return bounded(text.replace(old, new))


def _split(text: str, delimiter: str | list[Value]) -> Value:
    if isinstance(delimiter, str) and delimiter and len(text) <= MAX_PAIRS:
        return [*text.split(delimiter)]
    wanted = [delimiter] if isinstance(delimiter, str) else delimiter
    delimiters: list[str] = []
    for one in wanted:
        if not isinstance(one, str):
            raise ExpressionError(f"`split` takes delimiters that are strings, found {kind_of(one)}")
        if one:
            delimiters.append(one)
    bounded_pairs(len(text), len(delimiters))
    if not delimiters:
        return [text]
    return [*re.split("|".join(map(re.escape, delimiters)), text)]


def _policy_split(text: str | None, delimiter: str | list[Value] | None) -> Value:
    if text is None:
        return []
    return [text] if delimiter is None else _split(text, delimiter)


def _string(value: Value) -> Value:
    if isinstance(value, (list, dict)):
        return json_text(value)
    return shown(value)


def _substring(text: str, start: int, length: int | None = None) -> Value:
    count = len(text) - start if length is None else length
    if start < 0 or count < 0 or start + count > len(text):
        raise ExpressionError(
            "the index and length parameters must refer to a location within the string: "
            f"index `{start}`, length `{count}`, length of the string `{len(text)}`"
        )
    return text[start : start + count]


def _to_lower(text: str) -> Value:
    if text.isascii():
        return text.lower()
    return "".join(lower if len(lower := char.lower()) == 1 else char for char in text)


def _to_upper(text: str) -> Value:
    if text.isascii():
        return text.upper()
    return "".join(upper if len(upper := char.upper()) == 1 else char for char in text)


def _trim(text: str) -> Value:
    return text.strip(_SPACE)


def _unique_string(*parts: str) -> Value:
    return unique_string(parts)


ROWS = (
    FunctionRow(
        "base64",
        Category.STRING,
        takes("inputString: string"),
        "the text in base64",
        taking_null(_base64, null_is_empty(_base64), "inputString"),
    ),
    FunctionRow(
        "base64ToJson",
        Category.STRING,
        takes("base64Value: string"),
        "the JSON value that stands in base64",
        pure(_base64_to_json),
    ),
    FunctionRow(
        "base64ToString",
        Category.STRING,
        takes("base64Value: string"),
        "the text that stands in base64",
        pure(_base64_to_string),
    ),
    FunctionRow(
        "buildUri", Category.STRING, takes("components: object"), "the URI of its components", pure(build_uri)
    ),
    FunctionRow(
        "dataUri",
        Category.STRING,
        takes("stringToConvert: string|int|bool"),
        "the text as a data URI",
        pure(data_uri),
    ),
    FunctionRow(
        "dataUriToString",
        Category.STRING,
        takes("dataUriToConvert: string"),
        "the text of a data URI",
        pure(data_uri_text),
    ),
    FunctionRow(
        "endsWith",
        Category.STRING,
        takes("stringToSearch: string", "stringToFind: string"),
        "whether a text ends so, without regard to case",
        taking_null(_ends_with, null_is_empty(_ends_with), "stringToSearch"),
    ),
    FunctionRow(
        "format",
        Category.STRING,
        takes("formatString: string", "arguments?...: any"),
        "a text with values in the places `{0}`, `{1}` …, formatted as .NET does",
        pure(_format),
    ),
    FunctionRow(
        "guid",
        Category.STRING,
        takes("baseString...: string"),
        "a GUID made of the texts: the same texts give the same",
        pure(_guid),
    ),
    FunctionRow(
        "join",
        Category.STRING,
        takes("inputArray: array", "delimiter: string"),
        "the elements as one text",
        pure(_join),
    ),
    FunctionRow(
        "like",
        Category.STRING,
        takes("text: string", "pattern: string"),
        "whether a text matches a pattern with `*` and `?`",
        pure(_like),
    ),
    FunctionRow(
        "newGuid",
        Category.STRING,
        (),
        "a new GUID; only in the default value of a parameter",
        contextual(_new_guid, TEMPLATE),
    ),
    FunctionRow(
        "padLeft",
        Category.STRING,
        takes("valueToPad: string|int", "totalLength: int", "paddingCharacter?: string"),
        "the text, filled on its left to a length",
        taking_null(_pad_left, _policy_pad_left, "valueToPad", "paddingCharacter"),
    ),
    FunctionRow(
        "parseUri", Category.STRING, takes("baseUrl: string"), "the components of a URI", pure(parse_uri)
    ),
    FunctionRow(
        "replace",
        Category.STRING,
        takes("originalString: string", "oldString: string", "newString: string"),
        "the text with one text instead of another",
        taking_null(_replace, _policy_replace, "originalString", "oldString", "newString"),
    ),
    FunctionRow(
        "split",
        Category.STRING,
        takes("inputString: string", "delimiter: string|array"),
        "the parts between delimiters",
        taking_null(_split, _policy_split, "inputString", "delimiter"),
    ),
    FunctionRow(
        "startsWith",
        Category.STRING,
        takes("stringToSearch: string", "stringToFind: string"),
        "whether a text starts so, without regard to case",
        taking_null(_starts_with, null_is_empty(_starts_with), "stringToSearch"),
    ),
    FunctionRow(
        "string",
        Category.STRING,
        takes("valueToConvert: any"),
        "the value as text, containers as JSON",
        taking_null(_string, null_gives("", _string)),
    ),
    FunctionRow(
        "substring",
        Category.STRING,
        takes("stringToParse: string", "startIndex: int", "length?: int"),
        "a part of the text",
        taking_null(_substring, null_is_empty(_substring), "stringToParse"),
    ),
    FunctionRow(
        "toLower",
        Category.STRING,
        takes("stringToChange: string"),
        "the text in lower case",
        taking_null(_to_lower, null_is_empty(_to_lower), "stringToChange"),
    ),
    FunctionRow(
        "toUpper",
        Category.STRING,
        takes("stringToChange: string"),
        "the text in upper case",
        taking_null(_to_upper, null_is_empty(_to_upper), "stringToChange"),
    ),
    FunctionRow(
        "trim",
        Category.STRING,
        takes("stringToTrim: string"),
        "the text without white space around it",
        taking_null(_trim, null_is_empty(_trim), "stringToTrim"),
    ),
    FunctionRow(
        "uniqueString",
        Category.STRING,
        takes("baseString...: string"),
        "13 letters and digits made of the texts: the same texts give the same",
        pure(_unique_string),
    ),
    FunctionRow(
        "uri",
        Category.STRING,
        takes("baseUri: string", "relativeUri: string"),
        "a URI relative to another, resolved",
        pure(combine),
    ),
    FunctionRow(
        "uriComponent",
        Category.STRING,
        takes("stringToEncode: string"),
        "the text escaped for a URI",
        pure(escape),
    ),
    FunctionRow(
        "uriComponentToString",
        Category.STRING,
        takes("uriEncodedString: string"),
        "the text without the escapes of URIs",
        pure(unescape),
    ),
)
