"""Populations: what is looked at, and what is known of its surroundings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Protocol

from blueprinter.arm import Expansion, Resource, id_within
from blueprinter.casing import fold
from blueprinter.compliance.model import Population, ScopeCoverage
from blueprinter.compliance.related import RelatedIndex
from blueprinter.compliance.scope import namespace_of, subscription_of, type_key
from blueprinter.diagnostics import Diagnostic, in_order
from blueprinter.policy import Found, Lookup, LookupResult, NoneExist, NotCollected


class Estate(Protocol):
    """A population of resources that can be read more than once."""

    def resources(self) -> Iterator[Resource]:
        """Every resource, in a stable order."""
        ...

    def lookup_for(self, types: Collection[str] | None) -> Lookup:
        """Finds related resources of these types; None = of every type."""
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


@dataclass(frozen=True, slots=True, eq=False)
class ExpandedTemplate:
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

    def lookup_for(self, types: Collection[str] | None) -> Lookup:
        wanted = None if types is None else frozenset(map(type_key, types))
        rows = [
            (resource.type, resource.id, resource)
            for resource in self.resources()
            if wanted is None or type_key(resource.type) in wanted
        ]
        return RelatedIndex(rows, load=lambda resource: resource, doubt=self._doubt)

    @cached_property
    def lookup(self) -> Lookup:
        """Finds related resources of every type."""
        return self.lookup_for(None)

    def _doubt(self, type: str, scope: str) -> str:
        """A type that a deployment creates is known there, one that it does not create may exist already.

        An id that only Azure knows may lie in any scope.
        """
        wanted = type_key(type)
        known = False
        for template in self._templates:
            resources = template.expansion.resources
            if not any(id_within(resource.id, scope) for resource in resources):
                continue
            own = [resource for resource in resources if type_key(resource.type) == wanted]
            if any("[" in resource.id for resource in own):
                return f"the id of a `{type}` is known only after deployment"
            known = known or bool(own)
        return "" if known else f"no `{type}` is in the template"

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
            subscription = subscription_of(resource.id)
            if subscription:
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
            partial=bool(self._failed),
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

    def resources(self) -> Iterator[Resource]:
        for part in self._parts:
            yield from part.resources()

    def lookup_for(self, types: Collection[str] | None) -> Lookup:
        lookups = [part.lookup_for(types) for part in self._parts]

        def find(type: str, name: str | None, scope: str) -> LookupResult:
            answers = [lookup(type, name, scope) for lookup in lookups]
            found = [
                resource for answer in answers if isinstance(answer, Found) for resource in answer.resources
            ]
            if found:
                return Found(tuple(found))
            if any(isinstance(answer, NoneExist) for answer in answers):
                return NoneExist()
            return next((answer for answer in answers if isinstance(answer, NotCollected)), NotCollected())

        return find

    @cached_property
    def lookup(self) -> Lookup:
        """Finds related resources of every type."""
        return self.lookup_for(None)

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


class TypeCount:
    """Resources by type, each type as it was spelled first."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._spelled: dict[str, str] = {}

    def add(self, spelled: str, count: int = 1) -> None:
        key = type_key(spelled)
        self._spelled.setdefault(key, spelled)
        self._counts[key] = self._counts.get(key, 0) + count

    def of(self, spelled: str) -> int:
        return self._counts.get(type_key(spelled), 0)

    def as_spelled(self) -> dict[str, int]:
        """In alphabetical order."""
        return {self._spelled[key]: count for key, count in sorted(self._counts.items())}


def services_of(types: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Pairs of cloud and resource type as pairs of cloud and resource provider, each once, in order."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for cloud, type_ in types:
        namespace = namespace_of(type_)
        found.setdefault((fold(cloud), fold(namespace)), (cloud, namespace))
    return tuple(found[key] for key in sorted(found))
