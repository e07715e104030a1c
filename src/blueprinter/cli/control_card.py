"""Everything that is known of one control: what it needs, what tests it, what people and the provider said."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Mapping
from datetime import date

from msgspec import Struct

from blueprinter.blueprint import (
    OWN_MAPPING,
    Attestation,
    BuiltinFacts,
    Control,
    Exemption,
    Framework,
    InheritedEvidence,
    Link,
    LinkTarget,
    Registers,
    SoaEntry,
    Strength,
)
from blueprinter.casing import same
from blueprinter.compliance import Attested, Inherited, Part, Tested, control_state
from blueprinter.policy import PolicyDefinition
from blueprinter.text import plural

_NEEDS = {
    Part.TESTED: "tests",
    Part.ATTESTED: "an attestation of yours",
    Part.INHERITED: "evidence of the cloud provider",
}
_WIDTH = 100
_WHY = 13
"""The column where the reason of a link starts."""


class Counterpart(Struct, frozen=True):
    """A control of another edition that a mapping names."""

    framework: Framework
    control: Control
    relation: str


class ControlCard(Struct, frozen=True):
    """One control of one framework, with what a blueprint and the registers hold about it."""

    framework: Framework
    control: Control
    counterparts: tuple[Counterpart, ...]
    blueprint: str
    """The blueprint that the links are of; empty = none speaks to this framework."""
    links: tuple[Link, ...]
    """The strongest first."""
    deliberately_empty: bool
    definitions: Mapping[str, PolicyDefinition]
    """Of the linked tests, as far as they are known here."""
    titles: Mapping[str, str]
    """What Azure calls the built-ins among the tests."""
    has_registers: bool
    attestations: tuple[Attestation, ...]
    inherited: tuple[InheritedEvidence, ...]
    exemptions: tuple[Exemption, ...]
    soa: SoaEntry | None

    @property
    def needs(self) -> tuple[Part, ...]:
        """The parts that its class and responsibility ask for."""
        verdict = control_state(
            self.control.automation,
            self.control.responsibility,
            tested=Tested.NONE,
            attested=Attested.NONE,
            inherited=Inherited.NONE,
        )
        return tuple(part for part in Part if part in verdict.need)


def control_card(
    framework: Framework,
    control: Control,
    *,
    frameworks: Mapping[str, Framework],
    blueprint: str = "",
    links: Collection[Link] = (),
    deliberately_empty: Collection[str] = (),
    definitions: Mapping[str, PolicyDefinition],
    facts: BuiltinFacts,
    registers: Registers | None,
) -> ControlCard:
    """Collects what there is about a control. `registers`: None where there are none."""
    own = [link for link in links if link.control == control.id]
    order = list(Strength)
    held = registers or Registers()
    tests = {test for link in own for test in (link.test, link.equivalent) if test}
    return ControlCard(
        framework=framework,
        control=control,
        counterparts=tuple(_counterparts(framework, control, frameworks)),
        blueprint=blueprint,
        links=tuple(sorted(own, key=lambda link: order.index(link.strength))),
        deliberately_empty=control.id in deliberately_empty,
        definitions={test: definitions[test] for test in sorted(tests) if test in definitions},
        titles={test: fact.display_name for test in sorted(tests) if (fact := facts.get(test)) is not None},
        has_registers=registers is not None,
        attestations=tuple(
            one
            for one in held.attestations
            if (one.control == control.id and one.framework in ("", framework.id)) or one.policy in tests
        ),
        inherited=tuple(
            one
            for one in held.inherited
            if same(one.standard, framework.id) and any(same(name, control.id) for name in one.controls)
        ),
        exemptions=tuple(
            one for one in held.exemptions if control.id in one.controls or tests & set(one.policies)
        ),
        soa=held.soa.get(control.id) if held.soa_framework in ("", framework.id) else None,
    )


def _counterparts(
    framework: Framework, control: Control, frameworks: Mapping[str, Framework]
) -> Iterator[Counterpart]:
    """Both ways: rows of this framework's mapping, and rows of others that point here."""
    seen: set[tuple[str, str]] = set()
    for other in frameworks.values():
        for row in (*framework.mappings, *other.mappings):
            if row.framework == other.id and row.source == control.id:
                name = row.target
            elif other.id != framework.id and row.framework == framework.id and row.target == control.id:
                name = row.source
            else:
                continue
            if name in other.controls and (other.id, name) not in seen:
                seen.add((other.id, name))
                yield Counterpart(other, other.controls[name], row.relation)


