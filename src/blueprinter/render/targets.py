"""What a rendered blueprint is written as: templates, stacks, or thin wrappers in Bicep and Terraform of the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import orjson
from msgspec import Struct

from blueprinter.content import shipped
from blueprinter.document import Json
from blueprinter.render.model import ScopeKind, Template
from blueprinter.render.pieces import PARAMETERS_SCHEMA
from blueprinter.table import Table

Files = Mapping[str, bytes]


class TargetRow(Struct, frozen=True):
    """One way to write templates down."""

    name: str
    summary: str
    write: Callable[[Sequence[Template]], Files]
    """Templates to files: name -> content."""


def _templates(templates: Sequence[Template]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for one in templates:
        found[f"{one.name}.json"] = _json(dict(one.body))
        values: Json = {name: {"value": value} for name, value in one.parameters.items()}
        body: Json = {"$schema": PARAMETERS_SCHEMA, "contentVersion": "1.0.0.0", "parameters": values}
        found[f"{one.name}.parameters.json"] = _json(body)
    return found


def _stacks(templates: Sequence[Template]) -> Files:
    found = _templates(templates)
    for one in templates:
        body: Json = {"name": one.deployment, "scope": one.stack_scope, **(one.stack or {})}
        found[f"{one.name}.stack.json"] = _json(body)
    return found


def _bicep(templates: Sequence[Template]) -> Files:
    found = _templates(templates)
    for one in templates:
        found[f"{one.name}.bicep"] = _written("template.bicep.j2", template=one)
    return found


def _terraform(templates: Sequence[Template]) -> Files:
    found = dict(_stacks(templates))
    found["main.tf"] = _written("main.tf.j2", templates=list(templates))
    return found


TARGETS: Table[TargetRow] = Table(
    (
        TargetRow("stack", "templates with the settings of deployment stacks", _stacks),
        TargetRow("template", "templates with parameter files, for plain deployments", _templates),
        TargetRow("bicep", "templates and a Bicep file around each", _bicep),
        TargetRow(
            "terraform", "templates and a Terraform module (azapi) that makes stacks of them", _terraform
        ),
    )
)


def _json(value: Json) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _written(name: str, **values: object) -> bytes:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        loader=FileSystemLoader(shipped("templates") / "render"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["bicep"] = bicep_text
    environment.filters["hcl"] = hcl_text
    return environment.get_template(name).render(kinds=ScopeKind, **values).encode()


def bicep_text(text: str) -> str:
    """A string literal of Bicep."""
    quoted = text.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    return "'" + quoted.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + "'"


def hcl_text(text: str) -> str:
    """A string literal of Terraform's language."""
    return orjson.dumps(text).decode().replace("${", "$${").replace("%{", "%%{")
