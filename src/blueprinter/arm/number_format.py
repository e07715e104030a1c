"""Numbers in .NET's standard and custom format strings, in the invariant culture.

Source: .NET documentation, "Standard numeric format strings" and "Custom numeric format strings".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal

from msgspec import Struct, field

from blueprinter.arm.display import number_text
from blueprinter.arm.model import ExpressionError

_STANDARD = re.compile(r"([A-Za-z])(\d{0,3})")
_EXACT = Context(prec=2500, rounding=ROUND_HALF_UP)
_TOKEN = re.compile(
    r"""(?P<literal>'[^']*'?|"[^"]*"?)
    | \\(?P<escaped>.?)
    | (?P<exponent>[eE][+-]?0+)
    | (?P<symbol>[0\#.,%‰])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def format_number(value: int | float, form: str) -> str:
    """A number in a .NET format string. Raises `ExpressionError` for a format that does not exist."""
    if isinstance(value, float) and value - value != 0:
        return number_text(value)
    standard = _STANDARD.fullmatch(form)
    if standard is None:
        return _custom(value, form)
    write = _LETTERS.get(standard[1].upper())
    if write is None:
        raise ExpressionError(f"`{form}` is no format of numbers")
    return write(value, int(standard[2]) if standard[2] else None, standard[1])


def _exact(value: int | float) -> Decimal:
    """Every digit. Whatever is done with it is done in `_EXACT`: `abs` and operators would round to 28 digits."""
    return Decimal(value)


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), context=_EXACT)


def _fixed(value: Decimal, places: int, separator: str = "") -> str:
    """Without sign."""
    return format(_rounded(value, places).copy_abs(), f"{separator}f")


def _sign(value: Decimal, places: int) -> str:
    return "-" if _rounded(value, places) < 0 else ""


def _currency(value: int | float, precision: int | None, letter: str) -> str:
    places, number = 2 if precision is None else precision, _exact(value)
    text = f"¤{_fixed(number, places, ',')}"
    return f"({text})" if _sign(number, places) else text


def _decimal(value: int | float, precision: int | None, letter: str) -> str:
    if isinstance(value, float):
        raise ExpressionError("the format `D` takes integers only")
    return f"{'-' if value < 0 else ''}{str(abs(value)).zfill(precision or 0)}"


def _scientific(value: int | float, precision: int | None, letter: str) -> str:
    return _with_exponent(_exact(value), 6 if precision is None else precision, letter, 3)


def _with_exponent(number: Decimal, places: int, letter: str, width: int) -> str:
    mantissa, exponent = _mantissa(number, places)
    return f"{'-' if number < 0 else ''}{mantissa}{letter}{'-' if exponent < 0 else '+'}{abs(exponent):0{width}d}"


def _mantissa(number: Decimal, places: int) -> tuple[str, int]:
    """One digit, a point and `places` digits; and the power of ten. Without sign."""
    if not number:
        return _fixed(number, places), 0
    exponent = number.adjusted()
    rounded = _rounded(number.copy_abs().scaleb(-exponent, _EXACT), places)
    if rounded >= 10:
        exponent += 1
        rounded = _rounded(number.copy_abs().scaleb(-exponent, _EXACT), places)
    return format(rounded, "f"), exponent


def _fixed_point(value: int | float, precision: int | None, letter: str) -> str:
    places, number = 2 if precision is None else precision, _exact(value)
    return _sign(number, places) + _fixed(number, places)


def _general(value: int | float, precision: int | None, letter: str) -> str:
    if not precision:
        return number_text(value)
    number = _exact(value)
    mantissa, exponent = _mantissa(number, precision - 1)
    if -5 < exponent < precision:
        text = _fixed(number, max(precision - 1 - exponent, 0))
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return f"{'-' if number < 0 else ''}{text}"
    digits = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    mark = "E" if letter == "G" else "e"
    return f"{'-' if number < 0 else ''}{digits}{mark}{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _grouped(value: int | float, precision: int | None, letter: str) -> str:
    places, number = 2 if precision is None else precision, _exact(value)
    return _sign(number, places) + _fixed(number, places, ",")


def _percent(value: int | float, precision: int | None, letter: str) -> str:
    places, number = 2 if precision is None else precision, _EXACT.multiply(_exact(value), Decimal(100))
    return f"{_sign(number, places)}{_fixed(number, places, ',')} %"


def _round_trip(value: int | float, precision: int | None, letter: str) -> str:
    if isinstance(value, int):
        raise ExpressionError("the format `R` takes no integers")
    return number_text(value)


def _hexadecimal(value: int | float, precision: int | None, letter: str) -> str:
    if isinstance(value, float):
        raise ExpressionError("the format `X` takes integers only")
    return format(value & 0xFFFFFFFFFFFFFFFF, letter).zfill(precision or 0)


def _binary(value: int | float, precision: int | None, letter: str) -> str:
    if isinstance(value, float):
        raise ExpressionError("the format `B` takes integers only")
    return format(value & 0xFFFFFFFFFFFFFFFF, "b").zfill(precision or 0)


_LETTERS: Mapping[str, Callable[[int | float, int | None, str], str]] = {
    "B": _binary,
    "C": _currency,
    "D": _decimal,
    "E": _scientific,
    "F": _fixed_point,
    "G": _general,
    "N": _grouped,
    "P": _percent,
    "R": _round_trip,
    "X": _hexadecimal,
}


class _Section(Struct):
    """One section of a custom format: its tokens, and what they say together."""

    tokens: list[tuple[str, str]] = field(default_factory=list)
    """(kind, text): `0`, `#`, `.`, `text`, `exponent`."""
    whole: int = 0
    places: int = 0
    scale: int = 0
    """The power of ten that `%`, `‰` and commas before the point multiply by."""
    grouped: bool = False
    exponent: str = ""


