"""Looking prices up in a price book made by hand: as-of edges, and the rules that add rows to what is published."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import MoneyError, OutlayError
from models.ledger.price_lookup import look_up, price_models
from models.ledger.prices import PRICE_BOOK, PriceBook, price_book

MODELS = pl.DataFrame({"provider": "acme", "position": "0", "model": "wile", "match": '{"starts_with":"wile"}'})
PROVIDERS = pl.DataFrame({"provider": ["acme", "reseller"], "falls_back_on": [None, "acme"]})
GEOGRAPHY = pl.DataFrame(
    {"provider": "acme", "model": "wile", "inference_geo": "moon", "multiplier": "1.5", "valid_from": "2026-03-01",
     "valid_to": None, "source": "the moon's tariff"},
    schema_overrides={"valid_to": pl.String},
)  # fmt: skip


def book(*prices: dict[str, Any]) -> PriceBook:
    plain = {
        "provider": "acme", "model": "wile", "meter": "input", "processing_tier": "standard", "context_window": None,
        "pricing_unit": "1000000 Tokens", "unit_price": "1", "currency": "USD", "valid_from": None, "valid_to": None,
        "price_list": "public", "price_status": "priced", "note": None, "source": "a catalogue",
    }  # fmt: skip
    frame = pl.DataFrame([{**plain, **price} for price in prices], schema=dict.fromkeys(plain, pl.String))
    return price_book(frame, MODELS, PROVIDERS, GEOGRAPHY)


def found(prices: PriceBook, **said: Any) -> tuple[Decimal | None, str]:
    key = {
        "key": 1, "provider": "acme", "model": "wile-1", "meter": "input", "processing_tier": "standard",
        "inference_geo": None, "context_window": None, "at": datetime(2026, 6, 1, tzinfo=UTC), **said,
    }  # fmt: skip
    keys = pl.DataFrame([key], schema_overrides={"inference_geo": pl.String, "context_window": pl.String})
    row = look_up(keys, price_models(keys.select("provider", "model"), prices), prices).row(0, named=True)
    return row["list_unit_price"], row["price_status"]


days = st.dates(date(2025, 1, 1), date(2027, 1, 1))


@settings(max_examples=40)
@given(st.dictionaries(days, st.integers(1, 10**6), min_size=1, max_size=6), days, st.sampled_from([-1, 0, 1]))
def test_the_price_at_an_instant_is_the_last_one_that_began(changes: dict[date, int], day: date, tick: int) -> None:
    starts = sorted(changes)
    prices = book(
        *(
            {"valid_from": str(start), "valid_to": end and str(end), "unit_price": str(changes[start])}
            for start, end in zip(starts, [*starts[1:], None], strict=True)
        )
    )
    at = datetime.combine(day, time(), UTC) + timedelta(microseconds=tick)
    began = [start for start in starts if datetime.combine(start, time(), UTC) <= at]
    expected = (changes[began[-1]], "priced") if began else (changes[starts[0]], "estimated")
    assert found(prices, at=at) == expected


def test_a_price_that_ended_is_no_price() -> None:
    ended = book({"valid_to": "2026-05-31"})
    assert found(ended) == (None, "unpriced")


def test_a_geography_multiplies_from_its_own_first_day() -> None:
    prices = book({"unit_price": "2"}, {"meter": "web_searches", "unit_price": "10", "pricing_unit": "1000 Requests"})
    assert found(prices, inference_geo="moon") == (Decimal(3), "priced")
    assert found(prices, inference_geo="moon", meter="web_searches") == (Decimal(10), "priced")
    assert found(prices, inference_geo="moon", at=datetime(2026, 2, 28, 23, 59, tzinfo=UTC)) == (None, "unpriced")
    assert found(prices, inference_geo="mars") == (None, "unpriced")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, (Decimal(1), "estimated")),
        ("0-32k", (Decimal(1), "priced")),
        ("32k-64k", (Decimal(2), "priced")),
        ("32k-128k", (Decimal(2), "priced")),
        ("64k-1M", (Decimal(2), "estimated")),
        ("128k-1M", (Decimal(4), "priced")),
        ("128000+", (Decimal(4), "priced")),
    ],
)
def test_bands_are_compared_by_their_tokens(told: str | None, expected: tuple[Decimal, str]) -> None:
    bands = {"0-32k": "1", "32k-128k": "2", "128k+": "4"}
    prices = book(*({"context_window": band, "unit_price": price} for band, price in bands.items()))
    assert found(prices, context_window=told) == expected


def test_a_kind_falls_back_only_where_no_tier_of_the_model_has_a_price_for_it() -> None:
    batch = {"processing_tier": "batch", "unit_price": "0.5"}
    without = book({}, batch)
    assert found(without, meter="cache_read", processing_tier="batch") == (Decimal("0.5"), "estimated")
    elsewhere = book({}, batch, {"meter": "cache_read", "unit_price": "0.1"})
    assert found(elsewhere, meter="cache_read", processing_tier="batch") == (None, "unpriced")


def test_five_minute_writes_are_what_a_vendor_calls_cache_writes() -> None:
    prices = book({}, {"meter": "cache_write", "unit_price": "1.25"})
    assert found(prices, meter="cache_write_5m") == (Decimal("1.25"), "priced")
    assert found(prices, meter="cache_write_1h") == (Decimal("1.25"), "estimated")


def test_a_reseller_has_the_standard_prices_of_the_list_it_falls_back_on_and_no_others() -> None:
    prices = book({}, {"processing_tier": "batch", "unit_price": "0.5"})
    assert found(prices, provider="reseller") == (Decimal(1), "estimated")
    assert found(prices, provider="reseller", processing_tier="batch") == (None, "unpriced")
    assert found(prices, provider="stranger") == (None, "unpriced")


def test_a_price_of_nothing_is_a_price() -> None:
    assert found(book({"unit_price": "0"})) == (Decimal(0), "priced")


@pytest.mark.parametrize(
    ("prices", "error", "says"),
    [
        ([{}, {"unit_price": "2"}], OutlayError, "begins twice"),
        ([{}, {"meter": "output", "currency": "EUR"}], OutlayError, "currencies: EUR, USD"),
        ([{"unit_price": "free"}], MoneyError, "'free' is no number"),
    ],
)
def test_a_price_list_that_contradicts_itself_is_refused(
    prices: list[dict[str, Any]], error: type[OutlayError], says: str
) -> None:
    with pytest.raises(error, match=says):
        book(*prices)


def test_the_published_book_keeps_its_contract_and_names_every_source() -> None:
    rows = book({"valid_from": "2026-01-01"}).rows
    assert PRICE_BOOK.check(rows).equals(rows)
    assert rows.select("valid_from", "inference_geo", "price_status", "source").rows() == [
        (None, "", "estimated", "a catalogue"),
        (datetime(2026, 1, 1, tzinfo=UTC), "", "priced", "a catalogue"),
        (datetime(2026, 3, 1, tzinfo=UTC), "moon", "priced", "a catalogue; the moon's tariff"),
    ]
