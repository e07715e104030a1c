"""The resource providers of the sandbox: one explicit table."""

from blueprinter.sandbox.model import Provider
from blueprinter.sandbox.providers import (
    deployments,
    group_settings,
    locks,
    management,
    metadata,
    moves,
    policy_insights,
    policy_objects,
    providers_list,
    resource_graph,
    resource_groups,
    resource_names,
    resources,
    role_definitions,
    roles,
    stack_what_if,
    stacks,
    tags,
    template_specs,
    unsupported,
)

PROVIDERS: tuple[Provider, ...] = (
    resource_groups.PROVIDER,
    tags.PROVIDER,
    locks.PROVIDER,
    policy_objects.PROVIDER,
    policy_insights.PROVIDER,
    roles.PROVIDER,
    role_definitions.PROVIDER,
    providers_list.PROVIDER,
    metadata.PROVIDER,
    management.PROVIDER,
    group_settings.PROVIDER,
    deployments.PROVIDER,
    stacks.PROVIDER,
    stack_what_if.PROVIDER,
    template_specs.PROVIDER,
    resource_graph.PROVIDER,
    moves.PROVIDER,
    resource_names.PROVIDER,
    unsupported.PROVIDER,
    resources.PROVIDER,
)
"""Generic resources come last: their pattern takes every path that no other takes."""
