"""What a run says of its own making: the arguments that give it again, and the figures of this version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from blueprinter.casing import same
from blueprinter.compliance import Run
from blueprinter.report import conformance

if TYPE_CHECKING:
    from blueprinter.cli.evaluation import Request
    from blueprinter.cli.live_evaluation import Live


def described(run: Run, request: Request, registers: str, live: Live | None = None) -> Run:
    """The run with its `arguments` and `conformance`; `registers` is the folder that was read, empty for none."""
    return replace(run, arguments=tuple(_arguments(request, registers, live)), conformance=conformance())


def _arguments(request: Request, registers: str, live: Live | None) -> Iterator[str]:
    if not same(request.cloud, "AzureCloud"):
        yield from ("--cloud", request.cloud)
    yield "evaluate"
    if request.environment.name:
        yield from ("-e", request.environment.name)
    if request.blueprint:
        yield request.blueprint
    if request.assignment is not None:
        yield from ("-a", str(request.assignment))
    if live is None:
        yield from _offline(request)
    else:
        yield from _live(live)
    if registers:
        yield from ("--registers", registers)
    yield from ("--max-age", str(request.max_age_days), "--warn-days", str(request.warn_days))
    if request.strict_aliases:
        yield "--strict-aliases"
    if request.allow_partial:
        yield "--allow-partial"


def _offline(request: Request) -> Iterator[str]:
    yield from _each("--inventory", request.inventories)
    yield from _each("--template", request.templates)
    yield from _each("--parameters", request.template_parameters)
    yield from _each("--policies", request.policies)
    yield from _each("--initiative", request.initiatives)
    yield from _each("--subscription", filter(None, [request.destination.subscription]))
    yield from _each("-g", filter(None, [request.destination.resource_group]))


def _live(live: Live) -> Iterator[str]:
    yield from ("--source", live.source)
    yield from _each("--subscription", live.subscriptions)
    yield from _each("-m", filter(None, [live.management_group]))
    yield from _each("-g", filter(None, [live.resource_group]))


def _each(option: str, values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield from (option, value)
