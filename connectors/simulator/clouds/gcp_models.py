"""Gemini on Google's bill: tokens of Vertex AI by SKU, with the model's slug as a label on each row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from connectors.simulator.clouds.accounts import GCP_BILLING, GCP_SANDBOX
from connectors.simulator.clouds.fleet import Traffic, traffic_of
from connectors.simulator.clouds.gcp_rows import Credit, GcpRow
from connectors.simulator.clouds.lines import (
    GCP,
    MODEL_APIS,
    Charge,
    Tokens,
    first_of,
    midnight,
    month_of,
    next_day,
    rounded,
)
from connectors.simulator.clouds.prices import BATCH, PRIORITY, VERTEX
from connectors.simulator.clouds.world import CloudWorld

_NAMES = {
    # slug on the row → name in the SKU's text, id of the API
    "gemini25pro": ("Gemini 2.5 Pro", "gemini-2.5-pro"),
    "gemini38flash": ("Gemini 3.8 Flash", "gemini-3.8-flash"),
    "gemini25flashlite": ("Gemini 2.5 Flash Lite", "gemini-2.5-flash-lite"),
}
_WORDS = {"input": "Text Input", "output": "Text Output", "cache_read": "Text Caching Input"}
_THOUGHT = {"gemini25pro": "Thinking Text Output"}
_FREE = Decimal("0.2")
"""What part of the sandbox's use a promotion pays."""
_LATE_PERMILLE = 120
_MILLION = 1_000_000
"""Prices are of so many counts."""


def token_rows(world: CloudWorld, month: str, day: date) -> Iterator[GcpRow]:
    for traffic in traffic_of(GCP):
        for meter in traffic.thousands:
            yield _row(month, day, traffic, meter, traffic.tokens(world, meter, day))


def late_tokens(world: CloudWorld, month: str) -> list[GcpRow]:
    """What Google tells late: of the last day of the month before on this month's invoice; and, on the second pull, of
    `late_day`, which stood there in part already."""
    before = first_of(month) - timedelta(days=1)
    days = [before] if before in world.days else []
    if world.is_second and month_of(world.late_day) == month:
        days.append(world.late_day)
    traffic = traffic_of(GCP)[0]
    return [
        _row(month, day, traffic, meter, traffic.tokens(world, meter, day) * _LATE_PERMILLE // 1000)
        for day in days
        for meter in ("input", "output")
    ]


def sku_text(traffic: Traffic, meter: str) -> str:
    name = _NAMES[traffic.model][0]
    what = _THOUGHT.get(traffic.model, _WORDS[meter]) if meter == "output" else _WORDS[meter]
    scope = " Global" if traffic.scope == "global" else ""
    tier = "" if traffic.tier == "standard" else f" {traffic.tier.capitalize()}"
    return f"{name}{scope} {what}{tier} - Predictions"


def _row(month: str, day: date, traffic: Traffic, meter: str, count: int) -> GcpRow:
    factor = {"batch": BATCH, "priority": PRIORITY}.get(traffic.tier, Decimal(1))
    price, quantity = VERTEX[traffic.model][meter] * factor, Decimal(count) / _MILLION
    cost = rounded(quantity * price, 6)
    tags = {"app": traffic.name}
    means = [
        Charge(
            GCP, month, GCP_BILLING.id, traffic.account, midnight(day), "Usage", cost, cost, cost, cost,
            tokens=Tokens(_NAMES[traffic.model][1], meter, traffic.tier, count), component=MODEL_APIS, tags=tags,
        )
    ]  # fmt: skip
    credits: tuple[Credit, ...] = ()
    if traffic.account == GCP_SANDBOX:
        free = -rounded(cost * _FREE, 6)
        credits = (Credit("PROMOTION", "Start-up programme 2026", free),)
        means.append(
            Charge(
                GCP,
                month,
                GCP_BILLING.id,
                traffic.account,
                midnight(day),
                "Credit",
                free,
                free,
                free,
                free,
                component=MODEL_APIS,
                tags=tags,
            )
        )
    return GcpRow(
        month, "Vertex AI", sku_text(traffic, meter), traffic.account, midnight(day), next_day(day), cost,
        quantity, "count", price, price, region=traffic.region, block=_MILLION,
        labels={"goog-generativelanguage-model": traffic.model, **tags}, credits=credits,
        means=tuple(means),
    )  # fmt: skip
