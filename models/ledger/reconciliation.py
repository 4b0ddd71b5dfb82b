"""Reconciliation: what the vendor reported, what we compute for the same thing, and why they differ.

Every bill line stands here once, lines of one key (same window, same dimensions) as one, so Σ reported is always
Σ bill lines. How a reason is found belongs to `differences`.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from models.ledger.billing import Settlement
from models.ledger.charges import with_costs
from models.ledger.differences import Rate, with_reasons
from models.ledger.estimates import REASONS
from models.table import Table, instant, money, text

MATCHES = ("matched", "unmatched_bill", "unmatched_usage")


class Reconciliation(dy.Schema):
    """One row per bill line (lines of one key together), and one per group of readings that no line pays."""

    source = text("Name of the source in outlay.yaml")
    billing_period = text("Month, YYYY-MM")
    window_start = instant("Day, inclusive")
    window_end = instant("Day's end, exclusive")
    account_id = text("Organisation at the vendor")
    line_id = text("The bill line; null where usage has no bill", nullable=True)
    description = text("The vendor's words for the line", nullable=True)
    project_id = text("Project or workspace", nullable=True)
    project_name = text("Its name at that time", nullable=True)
    model = text("Model", nullable=True)
    meter = text("Meter", nullable=True)
    processing_tier = text("Tier", nullable=True)
    match = text("How bill and usage met", values=MATCHES)
    reported = money("What the vendor charges for it; null where it reports nothing", nullable=True)
    computed = money("Contract price × quantity of the readings; null where unpriced or without usage", nullable=True)
    difference = money("reported − computed, a missing side taken as nothing; 0 where the price is unknown")
    reason = text("Why they differ; null where they do not", nullable=True, values=REASONS)
    quantity = money("Units of the readings; null where they have several", nullable=True)
    contract = text("Our contract and its rate that computed is by; null where it is list, or several", nullable=True)
    currency = text("ISO 4217")


RECONCILIATION = Table(
    name="reconciliation",
    schema="marts",
    kind="fact",
    grain="one bill line; or day × project × model × meter × tier × reason of usage without a bill",
    meaning="Reported against computed, line by line, with the reason of every difference.",
    contract=Reconciliation,
)


def reconcile(settlement: Settlement, *, rate: Rate | None = None) -> pl.DataFrame:
    """`marts.reconciliation` of a settlement.

    A matched line's `computed` is the contracted cost of its readings; readings without a known price count as
    billed, and a line that holds only such has neither `computed` nor a difference. A line in a currency that is not
    the price book's has no `computed`, and its difference is all of it. `rate` prices readings anew (meter readings
    in, the same rows in the same order with `contracted_cost` out): with it, lines billed as another tier, as
    uncached or as another geography are told from lines whose price differs.
    """
    rows = pl.concat([_matched(settlement, rate), _alone(settlement), _without_bill(settlement)], how="diagonal")
    return rows.select(list(RECONCILIATION.polars_schema))


def _matched(settlement: Settlement, rate: Rate | None) -> pl.DataFrame:
    costed = with_costs(settlement)
    known = pl.col("price_status") != "unpriced"
    sums = costed.group_by("line", maintain_order=True).agg(
        computed=pl.when(known).then("contracted_cost").sum(),
        list_cost=pl.when(known).then("list_cost").sum(),
        unpriced=pl.when(~known).then("billed_cost").sum(),
        any_known=known.any(),
        any_estimated=(pl.col("price_status") == "estimated").any(),
        readings=pl.len(),
        quantity=pl.when(pl.col("unit").n_unique() == 1).then(pl.col("quantity").sum()),
        contract=pl.when(pl.col("contract").n_unique() == 1).then(pl.col("contract").first()),
    )
    foreign = pl.col("currency") != settlement.price_currency
    lines = (
        settlement.lines.join(sums, on="line", how="inner", maintain_order="left")
        .rename({"amount": "reported", "quantity": "stated_quantity", "quantity_right": "quantity"})
        .with_columns(
            match=pl.lit("matched"),
            foreign=foreign,
            computed=pl.when(pl.col("any_known") & ~foreign).then(pl.col("computed") + pl.col("unpriced")),
        )
        .with_columns(
            difference=pl.when(foreign)
            .then("reported")
            .otherwise((pl.col("reported") - pl.col("computed")).fill_null(0))
        )
    )
    return with_reasons(lines, settlement, rate=rate)


def _alone(settlement: Settlement) -> pl.DataFrame:
    return settlement.unmatched.drop("quantity").with_columns(
        match=pl.lit("unmatched_bill"), reported="amount", difference="amount"
    )


def _without_bill(settlement: Settlement) -> pl.DataFrame:
    day = pl.col("window_start").dt.truncate("1d")
    grain = ["source", "billing_period", "window_start", "account_id", "project_id", "model", "meter"]
    known = pl.col("contracted_cost").is_not_null()
    return (
        settlement.unpaid.with_columns(window_start=day)
        .group_by(*grain, "processing_tier", "reason", maintain_order=True)
        .agg(
            project_name=pl.col("project_name").max(),
            computed=pl.when(known.all()).then(pl.col("contracted_cost").sum()),
            difference=-pl.col("contracted_cost").sum(),
            quantity=pl.col("quantity").sum(),
        )
        .with_columns(
            window_end=pl.col("window_start").dt.offset_by("1d"),
            match=pl.lit("unmatched_usage"),
            currency=pl.lit(settlement.price_currency),
        )
    )
