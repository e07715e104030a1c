"""An Azure on this machine: `open_sandbox(…).handle(Request) -> Response`; `SandboxServer` serves it over HTTP."""

from blueprinter.sandbox.app import Sandbox, open_sandbox
from blueprinter.sandbox.certificate import CertificateFiles, certificate_in
from blueprinter.sandbox.codes import CODES
from blueprinter.sandbox.environment import shell_lines, shell_variables, write_az_files
from blueprinter.sandbox.loading import Loaded, load_files
from blueprinter.sandbox.misbehaviour import ConnectionLost, Fault, Rule, parse_rule, read_rules
from blueprinter.sandbox.model import Principal, Request, Response, Settings
from blueprinter.sandbox.seeding import FIRST_SUBSCRIPTION, identity_of
from blueprinter.sandbox.server import SandboxServer, ServerSettings

__all__ = [
    "CODES",
    "FIRST_SUBSCRIPTION",
    "CertificateFiles",
    "ConnectionLost",
    "Fault",
    "Loaded",
    "Principal",
    "Request",
    "Response",
    "Rule",
    "Sandbox",
    "SandboxServer",
    "ServerSettings",
    "Settings",
    "certificate_in",
    "identity_of",
    "load_files",
    "open_sandbox",
    "parse_rule",
    "read_rules",
    "shell_lines",
    "shell_variables",
    "write_az_files",
]
