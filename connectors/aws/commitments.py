"""Reservations, Savings Plans and provisioned throughput: purchases that carry what is billed, covered hours that carry
what they cost in effect, and rows for what was not used. Over the term used + unused is what was paid.

Covered usage bills nothing, and negations are no charges. Where both do not cancel to the last place, `Residuals` keeps
what is left over, so that Σ BilledCost stays Σ of the bill.
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from connectors.aws.charges import ISSUER, BilledBasis, billed, identity, with_unit_prices
from connectors.aws.columns import parsed_instants
from connectors.aws.services import Service
from models.table import MONEY

_ZERO = pl.lit(Decimal(0), dtype=MONEY)
_ONE = pl.lit(Decimal(1), dtype=MONEY)
_RESERVATION, _PLAN = pl.col("reservation_reservation_a_r_n"), pl.col("savings_plan_savings_plan_a_r_n")
_PLANS = Service("Savings Plans for AWS Compute usage", "Compute", "Other (Compute)")

COVERED = ("covered_reservation", "covered_savings_plan")
_PLAN_ROLES = ("covered_savings_plan", "savings_plan_fee", "savings_plan_upfront")

_SHARED = (
    *("ServiceName", "ServiceCategory", "ServiceSubcategory", "ServiceProviderName", "PublisherName", "SkuId"),
    *("SkuPriceId", "SkuMeter", "SkuPriceDetails", "RegionId", "RegionName", "x_InstanceType", "x_ModelId", "x_Meter"),
    *("x_ProcessingTier", "x_InferenceGeo", "x_ContextWindow", "x_VendorColumns"),
)


def is_committed() -> pl.Expr:
    """Rows of `commitments`: what a commitment covers, its fees and provisioned throughput with a term."""
    role = pl.col("role")
    return (
        role.is_in(["covered_reservation", *_PLAN_ROLES, "reservation_fee"])
        | ((role == "fee") & (_RESERVATION.is_not_null() | _PLAN.is_not_null()))
        | ((role == "provisioned") & pl.col("line_item_resource_id").is_not_null())
    )


def _is_plan() -> pl.Expr:
    return pl.col("role").is_in(_PLAN_ROLES) | ((pl.col("role") == "fee") & _PLAN.is_not_null())


def _is_provisioned() -> pl.Expr:
    return pl.col("role") == "provisioned"


def _id() -> pl.Expr:
    """The commitment; a reservation whose ARN the bill leaves out is called by its SKU."""
    return (
        pl.when(_is_provisioned())
        .then("line_item_resource_id")
        .when(_is_plan())
        .then(pl.coalesce(_PLAN, pl.lit("savings-plan")))
        .otherwise(pl.coalesce(_RESERVATION, pl.concat_str(pl.lit("reservation/"), "product_sku")))
    )


def _commitment(status: pl.Expr | None, quantity: pl.Expr) -> dict[str, pl.Expr]:
    currency = pl.col("line_item_currency_code")
    kind = (
        pl.when(_is_provisioned())
        .then("capacity_type")
        .otherwise(pl.when(_is_plan()).then(pl.lit("Savings Plan")).otherwise(pl.lit("Reserved Instance")))
    )
    return {
        "CommitmentDiscountId": _id(),
        "CommitmentDiscountCategory": pl.when(_is_plan()).then(pl.lit("Spend")).otherwise(pl.lit("Usage")),
        "CommitmentDiscountType": kind,
        "CommitmentDiscountStatus": pl.lit(None, dtype=pl.String) if status is None else status,
        "CommitmentDiscountQuantity": quantity,
        "CommitmentDiscountUnit": pl.when(_is_plan()).then(currency).otherwise(pl.lit("Hours")),
    }


def _as_the_commitment() -> dict[str, pl.Expr]:
    return {
        "ResourceId": _id(),
        "ResourceType": pl.when(_is_provisioned())
        .then(pl.lit("Provisioned Model"))
        .otherwise(pl.when(_is_plan()).then(pl.lit("Savings Plan")).otherwise(pl.lit("Reserved Instance"))),
        "CapacityReservationId": pl.lit(None, dtype=pl.String),
        "CapacityReservationStatus": pl.lit(None, dtype=pl.String),
    }


def effective(basis: BilledBasis) -> pl.Expr:
    """What a covered row costs in effect; null where the bill does not tell it."""

    def told(name: str, net: str) -> pl.Expr:
        return pl.coalesce(net, name) if basis == "net" else pl.col(name)

    plan = told("savings_plan_savings_plan_effective_cost", "savings_plan_net_savings_plan_effective_cost")
    return (
        pl.when(_is_plan()).then(plan).otherwise(told("reservation_effective_cost", "reservation_net_effective_cost"))
    )


def covered_charges(frame: pl.DataFrame, *, month: str, basis: BilledBasis) -> pl.LazyFrame:
    """Usage that a reservation or plan covers: billed 0, effective what the bill says it costs."""
    amount = pl.col("line_item_usage_amount")
    cost = effective(basis).fill_null(_ZERO)
    on_demand = pl.col("pricing_public_on_demand_cost")
    listed = pl.when((on_demand > 0).fill_null(value=False)).then(on_demand).otherwise(pl.max_horizontal(cost, "price"))
    without = pl.coalesce("line_item_net_unblended_cost", "line_item_unblended_cost")
    priced = pl.when(_is_plan() & (without > 0)).then(without).otherwise(_ZERO)
    charges = (
        frame.lazy()
        .filter(pl.col("role").is_in(COVERED))
        .with_columns(price=priced)
        .select(
            *_SHARED,
            "ChargeCategory",
            "ChargeFrequency",
            "PricingUnit",
            "ConsumedUnit",
            **{
                **identity(month),
                **_commitment(pl.lit("Used"), pl.when(_is_plan()).then(cost).otherwise(amount)),
            },
            PricingCategory=pl.lit("Committed"),
            PricingQuantity=amount,
            ConsumedQuantity=pl.when(pl.col("block").is_null())
            .then(amount)
            .otherwise(amount * pl.col("block"))
            .cast(MONEY),
            BilledCost=_ZERO,
            EffectiveCost=cost,
            ListCost=listed,
            ContractedCost=pl.when(pl.col("price") > 0).then("price").otherwise(listed),
        )
    )
    return with_unit_prices(charges)


def purchases(frame: pl.DataFrame, *, month: str, basis: BilledBasis) -> pl.LazyFrame:
    """Fees of commitments: billed what is paid, effective 0. A fee of nothing (paid up front) is no purchase.

    A fee for the whole term is charged for the term, as far as the bill tells it.
    """
    cost = billed(basis)
    is_upfront = pl.col("role").is_in(["fee", "savings_plan_upfront"])
    amount = pl.col("line_item_usage_amount")
    hours = pl.coalesce(_positive("reservation_total_reserved_units"), _positive("line_item_usage_amount"), _ONE)
    money = pl.coalesce(_positive("savings_plan_total_commitment_to_date"), cost)
    fees = frame.filter(~pl.col("role").is_in(COVERED) & (cost != 0))
    charges = (
        fees.lazy()
        .with_columns(_term_times(fees))
        .select(
            *_SHARED,
            "PricingUnit",
            **{
                **identity(month),
                **_commitment(None, pl.when(_is_plan()).then(money).otherwise(hours)),
                **_as_the_commitment(),
                "ChargePeriodStart": pl.when(is_upfront).then("term_start").otherwise("line_item_usage_start_date"),
                "ChargePeriodEnd": pl.when(is_upfront).then("term_end").otherwise("line_item_usage_end_date"),
            },
            ChargeCategory=pl.when(cost < 0).then(pl.lit("Adjustment")).otherwise(pl.lit("Purchase")),
            ChargeFrequency=pl.when(_is_provisioned()).then(pl.lit("Recurring")).otherwise("ChargeFrequency"),
            PricingCategory=pl.lit("Standard"),
            PricingQuantity=pl.when(amount > 0).then(amount).otherwise(_ONE),
            BilledCost=cost,
            EffectiveCost=pl.when(cost < 0).then(cost).otherwise(_ZERO),
            ListCost=cost,
            ContractedCost=cost,
        )
    )
    return _without_sku_where_given_back(with_unit_prices(charges))


def _without_sku_where_given_back(charges: pl.LazyFrame) -> pl.LazyFrame:
    """A fee that is given back is an Adjustment: no SKU, and no part of the commitment's sum."""
    names = (
        *("SkuId", "SkuPriceId", "SkuMeter", "SkuPriceDetails", "PricingCategory", "PricingQuantity", "PricingUnit"),
        *("ListUnitPrice", "ContractedUnitPrice", "CommitmentDiscountId", "CommitmentDiscountCategory"),
        *("CommitmentDiscountType", "CommitmentDiscountQuantity", "CommitmentDiscountUnit"),
        *("x_InstanceType", "x_Meter", "x_ModelId", "x_ProcessingTier", "x_InferenceGeo", "x_ContextWindow"),
    )
    kept = pl.col("ChargeCategory") == "Purchase"
    return charges.with_columns(pl.when(kept).then(name).alias(name) for name in names)


