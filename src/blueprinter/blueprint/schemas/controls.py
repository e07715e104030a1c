"""Links from controls to tests, and standards as data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from blueprinter.blueprint.schemas.forms import Closed, Named


class LinkRow(Closed):
    """From a control to a test: exactly one of `policyDefinition`, `policyDefinitionId` and `artifact`."""

    policy_definition: str = ""
    policy_definition_id: str = ""
    artifact: str = ""
    strength: Literal["full", "partial", "indicative"]
    why: Named
    source: Literal["live"] | None = None
    equivalent: str = ""


class ControlsFile(Closed):
    """`controls.yaml` beside a blueprint: which test speaks to which control, and how much it says."""

    schema_: Annotated[Literal["blueprinter/controls/1"] | None, Field(alias="schema")] = None
    framework: Named
    mapped_by: Literal["Microsoft"] | None = None
    """Whose mapping this is, where it is not the author's own: its links are partial at most and shown as such."""
    controls: dict[str, list[LinkRow]]


class GroupRow(Closed):
    id: Named
    title: Named


class ControlRow(Closed):
    id: Named
    title: Named
    group: Named
    kind: Literal["control", "clause"]
    leaf: bool
    automation: Literal["technical", "partial", "inherited", "inherited-and-attested", "manual"]
    responsibility: Literal["customer", "provider", "shared"]
    reason: str = ""


class MappingRow(Closed):
    """A control of this framework (`from`) and its counterpart in another (`to`)."""

    framework: Named
    from_: Annotated[Named, Field(alias="from")]
    to: Named
    relation: Literal["equal", "merge", "split"]


class CountsRow(Closed):
    """What the file says of itself, so that a lost or doubled row is found."""

    controls: int = 0
    clauses: int = 0
    leaf_clauses: int | None = None
    groups: Annotated[dict[str, int], Field(description="leaves of each group")] = {}


class FrameworkFile(Closed):
    """`frameworks/<id>.yaml`: a standard as data, ids and short titles only."""

    schema_: Annotated[Literal["blueprinter/framework/1"] | None, Field(alias="schema")] = None
    id: Named
    title: Named
    edition: Named
    score: Annotated[Literal["none"] | None, Field(description="`none`: no score is computed")] = None
    exclusions: Annotated[
        Literal["none"] | None, Field(description="`none`: no requirement can be excluded")
    ] = None
    counts: CountsRow
    azure_group_prefixes: Annotated[
        dict[str, str],
        Field(
            description="prefix of an initiative's group names -> what replaces it to give an id of this file"
        ),
    ] = {}
    groups: list[GroupRow]
    controls: list[ControlRow]
    mappings: list[MappingRow] = []
