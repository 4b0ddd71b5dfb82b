"""Commitments day by day: what each was paid, what of it was used, and what was left unused.

From charges that carry a CommitmentDiscountId, and for commits of contracts that no charge carries, from the charges of
those whom the contract is with (rules of money, 7 and 8). What follows of it (utilisation, burn-down, exposure) is in
`commitments`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from models.economics.commitment_frames import COVERAGE_SCHEMA, DAYS_SCHEMA, TERMS_SCHEMA, Held
from models.economics.commits_drawn import as_agreed, commits_drawn
from models.economics.contracts import BILLED_SCHEMA, Commit

_WORDS = (
    ("capacity_block", r"capacity ?block"),
    ("provisioned_throughput", r"provisioned|throughput|\bptu\b|(priority|scale) tier"),
    ("savings_plan", r"saving"),
    ("committed_use", r"committed ?use|\bcud\b"),
    ("subscription", r"subscription|seats?\b|service period"),
    ("prepaid_credits", r"credit|pre-?pa"),
    ("reservation", r"reserv"),
    ("spend", r"spend|consumption commitment"),
)
"""The vendor's word (CommitmentDiscountType) to the kind; the first that fits."""

_KEY = ["source", "commitment_id", "currency"]
_SHORTEST_TERM = timedelta(days=1)
_SCOPE = [
    "source",
    "currency",
    "billing_month",
    "ServiceProviderName",
    "ServiceName",
    "x_AcceleratorType",
    "PricingUnit",
]
_COUNTED = ("Usage", "Purchase", "Adjustment")


def commitments_held(charges: pl.LazyFrame, billed: pl.DataFrame, commits: Sequence[Commit], today: date) -> Held:
    """All commitments that charges (`focus.cost_and_usage`) tell or contracts agree; `billed` is `billed_by_day`.

    A commit that names a commitment_id, or credits of an issuer whose charges carry prepaid credits, is told by those
    charges. Any other is drawn by the charges of its contract's parties: a spend commit by what is billed, tax and
    credits apart; prepaid credits by the effective cost of usage that nothing else covers, first those that expire
    first, and never beyond their amount; what is left of them when they expire is unused.
    """
    told = _told(charges)
    through = dict(billed.group_by("source").agg(pl.col("day").max()).iter_rows())
    terms, days = _terms_told(told, through, today), _days_told(told)
    terms, rest = _agreed(terms, commits)
    agreed_terms, agreed_days = commits_drawn(rest, billed, first_key=terms.height, through=through, today=today)
    return Held(
        terms=pl.concat([terms, agreed_terms]).sort("key"),
        days=pl.concat([days.join(terms.select("key", *_KEY), on=_KEY).select(list(DAYS_SCHEMA)), agreed_days]),
        coverage=_coverage(charges, terms),
    )


def billed_by_day(charges: pl.LazyFrame) -> pl.DataFrame:
    """BILLED_SCHEMA of charges (`focus.cost_and_usage`)."""
    category, covered = pl.col("ChargeCategory"), pl.col("CommitmentDiscountId").is_not_null()
    return (
        charges.group_by(
            source="x_Source",
            issuer_name="InvoiceIssuerName",
            currency="BillingCurrency",
            billing_month="x_BillingMonth",
            day=pl.col("ChargePeriodStart").dt.date(),
        )
        .agg(
            billed=pl.col("BilledCost").filter(category.is_in(_COUNTED)).sum(),
            drawn=pl.col("EffectiveCost").filter(category.is_in(["Usage", "Adjustment"]) & ~covered).sum(),
        )
        .collect(engine="streaming")
        .select(list(BILLED_SCHEMA))
        .cast(BILLED_SCHEMA)
    )


def _told(charges: pl.LazyFrame) -> pl.DataFrame:
    """Charges of commitments, added up by all that their terms and days are read from."""
    return (
        charges.filter(pl.col("CommitmentDiscountId").is_not_null())
        .group_by(
            "ChargeCategory",
            "ChargeFrequency",
            "CommitmentDiscountStatus",
            source="x_Source",
            commitment_id="CommitmentDiscountId",
            currency="BillingCurrency",
            billing_month="x_BillingMonth",
            day=pl.col("ChargePeriodStart").dt.date(),
        )
        .agg(
            pl.col("CommitmentDiscountName", "CommitmentDiscountType", "CommitmentDiscountCategory").max(),
            pl.col("CommitmentDiscountUnit", "InvoiceIssuerName", "ServiceProviderName").max(),
            pl.col("BilledCost", "EffectiveCost", "ListCost", "CommitmentDiscountQuantity").sum(),
            start=pl.col("ChargePeriodStart").min(),
            end=pl.col("ChargePeriodEnd").max(),
        )
        .collect(engine="streaming")
    )


