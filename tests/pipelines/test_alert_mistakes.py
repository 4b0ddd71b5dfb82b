"""Mistakes of `budgets` and `alerts` in `outlay.yaml`, each with its line and what to write instead."""

from datetime import date
from pathlib import Path

import pytest

from connectors.errors import ConfigurationError
from pipelines.alert_checks import late_mistakes
from pipelines.configuration import read_settings

HEAD = "organization: Acme\nteams: [{name: voice}, {name: search}]\n"
BUDGETS = HEAD + "budgets:\n"
ALERTS = HEAD + "alerts:\n"
BOT = ALERTS + "  slack: {bot_token: '${SLACK_BOT_TOKEN}', channel: '#ai-costs'}\n"
WEBHOOK = ALERTS + "  slack: {webhook: '${SLACK_WEBHOOK_URL}'}\n"


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        # budgets
        (BUDGETS + "  - {name: a}\n", 4, "needs an amount, or amounts by month"),
        (BUDGETS + "  - {name: a, amount: 0}\n", 4, "greater than 0"),
        (BUDGETS + "  - {name: a, amount: 5, period: rolling}\n", 4, "days are given for a rolling budget"),
        (BUDGETS + "  - {name: a, amount: 5, period: fixed}\n", 4, "needs first_day and last_day"),
        (BUDGETS + "  - {name: a, amount: 5, growth_pct: 3}\n", 4, "growth_pct needs grows_from"),
        (
            BUDGETS + "  - {name: a, amount: 5, period: rolling, days: 30, carry_over: both}\n",
            4,
            "a rolling budget has one amount",
        ),
        (BUDGETS + "  - {name: a, amount: 5, burn_rates: [{days: 1, confirm_days: 3, rate: 2}]}\n", 4, "confirm_days"),
        (BUDGETS + "  - {name: a, amount: 5, forecast: [{}, {}]}\n", 4, "forecast asks for the same twice"),
        (
            BUDGETS + "  - {name: a, amount: 5, burn_rates: [{days: 3, rate: 2}, {days: 3, rate: 2}]}\n",
            4,
            "burn_rates asks for the same twice",
        ),
        (BUDGETS + "  - {name: a, amount: 5, scope: {teem: voice}}\n", 4, "did you mean 'team'?"),
        (BUDGETS + "  - name: a\n    amount: 5\n    scope:\n      team: vioce\n", 7, "did you mean 'voice'?"),
        (BUDGETS + "  - {name: a, amount: 5, scope: {component: model_apes}}\n", 4, "did you mean 'model_apis'?"),
        (BUDGETS + "  - {name: a, amount: 5, owner: serch}\n", 4, "there is no team 'serch' under teams"),
        (BUDGETS + "  - {name: a, amount: 5}\n  - {name: a, amount: 6}\n", 1, "budget 'a' is declared twice"),
        # where things are told
        (ALERTS + "  slack: {channel: '#ai-costs'}\n", 4, "a channel needs a bot_token"),
        (ALERTS + "  slack: {app_token: '${SLACK_APP_TOKEN}'}\n", 4, "give a bot_token, too"),
        (ALERTS + "  slack: {bot_token: '${SLACK_BOT_TOKEN}'}\n", 4, "would be told nowhere"),
        (ALERTS + "  slack: {bot_token: xoxb-1-2, channel: '#a'}\n", 4, "write ${SLACK_BOT_TOKEN}"),
        (BOT[:-2] + ", webhook: '${SLACK_WEBHOOK_URL}'}\n", 4, "keep one of them"),
        (ALERTS + "  slack: {bot_token: '${SLACK_BOT_TOKEN}', channel: 'AI Costs'}\n", 4, "alerts.slack.channel"),
        (WEBHOOK + "  routes: [{name: s, channel: '#s'}]\n", 5, "only a bot can post to #s"),
        (WEBHOOK + "  routes: [{name: s}]\n", 5, "either a channel, for the bot, or a webhook of its own"),
        (WEBHOOK + "  weekly_digest: {channel: '#s'}\n", 5, "only a bot can post to #s"),
        (ALERTS + "  weekly_digest: {day: monday}\n", 4, "has nowhere to go"),
        (WEBHOOK + "  escalation: [{after_hours: 4}]\n", 5, "tells nobody who was not told before"),
        (WEBHOOK + "  routes: [{name: big spend, webhook: 'https://hooks'}]\n", 5, "${SLACK_WEBHOOK_BIG_SPEND}"),
        (
            BOT
            + "  routes:\n    - {name: all, channel: '#a'}\n    - {name: s, channel: '#s', match: {team: search}}\n",
            7,
            "nothing reaches 's': 'all' (line 6) takes all of it and does not go on",
        ),
        # who and what
        (BOT + "  routes: [{name: s, channel: '#s', match: {team: serch}}]\n", 5, "no team fits 'serch'"),
        (BOT + "  routes: [{name: s, channel: '#s', match: {rule: budgit}}]\n", 5, "did you mean 'budget'?"),
        (BOT + "  routes: [{name: s, channel: '#s', mention: '@anna'}]\n", 5, "alerts.routes.0.mention"),
        (BOT + "  mentions: {serch: U0123456}\n", 5, "did you mean 'search'?"),
        (BOT + "  rules: [{kind: anomoly}]\n", 5, "alerts.rules.0.kind"),
        (BOT + "  rules: [{kind: anomaly, resolves_below: 5}]\n", 5, "resolves_below needs a minimum"),
        (BOT + "  rules: [{kind: anomaly, days_ahead: [3]}]\n", 5, "days_ahead are of renewals"),
        (BOT + "  rules: [{kind: anomaly}, {kind: anomaly}]\n", 3, "rule 'anomaly' is declared twice"),
        (
            BOT + "  rules:\n    - {kind: anomaly, minimum: 2000}\n"
            "    - {kind: anomaly, name: search, match: {team: search}, minimum: 500}\n",
            7,
            "judges nothing: 'anomaly' (line 6) comes first",
        ),
        (BOT + "  rules: [{kind: anomaly, match: {team: search}}]\n", 5, "add a last rule without a match"),
        (BOT + "  rules: [{kind: anomaly, match: {kind: budget}}]\n", 5, "it is of the kind anomaly alone"),
        (BOT + "  rules: [{kind: anomaly, match: {rule: residency}}]\n", 5, "it is of the kind anomaly alone"),
        (BOT + "  rules: [{kind: stale_source, match: {team: search}}]\n", 5, "a stale_source is no team's"),
        (BOT + "  rules: [{kind: renewal, minimum: 5000}]\n", 5, "it has no minimum"),
        (
            BUDGETS + "  - {name: renewal, amount: 5}\nalerts: {rules: [{kind: renewal}]}\n",
            5,
            "is a budget's name already (line 4)",
        ),
        # when
        (BOT + "  time_zone: London\n", 5, "is not an IANA time zone"),
        (BOT + "  quiet_hours: [{start: 07:00, end: 07:00}]\n", 5, "is no time; for whole days give days"),
        (BOT + "  quiet_hours: [{start: 20:00, end: 07:00, wakes: info}]\n", 5, "lets everything through"),
        (
            BOT + "  quiet_hours: [{start: 22:00, end: 07:00, days: [monday, tuesday, wednesday, thursday, friday, "
            "saturday, sunday]}]\n",
            5,
            "every day is quiet",
        ),
        (
            BOT + "  maintenance: [{name: m, first: 2026-12-02T00:00:00Z, last: 2026-12-01T00:00:00Z}]\n",
            5,
            "last must lie after first",
        ),
        (
            ALERTS + "  slack: {bot_token: '${T}', channel: '#a', api_url: 'http://slack.example.com/'}\n",
            4,
            "only sent over https://",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, content: str, line: int, says: str) -> None:
    path = tmp_path / "outlay.yaml"
    path.write_text(content)
    with pytest.raises(ConfigurationError) as told:
        read_settings(path)
    assert f"line {line}:" in str(told.value)
    assert says in str(told.value)


