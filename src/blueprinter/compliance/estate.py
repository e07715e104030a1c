"""Populations: what is looked at, and what is known of its surroundings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Protocol, runtime_checkable

from msgspec import Struct

from blueprinter.arm import Expansion, Resource
from blueprinter.casing import fold
from blueprinter.compliance.deployed_together import DeployedTogether
from blueprinter.compliance.model import Population, ScopeCoverage
from blueprinter.compliance.scope import namespace_of, subscription_of, type_key
from blueprinter.diagnostics import Diagnostic, in_order
from blueprinter.policy import Found, Lookup, LookupResult, NoneExist, NotCollected


class Estate(Protocol):
    """A population of resources that can be read more than once."""

    def resources(self) -> Iterator[Resource]:
        """Every resource, in a stable order."""
        ...

    def groups(self, types: Collection[str]) -> Iterator[tuple[Iterator[Resource], Lookup]]:
        """Every resource once, in groups that share their surroundings, each with what finds related resources of
        these types there."""
        ...

    def population(self) -> Population:
        """What was looked at; reads everything if that has not happened yet."""
        ...

    def services(self) -> tuple[tuple[str, str], ...]:
        """The resource providers in use, each with its cloud: (`AzureCloud`, `Microsoft.Storage`)."""
        ...

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Remarks on the input, complete once everything was read."""
        ...


@runtime_checkable
class HasLookup(Protocol):
    """An estate whose surroundings hold for resources of other estates too: an inventory."""

    def lookup_for(self, types: Collection[str] | None) -> Lookup:
        """Finds related resources of these types; None = of every type."""
        ...


class ExpandedTemplate(Struct, frozen=True, eq=False):
    """A template and what it would deploy."""

    file: str
    content: bytes
    """The template's own bytes, for the run's hash."""
    expansion: Expansion


class TemplateEstate:
    """What templates would deploy, before it exists."""

    def __init__(
        self,
        templates: Sequence[ExpandedTemplate],
        *,
        cloud: str = "AzureCloud",
        failed: Sequence[Diagnostic] = (),
    ) -> None:
        """`failed`: one warning for each template that could not be expanded, which makes the population partial."""
        self._templates = tuple(templates)
        self._failed = tuple(failed)
        self._cloud = cloud

    def resources(self) -> Iterator[Resource]:
        for template in self._templates:
            yield from template.expansion.resources

    def groups(self, types: Collection[str]) -> Iterator[tuple[Iterator[Resource], Lookup]]:
        for template in self._templates:
            resources = template.expansion.resources
            yield iter(resources), DeployedTogether(resources, complete=template.expansion.complete)

    def population(self) -> Population:
        digest = sha256()
        types = TypeCount()
        scopes: dict[str, int] = {}
        without = total = 0
        for template in self._templates:
            digest.update(template.content)
        for resource in self.resources():
            total += 1
            without += not resource.has_properties
            types.add(resource.type)
            if subscription := subscription_of(resource.id):
                scopes[subscription] = scopes.get(subscription, 0) + 1
        return Population(
            source="template",
            files=tuple(template.file for template in self._templates),
            sha256=digest.hexdigest(),
            resources=total,
            types=types.as_spelled(),
            untested_types=(),
            scopes=tuple(
                ScopeCoverage(scope, scope.rpartition("/")[2], "read", count)
                for scope, count in sorted(scopes.items())
            ),
            has_manifest=False,
            collected_by="",
            started_at="",
            ended_at="",
            unreadable=len(self._failed),
            without_properties=without,
            stale=False,
            partial=bool(self._failed) or not all(one.expansion.complete for one in self._templates),
        )

    def services(self) -> tuple[tuple[str, str], ...]:
        return services_of((self._cloud, resource.type) for resource in self.resources())

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        remarks = [found for template in self._templates for found in template.expansion.diagnostics]
        return in_order([*remarks, *self._failed])


