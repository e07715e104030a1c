"""`make bench-sandbox`: how fast the sandbox answers, over HTTP and in process, and moto's server on equal work.

Equal work is 10,000 objects made one by one over one connection and listed page by page: storage accounts here, SQS
queues there, both over plain HTTP with the same client. moto runs from an environment of its own
(`python -m venv out/moto && out/moto/bin/pip install 'moto[server]'`); without one its rows are left out.

Requests per second and latencies count what the client sees; the client shares the machine with the server.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import resource
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

from blueprinter.sandbox import Request, open_sandbox

ROOT = Path(__file__).parents[2]
MOTO = ROOT / "out" / "moto" / "bin" / "moto_server"
OUT = ROOT / "out" / "bench"
GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts"
BODY = json.dumps(
    {
        "location": "westeurope",
        "properties": {"minimumTlsVersion": "TLS1_2", "supportsHttpsTrafficOnly": True},
    }
).encode()
VERSION = "api-version=2023-01-01"


@dataclass(frozen=True, slots=True)
class Server:
    """A server under test."""

    port: int
    pid: int

    def peak_mb(self) -> float:
        """The largest its memory has been, in MB; 0 where the system does not tell."""
        status = Path(f"/proc/{self.pid}/status")
        if not status.is_file():
            return 0.0
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1000


@contextmanager
def sandbox(*options: str) -> Iterator[Server]:
    code = "from blueprinter.cli import main; main()"
    command = [sys.executable, "-c", code, "sandbox", "run", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        port = int(process.stderr.readline().split(";")[0].rsplit(":", 1)[1])
        try:
            Client(port).send("PUT", f"{GROUP}?{VERSION}", b'{"location": "westeurope"}')
            yield Server(port, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)


@contextmanager
def moto() -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(MOTO), "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        try:
            yield Server(port, process.pid)
        finally:
            process.terminate()


class Client:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        found = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {found[:300]!r}")
        return found


# ---------------------------------------------------------------- equal work


def make_storage(port: int, count: int) -> None:
    client = Client(port)
    for number in range(count):
        client.send("PUT", f"{STORAGE}/a{number:05}?{VERSION}", BODY)


def list_storage(port: int) -> int:
    client = Client(port)
    link: str | None = f"{GROUP}/resources?{VERSION}"
    seen = 0
    while link:
        answer = json.loads(client.send("GET", link.removeprefix(f"http://127.0.0.1:{port}")))
        seen += len(answer["value"])
        link = answer.get("nextLink")
    return seen


SQS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/sqs/aws4_request",
}


def make_queues(port: int, count: int) -> None:
    client = Client(port)
    for number in range(count):
        form = urlencode({"Action": "CreateQueue", "QueueName": f"a{number:05}", "Version": "2012-11-05"})
        client.send("POST", "/", form.encode(), **SQS)


def list_queues(port: int) -> int:
    client = Client(port)
    token, seen = "", 0
    while True:
        form = {"Action": "ListQueues", "MaxResults": "1000", "Version": "2012-11-05"}
        if token:
            form["NextToken"] = token
        tree = ElementTree.fromstring(client.send("POST", "/", urlencode(form).encode(), **SQS))
        names = [node.tag.rpartition("}")[2] for node in tree.iter()]
        seen += names.count("QueueUrl")
        found = next((node.text for node in tree.iter() if node.tag.endswith("NextToken")), None)
        if not found:
            return seen
        token = found


# ---------------------------------------------------------------- many clients


def load(port: int, clients: int, seconds: float) -> tuple[float, float, float]:
    """Requests per second, and the median and 99th percentile of latency in ms; one write to four reads."""
    latencies: list[list[float]] = [[] for _ in range(clients)]
    start = threading.Barrier(clients + 1)

    def work(place: int) -> None:
        client = Client(port)
        start.wait()
        end = time.perf_counter() + seconds
        number = 0
        while (begun := time.perf_counter()) < end:
            path = f"{STORAGE}/c{clients}x{place}x{number // 5}?{VERSION}"
            client.send(*(("GET", path) if number % 5 else ("PUT", path, BODY)))
            latencies[place].append(time.perf_counter() - begun)
            number += 1

    threads = [threading.Thread(target=work, args=(place,)) for place in range(clients)]
    for thread in threads:
        thread.start()
    start.wait()
    for thread in threads:
        thread.join()
    found = sorted(one for part in latencies for one in part)
    return len(found) / seconds, statistics.median(found) * 1000, found[int(len(found) * 0.99)] * 1000


def in_process(count: int, state: Path | None) -> float:
    with open_sandbox(state, clock=lambda: datetime(2026, 11, 20, tzinfo=UTC)) as box:
        box.handle(Request("PUT", f"https://arm{GROUP}?{VERSION}", {}, b'{"location": "westeurope"}'))

        begun = time.perf_counter()
        for number in range(count):
            box.handle(Request("PUT", f"https://arm{STORAGE}/a{number}?{VERSION}", {}, BODY))
        return count / (time.perf_counter() - begun)


def evaluated(port: int, count: int, policies: int) -> tuple[float, float, float]:
    """Seconds in which resources are made under so many assigned policies, evaluated, and their states summarized."""
    client = Client(port)
    own = f"/subscriptions/{GROUP.split('/')[2]}/providers"
    rule = {
        "if": {
            "allOf": [
                {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
                {"field": "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly", "notEquals": "true"},
            ]
        },
        "then": {"effect": "audit"},
    }
    for number in range(policies):
        definition = f"{own}/Microsoft.Authorization/policyDefinitions/p{number}"
        body = json.dumps({"properties": {"mode": "Indexed", "policyRule": rule}}).encode()
        client.send("PUT", f"{definition}?{VERSION}", body)
        body = json.dumps({"properties": {"policyDefinitionId": definition}}).encode()
        client.send("PUT", f"{own}/Microsoft.Authorization/policyAssignments/p{number}?{VERSION}", body)
    begun = time.perf_counter()
    make_storage(port, count)
    made = time.perf_counter()
    states = f"{own}/Microsoft.PolicyInsights/policyStates/latest"
    client.send("POST", f"{states}/triggerEvaluation?api-version=2019-10-01")
    summary: list[dict[str, int]] = []
    while not any(row["count"] for row in summary):
        answer = json.loads(client.send("POST", f"{states}/summarize?api-version=2019-10-01"))
        summary = answer["value"][0]["results"]["resourceDetails"]
    scanned = time.perf_counter()
    client.send("POST", f"{states}/summarize?api-version=2019-10-01")
    found = sum(row["count"] for row in summary)
    if found != count:
        raise RuntimeError(f"{found} of {count} resources have states")
    return made - begun, scanned - made, time.perf_counter() - scanned


def compare(
    name: str,
    started: AbstractContextManager[Server],
    make: Callable[[int, int], None],
    read: Callable[[int], int],
    count: int,
) -> None:
    """One row: so many objects made, then all of them listed."""
    with started as server:
        begun = time.perf_counter()
        make(server.port, count)
        made = time.perf_counter()
        seen = read(server.port)
        listed = time.perf_counter()
        if seen != count:
            raise RuntimeError(f"{name}: {seen} of {count} objects are listed")
        print(
            f"  {name:<8} make {count / (made - begun):7,.0f} /s   list {listed - made:6.2f} s   "
            f"peak {server.peak_mb():5,.0f} MB"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    state = OUT / "sandbox.db"
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")

    print(f"\nin process, {options.count:,} resources made, no HTTP")
    for label, file in (("in memory", None), ("state file", state)):
        _forget(state)
        print(f"  {label:<12}{in_process(options.count, file):9,.0f} /s")
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:,.0f} MB")

    print("\nover HTTP, one write to four reads")
    with sandbox() as server:
        for clients in (1, 8, 32):
            rate, median, worst = load(server.port, clients, options.seconds)
            print(f"  {clients:>2} clients {rate:9,.0f} /s   median {median:6.2f} ms   99 % {worst:6.2f} ms")

    print(f"\nover HTTP, {options.count:,} resources under 30 audit policies")
    with sandbox() as server:
        made, scanned, read = evaluated(server.port, options.count, 30)
        print(
            f"  made in {made:.1f} s, evaluated and summarized in {scanned:.1f} s, summarized again in {read:.1f} s, "
            f"peak {server.peak_mb():,.0f} MB"
        )

    print(f"\nover HTTP, one client, {options.count:,} objects made, then listed")
    compare("sandbox", sandbox(), make_storage, list_storage, options.count)
    if MOTO.is_file():
        compare("moto", moto(), make_queues, list_queues, options.count)
    _forget(state)


def _forget(state: Path) -> None:
    for file in state.parent.glob(f"{state.name}*"):
        file.unlink()


if __name__ == "__main__":
    main()
