"""Uses that hang on a single vendor, and what the next best vendor would cost: the same tokens at another's list price.

A use is a use case; where none is known its product, else its team, else the pool that it goes into: so each cost
counts once. Which models are comparable is `model_classes`; how prices are found is the ledger's `price_lookup`.
"""

from __future__ import annotations

from decimal import Decimal

import dataframely as dy
import polars as pl

from models.economics.developers import Developers
from models.economics.exchange import ExchangeRates, with_reporting
from models.economics.model_classes import ModelClasses, candidates
from models.economics.vendors import in_reporting_currency, is_of_models
from models.ledger.money import constant, product, quotient
from models.ledger.price_lookup import look_up, price_models
from models.ledger.prices import PriceBook
from models.ledger.units import METERS
from models.ledger.vendors import issuer_family
from models.table import MONEY, Table, money, text

SINGLE_FROM_PCT = Decimal(95)
"""From this share of a use's cost of models on, its vendor is its single one."""
USE_KINDS = ("use case", "product", "team", "pool", "unknown")
ROLES = ("model developer", "host")


class SingleProviderUses(dy.Schema):
    """One row per month, use, role and currency in which one vendor takes 95 % or more of the cost of models."""

    month = text("Month of the day, YYYY-MM")
    use_kind = text("What names the use: use case, else product, else team, else pool", values=USE_KINDS)
    use_name = text("Its name; null where nothing names it", nullable=True)
    role = text("model developer or host", values=ROLES)
    vendor = text("The single vendor in that role")
    currency = text("The reporting currency; the currency of the bill where no rate is known")
    model_cost = money("Effective cost of all models in that use, with vendors whose net cost is above zero")
    vendor_cost = money("Effective cost of them with that vendor, net of credits")
    share_pct = money("vendor_cost in percent of model_cost: 95 to 100")
    next_vendor = text("Vendor in that role that would serve most of it, and of those the cheapest", nullable=True)
    next_models = text("Its models, by host, that would take the place", nullable=True)
    comparable_cost = money("Effective cost of the tokens that these could take over, before credits", nullable=True)
    next_cost = money("The same tokens at list price of these models; null where none is comparable", nullable=True)
    difference = money("next_cost − comparable_cost: above zero, changing costs more", nullable=True)


SINGLE_PROVIDER_USE_CASES = Table(
    name="single_provider_use_cases",
    schema="marts",
    kind="mart",
    grain="month × use × role × currency",
    meaning="Uses whose models come from one vendor, and what the next best vendor's comparable models would cost.",
    contract=SingleProviderUses,
)

_NAMED = ("month", "use_kind", "use_name")
_USE = (*_NAMED, "currency")
_OF_CLASS = (*_USE, "vendor", "model_class")
STANDARD = "standard"
_NAMES = {"model developer": "developer_name", "host": "host_name"}
_OFFERED = {"model developer": "developer", "host": "host"}


def single_provider_uses(
    attributed: pl.DataFrame, classes: ModelClasses, developers: Developers, book: PriceBook, rates: ExchangeRates
) -> pl.DataFrame:
    """`marts.single_provider_use_cases` of `marts.attributed_daily`.

    Costs of all currencies are told in the reporting one by `rates`, each day by its own. Vendors whose net cost is
    nothing or less take no share. What is compared are tokens that charges count; capacity by the hour and models of no
    class are in model_cost, and in no comparison. Prices are list prices of the month's last day of use, at the rate of
    that day, in the tier that was used, or else the standard one; our discounts with the one vendor are none with the
    other. What has no rate is compared in its own currency, if the price book has it.
    """
    in_one = in_reporting_currency(with_reporting(attributed.filter(is_of_models()), rates))
    rows = in_one.with_columns(**_use(), month=pl.col("day").dt.strftime("%Y-%m"))
    single = pl.concat([_single(rows, role) for role in ROLES])
    usage = _usage(rows.join(single, on=_USE, how="semi", nulls_equal=True), classes)
    offers = _in_reporting(_offers(usage, candidates(classes, developers, book), book), book, rates)
    best = pl.concat([_next_best(single, usage, offers, role) for role in ROLES])
    return SINGLE_PROVIDER_USE_CASES.check(
        single.join(best, on=[*_USE, "role"], how="left", nulls_equal=True)
        .with_columns(difference=pl.col("next_cost") - pl.col("comparable_cost"))
        .sort("month", "role", "vendor_cost", "use_kind", "use_name", descending=[False, False, True, False, False])
        .select(list(SINGLE_PROVIDER_USE_CASES.polars_schema))
    )


