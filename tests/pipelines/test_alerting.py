"""The alert pass over a published file, against a make-believe Slack: told once, followed, and made good."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from connectors.simulator.slack.failures import Failure
from connectors.slack.delivery import Deliveries
from models.control.kinds.judged import unknown
from models.errors import AlertError, OutlayError
from pipelines.alert_delivery import deliver_due
from pipelines.alerting import AlertReport, alert
from pipelines.errors import LakeError
from pipelines.workplace import Workplace
from tests.pipelines.alert_office import BOT, CROSSED, HOUR, NO_SLACK, NOON, Office, an_office, asked


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path) as office:
        yield office


def test_a_budget_is_crossed_taken_up_and_well_again(office: Office) -> None:
    """One message; nothing more where nothing changed; who took it up stands in it; its end is in the thread."""
    office.publish(CROSSED)
    report = office.make_a_pass()
    assert (report.opened, report.told, report.waiting, report.failures) == (1, 1, 0, [])
    (message,) = office.channel.messages
    assert message.reference == f"{CROSSED.alert_id}.1.opened.#ai-costs"
    assert "anna" not in str(message.blocks)

    assert office.make_a_pass() == AlertReport()
    assert office.due() == []

    office.act(asked("acknowledge"))
    office.act(asked("acknowledge"))
    assert (len(office.channel.messages), message.edits) == (1, 1), "the same request twice counts once"
    assert "anna" in str(message.blocks)

    office.publish()
    report = office.make_a_pass()
    assert (report.resolved, report.told) == (1, 2)
    assert [reply.thread_ts for reply in office.channel.messages] == [None, message.ts]
    assert message.edits == 2


def test_nothing_is_published_and_nothing_is_done(office: Office) -> None:
    assert office.make_a_pass() == AlertReport()
    assert office.due() == []


def test_a_warehouse_of_an_older_outlay_is_a_note_and_people_are_served_all_the_same(office: Office) -> None:
    office.publish(CROSSED)
    office.make_a_pass()
    office.home.published.unlink()
    duckdb.connect(str(office.home.published)).close()
    office.act(asked("resolve"))
    report = office.make_a_pass()
    assert report.failures == []
    assert "older Outlay; `outlay run` publishes anew" in "".join(report.notes)
    assert len(office.channel.messages) == 2


def test_without_slack_states_move_and_it_says_who_was_told_nothing(office: Office) -> None:
    office.configure(NO_SLACK)
    office.publish(CROSSED)
    report = office.make_a_pass()
    assert (report.opened, report.told, report.waiting, report.failures) == (1, 0, 1, [])
    assert "alerts.slack in outlay.yaml names no place" in report.notes[0]
    office.configure(BOT)
    assert office.make_a_pass().told == 1, "as soon as there is a place"


def test_a_rule_that_could_not_be_judged_changes_nothing_and_one_that_is_gone_resolves(office: Office) -> None:
    office.publish(CROSSED)
    office.make_a_pass()
    office.publish(judged=unknown("no source was pulled"))
    assert office.make_a_pass() == AlertReport()
    with duckdb.connect(str(office.home.published)) as warehouse:
        warehouse.execute("DELETE FROM marts.alert_rules")
    assert office.make_a_pass().resolved == 1


def test_slack_is_down_for_a_day_and_nothing_is_lost_or_told_twice(office: Office) -> None:
    office.publish(CROSSED)
    office.slack.failures.order("*", Failure("status", status=503), times=1000)
    with office.work() as work:
        report = alert(work, patience=timedelta(0))
    assert (report.told, report.waiting, len(report.failures)) == (0, 1, 1)
    assert office.due() == ["1 message to send"]
    office.now += timedelta(days=1)
    office.slack.failures.clear()
    assert office.make_a_pass().told == 1
    assert len(office.channel.messages) == 1


def test_while_a_message_is_put_off_nobody_asks_for_a_pass_that_could_do_nothing(office: Office) -> None:
    office.publish(CROSSED)
    office.channel.is_archived = True
    office.make_a_pass()
    office.act(asked("acknowledge"))
    office.publish()
    office.make_a_pass()
    assert office.due() == [], "the reply and both edits wait for their message"
    office.now += HOUR
    assert office.due() == ["4 messages to send"]
    office.channel.is_archived = False
    assert office.make_a_pass().told == 4


def test_a_time_that_comes_opens_an_alert_without_a_publication(office: Office) -> None:
    office.publish(replace(CROSSED, holds_from=NOON + 3 * HOUR))
    assert office.make_a_pass() == AlertReport()
    office.now += 3 * HOUR
    assert office.due() == ["1 change of alerts", "1 message to make"]
    assert office.channel.messages == [], "looking records and sends nothing"
    assert office.make_a_pass().told == 1


def test_what_is_held_is_told_when_that_is_over(office: Office) -> None:
    office.configure(BOT + '  quiet_hours: [{{start: "22:00", end: "07:00"}}]\n')
    office.publish(replace(CROSSED, severity="warning"))
    office.now = NOON + 11 * HOUR
    report = office.make_a_pass()
    assert (report.opened, report.told, report.held) == (1, 0, 1)
    assert report.held_until == datetime(2026, 11, 28, 7, tzinfo=UTC)
    assert office.due() == []
    office.now = report.held_until
    assert office.due() == ["1 message to make"]
    assert office.make_a_pass().told == 1


def test_what_cannot_be_done_is_refused_with_its_reason_and_never_asked_again(office: Office) -> None:
    office.publish(CROSSED)
    office.make_a_pass()
    office.act(asked("acknowledge"))
    with pytest.raises(AlertError, match="anna acknowledged it already"):
        office.act(asked("acknowledge", 2))
    with office.work() as work:
        assert work.control.alerts.pending_requests() == []


def test_while_another_pass_is_at_it_a_request_is_kept_and_a_pass_leaves(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.alerting._WAIT_SECONDS", 0)
    office.publish(CROSSED)
    office.make_a_pass()
    with office.work() as other, other.control.lock_alerting():
        with pytest.raises(OutlayError, match="kept, and not done yet"):
            office.act(asked("acknowledge"))
        report = office.make_a_pass()
        assert "alert" in report.notes[0]
        assert report.failures == []
    assert office.due() == ["1 request", "1 message to make"]
    office.make_a_pass()
    assert office.channel.messages[0].edits == 1


def test_a_secret_that_is_not_set_keeps_nobody_else_from_being_told(office: Office) -> None:
    routes = '  routes: [{{name: ops, webhook: "${{OPS_HOOK}}", goes_on: true}}]\n'
    office.configure(BOT + routes)
    office.publish(CROSSED)
    report = office.make_a_pass()
    assert report.told == 1
    (failure,) = report.failures
    assert "OPS_HOOK is not set" in failure.what


def test_killed_between_recording_and_sending_it_is_sent_by_the_next_pass(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def dies(*_: object) -> None:
        raise Killed

    office.publish(CROSSED)
    monkeypatch.setattr("pipelines.alerting.deliver_due", dies)
    with pytest.raises(Killed):
        office.make_a_pass()
    monkeypatch.undo()
    assert office.make_a_pass().told == 1
    assert len(office.channel.messages) == 1


def test_a_lost_control_store_comes_back_from_the_lake_and_tells_nothing_anew(office: Office) -> None:
    office.publish(CROSSED)
    office.make_a_pass()
    for file in (office.home.root / "control").iterdir():
        file.unlink()
    report = office.make_a_pass()
    assert (report.opened, report.told) == (0, 0)
    assert len(office.channel.messages) == 1
    office.act(asked("acknowledge"))
    assert office.channel.messages[0].edits == 1


def test_a_lake_that_cannot_be_read_keeps_nobody_from_being_told(office: Office) -> None:
    office.publish(CROSSED)
    office.make_a_pass()
    logs = [file for folder in (office.home.root / "lake").rglob("_delta_log") for file in folder.iterdir()]
    whole = {file: file.read_bytes() for file in logs}
    for file in logs:
        file.write_text("{torn")
    office.publish(CROSSED, replace(CROSSED, key=replace(CROSSED.key, threshold="120 %")))
    report = office.make_a_pass()
    (failure,) = report.failures
    assert "could not be read from the lake" in failure.what
    assert "\n" not in failure.what
    assert (report.opened, report.told) == (1, 1)
    office.act(asked("acknowledge"))
    assert office.channel.messages[0].edits == 1

    store = {file: file.read_bytes() for file in (office.home.root / "control").iterdir()}
    for file in store:
        file.unlink()
    with pytest.raises(LakeError):
        office.make_a_pass()  # who knows nothing tells nothing
    for file, content in (whole | store).items():
        file.write_bytes(content)
    assert office.make_a_pass().failures == []
    assert len(office.channel.messages) == 2


def test_two_passes_at_once_tell_it_once(office: Office) -> None:
    office.publish(CROSSED)
    with ThreadPoolExecutor(2) as both:
        reports = list(both.map(lambda _: office.make_a_pass(), range(2)))
    assert sum(report.opened for report in reports) == sum(report.told for report in reports) == 1
    assert len(office.channel.messages) == 1


def test_nobody_waits_for_a_pass_that_waits_for_slack(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.publish(CROSSED)

    def waiting(work: Workplace, patience: timedelta) -> Deliveries:
        with office.work() as other, other.control.lock_alerting(wait=0):
            return deliver_due(work, patience)

    monkeypatch.setattr("pipelines.alerting.deliver_due", waiting)
    assert office.make_a_pass().told == 1


def test_what_slack_refuses_for_good_is_given_up_and_tried_again_when_somebody_asks(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.control.notice_queue.MAX_ATTEMPTS", 2)
    office.publish(CROSSED)
    office.channel.is_archived = True
    for _ in range(2):
        report = office.make_a_pass()
        office.now += HOUR
    assert "1 message given up, told nowhere" in report.notes[-1]
    office.channel.is_archived = False
    with office.work() as work:
        assert alert(work, try_again=True).told == 1
