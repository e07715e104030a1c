"""Date functions (Microsoft Learn, "Date functions for ARM templates")."""

from __future__ import annotations

from blueprinter.arm.dates import date_time_add, date_time_from_epoch, date_time_to_epoch, utc_now
from blueprinter.arm.model import ExpressionError, Language, PolicyContext, TemplateContext, Value
from blueprinter.arm.rows import TEMPLATE, Category, Form, FunctionRow, Implementation, pure, takes
from blueprinter.arm.syntax import reduced_call


def _utc_now(context: TemplateContext, *form: str) -> Value:
    if not context.in_default_value:
        raise ExpressionError("`utcNow` is legal only in the default value of a parameter")
    now = context.utc_now()
    return reduced_call("utcNow", form) if now is None else utc_now(now, *form)


def _policy_utc_now(context: PolicyContext, *form: str) -> Value:
    now = context.utc_now()
    return utc_now(now, *form) if form else now


ROWS = (
    FunctionRow(
        "dateTimeAdd",
        Category.DATE,
        takes("base: string", "duration: string", "format?: string"),
        "a date plus an ISO 8601 duration",
        pure(date_time_add, languages=TEMPLATE),
    ),
    FunctionRow(
        "dateTimeFromEpoch",
        Category.DATE,
        takes("epochTime: int"),
        "the date of a number of seconds since 1970",
        pure(date_time_from_epoch, languages=TEMPLATE),
    ),
    FunctionRow(
        "dateTimeToEpoch",
        Category.DATE,
        takes("dateTime: string"),
        "the seconds of a date since 1970",
        pure(date_time_to_epoch, languages=TEMPLATE),
    ),
    FunctionRow(
        "utcNow",
        Category.DATE,
        takes("format?: string"),
        "the time of the deployment, in templates only in the default value of a parameter",
        {
            Language.TEMPLATE: Implementation(Form.CONTEXT, _utc_now),
            Language.POLICY: Implementation(Form.CONTEXT, _policy_utc_now),
        },
    ),
)
