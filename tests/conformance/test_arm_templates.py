"""Whole templates, as the real engine predicts their resources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blueprinter.arm import deployment_context, expand, expand_to_json
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import parse

CASES = Path(__file__).parents[2].parent / "shared" / "conformance" / "arm-templates.json"


def cases() -> Iterator[Any]:
    if not CASES.is_file():
        yield pytest.param(None, marks=pytest.mark.skip(reason="needs the folder of conformance cases"))
        return
    for case in json.loads(CASES.read_text(encoding="utf-8"))["cases"]:
        yield pytest.param(case, id=case["name"].split(":")[0])


@pytest.mark.parametrize("case", list(cases()))
def test_template(case: dict[str, Any]) -> None:
    document = parse(json.dumps(case["template"], indent=2), "template.json")
    context = deployment_context(case.get("context", {}))
    given = case.get("parameters", {})
    if "error" in case:
        with pytest.raises(InvalidInput) as caught:
            expand(document, parameters=given, context=context)
        assert any(case["error"] in found.message for found in caught.value.diagnostics)
        return
    printed = expand_to_json(expand(document, parameters=given, context=context))
    assert printed["resources"] == case["expectedResources"]
    assert printed["outputs"] == case["expectedOutputs"]
