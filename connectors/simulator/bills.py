"""What each vendor charges for a day: lines at the vendor's own grain, with the vendor's own rounding and mistakes.

OpenAI bills project × line item × key and states the quantity; Anthropic's older report bills workspace ×
description without one; the newer report bills each key. A line remembers the usage that it pays for and what that
should cost, so that the truth never has to be matched back. How a line looks on the wire is in the wire modules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import cached_property

from connectors.simulator.draws import between
from connectors.simulator.events import (
    CACHE_MODEL,
    CREDIT_USD,
    PRICE_RISE_MODEL,
    PRICE_RISE_PERCENT,
    REFUSED_MODEL,
    Calendar,
)
from connectors.simulator.list_prices import OPENAI_PRICES, TOOLS, exact_cost, unit_price
from connectors.simulator.organisation import (
    ANTHROPIC,
    CONTRACT_DISCOUNT,
    CONTRACT_MODEL,
    LABS,
    LABS_DISCOUNT,
    OPENAI,
    project_named,
)
from connectors.simulator.traffic import Usage

_MODELLESS = ("web_searches", "file_searches", "stored_bytes", "code_sessions")
"""Meters whose lines name no model, except in the newer Anthropic report."""

_NOVELTY_PRICES = {"input": Decimal(3), "cache_read": Decimal("0.3"), "output": Decimal(12)}
"""What OpenAI charges for the model that no price book knows."""


@dataclass(frozen=True)
class Paid:
    """One meter of one usage, with its list and contracted cost; None where there is no public price."""

    usage: Usage
    meter: str
    quantity: int
    list_cost: Decimal | None
    contracted_cost: Decimal | None


@dataclass(frozen=True)
class Line:
    """One line of a bill, in USD. `pays` is empty where no usage stands behind it.

    `reason` is what reconciliation must say; None where reported and computed agree, but for rounding.
    """

    source: str
    day: date
    project_id: str | None
    api_key_id: str | None
    kind: str
    model: str | None
    meter: str | None
    tier: str | None
    geo: str | None
    context: str | None
    amount: Decimal
    list_amount: Decimal
    pays: tuple[Paid, ...]
    reason: str | None = None

    @property
    def quantity(self) -> int:
        return sum(paid.quantity for paid in self.pays)

    @cached_property
    def computed(self) -> Decimal | None:
        """Contracted cost of what it pays for; None where unpriced or without usage."""
        costs = [paid.contracted_cost for paid in self.pays]
        known = [cost for cost in costs if cost is not None]
        return sum(known, Decimal(0)) if known and len(known) == len(costs) else None


def readings_of(calendar: Calendar, usage: Usage) -> list[Paid]:
    """Every meter of a usage that somebody could charge for, rated at list and contract."""
    provider = OPENAI if usage.source == OPENAI else ANTHROPIC
    readings: list[Paid] = []
    for meter, quantity in usage.quantities.items():
        if meter == "requests" or not quantity:
            continue
        price = unit_price(provider, usage.model, meter, usage.tier, context=usage.context, geo=usage.geo)
        list_cost = None if price is None else exact_cost(price, meter, quantity)
        share = (100 - _discount(calendar, usage)) / 100
        readings.append(Paid(usage, meter, quantity, list_cost, None if list_cost is None else list_cost * share))
    return readings


def _discount(calendar: Calendar, usage: Usage) -> Decimal:
    """Percent off list that a contract gives."""
    if usage.source == LABS:
        return LABS_DISCOUNT
    if usage.source == ANTHROPIC and usage.model == CONTRACT_MODEL and usage.day >= calendar.contract_day:
        return CONTRACT_DISCOUNT
    return Decimal(0)


def lines_of(seed: int, calendar: Calendar, source: str, day: date, usages: Iterable[Usage]) -> tuple[Line, ...]:
    """The bill of one day; nothing for the last one, whose bill is late."""
    if calendar.is_late(day):
        return ()
    groups: dict[tuple[object, ...], list[Paid]] = {}
    for usage in usages:
        for paid in readings_of(calendar, usage):
            if _is_billed(usage):
                groups.setdefault(_grain(source, paid), []).append(paid)
    lines = [_line(calendar, tuple(paid)) for paid in groups.values()]
    if source == OPENAI and day == calendar.credit_day:
        lines.append(_unmatched(source, day, "credit", None, Decimal(CREDIT_USD), "credit"))
    if source == ANTHROPIC and calendar.has_code_execution(day):
        workspace = project_named(ANTHROPIC, "Analyst Notebooks").id
        spent = Decimal(between(900, 4200, seed, day, "code execution")) / 100
        lines.append(_unmatched(source, day, "code_execution", workspace, spent, "missing usage"))
    return tuple(lines)


def _is_billed(usage: Usage) -> bool:
    """Refused requests are free, and Anthropic's priority tier is paid by commitment."""
    return usage.model != REFUSED_MODEL and not (usage.source == ANTHROPIC and usage.tier == "priority")