def test_what_is_well_said_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "outlay.yaml"
    path.write_text(
        BUDGETS
        + "  - {name: All, amount: 9000, thresholds_pct: [50, 80, 100]}\n"
        + "  - {name: Search, amounts: {2026-11: 100, 2026-12: 110}, scope: {team: search, vendor: [OpenAI, AWS]}}\n"
        + "alerts:\n"
        + "  slack: {bot_token: '${SLACK_BOT_TOKEN}', app_token: '${SLACK_APP_TOKEN}', channel: '#ai-costs'}\n"
        + "  time_zone: Europe/London\n"
        + "  rules:\n"
        + "    - {kind: anomaly, name: search, match: {team: search}, minimum: 500}\n"
        + "    - {kind: anomaly, name: parked, enabled: false}\n"
        + "    - {kind: anomaly, minimum: 2000}\n"
        + "    - {kind: residency, match: {vendor: OpenAI}}\n"
        + "    - {kind: residency, name: of others nobody hears, enabled: false}\n"
        + "  routes:\n"
        + "    - {name: search, channel: '#search', match: {team: search, kind: [budget, anomaly]}, goes_on: true}\n"
        + "    - {name: small, channel: '#ai-costs-daily', match: {severity: info}, digest_at: 09:30}\n"
        + "  quiet_hours: [{start: 20:00, end: 07:00, days: [saturday, sunday]}]\n"
        + "  escalation: [{after_hours: 4, mention: S0123456}]\n"
        + "  mentions: {search: U0123456}\n"
        + "  weekly_digest: {day: monday, at: 09:00}\n"
    )
    settings = read_settings(path)
    assert settings.alerts.quiet_hours[0].start.hour == 20
    assert f"{settings.alerts.routes[1].digest_at}" == "09:30:00"
    assert "xoxb" not in repr(settings)


def test_a_budget_by_month_that_has_run_out_of_months_is_told_by_config_check(tmp_path: Path) -> None:
    path = tmp_path / "outlay.yaml"
    path.write_text(BUDGETS + "  - {name: Search, amounts: {2026-11: 100}}\n")
    settings = read_settings(path)
    assert list(late_mistakes(settings, date(2026, 11, 30))) == []
    (told,) = late_mistakes(settings, date(2026, 12, 1))
    assert "'Search' has no amount for December 2026" in told.what
    # it begins with the first month that it names, and is no mistake before
    assert list(late_mistakes(settings, date(2026, 10, 31))) == []
