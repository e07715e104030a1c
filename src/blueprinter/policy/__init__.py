"""Azure Policy: definitions read, assigned, and held against resources.

`read_definition` reads a definition, `compile_policies` makes assigned ones ready, `PolicySet.run` gives the
policy states of a resource. `run_cases` runs the tests of a policy, `check_catalog` a whole tree of definitions.
"""

from blueprinter.policy.alias_files import read_alias_table
from blueprinter.policy.aliases import AliasEntry, AliasPath, AliasTable, Capabilities, read_aliases
from blueprinter.policy.applicability import aliases_in, is_data_plane
from blueprinter.policy.assignments import assign_set, parameter_faults
from blueprinter.policy.batch import PolicySet, compile_policies
from blueprinter.policy.case_schema import policy_tests_schema
from blueprinter.policy.cases import CaseResult, cases_as_json, run_cases
from blueprinter.policy.catalog import CatalogCheck, FolderIndex, check_catalog, index_folders
from blueprinter.policy.catalog_file import Catalog, Imported, import_catalog, open_catalog
from blueprinter.policy.codes import CODES
from blueprinter.policy.definitions import is_definition, is_policy_set, read_definition, read_policy_set
from blueprinter.policy.differences import DIFFERENCES, Difference
from blueprinter.policy.effects import EFFECTS, EffectRow, Family, family_of
from blueprinter.policy.judge import effect_of, undecidable
from blueprinter.policy.model import (
    AliasSource,
    AssignedPolicy,
    ComplianceState,
    Found,
    Lookup,
    LookupResult,
    NoneExist,
    NotCollected,
    PolicyDefinition,
    PolicyParameter,
    PolicyReference,
    PolicySetDefinition,
    PolicySeverity,
    PolicyState,
    UnsupportedReason,
    definition_key,
)
from blueprinter.policy.operators import OPERATORS, OperatorRow
from blueprinter.policy.states import ROLL_UP, roll_up

__all__ = [
    "CODES",
    "DIFFERENCES",
    "EFFECTS",
    "OPERATORS",
    "ROLL_UP",
    "AliasEntry",
    "AliasPath",
    "AliasSource",
    "AliasTable",
    "AssignedPolicy",
    "Capabilities",
    "CaseResult",
    "Catalog",
    "CatalogCheck",
    "ComplianceState",
    "Difference",
    "EffectRow",
    "Family",
    "FolderIndex",
    "Found",
    "Imported",
    "Lookup",
    "LookupResult",
    "NoneExist",
    "NotCollected",
    "OperatorRow",
    "PolicyDefinition",
    "PolicyParameter",
    "PolicyReference",
    "PolicySet",
    "PolicySetDefinition",
    "PolicySeverity",
    "PolicyState",
    "UnsupportedReason",
    "aliases_in",
    "assign_set",
    "cases_as_json",
    "check_catalog",
    "compile_policies",
    "definition_key",
    "effect_of",
    "family_of",
    "import_catalog",
    "index_folders",
    "is_data_plane",
    "is_definition",
    "is_policy_set",
    "open_catalog",
    "parameter_faults",
    "policy_tests_schema",
    "read_alias_table",
    "read_aliases",
    "read_definition",
    "read_policy_set",
    "roll_up",
    "run_cases",
    "undecidable",
]
