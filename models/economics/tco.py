"""Total cost of ownership by day: attributed charges with pools split, and declared costs beside them.

Rules, components and owners are applied in `attribution`; here amounts are only divided and put together, exactly.
"""

from __future__ import annotations

import dataframely as dy

from models.table import Table, instant, money, text

ORIGINS = ("charge", "declared")
ALLOCATIONS = ("direct", "shared", "unallocated")


class TcoDaily(dy.Schema):
    """One row per day, origin, component, owner and vendor; costs in `currency`, and effective in reporting currency."""

    origin = text("charge: from a bill; declared: from costs in outlay.yaml, billed 0", values=ORIGINS)
    source = text("Name of the source in outlay.yaml; `declared` for declared costs")
    billing_month = text("Month that it is billed in, YYYY-MM; for declared costs the month of the day")
    day = instant("UTC day")
    provider_name = text("FOCUS ServiceProviderName: who sells it; for declared costs the vendor, or ourselves")
    host_name = text("FOCUS HostProviderName: on whose machines it runs", nullable=True)
    issuer_name = text("FOCUS InvoiceIssuerName: who sends the invoice", nullable=True)
    developer_name = text("Who develops the model; null where there is no model, or it is unknown", nullable=True)
    service_name = text("FOCUS ServiceName; for declared costs the name of the cost", nullable=True)
    region = text("Region, as far as it is known", nullable=True)
    model = text("Model, as the vendor names it", nullable=True)
    charge_category = text("FOCUS ChargeCategory; Usage for declared costs")
    cost_status = text("provisional or invoiced; null for declared costs", nullable=True)
    component = text("Component of the AI stack; null is unmatched", nullable=True)
    layer = text("Layer of the stack; null is unmatched", nullable=True)
    allocation = text(
        "direct: a rule names the team; shared: split from a pool; unallocated: no team", values=ALLOCATIONS
    )
    pool = text("Pool that it was split from, or that could not be split; null for direct cost", nullable=True)
    team = text("Team; null is unallocated", nullable=True)
    cost_centre = text("Cost centre; null is unknown", nullable=True)
    product = text("Product; null is unknown", nullable=True)
    use_case = text("Use case; null is unknown", nullable=True)
    environment = text("Environment; null is unknown", nullable=True)
    currency = text("ISO 4217 code of the four costs")
    billed_cost = money("What finance will pay, in currency; 0 for declared costs")
    effective_cost = money("What the day really cost, in currency")
    list_cost = money("At public prices, in currency")
    contracted_cost = money("At our prices, in currency")
    reporting_currency = text("ISO 4217 code of the reporting amounts")
    exchange_rate = money("Reporting currency for one of currency; null where no rate is known", nullable=True)
    rate_date = dy.Date(nullable=True, description="Day of the rate")
    rate_source = text("Where the rate comes from", nullable=True)
    reporting_billed_cost = money("billed_cost in reporting currency; null where no rate is known", nullable=True)
    reporting_effective_cost = money("effective_cost in reporting currency; null where no rate is known", nullable=True)


TCO_DAILY = Table(
    name="tco_daily",
    schema="marts",
    kind="mart",
    grain=(
        "origin × source × billing month × day × vendor × service × region × model × charge category × cost status × "
        "component × allocation × pool × owner × currency"
    ),
    meaning="What AI really costs by day, component and owner: charges with shared pools split, and declared costs.",
    contract=TcoDaily,
)
