"""What a charge is called: a name by which people ask for it, that the same answers always give.

FOCUS has no identifier of a charge. Vendors' own (InvoiceDetailId, x_BillLineId) are of lines, several charges each.
"""

from __future__ import annotations

import polars as pl


def numbered(charges: pl.DataFrame, *, billing_period: str, after: int = 0, kind: str = "") -> pl.DataFrame:
    """Charges with x_ChargeId: source, billing period, and the place in the load, counted on `after` others.

    `openai:2026-03:17`; with a `kind` such as `correction-` before the number, so that it is no charge's of the load.
    """
    number = (pl.row_index() + after + 1).cast(pl.String)
    return charges.with_columns(
        x_ChargeId=pl.concat_str(pl.col("x_Source"), pl.lit(f":{billing_period}:{kind}"), number)
    )
