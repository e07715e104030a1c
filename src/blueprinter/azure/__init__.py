"""Azure over the network: the only package that can reach it.

`connect` names a cloud, `connect_to_sandbox` a sandbox, `connect_in_process` something in this process; an
`ArmClient` over a connection speaks to every management route. `HandlerTransport` lets the clients of the Azure SDK
speak to this process; a `Replay` answers as was recorded. The SDK is loaded with the first request, not before.
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
from blueprinter.azure.exchanges import PLACE, Exchange, Exchanges, Replay, read_exchanges
from blueprinter.azure.in_process import HandlerTransport
from blueprinter.azure.model import Answer, Connection, Handler, HandlerAnswer, Running
from blueprinter.azure.retrying import RetryRules
from blueprinter.azure.scrubbing import Scrubbed, scrub

__all__ = [
    "CODES",
    "PLACE",
    "Answer",
    "ArmClient",
    "AzureError",
    "Connection",
    "ErrorDetail",
    "Exchange",
    "Exchanges",
    "Handler",
    "HandlerAnswer",
    "HandlerTransport",
    "Replay",
    "Requests",
    "RetryRules",
    "Running",
    "Scrubbed",
    "SentRequest",
    "StaticCredential",
    "connect",
    "connect_in_process",
    "connect_to_sandbox",
    "read_exchanges",
    "sandbox_token",
    "scrub",
]
