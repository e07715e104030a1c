"""Scope functions (Microsoft Learn, "Scope functions for ARM templates"; for policies "Policy functions")."""

from __future__ import annotations

from collections.abc import Mapping

from blueprinter.arm.model import BlueprintContext, Language, PolicyContext, TemplateContext, Value
from blueprinter.arm.rows import TEMPLATE, Category, Form, FunctionRow, Implementation, contextual


def _management_group(context: TemplateContext) -> Value:
    return context.management_group()


def _resource_group(context: TemplateContext) -> Value:
    return context.resource_group()


def _subscription(context: TemplateContext) -> Value:
    return context.subscription()


def _tenant(context: TemplateContext) -> Value:
    return context.tenant()


def _mapped_resource_group(context: PolicyContext | BlueprintContext) -> Value:
    return _object(context.resource_group())


def _mapped_subscription(context: PolicyContext | BlueprintContext) -> Value:
    return _object(context.subscription())


def _object(value: Mapping[str, Value]) -> Value:
    return value if isinstance(value, dict) else dict(value)


ROWS = (
    FunctionRow(
        "managementGroup",
        Category.SCOPE,
        (),
        "the management group that is deployed to",
        contextual(_management_group, TEMPLATE),
    ),
    FunctionRow(
        "resourceGroup",
        Category.SCOPE,
        (),
        "the resource group that is deployed to, or of the resource under evaluation",
        {
            Language.TEMPLATE: Implementation(Form.CONTEXT, _resource_group),
            Language.POLICY: Implementation(Form.CONTEXT, _mapped_resource_group),
            Language.BLUEPRINT: Implementation(Form.CONTEXT, _mapped_resource_group),
        },
    ),
    FunctionRow(
        "subscription",
        Category.SCOPE,
        (),
        "the subscription that is deployed to, or of the resource under evaluation",
        {
            Language.TEMPLATE: Implementation(Form.CONTEXT, _subscription),
            Language.POLICY: Implementation(Form.CONTEXT, _mapped_subscription),
            Language.BLUEPRINT: Implementation(Form.CONTEXT, _mapped_subscription),
        },
    ),
    FunctionRow("tenant", Category.SCOPE, (), "the tenant of the user", contextual(_tenant, TEMPLATE)),
)
