"""Ranges of IP addresses."""

from __future__ import annotations

from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    NetmaskValueError,
    ip_address,
    ip_network,
)

from blueprinter.arm.model import ExpressionError, Value


def network(cidr: str) -> IPv4Network | IPv6Network:
    """The network of `address/prefix`; bits of the host are ignored. Raises `ExpressionError`."""
    address, slash, prefix = cidr.partition("/")
    if not slash or not prefix.isascii() or not prefix.isdigit() or "%" in address:
        raise ExpressionError(f"`{cidr}` is no range in CIDR notation, such as `10.0.0.0/16`")
    try:
        return ip_network(cidr, strict=False)
    except (AddressValueError, NetmaskValueError, ValueError) as found:
        raise ExpressionError(f"`{cidr}` is no range in CIDR notation, such as `10.0.0.0/16`") from found


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(text.strip())
    except ValueError as found:
        raise ExpressionError(f"`{text}` is no IP address") from found


def _ends(text: str) -> tuple[int, int, int]:
    """Version, first and last address of an address, a range in CIDR notation or `first-last`."""
    if "/" in text:
        held = network(text.strip())
        return held.version, int(held.network_address), int(held.broadcast_address)
    first, dash, last = text.partition("-")
    low = _address(first)
    high = _address(last) if dash else low
    if low.version != high.version or int(low) > int(high):
        raise ExpressionError(f"`{text}` is no range of addresses")
    return low.version, int(low), int(high)


def range_contains(outer: str, inner: str) -> Value:
    """Whether one range of addresses lies in another. Raises `ExpressionError` for what is no range, and for
    two families of addresses."""
    version, low, high = _ends(outer)
    other_version, other_low, other_high = _ends(inner)
    if version != other_version:
        raise ExpressionError(f"`{outer}` and `{inner}` are of different families of addresses")
    return low <= other_low and other_high <= high
