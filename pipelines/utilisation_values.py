"""What every reader of utilisation does with a value: taken exactly, or refused with its place."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import NoReturn

from models.errors import MoneyError, OutlayError
from models.ledger.money import PLACES, parse_money


def wrong(where: str, what: str, remedy: str = "mend that line, or export the file again") -> NoReturn:
    """Raise `OutlayError` for a place in a file."""
    raise OutlayError(f"{where}: {what}", remedy=remedy)


def busy_share(value: str, shift: int, where: str) -> Decimal:
    """A share from 0 to 1; `shift` is -2 where the value is in percent. Raises `OutlayError`."""
    try:
        share, _ = parse_money(value, shift)
    except MoneyError as error:
        wrong(where, f"utilisation {error.what}")
    if not 0 <= share <= 1:
        wrong(where, f"utilisation {value} is not between 0 and {'100' if shift else '1'}")
    return share


def exact(fraction: Fraction) -> Decimal:
    """A fraction of an accelerator at our twelve places."""
    return round(Decimal(fraction.numerator) / Decimal(fraction.denominator), PLACES)
