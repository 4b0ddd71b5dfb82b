"""What a customer and a document cost, by hand: the costs in a driver's scope over its series."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from models.economics.business_units import DRIVER_COSTS, VALUES, Driver, business_unit_costs, driver_costs
from models.economics.pools import COSTS
from models.economics.tco import TCO_DAILY
from models.economics.unit_costs import UNIT_COSTS, unit_costs


def tco(*rows: Mapping[str, Any]) -> pl.DataFrame:
    """Costs of September of product assistant; `cost` stands for all four costs, `on` for the day."""
    usual: dict[str, Any] = {
        "origin": "charge", "source": "openai", "billing_month": "2026-09", "provider_name": "OpenAI",
        "charge_category": "Usage", "allocation": "direct", "product": "assistant", "currency": "USD",
        "reporting_currency": "USD",
    }  # fmt: skip
    filled: list[dict[str, Any]] = []
    for row in rows:
        told = dict(row)
        costs = dict.fromkeys(COSTS, Decimal(told.pop("cost")))
        day = datetime(2026, 9, told.pop("on"), tzinfo=UTC)
        filled.append({**dict.fromkeys(TCO_DAILY.polars_schema), **usual, **costs, "day": day, **told})
    return pl.DataFrame(filled, schema=TCO_DAILY.polars_schema)


def series(values: Mapping[int, int | str]) -> pl.DataFrame:
    rows = [(date(2026, 9, day), Decimal(value)) for day, value in values.items()]
    return pl.DataFrame(rows, schema=VALUES, orient="row")


def month(costs: pl.DataFrame, driver: Driver) -> dict[str, Any]:
    (row,) = UNIT_COSTS.check(unit_costs([business_unit_costs(costs, [driver])])).rows(named=True)
    return row


COSTS_OF_SEPTEMBER = tco(
    {"on": 10, "cost": "60"},
    {"on": 10, "cost": "20", "origin": "declared", "source": "declared", "billed_cost": Decimal(0)},
    {"on": 11, "cost": "40", "allocation": "shared", "pool": "platform"},
    {"on": 11, "cost": "999", "product": "search"},
    {"on": 12, "cost": "7"},
)
ASSISTANT = {"product": "assist*"}


def test_a_document_costs_what_its_product_costs_declared_and_shared_included():
    """60 + 20 + 40 over 100 + 140 documents: 0.50. The 12th tells no documents: its 7 stand apart."""
    documents = Driver("documents", "Document", series({10: 100, 11: 140}), ASSISTANT)
    row = month(COSTS_OF_SEPTEMBER, documents)
    assert (row["subject"], row["unit"], row["quantity"]) == ("documents", "Document", 240)
    assert (row["effective_cost"], row["effective_unit_cost"]) == (120, Decimal("0.5"))
    assert (row["billed_cost"], row["unmeasured_effective_cost"]) == (100, 7)
    days = DRIVER_COSTS.check(driver_costs(COSTS_OF_SEPTEMBER, [documents]))
    assert days.select(pl.col("day").dt.day(), "value", "effective_cost", "effective_unit_cost").rows() == [
        (10, 100, 80, Decimal("0.8")),
        (11, 140, 40, Decimal("0.285714285714")),
    ]


def test_customers_are_a_level_whose_mean_counts():
    """(300 + 300 + 335) customers in 3 days are 311.67 on average: 127 dollars make 0.41 for each."""
    customers = Driver("customers", "Customer", series({10: 300, 11: 300, 12: 335}), ASSISTANT, "mean")
    row = month(COSTS_OF_SEPTEMBER, customers)
    assert row["quantity"] == Decimal("311.666666666667")
    assert row["effective_unit_cost"] == Decimal("0.407486631016")


def test_a_series_by_month_is_set_against_whole_months():
    """254 customers in September, told on its first day: 127 ÷ 254 = 0.50."""
    row = month(COSTS_OF_SEPTEMBER, Driver("customers", "Customer", series({1: 254}), ASSISTANT))
    assert (row["effective_cost"], row["effective_unit_cost"]) == (127, Decimal("0.5"))
    (told,) = driver_costs(COSTS_OF_SEPTEMBER, [Driver("customers", "Customer", series({1: 254}), ASSISTANT)]).rows(
        named=True
    )
    assert (told["period"], told["day"], told["effective_unit_cost"]) == ("month", date(2026, 9, 1), Decimal("0.5"))


def test_a_unit_has_one_cost_in_the_reporting_currency():
    """100 euros at 1.10 are 110 dollars, with 60 dollars 170 over 85 customers: 2.00. Yen without a rate are apart."""
    euros = {"currency": "EUR", "exchange_rate": Decimal("1.1"), "reporting_effective_cost": Decimal(110)}
    dollars = {"exchange_rate": Decimal(1), "reporting_effective_cost": Decimal(60)}
    costs = tco(
        {"on": 10, "cost": "100", **euros, "reporting_billed_cost": Decimal(110)},
        {"on": 10, "cost": "60", **dollars, "reporting_billed_cost": Decimal(60)},
        {"on": 10, "cost": "900", "currency": "JPY"},
    )
    customers = Driver("customers", "Customer", series({10: 85}))
    rows = unit_costs([business_unit_costs(costs, [customers])])
    assert rows.select("currency", "effective_unit_cost", "list_cost").rows() == [
        ("JPY", Decimal("10.588235294118"), Decimal(900)),
        ("USD", Decimal(2), Decimal(170)),
    ]


def test_a_day_without_a_unit_has_no_unit_cost():
    nothing = Driver("documents", "Document", series({10: 0, 11: 5}), ASSISTANT)
    assert driver_costs(COSTS_OF_SEPTEMBER, [nothing])["effective_unit_cost"].to_list() == [None, Decimal(8)]


def test_without_drivers_there_are_no_rows():
    assert business_unit_costs(COSTS_OF_SEPTEMBER, []).is_empty()
    assert UNIT_COSTS.check(unit_costs([business_unit_costs(COSTS_OF_SEPTEMBER, [])])).is_empty()
    assert DRIVER_COSTS.check(driver_costs(COSTS_OF_SEPTEMBER, [])).is_empty()


@settings(max_examples=50)
@given(
    st.dictionaries(st.integers(1, 30), st.integers(0, 10**6), min_size=1),
    st.lists(st.tuples(st.integers(1, 30), st.decimals(-1000, 1000, places=6, allow_nan=False)), min_size=1),
)
def test_costs_by_day_and_what_stands_apart_are_all_costs(values, costs):
    """Unit cost × quantity = cost within rounding; Σ of days = the month; nothing in scope is lost."""
    rows = tco(*({"on": day, "cost": str(cost)} for day, cost in costs))
    driver = Driver("documents", "Document", series(values))
    row = month(rows, driver)
    assert row["effective_cost"] + row["unmeasured_effective_cost"] == rows["effective_cost"].sum()
    assert driver_costs(rows, [driver])["effective_cost"].sum() == row["effective_cost"]
    if row["quantity"]:
        assert abs(row["effective_unit_cost"] * row["quantity"] - row["effective_cost"]) < Decimal("1e-4")
