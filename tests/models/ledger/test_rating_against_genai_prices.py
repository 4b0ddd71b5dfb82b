"""Prices equal genai-prices' own `calc_price`, which is written by others and shares no code with our price book.

Every model with dated prices or tiers and a fifth of all others, each meter, tier and date around a change; of these
cases every fifth of OpenAI and Anthropic and every eleventh of the others (all were compared once).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

import polars as pl
import pytest
from genai_prices import Usage, data_snapshot, types

from models.ledger.metering import METER_READINGS
from models.ledger.rating import rate, resolve_models
from models.ledger.units import METERS
from pipelines.reference import price_book

CONTEXTS = {
    "standard": None,
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast", "speed": "fast"},
}
COUNTED = {
    "input": "input_tokens",
    "cache_read": "input_tokens cache_read_tokens",
    "cache_write": "input_tokens cache_write_tokens",
    "cache_write_5m": "input_tokens cache_write_tokens cache_write_5m_tokens",
    "cache_write_1h": "input_tokens cache_write_tokens cache_write_1h_tokens",
    "output": "output_tokens",
    "input_audio": "input_tokens input_audio_tokens",
    "cache_read_audio": "input_tokens input_audio_tokens cache_read_tokens cache_audio_read_tokens",
    "output_audio": "output_tokens output_audio_tokens",
    "input_image": "input_tokens input_image_tokens",
    "cache_read_image": "input_tokens input_image_tokens cache_read_tokens cache_image_read_tokens",
    "output_image": "output_tokens output_image_tokens",
    "characters": "input_characters",
    "audio_seconds": "audio_seconds input_audio_seconds",
    "file_searches": "storage_searches",
    "web_searches": "web_searches",
}
"""A disjoint kind in the package's inclusive words: a cached token is an input token there, too."""

SNAPSHOT = data_snapshot.get_snapshot()
QUANTITY = 1_003


class Case(NamedTuple):
    provider: types.Provider
    model: types.ModelInfo
    meter: str
    tier: str
    at: datetime

    def costs(self, at: datetime | None = None, *, context: bool = True) -> Decimal:
        """genai-prices' cost, without the price per request that Perplexity adds to every call."""
        count = dict.fromkeys(COUNTED[self.meter].split(), QUANTITY)
        asked = {"genai_request_timestamp": at or self.at, "price_context": CONTEXTS[self.tier] if context else None}
        price = self.model.calc_price(Usage(**count), self.provider, **asked)
        requests = Decimal(0)
        if getattr(price.model_price, "requests_kcount", None):
            requests = self.model.calc_price(Usage(), self.provider, **asked).total_price
        return (price.total_price - requests).quantize(Decimal("1E-12"))

    def tier_names_it(self) -> bool:
        """Whether a published variant of the tier changes this cost at any time."""
        return self.tier == "standard" or any(
            all((CONTEXTS[self.tier] or {}).get(word) == value for word, value in each.when.items())
            for each in self.model.price_variants or ()
        )


def _sets(model: types.ModelInfo) -> list[types.ConditionalPrice]:
    return model.prices if isinstance(model.prices, list) else [types.ConditionalPrice(prices=model.prices)]


def _by_time_of_day(model: types.ModelInfo) -> bool:
    return any(isinstance(each.constraint, types.TimeOfDateConstraint) for each in _sets(model))


def _dates(model: types.ModelInfo) -> list[datetime]:
    constraints = [each.constraint for each in (*_sets(model), *(model.price_variants or ()))]
    starts = {each.start_date for each in constraints if isinstance(each, types.StartDateConstraint)}
    midnights = [datetime.combine(day, time(), UTC) for day in sorted({*starts, date(2026, 11, 20)})]
    return sorted({instant - before for instant in midnights for before in (timedelta(0), timedelta(hours=1))})


def _cases() -> Iterator[Case]:
    for provider in SNAPSHOT.providers:
        for place, model in enumerate(provider.models):
            found = (
                SNAPSHOT.find_provider_model(model.id, provider, None, None)[1] if _findable(provider, model) else None
            )
            interesting = isinstance(model.prices, list) or model.price_variants
            if found is not model or not (interesting or place % 5 == 0):
                continue
            tiers = [tier for tier in CONTEXTS if tier == "standard" or model.price_variants]
            keys = {key for each in _sets(model) for key, price in each.prices.__dict__.items() if price is not None}
            meters = COUNTED if any("audio" in key or "image" in key for key in keys) else list(COUNTED)[:6]
            for tier in tiers:
                for at in _dates(model):
                    for meter in (*meters, *(["web_searches"] if "web_searches_kcount" in keys else [])):
                        yield Case(provider, model, meter, tier, at)


def _findable(provider: types.Provider, model: types.ModelInfo) -> bool:
    return provider.find_model(model.id) is not None


def _readings(cases: list[Case]) -> pl.DataFrame:
    rows = [
        {
            "source": "sample", "provider": case.provider.id, "stream": "sample", "account_id": "org-1",
            "billing_period": f"{case.at:%Y-%m}", "window_start": case.at, "window_end": case.at + timedelta(hours=1),
            "model": case.model.id, "processing_tier": case.tier, "attribution": "exact", "meter": case.meter,
            "quantity": Decimal(QUANTITY), "unit": METERS[case.meter].unit,
        }
        for case in cases
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=METER_READINGS.polars_schema)


@pytest.mark.slow
def test_every_price_equals_that_of_genai_prices_or_says_why_not() -> None:
    ours = {"anthropic", "openai"}
    cases = [case for place, case in enumerate(_cases()) if place % (5 if case.provider.id in ours else 11) == 0]
    rows = rate(_readings(cases), price_book()).select("list_cost", "price_status", "price_source").rows()
    compared = {"priced": 0, "estimated": 0, "unpriced": 0}
    for case, (cost, status, source) in zip(cases, rows, strict=True):
        compared[status] += 1
        told = (case.provider.id, case.model.id, case.meter, case.tier, case.at, source)
        if status == "unpriced":
            # the package says nothing, or the standard price, or one that depends on the hour: none of them is a price
            assert _by_time_of_day(case.model) or case.costs() in (0, case.costs(context=False)), told
        elif source and "no price is recorded before" in source:
            began = source.split("no price is recorded before ")[1][:10]
            assert cost == case.costs(datetime.combine(date.fromisoformat(began), time(), UTC)), told
        else:
            assert cost == case.costs(), told
            assert case.tier_names_it(), told
    assert compared["priced"] > 800, compared
    assert all(count > 200 for count in compared.values()), compared


def test_every_model_of_every_provider_is_found_by_its_own_name_as_the_package_finds_it() -> None:
    book = price_book()
    for provider in SNAPSHOT.providers:
        names = [name for model in provider.models[::7] for name in (model.id, f"{model.id}-20251211", f"x-{model.id}")]
        for name, meant in resolve_models(book, provider.id, names).items():
            theirs = provider.find_model(name, all_providers=SNAPSHOT.providers)
            assert (meant and meant.model) == (theirs and theirs.id), (provider.id, name)
