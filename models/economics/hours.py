"""Units of time on a bill, as hours: how many hours one unit is, exactly, and whether accelerators are timed.

A table of words and the block before them (`100 Hours`). What is timed belongs to `accelerators`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_HOURS = {
    "second": Fraction(1, 3600),
    "sec": Fraction(1, 3600),
    "minute": Fraction(1, 60),
    "min": Fraction(1, 60),
    "hour": Fraction(1),
    "hr": Fraction(1),
    "h": Fraction(1),
    "day": Fraction(24),
}
_ACCELERATOR = r"gpu|tpu|chip|accelerator"
_TIMED = rf"{_ACCELERATOR}|instance|vm|node"
_UNIT = re.compile(
    rf"(?:(?P<block>[1-9]\d{{0,8}})\s+)?(?:(?P<timed>{_TIMED})s?[\s_-]+(?:per[\s_-]+)?)?"
    rf"(?P<word>{'|'.join(_HOURS)})s?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class TimeUnit:
    """`hours` of one unit. `is_of_accelerators`: the bill counts GPUs (chips) itself, not machines."""

    hours: Fraction
    is_of_accelerators: bool


def time_unit(unit: str | None) -> TimeUnit | None:
    """What a unit such as `Hours`, `Seconds`, `100 Hours` or `GPU-Hours` is; None for everything else.

    `Normalized Hours`, `vCPU-Hours` and `GB-Hours` are no hours of a machine.
    """
    found = _UNIT.fullmatch((unit or "").strip())
    if found is None:
        return None
    hours = _HOURS[found["word"].lower()] * int(found["block"] or 1)
    return TimeUnit(hours, bool(found["timed"]) and bool(re.fullmatch(_ACCELERATOR, found["timed"], re.IGNORECASE)))
