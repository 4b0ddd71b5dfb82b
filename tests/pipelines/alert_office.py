"""A home with a hand-made publication and a make-believe Slack, for tests of the alert pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from connectors.protocol import Surroundings
from connectors.simulator.slack.server import SlackServer
from connectors.simulator.slack.workspace import BOT_TOKEN, Channel, Workspace
from models.control.alerts import Act, Request
from models.control.condition_tables import ALERT_CONDITIONS, ALERT_RULES, conditions_frame, rules_frame
from models.control.conditions import AlertKey, Condition
from models.control.kinds.judged import Judged
from pipelines.alerting import AlertReport, act, alert, what_is_due
from pipelines.home import Home
from pipelines.workplace import Workplace

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CROSSED = Condition(
    key=AlertKey("ai", "", "2026-11", "100 %"),
    kind="budget",
    standing="firing",
    severity="critical",
    headline="Budget exceeded",
    subject="ai",
    answer="120.00 USD of 100.00 USD are spent",
    to_do="spend less",
    since=date(2026, 11, 20),
    amount=Decimal(120),
    limit=Decimal(100),
    currency="USD",
    team="search",
)
NO_SLACK = "organization: Acme\n"
BOT = """\
organization: Acme
alerts:
  slack: {{bot_token: "${{SLACK_BOT_TOKEN}}", channel: "#ai-costs", api_url: "{api_url}"}}
"""


@dataclass
class Office:
    """A home with its Slack, at a time that the test sets."""

    home: Home
    slack: SlackServer
    channel: Channel
    now: datetime = NOON

    def configure(self, text: str) -> None:
        self.home.configuration.write_text(text.format(api_url=self.slack.api_url), encoding="utf-8")
        self.home.secrets.write_text(f"SLACK_BOT_TOKEN={BOT_TOKEN}\n", encoding="utf-8")

    def publish(self, *conditions: Condition, judged: Judged | None = None) -> None:
        """The two tables that a pass reads, and nothing else."""
        came = judged or Judged(conditions)
        rules = rules_frame({("ai", "budget"): came})
        self.home.warehouse.mkdir(exist_ok=True)
        self.home.published.unlink(missing_ok=True)
        with duckdb.connect(str(self.home.published)) as warehouse:
            warehouse.execute("SET TimeZone = 'UTC'; CREATE SCHEMA marts")
            for table, frame in ((ALERT_CONDITIONS, conditions_frame(came.conditions)), (ALERT_RULES, rules)):
                warehouse.register("frame", frame.to_arrow())
                warehouse.execute(f"CREATE TABLE {table.qualified_name} AS SELECT * FROM frame")

    @contextmanager
    def work(self) -> Iterator[Workplace]:
        surroundings = Surroundings(clock=lambda: self.now, sleep=self._sleep)
        with Workplace.open(self.home, surroundings=surroundings) as work:
            yield work

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def make_a_pass(self) -> AlertReport:
        with self.work() as work:
            return alert(work)

    def act(self, request: Request) -> None:
        with self.work() as work:
            act(work, request)

    def due(self) -> list[str]:
        with self.work() as work:
            return what_is_due(work)


@contextmanager
def an_office(folder: Path) -> Iterator[Office]:
    workspace = Workspace(lambda: NOON)
    with SlackServer(workspace) as slack:
        home = Home.at(folder / "home")
        home.root.mkdir()
        office = Office(home, slack, workspace.add_channel("ai-costs"))
        office.configure(BOT)
        yield office


def asked(act: Act, number: int = 1) -> Request:
    return Request(f"test {number}", CROSSED.alert_id, act, "anna", NOON)
