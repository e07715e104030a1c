"""What Azure says of why, read: the one comparison that tells most, and no value that may be a secret."""

from __future__ import annotations

from typing import Any

import pytest

from blueprinter.compliance import Reason, read_reason, without_secrets
from blueprinter.compliance.live_details import HIDDEN


def compared(
    result: bool, name: str, operator: str, target: Any, value: Any, path: str = ""
) -> dict[str, Any]:
    found = {"result": str(result), "expressionKind": "Field", "expression": name, "operator": operator,
             "targetValue": target, "expressionValue": value}  # fmt: skip
    return found | ({"path": path} if path else {})


TYPE = compared(
    True, "type", "Equals", "Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts", "type"
)
HTTPS = "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly"


def reason(*rows: dict[str, Any], **more: Any) -> Reason | None:
    return read_reason({"evaluatedExpressions": list(rows), **more})


@pytest.mark.parametrize(
    ("row", "expected", "actual"),
    [
        (compared(True, HTTPS, "NotEquals", True, False), "true", "false"),
        (compared(True, HTTPS, "Equals", False, False), "not false", "false"),
        (compared(True, "Microsoft.Storage/storageAccounts/minimumTlsVersion", "NotIn", ["TLS1_2", "TLS1_3"], "TLS1_0"),
         "one of TLS1_2, TLS1_3", "TLS1_0"),
        (compared(True, HTTPS, "Exists", "false", None), "present", "absent"),
        (compared(True, HTTPS, "NotEquals", True, None), "true", "absent"),
    ],
)  # fmt: skip
def test_a_condition_that_holds_is_what_is_wrong(row: dict[str, Any], expected: str, actual: str) -> None:
    path = {**row, "path": "properties.x"}
    assert reason(TYPE, path) == Reason("properties.x", expected, actual)
    assert reason(path, TYPE) == Reason("properties.x", expected, actual)


def test_a_condition_below_a_not_is_what_does_not_hold() -> None:
    row = compared(False, HTTPS, "Equals", True, False, "properties.supportsHttpsTrafficOnly")
    assert reason(TYPE, row) == Reason("properties.supportsHttpsTrafficOnly", "true", "false")


def test_how_many_were_counted_is_said_where_azure_says_it() -> None:
    rules = "Microsoft.Network/networkSecurityGroups/securityRules[*]"
    row = compared(True, rules, "Greater", 0, 2) | {"expressionKind": "Count"}
    assert reason(TYPE, row) == Reason(rules, "at most 0", "2")
    assert reason(TYPE, row | {"expressionValue": None}) is None


def test_related_resources() -> None:
    setting = compared(
        False,
        "Microsoft.Sql/servers/auditingSettings/state",
        "Equals",
        "Enabled",
        "Disabled",
        "properties.state",
    )
    met = compared(True, "Microsoft.Sql/servers/auditingSettings/x", "Equals", 1, 1, "properties.x")
    found = reason(TYPE, setting, met, ifNotExistsDetails={"totalResources": 1, "resourceId": "/x"})
    assert found == Reason("properties.state", "Enabled", "Disabled")
    assert reason(TYPE, ifNotExistsDetails={"totalResources": 0}) == Reason(
        "", "a related resource that complies", "none exists"
    )


SECRETS = ("adminPassword", "connectionString", "primaryKey", "sasToken", "clientSecret", "siteConfig.apiKey")


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("operator", ["Equals", "NotEquals", "Like", "In"])
def test_no_value_that_may_be_a_secret(name: str, operator: str) -> None:
    row = compared(True, f"Microsoft.Web/sites/{name}", operator, "hunter2", "hunter2", f"properties.{name}")
    found = reason(TYPE, row)
    assert found is not None
    assert "hunter2" not in repr(found)
    assert found.actual == HIDDEN
    assert "hunter2" not in repr(without_secrets({"evaluatedExpressions": [row]}))
    kept = read_reason(without_secrets({"evaluatedExpressions": [TYPE, row]}))
    assert kept == found  # what a bundle keeps gives the same


def test_whether_a_secret_is_there_is_said() -> None:
    row = compared(
        True, "Microsoft.Web/sites/adminPassword", "Exists", True, "hunter2", "properties.adminPassword"
    )
    found = reason(TYPE, row)
    assert found == Reason("properties.adminPassword", "absent", HIDDEN)


def test_other_values_stay() -> None:
    details = {"evaluatedExpressions": [compared(True, HTTPS, "NotEquals", True, "no")]}
    assert without_secrets(details) == details


@pytest.mark.parametrize(
    "details",
    [None, [], "x", {}, {"evaluatedExpressions": None}, {"evaluatedExpressions": ["x", 1]},
     {"evaluatedExpressions": [{}]}, {"evaluatedExpressions": [TYPE]}, {"ifNotExistsDetails": {}},
     {"evaluatedExpressions": [compared(True, HTTPS, "Resembles", 1, 2)]}],
)  # fmt: skip
def test_what_tells_nothing_gives_no_reason(details: Any) -> None:
    assert read_reason(details) is None


def test_values_are_of_a_length_that_people_read() -> None:
    found = reason(compared(True, HTTPS, "Equals", "x" * 5000, "x" * 5000, "properties." + "y" * 5000))
    assert found is not None
    assert max(map(len, (found.path, found.expected, found.actual))) == 300
