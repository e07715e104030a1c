"""Azure over the network: the only package that can reach it.

`connect` names a cloud, `connect_to_sandbox` a sandbox, `connect_in_process` something in this process; an
`ArmClient` over a connection speaks to every management route. `HandlerTransport` lets the clients of the Azure SDK
speak to this process. The SDK is loaded with the first request, not before.
"""

from blueprinter.azure.client import ArmClient
from blueprinter.azure.codes import CODES
from blueprinter.azure.counting import Requests, SentRequest
from blueprinter.azure.credentials import (
    StaticCredential,
    connect,
    connect_in_process,
    connect_to_sandbox,
    sandbox_token,
)
from blueprinter.azure.errors import AzureError, ErrorDetail
from blueprinter.azure.in_process import HandlerTransport
from blueprinter.azure.model import Answer, Connection, Handler, HandlerAnswer, Running
from blueprinter.azure.retrying import RetryRules

__all__ = [
    "CODES",
    "Answer",
    "ArmClient",
    "AzureError",
    "Connection",
    "ErrorDetail",
    "Handler",
    "HandlerAnswer",
    "HandlerTransport",
    "Requests",
    "RetryRules",
    "Running",
    "SentRequest",
    "StaticCredential",
    "connect",
    "connect_in_process",
    "connect_to_sandbox",
    "sandbox_token",
]