def _terms_told(told: pl.DataFrame, through: dict[str, date], today: date) -> pl.DataFrame:
    """A row per commitment that charges carry; its term is that of what was bought at once, if usage kept to it."""
    is_term = (pl.col("end") - pl.col("start") > _SHORTEST_TERM) & (
        pl.col("last_used").is_null() | (pl.col("last_used") < pl.col("end"))
    )
    only_once = pl.col("is_bought") & (pl.col("recurring") == 0)
    last_day = pl.col("source").replace_strict(through, default=today, return_dtype=pl.Date)
    return (
        _bought_and_used(told)
        .sort(_KEY)
        .with_row_index("key")
        .with_columns(
            kind=_kind(pl.col("vendor_type")),
            contract=None,
            true_up=False,
            term_start=pl.when(is_term).then(pl.col("start").dt.date()),
            term_end=pl.when(is_term).then(pl.col("end").dt.date()),
            committed=pl.when(only_once).then("upfront"),
            quantity=pl.when("is_bought").then("quantity"),
            through=pl.min_horizontal(last_day, pl.lit(today)),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in TERMS_SCHEMA.items())
    )


def _bought_and_used(told: pl.DataFrame) -> pl.DataFrame:
    """A row per commitment: its words, when and how it was bought, and what its usage cost."""
    bought = pl.col("ChargeCategory") == "Purchase"
    at_once = bought & (pl.col("ChargeFrequency") == "One-Time")
    used = pl.col("CommitmentDiscountStatus") == "Used"
    paid = pl.col("BilledCost")
    return told.group_by(_KEY).agg(
        name=pl.coalesce(pl.col("CommitmentDiscountName").max(), pl.col("commitment_id").first()),
        vendor_type=pl.col("CommitmentDiscountType").max(),
        category=pl.col("CommitmentDiscountCategory").max(),
        issuer_name=pl.col("InvoiceIssuerName").max(),
        provider_name=pl.col("ServiceProviderName").max(),
        first_day=pl.col("day").min(),
        start=pl.col("start").filter(at_once).min(),
        end=pl.col("end").filter(at_once).max(),
        last_used=pl.col("start").filter(used).max(),
        upfront=paid.filter(at_once).sum(),
        recurring=paid.filter(bought & ~at_once).sum(),
        quantity=pl.col("CommitmentDiscountQuantity").filter(bought).sum(),
        unit=pl.col("CommitmentDiscountUnit").max(),
        covered_list=pl.col("ListCost").filter(used).sum(),
        covered_effective=pl.col("EffectiveCost").filter(used).sum(),
        is_bought=bought.any(),
    )


def _kind(word: pl.Expr) -> pl.Expr:
    lowered = word.str.to_lowercase()
    found = [pl.when(lowered.str.contains(pattern)).then(pl.lit(kind)) for kind, pattern in _WORDS]
    return pl.coalesce(*found, pl.lit("other"))


def _days_told(told: pl.DataFrame) -> pl.DataFrame:
    is_unused = (pl.col("CommitmentDiscountStatus") == "Unused").fill_null(value=False)
    return told.group_by(*_KEY, "billing_month", "day").agg(
        paid=pl.col("BilledCost").sum(),
        used=pl.col("EffectiveCost").filter(~is_unused).sum(),
        unused=pl.col("EffectiveCost").filter(is_unused).sum(),
    )


def _agreed(terms: pl.DataFrame, commits: Sequence[Commit]) -> tuple[pl.DataFrame, list[Commit]]:
    """Terms told by charges with what contracts agreed of them, and the commits that no charge carries."""
    rows, rest = terms.to_dicts(), list[Commit]()
    for commit in commits:
        theirs = [row for row in rows if row["contract"] is None and _is_told_by(commit, row)]
        if not theirs:
            rest.append(commit)
        for row in theirs[:1]:
            row.update(as_agreed(commit), kind=commit.kind)
    return pl.DataFrame(rows, schema=TERMS_SCHEMA), rest


def _is_told_by(commit: Commit, row: dict[str, Any]) -> bool:
    if row["currency"] != commit.currency:
        return False
    if commit.commitment_id is not None:
        return row["commitment_id"] == commit.commitment_id
    is_theirs = commit.parties.sign(row["source"], row["issuer_name"])
    begins_then = commit.valid_from <= row["first_day"] < commit.valid_to
    return is_theirs and begins_then and row["kind"] == commit.kind == "prepaid_credits"


def _coverage(charges: pl.LazyFrame, terms: pl.DataFrame) -> pl.DataFrame:
    if terms.is_empty():
        return pl.DataFrame(schema=COVERAGE_SCHEMA)
    usage = (
        charges.filter(
            pl.col("ChargeCategory") == "Usage",
            pl.col("CommitmentDiscountStatus").ne_missing(pl.lit("Unused")),
            pl.col("PricingCategory").ne_missing(pl.lit("Dynamic")),
        )
        .group_by(
            "ServiceProviderName",
            "ServiceName",
            "x_AcceleratorType",
            "PricingUnit",
            source="x_Source",
            currency="BillingCurrency",
            billing_month="x_BillingMonth",
            commitment_id="CommitmentDiscountId",
        )
        .agg(pl.col("ListCost").sum())
        .collect(engine="streaming")
    )
    whole = usage.group_by(_SCOPE).agg(eligible=pl.col("ListCost").sum())
    return (
        usage.join(terms.select("key", *_KEY), on=_KEY)
        .join(whole, on=_SCOPE, nulls_equal=True)
        .group_by("key", "billing_month")
        .agg(covered=pl.col("ListCost").sum(), eligible=pl.col("eligible").sum())
        .select(pl.col(name).cast(dtype) for name, dtype in COVERAGE_SCHEMA.items())
    )
