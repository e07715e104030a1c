"""The nouns of Azure Resource Manager that every other package speaks of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol, TypeAlias

from msgspec import Struct

from blueprinter.casing import get
from blueprinter.diagnostics import Diagnostic, Position
from blueprinter.document import Json


class Unknown(Struct, frozen=True, eq=False):
    """A value that only Azure knows, after deployment: distinct from null and from absent.

    `expression` is the reduced expression without its brackets, e.g. `reference('…').primaryEndpoints`.
    """

    expression: str
    known: Mapping[str, Value] | None = None
    """Members that are known although the whole is not: Azure completes what a template says of a resource."""
    hidden: tuple[Value, ...] = ()
    """Of a secure value the value itself, for conditions to look at: nothing prints it."""

    def __eq__(self, other: object) -> bool:
        return self.expression == other.expression if isinstance(other, Unknown) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.expression)

    def __repr__(self) -> str:
        """Without values: some are secret."""
        return f"Unknown({self.expression!r})"


class UnknownKey(str):
    """A key of an object that only Azure knows: its reduced expression, in brackets."""

    __slots__ = ()


Value: TypeAlias = "str | int | float | bool | None | list[Value] | dict[str, Value] | Unknown"
"""What an expression evaluates to: JSON, anywhere within it `Unknown`."""


class Language(StrEnum):
    """The three languages that share one function table."""

    TEMPLATE = "template"
    POLICY = "policy"
    BLUEPRINT = "blueprint"


class ExpressionError(Exception):
    """An expression that cannot be evaluated; `offset` counts characters inside the expression text, -1 = not known."""

    def __init__(self, message: str, offset: int = -1) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class ExpressionSyntaxError(ExpressionError):
    """An expression that does not parse, names no known function, or calls one with the wrong number of arguments."""


class WrongQuotes(ExpressionSyntaxError):
    """A string in double quotes, where the language has single ones."""


class LimitPassed(ExpressionError):
    """An expression asks for more work or memory than any template may take: all evaluation ends."""

    reported: bool = False
    """Whether a diagnostic names the place already."""


class PolicyContext(Protocol):
    """What a policy expression may ask for. Absent things are None where the method says so, never an exception
    unless it is the documented behaviour of the function (then `ExpressionError`)."""

    def parameter(self, name: str) -> Value: ...
    def field(self, name: str) -> Value: ...
    def current(self, name: str | None) -> Value: ...
    def policy(self) -> Mapping[str, Value]: ...
    def request_context(self) -> Mapping[str, Value]: ...
    def resource_group(self) -> Mapping[str, Value]: ...
    def subscription(self) -> Mapping[str, Value]: ...
    def utc_now(self) -> str: ...
    def spend(self, work: int) -> None:
        """Counts work, so that no rule takes forever. Raises where there was too much of it."""
        ...


class BlueprintContext(Protocol):
    """What an expression of a blueprint or artifact (outside its template) may ask for."""

    def parameter(self, name: str) -> Value: ...
    def artifact(self, name: str) -> Value: ...
    def resource_group(self) -> Mapping[str, Value]: ...
    def resource_group_of(self, placeholder: str) -> Mapping[str, Value]: ...
    def subscription(self) -> Mapping[str, Value]: ...


class DeploymentContext(Struct, frozen=True):
    """Facts of a deployment's scope; what is empty stays symbolic."""

    scope: str = "resourceGroup"
    """resourceGroup | subscription | managementGroup | tenant"""
    tenant_id: str = ""
    subscription_id: str = ""
    management_group: str = ""
    resource_group: str = ""
    location: str = ""
    deployment_name: str = ""
    utc_now: str = ""
    """ISO 8601 in UTC; empty = `utcNow()` stays symbolic."""
    cloud: str = "AzureCloud"
    """What `environment()` describes: a row of the clouds."""
    guid_seed: str = ""
    """What `newGuid()` is made of, with the parameter it stands for; empty = it stays symbolic."""


UserFunction: TypeAlias = "Callable[[tuple[Value, ...]], Value]"
"""A function that a template declares: its arguments to its value; raises `ExpressionError`."""


