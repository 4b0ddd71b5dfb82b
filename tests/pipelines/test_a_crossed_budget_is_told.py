"""End to end: a bill shows a budget crossed; it is told on Slack once, somebody takes it up, and it is well again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connectors.simulator.slack.workspace import BOT_TOKEN
from models.control.alerts import Request
from pipelines.alerting import AlertReport, act, alert
from pipelines.run import run
from tests.pipelines.alert_office import Office, an_office

pytestmark = pytest.mark.slow

HEAD = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,"
    "ChargeCategory,InvoiceIssuerName,BilledCost,ListCost,ContractedCost,EffectiveCost\n"
)
CONFIGURATION = """\
organization: Acme
sources:
  - {{name: bill, connector: focus-files, start: 2026-11, options: {{path: "{folder}/bill.csv"}}}}
budgets:
  - {{name: all AI, amount: 100, forecast: []}}
alerts:
  slack: {{bot_token: "${{SLACK_BOT_TOKEN}}", channel: "#ai-costs", api_url: "{api_url}"}}
  weekly_digest: {{day: monday}}
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path) as office:
        office.now = datetime(2026, 11, 13, 9, tzinfo=UTC)
        office.configure(CONFIGURATION.replace("{folder}", str(office.home.root)))
        yield office


def bill(office: Office, *, days: int, a_day: int) -> None:
    """November as the vendor tells it: so much on each of its first days."""
    rows = [
        f"acct,USD,2026-11-01T00:00:00Z,2026-12-01T00:00:00Z,{day}T00:00:00Z,{day + timedelta(days=1)}T00:00:00Z,"
        f"Usage,AWS,{a_day},{a_day},{a_day},{a_day}\n"
        for day in (date(2026, 11, number) for number in range(1, days + 1))
    ]
    (office.home.root / "bill.csv").write_text(HEAD + "".join(rows), encoding="utf-8")


def go_through(office: Office) -> AlertReport:
    office.now += timedelta(hours=1)
    with office.work() as work:
        report = run(work)
    assert report.failures == []
    assert report.alerts is not None
    return report.alerts


def test_a_budget_is_crossed_told_once_taken_up_and_well_again(office: Office) -> None:
    """12 days at 10 USD are 120 of 100; restated to 5 USD a day they are 60."""
    bill(office, days=12, a_day=10)
    report = go_through(office)
    assert (report.opened, report.told) == (1, 1)
    (message,) = office.channel.messages
    assert "over its budget for November 2026 by 20.00 USD" in message.text

    assert office.make_a_pass() == AlertReport()

    with office.work() as work:
        (alert_id,) = work.control.alerts.book()
        act(work, Request("test", alert_id, "acknowledge", "anna", office.now))
    assert message.edits == 1
    assert "anna" in str(message.blocks)

    bill(office, days=12, a_day=5)
    report = go_through(office)
    assert (report.resolved, report.told) == (1, 2)
    assert message.edits == 2
    assert [reply.thread_ts for reply in office.channel.messages[1:]] == [message.ts]

    with office.work() as work:
        assert alert(work, digest_now=True).told == 1
    assert office.channel.messages[-1].reference == "digest.2026-W46.#ai-costs", "that of Monday, four days ago"
    assert BOT_TOKEN not in "".join(
        path.read_text("utf-8", "replace") for path in (office.home.root / "logs").glob("*")
    )