def _positive(name: str) -> pl.Expr:
    return pl.when(pl.col(name) > 0).then(name)


def _term_times(frame: pl.DataFrame) -> list[pl.Series]:
    """Start and end of what a fee buys: the commitment's term, where the bill tells both."""
    starts, ends = (
        pl.select(
            pl.coalesce(
                *(parsed_instants(frame[f"{family}_{side}_time"]) for family in ("reservation", "savings_plan"))
            )
        ).to_series()
        for side in ("start", "end")
    )
    told = (starts < ends).fill_null(value=False)
    return [
        frame["line_item_usage_start_date"].zip_with(~told, starts).alias("term_start"),
        frame["line_item_usage_end_date"].zip_with(~told, ends).alias("term_end"),
    ]


def unused_money() -> pl.Expr:
    """What of a fee row's period was not used: of a reservation its unused fees, of a plan commitment − used."""
    plan = pl.col("savings_plan_total_commitment_to_date") - pl.col("savings_plan_used_commitment")
    reservation = pl.col("reservation_unused_amortized_upfront_fee_for_billing_period").fill_null(_ZERO) + pl.col(
        "reservation_unused_recurring_fee"
    ).fill_null(_ZERO)
    return (
        pl.when(pl.col("role") == "savings_plan_fee")
        .then(plan)
        .when(pl.col("role") == "reservation_fee")
        .then(reservation)
        .otherwise(_ZERO)
        .fill_null(_ZERO)
    )


