"""Who is told, as outlay.yaml says it: places, mentions as Slack writes them, times in the zone that is named."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
import yaml

from models.control.policy import Escalation, Maintenance, Match, Policy, QuietHours, Route, WeeklyDigest
from pipelines.alert_policy import policy_of
from pipelines.settings import Settings

EVERYTHING = """\
organization: Acme
alerts:
  slack: {bot_token: "${BOT}", channel: "#ai-costs"}
  time_zone: Europe/Berlin
  storm_above: 3
  mentions: {search: S0123456}
  routes:
    - {name: audit, channel: C0123456, goes_on: true, digest_at: "09:00"}
    - {name: ops, webhook: "${OPS}", mention: "@here", match: {kind: stale_source, team: [ops, "infra*"]}}
  quiet_hours: [{start: "22:00", end: "07:00", days: [saturday, sunday]}]
  maintenance: [{name: move, first: 2026-11-27T20:00:00+01:00, last: 2026-11-28T02:00:00+01:00}]
  escalation: [{after_hours: 1.5, mention: U0123456, channel: "#oncall"}]
  weekly_digest: {day: friday, at: "16:30"}
"""


def policy(text: str) -> Policy:
    return policy_of(Settings.model_validate(yaml.safe_load(text)))


def test_everything_that_may_be_said() -> None:
    assert policy(EVERYTHING) == Policy(
        destination="#ai-costs",
        routes=(
            Route("audit", "C0123456", goes_on=True, digest_at=time(9)),
            Route("ops", "webhook:ops", Match(kinds=("stale_source",), teams=("ops", "infra*")), mention="<!here>"),
        ),
        quiet_hours=(QuietHours(time(22), time(7), (5, 6), "Europe/Berlin"),),
        maintenances=(
            Maintenance("move", datetime(2026, 11, 27, 19, tzinfo=UTC), datetime(2026, 11, 28, 1, tzinfo=UTC), Match()),
        ),
        escalations=(Escalation(timedelta(minutes=90), Match(severities=("critical",)), "<@U0123456>", "#oncall"),),
        storm_above=3,
        zone="Europe/Berlin",
        mentions={"search": "<!subteam^S0123456>"},
        weekly_digest=WeeklyDigest("#ai-costs", 4, time(16, 30)),
    )


@pytest.mark.parametrize(
    ("slack", "places"),
    [
        ("{}", frozenset[str]()),
        ('{webhook: "${HOOK}"}', {"webhook"}),
        ('{bot_token: "${BOT}", channel: "#ai"}', {"#ai"}),
        ('{bot_token: "${BOT}"}', frozenset[str]()),
    ],
)
def test_where_what_no_route_is_for_is_told(slack: str, places: set[str]) -> None:
    """Of the digest, too, which has nowhere else to go."""
    assert policy(f"organization: Acme\nalerts: {{slack: {slack}, weekly_digest: {{}}}}").places == places
