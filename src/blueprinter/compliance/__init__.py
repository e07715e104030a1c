"""From policy states and registers to control results: populations, the algorithm, the run."""

from blueprinter.compliance.agreement import Agreement, Disagreement, StateBook, compare_states
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
from blueprinter.compliance.comparing import Snapshot, compare, new_failures, snapshot
from blueprinter.compliance.estate import Estate, ExpandedTemplate, JoinedEstate, TemplateEstate
from blueprinter.compliance.evaluate import EvaluateOptions, evaluate
from blueprinter.compliance.figures import Figures, figures
from blueprinter.compliance.history import DEFAULT_FILE, History, SavedRun
from blueprinter.compliance.inherited import InheritedPart, inherited_part
from blueprinter.compliance.inventory import Inventory, read_inventories
from blueprinter.compliance.judge import Reach, judge
from blueprinter.compliance.live import Asked, LiveSource, Standing, StateReader
from blueprinter.compliance.live_estate import LiveEstate, Scopes, read_scopes, subscriptions_of_group
from blueprinter.compliance.live_exemptions import ExemptionsInAzure, read_exemptions
from blueprinter.compliance.live_requests import side_by_side
from blueprinter.compliance.live_standing import read_standing
from blueprinter.compliance.manifest import Manifest, manifest_of, read_manifest
from blueprinter.compliance.model import (
    AttestationUse,
    Attested,
    CertificateUse,
    Change,
    Comparison,
    ConformanceFigure,
    ControlChange,
    ControlResult,
    ControlState,
    ExemptionUse,
    Finding,
    FindingChange,
    Form,
    Fraction,
    Inherited,
    LinkOutcome,
    LinkResult,
    Pair,
    Population,
    Recorder,
    ResourceFacts,
    Run,
    ScopeCoverage,
    Statement,
    StateSource,
    Tested,
    TrendPoint,
)
from blueprinter.compliance.offerings import service_name
from blueprinter.compliance.offline import OfflineSource
from blueprinter.compliance.outcomes import LIVE_ONLY, Silence
from blueprinter.compliance.policyinsights import PolicyInsights
from blueprinter.compliance.resourcegraph import ResourceGraph, ask_graph
from blueprinter.compliance.threshold import ExitCode, FailOn, count_gaps, exit_code
from blueprinter.compliance.triggering import SETTLED, trigger
from blueprinter.policy import PolicySeverity

__all__ = [
    "CODES",
    "DEFAULT_FILE",
    "LIVE_ONLY",
    "SETTLED",
    "Agreement",
    "Asked",
    "AttestationUse",
    "Attested",
    "AttestedPart",
    "CertificateUse",
    "Change",
    "Comparison",
    "ConformanceFigure",
    "ControlChange",
    "ControlResult",
    "ControlState",
    "Declared",
    "Disagreement",
    "Estate",
    "EvaluateOptions",
    "ExemptionUse",
    "ExemptionsInAzure",
    "ExitCode",
    "ExpandedTemplate",
    "FailOn",
    "Figures",
    "Finding",
    "FindingChange",
    "Form",
    "Fraction",
    "History",
    "Inherited",
    "InheritedPart",
    "Inventory",
    "JoinedEstate",
    "LinkOutcome",
    "LinkResult",
    "LiveEstate",
    "LiveSource",
    "Manifest",
    "OfflineSource",
    "Pair",
    "Part",
    "PolicyInsights",
    "PolicySeverity",
    "Population",
    "Reach",
    "Recorder",
    "ResourceFacts",
    "ResourceGraph",
    "Run",
    "SavedRun",
    "ScopeCoverage",
    "Scopes",
    "Silence",
    "Snapshot",
    "Standing",
    "StateBook",
    "StateReader",
    "StateSource",
    "Statement",
    "Tally",
    "TemplateEstate",
    "Tested",
    "TrendPoint",
    "Verdict",
    "ask_graph",
    "attested_part",
    "compare",
    "compare_states",
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
    "new_failures",
    "read_exemptions",
    "read_inventories",
    "read_manifest",
    "read_scopes",
    "read_standing",
    "service_name",
    "side_by_side",
    "signals",
    "snapshot",
    "subscriptions_of_group",
    "tested",
    "trigger",
    "worst_severity",
]
