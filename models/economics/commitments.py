"""Commitments by month: used and unused, coverage, what is left, when it expires, and what will be owed at the end.

How days are told is in `commitment_days`; here they are added up and carried forward, nothing else.
"""

from __future__ import annotations

from decimal import Decimal

import dataframely as dy
import polars as pl

from models.economics.commitment_frames import KINDS, Held
from models.ledger.money import constant, product, quotient
from models.table import MONEY, Table, instant, money, text

RATE_DAYS = 30
"""Days that the mean daily rate looks back over."""


class Commitments(dy.Schema):
    """One row per commitment and billing month; amounts in `currency`."""

    commitment_id = text("FOCUS CommitmentDiscountId, or contract/commit where no charge carries one")
    name = text("Its name, as far as it has one")
    kind = text("What it is", values=KINDS)
    contract = text("Contract in outlay.yaml that it is part of", nullable=True)
    source = text("Name of the source in outlay.yaml", nullable=True)
    issuer_name = text("FOCUS InvoiceIssuerName", nullable=True)
    billing_month = text("Month that it is billed in, YYYY-MM")
    as_of = dy.Date(
        nullable=False, description="Last day that counts: the month's, or the last of which usage is known"
    )
    currency = text("ISO 4217 code of the amounts")
    term_start = dy.Date(nullable=True, description="First day of its term, where it is told")
    term_end = dy.Date(nullable=True, description="Expiry: first day after its term, where it is told")
    paid = money("Billed for it in the month; of a spend commit what counts against it")
    used = money("Effective cost of what used it in the month")
    unused = money("Effective cost of what was left unused in the month")
    amortised_cost = money("used + unused: what the month really cost of it")
    utilisation_pct = money("used ÷ (used + unused) × 100; null where both are nothing", nullable=True)
    coverage_pct = money(
        "List cost of the usage that it covered ÷ list cost of all usage of the same seller, service, accelerator and "
        "pricing unit as that, spot apart, × 100; null where it covered nothing, or no charge carries it",
        nullable=True,
    )
    cumulative_paid = money("paid from its beginning to this month")
    cumulative_used = money("used from its beginning to this month")
    cumulative_unused = money("unused from its beginning to this month")
    prepaid_balance = money("cumulative paid − used − unused: paid, and not yet of effect")
    committed_amount = money("Money of its whole term; null where it is not told", nullable=True)
    remaining = money("committed_amount − used − unused to date, at least 0", nullable=True)
    daily_rate = money("Mean used a day over the last 30 days of its term up to as_of")
    projected_used = money("cumulative_used + daily_rate × days left of its term; null without a term", nullable=True)
    expiring_amount = money(
        "committed_amount − projected_used, at least 0: money that is lost by its expiry at this rate, lost already "
        "included; null of a spend commit, and where term or amount is not told",
        nullable=True,
    )
    true_up_projected = money("Of a spend commit: what will be owed at its end at this rate; else null", nullable=True)
    true_up_certain = money(
        "Of a spend commit: what is owed since its term is over; 0 before; else null", nullable=True
    )
    is_balanced = dy.Bool(
        nullable=True,
        description="Whether used + unused is what was paid, to the cent; told once its term is over, else null",
    )


COMMITMENTS = Table(
    name="commitments",
    schema="marts",
    kind="mart",
    grain="commitment × billing month",
    meaning=(
        "Reservations, savings plans, committed use, provisioned throughput, capacity blocks, prepaid credits and "
        "spend commits: used, unused, covered, left, expiring and owed."
    ),
    contract=Commitments,
)


class CommitmentBurnDown(dy.Schema):
    """One row per commitment and UTC day from its beginning; amounts in `currency`."""

    commitment_id = text("FOCUS CommitmentDiscountId, or contract/commit where no charge carries one")
    name = text("Its name, as far as it has one")
    kind = text("What it is", values=KINDS)
    source = text("Name of the source in outlay.yaml", nullable=True)
    issuer_name = text("FOCUS InvoiceIssuerName", nullable=True)
    day = instant("UTC day; a charge counts on the day on which its period starts")
    currency = text("ISO 4217 code of the amounts")
    drawn = money("Used and unused on the day")
    cumulative_drawn = money("Used and unused to the end of the day")
    remaining = money(
        "committed_amount − cumulative_drawn, below 0 where more was drawn; where that is not told, paid to date − it"
    )
    straight_line = money(
        "What would remain at the end of the day if it were drawn evenly over its term; null where that is not told",
        nullable=True,
    )


COMMITMENT_BURN_DOWN = Table(
    name="commitment_burn_down",
    schema="marts",
    kind="mart",
    grain="commitment × day",
    meaning="How each commitment is drawn down day by day, beside an even pace.",
    contract=CommitmentBurnDown,
)

_ZERO = pl.lit(Decimal(0), dtype=MONEY)
_HUNDRED = constant(100)
_CENT = constant("0.01")


