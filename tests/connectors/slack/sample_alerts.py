"""Alerts, notices and a digest to make messages of: one ordinary alert, and what differs from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.slack.message import Look
from models.control.alerts import Alert
from models.control.conditions import AlertKey, Condition, Point
from models.control.digest import BudgetStanding, Digest, Week, WeekMover, WeekSpending
from models.control.notices import Notice, What
from models.control.savings import Saving

NOW = datetime(2026, 11, 27, 9, 12, tzinfo=UTC)
OPENED = NOW - timedelta(hours=3)
BOT = Look("Example Corp", "https://outlay.example/", has_buttons=True, is_bot=True)
WEBHOOK = Look("Example Corp", "https://outlay.example/", has_buttons=False, is_bot=False)
TREND = tuple(
    Point(date(2026, 11, 18) + timedelta(days=place), Decimal(amount), Decimal(1000))
    for place, amount in enumerate((900, 950, 1000, 3000, 2400, 600))
)
BUDGET = Condition(
    key=AlertKey("search", "team search", "2026-11", "100"),
    kind="budget",
    standing="firing",
    severity="critical",
    headline="AI budget exceeded: search",
    subject="search",
    answer="11,250.00 USD of 10,000.00 USD billed for November 2026: 1,250.00 USD over (112.5 %).",
    to_do="Ask search about claude-sonnet-4-5 first.",
    since=date(2026, 11, 21),
    cause="Cost rose by 2,340.00 USD: +3,100.00 USD more usage, -760.00 USD lower prices.",
    facts=(("Budget", "10,000.00 USD for November 2026, billed"), ("Data through", "26 November 2026")),
    details=("search · claude-sonnet-4-5: +1,900.00 USD", "search · gpt-5: +440.00 USD"),
    amount=Decimal(11250),
    limit=Decimal(10000),
    currency="USD",
    team="search",
    vendor="Anthropic",
    page="overview?period=2026-11&basis=billed",
    trend=TREND,
)


def condition(**changes: Any) -> Condition:
    return replace(BUDGET, **changes)


def alert(of: Condition = BUDGET, **changes: Any) -> Alert:
    told = Alert(of.key, of.kind, of, "notified", 1, OPENED, OPENED, notified_at=OPENED)
    return replace(told, **changes)


def several(count: int, **changes: Any) -> list[Alert]:
    keys = [AlertKey("search", "team search", "2026-11", str(number)) for number in range(count)]
    return [alert(condition(key=key, headline=f"Alert number {key.threshold}"), **changes) for key in keys]


def notice(what: What, alerts: list[Alert], says: str, **changes: Any) -> Notice:
    ids = tuple(each.key.alert_id for each in alerts)
    return replace(Notice(f"key-of-{says}", what, "#ai-costs", ids, says), **changes)


def by_id(alerts: list[Alert]) -> dict[str, Alert]:
    return {each.key.alert_id: each for each in alerts}


DIGEST = Digest(
    week=Week(date(2026, 11, 16), date(2026, 11, 22), date(2026, 11, 22)),
    spending=(WeekSpending("USD", Decimal(10500), Decimal(10000), Decimal(12000), TREND),),
    budgets=(
        BudgetStanding(
            "search", "2026-11", "USD", "billed", Decimal(10000), Decimal(8250), Decimal(11900), Decimal(11200),
            Decimal(12800),
        ),
        BudgetStanding("labs", "2026-11", "USD", "effective", Decimal(500), Decimal(100)),
    ),
    movers=(
        WeekMover("research", "gpt-5", "USD", Decimal(4210), Decimal(1150), "94 % of it is key batch-eval-7."),
        WeekMover("search", None, "USD", Decimal(1000), Decimal(3000), None),
    ),
    alerts=(alert(),),
    opened=4,
    resolved=3,
    savings=(
        Saving("idle", "Accelerators idle in October 2026", Decimal("7954.62"), "USD", "most of it research", "x"),
    ),
    health="8 of 9 sources are fresh (aws is stale).",
)  # fmt: skip
