"""Reservations and savings plans on a cost report: which one, how much of it, and the term that was bought.

A purchase names the reservation's order only (`…/reservationOrders/{order}/reservations/`), what it covers the
reservation; the id is kept as it is told, without the empty end (`reservation_orders` brings the two together).
"""

from __future__ import annotations

import re

import polars as pl

from connectors.azure.charge_kinds import Report, is_commitment
from connectors.azure.json_texts import normalization_ratios
from models.ledger.money import product
from models.table import MONEY

_ONE = pl.lit(1).cast(MONEY)


def with_commitments(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    """`rows` with `benefit_id`, `benefit_label`, `is_linked` (the charge carries CommitmentDiscountId), and the days
    `term_start` and `term_end` that it is for.

    Of an actual report alone a purchase is not linked: without amortization it costs what it bills, and FOCUS lets no
    linked purchase do so.
    """
    benefit = pl.coalesce(
        pl.col("benefit").str.to_lowercase().str.replace(r"/(reservations/?)?$", ""),
        pl.col("reservation").str.to_lowercase(),
        pl.col("order").str.to_lowercase(),
        pl.lit("unnamed"),
    )
    months = _months(rows["term"])
    is_bought = is_commitment() & (pl.col("kind") == "purchase")
    is_whole = pl.col("frequency").str.to_lowercase().str.contains("one").fill_null(value=False)
    start = pl.when(is_bought).then(pl.coalesce("service_start", "date")).otherwise("date")
    recurring = pl.col("date").dt.offset_by("1mo")
    whole = pl.col("date").dt.offset_by(pl.concat_str("term_months", pl.lit("mo")))
    told = pl.when(pl.col("service_end") >= start).then(pl.col("service_end").dt.offset_by("1d"))
    bought_to = pl.coalesce(told, pl.when(is_whole).then(whole).otherwise(recurring))
    linked = is_commitment() & pl.col("category").is_in(["Usage", "Purchase"])
    if report == "actual":
        linked = linked & (pl.col("category") == "Usage")
    return rows.with_columns(months).with_columns(
        benefit_id=pl.when(is_commitment()).then(benefit),
        benefit_label=pl.coalesce("benefit_name", "reservation_name", "order_name"),
        is_linked=linked,
        term_start=start,
        term_end=pl.coalesce(pl.when(is_bought).then(bought_to), start.dt.offset_by("1d")),
    )


def commitment_columns(report: Report) -> dict[str, pl.Expr]:
    """FOCUS's columns of commitments.

    A reservation is counted in its unit, hours of other sizes at their ratio; a savings plan in money, which an actual
    report alone does not tell, so that there the hours are counted.
    """
    linked = pl.col("is_linked")
    is_plan = (pl.col("benefit_kind") == "Savings Plan") & (report != "actual")
    used = pl.col("kind").is_in(["usage", "unused"])
    units = product(pl.col("PricingQuantity"), pl.col("block").cast(MONEY))
    ratio = pl.coalesce(normalization_ratio(), _ONE)
    quantity = pl.when(used & (pl.col("kind") == "usage")).then(product(units, ratio)).otherwise(units)
    money = pl.when(pl.col("category") == "Purchase").then("billed").otherwise("effective")
    throughput = pl.col("is_provisioned") & (pl.col("benefit_kind") == "Reservation")
    return {
        "CommitmentDiscountId": pl.when(linked).then("benefit_id"),
        "CommitmentDiscountName": pl.when(linked).then("benefit_label"),
        "CommitmentDiscountType": pl.when(linked).then(
            pl.when(throughput).then(pl.lit("Provisioned Throughput")).otherwise("benefit_kind")
        ),
        "CommitmentDiscountCategory": pl.when(linked).then(
            pl.when(pl.col("benefit_kind") == "Savings Plan").then(pl.lit("Spend")).otherwise(pl.lit("Usage"))
        ),
        "CommitmentDiscountStatus": pl.when(linked & (pl.col("kind") == "unused"))
        .then(pl.lit("Unused"))
        .when(linked & (pl.col("kind") == "usage"))
        .then(pl.lit("Used")),
        "CommitmentDiscountQuantity": pl.when(linked).then(pl.when(is_plan).then(money).otherwise(quantity)),
        "CommitmentDiscountUnit": pl.when(linked).then(
            pl.when(is_plan).then(pl.col("currency").str.to_uppercase()).otherwise("ConsumedUnit")
        ),
    }


def normalization_ratio() -> pl.Expr:
    return pl.col("additional_info").map_batches(normalization_ratios, return_dtype=pl.String).cast(MONEY)


def _months(term: pl.Series) -> pl.Series:
    """Months of a Term: `12`, `36`, `P1Y`, `3 Years`, `P1M`; a month where none can be read."""
    months = {text: _months_of(text) for text in term.drop_nulls().unique()}
    return (
        term.replace_strict(list(months), list(months.values()), default=1, return_dtype=pl.Int64)
        .fill_null(1)
        .alias("term_months")
    )


def _months_of(text: str) -> int:
    found = re.match(r"^\s*P?(\d{1,3})\s*(Y|M|$)", text, re.IGNORECASE)
    if found is None:
        return 1
    return int(found[1]) * (12 if found[2].upper() == "Y" else 1)
