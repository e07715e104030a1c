"""The diagnostics of conversion (BP295 and up)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

CODES: tuple[CodeRow, ...] = (
    CodeRow(
        "BP295",
        "a crosswalk has other columns",
        "A crosswalk is a CSV file, separated by commas, whose first line names its columns: `control,mapped_control,"
        "relation` maps a standard to another, `control,policy,strength` links controls to policies. `title` or `why` "
        "may follow. Other columns are refused, so that a misspelt one is not lost.",
        "control;mapped control;relation",
        "control,mapped_control,relation",
    ),
    CodeRow(
        "BP296",
        "a line of a crosswalk cannot be used",
        "Each line needs a value in each column that is not optional, a relation of equal, merge or split, a strength "
        "of full, partial or indicative, and stands once.",
        "PR.DS-1,A.8.24,same",
        "PR.DS-1,A.8.24,equal",
    ),
    CodeRow(
        "BP297",
        "a crosswalk names something unknown",
        "Controls are checked against the framework they are of, policies against the folders of policies.",
        "PR.DS-1,A.8.240,equal",
        "PR.DS-1,A.8.24,equal",
    ),
    CodeRow(
        "BP298",
        "a crosswalk claims too much",
        "A control of class manual or inherited takes no full or partial link: no test can be direct evidence for it.",
        "A.6.3,storage-https-only,full",
        "A.6.3,storage-https-only,indicative",
    ),
    CodeRow(
        "BP299",
        "no assignment of Azure Blueprints",
        "An exported assignment is what `az rest` or the REST API gives, what `az blueprint assignment show` or "
        "`Get-AzBlueprintAssignment | ConvertTo-Json` prints, the body of a request that made one, or a template with "
        "one among its resources.",
    ),
)