# --- for people ------------------------------------------------------------------------------------------------------


def card_lines(card: ControlCard) -> Iterator[str]:
    """The card as text, at most a hundred columns wide."""
    control, framework = card.control, card.framework
    group = next((one.title for one in framework.groups if one.id == control.group), "")
    yield f"{control.id}  {control.title}"
    yield from _field("Standard", f"{framework.title}, {control.group} {group}".rstrip())
    yield from _field("Class", f"{control.automation}; {_needs(card)}")
    yield from _field("Responsibility", str(control.responsibility))
    if control.reason:
        yield from _field("Reason", control.reason)
    for row in card.counterparts:
        yield from _field(row.framework.edition, f"{row.control.id} {row.control.title} ({row.relation})")
    if not card.counterparts:
        yield from _field("Other edition", "no counterpart is mapped")
    yield ""
    yield from _tests(card)
    yield from _registers(card)


def _needs(card: ControlCard) -> str:
    *first, last = (_NEEDS[part] for part in card.needs)
    return f"needs {', '.join(first)} and {last}" if first else f"needs {last}"


def _tests(card: ControlCard) -> Iterator[str]:
    policies = [link for link in card.links if link.target is LinkTarget.POLICY]
    templates = [link for link in card.links if link.target is LinkTarget.ARTIFACT]
    of = f" of {card.blueprint}" if card.blueprint else ""
    if not policies:
        why = "deliberately empty" if card.deliberately_empty else "none is linked"
        yield f"Policies{of}: {why}"
    else:
        yield f"Policies{of} ({len(policies)})"
        for link in policies:
            yield from _link(card, link)
    if templates:
        yield f"Templates{of} ({len(templates)})"
        for link in templates:
            yield from _link(card, link)


def _link(card: ControlCard, link: Link) -> Iterator[str]:
    definition = card.definitions.get(link.test)
    notes = [str(definition.severity)] if definition is not None else []
    if link.live_only:
        notes.append("live estates only")
    if link.equivalent:
        notes.append(f"same test as built-in {link.equivalent}")
    if link.reference:
        notes.append(f"as {link.reference} of its initiative")
    if link.source != OWN_MAPPING:
        notes.append(f"mapped by {link.source}")
    title = card.titles.get(link.test) or (
        definition.display_name if _is_guid(link.test) and definition else ""
    )
    if title:
        notes.insert(0, f"built-in {link.test}")
    yield f"  {link.strength:<11}{title or link.test}" + (f" ({', '.join(notes)})" if notes else "")
    yield from _wrapped(link.why, _WHY)


def _is_guid(name: str) -> bool:
    """Built-ins have names of the form of a GUID; nobody can read those."""
    return len(name) == 36 and name.count("-") == 4


def _registers(card: ControlCard) -> Iterator[str]:
    if Part.ATTESTED in card.needs or card.attestations:
        yield f"Attestations: {_none_yet(card)}" if not card.attestations else "Attestations"
        for one in card.attestations:
            about = f"of {one.policy} " if one.policy else ""
            where = f" for {one.scope}" if one.scope else ""
            text = f"{one.state} {about}by {one.owner}, approved by {one.approved_by}{where}, "
            yield from _wrapped(f"{text}{one.assessed_on} to {one.expires_on}", 2)
            if one.comments:
                yield from _wrapped(one.comments, 4)
    if Part.INHERITED in card.needs or card.inherited:
        yield f"Provider's evidence: {_none_yet(card)}" if not card.inherited else "Provider's evidence"
        for entry in card.inherited:
            until = f"valid until {entry.valid_to}" if entry.valid_to else "not filled in, so lapsed"
            covered = sum(standing == "in" for standing in entry.services.values())
            text = f"{entry.kind} {entry.id} of {entry.provider}, {until}; {', '.join(entry.clouds)}; "
            yield from _wrapped(f"{text}{plural(covered, 'service')} in scope; {entry.where}", 2)
    for exemption in card.exemptions:
        text = f"Exemption {exemption.name}: {exemption.category} on {exemption.scope} "
        yield from _wrapped(f"{text}until {exemption.expires_on}: {exemption.reason}", 0)
    if card.soa is not None:
        yield from _wrapped(f"Statement of Applicability: {_soa(card.soa)}", 0)


