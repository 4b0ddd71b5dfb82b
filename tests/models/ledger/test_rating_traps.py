"""Rating, the awkward cases first: every trap of price data that `reference/model-providers.md` section 9 lists."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from genai_prices import Usage, calc_price

from models.ledger.contract_rates import ContractRate
from models.ledger.metering import METER_READINGS
from models.ledger.rating import RATED_COLUMNS, rate, resolve_models
from models.ledger.units import METERS
from pipelines.reference import price_book

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


def usage(*readings: dict[str, Any]) -> pl.DataFrame:
    """Readings of a day, a million units each, of gpt-4o on standard unless said otherwise."""
    rows: list[dict[str, Any]] = []
    for said in readings:
        start = said.get("window_start", NOVEMBER)
        row = {
            "source": "openai", "provider": "openai", "stream": "usage/completions", "account_id": "org-1",
            "billing_period": f"{start:%Y-%m}", "window_start": start, "window_end": start + timedelta(days=1),
            "model": "gpt-4o", "processing_tier": "standard", "attribution": "exact", "meter": "input",
            "quantity": Decimal(1_000_000), **said,
        }  # fmt: skip
        rows.append({**row, "unit": METERS[row["meter"]].unit})
    return METER_READINGS.check(pl.DataFrame(rows, schema=METER_READINGS.polars_schema))


def rated(contracts: tuple[ContractRate, ...] = (), **said: Any) -> dict[str, Any]:
    return rate(usage(said), price_book(), contracts).row(0, named=True)


def claude(**said: Any) -> dict[str, Any]:
    return {"source": "anthropic", "provider": "anthropic", **said}


def test_an_unknown_model_is_unpriced_and_never_nothing() -> None:
    row = rated(model="gpt-99-nova")
    assert (row["price_status"], row["price_model"]) == ("unpriced", None)
    assert [row[name] for name in ("list_unit_price", "list_cost", "contracted_cost", "price_source")] == [None] * 4
    assert row["pricing_quantity"] == 1


def test_a_bucket_is_no_prompt_so_the_cliff_of_long_prompts_does_not_apply() -> None:
    assert calc_price(Usage(input_tokens=1_000_000), "gemini-2.5-pro", provider_id="google").total_price == Decimal(
        "2.5"
    )
    row = rated(provider="google", model="gemini-2.5-pro")
    assert (row["list_cost"], row["price_status"]) == (Decimal("1.25"), "estimated")
    assert "band 0-200k" in row["price_source"]


@pytest.mark.parametrize(
    ("context_window", "price", "status"),
    [("0-200k", "3", "priced"), ("200k-1M", "6", "priced"), (None, "3", "estimated"), ("huge", "3", "estimated")],
)
def test_a_stated_context_band_chooses_the_price(context_window: str | None, price: str, status: str) -> None:
    row = rated(**claude(model="claude-sonnet-4-5-20250929", context_window=context_window))
    assert (row["list_unit_price"], row["price_status"]) == (Decimal(price), status)


@pytest.mark.parametrize(
    ("context_window", "price", "status"), [("0-200k", "0.1", "estimated"), ("200k-1M", "0.5", "priced")]
)
def test_a_band_wider_than_the_price_bands_is_an_estimate(context_window: str, price: str, status: str) -> None:
    """Claude Haiku 5.5 costs more from 100k tokens on, and `0-200k` lies on both sides of that."""
    row = rated(**claude(model="claude-haiku-5-5", context_window=context_window))
    assert (row["list_unit_price"], row["price_status"]) == (Decimal(price), status)


def test_a_model_whose_long_prompts_became_cheap_has_bands_only_before() -> None:
    long = claude(model="claude-opus-4-6", context_window="200k-1M")
    before = rated(**long, window_start=datetime(2026, 3, 12, tzinfo=UTC))
    since = rated(**long, window_start=datetime(2026, 3, 13, tzinfo=UTC))
    assert (before["list_unit_price"], since["list_unit_price"]) == (Decimal(10), Decimal(5))
    assert (before["price_status"], since["price_status"]) == ("priced", "priced")


def test_batch_is_half_and_not_the_context_word_that_the_package_ignores() -> None:
    ignored = calc_price(
        Usage(input_tokens=1_000_000), "gpt-4o", provider_id="openai", price_context={"service_tier": "batch"}
    )
    assert ignored.total_price == Decimal("2.5")
    assert rated(processing_tier="batch")["list_unit_price"] == Decimal("1.25")


@pytest.mark.parametrize(
    "reading",
    [
        {"processing_tier": "unknown"},
        {"model": "gpt-4o", "processing_tier": "flex"},
        claude(model="claude-opus-4-6", processing_tier="priority"),
        claude(model="claude-opus-4-6", processing_tier="flex"),
        {"provider": "aws", "model": "anthropic.claude-opus-4-6-v1", "processing_tier": "batch"},
        {"provider": "azure", "model": "gpt-4o", "processing_tier": "batch"},
        {"provider": "azure", "model": "gpt-5.6-sol", "processing_tier": "batch"},
        {"model": "gpt-4o", "processing_tier": "batch", "meter": "cache_read"},
        {"provider": "deepseek", "model": "deepseek-chat"},
        {"meter": "code_sessions", "model": None},
        {"meter": "images", "model": "dall-e-3"},
        claude(model="claude-opus-4-6", inference_geo="eu"),
        claude(model="claude-opus-4-5", inference_geo="us"),
    ],
    ids=lambda reading: "-".join(str(value) for value in reading.values()),
)  # fmt: skip
def test_what_has_no_price_is_unpriced_and_not_the_standard_price(reading: dict[str, Any]) -> None:
    row = rated(**reading)
    assert (row["price_status"], row["list_cost"], row["contracted_cost"]) == ("unpriced", None, None)


def test_a_tier_before_its_history_begins_is_estimated_by_its_first_price() -> None:
    before = rated(processing_tier="batch", window_start=datetime(2026, 10, 13, tzinfo=UTC))
    since = rated(processing_tier="batch", window_start=datetime(2026, 10, 14, tzinfo=UTC))
    assert (before["list_unit_price"], before["price_status"]) == (Decimal("1.25"), "estimated")
    assert "before 2026-10-14" in before["price_source"]
    assert (since["list_unit_price"], since["price_status"]) == (Decimal("1.25"), "priced")


def test_a_batch_table_that_repeats_the_standard_prices_is_believed() -> None:
    row = rated(model="gpt-3.5-turbo-1106", processing_tier="batch")
    assert (row["list_unit_price"], row["price_status"]) == (Decimal(1), "priced")


def test_inference_in_the_us_costs_a_tenth_more_and_other_words_nothing() -> None:
    words = ("us", "global", "not_available", None)
    rows = [rated(**claude(model="claude-opus-4-6", inference_geo=word, meter="output")) for word in words]
    assert [row["list_unit_price"] for row in rows] == [Decimal("27.5"), Decimal(25), Decimal(25), Decimal(25)]
    assert {row["price_status"] for row in rows} == {"priced"}


def test_the_geography_multiplies_every_token_kind_in_every_tier_and_no_search() -> None:
    prices = {
        ("input", "standard"): "5.5", ("cache_read", "standard"): "0.55", ("cache_write_5m", "standard"): "6.875",
        ("cache_write_1h", "standard"): "11", ("output", "standard"): "27.5", ("output", "batch"): "13.75",
        ("web_searches", "standard"): "10",
    }  # fmt: skip
    for (meter, tier), price in prices.items():
        row = rated(**claude(model="claude-opus-4-6", inference_geo="us", meter=meter, processing_tier=tier))
        assert (row["list_unit_price"], row["price_status"]) == (Decimal(price), "priced"), (meter, tier)


def test_disjoint_kinds_cost_what_the_package_makes_of_inclusive_totals() -> None:
    """Anthropic: input = uncached + read + 5m + 1h there, four kinds of their own here."""
    kinds = {"input": 1_500, "cache_read": 200, "cache_write_5m": 500, "cache_write_1h": 1_000, "output": 500}
    theirs = calc_price(
        Usage(
            input_tokens=3_200, cache_read_tokens=200, cache_write_tokens=1_500, cache_write_1h_tokens=1_000,
            output_tokens=500, web_searches=10,
        ),
        "claude-opus-4-6", provider_id="anthropic", genai_request_timestamp=NOVEMBER,
    )  # fmt: skip
    readings = [
        claude(model="claude-opus-4-6", meter=kind, quantity=Decimal(count))
        for kind, count in {**kinds, "web_searches": 10}.items()
    ]
    assert rate(usage(*readings), price_book())["list_cost"].sum() == theirs.total_price


def test_cache_writes_of_openai_have_their_own_price() -> None:
    assert rated(model="gpt-5.6-sol", meter="cache_write")["list_unit_price"] == Decimal(5)


def test_a_kind_without_a_price_is_part_of_the_kind_it_belongs_to_as_an_estimate() -> None:
    row = rated(model="gpt-4-turbo", meter="cache_read")
    assert (row["list_unit_price"], row["price_status"]) == (Decimal(10), "estimated")
    assert "no price for cache_read: as input" in row["price_source"]


def test_searches_in_a_tier_cost_what_searches_cost_as_an_estimate() -> None:
    row = rated(**claude(model="claude-opus-4-6", meter="web_searches", processing_tier="batch"))
    assert (row["list_cost"], row["price_status"]) == (Decimal(10_000), "estimated")


def test_file_searches_without_a_model_have_the_price_that_all_models_share() -> None:
    row = rated(model=None, meter="file_searches", quantity=Decimal(1_000))
    assert (row["list_cost"], row["price_status"], row["price_model"]) == (Decimal("2.5"), "estimated", None)


def test_requests_are_free_where_nobody_charges_for_them_and_priced_where_somebody_does() -> None:
    free = rated(meter="requests", quantity=Decimal(5))
    assert (free["list_cost"], free["price_status"], free["price_source"]) == (0, "priced", "not charged for")
    sonar = rated(provider="perplexity", model="sonar", meter="requests", quantity=Decimal(1_000))
    assert (sonar["list_unit_price"], sonar["list_cost"]) == (Decimal("0.012"), Decimal(12))


def test_another_providers_price_list_is_an_estimate() -> None:
    row = rated(provider="azure", model="gpt-5.1-codex-mini")
    assert (row["list_unit_price"], row["price_status"]) == (Decimal("0.25"), "estimated")
    assert "price list of openai" in row["price_source"]


def test_seconds_are_priced_by_the_hour_and_characters_by_the_million() -> None:
    heard = rated(model="whisper-1", meter="audio_seconds", quantity=Decimal(5_400))
    assert (heard["pricing_unit"], heard["pricing_quantity"], heard["list_cost"]) == (
        "3600 Seconds", Decimal("1.5"), Decimal("0.54"),
    )  # fmt: skip
    spoken = rated(model="tts-1", meter="characters", quantity=Decimal(2_000))
    assert spoken["list_cost"] == Decimal("0.03")


def test_the_instant_of_a_change_belongs_to_the_new_price() -> None:
    """gpt-5.6-sol went from $5 to $4 on 21 August 2026."""
    noon = datetime(2026, 8, 20, 12, tzinfo=UTC)
    hours = [
        {"model": "gpt-5.6-sol", "window_start": noon + timedelta(hours=h), "window_end": noon + timedelta(hours=h + 1)}
        for h in (0, 11, 12)
    ]
    assert rate(usage(*hours), price_book())["list_unit_price"].to_list() == [5, 5, 4]


def test_a_window_that_a_change_falls_into_is_an_estimate() -> None:
    sol = {"model": "gpt-4o", "processing_tier": "batch", "window_start": datetime(2026, 10, 13, 12, tzinfo=UTC)}
    steady = rated(**sol)
    assert steady["list_unit_price"] == Decimal("1.25")
    opus = claude(model="claude-opus-4-6", context_window="200k-1M", window_start=datetime(2026, 3, 12, 12, tzinfo=UTC))
    row = rated(**opus)
    assert (row["list_unit_price"], row["price_status"]) == (Decimal(10), "estimated")
    assert "changes within the window" in row["price_source"]


def test_cost_is_the_price_times_the_quantity_that_stand_beside_it() -> None:
    row = rated(model="whisper-1", meter="audio_seconds", quantity=Decimal(1))
    assert row["pricing_quantity"] == Decimal("0.000277777778")
    assert row["list_cost"] == Decimal("0.000100000000")


def test_rows_keep_their_order_and_parts_are_rated_like_the_whole() -> None:
    whole = usage(
        *({"model": model, "quantity": Decimal(place)} for place, model in enumerate(["gpt-4o", "gpt-99"] * 6))
    )
    at_once = rate(whole, price_book())
    assert at_once.select(whole.columns).equals(whole)
    assert at_once.columns == [*whole.columns, *RATED_COLUMNS]
    assert pl.concat([rate(part, price_book()) for part in whole.iter_slices(5)]).equals(at_once)


def test_two_keys_of_one_fingerprint_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.ledger.rating._fingerprint", lambda: pl.lit(7, dtype=pl.UInt64))
    rows = rate(usage({"model": "gpt-4o"}, {"model": "gpt-99"}, {"meter": "output"}), price_book())
    assert rows["list_unit_price"].to_list() == [Decimal("2.5"), None, Decimal(10)]


def test_no_readings_are_rated_to_none_with_every_column() -> None:
    empty = rate(METER_READINGS.empty(), price_book())
    assert empty.schema == pl.Schema({**METER_READINGS.polars_schema, **RATED_COLUMNS})


def test_names_are_resolved_like_the_package_does_and_no_relative_is_taken() -> None:
    names = ["GPT-4o-2024-08-06", "ft:gpt-4o-mini-2024-07-18:acme::abc", "gpt-5.2-20251211", "gpt-4o-2030-01-01"]
    found = resolve_models(price_book(), "openai", names)
    assert [each and each.model for each in found.values()] == ["gpt-4o", "ft:gpt-4o-mini", "gpt-5.2", None]


HALF = ContractRate("half off", date(2026, 11, 16), model="gpt-4o*", provider="openai", discount_pct=Decimal(50))


def test_a_contract_that_begins_in_the_middle_of_the_month_changes_only_what_follows() -> None:
    days = [NOVEMBER.replace(day=15), NOVEMBER.replace(day=16)]
    rows = rate(usage(*({"window_start": day} for day in days)), price_book(), [HALF])
    assert rows["list_cost"].to_list() == [Decimal("2.5")] * 2
    assert rows["contracted_cost"].to_list() == [Decimal("2.5"), Decimal("1.25")]
    assert rows["price_source"].to_list() == ["genai-prices 0.2.3", "genai-prices 0.2.3; contract: half off"]


def test_a_contract_of_a_model_without_a_public_price_stands_for_it_as_an_estimate() -> None:
    ours = ContractRate("private", date(2026, 1, 1), model="gpt-99*", meter="input", unit_price=Decimal("0.8"))
    row = rated((ours,), model="gpt-99-nova")
    assert (row["list_cost"], row["contracted_cost"], row["price_status"]) == (
        Decimal("0.8"), Decimal("0.8"), "estimated",
    )  # fmt: skip
    assert row["price_source"] == "contract: private"
