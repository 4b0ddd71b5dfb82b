"""The price book: dated public prices per model, meter, tier, context band and geography, and how it is made.

`price_book` takes the reviewed texts of `data/prices` and adds what follows from them by rule, each addition with its
note: the first known price before its own start, tool calls in a tier that names none, geography, and tool calls of
readings that name no model. Looking prices up is `price_lookup`, our negotiated rates are `contract_rates`.
"""

from __future__ import annotations

from dataclasses import dataclass

import dataframely as dy
import polars as pl

from models.errors import OutlayError
from models.ledger.estimates import PRICE_STATUSES
from models.ledger.metering import PROCESSING_TIERS
from models.ledger.model_names import ModelNames
from models.ledger.money import parse_money_column, product
from models.ledger.units import METERS, TOKEN_KINDS
from models.table import MONEY, Table, instant, money, text

TOOL_CALLS = ("web_searches", "file_searches")
"""Calls with a price of their own, which vendors publish once and not per processing tier."""


class PriceBookRows(dy.Schema):
    """One row per price and the span of time in which it holds."""

    provider = text("Whose price list: openai, anthropic, …")
    model = text("Model in the price book's own words; '' is any model of the provider")
    meter = text("What is priced; cache_write holds for cache_write_5m too where that has no row", values=tuple(METERS))
    processing_tier = text("Tier that it holds for", values=PROCESSING_TIERS)
    inference_geo = text("Geography with a price of its own; '' is the base price")
    context_window = text("'' whatever the length of the prompt; else its band: 0-200k, 200k+ (all tokens of it)")
    pricing_unit = text("What unit_price is for, such as 1000000 Tokens")
    unit_price = money("Price per pricing unit")
    currency = text("ISO 4217")
    valid_from = instant("Inclusive; null where no start is known", nullable=True)
    valid_to = instant("Exclusive; null while it holds", nullable=True)
    price_list = text("public, or the name of a list")
    price_status = text("priced, or estimated where a rule stood in for a published price", values=PRICE_STATUSES[::2])
    note = text("What was assumed", nullable=True)
    source = text("Package and version, or address, that it was taken from")


PRICE_BOOK = Table(
    name="price_book",
    schema="prices",
    kind="mart",
    grain="provider × model × meter × tier × geography × context band × price list × valid_from",
    meaning="Every dated public price that readings are rated with, with its source.",
    contract=PriceBookRows,
)

_KEY = ("provider", "model", "meter", "processing_tier")


