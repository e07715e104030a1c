"""What a client asks before it asks ARM: endpoints of the cloud, and tokens that name whoever they are asked for."""

from __future__ import annotations

import hashlib
import uuid
from urllib.parse import parse_qs

from blueprinter.sandbox.identity import ANY_APP, ANYONE, unsigned_token
from blueprinter.sandbox.model import Body, Call, Provider, Refusal, Response, Route

LIFETIME = 24 * 3600
"""Seconds for which a token says that it is good; the sandbox takes any."""


def _endpoints(call: Call) -> Response:
    """One object; clients that are pointed here by `ARM_CLOUD_METADATA_URL` ask for no API version or for an old
    one, and take a list."""
    found = cloud_description(call.request.origin, call.box.settings.tenant_id)
    if call.request.api_version >= "2022-01-01":
        return Response.of(found)
    return Response.of([found])


def cloud_description(origin: str, tenant: str) -> Body:
    """The cloud `Sandbox`: every endpoint leads here; suffixes are those of Azure's public cloud."""
    return {
        "name": "Sandbox",
        "portal": origin,
        "authentication": {
            "loginEndpoint": origin,
            "audiences": [origin, f"{origin}/", "https://management.azure.com/"],
            "tenant": tenant,
            "identityProvider": "AAD",
        },
        "media": origin,
        "graphAudience": f"{origin}/",
        "graph": f"{origin}/",
        "microsoftGraphResourceId": f"{origin}/",
        "gallery": origin,
        "activeDirectoryDataLake": origin,
        "batch": origin,
        "resourceManager": origin,
        "vmImageAliasDoc": f"{origin}/aliases.json",
        "sqlManagement": origin,
        "suffixes": {
            "storage": "core.windows.net",
            "keyVaultDns": "vault.azure.net",
            "sqlServerHostname": "database.windows.net",
            "acrLoginServer": "azurecr.io",
            "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
            "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
            "mysqlServerEndpoint": "mysql.database.azure.com",
            "postgresqlServerEndpoint": "postgres.database.azure.com",
            "mariadbServerEndpoint": "mariadb.database.azure.com",
            "synapseAnalytics": "azuresynapse.net",
        },
    }


def _managed_identity(call: Call) -> Response:
    """A token for a managed identity. The header `X-IDENTITY-HEADER` must be there, as on Azure's own hosts."""
    if "x-identity-header" not in call.request.headers and "metadata" not in call.request.headers:
        raise Refusal(400, "invalid_request", "The header X-IDENTITY-HEADER is missing.")
    resource = call.query.get("resource", call.request.origin)
    app = call.query.get("client_id", ANY_APP)
    now = int(call.box.now().timestamp())
    return Response.of(
        {
            "access_token": _token(call, resource, app, now),
            "client_id": app,
            "expires_on": str(now + LIFETIME),
            "resource": resource,
            "token_type": "Bearer",
        }
    )


def _service_principal(call: Call) -> Response:
    """The client credentials flow: any secret will do."""
    form = {
        name: values[0] for name, values in parse_qs(call.request.body.decode("utf-8", "replace")).items()
    }
    scope = form.get("scope", f"{call.request.origin}/.default").split(" ")[0]
    now = int(call.box.now().timestamp())
    return Response.of(
        {
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "ext_expires_in": LIFETIME,
            "access_token": _token(
                call,
                scope.removesuffix("/.default"),
                form.get("client_id", ANY_APP),
                now,
                call.values["tenant"],
            ),
        }
    )


def _token(call: Call, audience: str, app: str, now: int, tenant: str = "") -> str:
    tenant = tenant if tenant and tenant != "organizations" else call.box.settings.tenant_id
    return unsigned_token(
        {
            "aud": audience,
            "iss": f"{call.request.origin}/{tenant}/",
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME,
            "tid": tenant,
            "oid": object_id_of(app),
            "sub": object_id_of(app),
            "appid": app,
            "idtyp": "app",
            "ver": "1.0",
        }
    )


def object_id_of(app: str) -> str:
    """The service principal of an application: the same for the same one."""
    if app == ANY_APP:
        return ANYONE
    digest = hashlib.sha256(f"principal:{app.lower()}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def _openid(call: Call) -> Response:
    origin, tenant = call.request.origin, call.values["tenant"]
    return Response.of(
        {
            "token_endpoint": f"{origin}/{tenant}/oauth2/v2.0/token",
            "authorization_endpoint": f"{origin}/{tenant}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{origin}/{tenant}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{origin}/{tenant}/discovery/v2.0/keys",
            "issuer": f"{origin}/{tenant}/v2.0",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "response_types_supported": ["code", "id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "sandbox",
        }
    )


PROVIDER = Provider(
    "",
    routes=(
        Route("GET", "/metadata/endpoints", _endpoints),
        Route("GET", "/metadata/identity/oauth2/token", _managed_identity),
        Route("POST", "/{tenant}/oauth2/v2.0/token", _service_principal),
        Route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", _openid),
    ),
)
