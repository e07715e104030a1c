"""Functions that only blueprints have (Microsoft Learn, "Functions for use with Azure Blueprints")."""

from __future__ import annotations

from blueprinter.arm.model import BlueprintContext, Value
from blueprinter.arm.rows import BLUEPRINT, Category, FunctionRow, contextual, takes


def _artifacts(context: BlueprintContext, name: str) -> Value:
    return context.artifact(name)


def _resource_groups(context: BlueprintContext, placeholder: str) -> Value:
    return dict(context.resource_group_of(placeholder))


ROWS = (
    FunctionRow(
        "artifacts",
        Category.BLUEPRINT,
        takes("artifactName: string"),
        "the outputs of an artifact",
        contextual(_artifacts, BLUEPRINT),
    ),
    FunctionRow(
        "resourceGroups",
        Category.BLUEPRINT,
        takes("placeholderName: string"),
        "name and location of a resource group of the blueprint",
        contextual(_resource_groups, BLUEPRINT),
    ),
)
