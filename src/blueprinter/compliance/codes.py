"""The diagnostics of reading a population (BP278 to BP294) and of bundles and recordings (BP235 to BP239)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

CODES: tuple[CodeRow, ...] = (
    CodeRow(
        "BP235",
        "a bundle is not as it was written",
        "An evidence bundle names every member with its hash, and its run's place in the chain of the history. "
        "Something was changed, is missing or is too much. Ask for the bundle again where it was made.",
    ),
    CodeRow(
        "BP236",
        "a bundle cannot be made",
        "A bundle holds everything that the run was judged by, and is made only where that gives the same result "
        "again. The history keeps documents and answers of Azure; of inventories and evidence it keeps the hash, so "
        "these have to be where they were. Bicep files cannot go in: name the compiled templates instead.",
    ),
    CodeRow(
        "BP237",
        "a bundle gives another result",
        "Evaluated again, what is in the bundle does not give the result that is in it. The bundle was renewed as a "
        "whole with another result, or this version of the tool judges otherwise than the one that made it.",
    ),
    CodeRow(
        "BP238",
        "a recording cannot be used",
        "`blueprinter evaluate … --record FOLDER` writes the answers of Azure to a live run into a new folder, without "
        "whose they are; `--replay FOLDER` judges by them again. The folder is something else or holds something "
        "already, or the blueprint of the run is not at hand.",
    ),
    CodeRow(
        "BP239",
        "an initiative is not assigned",
        "Azure evaluates what is assigned. No assignment of the initiative acts in the subscription, so nothing is "
        "known of its controls there.",
    ),
    CodeRow(
        "BP278",
        "states of what is not there any more",
        "Azure keeps the policy states of a deleted resource until its next evaluation. A live run leaves them out of "
        "every count, and says how many resources that were.",
    ),
    CodeRow(
        "BP279",
        "nothing to ask Azure about",
        "A live run asks for the states of the policy assignments that an assignment file makes, so it needs the file "
        "(`-a`), and subscriptions: those of the file, or `--subscription` or `-m`. A resource group (`-g`) lies in "
        "one subscription. The source is `resource-graph` or `policy-insights`.",
        bad="blueprinter evaluate iso-27001-2022 --subscription 1c0de001-0000-4000-8000-000000000001",
        good="blueprinter evaluate -a assignments/prod.yaml",
    ),
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
        good="blueprinter export inventory iso-27001-2022 --subscription ID -d estate",
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
    CodeRow(
        "BP290",
        "no saved evaluation",
        "A report is made from a run of the history, or from a file that `evaluate -o json` wrote. The file is "
        "something else, was written by another version, or lost a part.",
        bad="blueprinter report estate.jsonl",
        good="blueprinter evaluate … -o json=run.json && blueprinter report run.json -o html=report.html",
    ),
    CodeRow(
        "BP291",
        "no such run",
        "The history has no run of that name. A run is named by its id, the beginning of it, `latest`, or "
        "`latest~1` for the one before; a file is named by its path.",
    ),
    CodeRow(
        "BP292",
        "the history cannot be used",
        "The file is no history, was written by a newer version, or is in use by another process that does not "
        "let go of it.",
    ),
    CodeRow(
        "BP293",
        "the history was changed",
        "Each saved run is chained to the one before it by a hash. Where the chain does not fit, a run was changed "
        "or taken out after it was saved. What is shown may not be what was evaluated.",
    ),
    CodeRow(
        "BP294",
        "this format cannot be written here",
        "A workbook needs the optional package openpyxl. OSCAL speaks of controls, so the run needs a blueprint.",
        bad="blueprinter evaluate --policies policies/ --inventory estate.jsonl -o oscal=out",
        good="blueprinter evaluate iso-27001-2022 --inventory estate.jsonl -o oscal=out",
    ),
)
