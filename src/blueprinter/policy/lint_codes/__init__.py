"""The diagnostics of `policy lint` (BP4xx): what `blueprinter explain` says of each rule.

The examples are real: each is a condition, a `then`, a rule, parts of a definition or an initiative, or the whole of
one, and the tests lint both.
"""

from blueprinter.diagnostics import CodeRow
from blueprinter.policy.lint_codes.details import DETAILS
from blueprinter.policy.lint_codes.effects import EFFECTS
from blueprinter.policy.lint_codes.fields import FIELDS
from blueprinter.policy.lint_codes.keys import KEYS
from blueprinter.policy.lint_codes.logic import LOGIC
from blueprinter.policy.lint_codes.members import MEMBERS
from blueprinter.policy.lint_codes.operands import OPERANDS
from blueprinter.policy.lint_codes.parameters import PARAMETERS
from blueprinter.policy.lint_codes.scope import SCOPE
from blueprinter.policy.lint_codes.texts import TEXTS

LINT_CODES: tuple[CodeRow, ...] = (
    *FIELDS,
    *OPERANDS,
    *LOGIC,
    *SCOPE,
    *EFFECTS,
    *DETAILS,
    *PARAMETERS,
    *TEXTS,
    *MEMBERS,
    *KEYS,
)

__all__ = ["LINT_CODES"]
