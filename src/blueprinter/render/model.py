"""The nouns of rendering: what is given, and the templates that come of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from blueprinter.blueprint import Assignment, BuiltinFacts, ResolvedBlueprint
from blueprinter.diagnostics import Diagnostic
from blueprinter.document import Document, Json
from blueprinter.policy import PolicyDefinition, PolicySetDefinition, definition_key


class ScopeKind(StrEnum):
    """What a template is deployed to."""

    SUBSCRIPTION = "subscription"
    MANAGEMENT_GROUP = "managementGroup"


class AdoptedGroup(Struct, frozen=True):
    """A resource group that is there already."""

    adopt: bool = False
    """Whether it is managed from now on; else it is used as it is."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """The tags it has, which stay under ours."""


class AdoptedArtifact(Struct, frozen=True):
    """An artifact whose object is there already. What is empty is not known."""

    name: str = ""
    """Name of the live policy assignment."""
    location: str = ""
    """Where its identity is; Azure never moves it."""
    principal_type: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    """Of a role assignment: principal id, folded -> the GUID it is called."""


class Adopted(Struct, frozen=True):
    """`adopted.yaml`: what is known of the live estate, reviewed and kept in git."""

    artifacts: Mapping[str, AdoptedArtifact] = field(default_factory=dict)
    """By folded name."""
    groups: Mapping[str, AdoptedGroup] = field(default_factory=dict)
    """By folded placeholder."""
    role_assignments: Mapping[str, str] = field(default_factory=dict)
    """Name that we would give -> name that it has."""
    definitions: Mapping[str, str] = field(default_factory=dict)
    """Folded name of a custom definition or set -> name that it keeps."""
    principals: Mapping[str, str] = field(default_factory=dict)
    """Folded id of a user-assigned identity -> its principal, for the exceptions of locks."""


class Sources(Struct, frozen=True):
    """What is at hand beside the blueprint, by `definition_key`."""

    bodies: Mapping[str, Document] = field(default_factory=dict)
    """Files of custom definitions."""
    definitions: Mapping[str, PolicyDefinition] = field(default_factory=dict)
    sets: Mapping[str, PolicySetDefinition] = field(default_factory=dict)
    facts: BuiltinFacts = field(default_factory=BuiltinFacts)

    def is_custom(self, name: str) -> bool:
        """Whether a definition is one of ours, to be deployed."""
        return "/" not in name and definition_key(name) in self.bodies


class RenderOptions(Struct, frozen=True):
    """How to render."""

    target: str = "stack"
    split_roles: bool = False
    """All role assignments in a template of their own, which somebody else deploys."""
    allow_plain_secret: bool = False
    sources: Sources = field(default_factory=Sources)
    adopted: Adopted = field(default_factory=Adopted)


class Mark(Struct, frozen=True):
    """What everything of ours carries: blueprint, version and content."""

    blueprint: str
    version: str
    content: str
    """SHA-256 of the blueprint's content, hex."""
    assignment: str = ""

    def metadata(self) -> dict[str, Json]:
        """For objects that have metadata."""
        found: dict[str, Json] = {
            "blueprint": self.blueprint,
            "version": self.version,
            "content": self.content,
        }
        return {**found, "assignment": self.assignment} if self.assignment else found

    def description(self) -> str:
        """For role assignments, which have nothing but a description; at most 1,024 characters."""
        version = f" {self.version}" if self.version else ""
        return f"blueprinter: {self.blueprint}{version}, assignment {self.assignment}, content {self.content[:8]}"


class Template(Struct, frozen=True, eq=False):
    """One template with what goes with it: one scope, one deployment."""

    name: str
    """`definitions`, `assignment` or `roles`"""
    kind: ScopeKind
    scope: str
    """Id of the subscription or management group it is deployed to."""
    location: str
    deployment: str
    """Name of the deployment or stack."""
    body: Mapping[str, Json]
    parameters: Mapping[str, Json] = field(default_factory=dict)
    """Name -> value."""
    stack: Mapping[str, Json] | None = None
    """Settings of the deployment stack: a request body but for template and parameters."""
    stack_scope: str = ""
    """Id of where the stack is kept."""


class Rendered(Struct, frozen=True, eq=False):
    """What `render` gives."""

    templates: tuple[Template, ...]
    """In the order in which they are deployed."""
    files: Mapping[str, bytes]
    diagnostics: tuple[Diagnostic, ...]
    mark: Mark


class Job(Struct, frozen=True, eq=False):
    """One blueprint on one scope: what every part of the renderer looks at."""

    resolved: ResolvedBlueprint
    assignment: Assignment
    options: RenderOptions
    scope: str
    kind: ScopeKind
    mark: Mark

    @property
    def definition_scope(self) -> str:
        return self.assignment.definition_scope or self.scope

    @property
    def one_file(self) -> bool:
        """Whether definitions and assignments share a scope."""
        return self.definition_scope.casefold() == self.scope.casefold()
