"""Looking prices up: which row of the price book holds for a key of dimensions at an instant.

Works on distinct keys, never on every reading. The rules: a meter without a price of its own may fall back on the
meter that it is part of (an estimate), a banded price without a stated prompt length is the base band (an estimate),
and a tier, geography or model without a price stays without one. Costs and contracts do not belong here.
"""

from __future__ import annotations

import polars as pl

from models.ledger.model_names import PriceModel
from models.ledger.prices import PriceBook
from models.ledger.units import METERS

PRICED_AS: dict[str, tuple[str, ...]] = {
    "cache_read": ("input",),
    "cache_write": ("input",),
    "cache_write_5m": ("cache_write", "input"),
    "cache_write_1h": ("cache_write", "input"),
    "input_audio": ("input",),
    "cache_read_audio": ("cache_read", "input_audio", "input"),
    "output_audio": ("output",),
    "input_image": ("input",),
    "cache_read_image": ("cache_read", "input_image", "input"),
    "output_image": ("output",),
}
"""The meters whose price holds for a meter without one, as genai-prices resolves it: a token belongs to the most
specific kind that has a price. Only where the model has no price for the meter in any tier."""

_SAME_PRICE = {("cache_write_5m", "cache_write")}
"""A vendor's one price for cache writes is the price of its 5-minute writes: no estimate."""

_CHAIN = pl.DataFrame(
    [
        (meter, step, other, step == 0 or (meter, other) in _SAME_PRICE)
        for meter in METERS
        for step, other in enumerate((meter, *PRICED_AS.get(meter, ())))
    ],
    schema={"meter": pl.String, "step": pl.Int64, "price_meter": pl.String, "own_price": pl.Boolean},
    orient="row",
)

FREE_METERS = tuple(name for name, meter in METERS.items() if not meter.priced)

KEY = ("provider", "model", "meter", "processing_tier", "inference_geo", "context_window", "at")
"""What a price depends on: as in readings, and `at`, an instant."""

_ANSWER = {
    "list_unit_price": pl.Decimal(38, 12),
    "price_status": pl.String,
    "price_source": pl.String,
}


def price_models(pairs: pl.DataFrame, book: PriceBook) -> pl.DataFrame:
    """Distinct (provider, model) as they stand in readings, with `price_provider` and `price_model` (null: unknown).

    A reading without a model asks for the prices of any model, `''`.
    """
    rows: list[tuple[str, str | None, str | None, str | None]] = []
    for (provider,), group in pairs.unique().group_by("provider"):
        found = book.names.resolve(str(provider), group["model"].drop_nulls())
        for name in group["model"]:
            meant = PriceModel(str(provider), "") if name is None else found[name]
            owner, model = meant or (None, None)
            rows.append((str(provider), name, owner, model))
    columns = ("provider", "model", "price_provider", "price_model")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def look_up(keys: pl.DataFrame, models: pl.DataFrame, book: PriceBook) -> pl.DataFrame:
    """The keys (columns `KEY`, distinct, with their `key`) as `key`, price_model, list_unit_price (null where there
    is no price), price_status and price_source (the source, and every assumption)."""
    # lazy, so that the many small steps are planned and run as one: loads call this once a day of readings
    wanted = keys.lazy().join(models.lazy(), on=("provider", "model"), how="left", nulls_equal=True)
    rows = book.of_models(models.select(provider="price_provider", model="price_model").drop_nulls()).lazy()
    candidates = _candidates(_wanted(wanted, rows, book), rows)
    found = candidates.sort("key", "list_start", "row_start", descending=[False, True, True]).unique(
        "key", keep="first", maintain_order=True
    )
    answers = wanted.select("key", "price_model", "meter").join(
        found.select("key", *_ANSWER), on="key", how="left", maintain_order="left"
    )
    free = pl.col("meter").is_in(FREE_METERS) & pl.col("list_unit_price").is_null()
    return answers.select(
        "key",
        pl.when(pl.col("price_model") != "").then("price_model").alias("price_model"),
        pl.when(free).then(pl.lit(0).cast(pl.Decimal(38, 12))).otherwise("list_unit_price").alias("list_unit_price"),
        pl.when(free).then(pl.lit("priced")).otherwise(pl.col("price_status").fill_null("unpriced"))
        .alias("price_status"),
        pl.when(free).then(pl.lit("not charged for")).otherwise("price_source").alias("price_source"),
    ).collect()  # fmt: skip


