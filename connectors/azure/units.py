"""Azure's UnitOfMeasure as FOCUS's units: `10K` is 10000 Units, `1 GB/Month` is GB/Month, `100 Hours` is 100 Hours.

Quantities on a bill count UnitOfMeasure; what was used is their block times as much. What a meter counts (tokens and
not units) is told by `model_meters`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.ledger.focus.unit_format import canonical_unit

_SCALES = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}
_TIMES = ("Second", "Minute", "Hour", "Day", "Week", "Month", "Year")
_NUMBERED = re.compile(r"^(\d+)\s*([KMB]?)(?![A-Za-z])\s*(.*)$")
_WORDS = {
    "gb": "GB",
    "gib": "GiB",
    "tb": "TB",
    "tib": "TiB",
    "mb": "MB",
    "pb": "PB",
    "pib": "PiB",
    "api calls": "Requests",
    "annual domain": "Domains",
    "hora": "Hours",
    "小时": "Hours",
    "hrs": "Hours",
    "million": "Units",
    "10000s": "Transactions",
    "callingminutes": "Minutes",
    "minute(s)": "Minutes",
    "print job": "Jobs",
    "text": "Messages",
    "per call": "Calls",
    "per request": "Requests",
    "count": "Count",
    "por mes": "Months",
    "unassigned": "Units",
    "unit": "Units",
    "units": "Units",
    "": "Units",
}
"""Words that FOCUS spells otherwise, and those that only Azure writes."""


@dataclass(frozen=True)
class Unit:
    """`block` of `base` make one PricingUnit: `10000 Units`; a block of one is the bare unit."""

    block: int
    base: str

    @property
    def pricing_unit(self) -> str:
        return self.base if self.block == 1 else f"{self.block} {self.base}"

    def counted_in(self, base: str) -> Unit:
        """The same block of something else: 1K Units of a token meter are 1000 Tokens."""
        return Unit(self.block, base)


def unit_of(measure: str | None) -> Unit:
    """The unit that a UnitOfMeasure means; words that nobody knows become a count noun of themselves."""
    text = re.sub(r"[\s\u00a0]+", " ", measure or "").strip()
    numbered = _NUMBERED.match(text)
    block, rest = 1, text
    if numbered and text.casefold() not in _WORDS:
        block, rest = int(numbered[1]) * _SCALES[numbered[2]], numbered[3]
        again = _NUMBERED.match(rest)
        if again and block == 1:
            block, rest = int(again[1]) * _SCALES[again[2]], again[3]
    if rest.casefold() == "million":
        return Unit(block * 1_000_000, "Units")
    noun, _, per = rest.partition("/")
    time = _time(per) if per.strip() else None
    base = _base(noun)
    return Unit(max(block, 1), f"{base}/{time}" if time else base)


def _base(noun: str) -> str:
    """One noun in FOCUS's spelling; `GB Hour` is a compound, GB-Hours."""
    text = noun.strip()
    known = _WORDS.get(text.casefold()) or canonical_unit(text)
    if known:
        return known
    *first, last = text.split(" ")
    time = canonical_unit(last)
    if first and time and time.removesuffix("s") in _TIMES:
        counted = " ".join(first)
        return f"{_WORDS.get(counted.casefold(), counted[:1].upper() + counted[1:])}-{time}"
    words = [re.sub(r"[^A-Za-z0-9]", "", word) for word in text.split(" ")]
    spelt = " ".join(word[:1].upper() + word[1:] for word in words if word)
    return spelt if re.match(r"^[A-Z]", spelt) else "Units"


def _time(per: str) -> str | None:
    """`Month`, `10 Days` → `10 Day`, `mes` and `月` → `Month`."""
    text = per.strip().casefold()
    number, _, word = text.rpartition(" ")
    singular = {"mes": "Month", "月": "Month", "hora": "Hour", "小时": "Hour"}.get(word) or next(
        (time for time in _TIMES if word.removesuffix("s") == time.casefold()), None
    )
    if singular is None:
        return None
    return f"{number} {singular}" if number.isdigit() and int(number) > 1 else singular
