"""CIDR functions (Microsoft Learn, "CIDR functions for ARM templates")."""

from __future__ import annotations

from ipaddress import IPv4Network

from blueprinter.arm.addresses import network
from blueprinter.arm.model import ExpressionError, Value
from blueprinter.arm.rows import Category, FunctionRow, pure, takes


def _parse_cidr(cidr: str) -> Value:
    held = network(cidr)
    first, last = held.network_address, held.broadcast_address
    found: dict[str, Value] = {"network": str(first), "netmask": str(held.netmask)}
    if isinstance(held, IPv4Network):
        found["broadcast"] = str(last)
        if held.prefixlen < 31:
            first, last = first + 1, last - 1
    return {**found, "firstUsable": str(first), "lastUsable": str(last), "cidr": held.prefixlen}


def _cidr_subnet(cidr: str, prefix: int, index: int) -> Value:
    held = network(cidr)
    if not held.prefixlen <= prefix <= held.max_prefixlen:
        raise ExpressionError(
            f"the new prefix `{prefix}` is not in {held.prefixlen} to {held.max_prefixlen}, those of `{cidr}`"
        )
    count = 1 << prefix - held.prefixlen
    if not 0 <= index < count:
        raise ExpressionError(
            f"`{cidr}` has {count:,} subnets of prefix {prefix}, none has the index `{index}`"
        )
    return f"{held.network_address + (index << held.max_prefixlen - prefix)}/{prefix}"


def _cidr_host(cidr: str, index: int) -> Value:
    held = network(cidr)
    first, last = held.network_address + 1, held.broadcast_address
    if isinstance(held, IPv4Network):
        if held.prefixlen == 31:
            first = held.network_address
        else:
            last -= 1
    count = int(last) - int(first) + 1
    if held.prefixlen == held.max_prefixlen or not 0 <= index < count:
        raise ExpressionError(f"`{cidr}` has no usable address of the index `{index}`")
    return str(first + index)


ROWS = (
    FunctionRow(
        "cidrHost",
        Category.CIDR,
        takes("network: string", "hostIndex: int"),
        "a usable address of a range",
        pure(_cidr_host),
    ),
    FunctionRow(
        "cidrSubnet",
        Category.CIDR,
        takes("network: string", "cidr: int", "subnetIndex: int"),
        "a range within a range",
        pure(_cidr_subnet),
    ),
    FunctionRow(
        "parseCidr",
        Category.CIDR,
        takes("network: string"),
        "what a range in CIDR notation stands for",
        pure(_parse_cidr),
    ),
)
