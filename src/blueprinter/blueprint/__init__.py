"""Blueprints: frameworks, controls, artifacts, registers and assignments, read and resolved.

`load_blueprint` reads a folder, `resolve` fills its parameters and finds its definitions, `load_registers` reads
what people decided and attested. Every fault of an input is a diagnostic of `CODES`; `validate_path` only collects.
"""

from typing import TYPE_CHECKING

from blueprinter.blueprint.artifacts import template_of
from blueprinter.blueprint.assignment import Assignment, Given, LockMode, Locks, Ring, load_assignment
from blueprinter.blueprint.builtin_facts import BuiltinFacts, load_builtin_facts
from blueprinter.blueprint.codes import CODES
from blueprinter.blueprint.frameworks import load_framework, load_frameworks, of_group
from blueprinter.blueprint.load import load_blueprint, policy_names, validate_blueprint
from blueprinter.blueprint.model import (
    OWN_MAPPING,
    Absence,
    Artifact,
    Attestation,
    AttestationState,
    AutomationClass,
    Blueprint,
    BlueprintParameter,
    BuiltinFact,
    Control,
    ControlGroup,
    ControlKind,
    ControlMapping,
    ControlsMember,
    ControlsSet,
    Evidence,
    Exemption,
    ExemptionCategory,
    Framework,
    InheritedEvidence,
    Link,
    LinkTarget,
    Registers,
    ResolvedBlueprint,
    ResourceGroupPlaceholder,
    Responsibility,
    SoaEntry,
    Strength,
)
from blueprinter.blueprint.naming import (
    deployed_definition_name,
    generated_set_id,
    policy_assignment_id,
    policy_assignment_name,
    slug,
)
from blueprinter.blueprint.order import Deployment, deployment_order
from blueprinter.blueprint.registers import load_registers
from blueprinter.blueprint.resolve import resolve
from blueprinter.blueprint.scopes import (
    SCOPE_HINT,
    excluded_below,
    is_management_group,
    is_scope,
    is_subscription,
)
from blueprinter.blueprint.validate import Kind, PolicyCheck, kind_of, validate_path

if TYPE_CHECKING:
    from blueprinter.blueprint.schemas.kinds import SCHEMAS, SchemaRow

__all__ = [
    "CODES",
    "OWN_MAPPING",
    "SCHEMAS",
    "SCOPE_HINT",
    "Absence",
    "Artifact",
    "Assignment",
    "Attestation",
    "AttestationState",
    "AutomationClass",
    "Blueprint",
    "BlueprintParameter",
    "BuiltinFact",
    "BuiltinFacts",
    "Control",
    "ControlGroup",
    "ControlKind",
    "ControlMapping",
    "ControlsMember",
    "ControlsSet",
    "Deployment",
    "Evidence",
    "Exemption",
    "ExemptionCategory",
    "Framework",
    "Given",
    "InheritedEvidence",
    "Kind",
    "Link",
    "LinkTarget",
    "LockMode",
    "Locks",
    "PolicyCheck",
    "Registers",
    "ResolvedBlueprint",
    "ResourceGroupPlaceholder",
    "Responsibility",
    "Ring",
    "SchemaRow",
    "SoaEntry",
    "Strength",
    "deployed_definition_name",
    "deployment_order",
    "excluded_below",
    "generated_set_id",
    "is_management_group",
    "is_scope",
    "is_subscription",
    "kind_of",
    "load_assignment",
    "load_blueprint",
    "load_builtin_facts",
    "load_framework",
    "load_frameworks",
    "load_registers",
    "of_group",
    "policy_assignment_id",
    "policy_assignment_name",
    "policy_names",
    "resolve",
    "slug",
    "template_of",
    "validate_blueprint",
    "validate_path",
]


def __getattr__(name: str) -> object:
    """The table of models, loaded when it is asked for: they need pydantic, which is slow."""
    if name in ("SCHEMAS", "SchemaRow"):
        from blueprinter.blueprint.schemas.kinds import SCHEMAS, SchemaRow

        return SCHEMAS if name == "SCHEMAS" else SchemaRow
    raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
