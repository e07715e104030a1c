"""Deployments: from a template to resources, in the order in which they need each other.

`start_deployment` begins one from within; the routes are in `providers/deployments.py`.
"""

from blueprinter.sandbox.deploying.running import begin, start_deployment

__all__ = ["begin", "start_deployment"]
