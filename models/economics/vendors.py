"""Vendors: how much of the cost goes to whom, and how concentrated that is, by developer, host and invoice issuer.

What is a use case with a single vendor, and what the next best would cost, is in `single_vendors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import dataframely as dy
import polars as pl

from models.ledger.money import constant, product, quotient
from models.table import MONEY, Table, money, text

ROLES: Mapping[str, str] = {
    "model developer": "developer_name",
    "host": "host_name",
    "invoice issuer": "issuer_name",
}
"""In which role a vendor stands, and the column of `marts.tco_daily` that names it."""

BANDS = ("low", "moderate", "high")
MODERATE_ABOVE = Decimal(1000)
HIGH_ABOVE = Decimal(1800)
"""U.S. Department of Justice and Federal Trade Commission, Merger Guidelines (December 2023), § 2.1: a market with an
HHI above 1,800 is highly concentrated, between 1,000 and 1,800 moderately (justice.gov/atr/herfindahl-hirschman-index).
"""


class VendorConcentration(dy.Schema):
    """One row per month, role and vendor, in reporting currency; what has no rate is a row of its own, by currency.

    Vendors whose net cost is nothing or less, and rows without a rate, have no share.
    """

    month = text("Month of the day, YYYY-MM")
    role = text("model developer, host or invoice issuer", values=tuple(ROLES))
    name = text("Vendor in that role; null where it is not known, as a row of its own", nullable=True)
    currency = text("The reporting currency; the currency of the bill where has_rate is false")
    has_rate = dy.Bool(
        nullable=False, description="Whether its rate into reporting currency is known; what has none is in no share"
    )
    effective_cost = money("What the month really cost with that vendor, net of credits, in currency")
    share_pct = money(
        "Of all vendors' net costs above zero, in percent; null for a vendor whose net cost is not, or has no rate",
        nullable=True,
    )
    rank = dy.Int64(nullable=True, description="1 is the largest share; null where there is no share")
    hhi = money(
        "Herfindahl-Hirschman index of role and month: Σ share_pct², 0 to 10,000; null without a rate", nullable=True
    )
    concentration = text(
        "low to 1,000, moderate to 1,800, high above (U.S. merger guidelines of 2023)", nullable=True, values=BANDS
    )


VENDOR_CONCENTRATION = Table(
    name="vendor_concentration",
    schema="marts",
    kind="mart",
    grain="month × role × vendor × currency",
    meaning="Cost by model developer, host and invoice issuer: shares, ranks, and how concentrated it is (HHI).",
    contract=VendorConcentration,
)


def is_of_models() -> pl.Expr:
    """Whether a row is cost of models: it names one, or lies in the component of model APIs."""
    return pl.col("model").is_not_null() | (pl.col("component") == "model_apis").fill_null(value=False)


def in_reporting_currency(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with `reporting_currency` and `reporting_effective_cost` told in it: `currency`, `effective_cost`, and
    `has_rate`. A row without a rate keeps the currency of its bill: an amount is never left out, nor guessed."""
    has_rate = pl.col("reporting_effective_cost").is_not_null()
    return rows.with_columns(
        has_rate=has_rate,
        currency=pl.when(has_rate).then("reporting_currency").otherwise("currency"),
        effective_cost=pl.when(has_rate).then("reporting_effective_cost").otherwise("effective_cost"),
    )


def vendor_concentration(tco: pl.DataFrame) -> pl.DataFrame:
    """`marts.vendor_concentration` of `marts.tco_daily`.

    Developers share the cost of models, hosts and issuers all cost. Declared cost counts where it names a vendor in
    that role: nobody is paid for what is our own. What is not known counts as one vendor, so the index is then an upper
    bound as long as the unknown is not the largest vendor itself. All shares are of reporting currency.
    """
    rows = in_reporting_currency(tco).select(
        pl.col("day").dt.strftime("%Y-%m").alias("month"),
        *ROLES.values(),
        "currency",
        "has_rate",
        "effective_cost",
        charged=pl.col("origin") == "charge",
        of_models=is_of_models(),
    )
    in_role = {
        role: pl.col("of_models") if role == "model developer" else pl.col("charged") | pl.col(column).is_not_null()
        for role, column in ROLES.items()
    }
    parts = [
        rows.filter(in_role[role])
        .group_by("month", pl.lit(role).alias("role"), pl.col(column).alias("name"), "currency", "has_rate")
        .agg(pl.col("effective_cost").sum())
        for role, column in ROLES.items()
    ]
    return VENDOR_CONCENTRATION.check(_concentrated(pl.concat(parts)).select(list(VENDOR_CONCENTRATION.polars_schema)))


_MARKET = ("month", "role", "has_rate")


def _concentrated(costs: pl.DataFrame) -> pl.DataFrame:
    """Costs by vendor with share, rank, index and its band; sorted."""
    cost = pl.col("effective_cost")
    counts = pl.col("has_rate") & (cost > 0)
    whole = cost.filter(counts).sum().over(_MARKET)
    shared = costs.with_columns(share_pct=pl.when(counts).then(quotient(product(cost, constant(100)), whole)))
    square = product(pl.col("share_pct"), pl.col("share_pct"))
    index = pl.when(pl.col("share_pct").is_not_null().any().over(_MARKET)).then(square.sum().over(_MARKET)).cast(MONEY)
    band = (
        pl.when(pl.col("hhi") > HIGH_ABOVE).then(pl.lit("high"))
        .when(pl.col("hhi") > MODERATE_ABOVE).then(pl.lit("moderate"))
        .when(pl.col("hhi").is_not_null()).then(pl.lit("low"))
    )  # fmt: skip
    rank = pl.col("share_pct").rank("min", descending=True).over(_MARKET).cast(pl.Int64)
    return (
        shared.with_columns(hhi=index, rank=rank)
        .with_columns(concentration=band)
        .sort(
            "month",
            "role",
            "has_rate",
            "currency",
            "effective_cost",
            "name",
            descending=[False, False, True, False, True, False],
            nulls_last=True,
        )
    )
