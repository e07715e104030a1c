"""What Azure has and the sandbox does not: one table, which is also the answer.

Whoever asks is told so with a code of its own, since a 404 would read as "there is none of these".
"""

from __future__ import annotations

from msgspec import Struct

from blueprinter.sandbox.model import Call, Handler, Provider, Refusal, Response, Route

CODE = "NotSupportedBySandbox"


class Unsupported(Struct, frozen=True):
    """An operation of Azure that is not played."""

    method: str
    pattern: str
    """As `Route` has it."""
    reason: str


_AUTHORIZATION = "{scope*}/providers/Microsoft.Authorization"


def _object(pattern: str, reason: str, *methods: str) -> tuple[Unsupported, ...]:
    """One kind of object: its list, and what is done with one of them."""
    return (
        Unsupported("GET", pattern.rpartition("/")[0], reason),
        *(Unsupported(method, pattern, reason) for method in methods or ("GET", "PUT", "PATCH", "DELETE")),
    )


UNSUPPORTED: tuple[Unsupported, ...] = (
    *_object(f"{_AUTHORIZATION}/policyEnrollments/{{name}}", "policy enrollments are a preview"),
    *_object(f"{_AUTHORIZATION}/variables/{{name}}", "variables of policies are a preview"),
    *_object(f"{_AUTHORIZATION}/variables/{{name}}/values/{{value}}", "variables of policies are a preview"),
    Unsupported(
        "POST",
        f"{_AUTHORIZATION}/acquirePolicyToken",
        "tokens of policies that ask an external endpoint are not issued",
    ),
    Unsupported(
        "GET",
        "/providers/Microsoft.Authorization/providerOperations",
        "the actions of resource providers are not known; nothing here is decided by roles",
    ),
    Unsupported(
        "GET",
        "/providers/Microsoft.Authorization/providerOperations/{namespace}",
        "the actions of resource providers are not known; nothing here is decided by roles",
    ),
    Unsupported(
        "GET",
        "/subscriptions/{subscription}/providers/{namespace}/providerPermissions",
        "the service principals of resource providers are not known",
    ),
    Unsupported(
        "POST",
        "/subscriptions/{subscription}/providers/Microsoft.Resources/checkZonePeers",
        "there are no availability zones",
    ),
    *(
        Unsupported("GET", f"{_AUTHORIZATION}/{kind}", "privileged identity management is not played")
        for kind in (
            "roleAssignmentScheduleInstances",
            "roleAssignmentSchedules",
            "roleEligibilityScheduleInstances",
            "roleEligibilitySchedules",
            "roleManagementPolicies",
            "roleManagementPolicyAssignments",
        )
    ),
)
"""Routes, each with why."""


def _refuser(row: Unsupported) -> Handler:
    def refuse(call: Call) -> Response:
        raise Refusal(
            400,
            CODE,
            f"The sandbox does not have '{row.method} {call.id}': {row.reason}.",
            target=row.pattern,
        )

    return refuse


PROVIDER = Provider("", routes=tuple(Route(row.method, row.pattern, _refuser(row)) for row in UNSUPPORTED))
