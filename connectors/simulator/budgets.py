"""`budgets` of the organisation's `outlay.yaml`: each way to say one occurs, and some of them are crossed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.simulator.budget_truth import Watched
from connectors.simulator.clouds.lines import ACCELERATOR_COMPUTE, OWNED_HARDWARE
from connectors.simulator.focus_bills.saas import SAAS
from connectors.simulator.spending import Spending

if TYPE_CHECKING:
    from connectors.simulator.simulation import Simulation

Said = dict[str, Any]


def budgets(simulation: Simulation) -> list[Said]:
    """One that this month has crossed already, one that it will not cross; with clouds one of each kind besides."""
    spending, month = simulation.spending("second"), simulation.billing_periods[-1]
    spent = {
        team: sum(
            (costs.billed for place, costs in spending.costs.items()
             if (place.billing_month, place.currency) == (month, "USD") and team in (None, place.owner.team)),
            Decimal(0),
        )
        for team in ("search", None)
    }  # fmt: skip
    first = [
        {
            "name": "Search team, monthly",
            "amount": max(int(spent["search"] * 4 / 5) // 50 * 50, 1),
            "scope": {"team": "search"},
            "thresholds_pct": [100],
        },
        {"name": "All AI, monthly", "amount": int(spent[None] * 3) // 10000 * 10000 + 250000},
    ]
    return [*first, *_further(simulation, spending)] if simulation.has_clouds else first


def _further(simulation: Simulation, spending: Spending) -> Iterable[Said]:
    """Of amounts that follow from what was spent in the months that are over."""
    begins, as_of = simulation.calendar.first_day, simulation.as_of.date()
    known = simulation.billing_periods
    over = known[:-1] or known

    def about(share: str, said: Said, months: Sequence[str] = over) -> Said:
        """With the amount: so many times what was spent in one of the months, rounded."""
        watched = Watched({**said, "period": "month"}, spending, begins, as_of)
        spent = sum((watched.spent_in(month) for month in months), Decimal(0)) / len(months)
        return {**said, "amount": max(int(spent * Decimal(share)) // 10 * 10, 10)}

    yield about("3.3", {
        "name": "OpenAI, by the quarter", "period": "quarter", "scope": {"vendor": "OpenAI"},
        "thresholds_pct": [50, 80, 100],
    })  # fmt: skip
    yield about("1.15", {
        "name": "Agents of the data team", "scope": {"team": "data", "model": "gpt-6.1-*"},
        "thresholds_pct": [80, 100], "burn_rates": [{"days": 3, "confirm_days": 1, "rate": 3}],
    })  # fmt: skip
    yield _with_a_busy_end(as_of.year, about("12.6", {
        "name": "Accelerators, this year", "period": "year", "cost_basis": "effective",
        "scope": {"component": [ACCELERATOR_COMPUTE, OWNED_HARDWARE]}, "thresholds_pct": [50, 80, 100], "owner": "data",
    }))  # fmt: skip
    yield about("0.97", {
        "name": "Coding, the last 30 days", "period": "rolling", "days": 30, "scope": {"use_case": "coding"},
        "forecast": [], "owner": "engineering",
    })  # fmt: skip
    yield about("1.02", {
        "name": "Trying things out", "scope": {"environment": ["sandbox", "staging"]}, "growth_pct": 4,
        "grows_from": known[0], "carry_over": "unspent", "carry_over_limit_pct": 25, "forecast": [],
        "owner": "engineering",
    }, known[:1])  # fmt: skip
    yield about("5.2", {
        "name": "Assistants, this season", "period": "fixed", "first_day": _months_later(as_of, -5),
        "last_day": _months_later(as_of, 1) - timedelta(days=1), "scope": {"tags": {"app": ["assistant*", "care-*"]}},
        "thresholds_pct": [50, 80, 100], "owner": "support",
    })  # fmt: skip
    yield about("1.1", {
        "name": "Mistral, in euros", "currency": "EUR", "scope": {"source": SAAS}, "cost_basis": "list",
    })  # fmt: skip
    yield about("1.05", {
        "name": "Customer care", "scope": {"product": "customer-care"}, "carry_over": "both", "owner": "support",
        "thresholds_pct": [50, 80, 100],
    })  # fmt: skip


def _with_a_busy_end(year: int, said: Said) -> Said:
    """The last three months of a year may cost a fifth more than a twelfth of it each."""
    month = said["amount"] // 12 * 12 // 10
    return {**said, "amounts": {f"{year}-{number}": month for number in (10, 11, 12)}}


def _months_later(day: date, months: int) -> date:
    """The first of a month."""
    position = day.year * 12 + day.month - 1 + months
    return date(position // 12, position % 12 + 1, 1)
