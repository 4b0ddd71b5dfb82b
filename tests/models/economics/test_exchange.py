"""Exchange rates: the latest on or before the day, not too old, never worked out backwards; a wrong line is named."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from models.economics.exchange import ExchangeRateError, ExchangeRates, exchange_rates, with_reporting
from models.table import MONEY


def table(*lines: str) -> pl.DataFrame:
    names = ("date", "from", "to", "rate", "source")
    rows = pl.DataFrame([line.split(",") for line in lines], schema=dict.fromkeys(names, pl.String), orient="row")
    return rows.with_row_index("line", offset=2)


RATES = exchange_rates(
    table("2026-02-01,EUR,USD,1.2,ECB", "2026-01-01,EUR,USD,1.1,ECB", "2026-01-01,USD,GBP,0.8,BoE"), "USD", file="r.csv"
)


def told(day: date, currency: str, rates: ExchangeRates = RATES, amount: str = "10") -> tuple[object, ...]:
    """exchange_rate, rate_date, rate_source and the effective cost in reporting currency."""
    cost = pl.DataFrame(
        [(datetime(day.year, day.month, day.day, tzinfo=UTC), currency, Decimal(0), Decimal(amount))],
        schema={"day": pl.Datetime("us", "UTC"), "currency": pl.String, "billed_cost": MONEY, "effective_cost": MONEY},
        orient="row",
    )
    row = with_reporting(cost, rates).row(0, named=True)
    assert row["reporting_currency"] == rates.currency
    return row["exchange_rate"], row["rate_date"], row["rate_source"], row["reporting_effective_cost"]


def test_the_latest_rate_on_or_before_the_day_counts():
    assert told(date(2026, 1, 31), "EUR") == (Decimal("1.1"), date(2026, 1, 1), "ECB", Decimal(11))
    assert told(date(2026, 2, 1), "EUR") == (Decimal("1.2"), date(2026, 2, 1), "ECB", Decimal(12))


def test_a_rate_is_good_for_45_days():
    assert told(date(2026, 3, 18), "EUR") == (Decimal("1.2"), date(2026, 2, 1), "ECB", Decimal(12))
    assert told(date(2026, 3, 19), "EUR") == (None, None, None, None)
    assert told(date(2025, 12, 31), "EUR") == (None, None, None, None)


def test_no_rate_is_turned_round():
    assert told(date(2026, 1, 5), "GBP") == (None, None, None, None)


def test_the_reporting_currency_itself_needs_no_rate():
    assert told(date(1999, 1, 1), "USD") == (1, None, None, 10)
    assert told(date(1999, 1, 1), "EUR", ExchangeRates.none("EUR")) == (1, None, None, 10)


def test_the_product_is_rounded_half_even_once():
    """1e-12 × 1.5 = 1.5e-12, halfway between 1e-12 and 2e-12: the even one."""
    rates = exchange_rates(table("2026-01-01,EUR,USD,1.5,ECB"), "USD", file="r.csv")
    assert told(date(2026, 1, 1), "EUR", rates, "0.000000000001")[3] == Decimal("0.000000000002")
    assert told(date(2026, 1, 1), "EUR", rates, "0.000000000003")[3] == Decimal("0.000000000004")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("01/02/2026,EUR,USD,1.1,ECB", "'01/02/2026' is no day"),
        ("20260102,EUR,USD,1.1,ECB", "'20260102' is no day"),
        ("2026-W01-5,EUR,USD,1.1,ECB", "'2026-W01-5' is no day"),
        ("2026-02-30,EUR,USD,1.1,ECB", "'2026-02-30' is no day"),
        ("2026-01-02,eur,USD,1.1,ECB", "'eur' is no ISO 4217 code"),
        ("2026-01-02,EUR,USD,x,ECB", "rate 'x' is no number"),
        ("2026-01-02,EUR,USD,-1.1,ECB", "rate '-1.1' is no number above 0"),
        ("2026-01-02,EUR,USD,1.1,", "nobody is named as source"),
        ("2026-01-02,EUR,EUR,1,ECB", "a rate from EUR to itself is 1"),
        ("2026-01-01,EUR,USD,1.3,Fed", "EUR to USD on 2026-01-01 stands in line 2 already"),
    ],
)
def test_a_wrong_line_is_named(line: str, why: str):
    with pytest.raises(ExchangeRateError) as caught:
        exchange_rates(table("2026-01-01,EUR,USD,1.1,ECB", line), "GBP", file="rates.csv")
    assert str(caught.value).startswith(f"rates.csv, line 3: {why}")


def test_a_missing_column_is_named():
    with pytest.raises(ExchangeRateError, match=r"rates\.csv, line 1: column 'rate' is missing"):
        exchange_rates(table().drop("rate"), "USD", file="rates.csv")
