"""`uniqueString` and `guid`: the hashes that Azure Resource Manager computes, bit for bit."""

from __future__ import annotations

from hashlib import sha1
from uuid import UUID

_MASK = 0xFFFFFFFF
_FIRST, _SECOND = 0x239B961B, 0xAB0E9789
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_NAMESPACE = UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")


def unique_string(parts: tuple[str, ...]) -> str:
    """13 characters for the parts, joined with `-`: MurmurHash3 in two lanes of 32 bits, in base 32."""
    value = _murmur("-".join(parts).encode("utf-8", "surrogatepass"))
    letters = []
    for _ in range(13):
        letters.append(_ALPHABET[value >> 59])
        value = value << 5 & 0xFFFFFFFFFFFFFFFF
    return "".join(letters)


def guid(parts: tuple[str, ...]) -> str:
    """A GUID for the parts, joined with `-`: version 5 of RFC 4122 in the namespace of Resource Manager."""
    data = "-".join(parts).encode("utf-8", "surrogatepass")
    return str(UUID(bytes=sha1(_NAMESPACE.bytes + data).digest()[:16], version=5))


def _murmur(data: bytes) -> int:
    low = high = 0
    tail = len(data) - len(data) % 8
    for place in range(0, tail, 8):
        low ^= _mixed(int.from_bytes(data[place : place + 4], "little"), _FIRST, 15, _SECOND)
        low = (_rotated(low, 19) + high) * 5 + 0x561CCD1B & _MASK
        high ^= _mixed(int.from_bytes(data[place + 4 : place + 8], "little"), _SECOND, 17, _FIRST)
        high = (_rotated(high, 13) + low) * 5 + 0x0BCAA747 & _MASK
    rest = data[tail:]
    if rest:
        low ^= _mixed(int.from_bytes(rest[:4], "little"), _FIRST, 15, _SECOND)
    if len(rest) > 4:
        high ^= _mixed(int.from_bytes(rest[4:], "little"), _SECOND, 17, _FIRST)
    low, high = low ^ len(data), high ^ len(data)
    low = low + high & _MASK
    high = high + low & _MASK
    low, high = _finished(low), _finished(high)
    low = low + high & _MASK
    high = high + low & _MASK
    return high << 32 | low


def _mixed(block: int, before: int, turn: int, after: int) -> int:
    return _rotated(block * before & _MASK, turn) * after & _MASK


def _rotated(value: int, turn: int) -> int:
    return (value << turn | value >> 32 - turn) & _MASK


def _finished(value: int) -> int:
    value = (value ^ value >> 16) * 0x85EBCA6B & _MASK
    value = (value ^ value >> 13) * 0xC2B2AE35 & _MASK
    return value ^ value >> 16
