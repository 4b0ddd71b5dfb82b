"""Bill lines: what a vendor says it charges, and how a line is spread over the readings that it pays for.

Rules of money, 6. Which line pays for which reading is `matching`'s; what becomes of the result belongs to
`charges`, `estimates` and `reconciliation`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import lcm

import dataframely as dy
import polars as pl

from models.ledger.matching import KEY, match, merge_by_key
from models.ledger.metering import PROCESSING_TIERS
from models.ledger.money import product
from models.ledger.splitting import split_within
from models.ledger.units import METERS
from models.ledger.vendors import committed_tiers
from models.table import MONEY, Table, instant, money, text

CHARGE_CATEGORIES = ("Usage", "Purchase", "Tax", "Credit", "Adjustment")
COST_STATUSES = ("provisional", "invoiced")


class BillLines(dy.Schema):
    """One row per line of a vendor's cost report. A null dimension means: the line does not say."""

    source = text("Name of the source in outlay.yaml")
    billing_period = text("Month that the vendor bills it in, YYYY-MM")
    provider = text("Whose price list applies: openai, anthropic, …")
    stream = text("Which report of the vendor said so, for example costs")
    line_id = text("Stable identity: the hash of source, window and every dimension of the line")
    window_start = instant("Start of the billed window, inclusive")
    window_end = instant("End of the billed window, exclusive")
    account_id = text("Organisation at the vendor (FOCUS BillingAccountId)")
    project_id = text("Project or workspace that it is billed to", nullable=True)
    project_name = text("Its name at that time", nullable=True)
    api_key_id = text("API key that it is billed to", nullable=True)
    description = text("The vendor's own words for the line, verbatim", nullable=True)
    model = text("Model, as the vendor names it", nullable=True)
    meter = text("Which meter it bills", nullable=True, values=tuple(METERS))
    processing_tier = text("Tier that it bills", nullable=True, values=PROCESSING_TIERS)
    inference_geo = text("Geography that it bills", nullable=True)
    context_window = text("Context band that it bills", nullable=True)
    charge_category = text("FOCUS ChargeCategory", values=CHARGE_CATEGORIES)
    cost_status = text("provisional until an invoice confirms it", values=COST_STATUSES)
    amount = money("What the vendor charges, in currency; negative for credits and refunds")
    list_amount = money("The vendor's own figure before discounts, where it gives one", nullable=True)
    currency = text("ISO 4217, upper case")
    quantity = money("Quantity that the line itself states", nullable=True)
    quantity_unit = text("Its unit, the vendor's word", nullable=True)
    rounding = text("What rounding to 12 places took from the vendor's amount, as exact text; 0 for almost all")

    @dy.rule()
    def window_runs_forward(cls):  # noqa: N805 - dataframely's rules are class methods
        return cls.window_end.col > cls.window_start.col


BILL_LINES = Table(
    name="bill_lines",
    schema="usage",
    kind="fact",
    grain="one line of a vendor's cost report",
    meaning="What vendors say they charge, at their own grain, before it is set against usage.",
    contract=BillLines,
)

SETTLE_LAG = timedelta(hours=48)
"""How long after its window usage may still be waiting for its bill line."""

