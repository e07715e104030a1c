"""Azure Policy: definitions read, assigned, and held against resources.

`read_definition` reads a definition, `compile_policies` makes assigned ones ready, `PolicySet.run` gives the
policy states of a resource. `run_cases` runs the tests of a policy, `check_catalog` a whole tree of definitions.
"""

from blueprinter.policy.alias_files import read_alias_table
from blueprinter.policy.aliases import AliasEntry, AliasPath, AliasTable, Capabilities, read_aliases
from blueprinter.policy.applicability import aliases_in, is_data_plane, is_passed_over
from blueprinter.policy.asking import Asking, Said
from blueprinter.policy.assignments import (
    assign_set,
    effect_faults,
    fits_version,
    is_enforced,
    messages_for,
    parameter_faults,
)
from blueprinter.policy.batch import PolicySet, compile_policies, related_types_of
from blueprinter.policy.bulk import BulkPolicies
from blueprinter.policy.case_file import load_tests, read_stated_aliases
from blueprinter.policy.case_schema import policy_tests_schema
from blueprinter.policy.cases import CaseResult, cases_as_json, run_cases
from blueprinter.policy.catalog import (
    CatalogCheck,
    FolderIndex,
    check_catalog,
    definition_files,
    index_folders,
    is_fragment,
)
from blueprinter.policy.catalog_file import (
    Catalog,
    Imported,
    catalog_documents,
    import_catalog,
    open_catalog,
)
from blueprinter.policy.codes import CODES
from blueprinter.policy.compiled import (
    ELEMENTS,
    FAULTS,
    LACKING,
    NOTHING_SEEN,
    Code,
    Held,
    Itself,
    Outcome,
    Place,
    Program,
    Reads,
    Reason,
    Shape,
    Sight,
    may_hold,
    weight_of_key,
)
from blueprinter.policy.context import utc_text
from blueprinter.policy.definition_schema import aliases_schema, policy_definition_schema
from blueprinter.policy.definitions import (
    as_deployed,
    is_definition,
    is_policy_set,
    read_definition,
    read_policy_set,
)
from blueprinter.policy.diff import (
    Change,
    Pairing,
    PolicyDiff,
    PolicyTally,
    Turn,
    Versions,
    pair_definitions,
)
from blueprinter.policy.differences import DIFFERENCES, Difference
from blueprinter.policy.effects import EFFECTS, EffectRow, Family, family_of
from blueprinter.policy.explain import Around, Explanation, explain_policy
from blueprinter.policy.explain_text import explanation_lines
from blueprinter.policy.given import check_taken, read_around, read_resource, read_values, with_values
from blueprinter.policy.interpret import Leaf
from blueprinter.policy.judge import effect_of, undecidable
from blueprinter.policy.lint import LINT_RULES, LintRule, lint_code, lint_document
from blueprinter.policy.lint_rules.draft import DefinitionLookup, KnownDefinition
from blueprinter.policy.model import (
    AliasSource,
    AssignedPolicy,
    ComplianceState,
    Found,
    Index,
    Lookup,
    LookupResult,
    NoneExist,
    NotCollected,
    Override,
    OverrideKind,
    PolicyDefinition,
    PolicyGroup,
    PolicyParameter,
    PolicyReference,
    PolicySetDefinition,
    PolicySeverity,
    PolicyState,
    ResourceSelector,
    Selector,
    SelectorKind,
    UnsupportedReason,
    definition_key,
    is_initiative_id,
)
from blueprinter.policy.operators import OPERATORS, OperatorRow, shown, words_for
from blueprinter.policy.rights import needs_identity, role_ids
from blueprinter.policy.rows import name_of, resource_of
from blueprinter.policy.scopes import ByScope
from blueprinter.policy.selectors import (
    SelectorFault,
    overrides_of,
    read_overrides,
    read_resource_selectors,
)
from blueprinter.policy.states import ROLL_UP, roll_up

__all__ = [
    "CODES",
    "DIFFERENCES",
    "EFFECTS",
    "ELEMENTS",
    "FAULTS",
    "LACKING",
    "LINT_RULES",
    "NOTHING_SEEN",
    "OPERATORS",
    "ROLL_UP",
    "AliasEntry",
    "AliasPath",
    "AliasSource",
    "AliasTable",
    "Around",
    "Asking",
    "AssignedPolicy",
    "BulkPolicies",
    "ByScope",
    "Capabilities",
    "CaseResult",
    "Catalog",
    "CatalogCheck",
    "Change",
    "Code",
    "ComplianceState",
    "DefinitionLookup",
    "Difference",
    "EffectRow",
    "Explanation",
    "Family",
    "FolderIndex",
    "Found",
    "Held",
    "Imported",
    "Index",
    "Itself",
    "KnownDefinition",
    "Leaf",
    "LintRule",
    "Lookup",
    "LookupResult",
    "NoneExist",
    "NotCollected",
    "OperatorRow",
    "Outcome",
    "Override",
    "OverrideKind",
    "Pairing",
    "Place",
    "PolicyDefinition",
    "PolicyDiff",
    "PolicyGroup",
    "PolicyParameter",
    "PolicyReference",
    "PolicySet",
    "PolicySetDefinition",
    "PolicySeverity",
    "PolicyState",
    "PolicyTally",
    "Program",
    "Reads",
    "Reason",
    "ResourceSelector",
    "Said",
    "Selector",
    "SelectorFault",
    "SelectorKind",
    "Shape",
    "Sight",
    "Turn",
    "UnsupportedReason",
    "Versions",
    "aliases_in",
    "aliases_schema",
    "as_deployed",
    "assign_set",
    "cases_as_json",
    "catalog_documents",
    "check_catalog",
    "check_taken",
    "compile_policies",
    "definition_files",
    "definition_key",
    "effect_faults",
    "effect_of",
    "explain_policy",
    "explanation_lines",
    "family_of",
    "fits_version",
    "import_catalog",
    "index_folders",
    "is_data_plane",
    "is_definition",
    "is_enforced",
    "is_fragment",
    "is_initiative_id",
    "is_passed_over",
    "is_policy_set",
    "lint_code",
    "lint_document",
    "load_tests",
    "may_hold",
    "messages_for",
    "name_of",
    "needs_identity",
    "open_catalog",
    "overrides_of",
    "pair_definitions",
    "parameter_faults",
    "policy_definition_schema",
    "policy_tests_schema",
    "read_alias_table",
    "read_aliases",
    "read_around",
    "read_definition",
    "read_overrides",
    "read_policy_set",
    "read_resource",
    "read_resource_selectors",
    "read_stated_aliases",
    "read_values",
    "related_types_of",
    "resource_of",
    "role_ids",
    "roll_up",
    "run_cases",
    "shown",
    "undecidable",
    "utc_text",
    "weight_of_key",
    "with_values",
    "words_for",
]