def unused_charges(frame: pl.DataFrame, *, month: str, basis: BilledBasis) -> pl.LazyFrame:
    """A row for what was not used of each fee row's period, and one for the hours that provisioned throughput stood
    ready for, also where those were free; both bill nothing."""
    rest = unused_money()
    used = _is_provisioned()
    hours = pl.coalesce(_positive("reservation_unused_quantity"), _ZERO)
    cost = billed(basis)
    money = pl.when(used).then(cost).otherwise(rest)
    amount = pl.when(used).then("line_item_usage_amount").when(hours > 0).then(hours).otherwise(_ONE)
    status = pl.when(used).then(pl.lit("Used")).otherwise(pl.lit("Unused"))
    quantity = pl.when(used).then("line_item_usage_amount").when(_is_plan()).then(rest).otherwise(hours)
    charges = (
        frame.lazy()
        .filter((used & (cost >= 0)) | (rest > 0))
        .select(
            *(name for name in _SHARED if name not in {"SkuId", "SkuPriceId"}),
            "PricingUnit",
            **{**identity(month), **_commitment(status, quantity), **_as_the_commitment()},
            SkuId=pl.col("SkuId"),
            SkuPriceId=pl.concat_str("SkuPriceId", pl.lit("/committed")),
            ChargeCategory=pl.lit("Usage"),
            ChargeFrequency=pl.lit("Usage-Based"),
            PricingCategory=pl.lit("Committed"),
            PricingQuantity=amount,
            ConsumedQuantity=pl.when(used).then("line_item_usage_amount"),
            ConsumedUnit=pl.when(used).then("ConsumedUnit"),
            BilledCost=_ZERO,
            EffectiveCost=money,
            ListCost=money,
            ContractedCost=money,
        )
    )
    return with_unit_prices(charges)