_LEAST_COMMON_BLOCK = lcm(*(meter.block for meter in METERS.values()))
_BLOCK_WEIGHTS = {name: _LEAST_COMMON_BLOCK // meter.block for name, meter in METERS.items()}
_COUNTS = [name for name, meter in METERS.items() if not meter.priced]


@dataclass(frozen=True)
class Settlement:
    """Bill lines set against rated readings; nothing in is missing, nothing is there twice.

    `lines`: the bill lines, numbered by `line`; those that pay together are one (`matching.merge_by_key`), under the
    `line_id` of the largest. Each is either spread (`allocations`) or alone (`unmatched`).
    `allocations`: a row per line × reading that it pays: the reading's columns, `line`, `billed_cost` (MONEY, in
    the line's currency; sums to the line exactly). `unmatched`: lines that pay for no reading, with `reason`.
    `unpaid`: readings that no line pays, with `kind` (accrued | notional) and `reason`. `free`: readings that cost
    nothing to begin with (mere counts, quantity 0, list and contract price 0): neither charge nor estimate.
    `price_currency` is the currency of the readings' prices, `unsettled_from` the instant after which a window may
    still be waiting for its bill.
    """

    lines: pl.DataFrame
    allocations: pl.DataFrame
    unmatched: pl.DataFrame
    unpaid: pl.DataFrame
    free: pl.DataFrame
    price_currency: str
    unsettled_from: datetime


def settle(
    lines: pl.DataFrame,
    rated: pl.DataFrame,
    *,
    as_of: datetime,
    settle_lag: timedelta = SETTLE_LAG,
    price_currency: str = "USD",
) -> Settlement:
    """Sets bill lines (`usage.bill_lines`) against rated readings, by rule 6 of `ACCOUNTING.md`.

    A line pays for the readings inside its window that equal all that it says. Only a Usage line of at least
    nothing pays: a negative one stands alone as a credit. Lines of one key pay together, as one line of their sum. A
    line of 0 pays only for readings that no other line pays. A line whose words name neither model nor meter stands
    alone too: whatever it bills, it is not everything. Free readings and tiers that a commitment pays never take a
    share. A line is weighed by contracted cost, or by quantity in blocks of the price list where any of its readings
    is unpriced (or all are contracted at nothing).

    Additive over any cut in time that no line's window crosses, see `independent_windows`.
    """
    numbered = _paying_together(lines)
    readings = _with_exemption(rated.with_row_index("reading"))
    pairs = _pairs(_payers(numbered), readings.filter(pl.col("exemption").ne_missing("count")))
    met = readings.join(pairs, on="reading", how="inner", maintain_order="left")
    paid = met.filter(pl.col("exemption").is_null())
    rest = readings.join(paid, on="reading", how="anti", maintain_order="left")
    unsettled_from = as_of - settle_lag
    return Settlement(
        lines=numbered,
        allocations=_spread(paid, numbered).drop("reading", "exemption"),
        unmatched=_alone(numbered, paid, met),
        unpaid=_unpaid(rest, unsettled_from).drop("reading", "exemption"),
        free=rest.filter(pl.col("exemption").is_in(["count", "free"])).drop("reading", "exemption"),
        price_currency=price_currency,
        unsettled_from=unsettled_from,
    )


def independent_windows(lines: pl.DataFrame, days: Iterable[datetime]) -> list[tuple[datetime, datetime]]:
    """`days` (starts of UTC days, ascending) as `[start, end)` windows that no bill line crosses.

    A day each where lines bill by the day; days that one line spans are kept together. Lines and readings that start
    in one window settle without the others.
    """
    spans = lines.select("window_start", "window_end").unique().rows()
    windows: list[tuple[datetime, datetime]] = []
    for day in days:
        crossed = any(start < day < end for start, end in spans)
        start = windows.pop()[0] if crossed and windows else day
        windows.append((start, day + timedelta(days=1)))
    return windows


def _may_pay() -> pl.Expr:
    names_something = pl.col("model").is_not_null() | pl.col("meter").is_not_null() | pl.col("description").is_null()
    return (pl.col("charge_category") == "Usage") & (pl.col("amount") >= 0) & names_something


def _paying_together(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines, numbered by `line`; lines of one key that may pay are one."""
    numbered = lines.with_row_index("line")
    parts = [merge_by_key(numbered.filter(_may_pay())), numbered.filter(~_may_pay())]
    return pl.concat(parts).sort("line").drop("line").with_row_index("line")


def _payers(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines that may pay, one a key: of several (currencies, billing periods) the largest, then by `line_id`."""
    return (
        lines.filter(_may_pay())
        .sort("amount", "line_id", "line", descending=[True, False, False])
        .unique(KEY, keep="first", maintain_order=True)
        .sort("line")
    )


def _pairs(payers: pl.DataFrame, readings: pl.DataFrame) -> pl.DataFrame:
    """Which line pays for which reading; lines of 0 come last, however much they say."""
    pays = pl.col("amount") > 0
    first = match(payers.filter(pays), readings)
    left = readings.join(first, on="reading", how="anti", maintain_order="left")
    return pl.concat([first, match(payers.filter(~pays), left)]).sort("reading")


def _with_exemption(readings: pl.DataFrame) -> pl.DataFrame:
    """`exemption`: why a reading takes no share: count (never priced, or nothing of it), tier, free; else null."""
    committed = committed_tiers().with_columns(committed=True)
    return (
        readings.join(committed, on=["provider", "processing_tier"], how="left", maintain_order="left")
        .with_columns(
            exemption=pl.when(pl.col("meter").is_in(_COUNTS) | (pl.col("quantity") == 0))
            .then(pl.lit("count"))
            .when(pl.col("committed"))
            .then(pl.lit("tier"))
            .when((pl.col("list_unit_price") == 0) & (pl.col("contracted_unit_price") == 0))
            .then(pl.lit("free"))
        )
        .drop("committed")
    )


def _spread(paid: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    by_cost = (pl.col("contracted_cost").is_not_null().all() & (pl.col("contracted_cost").sum() > 0)).over("line")
    block_weight = pl.col("meter").replace_strict(_BLOCK_WEIGHTS, return_dtype=pl.Int64).cast(MONEY)
    in_blocks = product(pl.col("quantity"), block_weight)
    weighed = paid.join(lines.select("line", "amount"), on="line", how="left", maintain_order="left").with_columns(
        weight=pl.when(by_cost).then("contracted_cost").otherwise(in_blocks)
    )
    spread = split_within(weighed, total="amount", weight="weight", by=["line"], into="billed_cost")
    return spread.drop("amount", "weight")


def _alone(lines: pl.DataFrame, paid: pl.DataFrame, met: pl.DataFrame) -> pl.DataFrame:
    """Lines that pay for nothing, each with the reason; `met` says what they would have paid for.

    Only a Usage line misses usage, and not one whose usage a line of the same key pays for (in another currency, say).
    A line of 0 has nothing to explain.
    """
    key_paid = lines.join(paid, on="line", how="semi").select(KEY).unique().with_columns(key_paid=True)
    exempt = met.group_by("line").agg(met_tier=(pl.col("exemption") == "tier").any(), met_free=pl.lit(True))
    return (
        lines.join(paid, on="line", how="anti", maintain_order="left")
        .join(exempt, on="line", how="left", maintain_order="left")
        .join(key_paid, on=KEY, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(
            reason=pl.when(pl.col("charge_category") == "Tax")
            .then(pl.lit("tax"))
            .when((pl.col("charge_category") == "Credit") | (pl.col("amount") < 0))
            .then(pl.lit("credit"))
            .when("met_tier")
            .then(pl.lit("tier"))
            .when("met_free")
            .then(pl.lit("price"))
            .when(pl.col("amount") == 0)
            .then(None)
            .when((pl.col("charge_category") != "Usage") | pl.col("key_paid"))
            .then(pl.lit("unknown"))
            .otherwise(pl.lit("missing usage"))
        )
        .drop("met_tier", "met_free", "key_paid")
    )


def _unpaid(rest: pl.DataFrame, unsettled_from: datetime) -> pl.DataFrame:
    committed = pl.col("exemption") == "tier"
    late = pl.col("window_end") > unsettled_from
    return (
        rest.filter(pl.col("exemption").is_null() | committed)
        .with_columns(committed=committed.fill_null(value=False))
        .with_columns(
            kind=pl.when(~pl.col("committed") & late).then(pl.lit("accrued")).otherwise(pl.lit("notional")),
            reason=pl.when("committed")
            .then(pl.lit("tier"))
            .when(late)
            .then(pl.lit("late"))
            .otherwise(pl.lit("missing bill")),
        )
        .drop("committed")
    )
