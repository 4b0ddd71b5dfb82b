"""What kind of charge a row of a cost report is, and what of its cost is billed and what is effective.

Reports differ: the actual one shows purchases of commitments and nothing for what they cover; the amortized one spreads
them over what they cover and what was left unused. `Report` says as what a row is read.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from models.table import MONEY

Report = Literal["actual", "amortized", "usage-of-both", "purchases-of-both"]
"""`usage-of-both` is the amortized report beside the actual one, `purchases-of-both` what the actual one adds to it."""

_ZERO = pl.lit(0).cast(MONEY)
_COST, _QUANTITY = pl.col("cost"), pl.col("quantity")


def _word(name: str) -> pl.Expr:
    return pl.col(name).str.to_lowercase().str.replace_all(r"[\s_\-]", "")


def with_kinds(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    """`rows` with `kind` (usage, unused, odd, purchase, refund, tax, credit, adjustment, unknown), `benefit_kind`
    (Reservation, Savings Plan or null), `billed` and `effective`."""
    typed = rows.with_columns(type=_word("charge_type").fill_null("usage"), model=_word("pricing_model"))
    unused = pl.col("type").is_in(["unusedreservation", "unusedsavingsplan"])
    is_plan = (pl.col("model") == "savingsplan") | (pl.col("type") == "unusedsavingsplan")
    is_reservation = (
        (pl.col("model") == "reservation")
        | (pl.col("type") == "unusedreservation")
        | (pl.col("model").is_null() & pl.col("reservation").is_not_null())
    )
    # a Usage row that gives money back, or has money without a quantity, is no usage of anything
    is_odd = (_COST < 0) | (_QUANTITY < 0) | (_QUANTITY.fill_null(0) == 0) & (_COST != 0)
    kind = (
        pl.when((unused & (_COST < 0)) | ((pl.col("type") == "usage") & is_odd))
        .then(pl.lit("odd"))
        .when(unused)
        .then(pl.lit("unused"))
        .otherwise(pl.col("type").replace_strict(_KINDS, default="unknown", return_dtype=pl.String))
    )
    benefit = pl.when(is_plan).then(pl.lit("Savings Plan")).when(is_reservation).then(pl.lit("Reservation"))
    return (
        typed.with_columns(kind=kind, benefit_kind=benefit)
        .with_columns(billed=_billed(report), effective=_effective(report))
        .drop("type", "model")
    )


_KINDS = {
    "usage": "usage",
    "purchase": "purchase",
    "refund": "refund",
    "tax": "tax",
    "credit": "credit",
    "roundingadjustment": "adjustment",
    "adjustment": "adjustment",
}


def is_commitment() -> pl.Expr:
    """Whether the row belongs to a reservation or savings plan."""
    return pl.col("benefit_kind").is_not_null()


OF_USAGE = ("usage", "unused", "odd")
"""Kinds of what a commitment covers or left unused: told by the amortized report, the actual one shows no cost."""


def _is_spread(report: Report) -> pl.Expr:
    """Whether the row's cost is billed in one row and has its effect in others. Taxes, credits and rounding of a
    commitment are not, nor is a refund that an amortized report shows by itself: they cost what they bill."""
    bought = () if report == "amortized" else ("refund",)
    return is_commitment() & pl.col("kind").is_in([*OF_USAGE, "purchase", *bought])


def _billed(report: Report) -> pl.Expr:
    """In amortized reports the cost under a commitment was billed with its purchase."""
    if report in {"amortized", "usage-of-both"}:
        return pl.when(_is_spread(report)).then(_ZERO).otherwise(_COST)
    return _COST


def _effective(report: Report) -> pl.Expr:
    """What a purchase costs in effect, the amortized report shows where it is used."""
    if report == "purchases-of-both":
        return pl.when(_is_spread(report)).then(_ZERO).otherwise(_COST)
    return _COST


def charge_category() -> pl.Expr:
    """FOCUS ChargeCategory of `kind`. Money back for a commitment is a purchase of less: its effect is in the usage."""
    gives_back = pl.col("kind").is_in(["refund", "credit"])
    return (
        pl.when(pl.col("kind").is_in(["usage", "unused"]))
        .then(pl.lit("Usage"))
        .when((pl.col("kind") == "purchase") | _is_returned_commitment())
        .then(pl.lit("Purchase"))
        .when(pl.col("kind") == "tax")
        .then(pl.lit("Tax"))
        .when(gives_back & (_COST <= 0))
        .then(pl.lit("Credit"))
        .otherwise(pl.lit("Adjustment"))
    )


def _is_returned_commitment() -> pl.Expr:
    return (pl.col("kind") == "refund") & is_commitment() & (pl.col("effective") == 0) & (_COST != 0)
