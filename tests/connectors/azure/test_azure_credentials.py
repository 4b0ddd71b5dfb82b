"""Who asks: which identity is used, and what becomes of one that is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.identity import ClientSecretCredential, CredentialUnavailableError, DefaultAzureCredential

from connectors.azure import AzureOptions
from connectors.azure.credentials import credential_of, place_of, storage_tokens, token_of
from connectors.errors import CredentialsError, VendorUnavailableError
from connectors.exports.places import LocalPlace, ObjectPlace


class Known:
    """An identity that Azure knows."""

    def get_token(self, *scopes: str) -> AccessToken:
        assert scopes == ("https://storage.azure.com/.default",)
        return AccessToken("token-word", 1_790_000_000)


class Refused:
    """One that it does not."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get_token(self, *scopes: str) -> Any:
        raise self._error


@contextmanager
def _closed(credential: Any) -> Iterator[Any]:
    try:
        yield credential
    finally:
        credential.close()


def test_an_application_with_a_secret_is_used_else_what_the_machine_is_known_by() -> None:
    secret = AzureOptions(report="actual", path="x", tenant_id="t", client_id="c", client_secret="s")  # type: ignore[arg-type]
    with _closed(credential_of(secret)) as credential:
        assert isinstance(credential, ClientSecretCredential)
    with _closed(credential_of(AzureOptions(report="actual", path="x", client_id="c"))) as credential:
        assert isinstance(credential, DefaultAzureCredential)


@pytest.mark.parametrize(
    "error",
    [
        ClientAuthenticationError("AADSTS7000222: The provided client secret keys for app 'c' are expired."),
        CredentialUnavailableError("DefaultAzureCredential failed to retrieve a token\nTo mitigate: ..."),
        HttpResponseError("(500) the answer of the identity service"),
        ValueError("Invalid tenant id provided."),
    ],
)
def test_a_refused_identity_says_which_roles_it_needs(error: Exception) -> None:
    with pytest.raises(CredentialsError, match="needs Cost Management Reader on the scope") as raised:
        token_of(Refused(error), "https://management.azure.com/.default")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("error", [ServiceRequestError("no route to host"), ServiceResponseError("connection reset")])
def test_an_identity_service_that_does_not_answer_is_no_refusal(error: Exception) -> None:
    with pytest.raises(VendorUnavailableError, match=r"did not answer \((no route|connection reset)"):
        token_of(Refused(error), "https://management.azure.com/.default")


def test_what_the_library_does_not_take_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("Invalid tenant id provided.")

    monkeypatch.setattr("azure.identity.DefaultAzureCredential", refuse)
    with pytest.raises(CredentialsError, match="Invalid tenant id provided"):
        credential_of(AzureOptions(report="actual", path="x"))


def test_storage_is_given_a_token_and_its_end() -> None:
    assert storage_tokens(Known())() == {
        "token": "token-word",
        "expires_at": datetime.fromtimestamp(1_790_000_000, UTC),
    }


def test_a_container_without_a_key_is_opened_with_the_identity() -> None:
    options = AzureOptions(report="actual", path="az://exports/x", storage={"account_name": "acme"})  # type: ignore[dict-item]
    assert isinstance(place_of("az://exports/x", options, Known()), ObjectPlace)
    with pytest.raises(CredentialsError):
        place_of("az://exports/x", options, Refused(ClientAuthenticationError("expired")))


def test_keys_of_the_account_need_no_identity() -> None:
    options = AzureOptions(
        report="actual",
        path="az://exports/x",
        storage={"account_name": "acme", "account_key": "a2V5"},  # type: ignore[dict-item]
    )
    assert isinstance(place_of("az://exports/x", options, Refused(AssertionError())), ObjectPlace)
    assert isinstance(place_of("/tmp/x", options), LocalPlace)


def test_secrets_are_never_shown() -> None:
    options = AzureOptions(
        report="actual",
        path="x",
        tenant_id="t",
        client_id="c",
        client_secret="s3cret",
        storage={"account_key": "k3y"},  # type: ignore[arg-type,dict-item]
    )
    assert "s3cret" not in repr(options)
    assert "k3y" not in repr(options)
