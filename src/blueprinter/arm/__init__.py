"""Azure Resource Manager: resource ids, clouds, expressions and their functions, templates.

`parse_expression` gives nodes, `compile_expression` a function of a context; `evaluate` does both. Templates,
policies and blueprints share one table of functions, `FUNCTIONS`, whose rows say where each may be called.
"""

from blueprinter.arm.bicep import (
    CompiledParameters,
    compile_bicep,
    compile_bicep_parameters,
    is_bicep,
    source_of,
)
from blueprinter.arm.clouds import CLOUDS, CloudRow, normal_location, same_location
from blueprinter.arm.codes import CODES
from blueprinter.arm.comparing import collation_key, number_in, policy_compare, policy_equal
from blueprinter.arm.compiler import check_expression, compile_expression, evaluate
from blueprinter.arm.differences import DIFFERENCES, Difference
from blueprinter.arm.evaluation import as_json, deployment_context, evaluate_request
from blueprinter.arm.expand import expand
from blueprinter.arm.expansion_json import expand_to_json
from blueprinter.arm.functions import FUNCTIONS, find_function, pure_function
from blueprinter.arm.ids import ResourceId, child_of, extended_by, id_within, parse_id, scope_of
from blueprinter.arm.limits import FREE, Budget, has_unknown
from blueprinter.arm.literal import literal, literal_key
from blueprinter.arm.model import (
    AnyContext,
    BlueprintContext,
    DeploymentContext,
    Expansion,
    ExpressionError,
    ExpressionSyntaxError,
    Json,
    Language,
    LimitPassed,
    Origin,
    PolicyContext,
    Resource,
    TemplateContext,
    Unknown,
    UnknownKey,
    UserFunction,
    Value,
    WrongQuotes,
)
from blueprinter.arm.parameters import SuppliedParameter, read_parameters
from blueprinter.arm.parser import parse_expression
from blueprinter.arm.partial import partial
from blueprinter.arm.rows import Category, FunctionRow, ParameterRow
from blueprinter.arm.sealing import sealed
from blueprinter.arm.stages import Stage, StagedResource, StagedValue, notation, stage
from blueprinter.arm.syntax import (
    Call,
    Literal,
    Node,
    Property,
    is_expression,
    node_text,
    reduced_call,
    unescape,
    value_text,
)
from blueprinter.arm.template import is_template

__all__ = [
    "CLOUDS",
    "CODES",
    "DIFFERENCES",
    "FREE",
    "FUNCTIONS",
    "AnyContext",
    "BlueprintContext",
    "Budget",
    "Call",
    "Category",
    "CloudRow",
    "CompiledParameters",
    "DeploymentContext",
    "Difference",
    "Expansion",
    "ExpressionError",
    "ExpressionSyntaxError",
    "FunctionRow",
    "Json",
    "Language",
    "LimitPassed",
    "Literal",
    "Node",
    "Origin",
    "ParameterRow",
    "PolicyContext",
    "Property",
    "Resource",
    "ResourceId",
    "Stage",
    "StagedResource",
    "StagedValue",
    "SuppliedParameter",
    "TemplateContext",
    "Unknown",
    "UnknownKey",
    "UserFunction",
    "Value",
    "WrongQuotes",
    "as_json",
    "check_expression",
    "child_of",
    "collation_key",
    "compile_bicep",
    "compile_bicep_parameters",
    "compile_expression",
    "deployment_context",
    "evaluate",
    "evaluate_request",
    "expand",
    "expand_to_json",
    "extended_by",
    "find_function",
    "has_unknown",
    "id_within",
    "is_bicep",
    "is_expression",
    "is_template",
    "literal",
    "literal_key",
    "node_text",
    "normal_location",
    "notation",
    "number_in",
    "parse_expression",
    "parse_id",
    "partial",
    "policy_compare",
    "policy_equal",
    "pure_function",
    "read_parameters",
    "reduced_call",
    "same_location",
    "scope_of",
    "sealed",
    "source_of",
    "stage",
    "unescape",
    "value_text",
]
