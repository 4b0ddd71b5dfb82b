"""Meter readings: what was used, before anybody speaks of money.

Here belong the contract of `usage.meter_readings` and the check that token kinds are disjoint and sum to the
vendor's own totals. Prices and bills do not.
"""

from __future__ import annotations

import dataframely as dy

from models.ledger.units import METERS
from models.table import Table, instant, money, text

PROCESSING_TIERS = ("standard", "batch", "flex", "priority", "fast", "unknown")
"""Closed set. `standard` is the default; `unknown` is a tier that we do not know (the raw word is kept)."""


BILL_STREAM = "/bill"
"""How the stream of readings ends that were read off a bill's own charges: those charges pay them."""


class MeterReadings(dy.Schema):
    """One row per source, window, set of dimensions and meter."""

    source = text("Name of the source in outlay.yaml")
    billing_period = text(
        "Month of usage, YYYY-MM, by the vendor's day (UTC); of a bill's own readings the month billed"
    )
    provider = text("Whose price list applies, in the price book's names: openai, anthropic, …")
    stream = text("Which report of the vendor said so, for example usage/completions")
    window_start = instant("Start of the metered window, inclusive")
    window_end = instant("End of the metered window, exclusive")
    account_id = text("Organisation at the vendor (FOCUS BillingAccountId)")
    project_id = text("Project or workspace (FOCUS SubAccountId); 'default' for a default workspace", nullable=True)
    project_name = text("Its name at that time", nullable=True)
    api_key_id = text("API key's identifier, never the secret; null where no key was used or told", nullable=True)
    api_key_name = text("Its name at that time", nullable=True)
    user_id = text("User or service account", nullable=True)
    user_name = text("Its name at that time", nullable=True)
    model = text("Model, exactly as the vendor names it; null for meters that have none", nullable=True)
    processing_tier = text("How it was processed", values=PROCESSING_TIERS)
    service_tier = text("The vendor's own word for the tier, verbatim", nullable=True)
    inference_geo = text("Where inference ran, the vendor's word (global, us, …); null where not told", nullable=True)
    context_window = text("Context band, the vendor's word (0-200k, 200k-1M); null where not told", nullable=True)
    detail = text("Other dimensions of the meter, as key=value;key=value, sorted", nullable=True)
    attribution = text(
        "exact: the vendor reported this key; apportioned: joined from two reports; none: the rest, key unknown",
        values=("exact", "apportioned", "none"),
    )
    meter = text("What was metered; token kinds are disjoint", values=tuple(METERS))
    token_kind = text("The meter where it counts tokens, else null", nullable=True)
    unit = text("FOCUS unit of quantity: Tokens, Requests, Images, …")
    quantity = money("How many units, never negative")

    @dy.rule()
    def window_runs_forward(cls):  # noqa: N805 - dataframely's rules are class methods
        return cls.window_end.col > cls.window_start.col

    @dy.rule()
    def quantity_is_not_negative(cls):  # noqa: N805
        return cls.quantity.col >= 0


METER_READINGS = Table(
    name="meter_readings",
    schema="usage",
    kind="fact",
    grain="source × window × account × project × key × user × model × tier × geography × context × detail × meter",
    meaning="What was used, as the vendor metered it. A reading has no price and no money.",
    contract=MeterReadings,
)
