"""Repricing: what the very usage that was metered would cost as another model, on another host, tier or region.

The price book, our contracts and the way to look prices up are the ledger's; here readings are only told to be another
model's and rated again. Whether the other model would do as well, or answer at the same length, belongs to people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches

import polars as pl

from models.errors import OutlayError
from models.ledger.contract_rates import ContractRate
from models.ledger.metering import PROCESSING_TIERS
from models.ledger.money import constant, product
from models.ledger.price_lookup import FREE_METERS
from models.ledger.prices import PriceBook
from models.ledger.rating import rate
from models.ledger.units import TOKEN_KINDS
from models.table import MONEY

REPRICED = pl.Schema(
    {
        "provider": pl.String(),
        "model": pl.String(),
        "processing_tier": pl.String(),
        "meter": pl.String(),
        "unit": pl.String(),
        "quantity": MONEY,
        "list_cost": MONEY,
        "contracted_cost": MONEY,
        "other_tier": pl.String(),
        "other_quantity": MONEY,
        "other_list_cost": MONEY,
        "other_contracted_cost": MONEY,
        "price_status": pl.String(),
        "price_source": pl.String(),
        "other_price_status": pl.String(),
        "other_price_source": pl.String(),
    }
)
"""One row per provider × model × tier × meter and how both sides are priced; costs in the price book's currency, null
where there is no price."""

_AMOUNTS = [
    "quantity", "list_cost", "contracted_cost", "other_quantity", "other_list_cost", "other_contracted_cost",
]  # fmt: skip
_TIERS = tuple(tier for tier in PROCESSING_TIERS if tier != "unknown")
_RATED = ("list_cost", "contracted_cost", "price_status", "price_source")


@dataclass(frozen=True)
class Alternative:
    """How the usage is supposed to be bought; None leaves it as it was.

    `host` is a provider of the price book (its price list, its tiers). `geography` is the host's own word for where
    inference runs; another host's words are not carried over. `token_ratio`: tokens that the other model counts for one
    of ours, since tokenisers differ.
    """

    model: str | None = None
    host: str | None = None
    tier: str | None = None
    geography: str | None = None
    token_ratio: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        if self.tier is not None and self.tier not in _TIERS:
            raise OutlayError(f"there is no tier {self.tier!r}", remedy=f"choose one of {', '.join(_TIERS)}")
        if self.token_ratio <= 0:
            raise OutlayError("a ratio of tokens is above zero", remedy="write 1.2 where the other counts a fifth more")

    def __str__(self) -> str:
        where = (self.host and f"on {self.host}", self.geography and f"in {self.geography}")
        parts = (self.model, *where, self.tier and f"in the {self.tier} tier")
        return " ".join(part for part in parts if part) or "the same"


@dataclass(frozen=True)
class Repriced:
    """`rows` per REPRICED. Sums are over what both sides have a price for: like is compared with like."""

    rows: pl.DataFrame

    @property
    def compared(self) -> pl.DataFrame:
        """The rows that both sides price."""
        return self.rows.filter(pl.all_horizontal(pl.col("list_cost", "other_list_cost").is_not_null()))

    @property
    def left_out(self) -> pl.DataFrame:
        """The rows that one side has no price for: never counted as zero."""
        return self.rows.filter(pl.any_horizontal(pl.col("list_cost", "other_list_cost").is_null()))

    def total(self, column: str) -> Decimal:
        """Σ of `compared`."""
        return sum(self.compared[column], Decimal(0))


def host_of(model: str, book: PriceBook) -> str:
    """The provider whose price list a model's name means first of all: its maker, as other hosts fall back on it.

    Raises `OutlayError` where nobody knows the model, or several hosts know it as their own.
    """
    named = [book.names.resolve(provider, [model])[model] for provider in sorted(book.names.clauses)]
    owners = Counter(meant.provider for meant in named if meant is not None)
    ranked = owners.most_common(2)
    if not ranked:
        raise _unknown(model, book, None)
    if len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
        raise OutlayError(f"{model!r} has prices of {', '.join(sorted(owners))}", remedy="say which with --host")
    return ranked[0][0]


def reprice(
    readings: pl.DataFrame, other: Alternative, book: PriceBook, contracts: Sequence[ContractRate] = ()
) -> Repriced:
    """The readings (per `METER_READINGS`) at list and at our rates, as they are and as `other`.

    Prices are those of each reading's own day. A contract rate that names a source holds for the other host too if it
    is that host's: what is bought there would be bought under it. Raises `OutlayError` for a model or host that the
    price book does not know, and a place that none of its hosts names.
    """
    as_other = _as(readings, other, book)
    if other.geography is not None:
        _check_place(other.geography, as_other, book)
    moved = as_other["provider"].ne_missing(readings["provider"]).any()
    rates = [replace(each, source=None) for each in contracts] if moved else contracts
    ours = rate(readings, book, contracts).select(*_RATED)
    theirs = rate(as_other, book, rates).select(pl.col(_RATED).name.prefix("other_"))
    told = readings.select("provider", "model", "processing_tier", "meter", "unit", "quantity")
    supposed = as_other.select(other_tier="processing_tier", other_quantity="quantity")
    whole = pl.concat([told, ours, supposed, theirs], how="horizontal").filter(~pl.col("meter").is_in(FREE_METERS))
    grain = [name for name in REPRICED if name not in _AMOUNTS]
    # a sum of nothing known is unknown
    summed = [pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in _AMOUNTS]
    return Repriced(whole.group_by(grain).agg(summed).sort(grain, nulls_last=True).select(list(REPRICED)))


def _as(readings: pl.DataFrame, other: Alternative, book: PriceBook) -> pl.DataFrame:
    """The readings in the words of the alternative."""
    host = other.host
    if other.model is not None and host is None:
        host = host_of(other.model, book)
    if host is not None:
        _check_known(host, [other.model] if other.model else readings["model"].drop_nulls().unique().to_list(), book)
    geography = pl.lit(other.geography) if other.geography is not None else pl.col("inference_geo")
    if host is not None and other.geography is None:
        geography = pl.when(pl.col("provider") == host).then("inference_geo").otherwise(None)
    is_token = pl.col("meter").is_in(TOKEN_KINDS)
    return readings.with_columns(
        provider=pl.lit(host) if host is not None else pl.col("provider"),
        model=pl.when(pl.col("model").is_null()).then(None).otherwise(pl.lit(other.model)) if other.model else "model",
        processing_tier=pl.lit(other.tier) if other.tier is not None else pl.col("processing_tier"),
        inference_geo=geography,
        quantity=pl.when(is_token)
        .then(product(pl.col("quantity"), constant(other.token_ratio)))
        .otherwise("quantity")
        .cast(MONEY),
    )


def _check_known(host: str, models: Sequence[str], book: PriceBook) -> None:
    if host not in book.names.clauses:
        hosts = sorted(book.rows["provider"].unique())
        raise OutlayError(f"the price book has no host {host!r}", remedy=f"choose one of {', '.join(hosts)}")
    for model, meant in book.names.resolve(host, models).items():
        if meant is None:
            raise _unknown(model, book, host)


def _check_place(geography: str, as_other: pl.DataFrame, book: PriceBook) -> None:
    """Whether any host of the usage, or whose list it sells at, has a word for where inference would run."""
    hosts = set(as_other["provider"].drop_nulls())
    for host in hosts & set(book.names.clauses):
        named = as_other.filter(pl.col("provider") == host)["model"].drop_nulls().unique().to_list()
        hosts |= {meant.provider for meant in book.names.resolve(host, named).values() if meant is not None}
    places = pl.concat([frame.select("provider", "inference_geo") for frame in (book.rows, book.base_geographies)])
    known = set(places.filter(pl.col("provider").is_in(hosts))["inference_geo"].drop_nulls()) - {""}
    if geography not in known:
        remedy = f"choose one of {', '.join(sorted(known))}" if known else "leave out --geography: they have one price"
        raise OutlayError(f"no price list of {' or '.join(sorted(hosts))} names {geography!r}", remedy=remedy)


def _unknown(model: str, book: PriceBook, host: str | None) -> OutlayError:
    rows = book.rows if host is None else book.rows.filter(pl.col("provider") == host)
    names = rows["model"].unique().sort().to_list()
    near = get_close_matches(model, names, n=4, cutoff=0.4)
    whose = "the price book" if host is None else f"the price list of {host}"
    remedy = f"name one that it knows, such as {', '.join(near)}" if near else "look it up in prices.price_book"
    return OutlayError(f"{whose} does not know {model!r}", remedy=remedy)
