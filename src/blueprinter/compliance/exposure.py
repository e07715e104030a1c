"""Which resources have a public network path by their own settings.

Only what a resource states is counted: public network access that is switched on and not denied by default, a
public address, an inbound rule from anywhere. A default that is not written down and a firewall in front are
not seen, so the figure says where to look first and no more. Sources: the resource types' template
references on Microsoft Learn (`publicNetworkAccess`, `networkAcls`, `securityRules`, `publicIPAddresses`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from blueprinter.arm import Resource, Value
from blueprinter.casing import fold, get

_ADDRESSES = frozenset({"microsoft.network/publicipaddresses", "microsoft.network/publicipprefixes"})
_RULE_HOLDERS = frozenset({"microsoft.network/networksecuritygroups"})
_RULES = frozenset({"microsoft.network/networksecuritygroups/securityrules"})
_ANYWHERE = frozenset({"*", "0.0.0.0/0", "internet", "any", "::/0"})


def has_public_path(resource: Resource) -> bool:
    """Whether the resource's own settings state a network path from the Internet."""
    kind = fold(resource.type)
    properties = _object(get(resource.body, "properties"))
    if kind in _ADDRESSES:
        return True
    if kind in _RULES:
        return _admits_anyone(properties)
    if kind in _RULE_HOLDERS:
        return any(_admits_anyone(rule) for rule in _rules(properties))
    if _text(get(properties, "publicNetworkAccess")) != "enabled":
        return False
    return _text(get(_object(get(properties, "networkAcls")), "defaultAction")) != "deny"


def _rules(properties: Mapping[str, Value]) -> Iterator[Mapping[str, Value]]:
    rules = get(properties, "securityRules")
    for rule in rules if isinstance(rules, list) else ():
        yield _object(get(_object(rule), "properties"))


def _admits_anyone(rule: Mapping[str, Value]) -> bool:
    if _text(get(rule, "access")) != "allow" or _text(get(rule, "direction")) != "inbound":
        return False
    if _text(get(rule, "sourceAddressPrefix")) in _ANYWHERE:
        return True
    several = get(rule, "sourceAddressPrefixes")
    return isinstance(several, list) and any(_text(source) in _ANYWHERE for source in several)


def _object(value: Value) -> Mapping[str, Value]:
    return value if isinstance(value, dict) else {}


def _text(value: Value) -> str:
    return fold(value) if isinstance(value, str) else ""