def _wanted(keys: pl.LazyFrame, rows: pl.LazyFrame, book: PriceBook) -> pl.LazyFrame:
    """The keys with the meter, geography and band of tokens that the price book would list them under."""
    listed = rows.select(price_provider="provider", price_model="model", price_meter="meter").unique()
    priced_as = (
        keys.select("price_provider", "price_model", "meter")
        .unique()
        .join(_CHAIN.lazy(), on="meter")
        .join(listed, on=("price_provider", "price_model", "price_meter"), how="semi")
        .sort("step")
        .unique(("price_provider", "price_model", "meter"), keep="first", maintain_order=True)
        .drop("step")
    )
    base = book.base_geographies.lazy().select(
        price_provider="provider", inference_geo="inference_geo", base=pl.lit(True)
    )
    return (
        keys.join(priced_as, on=("price_provider", "price_model", "meter"))
        .join(base, on=("price_provider", "inference_geo"), how="left")
        .with_columns(
            geo=pl.when("base").then(pl.lit("")).otherwise(pl.col("inference_geo").fill_null("")),
            **_band(pl.col("context_window"), "stated"),
        )
    )


def _candidates(wanted: pl.LazyFrame, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Every row of the book that could hold for a key, with the status and assumptions it would carry."""
    listed = rows.select(
        pl.col("provider").alias("price_provider"),
        pl.col("model").alias("price_model"),
        pl.col("meter").alias("price_meter"),
        pl.col("processing_tier"),
        pl.col("inference_geo").alias("geo"),
        pl.col("unit_price").alias("list_unit_price"),
        "valid_from",
        "valid_to",
        "price_status",
        "note",
        pl.col("source").alias("list_source"),
        pl.col("context_window").alias("listed_window"),
        **_band(pl.col("context_window"), "list"),
    )
    at = pl.col("at")
    holds = (
        (pl.col("valid_from").is_null() | (pl.col("valid_from") <= at))
        & (pl.col("valid_to").is_null() | (at < pl.col("valid_to")))
        & (pl.col("list_start") <= pl.col("stated_start"))
    )
    on = ["price_provider", "price_model", "price_meter", "processing_tier", "geo"]
    # another provider's list has that provider's tiers, not this one's
    own_list = (pl.col("price_provider") == pl.col("provider")) | (pl.col("processing_tier") == "standard")
    held = wanted.filter(own_list).join(listed, on=on).filter(holds)
    within = (pl.col("listed_window") == "") | (
        pl.col("context_window").is_not_null()
        & (pl.col("list_end").is_null() | (pl.col("stated_end") <= pl.col("list_end")))
    )
    assumptions = pl.concat_str(
        [
            "list_source",
            "note",
            pl.when(~pl.col("own_price")).then(pl.format("no price for {}: as {}", "meter", "price_meter")),
            pl.when(~within).then(pl.format("prompt length not known: band {}", "listed_window")),
            pl.when(pl.col("price_provider") != pl.col("provider")).then(
                pl.format("price list of {}", "price_provider")
            ),
        ],
        separator="; ",
        ignore_nulls=True,
    )
    sure = within & pl.col("own_price") & (pl.col("price_provider") == pl.col("provider"))
    return held.with_columns(
        price_status=pl.when(sure).then("price_status").otherwise(pl.lit("estimated")),
        price_source=assumptions,
        row_start=pl.col("valid_from").fill_null(pl.datetime(1, 1, 1, time_zone="UTC", time_unit="us")),
    )


def _band(window: pl.Expr, name: str) -> dict[str, pl.Expr]:
    """First and last token of a band such as `0-200k`, `200k-1M`, `272k+`; no band begins at 0 and has no end."""
    parts = window.str.extract_groups(r"^(\d+)([kM]?)(?:-(\d+)([kM]?)|\+)$")

    def tokens(digits: str, scale: str) -> pl.Expr:
        by = pl.when(parts.struct.field(scale) == "k").then(1_000).when(parts.struct.field(scale) == "M")
        return parts.struct.field(digits).cast(pl.Int64) * by.then(1_000_000).otherwise(1)

    return {f"{name}_start": tokens("1", "2").fill_null(0), f"{name}_end": tokens("3", "4")}
