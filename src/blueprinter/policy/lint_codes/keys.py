"""What is said of the rules about the keys of a definition or an initiative (BP49x)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

KEYS: tuple[CodeRow, ...] = (
    CodeRow(
        "BP490",
        "key beside `if` and `then`",
        "A policy rule holds `if` and `then` and nothing else: there is no `else`, and parameters stand beside "
        "the rule. Azure refuses the definition.",
        bad="""{
  "policyRule": {
    "if": {"field": "name", "like": "old-*"},
    "then": {"effect": "audit"},
    "else": {"effect": "deny"}
  }
}""",
        good="""{
  "policyRule": {"if": {"field": "name", "like": "old-*"}, "then": {"effect": "audit"}}
}""",
    ),
    CodeRow(
        "BP491",
        "key of the definition that stands twice, but for letter case",
        "Azure does not regard the letter case of keys, so two that differ only in it say the same thing twice, "
        "and which of them holds is not told. Remove one of them.",
        bad='{"mode": "Indexed", "Mode": "All"}',
        good='{"mode": "Indexed"}',
    ),
)