def _custom(value: int | float, form: str) -> str:
    sections = [_section(tokens) for tokens in _split_sections(form)]
    number = _exact(value)
    chosen, negative = _choose(sections, number)
    digits = _digits(chosen, number)
    if not number or (not chosen.exponent and not digits.strip("0.")):
        # what rounds to zero is zero, in its own section
        negative = False
        if len(sections) > 2 and sections[2].tokens:
            chosen = sections[2]
        elif len(sections) > 1:
            chosen = sections[0]
        number = Decimal(0)
    return f"{'-' if negative else ''}{_written(chosen, number)}"


def _split_sections(form: str) -> list[list[tuple[str, str]]]:
    sections: list[list[tuple[str, str]]] = [[]]
    for match in _TOKEN.finditer(form):
        if match["literal"]:
            text = match["literal"]
            sections[-1].append(("text", text[1:-1] if len(text) > 1 and text[-1] == text[0] else text[1:]))
        elif match["escaped"] is not None:
            sections[-1].append(("text", match["escaped"]))
        elif match["exponent"]:
            sections[-1].append(("exponent", match["exponent"]))
        elif match["symbol"]:
            sections[-1].append((match["symbol"], match["symbol"]))
        elif match["other"] == ";":
            sections.append([])
        else:
            sections[-1].append(("text", match["other"]))
    return sections[:3]


def _section(tokens: list[tuple[str, str]]) -> _Section:
    found = _Section()
    in_fraction = False
    commas = 0
    for kind, text in tokens:
        if kind in "0#":
            if commas and found.whole and not in_fraction:
                found.grouped = True
            commas = 0
            if in_fraction:
                found.places += 1
            else:
                found.whole += 1
            found.tokens.append((kind, text))
        elif kind == ",":
            commas += not in_fraction
        elif kind == ".":
            if in_fraction:
                continue
            found.scale -= 3 * commas * bool(found.whole)
            in_fraction, commas = True, 0
            found.tokens.append((kind, text))
        elif kind == "exponent" and not found.exponent:
            found.exponent = text
            found.tokens.append((kind, text))
        else:
            found.scale += {"%": 2, "‰": 3}.get(kind, 0)
            found.tokens.append(("text", text))
    if commas and found.whole and not in_fraction:
        found.scale -= 3 * commas
    return found


def _choose(sections: list[_Section], number: Decimal) -> tuple[_Section, bool]:
    """The section for a number, and whether a minus stands before it."""
    if number < 0 and len(sections) > 1 and sections[1].tokens:
        return sections[1], False
    if not number and len(sections) > 2 and sections[2].tokens:
        return sections[2], False
    return sections[0], number < 0


def _digits(section: _Section, number: Decimal) -> str:
    return _fixed(number.scaleb(section.scale, _EXACT), section.places)


def _written(section: _Section, number: Decimal) -> str:
    exponent = 0
    scaled = number.copy_abs().scaleb(section.scale, _EXACT)
    if section.exponent and scaled:
        exponent = scaled.adjusted() - section.whole + 1
        shifted = _rounded(scaled.scaleb(-exponent, _EXACT), section.places)
        if shifted >= Decimal(10) ** section.whole:
            exponent += 1
        scaled = scaled.scaleb(-exponent, _EXACT)
    whole, _, fraction = _fixed(scaled, section.places).partition(".")
    whole = whole.lstrip("0")
    return _placed(section, whole, fraction, exponent)


def _placed(section: _Section, whole: str, fraction: str, exponent: int) -> str:
    """The digits in the places of the section's `0` and `#`."""
    kinds = [kind for kind, _ in section.tokens]
    point = kinds.index(".") if "." in kinds else len(kinds)
    whole_places = [place for place, kind in enumerate(kinds) if kind in "0#" and place < point]
    fraction_places = [place for place, kind in enumerate(kinds) if kind in "0#" and place > point]
    first_zero = next((place for place in whole_places if kinds[place] == "0"), point)
    last_zero = next((place for place in reversed(fraction_places) if kinds[place] == "0"), -1)
    kept = len(fraction.rstrip("0"))
    written: list[str] = []
    left = len(whole_places)
    used = 0
    for place, (kind, text) in enumerate(section.tokens):
        if kind == "text":
            written.append(text)
        elif kind == "exponent":
            written.append(_exponent(text, exponent))
        elif kind == ".":
            if fraction_places and (kept or last_zero >= 0):
                written.append(".")
        elif place < point:
            # all digits before those of the places stand at the first place
            if place == whole_places[0]:
                extra = len(whole) - len(whole_places)
                for index in range(max(extra, 0)):
                    written.append(_grouping(section, whole[index], len(whole) - index))
            index = len(whole) - left
            if index >= 0:
                written.append(_grouping(section, whole[index], left))
            elif place >= first_zero:
                written.append(_grouping(section, "0", left))
            left -= 1
        else:
            if used < kept or place <= last_zero:
                written.append(fraction[used])
            used += 1
    return "".join(written)


def _grouping(section: _Section, digit: str, left: int) -> str:
    """A digit, with a comma after it where a group ends; `left` counts the digits to the point."""
    return f"{digit}," if section.grouped and left > 1 and left % 3 == 1 else digit


def _exponent(text: str, exponent: int) -> str:
    width = text.count("0")
    sign = "-" if exponent < 0 else "+" if "+" in text else ""
    return f"{text[0]}{sign}{str(abs(exponent)).zfill(width)}"
