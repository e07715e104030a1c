"""Every function by its documented behaviour: the cases stand in `cases/<category>.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from blueprinter.arm import ExpressionError, Language, Value, evaluate, evaluate_request
from blueprinter.document import load

CASES = Path(__file__).parent / "cases"
SPECIAL = {"policy": Language.POLICY, "blueprint": Language.BLUEPRINT}


def cases(*stems: str) -> list[Any]:
    return [case for stem in stems for case in cases_of(stem)]


def cases_of(stem: str) -> Iterator[Any]:
    value: Any = load(CASES / f"{stem}.yaml").value
    for number, case in enumerate(value["cases"], 1):
        yield pytest.param(case, id=f"{stem}-{number}-{case['expression']}")


def template_stems() -> list[str]:
    return sorted(path.stem for path in CASES.glob("*.yaml") if path.stem not in SPECIAL)


def strictly_equal(left: Any, right: Any) -> bool:
    """Equal with types: `1` is neither `true` nor `1.0`."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(strictly_equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(strictly_equal, left, right))
    return type(left) is type(right) and bool(left == right)


def check(case: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    if "error" in case:
        assert case["error"] in answer.get("error", f"no error but {answer}")
    else:
        assert "value" in answer, answer
        assert strictly_equal(answer["value"], case["value"]), answer["value"]


@pytest.mark.parametrize("case", cases(*template_stems()))
def test_template_function(case: Mapping[str, Any]) -> None:
    check(case, evaluate_request({key: case[key] for key in case if key not in {"value", "error"}}))


class Resource:
    """A `PolicyContext` of a resource that has a location and a tag."""

    def parameter(self, name: str) -> Value:
        raise ExpressionError(f"no parameter `{name}`")

    def field(self, name: str) -> Value:
        return {"location": "eastus", "tags": {"Owner": "me"}}.get(name, "")  # type: ignore[return-value]  # both are values

    def current(self, name: str | None) -> Value:
        return f"{name or 'innermost'} now"

    def policy(self) -> Mapping[str, Value]:
        return {"assignmentId": "/assignment"}

    def request_context(self) -> Mapping[str, Value]:
        return {"apiVersion": "2024-05-01"}

    def spend(self, work: int) -> None:
        pass

    def resource_group(self) -> Mapping[str, Value]:
        return {"name": "rg-one", "location": "eastus", "tags": {"env": "prod"}}

    def subscription(self) -> Mapping[str, Value]:
        return {"subscriptionId": "0001"}

    def utc_now(self) -> str:
        return "2026-01-02T03:04:05.0000000Z"


class Blueprint:
    """A `BlueprintContext` with a few parameters and one artifact."""

    def parameter(self, name: str) -> Value:
        known: dict[str, Value] = {
            "[Usergrouporapplicationname]:Reader_RoleAssignmentName": "readers",
            "size": 3,
            "name": "contoso",
            "list": ["a"],
        }
        return known[name]

    def artifact(self, name: str) -> Value:
        assert name == "net"
        return {"outputs": {"name": "hub", "subnets": [{"id": "one"}, {"id": "two"}]}}

    def resource_group(self) -> Mapping[str, Value]:
        return {"name": "own", "location": "westeurope"}

    def resource_group_of(self, placeholder: str) -> Mapping[str, Value]:
        return {"name": f"{placeholder}-rg", "location": "westeurope"}

    def subscription(self) -> Mapping[str, Value]:
        return {"id": "/subscriptions/0002", "subscriptionId": "0002"}


@pytest.mark.parametrize("case", cases("policy", "blueprint"))
def test_function_of_policies_and_blueprints(case: Mapping[str, Any], request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.id.partition("-")[0]
    context = Resource() if name == "policy" else Blueprint()
    try:
        answer = {"value": evaluate(case["expression"], SPECIAL[name], context)}
    except ExpressionError as found:
        answer = {"error": found.message}
    check(case, answer)
