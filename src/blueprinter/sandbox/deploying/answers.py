"""What a running deployment answers its expressions: the resources as they are by then.

Stages leave expressions of which only `reference`, `list…` and the like are left, with full ids as arguments.
Source: Microsoft Learn, "Resource functions for ARM templates".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from msgspec import Struct, field
from msgspec.structs import replace

from blueprinter.arm import (
    Budget,
    Call,
    DeploymentContext,
    ExpressionError,
    Language,
    Literal,
    Node,
    Property,
    Unknown,
    UserFunction,
    Value,
    evaluate,
    is_expression,
    node_text,
    parse_expression,
    parse_id,
    partial,
    reduced_call,
    unescape,
    value_text,
)
from blueprinter.casing import fold, get, same
from blueprinter.document import Json
from blueprinter.sandbox.deploying import invented
from blueprinter.sandbox.deploying.places import DEPLOYMENT
from blueprinter.sandbox.implied import comes_with_parent
from blueprinter.sandbox.model import Body, Box, Principal, Stored

_USAGE = "Please see https://aka.ms/arm-template-expressions/#{0} for usage details"
_STRICT_NAMESPACES = frozenset(
    {"microsoft.authorization", "microsoft.resources", "microsoft.policyinsights", "microsoft.management"}
)
"""Of these the sandbox knows every property, so what is not there does not exist."""


class NotThere(ExpressionError):
    """An expression refers to a resource that does not exist."""

    def __init__(self, id: str) -> None:
        super().__init__(_not_found(id))


class Answers(Struct, frozen=True):
    """Implements `TemplateContext` on the store of a sandbox."""

    box: Box
    deployment: DeploymentContext
    secrets: Mapping[str, Json]
    principal: Principal
    starting: bool = False
    """Whether the deployment is being started: what is asked of resources has no answer then."""
    in_default_value: bool = True
    budget: Budget = field(default_factory=Budget)
    """What is left to a step of the deployment: an expression may be small and its value is not."""

    def value(self, written: Json) -> Value:
        """The value of a part in template notation. Raises `ExpressionError`."""
        if isinstance(written, str):
            return self._text(written) if written[:1] == "[" else written
        if isinstance(written, list):
            return [self.value(one) for one in written]
        if isinstance(written, dict):
            return {self._key(key): self.value(member) for key, member in written.items()}
        return written

    def plain(self, written: Json, *, secrets: bool = False) -> Json:
        """The value as JSON; what is secure is left out, unless `secrets`. Raises `ExpressionError`."""
        return as_plain(self.value(written), secrets=secrets)

    def text(self, written: str) -> str:
        """The value, which must be text. Raises `ExpressionError`."""
        found = self.plain(written, secrets=True)
        if not isinstance(found, str):
            raise ExpressionError(f"the expression '{written}' must give a string")
        return found

    def _key(self, key: str) -> str:
        return self.text(key) if key[:1] == "[" else key

    def _text(self, text: str) -> Value:
        if not is_expression(text):
            return unescape(text)
        try:
            found = _settled(evaluate(text, Language.TEMPLATE, self))
            if _has_open(found):
                filled = self._filled(parse_expression(f"[{value_text(found)}]"))
                found = evaluate(f"[{node_text(filled)}]", Language.TEMPLATE, self)
        except RecursionError as fault:
            raise ExpressionError("the expression is nested too deeply") from fault
        if _has_open(found):
            raise ExpressionError(f"the expression '{value_text(found)}' cannot be evaluated")
        return found

    # --- what providers would have filled in

    def _filled(self, node: Node) -> Node:
        """The expression with invented values for what its resources do not hold."""
        if isinstance(node, Literal):
            return node
        asked = _asked(node)
        if asked is not None:
            return self._invented(*asked)
        if _is_tried(node):
            return Call("null", ())
        if isinstance(node, Property):
            return replace(node, base=self._filled(node.base), name=self._filled(node.name))
        return replace(node, arguments=tuple(map(self._filled, node.arguments)))

    def _invented(self, call: Call, path: tuple[str | int, ...]) -> Node:
        first = call.arguments[0] if call.arguments else None
        id = first.value if isinstance(first, Literal) else None
        if not isinstance(id, str):
            return call
        if not path:
            return Call("createObject", ())
        if fold(call.name) == "reference":
            return Literal(invented.property_of(id, path))
        return Literal(invented.secret(id, call.name, *map(str, path)))

    # --- TemplateContext

    def parameter(self, name: str) -> Value:
        key = fold(name)
        if key not in self.secrets:
            raise ExpressionError(f"the template parameter '{name}' is not found")
        return Unknown(f"parameters('{name}')", hidden=(cast(Value, self.secrets[key]),))

    def variable(self, name: str) -> Value:
        raise ExpressionError(f"the template variable '{name}' is not found")

    def user_function(self, name: str) -> UserFunction | None:
        return None

    def copy_index(self, name: str | None, offset: int) -> Value:
        raise ExpressionError("the template function 'copyIndex' is not expected at this location")

    def deployment_object(self) -> Value:
        known: dict[str, Value] = {"name": self.deployment.deployment_name}
        if self.deployment.scope != "resourceGroup":
            known["location"] = self.deployment.location
        properties: dict[str, Value] = {
            "template": {"contentVersion": "1.0.0.0"},
            "mode": "Incremental",
            "provisioningState": "Accepted",
        }
        return known | {"properties": properties}

    def resource_group(self) -> Value:
        scope = self.deployment
        found = self.box.store.get(
            f"/subscriptions/{scope.subscription_id}/resourceGroups/{scope.resource_group}"
        )
        if found is None:
            raise ExpressionError("the template function 'resourceGroup' is not expected at this location")
        return {"tags": {}, **_value(found.body)}

    def subscription(self) -> Value:
        found = self.box.store.get(f"/subscriptions/{self.deployment.subscription_id}")
        return _value(found.body) if found is not None else {}

    def management_group(self) -> Value:
        id = f"/providers/Microsoft.Management/managementGroups/{self.deployment.management_group}"
        found = self.box.store.get(id)
        return _value(found.body) if found is not None else {}

    def tenant(self) -> Value:
        tenant = self.deployment.tenant_id
        return {
            "id": f"/tenants/{tenant}",
            "tenantId": tenant,
            "countryCode": "US",
            "displayName": "Sandbox",
        }

    def environment(self) -> Value:
        return Unknown("environment()")

    def reference(self, arguments: tuple[Value, ...]) -> Value:
        id = self._asked_id("reference", arguments)
        found = self._found(id)
        full = len(arguments) > 2 and same(str(arguments[2]), "full")
        version = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], str) else ""
        known = _full(found, version) if full else _value(get(found.body, "properties", {}) or {})
        if fold(found.type.partition("/")[0]) in _STRICT_NAMESPACES:
            return known
        return partial(reduced_call("reference", arguments).expression, lambda: known)

    def references(self, arguments: tuple[Value, ...]) -> Value:
        raise ExpressionError("the template function 'references' cannot be evaluated")

    def list_function(self, name: str, arguments: tuple[Value, ...]) -> Value:
        id = self._asked_id(name, arguments)
        found = self._found(id)
        if same(found.type, DEPLOYMENT):
            outputs = found.notes.get("secureOutputs")
            shown = get(get(found.body, "properties", {}) or {}, "outputs", {}) or {}
            values = {key: get(output, "value") for key, output in shown.items() if "value" in output}
            values |= outputs if isinstance(outputs, dict) else {}
            return Unknown(reduced_call(name, arguments).expression, hidden=(cast(Value, values),))
        return reduced_call(name, arguments)

    def runtime(self, name: str, arguments: tuple[Value, ...]) -> Value:
        match fold(name):
            case "deployer":
                who = self.principal
                return {"objectId": who.object_id, "tenantId": who.tenant_id, "userPrincipalName": ""}
            case "pickzones":
                count, offset = [
                    one if isinstance(one, int) else fallback
                    for one, fallback in zip([*arguments[3:5], None, None], (1, 0), strict=False)
                ]
                return [str(zone) for zone in (1, 2, 3)[offset : offset + count]]
            case "providers":
                kind = str(arguments[1]) if len(arguments) > 1 else ""
                return {"resourceType": kind, "locations": [], "apiVersions": []}
            case "roledefinitions":
                return self._role(str(arguments[0]))
            case "tological" | "tologicalzone":
                return str(arguments[-1])[-1:]
            case "tologicalzones":
                zones = arguments[-1]
                return [str(zone)[-1:] for zone in zones] if isinstance(zones, list) else []
            case "tophysicalzone":
                return f"{arguments[1]}-az{arguments[-1]}"
            case "tophysicalzones":
                zones = arguments[-1]
                return [f"{arguments[1]}-az{zone}" for zone in zones] if isinstance(zones, list) else []
        raise ExpressionError(f"the template function '{name}' cannot be evaluated")

    def unresolved_id(self, name: str, arguments: tuple[Value, ...]) -> Value:
        return reduced_call(name, arguments)

    def utc_now(self) -> str | None:
        return self.deployment.utc_now

    def new_guid(self) -> str | None:
        return self.box.new_guid()

    def spend(self, work: int) -> None:
        self.budget.spend(work)

    # --- resources

    def _asked_id(self, function: str, arguments: tuple[Value, ...]) -> str:
        if self.starting:
            raise ExpressionError(
                f"The template function '{function}' is not expected at this location. "
                + _USAGE.format(fold(function))
            )
        id = arguments[0] if arguments else ""
        if not isinstance(id, str) or not id.startswith("/"):
            raise ExpressionError(
                f"The template reference '{id}' is not valid: could not find template resource or resource copy "
                "with this name"
            )
        return id

    def _found(self, id: str) -> Stored:
        found = self.box.sees(id)
        if found is not None:
            return found
        if comes_with_parent(self.box, id):
            parsed = parse_id(id)
            return Stored(id, parsed.type if parsed is not None else "", {"id": id, "properties": {}})
        raise NotThere(id)

    def _role(self, name: str) -> Value:
        for role in self.box.store.of_type("Microsoft.Authorization/roleDefinitions"):
            if same(str((get(role.body, "properties", {}) or {}).get("roleName")), name):
                return {"id": role.id, "roleDefinitionId": role.id.rpartition("/")[2]}
        raise ExpressionError(f"the role definition '{name}' could not be found")


def as_plain(value: Value, *, secrets: bool = False) -> Json:
    """A value as JSON. What is secure is opened where `secrets`, else left out; None for a secure value itself."""
    if isinstance(value, Unknown):
        if not value.hidden:
            raise ExpressionError(f"the expression '{value.expression}' cannot be evaluated")
        return as_plain(value.hidden[0], secrets=True) if secrets else None
    if isinstance(value, list):
        return [as_plain(one, secrets=secrets) for one in value if secrets or not _is_secure(one)]
    if isinstance(value, dict):
        return {
            key: as_plain(member, secrets=secrets)
            for key, member in value.items()
            if secrets or not _is_secure(member)
        }
    return value


def is_secure(value: Value) -> bool:
    """Whether a value is secure, or holds anything that is."""
    if isinstance(value, list):
        return any(map(is_secure, value))
    if isinstance(value, dict):
        return any(map(is_secure, value.values()))
    return _is_secure(value)


def _is_secure(value: Value) -> bool:
    return isinstance(value, Unknown) and bool(value.hidden)


def _settled(value: Value) -> Value:
    """An object that a resource holds is what it holds: nothing more comes from a provider here."""
    if isinstance(value, Unknown) and value.known is not None and not value.hidden:
        return {name: _settled(member) for name, member in value.known.items()}
    if isinstance(value, list):
        return list(map(_settled, value))
    if isinstance(value, dict):
        return {name: _settled(member) for name, member in value.items()}
    return value


def _has_open(value: Value) -> bool:
    if isinstance(value, list):
        return any(map(_has_open, value))
    if isinstance(value, dict):
        return any(map(_has_open, value.values()))
    return isinstance(value, Unknown) and not value.hidden


def _asked(node: Node) -> tuple[Call, tuple[str | int, ...]] | None:
    """A call that asks a resource, and the way into its answer."""
    path: list[str | int] = []
    while isinstance(node, Property) and isinstance(node.name, Literal):
        path.append(node.name.value)
        node = node.base
    if isinstance(node, Call) and (fold(node.name) == "reference" or fold(node.name).startswith("list")):
        return node, tuple(reversed(path))
    return None


def _is_tried(node: Node) -> bool:
    """Whether an expression looks with `tryGet` for something that a resource does not hold."""
    if not isinstance(node, Call) or fold(node.name) != "tryget" or not node.arguments:
        return False
    base = node.arguments[0]
    return _asked(base) is not None or _is_tried(base)


def _full(found: Stored, version: str) -> dict[str, Value]:
    parsed = parse_id(found.id)
    known: dict[str, Value] = {
        **{key: member for key, member in _value(found.body).items() if key not in ("id", "name", "type")},
        "apiVersion": version or str(found.notes.get("apiVersion", "")),
        "resourceId": found.id.removeprefix("/"),
        "scope": "",
    }
    if parsed is not None and parsed.subscription_id:
        known |= {"subscriptionId": parsed.subscription_id}
    if parsed is not None and parsed.resource_group:
        known |= {"resourceGroupName": parsed.resource_group}
    return known


def _value(body: Body | Any) -> dict[str, Value]:
    return cast("dict[str, Value]", body)


def _not_found(id: str) -> str:
    parsed = parse_id(id)
    if parsed is None:
        return f"The Resource '{id}' was not found."
    names = "/".join((parsed.type, parsed.name))
    where = f" under resource group '{parsed.resource_group}'" if parsed.resource_group else ""
    return f"The Resource '{names}'{where} was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