def commitments(held: Held) -> pl.DataFrame:
    """`marts.commitments`."""
    sums = ["paid", "used", "unused"]
    months = (
        held.days.group_by("key", "billing_month")
        .agg(pl.col(sums).sum())
        .sort("key", "billing_month")
        .with_columns(pl.col(name).cum_sum().over("key").alias(f"cumulative_{name}") for name in sums)
        .join(held.terms, on="key")
        .join(held.coverage, on=["key", "billing_month"], how="left")
        .with_columns(as_of=pl.min_horizontal(_month_end(), "through"))
    )
    return (
        months.join(_daily_rates(months, held.days), on=["key", "billing_month"], how="left", maintain_order="left")
        .with_columns(
            daily_rate=pl.col("daily_rate").fill_null(_ZERO),
            amortised_cost=pl.col("used") + pl.col("unused"),
            prepaid_balance=pl.col("cumulative_paid") - pl.col("cumulative_used") - pl.col("cumulative_unused"),
            coverage_pct=product(quotient(pl.col("covered"), pl.col("eligible")), _HUNDRED),
            committed_amount="committed",
            remaining=_at_least_nothing(pl.col("committed") - pl.col("cumulative_used") - pl.col("cumulative_unused")),
        )
        .with_columns(utilisation_pct=product(quotient(pl.col("used"), pl.col("amortised_cost")), _HUNDRED))
        .with_columns(projected_used=pl.col("cumulative_used") + product(pl.col("daily_rate"), _days_left()))
        .with_columns(**_at_the_end())
        .select(list(COMMITMENTS.polars_schema))
        .sort("issuer_name", "commitment_id", "source", "currency", "billing_month", nulls_last=True)
        .cast(COMMITMENTS.polars_schema)
    )


def _month_end() -> pl.Expr:
    return pl.col("billing_month").str.to_date("%Y-%m").dt.month_end()


def _at_least_nothing(amount: pl.Expr) -> pl.Expr:
    return pl.when(amount < 0).then(_ZERO).otherwise(amount)


def _is_over() -> pl.Expr:
    return pl.col("as_of").dt.offset_by("1d") >= pl.col("term_end")


def _days_left() -> pl.Expr:
    days = (pl.col("term_end") - pl.col("as_of")).dt.total_days() - 1
    return pl.when(days < 0).then(0).otherwise(days).cast(MONEY)


def _daily_rates(months: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """`daily_rate` of each commitment's month: Σ used of its window ÷ the window's days."""
    first = days.group_by("key").agg(first=pl.col("day").min())
    last = pl.when(_is_over()).then(pl.col("term_end").dt.offset_by("-1d")).otherwise("as_of")
    windows = (
        months.join(first, on="key")
        .with_columns(last=last)
        .with_columns(
            opens=pl.max_horizontal(
                pl.col("last").dt.offset_by(f"-{RATE_DAYS - 1}d"), pl.coalesce("term_start", "first")
            )
        )
        .select("key", "billing_month", "opens", "last", length=(pl.col("last") - pl.col("opens")).dt.total_days() + 1)
    )
    return (
        windows.join(days.select("key", "day", "used"), on="key")
        .filter(pl.col("day").is_between("opens", "last"))
        .group_by("key", "billing_month")
        .agg(daily_rate=pl.col("used").sum(), length=pl.col("length").first())
        .select("key", "billing_month", quotient(pl.col("daily_rate"), pl.col("length").cast(MONEY)))
    )


def _at_the_end() -> dict[str, pl.Expr]:
    """What is lost or owed when the term ends, and whether it closes."""
    is_spend = pl.col("kind") == "spend"
    short = _at_least_nothing(pl.col("committed") - pl.col("projected_used"))
    owed = pl.when("true_up").then(short).otherwise(_ZERO)
    closes = pl.col("prepaid_balance").abs() < _CENT
    return {
        "expiring_amount": pl.when(~is_spend).then(short),
        "true_up_projected": pl.when(is_spend).then(owed),
        "true_up_certain": pl.when(is_spend & _is_over()).then(owed).when(is_spend).then(_ZERO),
        "is_balanced": pl.when(_is_over() & (pl.col("cumulative_paid") != 0)).then(closes),
    }


def burn_down(held: Held) -> pl.DataFrame:
    """`marts.commitment_burn_down`: every day from the beginning to the last of which usage is known, or the expiry."""
    by_day = held.days.group_by("key", "day").agg(pl.col("paid").sum(), drawn=(pl.col("used") + pl.col("unused")).sum())
    ends = by_day.group_by("key").agg(first=pl.col("day").min(), last_told=pl.col("day").max())
    last = pl.min_horizontal(pl.col("term_end").dt.offset_by("-1d"), "through")
    days = (
        held.terms.join(ends, on="key")
        .with_columns(
            first=pl.min_horizontal("first", "term_start"),
            last=pl.max_horizontal("last_told", last),
        )
        .with_columns(day=pl.date_ranges("first", "last"))
        .explode("day")
        .join(by_day, on=["key", "day"], how="left")
        .with_columns(pl.col("paid", "drawn").fill_null(_ZERO))
        .sort("key", "day")
        .with_columns(
            cumulative_drawn=pl.col("drawn").cum_sum().over("key"), paid_to_date=pl.col("paid").cum_sum().over("key")
        )
    )
    return (
        days.with_columns(
            remaining=pl.coalesce("committed", "paid_to_date") - pl.col("cumulative_drawn"),
            straight_line=_evenly_left(),
            day=pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        )
        .select(list(COMMITMENT_BURN_DOWN.polars_schema))
        .sort("issuer_name", "commitment_id", "source", "currency", "day", nulls_last=True)
        .cast(COMMITMENT_BURN_DOWN.polars_schema)
    )


def _evenly_left() -> pl.Expr:
    term = (pl.col("term_end") - pl.col("term_start")).dt.total_days().cast(MONEY)
    gone = ((pl.col("day") - pl.col("term_start")).dt.total_days() + 1).cast(MONEY)
    left = _at_least_nothing(term - _at_least_nothing(gone))
    return quotient(product(pl.col("committed"), left), term)
