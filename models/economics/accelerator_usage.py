"""Accelerator-hours by day, and what an hour of each kind costs, from charges that carry accelerator facts.

Sums and quotients only: which charges bill an accelerator is `accelerators`' word. Adding up the rows of two parts of
the charges gives the rows of both, so the work can be done a part at a time.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from models.ledger.money import quotient
from models.table import MONEY, Table, instant, money, text

PRICING_KINDS = ("on_demand", "reserved", "committed", "spot", "capacity_block")
USES = ("used", "unused", "purchased")


class AcceleratorUsage(dy.Schema):
    """One row per day and everything that accelerator-hours are bought for; costs in `currency`."""

    source = text("Name of the source in outlay.yaml")
    billing_month = text("Month that it is billed in, YYYY-MM")
    day = instant("UTC day on which the charge period starts")
    provider_name = text("FOCUS ServiceProviderName")
    service_name = text("FOCUS ServiceName: who rents the machine out, such as Amazon SageMaker", nullable=True)
    billing_account_id = text("Account that is invoiced")
    project_id = text("FOCUS SubAccountId: project, subscription or member account", nullable=True)
    region = text("FOCUS RegionId", nullable=True)
    accelerator_type = text("Accelerator, such as H100 or TPU v5p")
    accelerator_vendor = text("Who makes it", nullable=True)
    instance_type = text("Size of machine, the host's name; null where the bill counts accelerators", nullable=True)
    pricing_kind = text("How the hours were bought", values=PRICING_KINDS)
    use = text(
        "used; unused: left of a commitment or reserved capacity; purchased: the fee for a commitment, without hours",
        values=USES,
    )
    commitment_id = text("FOCUS CommitmentDiscountId", nullable=True)
    currency = text("ISO 4217 code of the costs")
    charges = dy.Int64(nullable=False, description="How many charges")
    charges_without_hours = dy.Int64(nullable=False, description="Of these, how many do not tell their hours")
    accelerator_hours = money("Hours × accelerators, as far as they are told")
    hours_without_cost = money("The part of accelerator_hours that was used, and whose cost the bill does not tell")
    billed_cost = money("What finance will pay, in currency")
    effective_cost = money("What the day really cost, in currency")
    unmeasured_effective_cost = money("The part of effective_cost whose hours the bill does not tell, in currency")
    list_cost = money("At public prices, in currency")


ACCELERATOR_USAGE = Table(
    name="accelerators",
    schema="usage",
    kind="fact",
    grain=(
        "source × billing month × day × service × account × project × region × accelerator type × instance type × "
        "pricing kind × use × commitment × currency (a load's parts may each have a row: add them up)"
    ),
    meaning="Accelerator-hours by UTC day, used, unused or purchased ahead, and what they cost.",
    contract=AcceleratorUsage,
)


class AcceleratorRates(dy.Schema):
    """One row per month, accelerator, region and way of buying; costs in `currency`."""

    billing_month = text("Month that it is billed in, YYYY-MM")
    accelerator_type = text("Accelerator, such as H100 or TPU v5p")
    region = text("FOCUS RegionId", nullable=True)
    pricing_kind = text("How the hours were bought", values=PRICING_KINDS)
    currency = text("ISO 4217 code of the costs")
    used_hours = money("Accelerator-hours that were used")
    unused_hours = money("Accelerator-hours that were paid for and left unused")
    hours_without_cost = money("The part of used_hours whose cost the bill does not tell; in no rate")
    billed_cost = money("What finance will pay, purchases of commitments included, in currency")
    effective_cost = money("What used and unused hours really cost, in currency")
    unmeasured_effective_cost = money(
        "The part of effective_cost of used hours that the bill does not tell, in currency"
    )
    purchased_effective_cost = money(
        "What purchases cost in effect, in no other column and no rate: 0 unless the bill does not spread a fee over "
        "the hours that it paid for, in currency"
    )
    effective_cost_per_used_hour = money(
        "(effective_cost − unmeasured_effective_cost) ÷ (used_hours − hours_without_cost): what a used hour cost, with "
        "what was left unused beside it; null without such hours",
        nullable=True,
    )
    list_cost_per_used_hour = money("List cost of used hours ÷ used_hours; null without used hours", nullable=True)


ACCELERATOR_RATES = Table(
    name="accelerator_rates",
    schema="marts",
    kind="mart",
    grain="billing month × accelerator type × region × pricing kind × currency",
    meaning="What an accelerator-hour cost, by type, region and how it was bought.",
    contract=AcceleratorRates,
)

_FROM_CHARGES = {
    "source": "x_Source",
    "billing_month": "x_BillingMonth",
    "provider_name": "ServiceProviderName",
    "service_name": "ServiceName",
    "billing_account_id": "BillingAccountId",
    "project_id": "SubAccountId",
    "region": "RegionId",
    "accelerator_type": "x_AcceleratorType",
    "accelerator_vendor": "x_AcceleratorVendor",
    "instance_type": "x_InstanceType",
    "commitment_id": "CommitmentDiscountId",
    "currency": "BillingCurrency",
    "billed_cost": "BilledCost",
    "effective_cost": "EffectiveCost",
    "list_cost": "ListCost",
}
_SUMS = (
    "charges",
    "charges_without_hours",
    "accelerator_hours",
    "hours_without_cost",
    "billed_cost",
    "effective_cost",
    "unmeasured_effective_cost",
    "list_cost",
)
_GRAIN = [name for name in ACCELERATOR_USAGE.polars_schema if name not in _SUMS]
_NOTHING = pl.lit(0, dtype=MONEY)


def accelerator_usage(charges: pl.DataFrame) -> pl.DataFrame:
    """`usage.accelerators` of charges (`focus.cost_and_usage`) whose x_AiKind is accelerator.

    A charge counts on the UTC day on which its period starts, however long it is.
    """
    hours = pl.col("x_AcceleratorHours")
    use = _use()
    unmeasured = hours.is_null() & (use == "used")
    rows = charges.filter(pl.col("x_AiKind") == "accelerator").select(
        day=pl.col("ChargePeriodStart").dt.truncate("1d"),
        pricing_kind=_pricing_kind(),
        use=use,
        charges=pl.lit(1, dtype=pl.Int64),
        charges_without_hours=(hours.is_null() & (use != "purchased")).cast(pl.Int64),
        accelerator_hours=hours.fill_null(_NOTHING),
        hours_without_cost=pl.when((use == "used") & _is_cost_unknown()).then(hours).otherwise(_NOTHING),
        unmeasured_effective_cost=pl.when(unmeasured).then("EffectiveCost").otherwise(_NOTHING),
        **{name: pl.col(column) for name, column in _FROM_CHARGES.items()},
    )
    return (
        rows.group_by(_GRAIN)
        .agg(pl.col(_SUMS).sum())
        .sort(_GRAIN, nulls_last=True)
        .select(list(ACCELERATOR_USAGE.polars_schema))
        .cast(ACCELERATOR_USAGE.polars_schema)
    )


def _use() -> pl.Expr:
    is_unused = (pl.col("CommitmentDiscountStatus") == "Unused") | (pl.col("CapacityReservationStatus") == "Unused")
    return (
        pl.when(pl.col("ChargeCategory") == "Purchase")
        .then(pl.lit("purchased"))
        .when(is_unused)
        .then(pl.lit("unused"))
        .otherwise(pl.lit("used"))
    )


def _is_cost_unknown() -> pl.Expr:
    """Hours for which the bill says 0, and that cannot be: no commitment is free, and no accelerator lists for nothing.

    So it is where a report has no amortized costs, or the fee stands in another month's bill.
    """
    is_covered = pl.col("CommitmentDiscountId").is_not_null()
    is_never_free = is_covered | (pl.col("ListCost") == 0)
    return (pl.col("x_AcceleratorHours") > 0) & (pl.col("EffectiveCost") == 0) & is_never_free


def _pricing_kind() -> pl.Expr:
    """From FOCUS's words alone, the same for every cloud; a commitment whose kind nobody names is committed.

    A purchase is always of a commitment: where it is not linked to one, its description is asked for the kind.
    """
    is_purchase = pl.col("ChargeCategory") == "Purchase"
    kind = pl.coalesce("CommitmentDiscountType", pl.when(is_purchase).then("ChargeDescription")).str.to_lowercase()
    return (
        pl.when(kind.str.contains(r"capacity ?block"))
        .then(pl.lit("capacity_block"))
        .when(pl.col("PricingCategory") == "Dynamic")
        .then(pl.lit("spot"))
        .when(kind.str.contains("reserv", literal=True))
        .then(pl.lit("reserved"))
        .when(
            is_purchase
            | pl.col("CommitmentDiscountId").is_not_null()
            | kind.is_not_null()
            | (pl.col("PricingCategory") == "Committed")
        )
        .then(pl.lit("committed"))
        .otherwise(pl.lit("on_demand"))
    )


def accelerator_rates(usage: pl.LazyFrame) -> pl.DataFrame:
    """`marts.accelerator_rates` from `usage.accelerators` of any sources and months."""
    is_used, is_purchase = pl.col("use") == "used", pl.col("use") == "purchased"
    hours = pl.col("accelerator_hours")
    key = ["billing_month", "accelerator_type", "region", "pricing_kind", "currency"]
    per_hour = quotient(
        pl.col("effective_cost") - pl.col("unmeasured_effective_cost"),
        pl.col("used_hours") - pl.col("hours_without_cost"),
    )
    return (
        usage.group_by(key)
        .agg(
            pl.col("billed_cost", "unmeasured_effective_cost", "hours_without_cost").sum(),
            effective_cost=pl.col("effective_cost").filter(~is_purchase).sum(),
            purchased_effective_cost=pl.col("effective_cost").filter(is_purchase).sum(),
            used_hours=hours.filter(is_used).sum(),
            unused_hours=hours.filter(pl.col("use") == "unused").sum(),
            measured_list_cost=pl.col("list_cost").filter(is_used & (hours != 0)).sum(),
        )
        .with_columns(
            effective_cost_per_used_hour=per_hour,
            list_cost_per_used_hour=quotient(pl.col("measured_list_cost"), pl.col("used_hours")),
        )
        .sort(key, nulls_last=True)
        .select(list(ACCELERATOR_RATES.polars_schema))
        .collect()
        .cast(ACCELERATOR_RATES.polars_schema)
    )
