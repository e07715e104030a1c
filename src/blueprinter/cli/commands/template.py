"""`blueprinter template expand|eval`: the template engine alone."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click
import orjson

from blueprinter.arm import (
    DeploymentContext,
    ExpressionError,
    deployment_context,
    evaluate_request,
    expand,
    expand_to_json,
)
from blueprinter.cli import Settings
from blueprinter.cli.inputs import parameters_beside, read_linked
from blueprinter.cli.remarks import show_diagnostics
from blueprinter.diagnostics import InvalidInput, error
from blueprinter.document import Json, load


@click.group("template", help="The template engine alone.")
def command() -> None:
    """The group."""


@command.command("expand")
@click.argument("template", type=click.Path(path_type=Path))
@click.option(
    "--parameters",
    type=click.Path(path_type=Path),
    help="Parameter file (default: found beside the template).",
)
@click.option(
    "--context", "context_file", type=click.Path(path_type=Path), help="Facts of the deployment, JSON."
)
@click.option("--strict", is_flag=True, help="A required parameter without a value is an error.")
@click.pass_obj
def expand_command(
    settings: Settings, template: Path, parameters: Path | None, context_file: Path | None, strict: bool
) -> None:
    """Print the resources that a template would deploy, in deployment order, as JSON.

    What only Azure knows stays as the reduced expression. Warnings go to stderr and into the document.
    """
    values = parameters or parameters_beside(template)
    expansion = expand(
        load(template),
        parameter_document=load(values) if values else None,
        context=_context(context_file),
        strict=strict,
        read=read_linked(template.parent),
    )
    show_diagnostics(expansion.diagnostics, settings)
    document = {"schema": "blueprinter/template-expand/1", **expand_to_json(expansion)}
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


@command.command("eval")
@click.argument("requests", type=click.File("rb"), default="-")
@click.option(
    "--context",
    "context_file",
    type=click.Path(path_type=Path),
    help="Facts for every request without its own.",
)
@click.option(
    "--parameters",
    type=click.Path(path_type=Path),
    help="Parameter values for every request without its own.",
)
def eval_command(requests: BinaryIO, context_file: Path | None, parameters: Path | None) -> int:
    """Answer expressions, one JSON request a line, with one JSON answer a line.

    A request is {"expression", "parameters"?, "variables"?, "functions"?, "context"?}; the answer is
    {"value": …} or {"error": message}. Exit code 0 when every line was answered.
    """
    shared: dict[str, Json] = {}
    if context_file:
        shared["context"] = load(context_file).value
    if parameters:
        shared["parameters"] = load(parameters).value
    for line in requests:
        if not line.strip():
            continue
        try:
            request = orjson.loads(line)
        except orjson.JSONDecodeError as found:
            answer: object = {"error": f"the line is no JSON: {found}"}
        else:
            known = isinstance(request, dict)
            answer = evaluate_request({**shared, **request}) if known else {"error": "the line is no object"}
        click.echo(orjson.dumps(answer).decode())
    return 0


def _context(file: Path | None) -> DeploymentContext:
    if file is None:
        return DeploymentContext()
    document = load(file)
    try:
        return deployment_context(document.value)
    except ExpressionError as found:
        raise InvalidInput([error("BP111", found.message, document.locate(""))]) from found
