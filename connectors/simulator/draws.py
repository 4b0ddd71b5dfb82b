"""Chance that is the same everywhere: every draw is a SHA-256 of the seed and of what it is drawn for.

No generator state, no float, no hash(): so the same seed gives the same bytes in any process and Python version.
The two ways of splitting whole numbers exactly live here too. What the numbers mean belongs to `traffic`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def draw(*parts: object) -> int:
    """A whole number from 0 to 2**64 − 1, fixed by `parts`."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def between(low: int, high: int, *parts: object) -> int:
    """A whole number from `low` to `high`, both included, fixed by `parts`."""
    return low + draw(*parts) % (high - low + 1)


def happens(permille: int, *parts: object) -> bool:
    """True in `permille` of a thousand cases, fixed by `parts`."""
    return draw(*parts) % 1000 < permille


@lru_cache(maxsize=4096)
def identifier(prefix: str, length: int, *parts: object) -> str:
    """An opaque identifier such as vendors give, fixed by `parts`: `prefix` and `length` letters and digits."""
    text = "\x1f".join(str(part) for part in parts)
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    letters: list[str] = []
    for _ in range(length):
        number, position = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[position])
    return prefix + "".join(letters)


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """`total` cut along the running sum of `weights`: whole parts, in order, that sum to `total` exactly."""
    whole = sum(weights)
    parts: list[int] = []
    running = taken = 0
    for weight in weights:
        running += weight
        upto = total * running // whole
        parts.append(upto - taken)
        taken = upto
    return parts


def largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in proportion to `weights`; what rounding down leaves goes, one each, to the largest remainders.

    Ties go to the earlier one. A negative total is split as its opposite. All weights zero: everything to the first.
    """
    if total < 0:
        return [-part for part in largest_remainder(-total, weights)]
    whole = sum(weights)
    if whole == 0:
        return [total, *(0 for _ in weights[1:])]
    parts = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda position: (-remainders[position], position))
    for position in order[: total - sum(parts)]:
        parts[position] += 1
    return parts
