"""Finds content: what blueprinter ships, and what stands in the user's repository.

Shipped folders (`blueprints`, `policies`, `templates`, `examples`) lie inside the package when it was
installed from a wheel, and beside `src/` in a checkout or an editable install.
"""

from blueprinter.content.codes import CODES
from blueprinter.content.folders import (
    alias_files,
    blueprint_names,
    find_blueprint,
    framework_files,
    policy_folders,
    shipped,
    shipped_from,
    template_files,
)

__all__ = [
    "CODES",
    "alias_files",
    "blueprint_names",
    "find_blueprint",
    "framework_files",
    "policy_folders",
    "shipped",
    "shipped_from",
    "template_files",
]
