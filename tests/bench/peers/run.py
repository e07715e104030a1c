"""One other engine over one file, in the environment of `requirements.txt`: `python run.py rego|custodian FILE`.

Prints seconds and hits as one line of JSON, like `work.py`. The clock starts when everything is loaded and compiled.
Rego takes the rows as JSON text, Cloud Custodian as parsed objects, as each of them is made for.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import orjson

HERE = Path(__file__).parent

FILTERS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "storage-https-only": (
        "microsoft.storage/storageaccounts",
        [{"type": "value", "key": "properties.supportsHttpsTrafficOnly", "value": False}],
    ),
    "storage-tls-version": (
        "microsoft.storage/storageaccounts",
        [
            {
                "type": "value",
                "key": "properties.minimumTlsVersion",
                "op": "not-in",
                "value": ["TLS1_2", "TLS1_3"],
            }
        ],
    ),
    "storage-no-anonymous-blobs": (
        "microsoft.storage/storageaccounts",
        [{"type": "value", "key": "properties.allowBlobPublicAccess", "op": "ne", "value": False}],
    ),
    "vm-encryption-at-host": (
        "microsoft.compute/virtualmachines",
        [{"type": "value", "key": "properties.securityProfile.encryptionAtHost", "op": "ne", "value": True}],
    ),
    "key-vault-purge-protection": (
        "microsoft.keyvault/vaults",
        [{"type": "value", "key": "properties.enablePurgeProtection", "op": "ne", "value": True}],
    ),
    "nic-ip-forwarding-off": (
        "microsoft.network/networkinterfaces",
        [{"type": "value", "key": "properties.enableIPForwarding", "value": True}],
    ),
    "app-https-only": (
        "microsoft.web/sites",
        [
            {"not": [{"type": "value", "key": "kind", "op": "contains", "value": "azurecontainerapps"}]},
            {"type": "value", "key": "properties.httpsOnly", "op": "ne", "value": True},
        ],
    ),
    "disk-public-access-off": (
        "microsoft.compute/disks",
        [
            {"type": "value", "key": "properties.publicNetworkAccess", "op": "ne", "value": "Disabled"},
            {"type": "value", "key": "properties.networkAccessPolicy", "op": "ne", "value": "DenyAll"},
        ],
    ),
}
"""The same eight as Cloud Custodian's value filters, each with the resource type that its policy would be about."""


def rego(lines: list[str]) -> tuple[float, int]:
    import regorus  # in the environment of the peers only

    engine = regorus.Engine()
    engine.add_policy_from_file(str(HERE / "policies.rego"))
    engine.set_input_json(lines[0])
    engine.eval_rule("data.policies.violations")
    started = time.perf_counter()
    hits = 0
    for line in lines:
        engine.set_input_json(line)
        hits += len(engine.eval_rule("data.policies.violations"))
    return time.perf_counter() - started, hits


def custodian(lines: list[str]) -> tuple[float, int]:
    from c7n.filters import FilterRegistry  # in the environment of the peers only

    registry = FilterRegistry("rows")
    by_type: dict[str, list[list[Any]]] = {}
    for type_, filters in FILTERS.values():
        by_type.setdefault(type_, []).append([registry.factory(one, None) for one in filters])
    rows = [orjson.loads(line) for line in lines]
    started = time.perf_counter()
    hits = 0
    grouped: dict[str, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row["type"].lower(), []).append(row)
    for type_, policies in by_type.items():
        for filters in policies:
            left = grouped.get(type_, [])
            for one in filters:
                left = one.process(left)
            hits += len(left)
    return time.perf_counter() - started, hits


def main() -> None:
    run = {"rego": rego, "custodian": custodian}[sys.argv[1]]
    seconds, hits = run(Path(sys.argv[2]).read_text(encoding="utf-8").splitlines())
    print(json.dumps({"seconds": seconds, "peak": 0, "count": hits}))


if __name__ == "__main__":
    main()
