"""What is said of the rules about names, descriptions, versions (BP47x)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

TEXTS: tuple[CodeRow, ...] = (
    CodeRow(
        "BP470",
        "no display name",
        "Reports, the portal and the messages of refused requests show the display name.",
        bad="""{
  "description": "Names say the stage.",
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "audit"}}
}""",
        good="""{
  "displayName": "Names say the stage",
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "audit"}}
}""",
    ),
    CodeRow(
        "BP471",
        "no description",
        "The description tells the owner of a resource what is wrong with it and why it matters.",
        bad="""{
  "displayName": "Names say the stage",
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "audit"}}
}""",
        good="""{
  "displayName": "Names say the stage",
  "description": "A name without its stage hides what may be deleted.",
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "audit"}}
}""",
    ),
    CodeRow(
        "BP472",
        "no category",
        "The portal groups definitions by `metadata.category`.",
        bad='{"metadata": {"version": "1.0.0"}}',
        good='{"metadata": {"category": "Storage", "version": "1.0.0"}}',
    ),
    CodeRow(
        "BP473",
        "no version",
        "`metadata.version` tells which state of the definition is deployed, and whether a change breaks "
        "assignments.",
        bad='{"metadata": {"category": "Storage"}}',
        good='{"metadata": {"category": "Storage", "version": "1.0.0"}}',
    ),
    CodeRow(
        "BP474",
        "version of another form",
        "A version is `major.minor.patch`, with `-preview` or `-deprecated` where that applies.",
        bad='{"metadata": {"category": "Storage", "version": "v1"}}',
        good='{"metadata": {"category": "Storage", "version": "1.0.0"}}',
    ),
    CodeRow(
        "BP475",
        "text that is too long",
        "Azure allows 64 characters for a name, 128 for a display name, 512 for a description and 1,024 for "
        "a property of `metadata`.",
        bad="""{
  "name": "storage-accounts-of-all-subscriptions-accept-nothing-but-https-from-anywhere",
  "properties": {"policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "audit"}}}
}""",
        good="""{
  "name": "storage-accounts-accept-https-only",
  "properties": {"policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "audit"}}}
}""",
    ),
    CodeRow(
        "BP476",
        "name with a character that Azure refuses",
        "The name of a definition has none of `< > * % & : \\ ? . + /`, no control characters, and no space "
        "at its ends.",
        bad="""{
  "name": "storage/https",
  "properties": {
    "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "audit"}}
  }
}""",
        good="""{
  "name": "storage-https",
  "properties": {
    "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "audit"}}
  }
}""",
    ),
    CodeRow(
        "BP477",
        "deprecated definition",
        "The definition says of itself that it is deprecated. Its description most often names what "
        "replaces it.",
        bad='{"metadata": {"category": "Storage", "version": "1.0.0", "deprecated": true}}',
        good='{"metadata": {"category": "Storage", "version": "1.0.0"}}',
    ),
    CodeRow(
        "BP478",
        "deprecated in its title only",
        "The display name starts with `[Deprecated]`, and `metadata.deprecated` does not say so. Tools read "
        "the metadata.",
        bad='{"displayName": "[Deprecated]: Names say the stage"}',
        good="""{
  "displayName": "[Deprecated]: Names say the stage",
  "metadata": {"category": "Storage", "version": "1.0.0", "deprecated": true}
}""",
    ),
)
