"""`blueprinter template expand|eval`: the template engine alone."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click
import orjson
from msgspec.structs import replace

from blueprinter.arm import (
    DeploymentContext,
    ExpressionError,
    deployment_context,
    evaluate_request,
    expand,
    expand_to_json,
    read_parameters,
)
from blueprinter.cli import Settings
from blueprinter.cli.environment import cloud_of, environment_of
from blueprinter.cli.inputs import load_parameters, load_template, read_linked
from blueprinter.cli.remarks import show_diagnostics
from blueprinter.diagnostics import InvalidInput, error
from blueprinter.document import json_document, json_line, load


@click.group("template", help="The template engine alone.")
def command() -> None:
    """The group."""


@command.command("expand")
@click.argument("template", type=click.Path(path_type=Path))
@click.option(
    "--parameters",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Parameter file (default: found beside the template); of several, later ones hold.",
)
@click.option(
    "--context", "context_file", type=click.Path(path_type=Path), help="Facts of the deployment, JSON."
)
@click.option("--strict", is_flag=True, help="A required parameter without a value is an error.")
@click.pass_obj
def expand_command(
    settings: Settings,
    template: Path,
    parameters: tuple[Path, ...],
    context_file: Path | None,
    strict: bool,
) -> None:
    """Print the resources that a template would deploy, in deployment order, as JSON.

    What only Azure knows stays as the reduced expression. Warnings go to stderr and into the document. Bicep files
    are compiled by the Bicep CLI of this computer; positions then point into the compiled template.
    """
    document, beside = load_template(template)
    expansion = expand(
        document,
        parameter_document=[load_parameters(file) for file in parameters] or beside,
        context=_context(context_file, settings),
        strict=strict,
        read=read_linked(template.parent),
    )
    show_diagnostics(expansion.diagnostics, settings)
    printed = {"schema": "blueprinter/template-expand/1", **expand_to_json(expansion)}
    click.echo(json_document(printed), nl=False)


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
@click.pass_obj
def eval_command(
    settings: Settings, requests: BinaryIO, context_file: Path | None, parameters: Path | None
) -> int:
    """Answer expressions, one JSON request a line, with one JSON answer a line.

    A request is {"expression", "parameters"?, "variables"?, "functions"?, "context"?}; the answer is
    {"value": …} or {"error": message}. Exit code 0 when every line was answered.
    """
    context = _context(context_file, settings)
    values = read_parameters(load_parameters(parameters)).values() if parameters else ()
    shared = {given.name: given.value for given in values}
    for line in requests:
        if not line.strip():
            continue
        try:
            request = orjson.loads(line)
        except orjson.JSONDecodeError as found:
            answer: dict[str, object] = {"error": f"the line is no JSON: {found}"}
        else:
            if isinstance(request, dict):
                answer = dict(evaluate_request(request, context=context, parameters=shared))
            else:
                answer = {"error": "the line is no object"}
        click.echo(json_line(answer), nl=False)
    return 0


def _context(file: Path | None, settings: Settings) -> DeploymentContext:
    cloud = cloud_of(settings, environment_of(settings))
    if file is None:
        return DeploymentContext(cloud=cloud)
    document = load(file)
    try:
        return replace(deployment_context(document.value), cloud=cloud)
    except ExpressionError as found:
        raise InvalidInput([error("BP111", found.message, document.locate(""))]) from found
