"""A resolved blueprint as templates that can be deployed.

`render` gives one template for each deployment scope and the files of a target (`TARGETS`); it reads nothing but what
it is given, and the same input gives the same bytes.
"""

from blueprinter.render.adopted import load_adopted
from blueprinter.render.codes import CODES
from blueprinter.render.content_hash import content_hash
from blueprinter.render.model import (
    Adopted,
    AdoptedArtifact,
    AdoptedGroup,
    Mark,
    Rendered,
    RenderOptions,
    ScopeKind,
    Sources,
    Template,
)
from blueprinter.render.naming import is_nested_of
from blueprinter.render.rendering import deployments_of, render
from blueprinter.render.targets import TARGETS, TargetRow

__all__ = [
    "CODES",
    "TARGETS",
    "Adopted",
    "AdoptedArtifact",
    "AdoptedGroup",
    "Mark",
    "RenderOptions",
    "Rendered",
    "ScopeKind",
    "Sources",
    "TargetRow",
    "Template",
    "content_hash",
    "deployments_of",
    "is_nested_of",
    "load_adopted",
    "render",
]
