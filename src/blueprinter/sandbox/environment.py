"""What points the Azure SDK and `az` at a sandbox: files in a folder, and variables of the shell.

`az` needs HTTPS and a certificate that it trusts, a cloud of its own, and a login, for which a profile with a managed
identity stands: so there is nothing to log in to.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

CLOUD = "Sandbox"


def write_az_files(
    folder: Path, *, url: str, tenant_id: str, subscriptions: Sequence[tuple[str, str]]
) -> Path:
    """Writes the configuration of `az` (its `AZURE_CONFIG_DIR`) and gives its folder. `subscriptions`: id and
    name; the first one is the default."""
    config = folder / "azure"
    config.mkdir(parents=True, exist_ok=True)
    endpoints = "\n".join(
        f"endpoint_{name} = {value}"
        for name, value in (
            ("resource_manager", url),
            ("management", url),
            ("active_directory", url),
            ("active_directory_resource_id", url),
            ("microsoft_graph_resource_id", f"{url}/"),
            ("active_directory_graph_resource_id", f"{url}/"),
        )
    )
    first = subscriptions[0][0] if subscriptions else ""
    (config / "clouds.config").write_text(
        f"[{CLOUD}]\n{endpoints}\nsubscription = {first}\n", encoding="utf-8"
    )
    (config / "config").write_text(
        f"[cloud]\nname = {CLOUD}\n[core]\ninstance_discovery = false\ncollect_telemetry = false\n"
        "[logging]\nenable_log_file = no\n",
        encoding="utf-8",
    )
    (config / "azureProfile.json").write_bytes(orjson.dumps(_profile(tenant_id, subscriptions)))
    return config


def _profile(tenant_id: str, subscriptions: Sequence[tuple[str, str]]) -> dict[str, object]:
    return {
        "installationId": "00000000-0000-0000-0000-0000000000ff",
        "subscriptions": [
            {
                "id": id,
                "name": name,
                "state": "Enabled",
                "isDefault": place == 0,
                "tenantId": tenant_id,
                "homeTenantId": tenant_id,
                "environmentName": CLOUD,
                "managedByTenants": [],
                "user": {
                    "name": "systemAssignedIdentity",
                    "type": "servicePrincipal",
                    "assignedIdentityInfo": "MSI",
                },
            }
            for place, (id, name) in enumerate(subscriptions)
        ],
    }


def shell_variables(
    *, url: str, config: Path, certificate: Path, subscription: str, tenant_id: str
) -> Mapping[str, str]:
    """The variables of the environment, by name."""
    return {
        "AZURE_CONFIG_DIR": str(config.resolve()),
        "REQUESTS_CA_BUNDLE": str(certificate.resolve()),
        "SSL_CERT_FILE": str(certificate.resolve()),
        "IDENTITY_ENDPOINT": f"{url}/metadata/identity/oauth2/token",
        "IDENTITY_HEADER": "sandbox",
        "AZURE_SUBSCRIPTION_ID": subscription,
        "AZURE_TENANT_ID": tenant_id,
        "ARM_ENDPOINT": url,
    }


def shell_lines(found: Mapping[str, str], shell: str) -> list[str]:
    """Lines that set variables, for `bash` or `powershell`."""
    if shell == "powershell":
        return [f"$env:{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in found.items()]
    return [f"export {name}={shlex.quote(value)}" for name, value in found.items()]
