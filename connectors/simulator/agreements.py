"""`contracts` of the organisation's `outlay.yaml`: rates that were agreed, money that was promised, and the terms."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.simulator.clouds.lines import AWS
from connectors.simulator.events import Calendar
from connectors.simulator.focus_bills.gpu_credits import COREWEAVE, PACK, VENDOR
from connectors.simulator.focus_bills.saas import MISTRAL, PINECONE, SAAS
from connectors.simulator.organisation import (
    ANTHROPIC,
    CONTRACT_DISCOUNT,
    CONTRACT_MODEL,
    LABS,
    LABS_DISCOUNT,
    OPENAI,
)


def contracts(calendar: Calendar, *, clouds: bool) -> list[dict[str, Any]]:
    """Anthropic's two with their rates; with clouds also those that are commitments and terms alone."""
    order_form = {"name": "Anthropic order form 2026-07", "source": ANTHROPIC}
    labs = {"name": "Anthropic labs agreement", "source": LABS}
    rates = [_rate(CONTRACT_MODEL, CONTRACT_DISCOUNT, calendar.contract_day)]
    labs_rates = [_rate("*", LABS_DISCOUNT, calendar.first_day)]
    if not clouds:
        return [{**order_form, "rates": rates}, {**labs, "rates": labs_rates}]
    begins, ends = calendar.first_day, calendar.first_day.replace(year=calendar.first_day.year + 1)
    terms = {"dpa": begins, "renewal": {"day": ends, "notice_days": 60, "automatic": True}}
    return [
        {**order_form, "rates": rates, **terms, "sla": "99.5 % a month", "residency": ["us", "global"]},
        {**labs, "rates": labs_rates},
        {
            "name": "OpenAI enterprise agreement", "source": OPENAI, "issuer": "OpenAI",
            "commits": [_commit("A year of OpenAI", 1_600_000, begins, ends)],
            **terms, "sla": "99.9 % a month", "residency": ["us", "eu"],
        },
        {
            "name": "AWS private pricing", "source": AWS, "issuer": "Amazon Web Services, Inc.",
            "commits": [_commit("A year of AWS", 1_800_000, begins, ends)],
            "renewal": {"day": ends, "notice_days": 90}, "dpa": begins, "sla": "99.99 % a month",
            "residency": ["us-*", "eu-west-1"],
        },
        {
            "name": "CoreWeave credits", "source": COREWEAVE, "issuer": VENDOR.issuer,
            "commits": [
                {**_commit(f"Credits of {first:%Y-%m}", int(PACK), first, _next(first)), "kind": "prepaid_credits"}
                for first in sorted({day.replace(day=1) for day in calendar.settled})
            ],
        },
        {
            "name": "Mistral AI, La Plateforme", "source": SAAS, "issuer": MISTRAL.issuer,
            "commits": [_commit("A year of Mistral", 12_000, begins, ends, "EUR", true_up=False)],
            "dpa": begins, "residency": ["eu-*"],
        },
        {
            "name": "Pinecone plan", "source": SAAS, "issuer": PINECONE.issuer,
            "renewal": {"day": calendar.last_day + timedelta(days=40), "notice_days": 30, "automatic": True},
        },
    ]  # fmt: skip


def _commit(
    name: str, amount: int, begins: date, ends: date, currency: str = "USD", *, true_up: bool = True
) -> dict[str, Any]:
    other = {} if currency == "USD" else {"currency": currency}
    return {
        "name": name, "kind": "spend", "amount": amount, **other, "valid_from": begins, "valid_to": ends,
        **({} if true_up else {"true_up": False}),
    }  # fmt: skip


def _next(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _rate(model: str, discount: Decimal, valid_from: date) -> dict[str, Any]:
    return {"provider": "anthropic", "model": model, "discount_pct": int(discount), "valid_from": valid_from}
