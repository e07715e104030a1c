"""The compiler: rules as Python functions, held against the interpreter, which stays the oracle.

`write_program` fuses the policies of one resource type into one function over rows; what it does not cover, the
interpreter decides, condition by condition, policy by policy or row by row.
"""

from blueprinter.policy.compiled.alike import may_be_alike, traits_of
from blueprinter.policy.compiled.glancing import NOTHING_SEEN, Code, Held, Itself, Sight
from blueprinter.policy.compiled.loads import Reads
from blueprinter.policy.compiled.program import Outcome, Program, Slot, may_judge, write_program
from blueprinter.policy.compiled.reasons import Reason, weight_of_key
from blueprinter.policy.compiled.recall import Key, Recalls, Verdict
from blueprinter.policy.compiled.runtime import FAULTS, LACKING, may_hold
from blueprinter.policy.compiled.shapes import ELEMENTS, Place, Shape
from blueprinter.policy.compiled.situation import Situation, Target, Varies

__all__ = [
    "ELEMENTS",
    "FAULTS",
    "LACKING",
    "NOTHING_SEEN",
    "Code",
    "Held",
    "Itself",
    "Key",
    "Outcome",
    "Place",
    "Program",
    "Reads",
    "Reason",
    "Recalls",
    "Shape",
    "Sight",
    "Situation",
    "Slot",
    "Target",
    "Varies",
    "Verdict",
    "may_be_alike",
    "may_hold",
    "may_judge",
    "traits_of",
    "weight_of_key",
    "write_program",
]
