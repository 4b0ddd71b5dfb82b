"""Alerting after a publishing: a budget that was crossed goes into the outbox once, and what is due is delivered.

What counts as crossed is `models.control.budgets`; what a message says and how it is sent is `connectors.slack`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from models.control.budget_periods import first_of_label
from models.control.budgets import BudgetCrossing, crossings, status
from models.control.movers import top_movers
from models.errors import OutlayError
from pipelines.configuration import Secrets
from pipelines.marts.economics import Economics
from pipelines.warehouse import Facts
from pipelines.workplace import Workplace

if TYPE_CHECKING:
    from connectors.slack.messages import Message


@dataclass
class AlertReport:
    """What alerting did: new messages, delivered ones, those still waiting (for a channel or a retry), failures."""

    enqueued: int = 0
    delivered: int = 0
    waiting: int = 0
    failures: list[OutlayError] = field(default_factory=list[OutlayError])


def alert(work: Workplace) -> AlertReport:
    """Enqueue new crossings, deliver what is due. A message whose key was ever enqueued is never enqueued again."""
    from pydantic import SecretStr

    from connectors.slack.delivery import deliver_due, payload_of
    from connectors.slack.webhook import WebhookSender

    report = AlertReport()
    for crossing, message in _to_tell(work):
        report.enqueued += work.control.enqueue(crossing.key, payload_of(message))
    webhook = work.settings.alerts.slack.webhook
    now = work.surroundings.clock()
    if webhook is not None and work.control.due(now):
        work.on_step("alerts: delivering")
        secret = Secrets(work.home).fill(webhook.get_secret_value(), source="slack")
        deliveries = deliver_due(work.control, WebhookSender(SecretStr(secret)), now)
        report.delivered = len(deliveries.sent)
        report.failures = [error for _, error in deliveries.failed]
    report.waiting = len(work.control.due(now))
    return report


def _to_tell(work: Workplace) -> list[tuple[BudgetCrossing, Message]]:
    """Every budget that stands crossed now, with its message."""
    if not work.budgets:
        return []
    today = work.surroundings.clock().date()
    total_costs = Economics(work, Facts(work.lake, tuple(work.control.current_loads()))).tco
    crossed = crossings(status(total_costs, work.budgets, as_of=today), as_of=today)
    return [(crossing, _message(work, crossing, total_costs)) for crossing in crossed]


def _message(work: Workplace, crossing: BudgetCrossing, total_costs: pl.DataFrame) -> Message:
    from connectors.slack.messages import budget_message

    budget = next(budget for budget in work.budgets if budget.name == crossing.budget)
    period = budget.period_on(first_of_label(crossing.billing_period))
    assert period is not None
    movers = top_movers(total_costs, budget, period, as_of=work.surroundings.clock().date())
    return budget_message(
        crossing,
        movers=movers,
        organization=work.settings.organization,
        dashboard_url=work.settings.alerts.dashboard_url,
    )


def previews(work: Workplace) -> list[str]:
    """Every message for a budget that stands crossed now, as readable text, whether it was told already or not."""
    from connectors.slack.preview import preview

    return [preview(message.blocks) for _, message in _to_tell(work)]
