"""`outlay alerts`: what people see and do on the command line, against a make-believe Slack over real HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from connectors.simulator.slack.failures import Failure
from models.control.kinds.judged import unknown
from models.errors import OutlayError
from pipelines.cli import app
from tests.pipelines.alert_office import BOT, CROSSED, NO_SLACK, Office, an_office

ID = CROSSED.alert_id
ROUTES = """  routes:
    - {{name: search, channel: "#search-costs", match: {{team: search}}, goes_on: true}}
    - {{name: elsewhere, channel: "#nowhere", match: {{vendor: AWS}}}}
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path) as office:
        office.publish(CROSSED)
        yield office


def outlay(office: Office, *words: str) -> Result:
    return CliRunner(env={"COLUMNS": "300"}).invoke(app, ["alerts", *words, "--home", str(office.home.root)])


def well(office: Office, *words: str) -> str:
    result = outlay(office, *words)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_an_alert_from_its_opening_to_its_end(office: Office) -> None:
    assert "1 opened, 1 told" in well(office, "send")
    listed = well(office, "list")
    assert "1 alert not resolved" in listed
    assert "120.00 USD of 100.00 USD" in listed
    assert "acknowledged by anna" in well(office, "ack", ID[:6], "--as", "anna", "--note", "on it")
    assert "snoozed by anna until" in well(office, "snooze", ID, "--for", "3d", "--as", "anna")
    assert "resolved by anna" in well(office, "resolve", ID, "--as", "anna")
    shown = well(office, "show", ID)
    for word in ("opened", "notified", "acknowledged", "snoozed", "resolved", "on it", "#ai-costs", "sent"):
        assert word in shown
    (message, *replies) = office.channel.messages
    assert message.edits == 3
    assert all(reply.thread_ts == message.ts for reply in replies)


def test_what_cannot_be_done_says_why_and_what_to_do(office: Office) -> None:
    well(office, "send")
    well(office, "resolve", ID, "--as", "anna")
    again = outlay(office, "ack", ID)
    assert again.exit_code == 1
    assert "resolved" in again.output
    assert "there is no alert 'zzz'" in outlay(office, "ack", "zzz").output
    assert "write 4h, 3d or 1w" in outlay(office, "snooze", ID, "--for", "soon").output
    odd = outlay(office, "list", "--kind", "budgets").exception
    assert isinstance(odd, OutlayError)
    assert "one of budget, budget_forecast" in odd.remedy


def test_a_home_that_is_not_there_is_not_made(office: Office, tmp_path: Path) -> None:
    mistyped = tmp_path / "hmoe"
    told = CliRunner().invoke(app, ["alerts", "list", "--home", str(mistyped)]).exception
    assert isinstance(told, OutlayError)
    assert "--home" in told.remedy
    assert not mistyped.exists()
    office.home.published.unlink()
    assert "nothing is published yet" in well(office, "send")


def test_names_and_notes_cannot_steer_a_terminal(office: Office) -> None:
    well(office, "send")
    well(office, "ack", ID, "--as", "\x1b[31manna\x00", "--note", "a\x1b]0;pwn\x07\ud800b")
    shown = well(office, "show", ID)
    assert "\x1b" not in shown
    assert "anna" in shown
    assert "somebody's name" in str(outlay(office, "resolve", ID, "--as", "\x00").output)


def test_what_somebody_asked_for_in_vain_stands_in_the_history(office: Office) -> None:
    well(office, "send")
    well(office, "ack", ID, "--as", "anna")
    assert outlay(office, "ack", ID, "--as", "ben").exit_code == 1
    (line,) = [line for line in well(office, "show", ID).splitlines() if "refused" in line]
    assert "ben" in line
    assert "anna acknowledged it already" in line


def test_one_that_fails_stops_no_other(office: Office) -> None:
    well(office, "send")
    result = outlay(office, "ack", "zzz", ID, "--as", "anna")
    assert result.exit_code == 1
    assert "acknowledged by anna" in result.output


def test_what_was_given_up_is_sent_when_somebody_sends(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.control.notice_queue.MAX_ATTEMPTS", 1)
    office.channel.is_archived = True
    refused = outlay(office, "send")
    assert refused.exit_code == 1
    assert "1 message given up, told nowhere: `outlay alerts send` tries again" in refused.output
    office.channel.is_archived = False
    assert "1 told" in well(office, "send")


def test_lists_can_be_narrowed(office: Office) -> None:
    well(office, "send")
    assert ID in well(office, "list", "--team", "search", "--kind", "budget", "--state", "notified")
    assert ID not in well(office, "list", "--team", "voice")


def test_previews_show_what_the_next_pass_would_say_and_record_nothing(office: Office, tmp_path: Path) -> None:
    assert "Budget exceeded" in well(office, "preview")
    page = tmp_path / "preview.html"
    well(office, "preview", ID, "--html", str(page))
    assert "Budget exceeded" in page.read_text()
    assert "0 alerts not resolved" in well(office, "list")
    assert office.channel.messages == []


def test_a_trial_says_which_rules_were_judged_who_would_hear_and_which_places_are_not_there(office: Office) -> None:
    office.configure(BOT + ROUTES)
    office.slack.workspace.add_channel("search-costs")
    result = outlay(office, "test")
    assert result.exit_code == 1
    lines = {line.split()[0]: line for line in result.output.splitlines() if line.strip().startswith("#")}
    assert "reached" in lines["#ai-costs"]
    assert "reached" in lines["#search-costs"]
    assert "channel_not_found" in lines["#nowhere"]
    told_at = next(line for line in result.output.splitlines() if "Budget exceeded" in line)
    assert "#search-costs" in told_at
    assert "#ai-costs" in told_at
    assert "This is a test of Outlay for Acme" in office.channel.messages[0].text


def test_a_trial_that_sends_nothing_asks_what_would_not_work(office: Office) -> None:
    assert "nothing wrong was found" in well(office, "test", "--no-send")
    office.configure(BOT + ROUTES)
    result = outlay(office, "test", "--no-send")
    assert result.exit_code == 1
    assert "#nowhere" in result.output
    assert office.channel.messages == []


def test_a_trial_without_slack_in_reach_promises_nothing(office: Office) -> None:
    office.slack.failures.order("*", Failure("status", status=503), times=10)
    result = outlay(office, "test")
    assert result.exit_code == 1
    assert "try again when Slack is in reach" in result.output
    assert "the delivery log keeps it" not in result.output


def test_a_trial_tells_of_a_rule_that_could_not_be_judged(office: Office) -> None:
    office.publish(judged=unknown("no rate into USD is known"))
    result = outlay(office, "test", "--no-send")
    assert result.exit_code == 1
    assert "no rate into USD is known" in result.output


def test_without_slack_the_trial_says_where_alerts_are(office: Office) -> None:
    office.configure(NO_SLACK)
    assert "nobody is told on Slack" in well(office, "test")


def test_buttons_without_tokens_are_explained(office: Office) -> None:
    """As a process: the command waits for a signal where it can listen."""
    command = [sys.executable, "-m", "pipelines.cli", "slack", "--home", str(office.home.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ), timeout=60)
    assert done.returncode == 1
    assert "alerts.slack.app_token" in done.stderr