def _use() -> dict[str, pl.Expr]:
    columns = ("use_case", "product", "team", "pool")
    kind = pl.coalesce(
        pl.when(pl.col(column).is_not_null()).then(pl.lit(kind))
        for column, kind in zip(columns, USE_KINDS, strict=False)
    )
    return {"use_kind": kind.fill_null(USE_KINDS[-1]), "use_name": pl.coalesce(columns)}


def _single(rows: pl.DataFrame, role: str) -> pl.DataFrame:
    """Uses with a single vendor in that role; who is not known is nobody's single vendor.

    Of what has no rate there is no share over currencies: a use of several hangs on a vendor that is single in each.
    """
    cost = pl.col("effective_cost")
    by_vendor = rows.group_by(*_USE, pl.col(_NAMES[role]).alias("vendor")).agg(vendor_cost=cost.sum())
    share = quotient(product(pl.col("vendor_cost"), constant(100)), pl.col("model_cost"))
    currencies = pl.col("currency").n_unique().over(_NAMED)
    in_each = (pl.len().over(_NAMED) == pl.col("currencies")) & (pl.col("vendor").n_unique().over(_NAMED) == 1)
    return (
        by_vendor.filter(pl.col("vendor_cost") > 0)
        .with_columns(
            pl.lit(role).alias("role"), model_cost=pl.col("vendor_cost").sum().over(_USE), currencies=currencies
        )
        .filter(pl.col("vendor").is_not_null())
        .with_columns(share_pct=share)
        .filter(pl.col("share_pct") >= SINGLE_FROM_PCT)
        .sort("vendor_cost", descending=True)
        .unique(_USE, keep="first", maintain_order=True)
        .filter(in_each)
        .drop("currencies")
    )


def _usage(rows: pl.DataFrame, classes: ModelClasses) -> pl.DataFrame:
    """Tokens of known classes by use, vendors, class, meter and tier, with their cost and the last day of use."""
    tokens = rows.filter(
        pl.col("token_kind").is_not_null(), pl.col("charge_category") == "Usage", pl.col("consumed_quantity") > 0
    )
    known = pl.concat([tokens, classes.of(tokens["model"])], how="horizontal").filter(
        pl.col("model_class").is_not_null()
    )
    return (
        known.with_columns(processing_tier=pl.col("processing_tier").replace("unknown", STANDARD).fill_null(STANDARD))
        .group_by(*_USE, *_NAMES.values(), "model_class", "meter", "processing_tier")
        .agg(pl.col("consumed_quantity", "effective_cost").sum(), at=pl.col("day").max())
        .with_columns(at=pl.col("at").max().over("month"))
    )


def _offers(usage: pl.DataFrame, offered: pl.DataFrame, book: PriceBook) -> pl.DataFrame:
    """month, day, model_class, meter, processing_tier, provider, host, developer, model, unit_price, block: what every
    comparable model asks for what was used, on the month's last day of use."""
    asked = usage.select("month", "at", "model_class", "meter", "processing_tier").unique()
    wanted = asked.join(offered, on="model_class").with_columns(
        tier=pl.concat_list(pl.col("processing_tier"), pl.lit(STANDARD))
    )
    told = {"inference_geo": pl.lit(None, dtype=pl.String), "context_window": pl.lit(None, dtype=pl.String)}
    keys = (
        wanted.explode("tier")
        .select("provider", "model", "meter", "at", processing_tier="tier", **told)
        .unique(maintain_order=True)
        .with_row_index("key")
    )
    found = look_up(keys, price_models(keys.select("provider", "model"), book), book)
    prices = keys.join(found, on="key").select(
        "provider", "model", "meter", "at", pl.col("processing_tier").alias("tier"), unit_price="list_unit_price"
    )
    return (
        wanted.explode("tier")
        .join(prices, on=["provider", "model", "meter", "at", "tier"])
        .filter(pl.col("unit_price").is_not_null())
        # the tier that was used, if the model is sold in it
        .sort(pl.col("tier") != pl.col("processing_tier"))
        .unique(["month", "meter", "processing_tier", "provider", "model"], keep="first", maintain_order=True)
        .drop("tier")
        .rename({"at": "day"})
    )


