"""What is legal in a definition and still likely wrong, or bad custom: one table of rules over one draft.

A rule is a function from the draft to its remarks, and a row. What it says is in `lint_codes.py`, under the code.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.casing import fold, get, key_of, same
from blueprinter.diagnostics import Diagnostic, InvalidInput, Severity, error, in_order
from blueprinter.document import Document, Json, child
from blueprinter.policy.aliases import AliasTable
from blueprinter.policy.definitions import (
    as_deployed,
    is_definition,
    is_policy_set,
    read_definition,
    read_policy_set,
    wrapped_hint,
)
from blueprinter.policy.lint_codes import LINT_CODES
from blueprinter.policy.lint_rules import (
    aliases,
    counts,
    details,
    effects,
    keys,
    logic,
    members,
    operands,
    parameters,
    scope,
    texts,
)
from blueprinter.policy.lint_rules.draft import (
    DefinitionLookup,
    Envelope,
    Remark,
    RuleDraft,
    SetDraft,
)
from blueprinter.policy.model import PolicyParameter
from blueprinter.table import Table

EnvelopeCheck = Callable[[Envelope], Iterator[Remark]]
RuleCheck = Callable[[RuleDraft], Iterator[Remark]]
SetCheck = Callable[[SetDraft], Iterator[Remark]]


class LintRule(Struct, frozen=True):
    """One rule. Exactly one of the checks is given: of what definitions and initiatives have in common, of the rule
    of a definition, or of the members of an initiative."""

    name: str
    """Its code: `BP410`."""
    slug: str
    """`like-without-wildcard`."""
    severity: Severity
    envelope: EnvelopeCheck | None = None
    rule: RuleCheck | None = None
    initiative: SetCheck | None = None

    @property
    def summary(self) -> str:
        """One line: the title of its code."""
        return next(row.title for row in LINT_CODES if row.name == self.name)


_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

LINT_RULES: Table[LintRule] = Table(
    (
        LintRule("BP401", "unknown-alias", _ERROR, rule=aliases.unknown_alias),
        LintRule("BP402", "guessed-alias", _INFO, rule=aliases.guessed_alias),
        LintRule("BP403", "foreign-alias", _WARNING, rule=aliases.foreign_alias),
        LintRule("BP404", "not-modifiable", _ERROR, rule=aliases.not_modifiable),
        LintRule("BP405", "non-ascii-name", _WARNING, rule=aliases.non_ascii_name),
        LintRule("BP406", "count-without-wildcard", _ERROR, rule=aliases.count_without_wildcard),
        LintRule("BP407", "modify-operation", _ERROR, rule=aliases.modify_operation),
        LintRule("BP410", "like-without-wildcard", _WARNING, rule=operands.like_without_wildcard),
        LintRule("BP411", "like-several-wildcards", _WARNING, rule=operands.like_with_several_wildcards),
        LintRule("BP412", "match-without-placeholder", _WARNING, rule=operands.match_without_placeholder),
        LintRule("BP413", "stray-wildcard", _WARNING, rule=operands.stray_wildcard),
        LintRule("BP414", "case-sensitive-match", _WARNING, rule=operands.case_sensitive_match),
        LintRule("BP415", "negative-over-array", _WARNING, rule=counts.negative_over_array),
        LintRule("BP416", "exists-operand", _WARNING, rule=operands.exists_operand),
        LintRule("BP417", "operand-type", _ERROR, rule=operands.operand_type),
        LintRule("BP418", "missing-brackets", _WARNING, rule=operands.missing_brackets),
        LintRule("BP419", "tag-beside-number", _WARNING, rule=operands.tag_beside_number),
        LintRule("BP420", "contradiction", _WARNING, rule=logic.contradiction),
        LintRule("BP421", "tautology", _WARNING, rule=logic.tautology),
        LintRule("BP422", "constant-condition", _WARNING, rule=logic.constant_condition),
        LintRule("BP423", "duplicate-condition", _WARNING, rule=logic.duplicate_condition),
        LintRule("BP424", "constant-count", _WARNING, rule=counts.constant_count),
        LintRule("BP425", "where-ignores-member", _WARNING, rule=counts.where_ignores_member),
        LintRule("BP426", "unnamed-count", _ERROR, rule=counts.unnamed_count),
        LintRule("BP427", "count-name", _ERROR, rule=counts.count_name),
        LintRule("BP428", "unnamed-current", _ERROR, rule=counts.unnamed_current),
        LintRule("BP429", "unrelated-count", _ERROR, rule=counts.unrelated_count),
        LintRule("BP430", "missing-mode", _WARNING, rule=scope.missing_mode),
        LintRule("BP431", "unknown-mode", _ERROR, rule=scope.unknown_mode),
        LintRule("BP432", "indexed-containers", _WARNING, rule=scope.indexed_containers),
        LintRule("BP433", "all-for-tags", _WARNING, rule=scope.all_for_tags),
        LintRule("BP434", "type-spelling", _WARNING, rule=scope.type_spelling),
        LintRule("BP435", "no-type", _WARNING, rule=scope.no_type),
        LintRule("BP436", "no-scan", _WARNING, rule=scope.no_scan),
        LintRule("BP437", "source-accessor", _WARNING, rule=operands.source_accessor),
        LintRule("BP438", "unguarded-try-get", _WARNING, rule=operands.unguarded_try_get),
        LintRule("BP440", "hard-coded-effect", _WARNING, rule=effects.hard_coded_effect),
        LintRule("BP441", "no-disabled", _WARNING, rule=effects.no_disabled),
        LintRule("BP442", "effect-not-limited", _WARNING, rule=effects.effect_not_limited),
        LintRule("BP443", "unknown-effect", _ERROR, rule=effects.unknown_effect),
        LintRule("BP444", "mixed-effects", _WARNING, rule=effects.mixed_effects),
        LintRule("BP445", "deny-by-default", _WARNING, rule=effects.enforcing_default),
        LintRule("BP446", "tags-by-append", _INFO, rule=aliases.append_tags),
        LintRule("BP447", "conflict-effect", _WARNING, rule=aliases.conflict_effect),
        LintRule("BP448", "effect-of-another-mode", _ERROR, rule=scope.effect_of_another_mode),
        LintRule("BP450", "missing-roles", _ERROR, rule=details.missing_roles),
        LintRule("BP451", "role-spelling", _ERROR, rule=details.role_spelling),
        LintRule("BP452", "owner-role", _WARNING, rule=details.owner_role),
        LintRule("BP453", "missing-existence-condition", _INFO, rule=details.missing_existence_condition),
        LintRule("BP454", "missing-details", _ERROR, rule=details.missing_details),
        LintRule("BP455", "details-value", _ERROR, rule=details.details_value),
        LintRule("BP456", "deployment-parameters", _ERROR, rule=details.deployment_parameters),
        LintRule("BP457", "same-type-without-name", _WARNING, rule=details.same_type_without_name),
        LintRule("BP458", "deployment-location", _ERROR, rule=details.deployment_location),
        LintRule("BP459", "operation-condition", _ERROR, rule=details.operation_condition),
        LintRule("BP460", "unused-parameter", _ERROR, envelope=parameters.unused_parameter),
        LintRule("BP461", "undeclared-parameter", _ERROR, envelope=parameters.undeclared_parameter),
        LintRule("BP462", "default-not-allowed", _ERROR, envelope=parameters.default_not_allowed),
        LintRule("BP463", "value-of-wrong-type", _ERROR, envelope=parameters.value_of_wrong_type),
        LintRule("BP464", "parameter-without-type", _WARNING, envelope=parameters.parameter_without_type),
        LintRule("BP465", "parameter-undescribed", _INFO, envelope=parameters.parameter_undescribed),
        LintRule("BP466", "repeated-allowed-value", _WARNING, envelope=parameters.repeated_allowed_value),
        LintRule("BP470", "missing-display-name", _WARNING, envelope=texts.missing_display_name),
        LintRule("BP471", "missing-description", _WARNING, envelope=texts.missing_description),
        LintRule("BP472", "missing-category", _WARNING, envelope=texts.missing_category),
        LintRule("BP473", "missing-version", _WARNING, envelope=texts.missing_version),
        LintRule("BP474", "version-form", _WARNING, envelope=texts.version_form),
        LintRule("BP475", "too-long", _ERROR, envelope=texts.too_long),
        LintRule("BP476", "name-characters", _ERROR, envelope=texts.name_characters),
        LintRule("BP477", "deprecated-definition", _INFO, envelope=texts.deprecated_definition),
        LintRule("BP478", "half-deprecated", _WARNING, envelope=texts.half_deprecated),
        LintRule("BP480", "deprecated-member", _WARNING, initiative=members.deprecated_member),
        LintRule("BP481", "member-parameters", _ERROR, initiative=members.member_parameters),
        LintRule("BP490", "rule-key", _ERROR, rule=keys.rule_key),
        LintRule("BP491", "repeated-key", _ERROR, envelope=keys.repeated_key),
    )
)
"""Every rule, in the order of its code. An error is what Azure refuses or what can never work."""


def _nothing_known(key: str) -> None:
    return None


def lint_document(
    document: Document,
    *,
    aliases: AliasTable | None = None,
    known: DefinitionLookup = _nothing_known,
    ignore: Collection[str] = (),
    name: str = "",
) -> tuple[Diagnostic, ...]:
    """What a definition or an initiative does that is likely wrong, in the order of its places.

    One that does not parse gives its faults (BP3xx) and nothing else. An open alias table knows no alias to be
    missing; a complete one does. `known` tells of the definitions that an initiative names; `ignore` holds codes.
    """
    wanted = [rule for rule in LINT_RULES if rule.name not in ignore]
    document = replace(document, value=as_deployed(document.value))
    try:
        if is_policy_set(document.value):
            remarks = _of_set(document, wanted, known, name)
        elif is_definition(document.value):
            remarks = _of_definition(document, wanted, aliases or AliasTable.empty(), name)
        else:
            where, hint = document.locate(""), wrapped_hint(document.value)
            raise InvalidInput([error("BP301", "neither a policy definition nor an initiative", where, hint)])
        found = [_diagnostic(document, rule, remark) for rule, remark in remarks]
    except InvalidInput as faults:
        return faults.diagnostics
    return in_order(found)


def _diagnostic(document: Document, rule: LintRule, remark: Remark) -> Diagnostic:
    where = document.locate(remark.pointer, key=remark.key)
    return Diagnostic(rule.name, rule.severity, remark.message, remark.hint, where)


def _of_definition(
    document: Document, rules: Iterable[LintRule], table: AliasTable, name: str
) -> Iterator[tuple[LintRule, Remark]]:
    definition = read_definition(document, name=name)
    if same(definition.policy_type, "Static"):
        return  # Microsoft's own control: there is no rule to speak of
    envelope = _envelope(document, "definition", definition.parameters, definition.deprecated)
    draft = RuleDraft(envelope, definition, table)
    bare = envelope.own("policyRule") is None
    for rule in rules:
        if rule.rule is not None:
            yield from ((rule, remark) for remark in rule.rule(draft))
        elif rule.envelope is not None and not bare:
            yield from ((rule, remark) for remark in rule.envelope(envelope))


def _of_set(
    document: Document, rules: Iterable[LintRule], known: DefinitionLookup, name: str
) -> Iterator[tuple[LintRule, Remark]]:
    policy_set = read_policy_set(document, name=name)
    envelope = _envelope(document, "initiative", policy_set.parameters, policy_set.deprecated)
    draft = SetDraft(envelope, policy_set, known)
    for rule in rules:
        if rule.initiative is not None:
            yield from ((rule, remark) for remark in rule.initiative(draft))
        elif rule.envelope is not None:
            yield from ((rule, remark) for remark in rule.envelope(envelope))


def _envelope(
    document: Document, noun: str, declared: Mapping[str, PolicyParameter], deprecated: bool
) -> Envelope:
    value: Mapping[str, Json] = document.value if isinstance(document.value, dict) else {}
    inner = get(value, "properties")
    if isinstance(inner, dict):
        pointer = child("", key_of(value, "properties") or "properties")
        return Envelope(document, "", inner, pointer, noun, declared, deprecated)
    return Envelope(document, "", value, "", noun, declared, deprecated)


def lint_code(text: str) -> str | None:
    """The code of a rule by its code or its slug, in any letter case; None where there is none."""
    row = LINT_RULES.get(text) or next((rule for rule in LINT_RULES if fold(rule.slug) == fold(text)), None)
    return row.name if row is not None else None
