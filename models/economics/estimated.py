"""Accrued and notional cost by day, component and owner: beside what is charged, never in it (rules of money, 3).

Estimates are attributed by the same rules as charges. What only a bill tells (its tags, its region, its SKU) is not
known of them, so a rule that asks for it fits none of them. Pools are not split: their drivers are of whole months.
"""

from __future__ import annotations

import dataframely as dy

from models.ledger.estimates import REASONS
from models.table import Table, instant, money, text


class EstimatedDaily(dy.Schema):
    """One row per day, kind, vendor, project, model, component and owner; costs in `currency`."""

    source = text("Name of the source in outlay.yaml")
    billing_month = text("Month of usage, YYYY-MM: it will be billed then, or never")
    day = instant("UTC day on which the metered window starts")
    kind = text("accrued: will be invoiced; notional: will not", values=("accrued", "notional"))
    reason = text("Why no bill pays it", values=REASONS)
    provider_name = text("FOCUS ServiceProviderName: who sells it")
    service_name = text("FOCUS ServiceName", nullable=True)
    project_id = text("Project or workspace", nullable=True)
    project_name = text("Its name at that time", nullable=True)
    model = text("Model, as the vendor names it", nullable=True)
    component = text("Component of the AI stack; null is unmatched", nullable=True)
    layer = text("Layer of the stack; null is unmatched", nullable=True)
    team = text("Team that owns it; null is unallocated, or in a pool", nullable=True)
    cost_centre = text("Cost centre; null is unknown", nullable=True)
    product = text("Product; null is unknown", nullable=True)
    use_case = text("Use case; null is unknown", nullable=True)
    environment = text("Environment, such as production; null is unknown", nullable=True)
    pool = text("Shared pool that it will be split from; null where it is in none", nullable=True)
    currency = text("ISO 4217 code of both costs")
    list_cost = money("Public price × quantity of readings that have one; null where none has", nullable=True)
    contracted_cost = money("Contract price × quantity of readings that have one; null where none has", nullable=True)
    readings = dy.Int64(nullable=False, description="How many readings, or estimates of the vendor's own")
    unpriced_readings = dy.Int64(nullable=False, description="Of these, how many have no list cost")
    uncontracted_readings = dy.Int64(nullable=False, description="Of these, how many have no contracted cost")
    through = instant("End of the last metered window, exclusive")


ESTIMATED_DAILY = Table(
    name="estimated_daily",
    schema="marts",
    kind="mart",
    grain="source × day × kind × reason × vendor × project × model × component × owner × pool × currency",
    meaning="Accrued and notional cost by day with component and owner, apart from everything billed.",
    contract=EstimatedDaily,
)
