"""Facts of Azure's built-in definitions."""

from __future__ import annotations

from blueprinter.blueprint.schemas.forms import Closed, Day, Named


class BuiltinRow(Closed):
    """One built-in. What is not stated is not known; `parameters` that are not stated are not checked."""

    display_name: Named
    version: Named
    category: str = ""
    mode: str = ""
    deprecated: bool
    preview: bool = False
    default_effect: str = ""
    effects: list[str] = []
    parameters: list[str] = []
    required_parameters: list[str] = []
    role_definition_ids: list[str] = []
    clouds: list[str] = []
    groups: int = 0
    members: int = 0
    needs_identity: bool = False


class BuiltinFactsFile(Closed):
    """`policies/builtin-facts.json`: what is known of Azure's built-in definitions without asking Azure."""

    as_of: Day
    source: Named
    definitions: dict[str, BuiltinRow]
    initiatives: dict[str, BuiltinRow]
