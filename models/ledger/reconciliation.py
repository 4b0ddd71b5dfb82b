"""Reconciliation: what the vendor reported, what we compute for the same thing, and why they differ."""

from __future__ import annotations

import dataframely as dy

from models.ledger.estimates import REASONS
from models.table import Table, instant, money, text

MATCHES = ("matched", "unmatched_bill", "unmatched_usage")


class Reconciliation(dy.Schema):
    """One row per bill line, and one per group of readings that no line pays."""

    source = text("Name of the source in outlay.yaml")
    billing_period = text("Month, YYYY-MM")
    window_start = instant("Day, inclusive")
    window_end = instant("Day's end, exclusive")
    account_id = text("Organisation at the vendor")
    line_id = text("The bill line; null where usage has no bill", nullable=True)
    description = text("The vendor's words for the line", nullable=True)
    project_id = text("Project or workspace", nullable=True)
    project_name = text("Its name at that time", nullable=True)
    model = text("Model", nullable=True)
    meter = text("Meter", nullable=True)
    processing_tier = text("Tier", nullable=True)
    match = text("How bill and usage met", values=MATCHES)
    reported = money("What the vendor charges for it; null where it reports nothing", nullable=True)
    computed = money(
        "Contract price × quantity of the readings; null where unpriced or without usage", nullable=True
    )
    difference = money("reported − computed, a missing side taken as nothing")
    reason = text("Why they differ; null where they agree to the cent", nullable=True, values=REASONS)
    quantity = money("Units of the readings", nullable=True)
    currency = text("ISO 4217")


RECONCILIATION = Table(
    name="reconciliation",
    schema="marts",
    kind="fact",
    grain="one bill line; or day × project × model × meter × tier of usage without a bill",
    meaning="Reported against computed, line by line, with the reason of every difference.",
    contract=Reconciliation,
)
