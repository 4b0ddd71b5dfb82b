"""The same usage at other prices, worked out by hand on a price list of four lines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from models.economics.repricing import Alternative, host_of, reprice
from models.errors import OutlayError
from models.ledger.contract_rates import ContractRate
from models.ledger.metering import METER_READINGS
from models.ledger.prices import PriceBook, price_book
from models.ledger.units import METERS

DAY = datetime(2026, 9, 10, tzinfo=UTC)


def book() -> PriceBook:
    """ours: input 2, output 8, cache_read 0.5 (batch: half, no cache); theirs: input 1, output 10 USD per million."""
    prices = [
        ("ours", "large", "input", "standard", "2", ""),
        ("ours", "large", "output", "standard", "8", ""),
        ("ours", "large", "cache_read", "standard", "0.5", ""),
        ("ours", "large", "input", "batch", "1", ""),
        ("ours", "large", "output", "batch", "4", ""),
        ("theirs", "other", "input", "standard", "1", "2026-09-11"),
        ("theirs", "other", "output", "standard", "10", ""),
        ("theirs", "other", "input", "standard", "3", ""),
    ]
    rows = [
        {
            "provider": provider, "model": model, "meter": meter, "processing_tier": tier, "context_window": None,
            "pricing_unit": "1000000 Tokens", "unit_price": price, "currency": "USD",
            "valid_from": "2026-09-11" if provider == "theirs" and price == "3" else None,
            "valid_to": until or None, "price_list": "public", "price_status": "priced", "note": None, "source": "test",
        }
        for provider, model, meter, tier, price, until in prices
    ]  # fmt: skip
    named = [("ours", "0", "large"), ("theirs", "0", "other"), ("reseller", "0", "only-resold")]
    models = pl.DataFrame(
        [(provider, place, model, f'{{"equals":"{model}"}}') for provider, place, model in named],
        schema=dict.fromkeys(("provider", "position", "model", "match"), pl.String),
        orient="row",
    )
    providers = pl.DataFrame({"provider": ["ours", "theirs", "reseller"], "falls_back_on": ["", "", "theirs"]})
    geography = pl.DataFrame(
        schema=dict.fromkeys(
            ("provider", "model", "inference_geo", "multiplier", "valid_from", "valid_to", "source"), pl.String
        )
    )
    schema = dict.fromkeys(rows[0], pl.String)
    return price_book(pl.DataFrame(rows, schema=schema), models, providers, geography)


def used(meter: str, millions: str, **said: Any) -> dict[str, Any]:
    start = said.pop("start", DAY)
    return {
        "source": "prod", "billing_period": "2026-09", "provider": "ours", "stream": "usage", "window_start": start,
        "window_end": start + timedelta(days=1), "account_id": "a", "model": "large", "processing_tier": "standard",
        "attribution": "exact", "meter": meter, "token_kind": meter, "unit": METERS[meter].unit,
        "quantity": Decimal(millions) * 1_000_000, **said,
    }  # fmt: skip


def readings(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=METER_READINGS.polars_schema)


USAGE = readings(used("input", "10"), used("output", "2"), used("cache_read", "40"))


def test_the_same_tokens_on_another_model() -> None:
    """Now: 10 × 2 + 2 × 8 + 40 × 0.5 = 56. There: 10 × 1 + 2 × 10 = 30, and 40 M cache reads, which that list does
    not price, cost as input there: 40 × 1 = 40. Together 70."""
    found = reprice(USAGE, Alternative(model="other"), book())
    assert (found.total("list_cost"), found.total("other_list_cost")) == (Decimal(56), Decimal(70))
    cache = found.rows.row(by_predicate=pl.col("meter") == "cache_read", named=True)
    assert cache["other_price_status"] == "estimated"
    assert "no price for cache_read: as input" in cache["other_price_source"]
    assert found.left_out.is_empty()


def test_prices_are_those_of_each_day_of_usage() -> None:
    """10 M input on the 10th at 1, 10 M on the 11th, when it has become 3: 10 + 30."""
    usage = readings(used("input", "10"), used("input", "10", start=DAY + timedelta(days=1)))
    assert reprice(usage, Alternative(model="other"), book()).total("other_list_cost") == 40


def test_kinds_without_a_price_there_are_left_out_on_both_sides_and_never_zero() -> None:
    """In batch: 10 × 1 + 2 × 4 = 18 instead of 10 × 2 + 2 × 8 = 36; cache reads (20 now) have no batch price."""
    found = reprice(USAGE, Alternative(tier="batch"), book())
    assert (found.total("list_cost"), found.total("other_list_cost")) == (Decimal(36), Decimal(18))
    (left_out,) = found.left_out.rows(named=True)
    assert (left_out["meter"], left_out["quantity"], left_out["contracted_cost"]) == ("cache_read", 40_000_000, 20)
    assert left_out["other_list_cost"] is None


def test_another_tokeniser_is_a_ratio_of_tokens_only() -> None:
    """A quarter more tokens: (10 × 1 + 2 × 10) × 1.25 = 37.5; requests are not tokens and cost nothing."""
    usage = readings(used("input", "10"), used("output", "2"), used("requests", "1"))
    found = reprice(usage, Alternative(model="other", token_ratio=Decimal("1.25")), book())
    assert found.total("other_list_cost") == Decimal("37.5")
    assert found.rows["meter"].to_list() == ["input", "output"]


def test_our_contract_with_the_other_host_holds_whichever_source_it_names() -> None:
    """10 % off at theirs, agreed for source `their-account`: 27 instead of 30; our own 50 % stay our own."""
    usage = readings(used("input", "10"), used("output", "2"))
    rates = [
        ContractRate("theirs", date(2026, 1, 1), provider="theirs", source="their-account", discount_pct=Decimal(10)),
        ContractRate("ours", date(2026, 1, 1), provider="ours", source="prod", discount_pct=Decimal(50)),
    ]
    found = reprice(usage, Alternative(model="other"), book(), rates)
    assert (found.total("contracted_cost"), found.total("other_contracted_cost")) == (Decimal(18), Decimal(27))
    assert "ours" in found.rows["price_source"][0]  # what is paid now has its source too
    assert "theirs" in found.rows["other_price_source"][0]


def test_a_reseller_without_a_list_of_its_own_sells_at_the_makers() -> None:
    found = reprice(readings(used("output", "2")), Alternative(model="other", host="reseller"), book())
    assert found.total("other_list_cost") == 20
    assert "price list of theirs" in found.rows["other_price_source"][0]


def test_a_model_alone_means_its_makers_list() -> None:
    assert host_of("other", book()) == "theirs"


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (Alternative(model="othr"), "does not know 'othr'"),
        (Alternative(host="nowhere"), "no host 'nowhere'"),
        (Alternative(geography="mars"), "no price list of ours names 'mars'"),
        (Alternative(host="theirs"), "price list of theirs does not know 'large'"),
    ],
)
def test_what_the_price_book_does_not_know_is_told(other: Alternative, what: str) -> None:
    with pytest.raises(OutlayError, match=what) as error:
        reprice(USAGE, other, book())
    assert error.value.remedy


def test_an_alternative_that_cannot_be() -> None:
    with pytest.raises(OutlayError, match="no tier 'overnight'"):
        Alternative(tier="overnight")
    with pytest.raises(OutlayError, match="no tier 'unknown'"):
        Alternative(tier="unknown")
    with pytest.raises(OutlayError, match="above zero"):
        Alternative(token_ratio=Decimal(0))
