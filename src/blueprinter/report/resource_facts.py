"""What a report says of a resource beyond its id: whose it is, where it stands, what it holds, who can reach it.

Owner, environment and class of data are tags. Organisations spell them differently, so a few common keys are
looked for, the first that has a value counts; letter case, `-`, `_` and blanks in a key do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from blueprinter.arm import Resource, Value
from blueprinter.casing import fold, get
from blueprinter.compliance import Finding, ResourceFacts, Run
from blueprinter.report.exposure import has_public_path

_OWNER = ("owner", "serviceowner", "applicationowner", "team", "contact", "ownedby")
_ENVIRONMENT = ("environment", "env", "stage")
_DATA_CLASS = ("dataclassification", "dataclass", "classification", "confidentiality")
_FILLERS = str.maketrans("", "", "-_ .:")


_SENSITIVE = frozenset(
    {"confidential", "highlyconfidential", "strictlyconfidential", "restricted", "secret", "pii", "personal"}
)


def is_sensitive(facts: ResourceFacts) -> bool:
    """Whether the class of data says that it is not for everybody in the organisation."""
    return fold(facts.data_class).translate(_FILLERS) in _SENSITIVE


def facts_of(finding: Finding) -> ResourceFacts:
    """The facts that a finding carries, else those that the resource's body states."""
    return finding.facts if finding.facts is not None else _read(finding.state.resource)


def with_facts(run: Run) -> Run:
    """The run with the facts of every finding at hand, each resource read once."""
    if all(found.facts is not None for found in run.findings):
        return run
    read: dict[int, ResourceFacts] = {}
    findings = []
    for found in run.findings:
        if found.facts is None:
            resource = found.state.resource
            facts = read.get(id(resource))
            if facts is None:
                facts = read[id(resource)] = _read(resource)
            found = replace(found, facts=facts)
        findings.append(found)
    return replace(run, findings=tuple(findings))


def _read(resource: Resource) -> ResourceFacts:
    given = get(resource.body, "tags")
    named = given if isinstance(given, dict) else {}
    tags = {fold(key).translate(_FILLERS): value for key, value in named.items()}
    location = get(resource.body, "location")
    return ResourceFacts(
        owner=_first(tags, _OWNER),
        environment=_first(tags, _ENVIRONMENT),
        data_class=_first(tags, _DATA_CLASS),
        location=location if isinstance(location, str) else "",
        exposed=has_public_path(resource),
    )


def _first(tags: Mapping[str, Value], keys: Sequence[str]) -> str:
    found = (tags.get(key) for key in keys)
    return next((value.strip() for value in found if isinstance(value, str) and value.strip()), "")
