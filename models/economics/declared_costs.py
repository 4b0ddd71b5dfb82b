"""Declared costs by day: owned hardware, people, subscriptions and support, until an invoice says otherwise.

Rules of money, 4. What is declared comes from outlay.yaml; whose it is stands with it. Charges do not belong here.
"""

from __future__ import annotations

import dataframely as dy

from models.table import Table, instant, money, text

DECLARED_KINDS = ("owned_accelerators", "people", "subscription", "support", "other")
STANDINGS = ("declared", "invoiced")


class DeclaredCosts(dy.Schema):
    """One row per declared cost, part of it and UTC day; amounts in `currency`."""

    name = text("Name of the cost in outlay.yaml")
    kind = text("What it is", values=DECLARED_KINDS)
    part = text("depreciation, electricity, colocation, people or fee")
    day = instant("UTC day")
    vendor = text("Who is paid, as far as it is said", nullable=True)
    accelerator_type = text("Accelerator, for owned accelerators", nullable=True)
    accelerator_hours = money(
        "Accelerator-hours that were there on that day; on the depreciation row only", nullable=True
    )
    component = text("Component of the AI stack", nullable=True)
    layer = text("Layer of the stack", nullable=True)
    team = text("Team; null is unallocated, or in a pool", nullable=True)
    cost_centre = text("Cost centre", nullable=True)
    product = text("Product", nullable=True)
    use_case = text("Use case", nullable=True)
    environment = text("Environment", nullable=True)
    pool = text("Shared pool that it is split from", nullable=True)
    standing = text("declared: it counts; invoiced: an invoice took its place, and it counts 0", values=STANDINGS)
    invoice_id = text("Invoice that took its place", nullable=True)
    currency = text("ISO 4217 code of the amounts")
    declared_cost = money("What was declared for that day")
    effective_cost = money("What counts: declared_cost, or 0 where an invoice took its place")


DECLARED_COSTS = Table(
    name="declared_costs",
    schema="marts",
    kind="mart",
    grain="declared cost × part × day",
    meaning="Costs that no API bills, by day as outlay.yaml declares them; BilledCost is 0 until an invoice is imported.",
    contract=DeclaredCosts,
)
