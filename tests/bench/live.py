"""`make bench-live`: how many requests a live run makes, beside looping over every policy state.

Requests are counts and no times: a stand-in in this process answers, with the pages that Azure has.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from contract.live_costs import SCOPES, STATES, loop, requests_of


def main() -> None:
    """Prints a table in Markdown."""
    print("| scopes | states | Resource Graph | Policy Insights | every state |")
    print("|---:|---:|---:|---:|---:|")
    for scopes in SCOPES:
        for states in STATES:
            if states // scopes < 100 * 2:
                continue  # fewer than a state of each kind for each policy
            graph = requests_of("resource-graph", scopes, states)
            insights = requests_of("policy-insights", scopes, states)
            print(f"| {scopes:,} | {states:,} | {graph:,} | {insights:,} | {loop(scopes, states):,} |")


if __name__ == "__main__":
    main()
