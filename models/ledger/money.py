"""Exact money: how amounts are read, multiplied, divided and split without losing or making a cent.

Every amount, unit price and quantity of ours is `Decimal(38, 12)`; on 1e-12 units it is an Int128. What an amount
means (billed, list, a price, tokens) does not belong here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

import polars as pl

from models.errors import MoneyError

MONEY = pl.Decimal(38, 12)
"""The dtype of every amount of money, unit price and quantity."""
PLACES = 12
"""Decimal places that we keep."""
INTEGER_DIGITS = 26
"""Digits before the point that fit beside them in Decimal(38, 12)."""

_UNIT = Decimal(1).scaleb(-PLACES)
_LONGEST = 400
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
_EXACT = Context(prec=2 * _LONGEST, rounding=ROUND_HALF_EVEN, Emax=MAX_EMAX, Emin=MIN_EMIN)
_PLAIN = rf"^[+-]?\d{{1,{INTEGER_DIGITS}}}(\.\d{{0,{PLACES}}})?$"
_LONGER_PLACES = 20
_LONGER = rf"^[+-]?\d{{1,17}}\.\d{{{PLACES + 1},{_LONGER_PLACES}}}$"
_REMEDY = "money must reach us as the vendor's own text, an integer or a Decimal of at most 26 integer digits"


def parse_money(amount: str | int | Decimal, places_shift: int = 0) -> tuple[Decimal, Decimal]:
    """The amount at 12 places, rounded half-even once, and exactly what rounding took (amount − value).

    `places_shift` moves the point first: -2 reads cents as major units. Text may be signed and in scientific
    notation. `MoneyError` for floats, booleans, NaN, Infinity, anything that is no number, over 26 integer digits.
    """
    exact = _EXACT.scaleb(_as_decimal(amount), places_shift)
    if exact and exact.adjusted() >= INTEGER_DIGITS:
        raise _not_money(amount, f"has more than {INTEGER_DIGITS} integer digits")
    # an amount far below the last place keeps its exponent; quantize alone would pad it with zeros
    value = _EXACT.quantize(exact, _UNIT)
    if value.adjusted() >= INTEGER_DIGITS:
        raise _not_money(amount, f"rounds to more than {INTEGER_DIGITS} integer digits")
    taken = _EXACT.subtract(exact, value) if value else exact
    # the default context would round to 28 digits; ours does not, and it turns -0 into 0
    return _EXACT.plus(value), taken or Decimal(0)


def parse_money_column(texts: pl.Series, places_shift: int = 0) -> tuple[pl.Series, pl.Series]:
    """`parse_money` for a column of text: values (Decimal(38, 12)) and what rounding took (exact text).

    Nulls stay null. Plain texts of at most 12 places are cast by Polars (exactly, for they need no rounding), those of
    at most 20 places too, which it rounds half-even; all others go one by one. `MoneyError` names the first text that
    is no money.
    """
    plain = texts.str.contains(_PLAIN) if places_shift == 0 else pl.repeat(False, len(texts), eager=True)
    values = texts.set(~plain.fill_null(value=False), None).str.to_decimal(scale=PLACES).cast(MONEY)
    taken = pl.select(pl.when(texts.is_not_null()).then(pl.lit("0")).otherwise(None).alias("taken")).to_series()
    if places_shift == 0 and not plain.all():
        long = texts.str.contains(_LONGER)
        exact = texts.set(~long.fill_null(value=False), None).str.to_decimal(scale=_LONGER_PLACES)
        rounded = exact.cast(MONEY)
        values = values.zip_with(~long.fill_null(value=False), rounded)
        took = (exact - rounded).cast(pl.String).str.strip_chars_end("0")
        taken = pl.select(pl.coalesce(pl.when(took.str.contains("[1-9]")).then(took), taken)).to_series().alias("taken")
        plain |= long
    rest = texts.filter(~plain.fill_null(value=True)).unique()
    if not len(rest):
        return values.alias(texts.name), taken
    parsed = [parse_money(text, places_shift) for text in rest]
    known = pl.DataFrame(
        {
            "text": rest,
            "value": pl.Series([value for value, _ in parsed], dtype=MONEY),
            "rounding": [str(took) for _, took in parsed],
        }
    )
    joined = pl.DataFrame({"text": texts, "plain": values, "taken": taken}).join(
        known, on="text", how="left", maintain_order="left"
    )
    return (
        joined.select(pl.coalesce("plain", "value")).to_series().alias(texts.name),
        joined.select(pl.coalesce("rounding", "taken").alias("taken")).to_series(),
    )


def product(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """left × right, both Decimal(38, 12): the exact product rounded half-even once, to 12 places.

    Polars 2.1 computes it in 256 bits and rounds so (held by a property test against Python's Fraction); it
    raises where the result has more than 26 integer digits.
    """
    return (left * right).cast(MONEY)


def quotient(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """left ÷ right, both Decimal(38, 12): the exact quotient rounded half-even once, to 12 places.

    Null where right is zero (Polars would raise for the whole column): what cannot be said is not zero.
    """
    return (left / pl.when(right != 0).then(right).otherwise(None)).cast(MONEY)


def constant(amount: str | int | Decimal) -> pl.Expr:
    """An exact literal for `product` and `quotient`; `MoneyError` where 12 places cannot hold it."""
    value, taken = parse_money(amount)
    if taken:
        raise _not_money(amount, f"has more than {PLACES} places")
    return pl.lit(value, dtype=MONEY)


def units(amount: pl.Expr) -> pl.Expr:
    """Decimal(38, 12) as Int128 units of 1e-12."""
    return amount.to_physical()


def from_units(amount: pl.Expr) -> pl.Expr:
    """Int128 units of 1e-12 as Decimal(38, 12), exactly."""
    # to a decimal without places, then × 1e-12: a plain cast would read units as whole numbers
    return (amount.cast(pl.Decimal(38, 0)) * pl.lit(_UNIT, dtype=MONEY)).cast(MONEY)


def split(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Shares of total in proportion to weights, on 1e-12 units, that sum to it exactly (largest remainder).

    Ties go to the earlier weight; a zero weight gets nothing unless all are zero, when shares are equal. A negative
    total is the mirror image of the positive one. `MoneyError` for no weights, or a negative one.
    """
    if not weights:
        raise MoneyError("an amount has nothing to be split over", remedy="keep it as a charge of its own")
    if min(weights) < 0:
        raise _not_money(min(weights), "is a negative weight")
    amount = _whole_units(total)
    whole = [_whole_units(weight) for weight in weights]
    if not any(whole):
        whole = [1] * len(whole)
    together = sum(whole)
    parts = [divmod(abs(amount) * weight, together) for weight in whole]
    left_over = abs(amount) - sum(share for share, _ in parts)
    by_remainder = sorted(range(len(parts)), key=lambda place: (-parts[place][1], place))
    favoured = set(by_remainder[:left_over])
    sign = -1 if amount < 0 else 1
    return [
        _EXACT.scaleb(Decimal(sign * (share + (place in favoured))), -PLACES) for place, (share, _) in enumerate(parts)
    ]


def _whole_units(amount: Decimal) -> int:
    value, taken = parse_money(amount)
    if taken:
        raise _not_money(amount, f"has more than {PLACES} places")
    return int(_EXACT.scaleb(value, PLACES))


def _as_decimal(amount: object) -> Decimal:
    if isinstance(amount, str):
        text = amount.strip()
        if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
            raise _not_money(amount, "is no number")
        amount = _EXACT.create_decimal(text)
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        raise _not_money(amount, f"is a {type(amount).__name__}")
    try:
        value = Decimal(amount)
    except (InvalidOperation, ValueError) as error:
        raise _not_money(amount, "is no number") from error
    if not value.is_finite():
        raise _not_money(amount, "is not finite")
    if len(value.as_tuple().digits) > _LONGEST:
        raise _not_money(amount, f"has more than {_LONGEST} digits")
    return value


def _not_money(amount: object, why: str) -> MoneyError:
    shown = repr(amount)
    return MoneyError(f"{shown[:60]}{'…' if len(shown) > 60 else ''} {why}", remedy=_REMEDY)
