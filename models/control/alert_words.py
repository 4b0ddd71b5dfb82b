"""Alerts in words: the same on the page, on the command line and in messages. Plain text, no markup."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from models.control.alerts import Alert
from models.control.conditions import Condition, Kind, Severity
from models.wording import UNKNOWN, count_text, instant_text, money_text

KIND_WORDS: Mapping[Kind, str] = {
    "budget": "budget",
    "budget_forecast": "budget forecast",
    "burn_rate": "burn rate",
    "commitment_running_out": "commitment runs out",
    "commitment_unused": "commitment left unused",
    "renewal": "renewal ahead",
    "anomaly": "anomaly",
    "reconciliation": "reconciliation",
    "stale_source": "stale source",
    "unpriced_usage": "usage without a price",
    "residency": "residency",
}
NOBODY = "nobody is named"
"""Who owns what no team is known of."""
SHOWN = timedelta(days=30)
"""What was resolved longer ago is listed only where everything is asked for."""
RANKS: Mapping[Severity, int] = {"critical": 0, "warning": 1, "info": 2}
"""What comes first."""


def figure_text(condition: Condition) -> str:
    """`11,250.00 USD of 10,000.00 USD`, `96 hours of 48 hours`, `1,200.00 USD`; a dash where there is no figure."""
    if condition.amount is None:
        return UNKNOWN
    amount = _quantity(condition.amount, condition)
    return amount if condition.limit is None else f"{amount} of {_quantity(condition.limit, condition)}"


def _quantity(amount: Decimal, condition: Condition) -> str:
    if condition.currency is not None:
        return money_text(amount, condition.currency)
    written = f"{amount.normalize():,f}" if abs(amount) < 1000 else count_text(amount)
    return f"{written} {condition.unit}" if condition.unit else written


def state_text(
    alert: Alert, *, instant: Callable[[datetime | None], str] = instant_text, name: Callable[[str], str] = str
) -> str:
    """What has become of it: `acknowledged by anna on 27 November 2026, 09:12 UTC`.

    `instant` and `name` write instants and who acted otherwise, where there is markup.
    """
    by = f" by {name(alert.handled_by)}" if alert.handled_by else ""
    match alert.state:
        case "open":
            return "open; nobody was told yet"
        case "notified":
            return f"told on {instant(alert.notified_at)}"
        case "acknowledged":
            return f"acknowledged{by} on {instant(alert.handled_at)}"
        case "snoozed":
            return f"snoozed{by} until {instant(alert.snoozed_until)}"
        case "escalated":
            return f"escalated (level {alert.level}) on {instant(alert.changed_at)}"
        case "resolved":
            return f"resolved{by} on {instant(alert.resolved_at)}"


def listed(alerts: Iterable[Alert], now: datetime) -> list[Alert]:
    """In their order, without what was resolved longer ago than SHOWN."""
    return [
        alert for alert in sorted(alerts, key=order) if alert.resolved_at is None or alert.resolved_at > now - SHOWN
    ]


def order(alert: Alert) -> tuple[bool, int, bool, int, str]:
    """What to show first: what is not resolved, the gravest, what nobody has taken up, what began last; then by id."""
    told = alert.condition
    is_taken = alert.state in ("acknowledged", "snoozed")
    return alert.state == "resolved", RANKS[told.severity], is_taken, -told.since.toordinal(), told.alert_id
