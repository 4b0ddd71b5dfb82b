"""Types of options that several vendors share: an address that may carry a key, and the key itself.

What a key is for, and which options there are, belongs to each vendor's own options.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def is_loopback(url: str | None) -> bool:
    """Whether an address is this machine's: nothing leaves it, and nobody signs in there."""
    return urlsplit(url or "").hostname in _LOOPBACK


def _checked_base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as https://api.example.com/v1")
    if parts.username or parts.password:
        raise ValueError("must not hold a user or password")
    if parts.scheme == "http" and not is_loopback(url):
        raise ValueError("must be https: the key would travel in the clear (http is for this machine only)")
    if parts.query or parts.fragment:
        raise ValueError("must not hold a query")
    return url.rstrip("/")


def _checked_key(key: SecretStr) -> SecretStr:
    text = key.get_secret_value().strip()
    if not text:
        raise ValueError("is empty: is the environment variable set?")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("holds characters that no key has: was it pasted whole?")
    return SecretStr(text)


BaseUrl = Annotated[str, AfterValidator(_checked_base_url)]
"""https, or http to this machine; without user, password and query."""

Key = Annotated[SecretStr, AfterValidator(_checked_key)]
"""A secret that can travel in a header."""
