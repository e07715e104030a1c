"""Definitions and initiatives: the envelope around a rule.

Sources: Microsoft Learn, "Azure Policy definition structure basics", "… parameters" and "Azure Policy
initiative definition structure".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from blueprinter.arm import (
    ExpressionSyntaxError,
    Language,
    compile_expression,
    is_expression,
    parse_expression,
    unescape,
)
from blueprinter.casing import fold, get, key_of, same
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error
from blueprinter.document import Document, Json, child, value_at
from blueprinter.policy.expressions import RuleReader, noun
from blueprinter.policy.model import (
    PolicyDefinition,
    PolicyGroup,
    PolicyParameter,
    PolicyReference,
    PolicySetDefinition,
    PolicySeverity,
)
from blueprinter.policy.parser import read_rule
from blueprinter.policy.syntax import calls_in

_UNSAID = "Indexed"
"""The mode of a definition that has none or null, in Azure too: "Azure Policy definition structure basics", "Mode"."""
_PARAMETER_TYPES = ("String", "Array", "Object", "Boolean", "Integer", "Float", "DateTime")


def is_definition(value: Json) -> bool:
    """Whether a JSON value looks like a policy definition, with or without its envelope, or a bare rule."""
    if not isinstance(value, dict):
        return False
    return key_of(_inner(value), "policyRule") is not None or _is_bare(value)


def is_policy_set(value: Json) -> bool:
    """Whether a JSON value looks like an initiative."""
    return isinstance(value, dict) and key_of(_inner(value), "policyDefinitions") is not None


def wrapped_hint(value: Json) -> str:
    """What to do with a file that holds definitions some other way than one as it is; empty for any other."""
    if isinstance(value, list) or (isinstance(value, dict) and isinstance(get(value, "value"), list)):
        return "a file holds one definition: give each of the list a file"
    if isinstance(value, dict) and get(value, "resources") is not None:
        return "a file holds one definition: take it out of the template, whose `[[` become `[`"
    return ""


def as_deployed(value: Json) -> Json:
    """A definition or an initiative as a deployment of it would leave it.

    One that states an API version is a resource of a template, where `[[` stands for `[`; everything else stays as it
    is. Source: Microsoft Learn, "Syntax and expressions in ARM templates", section Escape characters; such files are
    the library of Azure/Enterprise-Scale.
    """
    if not isinstance(value, dict) or not _text(get(value, "apiVersion")):
        return value
    return {
        key: _unescaped(member) if same(key, "properties") else member
        for key, member in value.items()
        if not same(key, "apiVersion")  # which says that this was done
    }


def _unescaped(value: Json) -> Json:
    if isinstance(value, str):
        return unescape(value)
    if isinstance(value, list):
        return [_unescaped(item) for item in value]
    if isinstance(value, dict):
        return {key: _unescaped(member) for key, member in value.items()}
    return value


def read_definition(document: Document, pointer: str = "", *, name: str = "") -> PolicyDefinition:
    """A policy definition: whole, without its `properties` envelope, or a bare rule (mode All, parameters of
    any name and type). `name` is used where the document has none. Raises `InvalidInput` with every fault."""
    value = as_deployed(value_at(document.value, pointer))
    if not isinstance(value, dict):
        message = f"a definition is an object, found {noun(value)}"
        raise _refused(document, pointer, "BP301", message, wrapped_hint(value))
    if _is_bare(value):
        reader = RuleReader(document, None)
        inner: Mapping[str, Json] = {}
        inner_pointer, rule_pointer = pointer, pointer
        rule_value: Json = value
        parameters: dict[str, PolicyParameter] = {}
    else:
        inner = _inner(value)
        inner_pointer = (
            pointer if inner is value else child(pointer, key_of(value, "properties") or "properties")
        )
        rule_key = key_of(inner, "policyRule")
        if rule_key is None:
            hint = wrapped_hint(value)
            raise _refused(document, inner_pointer, "BP301", "the definition has no `policyRule`", hint)
        faults: list[Diagnostic] = []
        parameters = _parameters(document, inner, inner_pointer, faults)
        reader = RuleReader(document, frozenset(map(fold, parameters)), faults)
        rule_pointer, rule_value = child(inner_pointer, rule_key), inner[rule_key]

    def default_effect(parameter: str) -> Json | None:
        found = get(parameters, parameter)
        return found.default if found is not None and found.has_default else None

    rule = read_rule(rule_value, reader, rule_pointer, default_effect=default_effect)
    texts = _Texts(document, inner, inner_pointer, reader.faults)
    mode = texts.text("mode") or ("All" if _is_bare(value) else _UNSAID)
    metadata = texts.mapping("metadata")
    own_name = _text(get(value, "name")) or name or _text(get(value, "id")).rpartition("/")[2]
    definition = None
    if rule is not None:
        definition = PolicyDefinition(
            id=_text(get(value, "id")) or f"/providers/Microsoft.Authorization/policyDefinitions/{own_name}",
            name=own_name,
            display_name=texts.text("displayName") or own_name,
            description=texts.text("description"),
            mode=mode,
            policy_type=texts.text("policyType"),
            version=texts.text("version") or _text(get(metadata, "version")),
            category=_text(get(metadata, "category")),
            severity=_severity(get(metadata, "severity")),
            deprecated=_is_deprecated(metadata, texts.text("version"), texts.text("displayName")),
            parameters=MappingProxyType(parameters),
            rule=rule,
            metadata=MappingProxyType(dict(metadata)),
            position=_position(document, pointer),
            versions=_versions(inner),
        )
    if reader.faults or definition is None:
        raise InvalidInput(reader.faults)
    return definition


def read_policy_set(document: Document, pointer: str = "", *, name: str = "") -> PolicySetDefinition:
    """An initiative, with or without its `properties` envelope. Raises `InvalidInput` with every fault."""
    value = as_deployed(value_at(document.value, pointer))
    if not isinstance(value, dict):
        raise _refused(document, pointer, "BP320", f"an initiative is an object, found {noun(value)}")
    inner = _inner(value)
    inner_pointer = pointer if inner is value else child(pointer, key_of(value, "properties") or "properties")
    members_key = key_of(inner, "policyDefinitions")
    if members_key is None:
        raise _refused(document, inner_pointer, "BP320", "the initiative has no `policyDefinitions`")
    faults: list[Diagnostic] = []
    parameters = _parameters(document, inner, inner_pointer, faults)
    texts = _Texts(document, inner, inner_pointer, faults)
    groups = _groups(document, inner, inner_pointer, faults)
    names = tuple(group.name for group in groups)
    members = _members(
        document, inner[members_key], child(inner_pointer, members_key), parameters, names, faults
    )
    metadata = texts.mapping("metadata")
    own_name = _text(get(value, "name")) or name or _text(get(value, "id")).rpartition("/")[2]
    found = PolicySetDefinition(
        id=_text(get(value, "id")) or f"/providers/Microsoft.Authorization/policySetDefinitions/{own_name}",
        name=own_name,
        display_name=texts.text("displayName") or own_name,
        version=texts.text("version") or _text(get(metadata, "version")),
        deprecated=_is_deprecated(metadata, texts.text("version"), texts.text("displayName")),
        parameters=MappingProxyType(parameters),
        members=members,
        groups=tuple(group.name for group in groups),
        metadata=MappingProxyType(dict(metadata)),
        position=_position(document, pointer),
        versions=_versions(inner),
        group_details=groups,
    )
    if faults:
        raise InvalidInput(faults)
    return found


def _is_bare(value: Mapping[str, Json]) -> bool:
    if key_of(value, "properties") is not None or key_of(value, "policyRule") is not None:
        return False
    return key_of(value, "if") is not None or key_of(value, "then") is not None


def _inner(value: dict[str, Json]) -> dict[str, Json]:
    inner = get(value, "properties")
    return inner if isinstance(inner, dict) else value


def _position(document: Document, pointer: str) -> Position:
    # measuring a whole file takes longer than reading it, so the top needs no measure
    return document.locate(pointer) if pointer else Position(document.file, 1, 1)


def _refused(document: Document, pointer: str, code: str, message: str, hint: str = "") -> InvalidInput:
    return InvalidInput([error(code, message, document.locate(pointer), hint)])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


class _Texts:
    """Reads texts and objects of an envelope, noting those of another type."""

    __slots__ = ("document", "faults", "pointer", "value")

    def __init__(
        self, document: Document, value: Mapping[str, Json], pointer: str, faults: list[Diagnostic]
    ) -> None:
        self.document, self.value, self.pointer, self.faults = document, value, pointer, faults

    def text(self, name: str) -> str:
        found = get(self.value, name)
        if found is None or isinstance(found, str):
            return found or ""
        self._fault(name, f"`{name}` is text, found {noun(found)}")
        return ""

    def mapping(self, name: str) -> Mapping[str, Json]:
        found = get(self.value, name)
        if found is None or isinstance(found, dict):
            return found or {}
        self._fault(name, f"`{name}` is an object, found {noun(found)}")
        return {}

    def _fault(self, name: str, message: str) -> None:
        where = self.document.locate(child(self.pointer, key_of(self.value, name) or name))
        found = error("BP316", message, where)
        if found not in self.faults:
            self.faults.append(found)


def _is_deprecated(metadata: Mapping[str, Json], version: str, display_name: str) -> bool:
    """Built-ins say it in three places: `metadata.deprecated`, a version that ends with `-deprecated`, and
    `[Deprecated]` before the display name."""
    if get(metadata, "deprecated") is True:
        return True
    stated = version or _text(get(metadata, "version"))
    return fold(stated).endswith("-deprecated") or fold(display_name).startswith("[deprecated]")


def _severity(value: Json | None) -> PolicySeverity:
    wanted = fold(value) if isinstance(value, str) else ""
    return next((severity for severity in PolicySeverity if severity.value == wanted), PolicySeverity.MEDIUM)


def _parameters(
    document: Document, inner: Mapping[str, Json], inner_pointer: str, faults: list[Diagnostic]
) -> dict[str, PolicyParameter]:
    key = key_of(inner, "parameters")
    declared = inner[key] if key is not None else None
    if key is None or declared is None:
        return {}
    pointer = child(inner_pointer, key)

    def fault(code: str, message: str, where: str) -> None:
        faults.append(error(code, message, document.locate(where)))

    if not isinstance(declared, dict):
        fault("BP313", f"`parameters` is an object, found {noun(declared)}", pointer)
        return {}
    found: dict[str, PolicyParameter] = {}
    folded: dict[str, str] = {}
    for name, value in declared.items():
        where = child(pointer, name)
        if fold(name) in folded:
            fault("BP306", f"the parameter `{name}` stands twice, first as `{folded[fold(name)]}`", where)
            continue
        folded[fold(name)] = name
        if not isinstance(value, dict):
            fault("BP313", f"a parameter is declared by an object, found {noun(value)}", where)
            continue
        stated = get(value, "type")
        type = next(
            (one for one in _PARAMETER_TYPES if isinstance(stated, str) and fold(one) == fold(stated)), ""
        )
        if stated is not None and not type:
            shown = f"`{stated}`" if isinstance(stated, str) else noun(stated)
            fault("BP313", f"the parameter type {shown} is none of {', '.join(_PARAMETER_TYPES)}", where)
        allowed = get(value, "allowedValues")
        if allowed is not None and not isinstance(allowed, list):
            fault(
                "BP313", f"`allowedValues` is an array, found {noun(allowed)}", child(where, "allowedValues")
            )
            allowed = None
        metadata = get(value, "metadata")
        default_key = key_of(value, "defaultValue")
        found[name] = PolicyParameter(
            name=name,
            type=type,
            has_default=default_key is not None,
            default=value[default_key] if default_key is not None else None,
            allowed=tuple(allowed or ()),
            strong_type=_text(get(metadata, "strongType")) if isinstance(metadata, dict) else "",
            assign_permissions=isinstance(metadata, dict) and get(metadata, "assignPermissions") is True,
        )
    return found


def _versions(inner: Mapping[str, Json]) -> tuple[str, ...]:
    listed = get(inner, "versions")
    return tuple(one for one in listed if isinstance(one, str)) if isinstance(listed, list) else ()


def _groups(
    document: Document, inner: Mapping[str, Json], inner_pointer: str, faults: list[Diagnostic]
) -> tuple[PolicyGroup, ...]:
    key = key_of(inner, "policyDefinitionGroups")
    listed = inner[key] if key is not None else None
    if key is None or listed is None:
        return ()
    groups: dict[str, PolicyGroup] = {}
    for place, item in enumerate(listed if isinstance(listed, list) else [listed]):
        where = child(child(inner_pointer, key), place)
        name = _text(get(item, "name")) if isinstance(item, dict) else ""
        if not isinstance(item, dict) or not name:
            message = "a group of the initiative has a `name`"
            faults.append(error("BP321", message, document.locate(where)))
            continue
        texts = (
            _text(get(item, part))
            for part in ("displayName", "category", "description", "additionalMetadataId")
        )
        groups.setdefault(fold(name), PolicyGroup(name, *texts))
    return tuple(groups.values())


def _members(
    document: Document,
    listed: Json,
    pointer: str,
    parameters: Mapping[str, PolicyParameter],
    groups: tuple[str, ...],
    faults: list[Diagnostic],
) -> tuple[PolicyReference, ...]:
    def fault(code: str, message: str, where: str) -> None:
        faults.append(error(code, message, document.locate(where)))

    if not isinstance(listed, list):
        fault("BP320", f"`policyDefinitions` is an array, found {noun(listed)}", pointer)
        return ()
    members: list[PolicyReference] = []
    known_groups = set(map(fold, groups))
    seen: set[str] = set()
    for place, item in enumerate(listed):
        where = child(pointer, place)
        definition_id = get(item, "policyDefinitionId") if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(definition_id, str) or not definition_id:
            fault("BP321", "a member names its definition with `policyDefinitionId`", where)
            continue
        for key in ("policyDefinitionReferenceId", "definitionVersion"):
            stated = get(item, key)
            if stated is not None and not isinstance(stated, str):
                fault(
                    "BP321", f"`{key}` is text, found {noun(stated)}", child(where, key_of(item, key) or key)
                )
        reference = _text(get(item, "policyDefinitionReferenceId"))
        if reference and fold(reference) in seen:
            fault("BP321", f"the reference id `{reference}` stands twice", where)
        seen.add(fold(reference))
        given = get(item, "parameters")
        values: dict[str, Json] = {}
        if isinstance(given, dict):
            for name, value in given.items():
                there = child(child(where, key_of(item, "parameters") or "parameters"), name)
                value_key = key_of(value, "value") if isinstance(value, dict) else None
                if not isinstance(value, dict) or value_key is None:
                    fault("BP322", f"the parameter `{name}` has no `value`", there)
                    continue
                values[name] = value[value_key]
                _check_member_value(document, value[value_key], child(there, value_key), parameters, faults)
        elif given is not None:
            fault("BP322", f"`parameters` is an object, found {noun(given)}", child(where, "parameters"))
        of_groups = get(item, "groupNames")
        names = (
            tuple(name for name in of_groups if isinstance(name, str)) if isinstance(of_groups, list) else ()
        )
        if of_groups is not None and (not isinstance(of_groups, list) or len(names) < len(of_groups)):
            there = child(where, key_of(item, "groupNames") or "groupNames")
            fault("BP321", "`groupNames` is an array of texts", there)
        for name in names:
            if fold(name) not in known_groups:
                fault("BP321", f"the initiative declares no group `{name}`", where)
        members.append(
            PolicyReference(reference, definition_id, _text(get(item, "definitionVersion")), values, names)
        )
    return tuple(members)


def _check_member_value(
    document: Document,
    value: Json,
    pointer: str,
    parameters: Mapping[str, PolicyParameter],
    faults: list[Diagnostic],
) -> None:
    if isinstance(value, list):
        for place, item in enumerate(value):
            _check_member_value(document, item, child(pointer, place), parameters, faults)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_member_value(document, item, child(pointer, key), parameters, faults)
    elif isinstance(value, str) and is_expression(value):
        try:
            node = parse_expression(value)
            compile_expression(node, Language.POLICY)
        except ExpressionSyntaxError as found:
            faults.append(error("BP322", f"{found.message} in `{value[:80]}`", document.locate(pointer)))
            return
        for call in calls_in(node):
            name = getattr(call.arguments[0], "value", None) if call.arguments else None
            if fold(call.name) in ("field", "current"):
                message = f"`{call.name}` has no meaning in an initiative"
                faults.append(error("BP322", message, document.locate(pointer)))
            if fold(call.name) == "parameters" and isinstance(name, str) and get(parameters, name) is None:
                message = f"the initiative declares no parameter `{name}`"
                faults.append(error("BP322", message, document.locate(pointer)))
