"""Billing periods as FOCUS 1.4 tells them: which issuer's month is open, which is closed, since when we know it.

Invoice Detail has no builder here: an invoice made from the sum of our own charges would prove nothing, so its rows
come from imported invoices only.
"""

from __future__ import annotations

import polars as pl

from models.ledger.focus.tables import BILLING_PERIOD

OBSERVED_PERIODS_SCHEMA = pl.Schema(
    {
        "issuer": pl.String,
        "period_start": pl.Datetime("us", "UTC"),
        "status": pl.String,
        "created": pl.Datetime("us", "UTC"),
        "updated": pl.Datetime("us", "UTC"),
    }
)
"""What loads saw: one row a load or more; status is Open or Closed."""


def billing_periods(observed: pl.DataFrame) -> pl.DataFrame:
    """`focus.billing_period` from observations in `OBSERVED_PERIODS_SCHEMA`: one row per issuer and calendar month.

    Created is the first observation, LastUpdated the last; the status is the last one's, and Closed wins a tie.
    Raises `ContractError` for an observation that is not whole.
    """
    rows = (
        observed.sort("updated", pl.col("status") == "Closed")
        .group_by(InvoiceIssuerName="issuer", BillingPeriodStart="period_start")
        .agg(
            BillingPeriodCreated=pl.min("created"),
            BillingPeriodLastUpdated=pl.max("updated"),
            BillingPeriodStatus=pl.last("status"),
        )
        .with_columns(BillingPeriodEnd=pl.col("BillingPeriodStart").dt.offset_by("1mo"))
        .sort("InvoiceIssuerName", "BillingPeriodStart")
    )
    return BILLING_PERIOD.check(rows.select(list(BILLING_PERIOD.polars_schema)))


def periods_of_charges(charges: pl.DataFrame) -> pl.DataFrame:
    """Issuer and start of every billing period that charges name: distinct, sorted; to be joined with their loads."""
    return (
        charges.select(issuer="InvoiceIssuerName", period_start="BillingPeriodStart")
        .unique()
        .sort("issuer", "period_start")
    )
