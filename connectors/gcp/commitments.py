"""Committed use discounts: which usage a commitment's fee pays for, and what of the fee nothing used. Pure.

Google bills a commitment twice over: its fee as a SKU of its own, and what it covers at the full price with a credit
that takes it off again. FOCUS wants the fee as a Purchase without effective cost, and covered usage that is billed
nothing and costs its share of the fee. The export names no commitment on either side, so they meet in a *pool*: billing
account, currency, region, kind of resource and unit, a UTC day at a time. Where the two sides of a pool do not meet,
the discount stays a Credit and the fee an ordinary Purchase: their sum is what the month cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import polars as pl

from connectors.gcp.sku_facts import SPEND
from connectors.protocol import Finding
from models.ledger.money import product, quotient
from models.table import MONEY

RESOURCE_DISCOUNT = "COMMITTED_USAGE_DISCOUNT"
SPEND_OFFSET = "FEE_UTILIZATION_OFFSET"
COMMITMENT_CREDITS = (RESOURCE_DISCOUNT, SPEND_OFFSET, "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE")

_POOL = ["account", "currency", "commitment"]
_GROUP = [*_POOL, "day"]
_ZERO = pl.lit(Decimal(0), dtype=MONEY)
_NEARLY = Decimal("0.000001")
"""Share of a commitment that is not told from all of it: quantities come from floats of seconds."""
_FACTS = ["sku_id", "sku", "service_name", "service_category", "service_subcategory", "priced_unit", "region"]

# a month's covered rows are held at once, their few texts as numbers
_TEXT = pl.Categorical()
_COVERED = pl.Schema({"row": pl.Int64, **dict.fromkeys(_GROUP, _TEXT), "unit": _TEXT, "is_spend": pl.Boolean,
                      "credit_type": _TEXT, "paid_off": MONEY, "covered_quantity": MONEY})  # fmt: skip
_FEES = pl.Schema({**dict.fromkeys(_GROUP, _TEXT), "is_spend": pl.Boolean,
                   "fee": MONEY, "bought": MONEY, "start": pl.Datetime("us", "UTC"), "end": pl.Datetime("us", "UTC"),
                   **dict.fromkeys(_FACTS, pl.String)})  # fmt: skip


def with_commitments(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows (with SKU facts) with `day` and `commitment`, the pool that they belong to; null where there is none."""
    where = pl.coalesce("region", "location", pl.lit("global"))
    named = pl.concat_str(
        pl.col("account"), where, pl.concat_str("pool", pl.lit(" ("), "priced_unit", pl.lit(")")), separator="/"
    )
    return rows.with_columns(
        day=pl.col("start").dt.strftime("%Y-%m-%d"),
        commitment=pl.when(pl.col("pool") == SPEND).then(pl.col("account") + "/spend").otherwise(named),
    )


@dataclass(frozen=True)
class Commitments:
    """What a month's commitments come to.

    `covered`: row, credit_type, commitment, `unit`, `is_spend`, `paid_off` (what the discount took off), `quantity`,
    `effective`; its texts are categories, but of `of_rows`. `pools` are the groups (account, currency, commitment, day)
    whose fee is taken apart. `unused`: a row a group of which something was left.
    """

    covered: pl.DataFrame
    pools: pl.DataFrame
    unused: pl.DataFrame
    findings: tuple[Finding, ...]

    def of_rows(self, rows: pl.Series) -> Commitments:
        """Those of a slice, by its numbers of rows, which ascend: a month's would be searched anew for every slice."""
        if rows.is_empty():
            return replace(self, covered=_as_texts(self.covered))
        covered = self.covered.filter(pl.col("row").is_between(rows[0], rows[-1]))
        return replace(self, covered=_as_texts(covered))


