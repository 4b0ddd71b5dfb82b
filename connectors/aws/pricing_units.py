"""AWS's words for units in FOCUS's way of writing them. Each distinct word is worked out once."""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from models.ledger.focus.unit_format import canonical_unit, is_misspelt

_KNOWN = {
    "hrs": "Hours",
    "hr": "Hours",
    "hour": "Hours",
    "hours": "Hours",
    "instance-hrs": "Hours",
    "gb-mo": "GB-Months",
    "gb-month": "GB-Months",
    "gb-months": "GB-Months",
    "gb mo": "GB-Months",
    "iops-mo": "IOPS-Months",
    "gibps-mo": "GiB/Second-Months",
    "count": "Count",
    "quantity": "Units",
    "unit": "Units",
    "units": "Units",
    "second": "Seconds",
    "minute": "Minutes",
    "lambda-gb-second": "Lambda-GB-Seconds",
    "gigabytes": "GB",
    "gigabyte": "GB",
    "1k tokens": "1000 Tokens",
    "1,000 tokens": "1000 Tokens",
    "1000 tokens": "1000 Tokens",
    "1m tokens": "1000000 Tokens",
    "1,000,000 tokens": "1000000 Tokens",
    "million tokens": "1000000 Tokens",
    "tokens": "Tokens",
    "token": "Tokens",
    "model-unit-hour": "Hours",
}
_TIMES = {"hrs": "Hours", "hr": "Hours", "hour": "Hours", "mo": "Months", "month": "Months", "second": "Seconds"}


@cache
def focus_unit(word: str | None) -> str:
    """FOCUS's spelling of a unit; `Units` where the bill names none, or one that FOCUS's format cannot write."""
    text = (word or "").strip()
    known = _KNOWN.get(text.casefold()) or canonical_unit(text)
    if known:
        return known
    parts = [_TIMES.get(part.casefold(), _capitalised(part)) for part in re.split(r"-", text) if part.strip()]
    candidate = "-".join(parts)
    if candidate and not bool(is_misspelt(pl.Series([candidate]))[0]):
        return candidate
    return "Units"


def _capitalised(part: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", part)
    return " ".join(
        word if word.startswith("v") and word[1:2].isupper() else word[:1].upper() + word[1:] for word in words
    )


_BLOCKS = {"1000 Tokens": 1000, "1000000 Tokens": 1_000_000, "Tokens": 1}


def token_block(unit: str) -> int | None:
    """How many tokens one unit of the bill is; None for a unit that does not count tokens."""
    return _BLOCKS.get(unit)
