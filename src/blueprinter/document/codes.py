"""The diagnostics of reading a document (BP1xx)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

CODES: tuple[CodeRow, ...] = (
    CodeRow(
        "BP101",
        "the file cannot be read",
        "The path does not exist, is a folder where a file is needed, or may not be read by this user.",
    ),
    CodeRow(
        "BP102",
        "the file is not text",
        "Documents are UTF-8, with or without a byte order mark, or UTF-16 with one. The bytes at the place "
        "named are valid in neither. Save the file as UTF-8.",
    ),
    CodeRow(
        "BP103",
        "the document is too large",
        "A document that people write is at most 16 MiB. Inventories are read as streams and have no such limit.",
    ),
    CodeRow(
        "BP104",
        "the document is nested too deeply",
        "Objects and arrays may stand in each other at most 128 levels deep.",
    ),
    CodeRow(
        "BP105",
        "the JSON does not parse",
        "JSON may hold comments (`//` and `/* */`), trailing commas and strings over several lines, as Azure's "
        "own templates do. Everything else must be JSON.",
        bad='{"a" 1}',
        good='{"a": 1}',
    ),
    CodeRow(
        "BP106",
        "a key stands twice in one object",
        "Which of two values would hold depends on the reader, so neither is taken. Remove one of them. In ARM "
        "templates, where Azure takes the last, this is a warning.",
        bad='{"effect": "audit", "effect": "deny"}',
        good='{"effect": "audit"}',
    ),
    CodeRow(
        "BP107",
        "the YAML does not parse",
        "The file must be one YAML 1.2 document of plain mappings, sequences and scalars. Tags such as "
        "`!!python/object` and merge keys are refused.",
    ),
    CodeRow(
        "BP108",
        "aliases expand too far",
        "YAML aliases that refer to each other can grow a small file into gigabytes. A document may hold at "
        "most 1,000,000 values after its aliases are expanded.",
    ),
    CodeRow(
        "BP110",
        "unknown key",
        "Files that people write are closed: a key that nobody reads is most often a misspelt one.",
    ),
    CodeRow(
        "BP111",
        "wrong value",
        "The value has another type or form than this key takes. `blueprinter schema KIND` prints the schema.",
    ),
    CodeRow("BP112", "missing key", "A required key is absent. `blueprinter schema KIND` prints the schema."),
    CodeRow(
        "BP113",
        "an id is not text",
        "YAML reads `8.10` as the number 8.1, so ids must be quoted.",
        bad="controls:\n  4.1: []",
        good='controls:\n  "4.1": []',
    ),
    CodeRow(
        "BP114",
        "a path leaves its folder",
        "Paths in a file are relative to that file and must stay inside the folder of the blueprint or repository.",
    ),
)
