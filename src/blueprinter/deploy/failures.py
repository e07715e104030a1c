"""What ends a command with exit code 1 that is not Azure's refusal."""

from __future__ import annotations

from blueprinter.diagnostics import Diagnostic


class DeployError(Exception):
    """A deployment that cannot go on, or that did not end as asked; carries what is shown."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(str(diagnostic))
        self.diagnostic = diagnostic