@dataclass(frozen=True)
class PriceBook:
    """`rows` per `PRICE_BOOK`; `names` says what model names mean; `base_geographies` are the words (provider,
    inference_geo) that mean the base price."""

    rows: pl.DataFrame
    names: ModelNames
    base_geographies: pl.DataFrame

    def of_models(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """The rows of some price models (columns provider, model)."""
        return self.rows.join(pairs.unique(), on=("provider", "model"), how="semi")


def price_book(
    prices: pl.DataFrame, models: pl.DataFrame, providers: pl.DataFrame, geography: pl.DataFrame
) -> PriceBook:
    """The price book from the texts of `data/prices` (public, models, providers, geography), every column text.

    Raises `OutlayError` for more than one currency or a price that begins twice, `MoneyError` for a price that is none.
    """
    published = _typed(prices)
    if published["currency"].n_unique() > 1:
        raise OutlayError(
            f"the price book mixes currencies: {', '.join(published['currency'].unique().sort())}",
            remedy="keep one price list per currency in data/prices",
        )
    rows = pl.concat([published, _tool_calls_of_tiers(published)])
    rows = pl.concat([rows, _of_any_model(rows)])
    rows = pl.concat([rows, _before_the_first(rows)])
    rows = pl.concat([rows, _in_geographies(rows, geography)])
    key = [*_KEY, "inference_geo", "context_window", "price_list", "valid_from"]
    rows = PRICE_BOOK.check(rows.sort(*key, nulls_last=False))
    twice = rows.filter(rows.select(key).is_duplicated())
    if twice.height:
        raise OutlayError(
            f"a price begins twice: {', '.join(str(part) for part in twice.select(key).row(0))}",
            remedy="keep one of the rows in data/prices",
        )
    base = geography.filter(pl.col("multiplier").cast(MONEY) == 1).select("provider", "inference_geo").unique()
    return PriceBook(rows, ModelNames.of(models, providers), base)


def _typed(prices: pl.DataFrame) -> pl.DataFrame:
    """Texts as the contract's types; dates are midnights in UTC."""
    amounts, _ = parse_money_column(prices["unit_price"])
    midnight = pl.col("valid_from", "valid_to").str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC")
    return prices.with_columns(
        midnight, unit_price=amounts, inference_geo=pl.lit(""), context_window=pl.col("context_window").fill_null("")
    ).select(PRICE_BOOK.polars_schema.names())


def _estimated(note: str | pl.Expr) -> list[pl.Expr]:
    note = pl.lit(note) if isinstance(note, str) else note
    return [pl.lit("estimated").alias("price_status"), note.alias("note")]


def _tool_calls_of_tiers(rows: pl.DataFrame) -> pl.DataFrame:
    """Searches in a tier that lists token prices but no price for them: the standard one, as an estimate."""
    standard = rows.filter((pl.col("processing_tier") == "standard") & pl.col("meter").is_in(TOOL_CALLS))
    tiers = rows.filter(pl.col("processing_tier") != "standard").select("provider", "model", "processing_tier").unique()
    return (
        standard.drop("processing_tier")
        .join(tiers, on=("provider", "model"))
        .join(rows, on=_KEY, how="anti")
        .with_columns(*_estimated("no price is published for this tier: the standard one"))
        .select(rows.columns)
    )


def _of_any_model(rows: pl.DataFrame) -> pl.DataFrame:
    """Searches without a model (OpenAI's file searches): the price of all models, where they agree on one."""
    current = rows.filter(
        pl.col("meter").is_in(TOOL_CALLS)
        & (pl.col("processing_tier") == "standard")
        & pl.col("valid_to").is_null()
        & (pl.col("context_window") == "")
    )
    agreed = current.filter(pl.col("unit_price").n_unique().over("provider", "meter") == 1)
    return (
        agreed.unique(("provider", "meter"), keep="first", maintain_order=True)
        .with_columns(
            pl.lit("").alias("model"),
            pl.lit(None, dtype=rows.schema["valid_from"]).alias("valid_from"),
            *_estimated("no model is told: all models of the provider have this price"),
        )
        .select(rows.columns)
    )


def _before_the_first(rows: pl.DataFrame) -> pl.DataFrame:
    """Before its first dated price a price is not modelled: the first known one, as an estimate."""
    first = pl.col("valid_from").min().over(_KEY)
    undated = pl.col("valid_from").is_null().any().over(_KEY)
    return rows.filter(~undated & (pl.col("valid_from") == first)).with_columns(
        pl.lit(None, dtype=rows.schema["valid_from"]).alias("valid_from"),
        pl.col("valid_from").alias("valid_to"),
        *_estimated(pl.format("no price is recorded before {}: the first known one", pl.col("valid_from").dt.date())),
    )


def _in_geographies(rows: pl.DataFrame, geography: pl.DataFrame) -> pl.DataFrame:
    """Token prices × the geography's multiplier, while both hold; other meters cost the same everywhere."""
    midnight = pl.col("valid_from", "valid_to").str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC")
    multiplier, _ = parse_money_column(geography["multiplier"])
    uplifts = geography.with_columns(midnight, multiplier=multiplier).filter(pl.col("multiplier") != 1)
    joined = rows.drop("inference_geo").join(uplifts, on=("provider", "model"), suffix="_geo")
    price = product(pl.col("unit_price"), pl.col("multiplier"))
    return (
        joined.with_columns(
            unit_price=pl.when(pl.col("meter").is_in(TOKEN_KINDS)).then(price).otherwise("unit_price"),
            valid_from=pl.max_horizontal("valid_from", "valid_from_geo"),
            valid_to=pl.min_horizontal("valid_to", "valid_to_geo"),
            source=pl.format("{}; {}", "source", "source_geo"),
        )
        .filter(
            pl.col("valid_to").is_null() | pl.col("valid_from").is_null() | (pl.col("valid_from") < pl.col("valid_to"))
        )
        .select(rows.columns)
    )
