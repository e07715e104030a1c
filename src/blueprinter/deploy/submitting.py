"""A stack or deployment is put, followed to its end, and put again where Azure was only behind.

The stack itself is the lock: while one deployment runs, another is refused, waits for it and then looks whose content
is there. Every put is the whole request, so putting it again after any fault leads to the same end.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct

from blueprinter.azure import ArmClient, AzureError, ErrorDetail
from blueprinter.casing import fold
from blueprinter.deploy.failures import DeployError
from blueprinter.deploy.model import DEPLOYMENTS, AssignOptions, Body, Tell
from blueprinter.deploy.wanted import content_of
from blueprinter.diagnostics import Diagnostic, Position, error
from blueprinter.document import Json

_BUSY = frozenset({"DeploymentStackInNonTerminalState", "DeploymentActive"})
_TERMINAL = frozenset({"succeeded", "failed", "canceled"})
_BEHIND = frozenset(
    {
        "PolicyDefinitionNotFound",
        "PolicySetDefinitionNotFound",
        "PrincipalNotFound",
        "InvalidCreatePolicyAssignmentRequest",
    }
)
"""Codes with which Azure refuses what it has not replicated yet: they pass by themselves.

All but that of principals are also the answer to a mistake, so they count only for definitions of ours."""
_SURE = "PrincipalNotFound"


class Submission(Struct, frozen=True, eq=False):
    """One stack or deployment as it is to be."""

    path: str
    api_version: str
    body: Body
    own_names: Collection[str] = ()
    """Names of definitions of ours."""

    @property
    def content(self) -> str:
        return content_of(self.body)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def state_of(live: Json) -> str:
    """The provisioning state of a stack or deployment, folded; empty where there is none."""
    properties = live.get("properties") if isinstance(live, dict) else None
    state = properties.get("provisioningState") if isinstance(properties, dict) else None
    return fold(state) if isinstance(state, str) else ""


def is_busy(live: Json) -> bool:
    """Whether work on a stack or deployment is under way."""
    return bool(state_of(live)) and state_of(live) not in _TERMINAL


def holds(live: Json, submission: Submission) -> bool:
    """Whether a stack or deployment is done and consists of what is to be."""
    return state_of(live) == "succeeded" and content_of(live) == submission.content


def submit(
    arm: ArmClient, submission: Submission, live: Json, options: AssignOptions, tell: Tell
) -> Mapping[str, Json]:
    """Puts a stack or deployment, and gives it as it is in the end. `live` is what was read of it before.

    Raises `AzureError` when it fails, `DeployError` (BP640) when somebody else's content is there in the end.
    """
    follower = _Follower(arm, submission, options, tell)
    if is_busy(live):
        tell(f"`{submission.name}` is being deployed already; waiting for the end of it")
        follower.attach()
        live = arm.find(submission.path, submission.api_version)
        if isinstance(live, dict) and holds(live, submission):
            return live
    pause = options.first_pause
    for attempt in range(1, options.submissions + 1):
        failure = follower.once()
        live = arm.find(submission.path, submission.api_version)
        if content_of(live) != submission.content:
            raise DeployError(overwritten(submission, live))
        if state_of(live) == "succeeded" and isinstance(live, dict):
            return live
        if failure is None:
            detail = ErrorDetail("", f"`{submission.name}` is `{state_of(live)}`")
            failure = AzureError("BP606", detail, method="PUT", url=submission.path)
        if attempt == options.submissions or not is_behind(failure, submission.own_names):
            raise failure
        tell(
            f"Azure has not replicated everything yet ({', '.join(_roots(failure))}); again in {pause:.0f} s"
        )
        options.sleep(pause)
        pause *= 2
    raise AssertionError("the last submission returns or raises")


def is_behind(failure: AzureError, own_names: Collection[str]) -> bool:
    """Whether nothing is wrong but that Azure has not replicated yet what was just made."""
    roots = failure.error.roots()
    return bool(roots) and all(
        one.code in _BEHIND
        and (one.code == _SURE or any(fold(name) in fold(one.message) for name in own_names))
        for one in roots
    )


def _roots(failure: AzureError) -> list[str]:
    return sorted({one.code for one in failure.error.roots() if one.code})


class _Follower(Struct):
    """Puts once and follows the work."""

    arm: ArmClient
    submission: Submission
    options: AssignOptions
    tell: Tell
    told: set[str] | None = None

    def once(self) -> AzureError | None:
        """One submission to its end: None, or why it failed. Raises `AzureError` where no work was begun."""
        submission = self.submission
        try:
            running = self.arm.start("PUT", submission.path, submission.api_version, body=submission.body)
            self.arm.wait(running, watch=lambda _: self._report())
        except AzureError as failed:
            if failed.row == "BP606":
                return failed
            if _BUSY.isdisjoint(failed.codes):
                raise
            self.tell(f"`{submission.name}` is being deployed already; waiting for the end of it")
            return self.attach()
        self._report()
        return None

    def attach(self) -> AzureError | None:
        """Waits for work that was begun before, by whomever."""
        try:
            running = self.arm.attach(self.submission.path, self.submission.api_version)
            self.arm.wait(running, watch=lambda _: self._report())
        except AzureError as failed:
            if failed.row == "BP606":
                return failed
            raise
        return None

    def _report(self) -> None:
        """Tells which resources are done since the last look. What cannot be read is not worth a failure."""
        if not self.options.progress:
            return
        told = self.told if self.told is not None else set()
        self.told = told
        try:
            live = self.arm.find(self.submission.path, self.submission.api_version)
            for line in _done(self.arm, live, self.submission.path):
                if line not in told:
                    told.add(line)
                    self.tell(line)
        except AzureError:
            return


def _done(arm: ArmClient, live: Json, path: str) -> list[str]:
    properties = live.get("properties") if isinstance(live, dict) else None
    deployment = properties.get("deploymentId") if isinstance(properties, dict) else None
    own = isinstance(live, dict) and "/deploymentstacks/" not in fold(path)
    id = path if own else deployment
    if not isinstance(id, str) or not id:
        return []
    lines: list[str] = []
    for row in arm.items(f"{id}/operations", "2024-03-01"):
        inner = row.get("properties")
        held = inner if isinstance(inner, dict) else {}
        target, state = held.get("targetResource"), held.get("provisioningState")
        if isinstance(target, dict) and state in ("Succeeded", "Failed"):
            short = str(target.get("id", "")).rpartition("/providers/")[2] or str(target.get("id", ""))
            name = str(target.get("resourceName", "")) if DEPLOYMENTS in short else short
            lines.append(f"  {'done  ' if state == 'Succeeded' else 'failed'} {name}")
    return lines


def overwritten(submission: Submission, live: Json) -> Diagnostic:
    """What is told where a stack or deployment holds something else than what was put."""
    tags = live.get("tags") if isinstance(live, dict) else None
    held = tags if isinstance(tags, dict) else {}
    data = live.get("systemData") if isinstance(live, dict) else None
    who = data.get("lastModifiedBy") if isinstance(data, dict) else None
    what = f"{held.get('blueprint', 'something else')} {held.get('blueprintVersion', '')}".strip()
    by = f" by `{who}`" if isinstance(who, str) and who else ""
    return error(
        "BP640",
        f"`{submission.name}` was overwritten{by}: it holds `{what}`, content {content_of(live)[:8] or 'not ours'}",
        Position(""),
        "`blueprinter status` shows what is there; assign again when it is clear who is right",
    )
