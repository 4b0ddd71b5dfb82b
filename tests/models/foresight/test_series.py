"""Series by every dimension: they partition the total, days without a charge are there, and usage has one unit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from models.foresight.series import DIMENSIONS, ITEMS, KEY, SERIES, series

DAY = date(2026, 11, 1)


def _items(*rows: dict[str, Any]) -> pl.DataFrame:
    usual: dict[str, Any] = {"provider_name": "OpenAI", "currency": "USD", "day": DAY, "billed_cost": "0"}
    made: list[dict[str, Any]] = [{**usual, **row} for row in rows]
    money = ("effective_cost", "billed_cost", "quantity")
    exact = [{k: Decimal(v) if k in money and v is not None else v for k, v in row.items()} for row in made]
    return pl.DataFrame(exact, schema=ITEMS)


def _series(items: pl.DataFrame, through: date = date(2026, 11, 3)) -> pl.DataFrame:
    return series(dict.fromkeys(DIMENSIONS, items), dict.fromkeys(DIMENSIONS, items), through)


def test_days_without_a_charge_are_there_and_later_days_are_not() -> None:
    items = _items(
        {"effective_cost": "2", "team": "voice"},
        {"effective_cost": "3", "team": "voice", "day": date(2026, 11, 3)},
        {"effective_cost": "9", "team": "voice", "day": date(2026, 11, 4)},
    )
    voice = _series(items).filter(dimension="team")
    assert voice.select("day", "effective_cost").rows() == [
        (date(2026, 11, 1), Decimal(2)), (date(2026, 11, 2), Decimal(0)), (date(2026, 11, 3), Decimal(3))
    ]  # fmt: skip
    assert voice.schema == SERIES


def test_what_has_no_value_is_a_series_of_its_own_under_a_name() -> None:
    made = _series(_items({"effective_cost": "1", "team": "voice"}, {"effective_cost": "4"}))
    assert made.filter(dimension="team", day=DAY).select("value", "value_name", "effective_cost").rows() == [
        ("voice", "voice", Decimal(1)), (None, "unallocated", Decimal(4))
    ]  # fmt: skip


def test_a_key_goes_by_its_last_name_and_a_sku_is_one_within_its_vendor() -> None:
    items = _items(
        {"effective_cost": "1", "key": "k1", "key_name": "first", "sku": "s"},
        {"effective_cost": "1", "key": "k1", "key_name": "second", "sku": "s", "day": date(2026, 11, 2)},
        {"effective_cost": "1", "key": "k2", "sku": "s", "provider_name": "AWS"},
    )
    made = _series(items)
    assert made.filter(dimension="key").select("value", "value_name").unique().sort("value").rows() == [
        ("k1", "second"), ("k2", "k2")
    ]  # fmt: skip
    assert made.filter(dimension="sku", day=DAY).select("vendor", "value").rows() == [("AWS", "s"), ("OpenAI", "s")]
    assert made.filter(pl.col("dimension") != "sku")["vendor"].null_count() == made.height - 6


def test_tokens_measure_a_series_else_its_one_unit_and_several_units_measure_nothing() -> None:
    items = _items(
        {"effective_cost": "10", "model": "a", "unit": "Tokens", "quantity": "1000"},
        {"effective_cost": "2", "model": "a", "unit": "Searches", "quantity": "5"},
        {"effective_cost": "7", "model": "a"},
        {"effective_cost": "3", "model": "b", "unit": "Seconds", "quantity": "60"},
        {"effective_cost": "3", "model": "c", "unit": "Seconds", "quantity": "60"},
        {"effective_cost": "3", "model": "c", "unit": "Images", "quantity": "6"},
    )
    told = _series(items).filter(dimension="model", day=DAY).select("value", "unit", "usage", "metered_cost")
    assert told.rows() == [
        ("a", "Tokens", Decimal(1000), Decimal(10)),  # searches and what is no usage stand beside the tokens
        ("b", "Seconds", Decimal(60), Decimal(3)),
        ("c", None, None, None),
    ]
    quiet = _series(items).filter(dimension="model", value="b", day=date(2026, 11, 2))
    assert quiet.select("usage", "metered_cost").row(0) == (0, 0)  # no charge, so nothing was used


@given(
    st.lists(
        st.tuples(
            st.integers(1, 5),
            st.sampled_from(["USD", "EUR"]),
            st.sampled_from(["a", "b", None]),
            st.decimals(-100, 100, places=12),
        ),
        max_size=12,
    )
)
def test_every_dimension_sums_to_the_total_on_each_day(rows: list[tuple[int, str, str | None, Decimal]]) -> None:
    items = _items(
        *(
            {"day": date(2026, 11, day), "currency": currency, "team": of, "key": of, "sku": of, "effective_cost": cost}
            for day, currency, of, cost in rows
        )
    )
    by_day = (
        _series(items, date(2026, 11, 4))
        .group_by("dimension", "currency", "day")
        .agg(pl.col("effective_cost").sum())
        .group_by("currency", "day")
        .agg(sums=pl.col("effective_cost").n_unique(), dimensions=pl.len())
    )
    assert by_day.filter((pl.col("sums") != 1) | (pl.col("dimensions") != len(DIMENSIONS))).is_empty()


def test_currencies_are_never_added_up() -> None:
    made = _series(_items({"effective_cost": "1"}, {"effective_cost": "1", "currency": "EUR"}))
    assert made.filter(dimension="total", day=DAY).select(KEY).rows() == [
        ("total", None, None, "EUR"), ("total", None, None, "USD")
    ]  # fmt: skip


def test_nothing_makes_no_series() -> None:
    assert _series(_items()).schema == SERIES
    assert _series(_items()).is_empty()
