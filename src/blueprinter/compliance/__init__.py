"""From policy states and registers to control results: populations, the algorithm, the run."""

from blueprinter.compliance.assess import (
    Declared,
    Part,
    Tally,
    Verdict,
    control_state,
    declared,
    link_outcome,
    signals,
    tested,
    worst_severity,
)
from blueprinter.compliance.attested import AttestedPart, attested_part
from blueprinter.compliance.codes import CODES
from blueprinter.compliance.estate import Estate, ExpandedTemplate, JoinedEstate, TemplateEstate
from blueprinter.compliance.evaluate import EvaluateOptions, evaluate
from blueprinter.compliance.figures import Figures, figures
from blueprinter.compliance.inherited import InheritedPart, inherited_part
from blueprinter.compliance.inventory import Inventory, read_inventories
from blueprinter.compliance.judge import Reach, judge
from blueprinter.compliance.manifest import Manifest, manifest_of, read_manifest
from blueprinter.compliance.model import (
    Attested,
    ControlResult,
    ControlState,
    ExemptionUse,
    Finding,
    Form,
    Fraction,
    Inherited,
    LinkOutcome,
    LinkResult,
    Pair,
    Population,
    Recorder,
    Run,
    ScopeCoverage,
    StateSource,
    Tested,
)
from blueprinter.compliance.offline import OfflineSource
from blueprinter.compliance.threshold import ExitCode, FailOn, count_gaps, exit_code
from blueprinter.policy import PolicySeverity

__all__ = [
    "CODES",
    "Attested",
    "AttestedPart",
    "ControlResult",
    "ControlState",
    "Declared",
    "Estate",
    "EvaluateOptions",
    "ExemptionUse",
    "ExitCode",
    "ExpandedTemplate",
    "FailOn",
    "Figures",
    "Finding",
    "Form",
    "Fraction",
    "Inherited",
    "InheritedPart",
    "Inventory",
    "JoinedEstate",
    "LinkOutcome",
    "LinkResult",
    "Manifest",
    "OfflineSource",
    "Pair",
    "Part",
    "PolicySeverity",
    "Population",
    "Reach",
    "Recorder",
    "Run",
    "ScopeCoverage",
    "StateSource",
    "Tally",
    "TemplateEstate",
    "Tested",
    "Verdict",
    "attested_part",
    "control_state",
    "count_gaps",
    "declared",
    "evaluate",
    "exit_code",
    "figures",
    "inherited_part",
    "judge",
    "link_outcome",
    "manifest_of",
    "read_inventories",
    "read_manifest",
    "signals",
    "tested",
    "worst_severity",
]
