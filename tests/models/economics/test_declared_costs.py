"""Declared costs by day, worked by hand: what a server, people and a subscription cost, to the last place."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.economics.declared_costs import (
    DECLARED_COSTS,
    INVOICED_DAYS_SCHEMA,
    DeclaredCost,
    Fee,
    OwnedAccelerators,
    People,
    declared_costs,
    months_later,
)
from models.ledger.money import quotient

LAYERS = {"owned_hardware": "compute", "people_and_overheads": "people"}
NO_INVOICES = pl.DataFrame(schema=INVOICED_DAYS_SCHEMA)

SERVER = OwnedAccelerators(
    name="H100 server",
    kind="owned_accelerators",
    currency="USD",
    component="owned_hardware",
    team="Research",
    accelerator="H100",
    count=8,
    purchase_price=Decimal(321420),
    residual_value=Decimal(29220),
    in_service=date(2025, 1, 1),
    life_months=48,
    power_kw=Decimal("10.2"),
    pue=Decimal("1.25"),
    electricity_price_per_kwh=Decimal("0.10"),
    colocation_per_month=Decimal(1500),
)
SEATS = Fee(
    name="Seats",
    kind="subscription",
    currency="USD",
    component="people_and_overheads",
    vendor="Chat Inc",
    amount=Decimal(1000),
    per="month",
    valid_from=date(2026, 1, 15),
    valid_to=date(2026, 3, 10),
)
PEOPLE = People(
    name="Platform team",
    kind="people",
    currency="EUR",
    component="people_and_overheads",
    annual_cost=Decimal(400000),
    share_pct=Decimal(25),
    valid_from=date(2023, 1, 1),
)


def by_day(*costs: DeclaredCost, through: date, invoiced: pl.DataFrame = NO_INVOICES) -> pl.DataFrame:
    return declared_costs(costs, invoiced, since=date(2026, 1, 1), through=through, layers=LAYERS)


def total(rows: pl.DataFrame, *, on: date | None = None, part: str | None = None) -> Decimal:
    chosen = rows.filter(
        pl.col("day").dt.date() == on if on else True,
        pl.col("part") == part if part else True,
    )
    return chosen.select(pl.col("effective_cost").sum()).item()


def test_a_server_costs_what_a_day_of_its_life_power_and_place_cost():
    """Eight H100, in service 1 January 2025 for 48 months: until 1 January 2029, 3 × 365 + 366 = 1,461 days.

    depreciation  (321,420 − 29,220) ÷ 1,461            = 200.00 a day
    electricity   10.2 kW × 1.25 × 24 h = 306 kWh × 0.10 =  30.60 a day
    colocation    1,500 ÷ 30 days of April               =  50.00 a day
                                                           280.60 a day
    8 × 24 = 192 accelerator-hours: 280.60 ÷ 192         =   1.461458333333 an accelerator-hour
    """
    april = date(2026, 4, 7)
    day = by_day(SERVER, through=date(2026, 4, 30)).filter(pl.col("day").dt.date() == april)

    parts = dict(day.select("part", "effective_cost").iter_rows())
    assert parts == {"depreciation": 200, "electricity": Decimal("30.60"), "colocation": 50}
    assert day["accelerator_hours"].sum() == 192
    whole = day.select(pl.col("effective_cost", "accelerator_hours").sum())
    per_hour = whole.select(quotient(pl.col("effective_cost"), pl.col("accelerator_hours"))).item()
    assert per_hour == Decimal("1.461458333333")
    assert day["layer"].unique().to_list() == ["compute"]


def test_a_life_sums_to_what_is_written_off_and_ends_on_its_day():
    """Three months from 31 January end on 30 April: 31 January … 29 April are 89 days, and 1,000 ÷ 89 never ends."""
    server = replace(
        SERVER,
        purchase_price=Decimal(1000),
        residual_value=Decimal(0),
        in_service=date(2026, 1, 31),
        life_months=3,
    )
    life = by_day(server, through=date(2030, 1, 1)).filter(pl.col("part") == "depreciation")

    assert server.written_off == date(2026, 4, 30)
    assert life.height == 89
    assert life["day"].dt.date().max() == date(2026, 4, 29)
    assert life["declared_cost"].sum() == 1000
    assert life["declared_cost"].n_unique() == 2  # 11.235955056180 and, on the first days, a unit of 1e-12 less or more


def test_hardware_that_outlives_its_life_costs_power_and_place_and_still_has_its_hours():
    server = replace(SERVER, valid_to=date(2029, 2, 1))
    after = by_day(server, through=date(2029, 3, 1)).filter(pl.col("day").dt.date() == date(2029, 1, 20))
    assert total(after, part="depreciation") == 0
    assert total(after, part="electricity") == Decimal("30.60")
    assert after["accelerator_hours"].sum() == 192


def test_hardware_that_is_sold_counts_until_the_day_before():
    server = replace(SERVER, valid_to=date(2026, 2, 1))
    assert by_day(server, through=date(2026, 4, 1))["day"].dt.date().max() == date(2026, 1, 31)


def test_a_monthly_fee_is_cut_to_the_days_on_which_it_holds():
    """1,000 a month from 15 January until 9 March.

    January   17 of 31 days   548.387096774 and so on
    February  28 of 28 days  1,000 exactly
    March      9 of 31 days
    """
    rows = by_day(SEATS, through=date(2026, 12, 31)).with_columns(month=pl.col("day").dt.strftime("%m"))
    months = dict(rows.group_by("month").agg(pl.col("effective_cost").sum()).iter_rows())
    assert rows.height == 17 + 28 + 9
    assert months["02"] == 1000
    assert abs(months["01"] - Decimal(17000) / 31) < Decimal("1e-10")
    assert rows["vendor"].unique().to_list() == ["Chat Inc"]


def test_people_cost_their_share_of_each_calendar_year_exactly():
    """400,000 × 25 % = 100,000 a year: over 365 days of 2023 and 366 of 2024 alike."""
    rows = by_day(PEOPLE, through=date(2024, 12, 31)).with_columns(year=pl.col("day").dt.year())
    years = rows.group_by("year").agg(pl.col("effective_cost").sum(), pl.len()).sort("year").rows()
    assert years == [(2023, Decimal(100000), 365), (2024, Decimal(100000), 366)]


def test_nothing_is_told_of_days_to_come_and_a_cost_without_a_beginning_begins_with_the_first_charges():
    fee = replace(SEATS, valid_from=None, valid_to=None)
    days = by_day(fee, through=date(2026, 1, 10))["day"].dt.date()
    assert (days.min(), days.max(), len(days)) == (date(2026, 1, 1), date(2026, 1, 10), 10)
    assert by_day(fee, through=date(2025, 12, 1)).is_empty()


def test_an_invoice_takes_the_place_of_the_days_that_it_pays_for():
    paid = [date(2026, 2, 1) + timedelta(days=n) for n in range(28)]
    invoiced = pl.DataFrame(
        [("Seats", None, day, "INV-7") for day in paid] + [("Seats", "fee", paid[0], "INV-6")],
        schema=INVOICED_DAYS_SCHEMA,
        orient="row",
    )
    rows = by_day(SEATS, through=date(2026, 3, 31), invoiced=invoiced).filter(pl.col("day").dt.month() == 2)
    assert rows.group_by("standing", "invoice_id").len().sort("invoice_id").rows() == [
        ("invoiced", "INV-6", 1),
        ("invoiced", "INV-7", 27),
    ]
    assert rows["declared_cost"].sum() == 1000
    assert rows["effective_cost"].sum() == 0


def test_an_invoice_for_power_leaves_the_depreciation():
    day = date(2026, 4, 7)
    bill = pl.DataFrame([("H100 server", "electricity", day, "E-1")], schema=INVOICED_DAYS_SCHEMA, orient="row")
    rows = by_day(SERVER, through=day, invoiced=bill)
    assert total(rows, on=day) == 250


def test_without_costs_there_are_no_rows():
    assert by_day(through=date(2026, 1, 1)).equals(DECLARED_COSTS.empty())


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 11, 15), 14, date(2028, 1, 15)),
        (date(2026, 12, 1), 48, date(2030, 12, 1)),
    ],
)
def test_months_are_calendar_months(day: date, months: int, later: date):
    assert months_later(day, months) == later


amounts = st.decimals(min_value=Decimal("0.01"), max_value=Decimal(10) ** 9, places=2)
starts = st.dates(min_value=date(2019, 1, 1), max_value=date(2030, 12, 31))


@settings(max_examples=40)
@given(amount=amounts, start=starts, months=st.integers(1, 60))
def test_every_life_sums_exactly(amount: Decimal, start: date, months: int):
    server = replace(
        SERVER,
        purchase_price=amount + 5,
        residual_value=Decimal(5),
        in_service=start,
        life_months=months,
        power_kw=Decimal(0),
        colocation_per_month=Decimal(0),
    )
    rows = by_day(server, through=date(2040, 1, 1))
    assert rows.filter(pl.col("part") == "depreciation")["declared_cost"].sum() == amount


@settings(max_examples=40)
@given(amount=amounts, year=st.integers(2019, 2030), per=st.sampled_from(["month", "year"]))
def test_every_calendar_year_of_a_fee_sums_exactly(amount: Decimal, year: int, per: Literal["month", "year"]):
    fee = replace(SEATS, amount=amount, per=per, valid_from=date(year - 1, 7, 19), valid_to=None)
    rows = by_day(fee, through=date(year + 1, 3, 3)).filter(pl.col("day").dt.year() == year)
    assert rows["declared_cost"].sum() == amount * (12 if per == "month" else 1)