class JoinedEstate:
    """Several populations as one: templates, and the inventory of what they will be deployed into."""

    def __init__(self, parts: Sequence[Estate]) -> None:
        self._parts = tuple(parts)

    @property
    def parts(self) -> tuple[Estate, ...]:
        return self._parts

    def resources(self) -> Iterator[Resource]:
        for part in self._parts:
            yield from part.resources()

    def groups(self, types: Collection[str]) -> Iterator[tuple[Iterator[Resource], Lookup]]:
        """Each part in its own surroundings, and in those of the inventories that are given with it."""
        around = [(part, part.lookup_for(types)) for part in self._parts if isinstance(part, HasLookup)]
        for part in self._parts:
            others = [lookup for other, lookup in around if other is not part]
            for resources, own in part.groups(types):
                yield resources, _first_found([own, *others])

    def population(self) -> Population:
        parts = [part.population() for part in self._parts]
        types = TypeCount()
        for part in parts:
            for spelled, count in part.types.items():
                types.add(spelled, count)
        return Population(
            source=", ".join(dict.fromkeys(part.source for part in parts)),
            files=tuple(file for part in parts for file in part.files),
            sha256=sha256("".join(part.sha256 for part in parts).encode()).hexdigest(),
            resources=sum(part.resources for part in parts),
            types=types.as_spelled(),
            untested_types=(),
            scopes=tuple(scope for part in parts for scope in part.scopes),
            has_manifest=any(part.has_manifest for part in parts),
            collected_by=", ".join(dict.fromkeys(part.collected_by for part in parts if part.collected_by)),
            started_at=min((part.started_at for part in parts if part.started_at), default=""),
            ended_at=max((part.ended_at for part in parts if part.ended_at), default=""),
            unreadable=sum(part.unreadable for part in parts),
            without_properties=sum(part.without_properties for part in parts),
            stale=any(part.stale for part in parts),
            partial=any(part.partial for part in parts),
        )

    def services(self) -> tuple[tuple[str, str], ...]:
        return services_of(pair for part in self._parts for pair in part.services())

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return in_order(found for part in self._parts for found in part.diagnostics())


def _first_found(lookups: Sequence[Lookup]) -> Lookup:
    """Several surroundings as one: what any of them finds, else what any knows not to exist."""
    if len(lookups) == 1:
        return lookups[0]

    def find(type: str, name: str | None, scope: str) -> LookupResult:
        answers = [lookup(type, name, scope) for lookup in lookups]
        found = {
            fold(one.id): one
            for answer in reversed(answers)
            if isinstance(answer, Found)
            for one in answer.resources
        }
        if found:
            return Found(tuple(found.values()))
        if any(isinstance(answer, NoneExist) for answer in answers):
            return NoneExist()
        return next((answer for answer in answers if isinstance(answer, NotCollected)), NotCollected())

    return find


class TypeCount:
    """Resources by type, whatever the letter case; each type is shown as it was spelled first."""

    def __init__(self) -> None:
        self._as_read: dict[str, int] = {}

    def add(self, spelled: str, count: int = 1) -> None:
        # folding waits until somebody asks: there are many rows and few spellings
        self._as_read[spelled] = self._as_read.get(spelled, 0) + count

    def of(self, spelled: str) -> int:
        key = type_key(spelled)
        return sum(count for other, count in self._as_read.items() if type_key(other) == key)

    def as_spelled(self) -> dict[str, int]:
        """In alphabetical order."""
        spelled: dict[str, str] = {}
        counts: dict[str, int] = {}
        for name, count in self._as_read.items():
            key = type_key(name)
            spelled.setdefault(key, name)
            counts[key] = counts.get(key, 0) + count
        return {spelled[key]: count for key, count in sorted(counts.items())}


def services_of(types: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Pairs of cloud and resource type as pairs of cloud and resource provider, each once, in order."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for cloud, type_ in types:
        namespace = namespace_of(type_)
        found.setdefault((fold(cloud), fold(namespace)), (cloud, namespace))
    return tuple(found[key] for key in sorted(found))
