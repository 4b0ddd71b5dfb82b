"""Corrections after our own lock: the booked snapshot stands, a later change is a Correction in the open period.

Rule 11 of the rules of money. What a vendor restates before the lock replaces; that is `restatement` and the load
itself. A vendor's own Correction rows are kept as delivered and are not made here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from models.ledger.focus import COST_AND_USAGE
from models.ledger.focus.tables import COST_COLUMNS
from models.table import Table, text

AS_BOOKED = Table(
    name="cost_and_usage_as_booked",
    schema="focus",
    kind="view",
    grain=COST_AND_USAGE.grain,
    meaning="Charges as we booked them: locked months as they stood at the lock, with later changes as Corrections.",
    contract=COST_AND_USAGE.contract,
)

CORRECTIONS = Table(
    name="corrections",
    schema="focus",
    kind="fact",
    grain="change after our lock × day × account × project × key × model × meter × tier × category × currency",
    meaning="What vendors told otherwise about months that we had locked: differences, booked in the open month.",
    contract=type(
        "Corrections",
        (COST_AND_USAGE.contract,),
        {"x_CorrectedMonth": text("The locked month that is corrected, YYYY-MM; x_BillingMonth is where it is booked")},
    ),
)

_BY = (
    "x_Source", "InvoiceIssuerName", "ServiceProviderName", "HostProviderName", "ProviderName", "PublisherName",
    "ServiceName", "ServiceCategory", "ServiceSubcategory", "BillingAccountId", "BillingAccountName", "SubAccountId",
    "SubAccountName", "SubAccountType", "BillingCurrency", "ChargeCategory", "ChargeFrequency", "ChargePeriodStart",
    "ChargePeriodEnd", "x_ApiKeyId", "x_ApiKeyName", "x_CostSource", "x_Meter", "x_ModelId", "x_ProcessingTier",
    "x_Team", "x_TokenKind", "x_UserId", "x_UserName",
)  # fmt: skip
"""What a correction keeps of the charges that it corrects."""


def corrections(
    booked: pl.DataFrame,
    earlier: pl.DataFrame,
    delivered: pl.DataFrame,
    *,
    corrected_month: str,
    open_period: datetime,
) -> pl.DataFrame:
    """What has to be booked now, so that booked + all corrections = delivered, for each of the four costs.

    `booked`: the locked snapshot of one (source, billing period); `earlier`: corrections booked since; `delivered`:
    what the vendor says now; charges and corrections in their contracts. `open_period` is the first instant of
    the month that the new rows are booked in. No change gives no row. Rows carry costs and no quantity or price.
    """
    sides = [
        delivered.select(*_BY, *COST_COLUMNS),
        *(frame.select(*_BY, *(-pl.col(cost) for cost in COST_COLUMNS)) for frame in (booked, earlier)),
    ]
    end = (open_period + timedelta(days=32)).replace(day=1)
    changed = (
        pl.concat(sides)
        .group_by(_BY)
        .agg(pl.col(COST_COLUMNS).sum())
        .filter(pl.any_horizontal(pl.col(cost) != 0 for cost in COST_COLUMNS))
        .sort(_BY, nulls_last=True)
    )
    period = f"{open_period:%Y-%m}"
    return (
        changed.with_columns(
            *(
                pl.lit(None, dtype=dtype).alias(name)
                for name, dtype in COST_AND_USAGE.polars_schema.items()
                if name not in changed.columns
            )
        )
        .with_columns(
            BillingPeriodStart=pl.lit(open_period).cast(pl.Datetime("us", "UTC")),
            BillingPeriodEnd=pl.lit(end).cast(pl.Datetime("us", "UTC")),
            ChargeClass=pl.lit("Correction"),
            ChargeDescription=pl.format(
                "Restated after {} was locked: {}",
                pl.col("ChargePeriodStart").dt.strftime("%Y-%m"),
                pl.coalesce("x_ModelId", "ServiceName", pl.lit("charge")),
            ),
            x_BillingMonth=pl.lit(period),
            x_CostStatus=pl.lit("provisional"),
            x_Match=pl.lit("native"),
            x_PriceStatus=pl.lit("native"),
            x_CorrectedMonth=pl.lit(corrected_month),
        )
        .select(list(CORRECTIONS.polars_schema))
    )
