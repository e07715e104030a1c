"""Resource ids, clouds and locations."""

from __future__ import annotations

import pytest

from blueprinter.arm import (
    CLOUDS,
    ResourceId,
    child_of,
    extended_by,
    id_within,
    normal_location,
    parse_id,
    same_location,
    scope_of,
)

GROUP = "/subscriptions/s1/resourceGroups/g1"
SERVER = f"{GROUP}/providers/Microsoft.Sql/servers/srv"


@pytest.mark.parametrize(
    ("id", "expected"),
    [
        ("/subscriptions/s1", ResourceId("s1", "", "", "Microsoft.Resources/subscriptions", "s1", "")),
        (
            "/subscriptions/s1/resourcegroups/G1/",
            ResourceId("s1", "G1", "", "Microsoft.Resources/resourceGroups", "G1", "/subscriptions/s1"),
        ),
        (SERVER, ResourceId("s1", "g1", "", "Microsoft.Sql/servers", "srv", GROUP)),
        (
            f"{SERVER}/databases/db",
            ResourceId("s1", "g1", "", "Microsoft.Sql/servers/databases", "srv/db", SERVER),
        ),
        (
            f"{SERVER}/providers/Microsoft.Insights/diagnosticSettings/d",
            ResourceId("s1", "g1", "", "Microsoft.Insights/diagnosticSettings", "d", SERVER),
        ),
        (
            "/subscriptions/s1/providers/Microsoft.Authorization/policyAssignments/p",
            ResourceId("s1", "", "", "Microsoft.Authorization/policyAssignments", "p", "/subscriptions/s1"),
        ),
        (
            "/providers/Microsoft.Management/managementGroups/mg",
            ResourceId("", "", "mg", "Microsoft.Management/managementGroups", "mg", ""),
        ),
        (
            "/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.Authorization/policyDefinitions/d",
            ResourceId(
                "",
                "",
                "mg",
                "Microsoft.Authorization/policyDefinitions",
                "d",
                "/providers/Microsoft.Management/managementGroups/mg",
            ),
        ),
        (
            "/providers/Microsoft.Authorization/policyDefinitions/d",
            ResourceId("", "", "", "Microsoft.Authorization/policyDefinitions", "d", ""),
        ),
    ],
)
def test_parse_id(id: str, expected: ResourceId) -> None:
    assert parse_id(id) == expected


@pytest.mark.parametrize(
    "id",
    [
        "",
        "/",
        "name",
        "/subscriptions",
        "/subscriptions/s1/resourceGroups",
        "/subscriptions/s1//providers/A.B/c/n",
        f"{GROUP}/providers/Microsoft.Sql",
        f"{GROUP}/providers/Microsoft.Sql/servers",
        f"{SERVER}/databases",
        "/subscriptions/s1/other/x",
    ],
)
def test_what_is_no_id(id: str) -> None:
    assert parse_id(id) is None


@pytest.mark.parametrize(
    ("id", "scope", "expected"),
    [
        (SERVER, GROUP, True),
        (SERVER.upper(), GROUP.lower() + "/", True),
        (GROUP, GROUP, True),
        (f"{GROUP}1/providers/A.B/c/n", GROUP, False),
        (GROUP, SERVER, False),
        (SERVER, "/", True),
        (SERVER, "", True),
        (SERVER, "/subscriptions/s", False),
    ],
)
def test_id_within(id: str, scope: str, expected: bool) -> None:
    assert id_within(id, scope) is expected


def test_scope_of() -> None:
    assert scope_of(f"{SERVER}/databases/db") == GROUP
    assert scope_of("/subscriptions/s1/providers/A.B/c/n") == "/subscriptions/s1"
    mg = "/providers/Microsoft.Management/managementGroups/mg"
    assert scope_of(f"{mg}/providers/A.B/c/n") == mg
    assert scope_of("/providers/A.B/c/n") == ""
    assert scope_of("nothing") == ""


def test_child_of() -> None:
    assert child_of(f"{SERVER}/databases/db", SERVER.upper())
    assert not child_of(f"{SERVER}/databases/db/x/y", SERVER)
    assert not child_of(SERVER, SERVER)


@pytest.mark.parametrize(
    ("id", "owner"),
    [
        (
            "/subscriptions/s/resourceGroups/g/providers/A.B/c/d/providers/E.F/g/h",
            "/subscriptions/s/resourceGroups/g/providers/A.B/c/d",
        ),
        (
            "/subscriptions/s/resourceGroups/g/providers/A.B/c/d/e/f/PROVIDERS/E.F/g/h/i/j",
            "/subscriptions/s/resourceGroups/g/providers/A.B/c/d/e/f",
        ),
        ("/subscriptions/s/providers/A.B/c/d/providers/E.F/g/h", "/subscriptions/s/providers/A.B/c/d"),
        ("/subscriptions/s/resourceGroups/g/providers/A.B/c/d", ""),
        ("/subscriptions/s/providers/A.B/c/d", ""),
        ("/providers/Microsoft.Management/managementGroups/m/providers/A.B/c/d", ""),
        ("/providers/A.B/c/d", ""),
        (
            "/subscriptions/s/resourceGroups/Straße/providers/A.B/c/d/providers/E.F/g/h",
            "/subscriptions/s/resourceGroups/Straße/providers/A.B/c/d",
        ),
        ("/subscriptions/s", ""),
        ("nothing/providers/A.B/c/d", ""),
        ("", ""),
    ],
)
def test_extended_by(id: str, owner: str) -> None:
    assert extended_by(id) == owner


def test_locations() -> None:
    assert normal_location("East US 2") == "eastus2"
    assert same_location("West Europe", "westeurope")
    assert not same_location("East US", "East US 2")


def test_clouds() -> None:
    assert [row.name for row in CLOUDS if row.retired] == ["AzureGermanCloud"]
    for row in CLOUDS:
        environment = row.environment()
        assert environment["name"] == row.name
        assert str(environment["resourceManager"]).startswith("https://management.")
        suffixes = environment["suffixes"]
        assert isinstance(suffixes, dict)
        assert {"storage", "keyvaultDns", "sqlServerHostname"} <= suffixes.keys()
