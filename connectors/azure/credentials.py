"""Who asks: the identity of `outlay.yaml` or of this machine, for Azure Resource Manager and for storage accounts.

A refused or absent identity becomes a CredentialsError in our words; no secret appears in one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from connectors.azure.options import AzureOptions
from connectors.errors import ConfigurationError, CredentialsError, VendorUnavailableError
from connectors.exports.places import ObjectPlace, Place, place_at

MANAGEMENT_SCOPE = "https://management.azure.com/.default"
STORAGE_SCOPE = "https://storage.azure.com/.default"
_BLOB_SCHEMES = frozenset({"az", "azure", "abfs", "abfss", "adl"})
_KEYS = ("account_key", "sas_key", "sas_token", "access_key", "bearer_token", "connection_string", "use_emulator")
_PREFIX = "azure_storage_"
_SCOPE = "Cost Management Reader on the scope, and Storage Blob Data Reader on the container of the export"


class Credential(Protocol):
    """What azure-identity's credentials have in common."""

    def get_token(self, *scopes: str) -> Any:
        """A token for these scopes, with `token` and `expires_on`."""
        ...


def credential_of(options: AzureOptions) -> Credential:
    """The application of `client_id` where it has a secret, else whatever this machine is known by.

    Raises `ConfigurationError` where azure-identity is missing, `CredentialsError` for what it does not take.
    """
    try:
        from azure.identity import ClientSecretCredential, DefaultAzureCredential
    except ModuleNotFoundError:
        raise missing_library() from None
    try:
        if options.client_secret is not None and options.tenant_id and options.client_id:
            secret = options.client_secret.get_secret_value()
            return ClientSecretCredential(options.tenant_id, options.client_id, secret)
        known = {"managed_identity_client_id": options.client_id} if options.client_id else {}
        return DefaultAzureCredential(exclude_interactive_browser_credential=True, **known)
    except ValueError as error:
        raise refused(_first_line(error)) from None


def token_of(credential: Credential, scope: str) -> Any:
    """A token; `CredentialsError` where the identity is refused or there is none, `VendorUnavailableError` where nobody
    answers."""
    from azure.core.exceptions import AzureError, ServiceRequestError, ServiceResponseError

    try:
        return credential.get_token(scope)
    except (ServiceRequestError, ServiceResponseError) as error:
        raise VendorUnavailableError(
            f"Azure's identity service did not answer ({_first_line(error)})",
            remedy="pull again later; check that this machine reaches it",
        ) from None
    except (AzureError, ValueError) as error:
        raise refused(_first_line(error)) from None


def refused(said: str) -> CredentialsError:
    """An identity that Azure does not take."""
    return CredentialsError(
        f"Azure refuses the identity ({said})",
        remedy=f"needs {_SCOPE}; renew an expired client secret, and mend it in the environment",
    )


def place_of(path: str, options: AzureOptions, credential: Credential | None = None) -> Place:
    """The place of an export; a storage account without a key of its own is opened with the identity."""
    storage = secrets_of(options)
    has_key = any(name.removeprefix(_PREFIX).removeprefix("azure_") in _KEYS for name in storage)
    if urlsplit(path).scheme not in _BLOB_SCHEMES or has_key or "skip_signature" in storage:
        return place_at(path, storage)
    return ObjectPlace(path, storage, _store_with_identity(path, storage, credential or credential_of(options)))


def secrets_of(options: AzureOptions) -> dict[str, str]:
    """The object store's settings in the clear, for the store alone."""
    return {name: secret.get_secret_value() for name, secret in options.storage.items()}


def storage_tokens(credential: Credential) -> Callable[[], dict[str, Any]]:
    """What obstore asks for a token with: each call gives one and when it expires."""

    def token() -> dict[str, Any]:
        given = token_of(credential, STORAGE_SCOPE)
        return {"token": given.token, "expires_at": datetime.fromtimestamp(given.expires_on, UTC)}

    return token


def _store_with_identity(path: str, storage: dict[str, str], credential: Credential) -> Any:
    from obstore.store import AzureStore

    parts = urlsplit(path)
    container, _, host = parts.netloc.partition("@")
    named = {"account_name": host.partition(".")[0]} if host else {}
    client = {"allow_http": storage.pop("allow_http")} if "allow_http" in storage else {}
    tokens: Any = storage_tokens(credential)
    tokens()  # an identity that is refused is told as such, not as a store that cannot be reached
    config: Any = {**named, **storage}
    options: Any = client or None
    try:
        return AzureStore(container, config=config, client_options=options, credential_provider=tokens)
    except Exception as error:
        raise ConfigurationError(
            f"{path} is no container that can be opened",
            remedy="name account_name (and endpoint, where it is another) under storage",
        ) from error


def missing_library() -> ConfigurationError:
    """azure's libraries are an extra."""
    return ConfigurationError("the Azure libraries are not installed", remedy='install "outlay[azure]"')


def _first_line(error: Exception) -> str:
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return text[:200]
