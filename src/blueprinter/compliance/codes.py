"""The diagnostics of reading a population (BP280 and up)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

CODES: tuple[CodeRow, ...] = (
    CodeRow(
        "BP280",
        "no inventory there",
        "The path does not exist, cannot be read, or is a folder without an inventory. Inventories end in "
        "`.jsonl`, `.ndjson` or `.json`, each also with `.gz`.",
    ),
    CodeRow(
        "BP281",
        "a record of the inventory cannot be read",
        "The line is no JSON object: most often the export was cut off. The record is left out, so the population "
        "has a hole: no test passes on it, and the run is partial. Export again, or accept it with "
        "`--allow-partial`.",
        bad='{"id": "/subscriptions/…", "type": "Micro',
        good='{"id": "/subscriptions/…", "type": "Microsoft.Storage/storageAccounts", "properties": {}}',
    ),
    CodeRow(
        "BP282",
        "a record has no id or no type",
        "Every row needs the resource's full `id` and its `type`. A Resource Graph query that projects columns "
        "must keep both. The record is left out, and the population has a hole.",
        bad='{"name": "stlogs", "properties": {}}',
        good='{"id": "/subscriptions/…", "type": "Microsoft.Storage/storageAccounts", "properties": {}}',
    ),
    CodeRow(
        "BP283",
        "rows without properties",
        "`az resource list` answers from a cache that holds no `properties`. A test that reads a property cannot "
        "decide such a row, whatever the property would have been.",
        bad="az resource list > estate.json",
        good="az graph query -q resources --first 1000 > estate.json",
    ),
    CodeRow(
        "BP284",
        "the manifest does not fit the inventory",
        "The manifest beside an inventory says how many rows of each type were read and expected, and the SHA-256 "
        "of the file. Where they differ, rows are missing or were changed: the population has a hole, and an "
        "absent related resource is not believed.",
    ),
    CodeRow(
        "BP285", "the inventory is empty", "There is no resource in it, so there is nothing to evaluate."
    ),
    CodeRow(
        "BP286",
        "one page of several",
        "The export says that more rows exist than it holds (`skip_token`, `nextLink` or `total_records`). "
        "`az graph query` gives 100 rows, or `--first` up to 1,000, a page: read every page, "
        "with `--skip-token`, into one file each.",
    ),
    CodeRow(
        "BP287",
        "a resource stands twice",
        "Two records have the same id, as when two exports overlap. The first is used.",
    ),
    CodeRow(
        "BP288",
        "a scope could not be read",
        "The collector was refused there, so its resources are not in the population. The run is partial; give the "
        "collector the Reader role on the scope, or accept it with `--allow-partial`.",
    ),
    CodeRow(
        "BP289",
        "the inventory is old",
        "It was collected longer ago than `--max-age` days. Failures stand; nothing passes on it.",
    ),
)