def _grain(source: str, paid: Paid) -> tuple[object, ...]:
    usage, meter = paid.usage, paid.meter
    by_key = usage.api_key_id if source != ANTHROPIC else None
    if meter in _MODELLESS and source != LABS:
        return (usage.project_id, by_key, meter)
    return (usage.project_id, by_key, meter, usage.model, usage.tier, usage.geo, usage.context)


def _line(calendar: Calendar, pays: tuple[Paid, ...]) -> Line:
    usage, meter = pays[0].usage, pays[0].meter
    plain = meter in _MODELLESS and usage.source != LABS
    charged, reason = _charged(calendar, pays)
    before_discount = sum((paid.list_cost for paid in pays if paid.list_cost is not None), Decimal(0))
    return Line(
        source=usage.source,
        day=usage.day,
        project_id=usage.project_id,
        api_key_id=None if usage.source == ANTHROPIC else usage.api_key_id,
        kind=meter if meter in _MODELLESS else "tokens",
        model=None if plain else usage.model,
        meter=meter,
        tier=None if plain else usage.tier,
        geo=None if plain else usage.geo,
        context=None if plain else usage.context,
        amount=_rounded(usage.source, charged),
        list_amount=before_discount,
        pays=pays,
        reason=reason,
    )


def _charged(calendar: Calendar, pays: tuple[Paid, ...]) -> tuple[Decimal, str | None]:
    """What the vendor charges before rounding, and why it is not what it should be."""
    usage, meter = pays[0].usage, pays[0].meter
    quantity = sum(paid.quantity for paid in pays)
    known = [paid.contracted_cost for paid in pays if paid.contracted_cost is not None]
    if len(known) < len(pays):
        return _unlisted(usage.model, meter, quantity), None
    due = sum(known, Decimal(0))
    if usage.source != OPENAI:
        return due, None
    if usage.model == PRICE_RISE_MODEL and usage.tier == "standard" and usage.day in calendar.price_days:
        return due * (100 + PRICE_RISE_PERCENT) / 100, "price"
    wrong_cache = usage.model == CACHE_MODEL and usage.tier == "standard" and meter == "cache_read"
    if wrong_cache and usage.day in calendar.cache_days:
        return exact_cost(OPENAI_PRICES[CACHE_MODEL]["standard"]["input"], "input", quantity), "cache"
    return due, None


def _unlisted(model: str | None, meter: str, quantity: int) -> Decimal:
    """OpenAI's charge for what no public price list by model knows."""
    if meter == "stored_bytes":
        return TOOLS[meter] * quantity / 2**30
    if meter in TOOLS:
        return TOOLS[meter] * quantity
    if model is not None and "moderation" in model:
        return Decimal(0)
    return _NOVELTY_PRICES[meter] * quantity / 1_000_000


def _rounded(source: str, amount: Decimal) -> Decimal:
    """OpenAI rounds to a millionth of a dollar, Anthropic's older report to 1/100 000 cent, the newer not at all."""
    if source == OPENAI:
        return amount.quantize(Decimal("1e-6"), ROUND_HALF_EVEN)
    if source == ANTHROPIC:
        return amount.quantize(Decimal("1e-7"), ROUND_HALF_UP)
    return amount


def _unmatched(source: str, day: date, kind: str, project_id: str | None, amount: Decimal, reason: str) -> Line:
    return Line(
        source, day, project_id, None, kind, None, None, None, None, None, amount, amount, (), reason
    )  # fmt: skip