def _none_yet(card: ControlCard) -> str:
    return "none in the registers" if card.has_registers else "no registers here (--registers DIR)"


def _soa(entry: SoaEntry) -> str:
    if not entry.applicable:
        return f"not applicable: {entry.justification or 'without a justification'}"
    parts = [entry.status or "status not set"]
    if entry.by is not None:
        parts.append(f"by {entry.by}")
    if entry.owner:
        parts.append(entry.owner)
    if entry.how:
        parts.append(entry.how)
    return ", ".join(parts)


def _field(name: str, text: str) -> Iterator[str]:
    first, *rest = textwrap.wrap(text, _WIDTH - 16, break_on_hyphens=False) or [""]
    yield f"{name:<16}{first}"
    for line in rest:
        yield f"{'':<16}{line}"


def _wrapped(text: str, indent: int) -> Iterator[str]:
    """Lines that hang by two columns, except below a link, whose reason is a block of its own."""
    yield from textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent if indent == _WHY else indent + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


# --- for machines ----------------------------------------------------------------------------------------------------


def card_json(card: ControlCard) -> dict[str, object]:
    """The card for machines; dates as ISO texts, absent things as empty lists or null."""
    control = card.control
    return {
        "framework": card.framework.id,
        "id": control.id,
        "title": control.title,
        "group": control.group,
        "kind": str(control.kind),
        "class": str(control.automation),
        "responsibility": str(control.responsibility),
        "reason": control.reason,
        "needs": [str(part) for part in card.needs],
        "mappings": [
            {"framework": row.framework.id, "control": row.control.id, "relation": row.relation}
            for row in card.counterparts
        ],
        "blueprint": card.blueprint or None,
        "deliberatelyEmpty": card.deliberately_empty,
        "links": [_link_json(card, link) for link in card.links],
        "attestations": [
            {
                "policy": one.policy or None,
                "scope": one.scope or None,
                "state": str(one.state),
                "owner": one.owner,
                "approvedBy": one.approved_by,
                "assessedOn": _day(one.assessed_on),
                "expiresOn": _day(one.expires_on),
            }
            for one in card.attestations
        ],
        "inherited": [
            {
                "id": one.id,
                "kind": one.kind,
                "provider": one.provider,
                "clouds": list(one.clouds),
                "services": dict(one.services),
                "validTo": _day(one.valid_to),
                "where": one.where,
            }
            for one in card.inherited
        ],
        "exemptions": [
            {
                "name": one.name,
                "scope": one.scope,
                "category": str(one.category),
                "expiresOn": _day(one.expires_on),
            }
            for one in card.exemptions
        ],
        "soa": None
        if card.soa is None
        else {
            "applicable": card.soa.applicable,
            "status": card.soa.status or None,
            "owner": card.soa.owner or None,
            "justification": card.soa.justification or None,
        },
    }


def _link_json(card: ControlCard, link: Link) -> dict[str, object]:
    definition = card.definitions.get(link.test)
    return {
        "target": str(link.target),
        "test": link.test,
        "displayName": definition.display_name if definition is not None else card.titles.get(link.test),
        "severity": str(definition.severity) if definition is not None else None,
        "strength": str(link.strength),
        "why": link.why,
        "liveOnly": link.live_only,
        "equivalent": link.equivalent or None,
        "reference": link.reference or None,
        "source": link.source,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
