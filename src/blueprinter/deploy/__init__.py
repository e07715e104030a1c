"""Deploying: a rendered blueprint and what is in Azure, brought together.

`assign` puts a target (`Target`: a blueprint on one scope) there; `plan`, `status` only look; `unassign` takes it back;
`remediate` mends what was there before. Nothing is kept outside of Azure.
"""

from blueprinter.deploy.adopting import adopted_file
from blueprinter.deploy.apply import Prepared, assign, prepare
from blueprinter.deploy.codes import CODES
from blueprinter.deploy.environments import ENVIRONMENTS_SCHEMA, Environment, in_environment, read_environment
from blueprinter.deploy.failures import DeployError
from blueprinter.deploy.model import AssignOptions, Left, Live, Lock, Outcome, Residue, Target, Wanted
from blueprinter.deploy.plan import Change, Plan, PlanOptions, plan
from blueprinter.deploy.plan_text import named, plan_json, plan_lines, plan_markdown
from blueprinter.deploy.publish import RECORD, Published, check_published, published_files, read_published
from blueprinter.deploy.remediate import RemediateOptions, Task, remediate
from blueprinter.deploy.rights import Right
from blueprinter.deploy.status import Drifted, StackStatus, Status, cancel, stacks_at, status
from blueprinter.deploy.unassign import Unassigned, look, unassign

__all__ = [
    "CODES",
    "ENVIRONMENTS_SCHEMA",
    "RECORD",
    "AssignOptions",
    "Change",
    "DeployError",
    "Drifted",
    "Environment",
    "Left",
    "Live",
    "Lock",
    "Outcome",
    "Plan",
    "PlanOptions",
    "Prepared",
    "Published",
    "RemediateOptions",
    "Residue",
    "Right",
    "StackStatus",
    "Status",
    "Target",
    "Task",
    "Unassigned",
    "Wanted",
    "adopted_file",
    "assign",
    "cancel",
    "check_published",
    "in_environment",
    "look",
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
    "stacks_at",
    "status",
    "unassign",
]
