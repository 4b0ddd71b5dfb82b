"""Drafts of statements: what the published file says of a month, team by team, before any of it is issued.

Costs are those of the published file, so that a statement can name the data that it was made from. It is refused while
outlay.yaml has other rules than that file: its drivers and owners would not be those of its amounts. What lines there
are is `models.economics.statements`; how a draft looks is `statement_page`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import duckdb
import polars as pl

from connectors.control import IssuedStatement
from models.economics.statements import STATEMENTS, adjustments, month_lines
from models.economics.tco import TCO_DAILY
from models.errors import OutlayError
from models.table import MONEY
from pipelines.periods import following
from pipelines.workplace import Workplace

_TCO = f"SELECT {', '.join(TCO_DAILY.polars_schema)} FROM marts.tco_daily WHERE day < ?::TIMESTAMPTZ"
_MONTHS = "SELECT DISTINCT strftime(day, '%Y-%m') FROM marts.tco_daily WHERE origin = 'charge' ORDER BY ALL"
_ACCRUED = """
SELECT team, pool, currency, sum(contracted_cost)::DECIMAL(38, 12) AS accrued_cost,
       sum(uncontracted_readings)::BIGINT AS unpriced
FROM marts.estimated_daily WHERE kind = 'accrued' AND day >= ?::TIMESTAMPTZ AND day < ?::TIMESTAMPTZ
GROUP BY ALL ORDER BY team NULLS LAST, pool NULLS LAST, currency
"""
_PUBLICATION = "SELECT rules, (version, published_at, data_through) FROM ops.publication"
_PERIODS = "SELECT InvoiceIssuerName, BillingPeriodStart, BillingPeriodStatus FROM focus.billing_period ORDER BY ALL"
_HALF_A_MONTH = "15d"
"""A billing period may begin some hours beside midnight UTC; half a month later it is in its month."""


ACCRUED = pl.Schema(
    {
        "team": pl.String(),
        "pool": pl.String(),
        "currency": pl.String(),
        "accrued_cost": MONEY,
        "unpriced": pl.Int64(),
    }
)
"""One row per team, or pool that is yet to be split, and currency; both null: no rule says whose it is. The cost is
null where nothing of it has a price."""
RATES = pl.Schema(
    {
        name: TCO_DAILY.polars_schema[name]
        for name in ("currency", "reporting_currency", "exchange_rate", "rate_date", "rate_source")
    }
)
"""One row per exchange rate by which a month's costs are told in reporting currency; what is in it already has none."""


@dataclass(frozen=True)
class Coverage:
    """How far the month is known, over all teams: the published file, whose bill is closed, how much is allocated.

    `issuers`: who sends an invoice for it, and whether that billing period is closed. `allocated` and `whole` are
    effective cost in reporting currency, over what has a rate.
    """

    publication: str
    published_at: datetime
    data_through: datetime | None
    issuers: tuple[tuple[str, bool], ...]
    currency: str
    allocated: Decimal
    whole: Decimal


@dataclass(frozen=True)
class Draft:
    """One team's statement (`team` None: of what nobody owns). `lines`, `accrued` and `rates` (RATES) are its own."""

    organization: str
    team: str | None
    month: str
    lines: pl.DataFrame
    accrued: pl.DataFrame
    rates: pl.DataFrame
    coverage: Coverage


def drafts(work: Workplace, month: str, issued: Sequence[IssuedStatement]) -> list[Draft]:
    """A draft for every team that the month, or an adjustment of an earlier one, concerns; nobody's is the last.

    Raises `OutlayError` where nothing is published, or by other rules than those of now, or nothing of that month.
    """
    tco, accrued, coverage = _published(work, month)
    lines = pl.concat([month_lines(tco, month, _drivers(work, month)), adjustments(tco, statement_rows(issued), month)])
    if lines.is_empty():
        raise OutlayError(
            f"nothing is known of {month}, and no earlier month changed",
            remedy="`outlay status` shows which months are loaded",
        )
    owners = lines.select(pl.col("team").unique()).to_series().sort(nulls_last=True)
    return [
        Draft(
            work.settings.organization,
            team,
            month,
            _of(lines, team),
            _of(accrued, team),
            _rates(_of(tco, team), month),
            coverage,
        )
        for team in owners
    ]


def months_with_cost(work: Workplace) -> list[str]:
    """Months of use that the published file has charges of, in order."""
    with duckdb.connect(str(work.home.published.resolve()), read_only=True) as warehouse:
        return [month for (month,) in warehouse.execute(_MONTHS).fetchall()]


