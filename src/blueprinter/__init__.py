"""blueprinter: from control to policy to template to evidence, for Azure."""

__version__ = "0.1.0"
