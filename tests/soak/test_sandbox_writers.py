"""Three client processes write to one sandbox for a minute, then it is killed: whatever was acknowledged is there."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from blueprinter.azure import ArmClient, connect_to_sandbox

pytestmark = pytest.mark.soak

BLUEPRINTER = Path(sys.executable).parent / "blueprinter"
GROUPS = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups"
SECONDS = 60
WRITER = textwrap.dedent(
    """
    import sys, time
    from azure.core.exceptions import AzureError
    from azure.core.pipeline.policies import SansIOHTTPPolicy
    from azure.mgmt.resource.resources import ResourceManagementClient
    from blueprinter.azure import StaticCredential, sandbox_token

    class AllowHttp(SansIOHTTPPolicy):
        def on_request(self, request):
            request.context.options.setdefault("enforce_https", False)

    url, name, until = sys.argv[1], sys.argv[2], time.monotonic() + float(sys.argv[3])
    client = ResourceManagementClient(
        StaticCredential(sandbox_token()), "00000000-0000-0000-0000-000000000001", base_url=url,
        per_call_policies=[AllowHttp()], retry_total=0,
    )
    number = 0
    try:
        while time.monotonic() < until:
            group = f"{name}-{number}"
            client.resource_groups.create_or_update(group, {"location": "westeurope", "tags": {"n": str(number)}})
            print(group, flush=True)
            number += 1
    except AzureError:
        pass
    """
)


def _serve(state: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
    with log.open("a") as output:
        command = [BLUEPRINTER, "sandbox", "run", "--port", str(port), "--state", str(state)]
        server = subprocess.Popen(command, stdout=output, stderr=output, cwd=state.parent)
    for _ in range(200):
        assert server.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server
        time.sleep(0.1)
    server.kill()
    pytest.fail(f"the sandbox does not listen: {log.read_text()}")


def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    state, log = tmp_path / "state", tmp_path / "log"
    script = tmp_path / "writer.py"
    script.write_text(WRITER, encoding="utf-8")
    url = f"http://127.0.0.1:{port}"
    server = _serve(state, port, log)
    outputs = [tmp_path / f"writer{place}" for place in range(3)]
    writers = []
    try:
        for place, output in enumerate(outputs):
            with output.open("w") as file:
                # longer than the server lives: it dies while they write
                command = [sys.executable, str(script), url, f"w{place}", str(SECONDS + 30)]
                writers.append(subprocess.Popen(command, stdout=file))
        time.sleep(SECONDS)
        assert all(writer.poll() is None for writer in writers), "a writer gave up while the sandbox lived"
        server.send_signal(signal.SIGKILL)
        server.wait(timeout=30)
        for writer in writers:
            writer.wait(timeout=60)
    finally:
        for process in (server, *writers):
            if process.poll() is None:
                process.kill()
                process.wait(timeout=30)
    acknowledged = {line for output in outputs for line in output.read_text().split()}
    assert all(output.read_text() for output in outputs)
    server = _serve(state, port, log)
    try:
        client = ArmClient(connect_to_sandbox(url))
        held = {row["name"] for row in client.items(GROUPS, "2022-09-01")}
    finally:
        server.terminate()
        server.wait(timeout=30)
    assert acknowledged <= held
    # at most the one write of each client whose answer never came
    assert len(held - acknowledged) <= 3
