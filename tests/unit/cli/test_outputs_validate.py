"""What a pipeline keeps of one run: every machine output is whole, valid, and says the same."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import jsonschema
import pytest

from unit.cli.conftest import Cli

TEMPLATE = Path("examples") / "contoso" / "templates" / "partner-exchange.json"


@pytest.fixture
def written(cli: Cli, root: Path, tmp_path: Path) -> Path:
    """One run over a template with flaws, in every machine format, as the ready-made pipelines keep it."""
    (tmp_path / "infra").mkdir()
    for file in (TEMPLATE, TEMPLATE.with_suffix(".parameters.json")):
        (tmp_path / "infra" / file.name).write_bytes((root / file).read_bytes())
    outputs = (
        "json=out/run.json",
        "sarif=out/run.sarif",
        "junit=out/run.xml",
        "csv=out/run.csv",
        "jsonl=out/run.jsonl",
    )
    options = [part for output in (*outputs, "github") for part in ("-o", output)]
    done = cli("-q", "evaluate", "iso-27001-2022", "infra/partner-exchange.json", *options)
    assert done.code == 3
    (tmp_path / "out" / "annotations.txt").write_text(done.out, encoding="utf-8")
    return tmp_path / "out"


def test_every_machine_output_is_valid_and_says_the_same(cli: Cli, written: Path) -> None:
    run = json.loads((written / "run.json").read_text(encoding="utf-8"))
    schema = json.loads(cli("schema", "evaluate").out)
    jsonschema.validate(run, schema, cls=jsonschema.Draft202012Validator)
    failing = [one for one in run["findings"] if one["result"] == "non-compliant"]
    assert failing

    (log,) = json.loads((written / "run.sarif").read_text(encoding="utf-8"))["runs"]
    results = log["results"]
    assert sum(one["kind"] == "fail" for one in results) == len(failing)
    places = [one["physicalLocation"] for result in results for one in result["locations"]]
    # a path that the pipeline's checkout has, and a line in it
    assert {place["artifactLocation"]["uri"] for place in places} == {"infra/partner-exchange.json"}
    assert all(place["region"]["startLine"] >= 1 for place in places)

    cases = list(ElementTree.parse(written / "run.xml").getroot().iter("testcase"))
    gaps = {one["id"] for one in run["controls"] if one["state"] == "gap"}
    assert {case.attrib["name"].split()[0] for case in cases if case.find("failure") is not None} == gaps

    annotations = (written / "annotations.txt").read_text(encoding="utf-8").splitlines()
    assert sum("file=infra/partner-exchange.json,line=" in line for line in annotations) == len(failing)

    with (written / "run.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == run["findingsTotal"]

    lines = [json.loads(line) for line in (written / "run.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sum(line["complianceState"] == "NonCompliant" for line in lines) == len(failing)
