"""Microsoft.PolicyInsights: its routes, the work that it does over time, its tables."""

from __future__ import annotations

from blueprinter.sandbox.acting import deploying, events, remediation, states
from blueprinter.sandbox.model import Provider
from blueprinter.sandbox.providers import policy_remediations, policy_restrictions, policy_states

PROVIDER = Provider(
    "Microsoft.PolicyInsights",
    (*policy_states.ROUTES, *policy_remediations.ROUTES, *policy_restrictions.ROUTES),
    {
        states.KIND: states.scan_step,
        deploying.KIND: deploying.step,
        remediation.KIND: remediation.step,
    },
    (*states.SCHEMA, *events.SCHEMA, *remediation.SCHEMA),
    states.tick,
)