class CommitmentSurvey:
    """Gathers fees and discounts slice by slice; `conclude` sets them against each other."""

    def __init__(self) -> None:
        self._covered: list[pl.DataFrame] = [pl.DataFrame(schema=_COVERED)]
        self._fees: list[pl.DataFrame] = [pl.DataFrame(schema=_FEES)]

    def add(self, rows: pl.DataFrame, credits: pl.DataFrame) -> None:
        """A slice: `rows` by `with_commitments`, `credits` by `flat_credits`."""
        billed = rows.filter(pl.col("cost_type") == "regular", pl.col("cost") > 0, pl.col("priced_amount") > 0)
        plain = billed.filter(pl.col("adjustment_id").is_null())
        self._covered.append(_covered_in(plain.filter(~pl.col("is_commitment")), credits))
        fees = plain.filter(pl.col("is_commitment"), pl.col("pool").is_not_null())
        # an offset on the fee itself says what was used, not by whom: such a fee stays whole
        offset = credits.filter(pl.col("credit_type").is_in(list(COMMITMENT_CREDITS)))
        self._fees.append(_added_up(fees.join(offset, on="row", how="anti").with_columns(
            is_spend=pl.col("pool") == SPEND, fee="cost",
            bought=pl.when(pl.col("pool") == SPEND).then("cost").otherwise("priced_amount"),
        )))  # fmt: skip

    def conclude(self) -> Commitments:
        """Every discount that a fee stands against as covered usage, and what of each fee is left."""
        fees, candidates = _added_up(pl.concat(self._fees)), self._covered
        used = (
            pl.concat(candidates, rechunk=False)
            .group_by(_GROUP)
            .agg(
                paid_off_in_all=pl.col("paid_off").sum(),
                used=pl.col("covered_quantity").sum(),
                last=pl.col("row").max(),
            )
        )
        groups = fees.join(used, on=_GROUP, how="left").with_columns(
            pl.col("paid_off_in_all", "used").fill_null(Decimal(0))
        )
        met = groups.filter(~pl.col("is_spend") | (pl.col("paid_off_in_all") <= pl.col("fee")))
        alone = pl.concat([part.join(met, on=_GROUP, how="anti") for part in candidates])
        met = _without_idle_beside(met, alone)
        covered = _with_effective(candidates, met)
        pools = _as_texts(met.select(_GROUP))
        return Commitments(covered, pools, _unused(met, covered), (*_alone(alone), *_whole(fees, met)))


