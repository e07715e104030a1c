"""Microsoft.Authorization, its policy part: the routes of definitions, initiatives, assignments and exemptions."""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.sandbox.model import Call, Provider, Refusal, Response, Route
from blueprinter.sandbox.providers.policy_assignments import (
    delete_assignment,
    get_assignment,
    list_assignments,
    patch_assignment,
    put_assignment,
)
from blueprinter.sandbox.providers.policy_definitions import (
    delete_definition,
    delete_version,
    get_definition,
    get_version,
    list_all_versions,
    list_definitions,
    list_versions,
    put_definition,
    put_version,
)
from blueprinter.sandbox.providers.policy_exemptions import (
    delete_exemption,
    get_exemption,
    list_exemptions,
    patch_exemption,
    put_exemption,
)

_AT = "{scope*}/providers/Microsoft.Authorization"


def _definition_routes() -> Iterator[Route]:
    for kind, all_versions in (
        ("policyDefinitions", "listPolicyDefinitionVersions"),
        ("policySetDefinitions", "listPolicySetDefinitionVersions"),
    ):
        one = f"{_AT}/{kind}/{{name}}"
        yield Route("GET", f"{_AT}/{kind}", list_definitions)
        yield Route("GET", one, get_definition)
        yield Route("PUT", one, put_definition)
        yield Route("DELETE", one, delete_definition)
        yield Route("GET", f"{one}/versions", list_versions)
        yield Route("GET", f"{one}/versions/{{version}}", get_version)
        yield Route("PUT", f"{one}/versions/{{version}}", put_version)
        yield Route("DELETE", f"{one}/versions/{{version}}", delete_version)
        yield Route("POST", f"{_AT}/{all_versions}", list_all_versions)


def _list_manifests(call: Call) -> Response:
    """The data-plane modes; none is evaluated here."""
    return Response.of({"value": []})


def _get_manifest(call: Call) -> Response:
    mode = call.values["mode"]
    raise Refusal(
        404,
        "DataPolicyManifestNotFound",
        f"The data policy manifest of the mode '{mode}' could not be found.",
    )


ROUTES: tuple[Route, ...] = (
    *_definition_routes(),
    Route("GET", f"{_AT}/policyAssignments", list_assignments),
    Route("GET", f"{_AT}/policyAssignments/{{name}}", get_assignment),
    Route("PUT", f"{_AT}/policyAssignments/{{name}}", put_assignment),
    Route("PATCH", f"{_AT}/policyAssignments/{{name}}", patch_assignment),
    Route("DELETE", f"{_AT}/policyAssignments/{{name}}", delete_assignment),
    Route("GET", f"{_AT}/policyExemptions", list_exemptions),
    Route("GET", f"{_AT}/policyExemptions/{{name}}", get_exemption),
    Route("PUT", f"{_AT}/policyExemptions/{{name}}", put_exemption),
    Route("PATCH", f"{_AT}/policyExemptions/{{name}}", patch_exemption),
    Route("DELETE", f"{_AT}/policyExemptions/{{name}}", delete_exemption),
    Route("GET", "/providers/Microsoft.Authorization/dataPolicyManifests", _list_manifests),
    Route("GET", "/providers/Microsoft.Authorization/dataPolicyManifests/{mode}", _get_manifest),
)

PROVIDER = Provider("Microsoft.Authorization", ROUTES)
