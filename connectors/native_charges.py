"""Charges that a vendor gives as such: the columns of ours beside FOCUS's, which accounts they speak for, and the
readings that they hold. Shared by every connector that reads a bill; what a vendor's columns mean belongs to each.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from connectors.protocol import AS_READ_SCHEMA, Claim
from models.ledger.focus import COST_AND_USAGE
from models.ledger.focus.invariants.periods import billing_month
from models.ledger.metering import BILL_STREAM, METER_READINGS
from models.ledger.units import METERS, TOKEN_KINDS
from models.table import MONEY


def as_charges(frame: pl.DataFrame | pl.LazyFrame, *, source: str) -> pl.DataFrame:
    """A frame under FOCUS's names as `focus.cost_and_usage`: columns that it lacks are null, ours say `native`.

    Whatever it has of ours (x_ModelId, x_Meter, …) stays. Raises `ContractError` where a charge lacks what
    none goes without.
    """
    lazy = frame.lazy()
    columns = lazy.collect_schema().names()
    filled = lazy.with_columns(**_ours(columns, source))
    names = filled.collect_schema().names()
    whole = filled.select(
        pl.col(name).cast(dtype) if name in names else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in COST_AND_USAGE.polars_schema.items()
    ).collect()
    return COST_AND_USAGE.check(whole, source=source)


def _ours(columns: Sequence[str], source: str) -> dict[str, pl.Expr]:
    """What our own columns say of a vendor's charge, where the frame does not say it itself."""
    invoice = pl.col("InvoiceId") if "InvoiceId" in columns else pl.lit(None, dtype=pl.String)
    said = {
        "x_BillingMonth": billing_month(),
        "x_CostSource": pl.lit("vendor_charges"),
        "x_CostStatus": pl.when(invoice.is_not_null()).then(pl.lit("invoiced")).otherwise(pl.lit("provisional")),
        "x_Match": pl.lit("native"),
        "x_PriceStatus": pl.lit("native"),
        "x_Source": pl.lit(source),
    }
    if "x_Meter" in columns:
        said["x_TokenKind"] = pl.when(pl.col("x_Meter").is_in(TOKEN_KINDS)).then("x_Meter")
    return {name: expression for name, expression in said.items() if name not in columns}


def counted(currency: pl.Series, billed: pl.Series) -> pl.DataFrame:
    """`AS_READ_SCHEMA` of rows as they were read: how many, and their billed cost (MONEY), by currency.

    A row that becomes two charges (a commitment's fee, and what of it was not used) counts as two, the second with
    nothing billed; a row that becomes none is not counted, but what it bills is.
    """
    rows = pl.DataFrame({"currency": currency.cast(pl.String), "billed_cost": billed})
    return (
        rows.group_by("currency")
        .agg(rows=pl.len(), billed_cost=pl.col("billed_cost").sum())
        .select(list(AS_READ_SCHEMA))
        .cast(AS_READ_SCHEMA)
        .sort("currency")
    )


def claims_of(charges: pl.DataFrame) -> tuple[Claim, ...]:
    """The money of every issuer's account that the charges are billed to."""
    pairs = charges.select("InvoiceIssuerName", "BillingAccountId").unique().sort(pl.all())
    return tuple(Claim(issuer, account, "money") for issuer, account in pairs.iter_rows())


_DIMENSIONS = {
    "source": "x_Source",
    "billing_period": "x_BillingMonth",
    "window_start": "ChargePeriodStart",
    "window_end": "ChargePeriodEnd",
    "account_id": "BillingAccountId",
    "project_id": "SubAccountId",
    "project_name": "SubAccountName",
    "api_key_id": "x_ApiKeyId",
    "api_key_name": "x_ApiKeyName",
    "user_id": "x_UserId",
    "user_name": "x_UserName",
    "model": "x_ModelId",
    "processing_tier": "x_ProcessingTier",
    "inference_geo": "x_InferenceGeo",
    "context_window": "x_ContextWindow",
    "meter": "x_Meter",
    "token_kind": "x_TokenKind",
}
_UNITS = {name: meter.unit for name, meter in METERS.items()}


def readings_of(charges: pl.DataFrame, *, provider: str) -> pl.DataFrame:
    """What charges say was metered (`usage.meter_readings`): usage with a meter, added up by window and dimensions.

    They join their charges by those dimensions, and Σ quantity is Σ ConsumedQuantity of theirs, by meter, proven on
    every load. `provider` is whose price list applies. A tier that the bill does not tell is `standard`, for that is
    what vendors leave unsaid. Usage of less than nothing is no reading.
    """
    metered = charges.filter(
        pl.col("x_Meter").is_not_null(),
        pl.col("ChargeCategory") == "Usage",
        pl.col("ConsumedQuantity") >= 0,
    )
    if metered.is_empty():
        return METER_READINGS.empty()
    keys = list(_DIMENSIONS)
    added = (
        metered.select(quantity="ConsumedQuantity", **_DIMENSIONS)
        .with_columns(pl.col("processing_tier").fill_null("standard"))
        .group_by(keys)
        .agg(pl.col("quantity").sum())
        .sort(keys, nulls_last=True)
    )
    known = added.with_columns(
        provider=pl.lit(provider),
        stream=pl.lit(f"{provider}{BILL_STREAM}"),
        attribution=pl.when(pl.col("api_key_id").is_null()).then(pl.lit("none")).otherwise(pl.lit("exact")),
        unit=pl.col("meter").replace_strict(_UNITS, return_dtype=pl.String),
        quantity=pl.col("quantity").cast(MONEY),
    )
    return known.select(
        pl.col(name) if name in known.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in METER_READINGS.polars_schema.items()
    )
