"""How Google lets us in, and what its refusals mean: credentials for the client libraries and for plain requests, and
errors of `google.api_core` as ours. Nothing is asked for here."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectors.errors import (
    AnswerError,
    ConfigurationError,
    CredentialsError,
    RateLimitError,
    VendorUnavailableError,
)
from connectors.gcp.options import GcpOptions
from connectors.option_types import is_loopback
from models.errors import OutlayError

_READ_ONLY = "https://www.googleapis.com/auth/cloud-platform.read-only"
_INSTALL = "install outlay[gcp]: pip install 'outlay[gcp]'"


def not_installed() -> ConfigurationError:
    """The error where Google's libraries are missing."""
    return ConfigurationError("Google's libraries are not installed", remedy=_INSTALL)


def storage_of(options: GcpOptions) -> dict[str, str]:
    """The object store's settings in the clear, for the store alone."""
    known = {name: secret.get_secret_value() for name, secret in options.storage.items()}
    if options.credentials_file and (options.path or "").startswith("gs://"):
        known.setdefault("service_account", options.credentials_file)
    return known


def credentials_for(options: GcpOptions, endpoint: str | None) -> Any:
    """google-auth credentials: the key file that the options name, else the application default ones.

    Raises `CredentialsError` where there are none, `ConfigurationError` where the library is missing.
    """
    try:
        import google.auth
        from google.auth import exceptions
        from google.auth.credentials import AnonymousCredentials
        from google.oauth2 import service_account
    except ImportError as error:
        raise not_installed() from error
    if is_loopback(endpoint):
        return AnonymousCredentials()
    scopes = [_READ_ONLY, "https://www.googleapis.com/auth/bigquery"]
    if options.credentials_file and not Path(options.credentials_file).is_file():
        raise ConfigurationError(
            "credentials_file names no file", remedy="give the path of a service account's key file, or leave it out"
        )
    try:
        if options.credentials_file:
            return service_account.Credentials.from_service_account_file(options.credentials_file, scopes=scopes)
        found, _ = google.auth.default(scopes=scopes)
    except (exceptions.GoogleAuthError, ValueError, OSError) as error:
        raise CredentialsError(
            "there are no Google credentials that can be used",
            remedy="name a key file in credentials_file, or run `gcloud auth application-default login`",
        ) from error
    return found


def bearer(options: GcpOptions, endpoint: str) -> str | None:
    """A token for plain requests to `endpoint`; None where nobody signs in. Raises `CredentialsError`."""
    if is_loopback(endpoint):
        return None
    credentials = credentials_for(options, endpoint)
    with google_errors("the sign-in"):
        from google.auth.transport.requests import Request

        credentials.refresh(Request())
    return str(credentials.token)


@contextmanager
def google_errors(what: str) -> Generator[None]:
    """Errors of Google's libraries as ours; `what` was asked."""
    try:
        yield
    except OutlayError:
        raise
    except Exception as error:
        meant = _meaning(error, what)
        if meant is None:
            raise
        raise meant from error


def _meaning(error: Exception, what: str) -> OutlayError | None:
    """The error of ours that one of Google's is; None for one that is not Google's."""
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError

    said = _said(error)
    reasons = _reasons(error)
    if "bytesBilledLimitExceeded" in reasons or "bytesBilledLimitExceeded" in said or "bytes billed" in said:
        return ConfigurationError(
            f"{what} would scan more than maximum_gib_billed allows ({said})", remedy="raise maximum_gib_billed"
        )
    if reasons & {"quotaExceeded", "rateLimitExceeded", "resourcesExceeded"}:
        return RateLimitError(f"{what}: a quota is used up ({said})", remedy="run again later, or raise the quota")
    if reasons & {"stopped", "jobBackendError", "jobInternalError"}:
        return VendorUnavailableError(f"{what} was stopped before its end ({said})", remedy="run again")
    if isinstance(error, GoogleAuthError):
        return CredentialsError(
            f"{what}: Google does not take the credentials ({said})",
            remedy="sign in again, or make a new key for the service account; keys expire and are revoked",
        )
    for kinds, make in _kinds(exceptions):
        if isinstance(error, kinds):
            return make(what, said)
    return None


def _kinds(exceptions: Any) -> list[tuple[tuple[type[Exception], ...], Callable[[str, str], OutlayError]]]:
    """Google's classes of errors, the first that fits counts."""
    import requests

    return [
        (
            (exceptions.Unauthorized, exceptions.Forbidden),
            lambda what, said: CredentialsError(
                f"{what}: Google refuses ({said})",
                remedy="give the account the roles that connectors/gcp/README.md lists",
            ),
        ),
        (
            (exceptions.NotFound,),
            lambda what, said: ConfigurationError(
                f"{what}: it is not there ({said})", remedy="mend `table`: project.dataset.table, as BigQuery shows it"
            ),
        ),
        (
            (exceptions.TooManyRequests,),
            lambda what, said: RateLimitError(f"{what}: Google limits our rate ({said})", remedy="run again later"),
        ),
        (
            (exceptions.BadRequest,),
            lambda what, said: AnswerError(
                f"{what}: BigQuery does not take the query ({said})",
                remedy="is the table a billing export, and `report` its kind? Otherwise please report it",
            ),
        ),
        (
            (exceptions.GoogleAPIError, requests.RequestException, TimeoutError, ConnectionError),
            lambda what, said: VendorUnavailableError(
                f"{what}: Google did not answer ({said})", remedy="check the network and run again"
            ),
        ),
    ]


def _reasons(error: Exception) -> set[str]:
    entries = getattr(error, "errors", None) or ()
    return {str(entry.get("reason")) for entry in entries if isinstance(entry, dict)}


def _said(error: Exception) -> str:
    text = str(getattr(error, "message", None) or error)
    return " ".join(text.split())[:200] or type(error).__name__
