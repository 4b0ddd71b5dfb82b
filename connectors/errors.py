"""What can go wrong on the way in and out, as the one family that people read.

OutlayError (models.errors)
└── ConnectorError
    ├── CredentialsError      wrong key, missing scope
    ├── RateLimitError        429 until the retries ran out
    ├── VendorUnavailableError5xx, time-outs, dropped connections until the retries ran out
    ├── AnswerError           an answer that is not what the vendor promises: half a page, bad JSON, wrong types
    ├── IncompleteError       the window is not proven complete: a bucket or a listed file is missing
    ├── AuthorityError        two sources claim the same account and period
    ├── ConfigurationError    an option that cannot work
    ├── ArchiveError          our own archive cannot be written (disk full) or read (damaged)
    └── DeliveryError         a message that could not be delivered
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from models.errors import OutlayError


class ConnectorError(OutlayError):
    """Something between a vendor and us."""


class CredentialsError(ConnectorError):
    """The vendor refused the key, or the key lacks a scope."""


class RateLimitError(ConnectorError):
    """The vendor answered 429 until the bounded retries ran out."""


class VendorUnavailableError(ConnectorError):
    """5xx, time-out or dropped connection until the bounded retries ran out."""


class AnswerError(ConnectorError):
    """An answer that cannot be read as what the vendor promises."""


class IncompleteError(ConnectorError):
    """The pulled window is not proven complete, so nothing may be replaced by it."""


class AuthorityError(ConnectorError):
    """A second authority for one issuer, account and period."""


class ConfigurationError(ConnectorError):
    """An option of a source that cannot work."""


class ArchiveError(ConnectorError):
    """Our own archive of answers cannot be written or read."""


class DeliveryError(ConnectorError):
    """A message that the receiving service did not take."""


@contextmanager
def whose(source: str, stream: str, window: object) -> Generator[None]:
    """Errors from below know what happened; here they learn to which source, stream and window, unless they know."""
    try:
        yield
    except OutlayError as error:
        error.source = error.source or source
        error.stream = error.stream or stream
        error.window = error.window or str(window)
        raise