def _as_texts(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _covered_in(rows: pl.DataFrame, credits: pl.DataFrame) -> pl.DataFrame:
    """Usage with a discount of a commitment: how much of its cost the discount takes off, and of its quantity."""
    given = (
        credits.filter(pl.col("credit_type").is_in([RESOURCE_DISCOUNT, SPEND_OFFSET]))
        .group_by("row", "credit_type")
        .agg(taken=-pl.col("credit").sum())
        .filter(pl.col("taken") > 0)
        # one commitment a row: that of the resource comes first, as Google applies them
        .sort("row", "credit_type")
        .unique("row", keep="first", maintain_order=True)
    )
    is_spend = pl.col("credit_type") == SPEND_OFFSET
    paid_off = pl.min_horizontal("taken", "cost")
    return (
        rows.join(given, on="row")
        .with_columns(
            commitment=pl.when(is_spend).then(pl.col("account") + "/spend").otherwise("commitment"),
            paid_off=paid_off,
            is_spend=is_spend,
        )
        .filter(pl.col("commitment").is_not_null())
        .with_columns(
            unit=pl.when("is_spend").then("currency").otherwise("priced_unit"),
            covered_quantity=pl.when("is_spend")
            .then("paid_off")
            .otherwise(quotient(product(pl.col("priced_amount"), pl.col("paid_off")), pl.col("cost"))),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in _COVERED.items())
    )


def _added_up(fees: pl.DataFrame) -> pl.DataFrame:
    return (
        fees.sort("sku_id", "start")
        .group_by(*_GROUP, "is_spend", maintain_order=True)
        .agg(pl.col("fee", "bought").sum(), pl.col("start").min(), pl.col("end").max(), pl.col(_FACTS).first())
        .select(pl.col(name).cast(dtype) for name, dtype in _FEES.items())
    )


def _without_idle_beside(met: pl.DataFrame, alone: pl.DataFrame) -> pl.DataFrame:
    """Pools that nothing used all month, in an account where discounts found no fee, are taken for theirs under another
    name: neither is called unused."""
    orphans = alone.filter(~pl.col("is_spend")).select("account", "currency").unique()
    idle = (
        met.group_by(_POOL)
        .agg(pl.col("used").sum(), pl.col("is_spend").first())
        .filter(pl.col("used") == 0, ~pl.col("is_spend"))
    )
    return met.join(idle.join(orphans, on=["account", "currency"], how="semi"), on=_POOL, how="anti")


def _with_effective(candidates: Sequence[pl.DataFrame], groups: pl.DataFrame) -> pl.DataFrame:
    """Each row's share of its pool's fee, by quantity of what was bought or, if more, used; money is its own share.
    Rows of no group are left out.

    Where all was used, the last row of the pool takes what rounding left, so that the shares are the fee exactly.
    """
    fees = groups.select(*_GROUP, "fee", whole=pl.max_horizontal("bought", "used"))
    share = quotient(product(pl.col("fee"), pl.col("covered_quantity")), pl.col("whole"))
    effective = pl.when("is_spend").then("paid_off").otherwise(share)
    parts = [part.join(fees, on=_GROUP).with_columns(effective=effective).drop("fee", "whole") for part in candidates]
    sums = pl.concat([part.group_by(_GROUP).agg(pl.col("effective").sum()) for part in parts])
    is_full = ~pl.col("is_spend") & (pl.col("bought") - pl.col("used") <= product(pl.col("bought"), pl.lit(_NEARLY)))
    dust = (
        groups.filter(is_full)
        .join(sums.group_by(_GROUP).agg(pl.col("effective").sum()), on=_GROUP)
        .select(row="last", dust=pl.col("fee") - pl.col("effective"))
    )
    took = pl.col("effective") + pl.col("dust").fill_null(Decimal(0))
    return pl.concat(
        [part.join(dust, on="row", how="left").with_columns(effective=took).drop("dust") for part in parts],
        rechunk=False,
    )


def _unused(groups: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    """What nothing used of each pool and day: `unused` money and `unused_quantity`, with the fee's SKU and span."""
    spent = covered.group_by(_GROUP).agg(effective=pl.col("effective").sum())
    return (
        groups.join(spent, on=_GROUP, how="left")
        .with_columns(
            unused=pl.col("fee") - pl.col("effective").fill_null(Decimal(0)),
            unused_quantity=pl.max_horizontal(pl.col("bought") - pl.col("used"), _ZERO),
        )
        .filter(pl.col("unused") > 0)
        .select(*_GROUP, "is_spend", "unused", "unused_quantity", "start", "end", *_FACTS)
        .pipe(_as_texts)
        .sort(_GROUP)
    )


def _alone(candidates: pl.DataFrame) -> list[Finding]:
    kinds = ["commitment", "credit_type", "currency"]
    rows = _as_texts(candidates.group_by(kinds).agg(pl.len(), pl.col("paid_off").sum())).sort(kinds)
    return [
        Finding(
            "commitment_kept_as_credit",
            f"{kind} of {pool}: no fee stands against {amount.normalize():f} {currency}; kept as Credit",
            count,
        )
        for pool, kind, currency, count, amount in rows.iter_rows()
    ]


def _whole(fees: pl.DataFrame, met: pl.DataFrame) -> list[Finding]:
    apart = fees.join(met, on=_GROUP, how="anti")
    rows = _as_texts(apart.group_by("commitment", "currency").agg(pl.len(), pl.col("fee").sum()))
    return [
        Finding(
            "commitment_fee_kept_whole",
            f"{pool}: what its fee of {fee.normalize():f} {currency} covers is not told; its effective cost is its fee",
            count,
        )
        for pool, currency, count, fee in rows.sort("commitment", "currency").iter_rows()
    ]
