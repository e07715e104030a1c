"""The diagnostics of the policy language (BP3xx) and of policy lint (BP4xx)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow
from blueprinter.policy.lint_codes import LINT_CODES

CODES: tuple[CodeRow, ...] = (
    CodeRow(
        "BP301",
        "not a policy definition",
        "A definition is an object with a `policyRule`, alone or inside `properties`; a bare rule is an object "
        "with `if` and `then`.",
        bad='{"properties": {"displayName": "HTTPS only"}}',
        good='{"properties": {"policyRule": {"if": {…}, "then": {"effect": "audit"}}}}',
    ),
    CodeRow(
        "BP302",
        "a part of the rule is missing",
        "A rule needs `if` and `then`, and `then` needs `effect`; a condition needs what it looks at (`field`, "
        "`value` or `count`) and one operator.",
        bad='{"if": {"field": "type"}, "then": {"effect": "audit"}}',
        good='{"if": {"field": "type", "equals": "Microsoft.Web/sites"}, "then": {"effect": "audit"}}',
    ),
    CodeRow(
        "BP303",
        "a part of the rule has the wrong form",
        "The value is of another JSON type than the policy language takes here: `allOf` and `anyOf` take an "
        "array, `not` an object, `field` and `effect` text.",
        bad='{"not": [{"field": "location", "equals": "eastus"}]}',
        good='{"not": {"field": "location", "equals": "eastus"}}',
    ),
    CodeRow(
        "BP304",
        "unknown key in a condition",
        "A condition holds what it looks at (`field`, `value` or `count`) and one operator, a logical operator "
        "stands alone, and `count` holds `field` or `value`, `where` and `name`. Anything else is most often "
        "a misspelt operator.",
        bad='{"field": "location", "notEqual": "eastus"}',
        good='{"field": "location", "notEquals": "eastus"}',
    ),
    CodeRow(
        "BP305",
        "a condition says too much",
        "A condition looks at one thing (`field`, `value` or `count`) and has one operator. Two conditions on "
        "one thing are written as two members of `allOf`.",
        bad='{"field": "name", "like": "a*", "notLike": "ab*"}',
        good='{"allOf": [{"field": "name", "like": "a*"}, {"field": "name", "notLike": "ab*"}]}',
    ),
    CodeRow(
        "BP306",
        "a key stands twice, but for letter case",
        "The policy language does not regard letter case, so two keys that differ only in it say the same "
        "thing twice. Remove one of them.",
        bad='{"allOf": [], "allof": []}',
        good='{"allOf": []}',
    ),
    CodeRow(
        "BP307",
        "the expression does not parse",
        "Text that starts with `[` and ends with `]` is an expression: functions with arguments in "
        "parentheses, strings in single quotes. Text that should stay text starts with `[[`.",
        bad="[concat('a', ]",
        good="[concat('a', 'b')]",
    ),
    CodeRow(
        "BP308",
        "the expression calls what policies do not have",
        "The function is not known, is not available in policy rules, or takes another number of arguments.",
        bad="[resourceId('Microsoft.Web/sites', 'app')]",
        good="[concat(resourceGroup().id, '/providers/Microsoft.Web/sites/app')]",
    ),
    CodeRow(
        "BP309",
        "the parameter is not declared",
        "`parameters('x')` names a parameter that the definition does not declare. Azure refuses the definition.",
    ),
    CodeRow(
        "BP310",
        "`current` has nothing to stand for",
        "`current('x')` stands for the member that a `count` is looking at: its name for a value count, the "
        "array alias for a field count. It has no meaning outside of that count.",
    ),
    CodeRow(
        "BP311",
        "a field must be known before the rule runs",
        "An expression in `field` hangs on parameters alone, or is `if(condition, 'alias', 'alias')` or "
        "`concat('tags[', …, ']')`, so that the aliases a rule reads can be listed.",
        bad="[concat(field('type'), '/sku.name')]",
        good="[concat('tags[', parameters('tagName'), ']')]",
    ),
    CodeRow(
        "BP312",
        "the details of the effect are wrong",
        "`details` is an object, and an array of fields with values for append; `operations` of modify is an array of "
        "objects with `operation`, `field` and `value`.",
    ),
    CodeRow(
        "BP313",
        "the parameter declaration is wrong",
        "A parameter has a `type` (String, Array, Object, Boolean, Integer, Float or DateTime), and its default "
        "is one of its allowed values.",
    ),
    CodeRow(
        "BP314",
        "too many conditions",
        "Azure takes at most 4,096 conditions in `if` and 128 in the `existenceCondition` of `then`. Use `in` with a "
        "list, or split the policy.",
    ),
    CodeRow(
        "BP315",
        "the field cannot be modified",
        "`modify` writes tags, `identity.type` and aliases whose metadata say `Modifiable`, and removes only tags. "
        "`az provider show --expand resourceTypes/aliases` lists the aliases.",
    ),
    CodeRow(
        "BP316",
        "a property of the definition has the wrong form",
        "Names, modes, versions and metadata of a definition or an initiative are of a fixed JSON type.",
    ),
    CodeRow(
        "BP317",
        "a parameter value does not fit",
        "A value that is given to a policy must belong to a parameter that it declares, be of its type, and be one "
        "of its allowed values; a parameter without a default needs one.",
    ),
    CodeRow(
        "BP318",
        "what a policy is to be explained on is wrong",
        "A resource is one JSON object with its `type`, as `az resource show` prints it. A context holds "
        "`resourceGroup`, `subscription`, `policy`, `requestContext` and `utcNow`, all of them optional.",
        bad='{"name": "app"}',
        good='{"type": "Microsoft.Web/sites", "name": "app", "properties": {}}',
    ),
    CodeRow(
        "BP319",
        "the effect needs other details",
        "auditIfNotExists and deployIfNotExists need the `type` of the related resource, modify needs "
        "`operations`, append an array of fields with values. Azure refuses the definition without them.",
        bad='{"effect": "modify"}',
        good="""{
  "effect": "modify",
  "details": {
    "roleDefinitionIds": ["/providers/Microsoft.Authorization/roleDefinitions/4a9ae827-6dc8-4573-8ac7-8239d42aa03f"],
    "operations": [{"operation": "add", "field": "tags.owner", "value": "nobody"}]
  }
}""",
    ),
    CodeRow(
        "BP340",
        "too many functions",
        "Azure takes at most 2,048 calls of functions in one rule.",
    ),
    CodeRow(
        "BP341",
        "functions nested too deeply",
        "Azure takes functions that stand in each other at most 64 deep.",
    ),
    CodeRow(
        "BP342",
        "too many arguments",
        "Azure takes at most 128 arguments in a call of a function. Give an array instead.",
    ),
    CodeRow(
        "BP343",
        "an expression is too long",
        "Azure takes expressions of at most 81,920 characters.",
    ),
    CodeRow(
        "BP344",
        "too many counts over an array",
        "Azure takes at most 5 field counts over one array in a rule. Join them: the `where` of one count may hold "
        "`anyOf`.",
    ),
    CodeRow(
        "BP345",
        "too many value counts",
        "Azure takes at most 10 value counts in a rule.",
    ),
    CodeRow(
        "BP346",
        "too many members of a value count",
        "Azure lets value counts look at 100 members at most; one inside another counts once for each member of the "
        "outer one. An array that only the assignment or the resource tells is checked when it is judged: what passes "
        "the limit is unsupported.",
    ),
    CodeRow(
        "BP320",
        "not an initiative",
        "An initiative is an object with `policyDefinitions`, alone or inside `properties`.",
    ),
    CodeRow(
        "BP321",
        "a member of the initiative is wrong",
        "A member names its definition with `policyDefinitionId`, has a `policyDefinitionReferenceId` that no "
        "other member has, and groups that the initiative declares.",
    ),
    CodeRow(
        "BP322",
        "a parameter of a member is wrong",
        "The parameters of a member are plain values or expressions over the initiative's own parameters: "
        "`[parameters('x')]`.",
    ),
    CodeRow(
        "BP330",
        "the policy test is wrong",
        "A file of policy tests names its policy with `policy`, or holds it as `definition`, and lists `cases`; "
        "each case has a unique name, a resource, and what is expected. `blueprinter schema policy-tests` "
        "prints the schema.",
    ),
    CodeRow(
        "BP331",
        "the aliases cannot be read",
        "Aliases are given as Azure's list of resource providers (`az provider list --expand "
        "resourceTypes/aliases`) or as an object from alias to path.",
    ),
    CodeRow(
        "BP332",
        "the catalog cannot be read",
        "The catalog of built-in definitions and aliases is missing, or was written by another version. "
        "`blueprinter catalog import` writes it anew.",
    ),
    *LINT_CODES,
)

LIMIT_CODES = frozenset({"BP314", "BP340", "BP341", "BP342", "BP343", "BP344", "BP345", "BP346"})
"""Rules beyond what Azure takes (Microsoft Learn, "Azure Policy definition structure policy rule", section "Policy
rule limits")."""

COMPILE_CODES = frozenset({"BP308", "BP309", "BP310", "BP311", "BP315", "BP319"}) | LIMIT_CODES
"""Faults of meaning rather than form: a policy test expects them as `error: compile`, all others as `parse`."""
