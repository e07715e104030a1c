"""The template part of `make bench`: what expansion costs over reading the same files as JSON.

The corpus is the published templates that may stand beside the checkout, else those of the example estate. Times are
ratios to `json.loads` in rounds that run in turn; memory is the peak that Python allocates for one template, from
its text to its printed resources.
"""

from __future__ import annotations

import json
import re
import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from blueprinter.arm import DeploymentContext, expand, expand_to_json
from blueprinter.content import shipped
from blueprinter.document import parse

ROUNDS = 3
COPIES = (100, 200, 400, 800)
SHARED = Path(__file__).parents[3] / "shared" / "data" / "arm-templates"
CONTEXT = DeploymentContext(
    subscription_id="00000000-0000-0000-0000-000000000000",
    resource_group="rg",
    location="westeurope",
    utc_now="2026-11-20T06:00:00Z",
)


@dataclass(frozen=True)
class Case:
    """A template with the values for its parameters, as text."""

    name: str
    template: str
    parameters: str | None


def corpus() -> tuple[str, list[Case]]:
    """What the templates are, and the templates."""
    modules = sorted((SHARED / "verified-modules").glob("*.json"))
    quickstarts = sorted((SHARED / "quickstart").glob("*/azuredeploy.json"))
    if modules and quickstarts:
        found = [Case(file.stem, file.read_text("utf-8-sig"), None) for file in modules]
        for file in quickstarts:
            values = file.with_name("azuredeploy.parameters.json").read_text("utf-8-sig")
            filled = re.sub(r"GEN-UNIQUE(?:-(\d+))?", lambda match: "u" * int(match[1] or 8), values)
            found.append(Case(file.parent.name, file.read_text("utf-8-sig"), filled))
        return "verified modules and quickstart templates", found
    folder = shipped("examples") / "contoso" / "templates"
    return "example templates", [
        Case(file.stem, file.read_text(), file.with_suffix(".parameters.json").read_text())
        for file in sorted(folder.glob("*.json"))
        if not file.stem.endswith(".parameters")
    ]


def read(cases: Sequence[Case]) -> None:
    for case in cases:
        json.loads(case.template)


def expanded(cases: Sequence[Case]) -> int:
    """How many resources the templates make."""
    return sum(len(one(case)) for case in cases)


def one(case: Case) -> list[object]:
    values = parse(case.parameters, "parameters.json") if case.parameters is not None else None
    found = expand(parse(case.template, f"{case.name}.json"), parameter_document=values, context=CONTEXT)
    resources = expand_to_json(found)["resources"]
    assert isinstance(resources, list)
    return resources


def peak(case: Case) -> int:
    """The most bytes that are allocated at one time."""
    tracemalloc.start()
    try:
        one(case)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def copies(count: int) -> Case:
    """A template that makes so many copies of a resource of common size."""
    resource = {
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2023-01-01",
        "name": "[concat('st', uniqueString(resourceGroup().id), copyIndex())]",
        "location": "[resourceGroup().location]",
        "copy": {"name": "loop", "count": count},
        "tags": {"number": "[string(copyIndex(1))]", "owner": "[variables('owner')]"},
        "properties": {
            "copy": [{"name": "rules", "count": 3, "input": {"value": "[copyIndex('rules', copyIndex())]"}}],
            "supportsHttpsTrafficOnly": True,
        },
    }
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    whole = {
        "$schema": schema,
        "contentVersion": "1.0.0.0",
        "variables": {"owner": "[toLower('Platform')]"},
        "resources": [resource],
    }
    return Case(f"{count} copies", json.dumps(whole), None)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    kind, cases = corpus()
    strict = [case for case in cases if _is_strict(case.template)]
    floors, times = [], []
    made = 0
    for _ in range(ROUNDS):
        floors.append(seconds(lambda: read(strict)))
        started = time.perf_counter()
        made = expanded(cases)
        times.append(time.perf_counter() - started)
    size = sum(len(case.template) for case in cases)
    ratio = statistics.median(own / floor for own, floor in zip(times, floors, strict=True))
    taken = statistics.median(times)
    print(f"\n{len(cases)} {kind}, {size / 1e6:.1f} MB, {made:,} resources, {ROUNDS} rounds")
    print(f"{'read, expand and print':<28}{ratio:7.2f} x json.loads   ({taken:.3f} s)")
    print(f"{len(cases) / taken:,.0f} templates a second")
    peaks = {case.name: peak(case) for case in cases}
    worst = max(peaks, key=lambda name: peaks[name])
    print(f"most memory: {peaks[worst] / 2**20:.1f} MB for `{worst}`")
    line = []
    base = 0.0
    for count in COPIES:
        case = copies(count)
        each = min(seconds(lambda case=case: one(case)) for _ in range(5)) / count  # type: ignore[misc]  # bound now
        base = base or each
        line.append(f"{count}: {each * 1e6:.0f} µs ({each / base:.2f})")
    print(f"time a copy: {', '.join(line)}")


def _is_strict(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False  # comments, which only our reader takes
    return True


if __name__ == "__main__":
    main()