class TemplateContext(Protocol):
    """What an expression of a template may ask for.

    Names are looked up without regard to case. What is missing raises `ExpressionError`; what only Azure
    knows is answered with `Unknown`, whole or inside an object. Arguments may be or hold `Unknown`.
    """

    @property
    def deployment(self) -> DeploymentContext: ...
    @property
    def in_default_value(self) -> bool:
        """Whether the expression is a parameter's default: `utcNow` and `newGuid` are legal nowhere else."""
        ...

    def parameter(self, name: str) -> Value: ...
    def variable(self, name: str) -> Value: ...
    def user_function(self, name: str) -> UserFunction | None: ...
    def copy_index(self, name: str | None, offset: int) -> Value: ...
    def deployment_object(self) -> Value: ...
    def resource_group(self) -> Value: ...
    def subscription(self) -> Value: ...
    def management_group(self) -> Value: ...
    def tenant(self) -> Value: ...
    def environment(self) -> Value: ...
    def reference(self, arguments: tuple[Value, ...]) -> Value: ...
    def references(self, arguments: tuple[Value, ...]) -> Value: ...
    def list_function(self, name: str, arguments: tuple[Value, ...]) -> Value: ...
    def runtime(self, name: str, arguments: tuple[Value, ...]) -> Value:
        """Every other function whose answer only Azure has (`pickZones`, `providers`, `deployer` …)."""
        ...

    def unresolved_id(self, name: str, arguments: tuple[Value, ...]) -> Value:
        """What is left of `resourceId` or `subscriptionResourceId` where not all of the scope is known."""
        ...

    def utc_now(self) -> str | None:
        """The time of the deployment, ISO 8601 in UTC; None stays symbolic."""
        ...

    def new_guid(self) -> str | None:
        """A new GUID for `newGuid()`; None stays symbolic."""
        ...

    def spend(self, work: int) -> None:
        """Counts work, so that no template takes forever. Raises `LimitPassed` when there was too much of it."""
        ...


AnyContext: TypeAlias = "TemplateContext | PolicyContext | BlueprintContext"


class Origin(Struct, frozen=True, eq=False):
    """Where a resource came from: a line of an inventory, or a template that made it."""

    file: str = ""
    line: int = 0
    column: int = 0
    property_position: Callable[[str], Position] | None = None
    """For expanded templates: JSON pointer into the resource's body -> the place in the template that made it."""

    def locate(self, pointer: str = "") -> Position:
        """The place of a property of the resource, as near as is known."""
        if self.property_position is not None:
            return self.property_position(pointer)
        return Position(self.file, self.line, self.column)


class Resource(Struct, frozen=True, eq=False):
    """A resource: a row of an inventory, or one that a template would create.

    `body` is the whole JSON object (id, type, name, location, properties, …) and may hold `Unknown` when it
    comes from a template. It must not be changed.
    """

    id: str
    type: str
    name: str
    body: Mapping[str, Value]
    origin: Origin = Origin()
    api_version: str = ""
    certain: bool = True
    """False where a template makes it only under a condition, or in a number, that nobody knows yet."""
    home: str = ""
    """The scope of the deployment that makes it, as far as it is given: an id, or an expression in brackets."""

    @property
    def has_properties(self) -> bool:
        """False for rows of lists that Azure serves without `properties`, or with null in their place: what needs one
        cannot be decided."""
        return get(self.body, "properties") is not None


class Expansion(Struct, frozen=True):
    """What a template would deploy."""

    resources: tuple[Resource, ...]
    """In deployment order; nested deployments are expanded away, `existing` and false conditions left out."""
    outputs: Mapping[str, Value]
    diagnostics: tuple[Diagnostic, ...]
    """Warnings (a parameter without a value stays symbolic, …); errors raise `InvalidInput` instead."""
    secrets: Mapping[str, str] = {}
    """The values of secure parameters -> the expression to print in their place."""
    complete: bool = True
    """False where a linked template was not read: it may deploy more."""

    def __repr__(self) -> str:
        """Without values: some are secret."""
        return f"Expansion of {len(self.resources)} resources"


__all__ = [
    "AnyContext",
    "BlueprintContext",
    "DeploymentContext",
    "Expansion",
    "ExpressionError",
    "ExpressionSyntaxError",
    "Json",
    "Language",
    "LimitPassed",
    "Origin",
    "PolicyContext",
    "Resource",
    "TemplateContext",
    "Unknown",
    "UnknownKey",
    "UserFunction",
    "Value",
]
