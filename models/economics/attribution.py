"""Attribution: charges by day with the component and the owner that rules give them, before pools are split.

Decision record 7. What a rule is and which one fits belongs to `first_match`; what components there are to
`components`, whose a charge is to `ownership`; splitting shared pools and declared costs to `tco`.
"""

from __future__ import annotations

import dataframely as dy

from models.table import Table, instant, money, text


class AttributedDaily(dy.Schema):
    """One row per day and everything that rules, unit costs and vendors ask of charges; costs in `currency`."""

    source = text("Name of the source in outlay.yaml")
    billing_month = text("Month that it is billed in, YYYY-MM")
    day = instant("UTC day on which the charge period starts")
    provider_name = text("FOCUS ServiceProviderName: who sells it")
    host_name = text("FOCUS HostProviderName: on whose machines it runs", nullable=True)
    issuer_name = text("FOCUS InvoiceIssuerName: who sends the invoice")
    developer_name = text(
        "Who develops the model: OpenAI, Anthropic, Meta, …; null where there is no model, or it is unknown",
        nullable=True,
    )
    service_name = text("FOCUS ServiceName", nullable=True)
    billing_account_id = text("Account that is invoiced")
    project_id = text("FOCUS SubAccountId: project, workspace, subscription", nullable=True)
    project_name = text("Its name at that time", nullable=True)
    region = text("FOCUS RegionId, or where inference ran where the vendor tells only that", nullable=True)
    model = text("Model, as the vendor names it", nullable=True)
    meter = text("What was metered", nullable=True)
    token_kind = text("The meter where it counts tokens, else null", nullable=True)
    processing_tier = text("standard, batch, flex, priority, fast or unknown", nullable=True)
    inference_geo = text("Where inference ran, the vendor's word", nullable=True)
    accelerator_type = text("Accelerator, such as H100; null where there is none", nullable=True)
    pricing_category = text("FOCUS PricingCategory: Standard, Committed, Dynamic, Other", nullable=True)
    commitment_id = text("FOCUS CommitmentDiscountId", nullable=True)
    commitment_status = text("FOCUS CommitmentDiscountStatus: Used or Unused", nullable=True)
    capacity_status = text("FOCUS CapacityReservationStatus: Used or Unused", nullable=True)
    charge_category = text("FOCUS ChargeCategory")
    price_status = text("priced, unpriced, estimated or native", nullable=True)
    cost_status = text("provisional or invoiced", nullable=True)
    component = text("Component of the AI stack; null is unmatched", nullable=True)
    layer = text("Layer of the stack that the component belongs to; null is unmatched", nullable=True)
    team = text("Team that owns it; null is unallocated, or in a pool", nullable=True)
    cost_centre = text("Cost centre; null is unknown", nullable=True)
    product = text("Product; null is unknown", nullable=True)
    use_case = text("Use case; null is unknown", nullable=True)
    environment = text("Environment, such as production; null is unknown", nullable=True)
    pool = text("Shared pool that it is split from; null where it is in none", nullable=True)
    currency = text("ISO 4217 code of the four costs")
    unit = text("FOCUS unit of consumed_quantity", nullable=True)
    charges = dy.Int64(nullable=False, description="How many charges")
    billed_cost = money("What finance will pay, in currency")
    effective_cost = money("What the day really cost, in currency")
    list_cost = money("At public prices, in currency")
    contracted_cost = money("At our prices, in currency")
    consumed_quantity = money("How much was used, in unit; null where nothing was metered", nullable=True)
    accelerator_hours = money("Accelerator-hours used, or left unused of a commitment; null where none", nullable=True)


ATTRIBUTED_DAILY = Table(
    name="attributed_daily",
    schema="marts",
    kind="mart",
    grain=(
        "source × billing month × day × service × account × project × region × model × meter × tier × accelerator × "
        "commitment × capacity × charge category × price status × cost status × component × owner × pool × currency × unit"
    ),
    meaning="Charges by day with component and owner, before shared pools are split: quantities and all four costs.",
    contract=AttributedDaily,
)
