"""Charges on their way out, as FOCUS 1.4 or 1.2 asks for them: which columns, in which order, in which words.

Only form changes here, never an amount. Writing files belongs to whoever owns the disk.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from models.errors import ContractError
from models.ledger.focus.tables import CHARGE_COLUMNS, INSTANT_COLUMNS

ExportVersion = Literal["1.4", "1.2"]
EXPORT_VERSIONS: tuple[ExportVersion, ...] = ("1.4", "1.2")

_BILLING = {
    "PricingCurrency": "BillingCurrency",
    "PricingCurrencyContractedUnitPrice": "ContractedUnitPrice",
    "PricingCurrencyEffectiveCost": "EffectiveCost",
    "PricingCurrencyListUnitPrice": "ListUnitPrice",
}


def export_columns(version: ExportVersion) -> list[str]:
    """Columns of an export: FOCUS's alphabetical, then ours alphabetical.

    1.4 keeps the deprecated ProviderName and PublisherName, since its requirements model still asks for them
    (CAU-CostAndUsage-D-038-M, -D-021-M); 1.2 has them as its own and lacks what came later.
    """
    focus = sorted(
        column.name
        for column in CHARGE_COLUMNS.values()
        if column.level != "extension" and (column.exists_in(version) or column.level == "deprecated")
    )
    return [*focus, *sorted(column.name for column in CHARGE_COLUMNS.values() if column.level == "extension")]


def for_export(charges: pl.DataFrame, version: ExportVersion = "1.4") -> pl.DataFrame:
    """Rows of `focus.cost_and_usage` in the columns and order of FOCUS `version`; one row in, one row out.

    ProviderName and PublisherName fall back to ServiceProviderName. Charges without a PricingCurrency that we priced
    ourselves (x_PriceStatus is not native) were priced in the billing currency, and say so; a vendor's own stay
    silent. `ContractError` for a version that is not exported, or a table that lacks a column.
    """
    if version not in EXPORT_VERSIONS:
        raise ContractError(f"FOCUS {version} is not exported", remedy=f"choose one of {', '.join(EXPORT_VERSIONS)}")
    missing = [name for name in CHARGE_COLUMNS if name not in charges.columns]
    if missing:
        raise ContractError(
            f"these are no charges of focus.cost_and_usage: {', '.join(missing[:5])} missing",
            remedy="export rows of focus.cost_and_usage, all of its columns",
        )
    silent = pl.col("PricingCurrency").is_null() & pl.col("x_PriceStatus").ne_missing("native")
    return charges.with_columns(
        *(
            pl.when(silent).then(pl.coalesce(pricing, billing)).otherwise(pricing).alias(pricing)
            for pricing, billing in _BILLING.items()
        ),
        *(pl.coalesce(name, "ServiceProviderName").alias(name) for name in ("ProviderName", "PublisherName")),
    ).select(export_columns(version))


def for_csv(exported: pl.DataFrame) -> pl.DataFrame:
    """The same rows for a text file: times as FOCUS writes them, `2026-09-01T00:00:00Z`."""
    times = [name for name in INSTANT_COLUMNS if name in exported.columns]
    return exported.with_columns(pl.col(times).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"))
