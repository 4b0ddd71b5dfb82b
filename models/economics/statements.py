"""Statements: what a team is charged for a month, and what later data changes of months that were stated before.

A statement has what the month cost (effective cost by the day of use) and *adjustments*: of every earlier month that
was stated, what it costs now minus all that statements have said of it. So nothing that was issued ever changes, and
all statements of a team together always say what its stated months cost as of the last one. How statements are issued
and kept belongs to pipelines.
"""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy
import polars as pl

from models.ledger.money import constant, product, quotient
from models.table import MONEY, Table, instant, money, text

SECTIONS = ("direct", "declared", "shared", "adjustment")
"""In the order in which they are read. *declared* is a team's own; what is split from a pool is *shared*."""
NOT_SPLIT = "not split"
"""The driver of a pool's cost that no team took: its driver was nothing in that month."""


class StatementLines(dy.Schema):
    """One row per line of a team's statement; all lines of it sum to its total, by currency."""

    team = text("Team; null is the statement of what no team owns", nullable=True)
    section = text("direct, declared, shared, or adjustment of an earlier month", values=SECTIONS)
    month = text("Month that the cost is of, YYYY-MM; of an adjustment the earlier month")
    component = text("Component of the AI stack; null is unmatched, or a pool, or an adjustment", nullable=True)
    vendor = text("FOCUS ServiceProviderName: who sells it; null for a pool or an adjustment", nullable=True)
    item = text("Model, or the service where there is no model; the name of a declared cost", nullable=True)
    pool = text("Shared pool that it is split from", nullable=True)
    driver = text("What the pool is split by", nullable=True)
    share_pct = money("Our part of what the pool cost, in percent; null where that is nothing", nullable=True)
    stated_cost = money("For an adjustment: what was stated of that month before", nullable=True)
    currency = text("ISO 4217 code of the amounts")
    billed_cost = money("Of effective_cost's charges what is billed; null for an adjustment", nullable=True)
    effective_cost = money("What is charged: what it really cost, by the day of use")
    reporting_currency = text("ISO 4217 code of reporting_effective_cost")
    reporting_effective_cost = money("effective_cost in reporting currency; null where no rate is known", nullable=True)


LINES = pl.Schema({name: column.dtype for name, column in StatementLines.columns().items()})


class Statements(dy.Schema):
    """One row per issued statement, section, month that the amount is of, and currency."""

    number = dy.Int64(nullable=False, description="Number of the statement, counted from 1 without gaps")
    team = text("Team; null is the statement of what no team owns", nullable=True)
    month = text("Month that is stated, YYYY-MM")
    issued_at = instant("When it was issued (UTC)")
    issued_by = text("Who issued it")
    publication = text("Published file that it was made from (ops.publication)")
    whole_month = dy.Bool(
        nullable=False,
        description="Whether every team was stated: one without a statement was then stated as nothing",
    )
    section = text("direct, declared, shared, or adjustment of an earlier month", values=SECTIONS)
    concerned_month = text("Month that the amount is of; of an adjustment the earlier month")
    currency = text("ISO 4217 code of effective_cost")
    effective_cost = money("What was stated")
    reporting_currency = text("ISO 4217 code of reporting_effective_cost")
    reporting_effective_cost = money("The same in reporting currency; null where no rate was known", nullable=True)


STATEMENTS = Table(
    name="statements",
    schema="marts",
    kind="mart",
    grain="issued statement × section × month that the amount is of × currency",
    meaning="What was stated to each team, as it was issued: these amounts never change.",
    contract=Statements,
)

_AMOUNTS = ("billed_cost", "effective_cost")
_KEY = ("team", "month", "currency")


def month_lines(tco: pl.DataFrame, month: str, drivers: Mapping[str, str] | None = None) -> pl.DataFrame:
    """The month's own lines of every team, as `StatementLines`: direct, declared and shared.

    `tco` is `marts.tco_daily`; a row counts in the month of its day. `drivers` says in words what a pool is split by.
    Lines sum to the rows of the month exactly, team by team and currency by currency.
    """
    rows = tco.filter(_month() == month).with_columns(
        section=pl.when(pl.col("pool").is_not_null())
        .then(pl.lit("shared"))
        .when(pl.col("origin") == "declared")
        .then(pl.lit("declared"))
        .otherwise(pl.lit("direct"))
    )
    shared = pl.col("section") == "shared"
    nothing = pl.lit(None, dtype=pl.String)
    lines = (
        rows.with_columns(
            month=pl.lit(month),
            component=pl.when(shared).then(nothing).otherwise("component"),
            vendor=pl.when(shared).then(nothing).otherwise("provider_name"),
            item=pl.when(shared).then(nothing).otherwise(pl.coalesce("model", "service_name")),
            driver=pl.when(shared).then(_driver(drivers)),
        )
        .group_by(
            "team", "section", "month", "component", "vendor", "item", "pool", "driver", "currency",
            "reporting_currency",
        )
        .agg(pl.col(_AMOUNTS).sum(), reporting_effective_cost=_known_sum("reporting_effective_cost"))
    )  # fmt: skip
    return _ordered(_with_shares(lines).with_columns(stated_cost=pl.lit(None, dtype=MONEY)))


