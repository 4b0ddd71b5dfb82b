"""How exact amounts are written in the truth."""

from __future__ import annotations

from decimal import Decimal


def text(amount: Decimal) -> str:
    """Exact decimal text without an exponent; at least two places."""
    plain = format(amount.normalize(), "f")
    whole, _, places = plain.partition(".")
    return f"{whole}.{places.ljust(2, '0')}"
