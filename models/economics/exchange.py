"""Exchange rates: amounts in the currency of a bill, told in the reporting currency too, with the rate and its day.

Rules of money, 12: both amounts are kept. A rate is looked up, never worked out: no inverse, no cross rate. Reading
the file is `pipelines.currency_rates`; converting totals of several days at once is nobody's job.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from models.errors import MoneyError, OutlayError
from models.ledger.money import constant, parse_money, product
from models.table import MONEY

OLDEST = timedelta(days=45)
"""So old may a rate be: a monthly table whose next row is late still counts, a forgotten one does not."""
COLUMNS = ("date", "from", "to", "rate", "source")
RATE_SCHEMA = pl.Schema(
    {"rate_date": pl.Date(), "from": pl.String(), "to": pl.String(), "rate": MONEY, "rate_source": pl.String()}
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_REMEDY = "write date,from,to,rate,source, such as 2026-11-01,EUR,USD,1.08,ECB; an inverse rate is a row of its own"


class ExchangeRateError(OutlayError):
    """A row of the table of rates that cannot be taken as it is; names file and line."""


@dataclass(frozen=True)
class ExchangeRates:
    """The reporting currency and the dated rates into it (RATE_SCHEMA, by day). Build it with `exchange_rates`."""

    currency: str
    rates: pl.DataFrame

    @classmethod
    def none(cls, currency: str) -> ExchangeRates:
        """No rates: only what is in the reporting currency already can be told in it."""
        return cls(currency, pl.DataFrame(schema=RATE_SCHEMA))


def exchange_rates(table: pl.DataFrame, currency: str, *, file: str) -> ExchangeRates:
    """The rates into `currency` of a table (COLUMNS as text, and `line`: where a row stands in `file`).

    `rate` is how much of `to` one of `from` is. Every row is checked, also those into other currencies. Raises
    `ExchangeRateError` for a missing column, a day, currency or rate that is none, and for two rates of one day.
    """
    if absent := [name for name in COLUMNS if name not in table.columns]:
        raise ExchangeRateError(f"{file}, line 1: column {absent[0]!r} is missing", remedy=_REMEDY)
    read = pl.DataFrame(list(_checked(table, file)), schema=RATE_SCHEMA, orient="row")
    return ExchangeRates(currency, read.filter(pl.col("to") == currency).sort("rate_date", "from"))


def _checked(table: pl.DataFrame, file: str) -> Iterator[tuple[date, str, str, Decimal, str]]:
    seen: dict[tuple[date, str, str], int] = {}
    for line, *row in table.select("line", *COLUMNS).iter_rows():
        place = f"{file}, line {line}"
        day, of, into, rate, source = row
        key = _day(day, place), _currency(of, place), _currency(into, place)
        if of == into:
            raise ExchangeRateError(f"{place}: a rate from {of} to itself is 1", remedy="leave the line out")
        if (first := seen.setdefault(key, line)) != line:
            raise ExchangeRateError(
                f"{place}: {of} to {into} on {day} stands in line {first} already", remedy="keep one of them"
            )
        if not source:
            raise ExchangeRateError(f"{place}: nobody is named as source of the rate", remedy=_REMEDY)
        yield *key, _rate(rate, place), source


def _day(text: str, place: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ExchangeRateError(f"{place}: {text!r} is no day", remedy="write it as YYYY-MM-DD")


def _currency(text: str, place: str) -> str:
    if not _CURRENCY.fullmatch(text):
        raise ExchangeRateError(f"{place}: {text!r} is no ISO 4217 code", remedy=_REMEDY)
    return text


def _rate(text: str, place: str) -> Decimal:
    try:
        rate, taken = parse_money(text)
    except MoneyError as error:
        raise ExchangeRateError(f"{place}: rate {text!r} is no number", remedy=_REMEDY) from error
    if rate <= 0 or taken:
        raise ExchangeRateError(f"{place}: rate {text!r} is no number above 0 of at most 12 places", remedy=_REMEDY)
    return rate


def with_reporting(costs: pl.DataFrame, rates: ExchangeRates) -> pl.DataFrame:
    """Costs (`day`, `currency`, `billed_cost`, `effective_cost`) with the reporting columns of `marts.tco_daily`.

    The latest rate on or before the day counts, at most `OLDEST` before it. An amount in the reporting currency has
    rate 1 and no day of a rate. Without a rate the amounts are null.
    """
    known = rates.rates.select("rate_date", "rate_source", currency="from", exchange_rate="rate").sort("rate_date")
    days = (
        costs.select("day", "currency")
        .unique()
        .with_columns(on=pl.col("day").dt.date())
        .sort("on")
        .join_asof(
            known.with_columns(on="rate_date"),
            on="on",
            by="currency",
            strategy="backward",
            tolerance=OLDEST,
            check_sortedness=False,
        )
        .drop("on")
    )
    is_same = pl.col("currency") == rates.currency
    return (
        costs.join(days, on=["day", "currency"], how="left", maintain_order="left")
        .with_columns(
            reporting_currency=pl.lit(rates.currency),
            exchange_rate=pl.when(is_same).then(constant(1)).otherwise("exchange_rate"),
        )
        .with_columns(
            reporting_billed_cost=product(pl.col("billed_cost"), pl.col("exchange_rate")),
            reporting_effective_cost=product(pl.col("effective_cost"), pl.col("exchange_rate")),
        )
    )
