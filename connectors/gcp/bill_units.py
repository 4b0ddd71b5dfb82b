"""Units of Google's bill in FOCUS's words: `gibibyte month` is GiB-Months, `byte-seconds` are B-Seconds. Pure."""

from __future__ import annotations

import re

from models.ledger.focus.unit_format import TIMES, canonical_unit

_SIZES = {
    "byte": "B",
    "kibibyte": "KiB",
    "mebibyte": "MiB",
    "gibibyte": "GiB",
    "tebibyte": "TiB",
    "pebibyte": "PiB",
    "kilobyte": "KB",
    "megabyte": "MB",
    "gigabyte": "GB",
    "terabyte": "TB",
}
NOTHING_TOLD = "Units"
"""The unit of what is counted without saying in what."""


def focus_unit(unit: str | None) -> str:
    """FOCUS's spelling of a unit of the bill; words that nobody knows are kept, capitalised and joined."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", unit or "") if word and not word[0].isdigit()]
    if not words:
        return NOTHING_TOLD
    return "-".join(_word(word) for word in words)


def _word(word: str) -> str:
    singular = word.casefold().removesuffix("s")
    if singular in _SIZES:
        return _SIZES[singular]
    if singular.capitalize() in TIMES:
        return f"{singular.capitalize()}s"
    return canonical_unit(word) or canonical_unit(singular) or word[0].upper() + word[1:]
