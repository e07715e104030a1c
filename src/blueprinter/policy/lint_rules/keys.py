"""Rules about the keys of a definition or an initiative."""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.casing import fold
from blueprinter.document import child
from blueprinter.policy.lint_rules.draft import Envelope, Remark, RuleDraft


def rule_key(draft: RuleDraft) -> Iterator[Remark]:
    """Source: MicrosoftDocs/azure-docs#13435, "Could not find member 'else' on object of type 'PolicyRule'"."""
    where = draft.envelope.own("policyRule")
    rule = draft.envelope.value(where) if where is not None else None
    for key in rule if isinstance(rule, dict) else ():
        if fold(key) not in ("if", "then"):
            yield Remark(
                child(where or "", key),
                f"`{key}` stands beside `if` and `then`: a rule holds nothing else",
                "make a second definition of another case; parameters and metadata stand beside `policyRule`",
                key=True,
            )


def repeated_key(envelope: Envelope) -> Iterator[Remark]:
    """Keys that differ only in letter case, of the definition and of its parameters; BP306 is about the rule."""
    declared = (envelope.parameter(name) for name in envelope.parameters)
    for pointer in dict.fromkeys((envelope.pointer, envelope.inner_pointer, *declared)):
        value = envelope.value(pointer)
        first: dict[str, str] = {}
        for key in value if isinstance(value, dict) else ():
            earlier = first.setdefault(fold(key), key)
            if earlier != key:
                message = f"the key `{key}` stands twice, first as `{earlier}`"
                yield Remark(child(pointer, key), message, "remove one of them", key=True)
