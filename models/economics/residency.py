"""Residency: where inference ran against where a policy lets it run, and what it would cost to comply.

A vendor's word for a place (`us`, `global`, `eastus`, `europe-west4`) is set against the policy's globs, letter case
aside; `global` may run anywhere, so it is allowed only where a policy says so. A word that says nothing is no place:
neither allowed nor a violation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import dataframely as dy
import polars as pl

from models.economics.first_match import Rule, first_match
from models.economics.scopes import within
from models.economics.vendors import is_of_models
from models.ledger.money import product, quotient
from models.ledger.price_lookup import KEY, look_up, price_models
from models.ledger.prices import PriceBook
from models.ledger.vendors import issuer_family
from models.table import MONEY, Table, money, text

STANDINGS = ("allowed", "violation", "unknown region")
NO_PLACE = ("", "not_available", "unknown", "none")
"""Words by which vendors say that they do not tell where inference ran."""
OF_ITS_REGION = ("regional", "geo", "cross-region", "datazone")
"""Words for how far inference may wander from the region of the charge: within it, or within the geography around it
(inference profiles of AWS, data zones of Azure). The region stands for the place."""


@dataclass(frozen=True)
class ResidencyPolicy:
    """Inference that fits `scope` (globs by `scopes.SCOPE_COLUMNS`) may run in places that fit one of `regions`."""

    name: str
    regions: tuple[str, ...]
    scope: Mapping[str, str] = field(default_factory=dict[str, str])


class Residency(dy.Schema):
    """One row per policy, month, place, vendor, model, team and currency; usage charges of inference only."""

    policy = text("Name of the policy in outlay.yaml")
    month = text("Month of the day, YYYY-MM")
    region = text("Where inference ran, the vendor's word; null where it tells none", nullable=True)
    standing = text("allowed, violation, or unknown region: neither of both", values=STANDINGS)
    vendor = text("FOCUS ServiceProviderName: who sells it")
    model = text("Model, as the vendor names it", nullable=True)
    team = text("Team; null is unallocated, or in a pool", nullable=True)
    currency = text("ISO 4217 code of the amounts")
    effective_cost = money("What it really cost")
    compliance_cost = money(
        "Of a violation: what the same usage would cost more in the cheapest allowed place, by the price book; "
        "null where no price is known",
        nullable=True,
    )
    unpriced_cost = money("Of a violation's effective_cost, what compliance_cost does not cover", nullable=True)


RESIDENCY = Table(
    name="residency",
    schema="marts",
    kind="mart",
    grain="policy × month × region × standing × vendor × model × team × currency",
    meaning="Inference by place against residency policies: allowed, violations, unknown, and what complying costs.",
    contract=Residency,
)

_ROW = ("policy", "month", "region", "standing", "vendor", "model", "team", "currency")


def residency(
    attributed: pl.DataFrame, policies: Sequence[ResidencyPolicy], book: PriceBook, hosts: Mapping[str, str]
) -> pl.DataFrame:
    """`marts.residency` of `marts.attributed_daily`. `hosts`: the name of a host by provider of the price book.

    Inference is usage that names a model, or lies in model APIs or serving; a policy whose scope names a component has
    that component instead. Complying costs effective cost × (price there ÷ price here) − effective cost, so that
    discounts stay as they are.
    """
    rows = attributed.filter(pl.col("charge_category") == "Usage").with_columns(
        month=pl.col("day").dt.strftime("%Y-%m"), place=_place(), origin=pl.lit("charge")
    )
    judged = [RESIDENCY.empty(), *(_judged(rows, policy, book, hosts) for policy in policies)]
    return RESIDENCY.check(pl.concat(judged).sort(_ROW, nulls_last=True))


def _place() -> pl.Expr:
    """Where inference ran, as told; else the region of the charge."""
    nowhere = (*NO_PLACE, *OF_ITS_REGION)
    told = [pl.when(~pl.col(name).str.to_lowercase().is_in(nowhere)).then(name) for name in ("inference_geo", "region")]
    return pl.coalesce(told)


def _judged(rows: pl.DataFrame, policy: ResidencyPolicy, book: PriceBook, hosts: Mapping[str, str]) -> pl.DataFrame:
    """The rows of one policy."""
    serving = (pl.col("component") == "inference_serving").fill_null(value=False)
    scoped = within(rows, policy.scope)
    inference = scoped if "component" in policy.scope else scoped.filter(is_of_models() | serving)
    standing = (
        pl.when(pl.col("place").is_null()).then(pl.lit("unknown region"))
        .when(_fits(inference["place"], policy.regions)).then(pl.lit("allowed"))
        .otherwise(pl.lit("violation"))
    )  # fmt: skip
    judged = inference.with_columns(standing=standing)
    violates = pl.col("standing") == "violation"
    others = judged.filter(~violates).with_columns(more=pl.lit(None, dtype=MONEY))
    return (
        pl.concat([others, _compared(judged.filter(violates), policy, book, hosts)])
        .group_by(
            pl.lit(policy.name).alias("policy"), "month", pl.col("place").alias("region"), "standing",
            pl.col("provider_name").alias("vendor"), "model", "team", "currency",
        )
        .agg(
            pl.col("effective_cost").sum(),
            compliance_cost=pl.when(pl.col("more").is_not_null().any()).then(pl.col("more").sum()),
            unpriced_cost=pl.col("effective_cost").filter(pl.col("more").is_null()).sum(),
        )
        .with_columns(unpriced_cost=pl.when(violates).then("unpriced_cost"))
        .select(list(RESIDENCY.polars_schema))
    )  # fmt: skip


def _fits(words: pl.Series, globs: Sequence[str]) -> pl.Series:
    """Whether a word fits one of the globs, letter case aside."""
    rules = [Rule({("word",): glob.lower()}) for glob in globs]
    return first_match(words.str.to_lowercase().to_frame("word"), rules).is_not_null()


_USAGE = ("provider_name", "model", "meter", "processing_tier", "place", "day")


def _compared(
    violations: pl.DataFrame, policy: ResidencyPolicy, book: PriceBook, hosts: Mapping[str, str]
) -> pl.DataFrame:
    """Violations with `more`: what the same usage would cost more in the cheapest allowed place; null is unknown."""
    families = {issuer_family(host): provider for provider, host in hosts.items()}
    sellers = {name: families.get(issuer_family(name)) for name in violations["provider_name"].unique()}
    usage = (
        violations.select(_USAGE)
        .unique(maintain_order=True)
        .with_columns(provider=pl.col("provider_name").replace_strict(sellers, return_dtype=pl.String))
    )
    places = _places(book)
    allowed = places.filter(_fits(places["allowed_place"], policy.regions))
    there = (
        _with_prices(usage.join(allowed, on="provider"), "allowed_place", book)
        .group_by(_USAGE)
        .agg(there=pl.col("list_unit_price").min())
    )
    here = _with_prices(usage, "place", book).select(*_USAGE, here="list_unit_price")
    cost, free = pl.col("effective_cost"), (pl.col("here") == 0) & (pl.col("there") == 0)
    more = quotient(product(cost, pl.col("there")), pl.col("here")) - cost
    return (
        violations.join(here, on=_USAGE, how="left", nulls_equal=True)
        .join(there, on=_USAGE, how="left", nulls_equal=True)
        .with_columns(more=pl.when(free).then(pl.lit(0, dtype=MONEY)).otherwise(more))
        .drop("here", "there")
    )


def _places(book: PriceBook) -> pl.DataFrame:
    """provider, allowed_place: the places that price lists name, those at the base price too."""
    dearer = book.rows.filter(pl.col("inference_geo") != "").select("provider", "inference_geo")
    base = book.base_geographies.filter(~pl.col("inference_geo").is_in(NO_PLACE))
    return (
        pl.concat([dearer, base]).unique().sort("provider", "inference_geo").rename({"inference_geo": "allowed_place"})
    )


def _with_prices(usage: pl.DataFrame, place: str, book: PriceBook) -> pl.DataFrame:
    """Usage with the list price that holds in the place that a column names; null where there is none."""
    keys = usage.with_columns(
        pl.col("processing_tier").fill_null("standard"),
        inference_geo=pl.col(place).str.to_lowercase(),
        context_window=pl.lit(None, dtype=pl.String),
        at="day",
    ).with_row_index("key")
    known = keys.filter(pl.col("provider").is_not_null(), pl.col("model").is_not_null(), pl.col("meter").is_not_null())
    found = look_up(known.select("key", *KEY), price_models(known.select("provider", "model"), book), book)
    prices = keys.select("key").join(
        found.select("key", "list_unit_price"), on="key", how="left", maintain_order="left"
    )
    return usage.with_columns(prices["list_unit_price"])
