"""The price catalogue as reviewed data: taken from the pinned genai-prices package, written as CSV, compared.

`from_package` reads the package (offline, deterministic); `materialise` writes `data/prices`; `difference` shows what a
new catalogue would change before anybody accepts it. `geography.csv` is kept by hand and is not touched here. What
prices mean and how they are looked up is `models.ledger.prices`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
from genai_prices import data_snapshot, types

from models.ledger.units import METERS

PACKAGE = "genai-prices"

METER_OF_PRICE_KEY = {
    "input_mtok": "input",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_5m_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_mtok": "output",
    "input_audio_mtok": "input_audio",
    "cache_audio_read_mtok": "cache_read_audio",
    "output_audio_mtok": "output_audio",
    "input_image_mtok": "input_image",
    "cache_image_read_mtok": "cache_read_image",
    "output_image_mtok": "output_image",
    "requests_kcount": "requests",
    "input_mchars": "characters",
    "input_audio_hours": "audio_seconds",
    "audio_hours": "audio_seconds",
    "storage_searches_kcount": "file_searches",
    "web_searches_kcount": "web_searches",
}
"""The package's price keys in our meters; the earlier of two keys of one meter is the more specific."""

CONTEXT_OF_TIER: Mapping[str, Mapping[str, str]] = {
    "standard": {},
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast", "speed": "fast"},
}
"""Our tiers in the package's request context; `{'service_tier': 'batch'}` would be ignored without a word."""

_PARTLY_OUTPUT = ("output_reasoning_mtok", "output_citation_mtok")
_Price = Decimal | types.TieredPrices
_Span = tuple[date | None, date | None]


@dataclass(frozen=True)
class Catalogue:
    """The four generated files of `data/prices`, every column text.

    `public` is the prices, `models` the match clauses, `providers` names and fall-backs, `left_out` what the package
    prices and we do not take, with the reason.
    """

    public: pl.DataFrame
    models: pl.DataFrame
    providers: pl.DataFrame
    left_out: pl.DataFrame


def from_package() -> Catalogue:
    """What the installed genai-prices knows, all providers and all dates."""
    prices: list[dict[str, str | None]] = []
    models: list[dict[str, str]] = []
    left_out: list[dict[str, str]] = []
    providers: list[dict[str, str]] = []
    source = f"{PACKAGE} {version(PACKAGE)}"
    for provider in sorted(data_snapshot.get_snapshot().providers, key=lambda each: each.id):
        providers.append(
            {
                "provider": provider.id,
                "name": provider.name,
                "falls_back_on": " ".join(provider.fallback_model_providers or ()),
                "pricing_url": next(iter(provider.pricing_urls or ()), ""),
            }
        )
        for position, model in enumerate(provider.models):
            match = json.dumps(_clause(model.match), separators=(",", ":"), ensure_ascii=False)
            models.append({"provider": provider.id, "position": str(position), "model": model.id, "match": match})
            named = {"provider": provider.id, "model": model.id}
            left_out.extend({**named, "what": what, "reason": reason} for what, reason in _left_out(model))
            prices.extend({**named, **row, "price_list": "public", "source": source} for row in _rows(model))
    return Catalogue(
        pl.DataFrame(prices, schema=_text(_PRICE_COLUMNS)),
        pl.DataFrame(models, schema=_text(["provider", "position", "model", "match"])),
        pl.DataFrame(providers, schema=_text(["provider", "name", "falls_back_on", "pricing_url"])),
        pl.DataFrame(left_out, schema=_text(["provider", "model", "what", "reason"])),
    )


def materialise(folder: Path) -> Catalogue:
    """Writes the installed package's catalogue into a folder such as `data/prices`, and returns it."""
    catalogue = from_package()
    folder.mkdir(parents=True, exist_ok=True)
    for each in fields(Catalogue):
        getattr(catalogue, each.name).write_csv(folder / f"{each.name}.csv")
    return catalogue


def read(folder: Path) -> Catalogue:
    """The catalogue that lies in a folder."""
    return Catalogue(*(pl.read_csv(folder / f"{each.name}.csv", infer_schema=False) for each in fields(Catalogue)))


