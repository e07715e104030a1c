"""The template artifacts that controls link, looked at in Azure for a live run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from blueprinter.azure import ArmClient
from blueprinter.blueprint import LinkTarget, ResolvedBlueprint
from blueprinter.cli.deployment import Wish, targets_of
from blueprinter.cli.workspace import Workspace
from blueprinter.deploy import AssignOptions, Target, artifacts_in_azure


class ArtifactsInAzure(Struct, frozen=True):
    """Says how artifacts stand on every scope of an assignment."""

    wish: Wish
    arm: ArmClient
    workspace: Workspace

    def __call__(self, resolved: ResolvedBlueprint) -> Mapping[str, str]:
        """Artifact -> empty when it stands everywhere as it was assigned, else what is wrong and where. Asks nothing
        where no control links an artifact. Raises `InvalidInput` and `AzureError`."""
        linked = linked_artifacts(resolved)
        if not linked:
            return {}
        targets, _ = targets_of(self.wish, self.arm, self.workspace)
        return stand_of(linked, targets, self.arm, self.wish.now)


def linked_artifacts(resolved: ResolvedBlueprint) -> tuple[str, ...]:
    """The artifacts that controls link, each once."""
    return tuple(sorted({one.test for one in resolved.links if one.target is LinkTarget.ARTIFACT}))


def stand_of(
    names: Sequence[str], targets: Sequence[Target], arm: ArmClient, now: datetime
) -> Mapping[str, str]:
    """Artifact -> empty when it stands on every target as it was assigned, else what is wrong, and where first."""
    if not targets:
        return dict.fromkeys(names, "not assigned")
    wrong = dict.fromkeys(names, "")
    for target in targets:
        for name, why in artifacts_in_azure(arm, target, AssignOptions(now=now), names).items():
            if why and not wrong[name]:
                wrong[name] = f"{why} in {target.scope}" if len(targets) > 1 else why
    return wrong
