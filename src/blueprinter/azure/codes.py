"""The diagnostics of talking to Azure (BP601 to BP619)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

CODES: tuple[CodeRow, ...] = (
    CodeRow(
        "BP601",
        "nobody is signed in to Azure",
        "No credential could be found, or the one that was found was refused. Sign in with `az login`, or give a "
        "pipeline a workload identity: AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE. "
        "AZURE_TOKEN_CREDENTIALS narrows where credentials are looked for. See Microsoft Learn, "
        '"Credential chains in the Azure Identity library for Python".',
    ),
    CodeRow(
        "BP602",
        "an address that no token may be sent to",
        "Tokens travel over https only. The one exception is a sandbox on this machine (127.0.0.1, ::1 or localhost), "
        "which gets a token that is worth nothing elsewhere. Links that Azure hands out are followed only within the "
        "cloud that was asked.",
        "--sandbox http://sandbox.example:8080",
        "--sandbox http://127.0.0.1:8080",
    ),
    CodeRow(
        "BP603",
        "a cloud that is not there",
        "Known clouds are AzureCloud, AzureUSGovernment and AzureChinaCloud. AzureGermanCloud was closed in 2021.",
        "--cloud AzureGovernment",
        "--cloud AzureUSGovernment",
    ),
    CodeRow(
        "BP604",
        "Azure refused a request",
        "The code and message are Azure's. 401 and 403 mean that a right is missing, or denied by a lock; 409 that "
        "something else is under way; 429 that there were too many requests, also after waiting as Azure asked.",
    ),
    CodeRow(
        "BP605",
        "Azure did not answer",
        "The connection could not be made, broke off or timed out, also when tried again. Whether the request took "
        "effect is not known unless the message says so; running the command again is safe.",
    ),
    CodeRow(
        "BP606",
        "work in Azure failed or was cancelled",
        "Azure took the request and reported later that the work behind it failed. The errors that count are shown; "
        "what was made before the failure stays.",
    ),
    CodeRow(
        "BP607",
        "a list of Azure does not come to its end as it should",
        "A page repeats, leads elsewhere, or has no rows where rows belong. The result would be incomplete or "
        "counted twice, so none is given.",
    ),
    CodeRow(
        "BP608",
        "work in Azure takes longer than was waited for",
        "The work goes on in Azure: nothing was cancelled. `blueprinter status` shows how it stands; running the "
        "command again attaches to it.",
    ),
    CodeRow(
        "BP609",
        "a recording does not hold what it should",
        "Answers of Azure were recorded, and are given again as they were. Something was asked that was not asked "
        "then: the policies, the scopes or the clock are others, or another version of the tool asks otherwise. Or "
        "something of the tenant would be left in a recording, so that none is written.",
    ),
)