def charges_of_a_row(basis: BilledBasis) -> pl.Expr:
    """How many charges a row becomes, told from the row alone: what the charges are counted against.

    A negation becomes none; a fee of a commitment one if it bills anything, and one more for what was not used.
    """
    cost, fee = billed(basis), is_committed() & ~pl.col("role").is_in(COVERED)
    beside = (_is_provisioned() & (cost >= 0)) | (unused_money() > 0)
    of_a_fee = (cost != 0).cast(pl.Int64) + beside.cast(pl.Int64)
    return pl.when(pl.col("role") == "negation").then(0).when(fee).then(of_a_fee).otherwise(1)


class Residuals:
    """What covered usage and its negations leave over, by commitment, account and currency, over all of a month."""

    _KEYS = (
        *("bill_payer_account_id", "bill_payer_account_name", "bill_invoicing_entity", "bill_invoice_id"),
        *("line_item_usage_account_id", "line_item_usage_account_name", "line_item_currency_code"),
        *("bill_billing_period_start_date", "bill_billing_period_end_date", "commitment"),
    )

    def __init__(self, basis: BilledBasis) -> None:
        self._basis: BilledBasis = basis
        self._sums: pl.DataFrame | None = None

    def add(self, rows: pl.LazyFrame) -> None:
        """Rows that a commitment covers and negations."""
        keyed = rows.with_columns(commitment=pl.coalesce(_PLAN, _RESERVATION), left=billed(self._basis))
        sums = keyed.group_by(self._KEYS).agg(pl.col("left").sum()).collect()
        whole = sums if self._sums is None else pl.concat([self._sums, sums])
        self._sums = whole.group_by(self._KEYS).agg(pl.col("left").sum())

    def charges(self, month: str) -> pl.DataFrame | None:
        """An Adjustment for each sum that is not zero; None where all cancel."""
        if self._sums is None or (left := self._sums.filter(pl.col("left") != 0)).is_empty():
            return None
        account = pl.col("line_item_usage_account_id")
        about = pl.coalesce("commitment", pl.lit("a commitment"))
        return left.sort("commitment", account, nulls_last=True).select(
            BillingAccountId="bill_payer_account_id",
            BillingAccountName=pl.coalesce("bill_payer_account_name", "bill_payer_account_id"),
            BillingAccountType=pl.lit("Payer Account"),
            SubAccountId=account,
            SubAccountName=pl.coalesce("line_item_usage_account_name", account),
            SubAccountType=pl.when(account.is_not_null()).then(pl.lit("Account")),
            BillingPeriodStart="bill_billing_period_start_date",
            BillingPeriodEnd="bill_billing_period_end_date",
            ChargePeriodStart="bill_billing_period_start_date",
            ChargePeriodEnd="bill_billing_period_end_date",
            BillingCurrency="line_item_currency_code",
            InvoiceId="bill_invoice_id",
            InvoiceIssuerName=pl.col("bill_invoicing_entity").fill_null(ISSUER),
            ServiceProviderName=pl.lit("AWS"),
            HostProviderName=pl.lit("AWS"),
            ProviderName=pl.lit("AWS"),
            PublisherName=pl.lit("AWS"),
            ServiceName=pl.lit(_PLANS.name),
            ServiceCategory=pl.lit(_PLANS.category),
            ServiceSubcategory=pl.lit(_PLANS.subcategory),
            ChargeCategory=pl.lit("Adjustment"),
            ChargeFrequency=pl.lit("One-Time"),
            ChargeDescription=pl.format("What covered usage and its negations leave over: {}", about),
            BilledCost="left",
            EffectiveCost="left",
            ListCost="left",
            ContractedCost="left",
            x_BillingMonth=pl.lit(month),
        )
