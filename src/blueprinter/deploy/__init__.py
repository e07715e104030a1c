"""Deploying: a rendered blueprint and what is in Azure, brought together.

`assign` puts a target (`Target`: a blueprint on one scope) there; `plan`, `status` only look; `unassign` takes it back;
`remediate` mends what was there before. Nothing is kept outside of Azure.
"""

from typing import TYPE_CHECKING

from blueprinter.deploy.adopting import adopted_file
from blueprinter.deploy.apply import Prepared, assign, prepare
from blueprinter.deploy.artifacts import artifacts_in_azure
from blueprinter.deploy.codes import CODES
from blueprinter.deploy.environments import (
    ENVIRONMENT_FILES,
    Environment,
    environment_names,
    in_environment,
    read_environment,
)
from blueprinter.deploy.failures import DeployError
from blueprinter.deploy.membership import membership
from blueprinter.deploy.model import AssignOptions, Left, Live, Lock, Outcome, Residue, Target, Wanted
from blueprinter.deploy.plan import Change, Plan, PlanOptions, plan
from blueprinter.deploy.plan_text import (
    is_cut,
    kinds_counted,
    named,
    plan_json,
    plan_lines,
    plan_markdown,
    short_id,
)
from blueprinter.deploy.publish import RECORD, Published, check_published, published_files, read_published
from blueprinter.deploy.remediate import RemediateOptions, Task, remediate
from blueprinter.deploy.resources import NotCompared
from blueprinter.deploy.rights import Right
from blueprinter.deploy.rings import (
    LONGEST_BREAK,
    Gate,
    Sight,
    Standing,
    has_entered,
    judge_gate,
    sight_of,
    standing,
)
from blueprinter.deploy.status import Drifted, StackStatus, Status, cancel, stacks_at, status
from blueprinter.deploy.template_spec import is_template_spec, keep, spec_id, take
from blueprinter.deploy.unassign import Unassigned, look, unassign

if TYPE_CHECKING:
    from blueprinter.deploy.environments_file import ENVIRONMENTS_SCHEMA

__all__ = [
    "CODES",
    "ENVIRONMENTS_SCHEMA",
    "ENVIRONMENT_FILES",
    "LONGEST_BREAK",
    "RECORD",
    "AssignOptions",
    "Change",
    "DeployError",
    "Drifted",
    "Environment",
    "Gate",
    "Left",
    "Live",
    "Lock",
    "NotCompared",
    "Outcome",
    "Plan",
    "PlanOptions",
    "Prepared",
    "Published",
    "RemediateOptions",
    "Residue",
    "Right",
    "Sight",
    "StackStatus",
    "Standing",
    "Status",
    "Target",
    "Task",
    "Unassigned",
    "Wanted",
    "adopted_file",
    "artifacts_in_azure",
    "assign",
    "cancel",
    "check_published",
    "environment_names",
    "has_entered",
    "in_environment",
    "is_cut",
    "is_template_spec",
    "judge_gate",
    "keep",
    "kinds_counted",
    "look",
    "membership",
    "named",
    "plan",
    "plan_json",
    "plan_lines",
    "plan_markdown",
    "prepare",
    "published_files",
    "read_environment",
    "read_published",
    "remediate",
    "short_id",
    "sight_of",
    "spec_id",
    "stacks_at",
    "standing",
    "status",
    "take",
    "unassign",
]


def __getattr__(name: str) -> object:
    """The schema of environments, loaded when it is asked for: it needs pydantic, which is slow."""
    if name == "ENVIRONMENTS_SCHEMA":
        from blueprinter.deploy.environments_file import ENVIRONMENTS_SCHEMA

        return ENVIRONMENTS_SCHEMA
    raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
