"""Many resources under many policies: the evaluation is whole, whatever its size."""

from __future__ import annotations

import pytest

from blueprinter.sandbox.acting.states import scan
from unit.sandbox.policy_box import SUBSCRIPTION, policy_box, storage_id, storage_rule

RESOURCES = 10_000
POLICIES = 30


@pytest.mark.soak
def test_ten_thousand_resources_under_thirty_policies() -> None:
    with policy_box(scan_delay=10.0**9) as box:
        group = box.group()
        for number in range(POLICIES):
            box.assign(f"p{number}", box.define(f"p{number}", storage_rule("audit")))
        with box.sandbox.open_box() as inside:
            for number in range(RESOURCES):
                id = storage_id(f"a{number}", group)
                properties = {"supportsHttpsTrafficOnly": number % 4 == 0}
                body = {"id": id, "name": f"a{number}", "location": "westeurope", "properties": properties}
                inside.store.put(id, "Microsoft.Storage/storageAccounts", body)
            assert scan(inside, SUBSCRIPTION) == RESOURCES * POLICIES
        apply = "groupby((ComplianceState), aggregate($count as N))"
        rows = box.states(apply=apply, orderby="ComplianceState")
        assert [(row["complianceState"], row["N"]) for row in rows] == [
            ("Compliant", RESOURCES * POLICIES // 4),
            ("NonCompliant", RESOURCES * POLICIES * 3 // 4),
        ]
