"""The scripts of the ready-made workflows, run by bash one after another, with a sandbox in place of Azure."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash"),
]
SUBSCRIPTION = "00000000-0000-0000-0000-0000000000c1"
PROGRAM = "import sys; from blueprinter.cli import main; main(sys.argv[1:])"


@pytest.fixture
def sandbox() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["sandbox", "run", "--port", str(port), "--subscription", SUBSCRIPTION]
    with subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def test_a_repository_goes_through_all_of_them(tmp_path: Path, sandbox: str) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    caller = programs / "blueprinter"
    caller.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{PROGRAM}" "$@"\n', encoding="utf-8")
    caller.chmod(0o755)
    repository = tmp_path / "repository"
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "BLUEPRINTER_SANDBOX": sandbox,
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }
    subprocess.run([caller, "init", repository, "--pipeline", "github"], env=environment, check=True)
    assignment = repository / "assignments" / "example.yaml"
    text = assignment.read_text(encoding="utf-8")
    assignment.write_text(
        text.replace("00000000-0000-0000-0000-000000000000", SUBSCRIPTION), encoding="utf-8"
    )

    def steps(name: str, *wanted: str) -> dict[str, int]:
        """Exit codes of the named steps of a workflow."""
        file = repository / ".github" / "workflows" / f"blueprinter-{name}.yml"
        workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
        found: dict[str, int] = {}
        for step in (step for job in workflow["jobs"].values() for step in job["steps"]):
            if step.get("name") in wanted:
                command = ["bash", "-e", "-c", step["run"]]
                done = subprocess.run(command, cwd=repository, env=environment, check=False)
                found[step["name"]] = done.returncode
        return found

    assert steps("pull-request", "Files", "Policies", "Templates", "Summary") == {
        "Files": 0,
        "Policies": 0,
        "Templates": 0,
        "Summary": 0,
    }
    assert steps("plan", "Plan") == {"Plan": 0}
    assert steps("assign", "Plan", "Assign") == {"Plan": 0, "Assign": 0}
    assert (tmp_path / "output").read_text(encoding="utf-8") == "changes=true\n"
    # everything is in place: nothing to approve, and nothing has drifted
    assert steps("assign", "Plan") == {"Plan": 0}
    assert (tmp_path / "output").read_text(encoding="utf-8") == "changes=true\n"
    # an empty subscription has nothing to evaluate, and that is never green
    assert steps("evaluate", "Evaluate", "Drift", "Summary") == {"Evaluate": 5, "Drift": 0, "Summary": 0}
    assert (repository / ".blueprinter" / "history.db").is_file()
    assert "## example on" in (tmp_path / "summary").read_text(encoding="utf-8")