def adjustments(tco: pl.DataFrame, stated: pl.DataFrame, month: str) -> pl.DataFrame:
    """Lines for every earlier month that was stated and costs something else now, as `StatementLines`.

    `stated` is `marts.statements`. A month counts as stated for a team that has a statement of it, and for every team
    once all teams were stated together: who had none then was stated as nothing. What was stated is the sum of all
    that statements said of that month, adjustments included.
    """
    before = stated.filter(pl.col("month") < month)
    said = stated.filter(pl.col("concerned_month") < month).rename({"month": "statement", "concerned_month": "month"})
    now = tco.with_columns(month=_month()).filter(pl.col("month") < month)
    reporting = pl.concat([tco["reporting_currency"], said["reporting_currency"]]).head(1)
    both = _added(now, reporting).join(
        _added(said, reporting), on=list(_KEY), how="full", nulls_equal=True, coalesce=True, suffix="_stated"
    )
    wholly = before.filter("whole_month")["month"].unique()
    own = before.select("team", "month").unique().with_columns(has_own=pl.lit(True))
    return _ordered(
        both.join(own, on=("team", "month"), how="left", nulls_equal=True)
        .filter(pl.col("month").is_in(wholly.implode()) | pl.col("has_own"))
        .with_columns(
            stated_cost=pl.col("effective_cost_stated").fill_null(0),
            effective_cost=pl.col("effective_cost").fill_null(0) - pl.col("effective_cost_stated").fill_null(0),
            reporting_effective_cost=_reporting_change(),
            billed_cost=pl.lit(None, dtype=MONEY),
            reporting_currency=pl.lit(reporting.first(), dtype=pl.String),
        )
        .filter(pl.col("effective_cost") != 0)
        .with_columns(
            pl.lit("adjustment").alias("section"),
            *(pl.lit(None, dtype=LINES[name]).alias(name) for name in _NOT_OF_ADJUSTMENTS),
        )
    )


_NOT_OF_ADJUSTMENTS = ("component", "vendor", "item", "pool", "driver", "share_pct")


def amounts(lines: pl.DataFrame) -> pl.DataFrame:
    """What is remembered of a statement: team, section, concerned_month, currency and both amounts, one row each."""
    return (
        lines.rename({"month": "concerned_month"})
        .group_by("team", "section", "concerned_month", "currency", "reporting_currency", maintain_order=True)
        .agg(pl.col("effective_cost").sum(), reporting_effective_cost=_known_sum("reporting_effective_cost"))
    )


def totals(lines: pl.DataFrame) -> pl.DataFrame:
    """team, currency, reporting_currency, effective_cost, reporting_effective_cost: what each statement comes to."""
    return (
        lines.group_by("team", "currency", "reporting_currency")
        .agg(pl.col("effective_cost").sum(), reporting_effective_cost=_known_sum("reporting_effective_cost"))
        .sort("team", "currency", nulls_last=True)
    )


def _month() -> pl.Expr:
    return pl.col("day").dt.strftime("%Y-%m")


def _driver(drivers: Mapping[str, str] | None) -> pl.Expr:
    known = pl.col("pool").replace_strict(dict(drivers or {}), default=None, return_dtype=pl.String)
    return pl.when(pl.col("team").is_null()).then(pl.lit(NOT_SPLIT)).otherwise(known)


def _known_sum(name: str) -> pl.Expr:
    """The sum, null where any part of it is unknown."""
    return pl.when(pl.col(name).is_not_null().all()).then(pl.col(name).sum())


def _with_shares(lines: pl.DataFrame) -> pl.DataFrame:
    """Of what was split of a pool in a currency, each team's part: the share of the driver that it was split by."""
    split = (pl.col("section") == "shared") & pl.col("team").is_not_null()
    whole = pl.col("effective_cost").sum().over("section", "pool", "currency", pl.col("team").is_null())
    part = quotient(product(pl.col("effective_cost"), constant(100)), whole)
    return lines.with_columns(share_pct=pl.when(split).then(part))


def _added(rows: pl.DataFrame, reporting: pl.Series) -> pl.DataFrame:
    """By team, month and currency. What was told in another reporting currency than today's is not known in ours."""
    ours = pl.when(pl.col("reporting_currency").is_in(reporting.implode())).then("reporting_effective_cost")
    return (
        rows.with_columns(reporting=ours)
        .group_by(_KEY)
        .agg(pl.col("effective_cost").sum(), reporting=_known_sum("reporting"), known=pl.lit(True))
    )


def _reporting_change() -> pl.Expr:
    """In reporting currency; a side that is not there is nothing, one that is there without a rate is unknown."""
    sides = [
        pl.when(pl.col(known).is_null()).then(pl.lit(0, dtype=MONEY)).otherwise(pl.col(amount))
        for known, amount in (("known", "reporting"), ("known_stated", "reporting_stated"))
    ]
    return sides[0] - sides[1]


def _ordered(lines: pl.DataFrame) -> pl.DataFrame:
    """The contract's columns; by team and section as they are read, then the dearest first."""
    section = pl.col("section").replace_strict(
        {name: place for place, name in enumerate(SECTIONS)}, return_dtype=pl.Int64
    )
    rows = lines.select(pl.col(name).cast(dtype) for name, dtype in LINES.items())
    return rows.sort(
        "team", section, "month", "effective_cost", "component", "vendor", "item", "pool",
        descending=[False, False, False, True, False, False, False, False], nulls_last=True,
    )  # fmt: skip
