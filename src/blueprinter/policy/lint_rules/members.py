"""Rules about the members of an initiative, as far as their definitions are known."""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.casing import get
from blueprinter.document import child
from blueprinter.policy.assignments import fits_version
from blueprinter.policy.lint_rules.draft import KnownDefinition, Remark, SetDraft
from blueprinter.policy.model import PolicyReference, definition_key
from blueprinter.text import did_you_mean


def _members(draft: SetDraft) -> Iterator[tuple[PolicyReference, KnownDefinition, str]]:
    listed = draft.envelope.own("policyDefinitions") or draft.envelope.inner_pointer
    for place, member in enumerate(draft.policy_set.members):
        known = draft.known(definition_key(member.definition_id))
        if known is not None:
            yield member, known, child(listed, place)


def deprecated_member(draft: SetDraft) -> Iterator[Remark]:
    """Source: "Azure Policy definition structure basics", section Version."""
    for member, known, pointer in _members(draft):
        if known.deprecated:
            where = draft.envelope.member(pointer, "policyDefinitionId") or pointer
            name = known.display_name or member.definition_id
            yield Remark(
                where, f"the definition `{name}` is deprecated", "its description names what replaces it"
            )


def member_parameters(draft: SetDraft) -> Iterator[Remark]:
    """Source: "Azure Policy initiative definition structure", section Passing a parameter value."""
    for member, known, pointer in _members(draft):
        if known.parameters is None or not fits_version(known.version, member.definition_version):
            continue  # another version may have other parameters
        given_at = draft.envelope.member(pointer, "parameters") or pointer
        for name in member.parameters:
            if get(known.parameters, name) is None:
                yield Remark(
                    child(given_at, name),
                    f"`{known.display_name}` declares no parameter `{name}`",
                    did_you_mean(name, known.parameters) or "",
                    key=True,
                )
        for name, needed in known.parameters.items():
            if needed and get(member.parameters, name) is None and name not in member.parameters:
                yield Remark(
                    given_at,
                    f"the parameter `{name}` of `{known.display_name}` has no default and is given no value",
                    key=given_at != pointer,
                )
