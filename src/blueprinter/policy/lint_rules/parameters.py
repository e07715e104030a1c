"""Rules about the parameters of definitions and initiatives."""

from __future__ import annotations

import re
from collections.abc import Iterator

from blueprinter.arm import Literal
from blueprinter.casing import fold, get
from blueprinter.document import Json, child
from blueprinter.policy.assignments import is_of_type
from blueprinter.policy.lint_rules.draft import Envelope, Remark, calls_of_text, policy_texts
from blueprinter.policy.model import PolicyParameter
from blueprinter.policy.operators import shown
from blueprinter.policy.syntax import as_value
from blueprinter.text import did_you_mean

_NAMED = re.compile(r"parameters\s*\(\s*'((?:[^']|'')*)'", re.IGNORECASE)


def _used(envelope: Envelope) -> set[str] | None:
    """The folded names of the parameters that are read; None when one is read by a name that is worked out."""
    used: set[str] = set()
    for _, text in policy_texts(envelope):
        if "parameters" not in fold(text) or text.startswith("[["):
            continue
        for call in calls_of_text(text):
            if (
                fold(call.name) == "parameters"
                and call.arguments
                and not isinstance(call.arguments[0], Literal)
            ):
                return None
        used.update(fold(name.replace("''", "'")) for name in _NAMED.findall(text))
    return used


def unused_parameter(envelope: Envelope) -> Iterator[Remark]:
    """Azure refuses a definition with one, and an initiative too. Sources: Azure/azure-monitor-baseline-alerts#311,
    Azure/Bio-Compliancy#15."""
    used = _used(envelope)
    for name in envelope.parameters if used is not None else ():
        if used is not None and fold(name) not in used:
            yield Remark(
                envelope.parameter(name),
                f"the parameter `{name}` is never read",
                "remove it, or read it with `[parameters('…')]`; `[[` begins a text, a deployed template has its own",
                key=True,
            )


def undeclared_parameter(envelope: Envelope) -> Iterator[Remark]:
    """A parameter that is read where the rule itself is not: in the location of a deployment, for example."""
    for pointer, text in policy_texts(envelope):
        for call in calls_of_text(text) if "arameters" in text else ():
            argument = call.arguments[0] if call.arguments else None
            if fold(call.name) != "parameters" or not isinstance(argument, Literal):
                continue
            name = str(argument.value)
            if get(envelope.parameters, name) is None:
                yield Remark(
                    pointer,
                    f"the parameter `{name}` is not declared",
                    did_you_mean(name, envelope.parameters) or "declare it under `parameters`",
                )


def default_not_allowed(envelope: Envelope) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure parameters": allowed values are compared with regard to case."""
    for parameter in envelope.parameters.values():
        if not parameter.allowed or not parameter.has_default or parameter.default in parameter.allowed:
            continue
        default = parameter.default
        if isinstance(default, list) and all(item in parameter.allowed for item in default):
            continue
        texts = [value for value in parameter.allowed if isinstance(value, str)]
        yield Remark(
            envelope.parameter(parameter.name, "defaultValue"),
            f"the default `{shown(as_value(default))}` of `{parameter.name}` is none of the allowed values",
            (did_you_mean(default, texts) if isinstance(default, str) else None)
            or "add it to `allowedValues`",
        )


def value_of_wrong_type(envelope: Envelope) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure parameters"."""
    for parameter in envelope.parameters.values():
        if parameter.has_default and not is_of_type(parameter.type, parameter.default):
            yield _wrong(parameter, parameter.default, envelope.parameter(parameter.name, "defaultValue"))
        allowed_at = envelope.parameter(parameter.name, "allowedValues")
        for place, value in enumerate(parameter.allowed):
            # those of an array hold for each element, or for the whole
            if fold(parameter.type) != "array" and not is_of_type(parameter.type, value):
                yield _wrong(parameter, value, child(allowed_at, place))


def _wrong(parameter: PolicyParameter, value: Json, pointer: str) -> Remark:
    return Remark(
        pointer,
        f"`{shown(as_value(value))}` is no {parameter.type}, the type of the parameter `{parameter.name}`",
    )


def parameter_without_type(envelope: Envelope) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure parameters"."""
    for parameter in envelope.parameters.values():
        if not parameter.type:
            yield Remark(
                envelope.parameter(parameter.name),
                f"the parameter `{parameter.name}` has no `type`",
                "String, Array, Object, Boolean, Integer, Float or DateTime",
                key=True,
            )


def parameter_undescribed(envelope: Envelope) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure parameters": what the portal shows."""
    for name in envelope.parameters:
        declared = envelope.parameter(name)
        described = [envelope.member(declared, "metadata", text) for text in ("displayName", "description")]
        if not all(described):
            missing = "displayName" if described[0] is None else "description"
            yield Remark(
                declared,
                f"the parameter `{name}` has no `metadata.{missing}`",
                "the portal shows it",
                key=True,
            )


def repeated_allowed_value(envelope: Envelope) -> Iterator[Remark]:
    """One value twice, in the very same spelling: others of letter case are meant as such."""
    for parameter in envelope.parameters.values():
        seen: list[Json] = []
        allowed_at = envelope.parameter(parameter.name, "allowedValues")
        if len(parameter.allowed) > _MOST:
            continue
        for place, value in enumerate(parameter.allowed):
            if any(value == one and type(value) is type(one) for one in seen):
                yield Remark(
                    child(allowed_at, place), f"the allowed value `{shown(as_value(value))}` stands twice"
                )
            seen.append(value)


_MOST = 5_000
"""Longer lists are not compared pair by pair."""
