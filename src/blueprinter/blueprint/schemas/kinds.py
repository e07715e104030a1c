"""The table behind `blueprinter schema KIND`."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from pydantic import BaseModel

from blueprinter.blueprint.schemas.assignments import AdoptedFile, AssignmentFile
from blueprinter.blueprint.schemas.blueprints import ArtifactFile, BlueprintFile
from blueprinter.blueprint.schemas.builtins import BuiltinFactsFile
from blueprinter.blueprint.schemas.controls import ControlsFile, FrameworkFile
from blueprinter.blueprint.schemas.registers import AttestationsFile, ExemptionsFile, InheritedFile, SoaFile
from blueprinter.table import Table


def _without_titles(schema: Any) -> Any:
    """A schema without pydantic's generated titles, which only repeat the keys in another spelling."""
    if isinstance(schema, list):
        return [_without_titles(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_titles(part)
        for key, part in schema.items()
        if not (key == "title" and isinstance(part, str))
    }


class SchemaRow(Struct, frozen=True):
    """One kind of file: what `blueprinter schema KIND` prints."""

    name: str
    summary: str
    model: type[BaseModel]

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema (draft 2020-12) of the kind."""
        schema = _without_titles(self.model.model_json_schema(by_alias=True))
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"blueprinter/{self.name}/1",
            **schema,
            "title": f"blueprinter {self.name}",
        }


SCHEMAS: Table[SchemaRow] = Table(
    (
        SchemaRow("blueprint", "the definition of a blueprint", BlueprintFile),
        SchemaRow(
            "artifact", "a policy assignment, role assignment or template of a blueprint", ArtifactFile
        ),
        SchemaRow("controls", "links from controls to tests, beside a blueprint", ControlsFile),
        SchemaRow("framework", "a standard as data", FrameworkFile),
        SchemaRow("assignment", "a blueprint put on subscriptions", AssignmentFile),
        SchemaRow("adopted", "what of an assignment is in the live estate already", AdoptedFile),
        SchemaRow("exemptions", "register of accepted findings", ExemptionsFile),
        SchemaRow("attestations", "register of what people found", AttestationsFile),
        SchemaRow("soa", "Statement of Applicability", SoaFile),
        SchemaRow("inherited", "register of the provider's certificates and reports", InheritedFile),
        SchemaRow("builtin-facts", "facts of Azure's built-in definitions", BuiltinFactsFile),
    )
)
