"""Estimates: usage that no bill line pays. Never part of charges, never summed into billed money (rules of money, 3).

*accrued* will be invoiced (priced usage whose bill is still to come); *notional* will not (free use, seats,
capacity paid by a commitment, refused requests).
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from models.ledger.metering import PROCESSING_TIERS
from models.ledger.units import METERS
from models.table import Table, instant, money, text

REASONS = (
    "price", "discount", "tier", "cache", "geography", "rounding", "late", "missing usage", "missing bill",
    "currency", "tax", "credit", "unknown",
)  # fmt: skip
"""Why reported and computed differ: the closed set of residual reasons (rules of money, 6)."""

PRICE_STATUSES = ("priced", "unpriced", "estimated")
"""`estimated`: priced, but by a rate whose dates or tier do not quite cover the reading. Unknown is never zero."""


class UsageEstimates(dy.Schema):
    """One row per reading (or vendor's own estimate) that no bill line pays."""

    source = text("Name of the source in outlay.yaml")
    billing_period = text("Month of usage, YYYY-MM")
    provider = text("openai, anthropic, …")
    stream = text("Report that it came from")
    window_start = instant("Start of the metered window, inclusive")
    window_end = instant("End of the metered window, exclusive")
    account_id = text("Organisation at the vendor")
    project_id = text("Project or workspace", nullable=True)
    project_name = text("Its name at that time", nullable=True)
    api_key_id = text("API key's identifier", nullable=True)
    api_key_name = text("Its name at that time", nullable=True)
    user_id = text("User or service account", nullable=True)
    user_name = text("Its name at that time", nullable=True)
    model = text("Model, as the vendor names it", nullable=True)
    processing_tier = text("How it was processed", values=PROCESSING_TIERS)
    meter = text("What was metered; null where only a cost was estimated", nullable=True, values=tuple(METERS))
    token_kind = text("The meter where it counts tokens, else null", nullable=True)
    unit = text("FOCUS unit of quantity", nullable=True)
    quantity = money("How many units", nullable=True)
    kind = text("accrued: will be invoiced; notional: will not", values=("accrued", "notional"))
    reason = text("Why no bill pays it", values=REASONS)
    price_status = text("priced, unpriced or estimated", values=PRICE_STATUSES)
    list_cost = money("Public price × quantity; null where unpriced", nullable=True)
    contracted_cost = money("Contract price × quantity; null where unpriced", nullable=True)
    currency = text("ISO 4217")


USAGE_ESTIMATES = Table(
    name="usage_estimates",
    schema="estimates",
    kind="fact",
    grain="one reading, or one estimate of the vendor's own, that no bill line pays",
    meaning="Accrued and notional cost, apart from everything billed.",
    contract=UsageEstimates,
)


def to_estimates(unpaid: pl.DataFrame, *, currency: str) -> pl.DataFrame:
    """`Settlement.unpaid` in the contract of `estimates.usage_estimates`; `currency` is that of its prices.

    One row per reading. An unpriced one keeps null costs: unknown is not zero.
    """
    return unpaid.with_columns(currency=pl.lit(currency)).select(list(USAGE_ESTIMATES.polars_schema))
