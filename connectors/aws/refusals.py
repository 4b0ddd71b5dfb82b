"""What AWS's refusals mean: a table of its codes, each with the error of ours and what to do. Asking again belongs to
`session`."""

from __future__ import annotations

from typing import Any

from connectors.errors import (
    AnswerError,
    ConfigurationError,
    ConnectorError,
    CredentialsError,
    RateLimitError,
    VendorUnavailableError,
)

_CLOCK = "this machine's clock is wrong: set it by NTP and run again"
_SIGN_IN = "the session's token has expired: sign in again (aws sso login), or use a role"
_KEY = "check the profile's or the environment's access key"
_WAIT = "wait and run again, or ask less often"
_ALLOW = "allow the actions listed in the README of the aws connector for this identity"
_LATER = "wait and run again"

_CODES: tuple[tuple[type[ConnectorError], str, tuple[str, ...]], ...] = (
    (CredentialsError, _CLOCK, ("RequestTimeTooSkewed", "RequestInTheFuture")),
    (
        CredentialsError,
        _SIGN_IN,
        ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"),
    ),
    (
        CredentialsError,
        _KEY,
        (
            *("InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId"),
            *("InvalidSignatureException", "MissingAuthenticationToken", "IncompleteSignature"),
        ),
    ),
    (
        RateLimitError,
        _WAIT,
        (
            *("Throttling", "ThrottlingException", "LimitExceededException", "RequestLimitExceeded", "SlowDown", "429"),
            *("TooManyRequestsException", "BandwidthLimitExceeded", "ProvisionedThroughputExceededException"),
        ),
    ),
    (
        CredentialsError,
        _ALLOW,
        (
            *("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure", "OptInRequired"),
            *("Forbidden", "403"),
        ),
    ),
    (
        VendorUnavailableError,
        _LATER,
        ("InternalFailure", "InternalError", "ServiceUnavailable", "500", "502", "503", "504"),
    ),
)
_BY_CODE = {code: (error, remedy) for error, remedy, codes in _CODES for code in codes}

_NO_KEYS = frozenset(
    {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError"}
)
_NO_NETWORK = frozenset(
    {"EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError", "SSLError"}
)


def explained(error: Any, service: str, source: str) -> ConnectorError:
    """A `ClientError` of botocore in our family, by its code, then by its status."""
    told = error.response.get("Error", {})
    code, text = str(told.get("Code", "")), str(told.get("Message", ""))
    status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    kind, remedy = _BY_CODE.get(code) or _BY_CODE.get(status) or (AnswerError, "check the options of this source")
    # a wrong clock shows as a signature that expired, or that is not valid yet
    if remedy is _KEY and any(word in text.lower() for word in ("signature expired", "not yet current")):
        remedy = _CLOCK
    return kind(f"AWS {service} answered {code or status}: {_short(text)}", remedy=remedy, source=source)


def explained_locally(error: Exception, service: str, source: str) -> ConnectorError:
    """What botocore says before AWS is asked: no keys, no profile, no network."""
    kind, text = type(error).__name__, _short(str(error))
    if kind in _NO_KEYS or "SSO" in kind:
        return CredentialsError(
            f"there are no usable AWS keys: {text}",
            remedy="name a `profile`, sign in (aws sso login), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            source=source,
        )
    if kind in _NO_NETWORK:
        return VendorUnavailableError(
            f"AWS {service} cannot be reached: {text}", remedy="check network and endpoint, run again", source=source
        )
    return ConfigurationError(f"AWS {service}: {text}", remedy="check the options of this source", source=source)


def _short(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:299]}…"