def _in_reporting(offers: pl.DataFrame, book: PriceBook, rates: ExchangeRates) -> pl.DataFrame:
    """The offers in reporting currency where its rate is known, and in the price book's own, by `currency`."""
    priced = offers.with_columns(
        currency=pl.lit(next(iter(book.rows["currency"]), None), dtype=pl.String),
        billed_cost="unit_price",
        effective_cost="unit_price",
    )
    told = in_reporting_currency(with_reporting(priced, rates)).with_columns(unit_price="effective_cost")
    return pl.concat([told, priced], how="diagonal").select("currency", *offers.columns).unique(maintain_order=True)


def _next_best(single: pl.DataFrame, usage: pl.DataFrame, offers: pl.DataFrame, role: str) -> pl.DataFrame:
    """By use: the other vendor in that role that could take over most, of those the cheapest, with its models."""
    return (
        _cheapest_by_class(_wanted(single, usage, role), offers, role)
        .group_by(*_USE, "next_vendor")
        .agg(
            pl.col("next_cost", "comparable_cost").sum(),
            next_models=pl.format("{} on {}", "model", "sold_by").unique().sort().str.join(", "),
        )
        .sort("comparable_cost", "next_cost", "next_vendor", descending=[True, False, False])
        .unique(_USE, keep="first", maintain_order=True)
        .with_columns(pl.lit(role).alias("role"))
    )


def _wanted(single: pl.DataFrame, usage: pl.DataFrame, role: str) -> pl.DataFrame:
    """What another vendor would have to serve, by class: the usage of the single vendors in that role."""
    ours = single.filter(pl.col("role") == role).select(*_USE, "vendor")
    of_vendor = usage.rename({_NAMES[role]: "vendor"}).join(ours, on=[*_USE, "vendor"], nulls_equal=True)
    return (
        of_vendor.group_by(*_OF_CLASS, "meter", "processing_tier")
        .agg(pl.col("consumed_quantity", "effective_cost").sum())
        .with_columns(rows=pl.len().over(_OF_CLASS), comparable_cost=pl.col("effective_cost").sum().over(_OF_CLASS))
    )


def _cheapest_by_class(wanted: pl.DataFrame, offers: pl.DataFrame, role: str) -> pl.DataFrame:
    """Of every other vendor the cheapest model for all that a use takes of a class; one that lacks a price for some of
    it is no offer."""
    block = pl.col("meter").replace_strict({name: meter.block for name, meter in METERS.items()}).cast(MONEY)
    model = ["provider", "sold_by", "model"]
    return (
        wanted.join(
            offers.with_columns(sold_by="host", next_vendor=_OFFERED[role]),
            on=["month", "currency", "model_class", "meter", "processing_tier"],
        )
        .filter(_family("next_vendor") != _family("vendor"))
        .with_columns(cost=product(quotient(pl.col("consumed_quantity"), block), pl.col("unit_price")))
        .group_by(*_OF_CLASS, "next_vendor", *model, "rows", "comparable_cost")
        .agg(next_cost=pl.col("cost").sum(), priced=pl.len())
        .filter(pl.col("priced") == pl.col("rows"))
        .sort("next_cost", *model)
        .unique([*_OF_CLASS, "next_vendor"], keep="first", maintain_order=True)
    )


def _family(column: str) -> pl.Expr:
    """One word for all spellings of a vendor."""
    return pl.col(column).map_elements(issuer_family, return_dtype=pl.String)