def difference(old: Catalogue, new: Catalogue) -> pl.DataFrame:
    """What would change: one row per price or model that is added, removed or changed, biggest change first.

    Columns: kind (price | model), change, provider, model, meter, processing_tier, context_window, valid_from, old,
    new, change_pct (prices that changed; text). Only the source column changing is no difference.
    """
    key = ["provider", "model", "meter", "processing_tier", "context_window", "valid_from"]
    prices = _compared(old.public, new.public, key, ["unit_price", "valid_to", "price_status", "note"])
    percent = (pl.col("unit_price_new").cast(pl.Float64) / pl.col("unit_price").cast(pl.Float64) - 1) * 100
    changed = prices.select(
        pl.lit("price").alias("kind"),
        "change",
        *key,
        *_described(["unit_price", "valid_to", "price_status", "note"]),
        percent.round(1).cast(pl.String).alias("change_pct"),
        percent.abs().fill_nan(None).alias("size"),
    )
    models = _compared(old.models, new.models, ["provider", "model"], ["match"]).select(
        pl.lit("model").alias("kind"), "change", "provider", "model", *_described(["match"])
    )
    return (
        pl.concat([changed, models], how="diagonal")
        .sort("size", "kind", *key, descending=[True, *[False] * 7], nulls_last=True)
        .drop("size")
    )


_PRICE_COLUMNS = [
    "provider", "model", "meter", "processing_tier", "context_window", "pricing_unit", "unit_price", "currency",
    "valid_from", "valid_to", "price_list", "price_status", "note", "source",
]  # fmt: skip


def _text(columns: list[str]) -> dict[str, type[pl.String]]:
    return dict.fromkeys(columns, pl.String)


def _compared(old: pl.DataFrame, new: pl.DataFrame, key: list[str], facts: list[str]) -> pl.DataFrame:
    here = old.select(*key, *facts, there=pl.lit(True))
    both = here.join(
        new.select(*key, *facts, there=pl.lit(True)), on=key, how="full", nulls_equal=True, coalesce=True, suffix="_new"
    )
    change = (
        pl.when(pl.col("there").is_null()).then(pl.lit("added"))
        .when(pl.col("there_new").is_null()).then(pl.lit("removed"))
        .otherwise(pl.lit("changed"))
    )  # fmt: skip
    same = pl.all_horizontal(pl.col(fact).eq_missing(pl.col(f"{fact}_new")) for fact in facts)
    return both.with_columns(change=change).filter(~same | (pl.col("change") != "changed"))


def _described(facts: list[str]) -> list[pl.Expr]:
    """`old` and `new` as one text each, such as `2.5 until 2026-10-12`."""
    return [
        pl.concat_str([pl.col(f"{fact}{side}") for fact in facts], separator=" · ", ignore_nulls=True).alias(name)
        for side, name in (("", "old"), ("_new", "new"))
    ]


def _left_out(model: types.ModelInfo) -> Iterator[tuple[str, str]]:
    if _by_time_of_day(model):
        yield "all prices", "priced by the time of day, which daily and hourly readings do not keep"
    sets = _price_sets(model)
    keys = {key for each in sets for key, price in each.prices.__dict__.items() if price is not None}
    for key in sorted(keys - METER_OF_PRICE_KEY.keys()):
        yield key, "no meter of ours counts it"
    known = [*CONTEXT_OF_TIER.values(), {"speed": "fast"}, {"service_tier": "fast"}, {"service_tier": "default"}]
    for when in {json.dumps(variant.when): variant.when for variant in model.price_variants or ()}.values():
        if when not in known:
            yield json.dumps(when), "no processing tier of ours means it"


def _by_time_of_day(model: types.ModelInfo) -> bool:
    constraints = [each.constraint for each in (*_price_sets(model), *(model.price_variants or ()))]
    return any(isinstance(constraint, types.TimeOfDateConstraint) for constraint in constraints)


def _price_sets(model: types.ModelInfo) -> list[types.ConditionalPrice]:
    return model.prices if isinstance(model.prices, list) else [types.ConditionalPrice(prices=model.prices)]


