"""Bill lines: what a vendor says it charges, and how a line is spread over the readings that it pays for."""

from __future__ import annotations

import dataframely as dy

from models.ledger.metering import PROCESSING_TIERS
from models.ledger.units import METERS
from models.table import Table, instant, money, text

CHARGE_CATEGORIES = ("Usage", "Purchase", "Tax", "Credit", "Adjustment")
COST_STATUSES = ("provisional", "invoiced")


class BillLines(dy.Schema):
    """One row per line of a vendor's cost report. A null dimension means: the line does not say."""

    source = text("Name of the source in outlay.yaml")
    billing_period = text("Month that the vendor bills it in, YYYY-MM")
    provider = text("Whose price list applies: openai, anthropic, …")
    stream = text("Which report of the vendor said so, for example costs")
    line_id = text("Stable identity: the hash of source, window and every dimension of the line")
    window_start = instant("Start of the billed window, inclusive")
    window_end = instant("End of the billed window, exclusive")
    account_id = text("Organisation at the vendor (FOCUS BillingAccountId)")
    project_id = text("Project or workspace that it is billed to", nullable=True)
    project_name = text("Its name at that time", nullable=True)
    api_key_id = text("API key that it is billed to", nullable=True)
    description = text("The vendor's own words for the line, verbatim", nullable=True)
    model = text("Model, as the vendor names it", nullable=True)
    meter = text("Which meter it bills", nullable=True, values=tuple(METERS))
    processing_tier = text("Tier that it bills", nullable=True, values=PROCESSING_TIERS)
    inference_geo = text("Geography that it bills", nullable=True)
    context_window = text("Context band that it bills", nullable=True)
    charge_category = text("FOCUS ChargeCategory", values=CHARGE_CATEGORIES)
    cost_status = text("provisional until an invoice confirms it", values=COST_STATUSES)
    amount = money("What the vendor charges, in currency; negative for credits and refunds")
    list_amount = money("The vendor's own figure before discounts, where it gives one", nullable=True)
    currency = text("ISO 4217, upper case")
    quantity = money("Quantity that the line itself states", nullable=True)
    quantity_unit = text("Its unit, the vendor's word", nullable=True)
    rounding = text("What rounding to 12 places took from the vendor's amount, as exact text; 0 for almost all")

    @dy.rule()
    def window_runs_forward(cls):  # noqa: N805 - dataframely's rules are class methods
        return cls.window_end.col > cls.window_start.col


BILL_LINES = Table(
    name="bill_lines",
    schema="usage",
    kind="fact",
    grain="one line of a vendor's cost report",
    meaning="What vendors say they charge, at their own grain, before it is set against usage.",
    contract=BillLines,
)