def statement_rows(issued: Sequence[IssuedStatement]) -> pl.DataFrame:
    """`marts.statements`, from the records."""
    rows = [
        {
            **{name: getattr(statement, name) for name in STATEMENTS.polars_schema if hasattr(statement, name)},
            **vars(amount),
        }
        for statement in issued
        for amount in statement.amounts
    ]
    return STATEMENTS.check(pl.DataFrame(rows, schema=STATEMENTS.polars_schema))


def _of(rows: pl.DataFrame, team: str | None) -> pl.DataFrame:
    return rows.filter(pl.col("team").eq_missing(pl.lit(team, dtype=pl.String)))


def _published(work: Workplace, month: str) -> tuple[pl.DataFrame, pl.DataFrame, Coverage]:
    """The costs up to the end of the month, what is accrued of it by team, and how far it is known."""
    published = work.home.published
    if not published.exists():
        raise OutlayError(f"nothing is published in {work.home.root} yet", remedy="run `outlay run`, or `outlay demo`")
    start, end = f"{month}-01 00:00:00+00", f"{following(month)}-01 00:00:00+00"
    try:
        with duckdb.connect(str(published.resolve()), read_only=True) as warehouse:
            warehouse.execute("SET TimeZone = 'UTC'")
            costs = warehouse.sql(_TCO, params=[end]).pl()
            accrued = warehouse.sql(_ACCRUED, params=[start, end]).pl()
            rules, publication = warehouse.sql(_PUBLICATION).fetchall()[0]
            periods = warehouse.sql(_PERIODS).pl()
    except duckdb.Error as error:
        raise OutlayError(
            f"{published.name} lacks what a statement is made of: {str(error).splitlines()[0][:200]}",
            remedy="run `outlay run` once: it publishes in the form of this version of Outlay; else `outlay doctor`",
        ) from error
    if rules != work.rules:
        raise OutlayError(
            f"{work.home.configuration.name} has other rules of cost than what is published",
            remedy="run `outlay run`: it publishes by the rules of now, and statements follow them",
        )
    tco = TCO_DAILY.check(_typed(costs, TCO_DAILY.polars_schema))
    return tco, _typed(accrued, ACCRUED), _coverage(tco, month, publication, periods)


def _rates(tco: pl.DataFrame, month: str) -> pl.DataFrame:
    """RATES of the month's costs."""
    return (
        tco.filter(pl.col("day").dt.strftime("%Y-%m") == month, pl.col("rate_date").is_not_null())
        .select(RATES.names())
        .unique()
        .sort("currency", "rate_date")
    )


def _typed(rows: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    return rows.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def _coverage(
    tco: pl.DataFrame, month: str, publication: tuple[str, datetime, datetime | None], periods: pl.DataFrame
) -> Coverage:
    in_month = pl.col("BillingPeriodStart").dt.offset_by(_HALF_A_MONTH).dt.strftime("%Y-%m") == month
    closed = periods.filter(in_month).select("InvoiceIssuerName", pl.col("BillingPeriodStatus") == "Closed")
    costs = tco.filter(pl.col("day").dt.strftime("%Y-%m") == month)
    amount = pl.col("reporting_effective_cost")
    whole, allocated = costs.select(amount.sum(), allocated=amount.filter(pl.col("team").is_not_null()).sum()).row(0)
    currency = next(iter(tco["reporting_currency"]), "")
    return Coverage(*publication, tuple(closed.rows()), currency, allocated or Decimal(0), whole or Decimal(0))


_DRIVERS = {
    "fixed": "fixed shares",
    "direct_cost": "direct cost",
    "tokens": "tokens",
    "accelerator_hours": "accelerator-hours",
}


def _drivers(work: Workplace, month: str) -> dict[str, str]:
    """By pool what it is split by in that month, in words; a change within the month names both."""
    first, last = date.fromisoformat(f"{month}-01"), date.fromisoformat(f"{following(month)}-01") - timedelta(days=1)
    words: dict[str, list[str]] = {}
    for pool in work.pools:
        if (pool.valid_from is None or pool.valid_from <= last) and (pool.valid_to is None or pool.valid_to > first):
            words.setdefault(pool.name, []).append(_DRIVERS[pool.by])
    return {name: ", then ".join(dict.fromkeys(told)) for name, told in words.items()}