def _rows(model: types.ModelInfo) -> Iterator[dict[str, str | None]]:
    """Every dated price of a model, in a stable order."""
    if _by_time_of_day(model):
        return
    for tier in CONTEXT_OF_TIER:
        timelines: dict[str, list[tuple[_Span, _Price]]] = {}
        for span in _spans(model):
            for meter, price in _prices_at(model, tier, _midnight(span[0])).items():
                line = timelines.setdefault(meter, [])
                if line and line[-1][1] == price and line[-1][0][1] == span[0]:
                    line[-1] = ((line[-1][0][0], span[1]), price)
                else:
                    line.append((span, price))
        for meter in METERS:
            for span, price in timelines.get(meter, ()):
                yield from _banded(model, tier, meter, span, price)


def _spans(model: types.ModelInfo) -> list[_Span]:
    constraints = [each.constraint for each in (*_price_sets(model), *(model.price_variants or ()))]
    starts = sorted({each.start_date for each in constraints if isinstance(each, types.StartDateConstraint)})
    return list(zip([None, *starts], [*starts, None], strict=True))


def _midnight(day: date | None) -> datetime:
    return datetime.combine(day or date(1970, 1, 1), time(), UTC)


def _prices_at(model: types.ModelInfo, tier: str, at: datetime) -> dict[str, _Price]:
    """Meter → price of a tier at an instant; only what the tier itself names, never what it inherits."""
    context = CONTEXT_OF_TIER[tier]
    resolved = model.get_prices(at, context)
    keys = {key for key, price in resolved.__dict__.items() if price is not None}
    if tier != "standard":
        active = [
            variant
            for variant in model.price_variants or ()
            if all(context.get(word) == value for word, value in variant.when.items())
            and (variant.constraint is None or variant.constraint.active(at))
        ]
        named = {key for variant in active for key, price in variant.prices.__dict__.items() if price is not None}
        # a variant without a single price says: this tier costs what standard costs (gpt-3.5-turbo-1106 batch)
        keys = named if named or not active else keys
    found: dict[str, _Price] = {}
    for key, meter in METER_OF_PRICE_KEY.items():
        if key in keys and meter not in found:
            found[meter] = _per_block(getattr(resolved, key), key)
    return found


def _per_block(price: _Price, key: str) -> _Price:
    """Requests are priced per thousand there, per request in our units."""
    if key != "requests_kcount":
        return price
    assert isinstance(price, Decimal), "no provider prices requests by the length of the prompt"
    return price / 1000


def _banded(
    model: types.ModelInfo, tier: str, meter: str, span: _Span, price: _Price
) -> Iterator[dict[str, str | None]]:
    partly = meter == "output" and any(
        getattr(each.prices, key) is not None for each in _price_sets(model) for key in _PARTLY_OUTPUT
    )
    for band, amount in _bands(price):
        yield {
            "meter": meter,
            "processing_tier": tier,
            "context_window": band,
            "pricing_unit": METERS[meter].pricing_unit,
            "unit_price": f"{amount.normalize():f}",
            "currency": "USD",
            "valid_from": span[0].isoformat() if span[0] else None,
            "valid_to": span[1].isoformat() if span[1] else None,
            "price_status": "estimated" if partly else "priced",
            "note": "reasoning and citation tokens cost something else" if partly else None,
        }


def _bands(price: _Price) -> Iterator[tuple[str | None, Decimal]]:
    """Bands of prompt length: all tokens of a prompt longer than a start are at that start's price."""
    if isinstance(price, Decimal):
        yield None, price
        return
    starts = [0, *(tier.start for tier in price.tiers)]
    amounts = [price.base, *(tier.price for tier in price.tiers)]
    for place, (start, amount) in enumerate(zip(starts, amounts, strict=True)):
        end = starts[place + 1] if place + 1 < len(starts) else None
        yield (f"{_short(start)}+" if end is None else f"{_short(start)}-{_short(end)}"), amount


def _short(tokens: int) -> str:
    return f"{tokens // 1000}k" if tokens and tokens % 1000 == 0 else str(tokens)


def _clause(match: Any) -> dict[str, Any]:
    """A match clause as plain data, under the words of the package's own JSON."""
    ((kind, wanted),) = vars(match).items()
    kind = kind.rstrip("_")
    return {kind: [_clause(part) for part in wanted] if kind in ("or", "and") else wanted}
