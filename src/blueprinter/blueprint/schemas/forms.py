"""What the models have in common: closed objects, and forms of values."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

_EXPRESSION = re.compile(r"\[[^\[].*\]\Z", re.DOTALL)
_VERSION_PIN = re.compile(r"\d+\.(\d+(\.(\d+|\*))?|\*(\.\*)?)(-preview)?\Z", re.IGNORECASE)
"""Azure says `{major}.{minor|*}[.*][-preview]` (Azure/azure-powershell issue 27831); that it refuses a whole version is
not sure, so one passes."""
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def _iso_date(text: str) -> str:
    try:
        if _ISO_DATE.match(text):
            date.fromisoformat(text)
            return text
    except ValueError:
        pass
    raise ValueError(f"`{text}` is no date of the form YYYY-MM-DD")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _subscriptions(value: object) -> object:
    if isinstance(value, str) and value != "all":
        raise ValueError(f"`{value}` is neither `all` nor a list of subscriptions")
    return _listed(value)


def one_of(*allowed: str) -> AfterValidator:
    """One of the words, or an expression that gives one."""

    def check(text: str) -> str:
        if text in allowed or _EXPRESSION.match(text):
            return text
        raise ValueError(f"`{text}` is none of {', '.join(allowed)}")

    return AfterValidator(check)


def version_pin(text: str) -> str:
    if text and not _VERSION_PIN.match(text):
        raise ValueError(f"`{text}` is no pin of a version, such as 1.*.* or 1.2.*")
    return text


Day = Annotated[str, AfterValidator(_iso_date), WithJsonSchema({"type": "string", "format": "date"})]
Named = Annotated[str, Field(min_length=1)]
ONE_OR_MANY = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
OneOrMany = Annotated[list[str], BeforeValidator(_listed), WithJsonSchema(ONE_OR_MANY)]
_ALL_OR_MANY = {"anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string"}}]}
AllOrMany = Annotated[list[str], BeforeValidator(_subscriptions), WithJsonSchema(_ALL_OR_MANY)]
Open = dict[str, Any]
"""An object of Azure's, handed on as it is."""


class Closed(BaseModel):
    """Settings of every file that people write: unknown keys are errors, nothing is converted."""

    model_config = ConfigDict(
        defer_build=True, extra="forbid", strict=True, frozen=True, alias_generator=to_camel
    )
