"""The log of alerts: one transaction or nothing, keys made once, attempts recorded as they begin, and a way back."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.control import ControlStore, notice_queue
from connectors.control.alerts import Posted
from connectors.control.database import Database
from connectors.control.errors import ControlError, LockLostError
from connectors.control.tables import LOCKS, METADATA, SCHEMA
from models.control.alert_tables import ALERT_TABLES
from models.control.alerts import AlertEvent, Request, replay
from models.control.conditions import AlertKey, Condition
from models.control.notices import Notice
from models.errors import AlertError

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEY = AlertKey("Search", "team Search", "2026-03", "100 %")
CONDITION = Condition(
    KEY, "budget", "firing", "warning", "Budget crossed", "Search", "120 of 100", "Ask Search", date(2026, 3, 1),
    amount=Decimal("120.000000000001"), limit=Decimal(100), currency="EUR", facts=(("Owner", "Ana"),),
)  # fmt: skip
ID = CONDITION.alert_id
OPENED = AlertEvent(ID, "opened", NOW, condition=CONDITION)
FIRST = Notice(f"{ID}.1.opened.#ai", "first", "#ai", (ID,), "opened")
ACK = Request("slack-1", ID, "acknowledge", "ana", NOW, note="mine")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(url, clock):
    with ControlStore.open(url, clock) as store:
        yield store


def record(store, events=(), notices=(), applied=()):
    with store.lock_alerting():
        store.alerts.record(events, notices, applied)


def outcomes(store) -> list[str | None]:
    return store.snapshot().tables["alert_deliveries"]["outcome"].to_list()


def test_an_alert_is_what_its_events_replay_to_to_the_last_decimal(store):
    record(store, [OPENED], [FIRST])
    record(store, [AlertEvent(ID, "acknowledged", NOW, "ana", note="mine")])

    logged = store.alerts.events()
    assert [(each.sequence, each.event.kind) for each in logged] == [(1, "opened"), (2, "acknowledged")]
    assert logged[0].event == OPENED
    assert store.alerts.book() == replay(each.event for each in logged)
    assert store.alerts.book()[ID].condition == CONDITION
    assert [each.sequence for each in store.alerts.events(after=1, alert_id=ID)] == [2]


def test_who_reads_on_from_how_alerts_stand_reads_all_that_happened_since(store):
    record(store, [OPENED])
    book, last = store.alerts.standing()
    record(store, [AlertEvent(ID, "acknowledged", NOW, "ana")])
    assert replay((each.event for each in store.alerts.events(last)), book) == store.alerts.book()


def test_events_notices_and_answers_are_recorded_together_or_not_at_all(store):
    record(store, [OPENED], [FIRST])
    store.alerts.request(ACK)
    taken = AlertEvent(ID, "acknowledged", NOW, "ana")

    with pytest.raises(ControlError, match="was made before"):
        record(store, [taken], [FIRST], [ACK])
    with pytest.raises(AlertError, match=f"alert {ID} cannot be woken: it is acknowledged"):
        record(store, [taken, AlertEvent(ID, "woken", NOW)], (), [ACK])
    with pytest.raises(ControlError, match="answered before, or never made"):
        record(store, [taken], (), [replace(ACK, request_id="nobody's")])

    assert len(store.alerts.events()) == 1
    assert store.alerts.pending_requests() == [ACK]
    assert set(store.alerts.made()) == {FIRST.key}


def test_only_who_holds_the_lock_records(store, url):
    with pytest.raises(LockLostError, match="without its lock"):
        store.alerts.record([OPENED])
    database = Database(url)
    with pytest.raises(LockLostError, match="taken over"), store.lock_alerting():
        with database.writing() as connection:
            connection.execute(LOCKS.update().values(token="another run's"))
        store.alerts.record([OPENED])
    database.close()
    assert store.alerts.events() == []


def test_a_key_that_another_notice_covers_is_made_too(store, clock):
    group = Notice("group.abc.#ai", "group", "#ai", (ID, "other"), "opened", mention="<!here>", covers=(FIRST.key,))
    record(store, (), [group])
    assert {key: made.notice for key, made in store.alerts.made().items()} == {group.key: group, FIRST.key: group}
    assert store.alerts.made()[FIRST.key].at == NOW
    with pytest.raises(ControlError, match="was made before"):
        record(store, (), [FIRST])


def test_what_people_ask_for_counts_once_however_often_slack_repeats_it(store):
    record(store, [OPENED])
    assert store.alerts.request(ACK)
    assert not store.alerts.request(replace(ACK, act="resolve"))
    snooze = Request("page-1", ID, "snooze", "ben", NOW, until=NOW + timedelta(hours=4))
    assert store.alerts.request(snooze)
    assert store.alerts.pending_requests() == [ACK, snooze]

    record(store, [AlertEvent(ID, "acknowledged", NOW, "ana", note="mine")], (), [ACK])
    with store.lock_alerting():
        store.alerts.refuse(snooze, "it is resolved already")
    assert store.alerts.pending_requests() == []
    assert not store.alerts.request(ACK)
    told = store.snapshot().tables["alert_requests"]
    assert told.select("request_id", "answered_at", "refusal").rows() == [
        ("slack-1", NOW, None),
        ("page-1", NOW, "it is resolved already"),
    ]


def test_what_was_sent_is_kept_with_its_message_and_notifies_those_that_are_open(store):
    other = replace(CONDITION, key=replace(KEY, threshold="80 %"))
    group = Notice("group.1.#ai", "group", "#ai", (ID, other.alert_id), "opened")
    record(store, [OPENED, AlertEvent(other.alert_id, "opened", NOW, condition=other)], [group])
    record(store, [AlertEvent(other.alert_id, "acknowledged", NOW, "ana")])
    [pending] = store.alerts.due(NOW)
    assert store.alerts.is_pending(group.key)

    assert store.alerts.begin(pending)
    store.alerts.sent(pending, Posted("#ai", "C1", "17.1", group.key))

    assert {key: alert.state for key, alert in store.alerts.book().items()} == {
        ID: "notified",
        other.alert_id: "acknowledged",
    }
    assert store.alerts.post_of(group.key) == Posted("#ai", "C1", "17.1", group.key)
    assert not store.alerts.is_pending(group.key)
    assert store.alerts.due(NOW) == []
    store.alerts.sent(pending, Posted("#ai", "C1", "17.2", group.key))  # told by two: the first stands
    assert store.alerts.post_of(group.key).ts == "17.1"
    assert outcomes(store) == ["sent"]


def test_of_two_who_deliver_one_gets_the_attempt(store):
    record(store, [OPENED], [FIRST])
    [ours], [theirs] = store.alerts.due(NOW), store.alerts.due(NOW)
    assert store.alerts.begin(theirs)
    assert not store.alerts.begin(ours)


def test_who_dies_between_sending_and_recording_leaves_an_attempt_that_the_next_finds(store, clock):
    record(store, [OPENED], [FIRST])
    [pending] = store.alerts.due(NOW)
    assert store.alerts.begin(pending)  # sent, and killed

    clock.now += timedelta(minutes=5)
    [found] = store.alerts.due(clock.now)
    assert (found.begun_at, found.created_at, found.attempts) == (NOW, NOW, 0)
    store.alerts.sent(found, Posted("#ai", "C1", "17.1", FIRST.key))
    assert outcomes(store) == ["recovered"]
    assert store.alerts.book()[ID].notified_at == clock.now


def test_or_sends_it_again_where_it_is_not_there(store, clock):
    record(store, [OPENED], [FIRST])
    assert store.alerts.begin(store.alerts.due(NOW)[0])
    clock.now += timedelta(minutes=5)
    [found] = store.alerts.due(clock.now)
    assert store.alerts.begin(found)
    store.alerts.sent(found, None)
    assert outcomes(store) == ["uncertain", "sent"]
    assert store.alerts.post_of(FIRST.key) is None  # an answer or an edit is nobody's thread


def test_a_refused_notice_is_tried_ever_later_given_up_and_tried_again_when_a_person_says_so(store, clock):
    record(store, [OPENED], [FIRST])
    waits = []
    while pendings := store.alerts.due(clock.now):
        [pending] = pendings
        assert store.alerts.begin(pending)
        store.alerts.failed(pending, "channel_not_found", uncertain=False, counts=True)
        before = clock.now
        clock.now += timedelta(days=1)
        waits += [(again.next_at - before) / timedelta(minutes=1) for again in store.alerts.due(clock.now)]

    # 1 minute doubling, never more than 6 hours; the twelfth attempt is the last
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]
    assert [pending.notice for pending in store.alerts.given_up()] == [FIRST]
    assert outcomes(store) == ["failed"] * 11 + ["given up"]
    assert not store.alerts.is_pending(FIRST.key)

    assert store.alerts.try_again() == 1
    [pending] = store.alerts.due(clock.now)
    assert pending.attempts == 0


def test_what_is_about_a_message_that_is_put_off_waits_with_it(store, clock):
    reply = Notice(f"{ID}.1.updated.1.#ai", "reply", "#ai", (ID,), "updated", about=FIRST.key)
    record(store, [OPENED], [FIRST, reply])
    first, _ = store.alerts.due(NOW)
    assert store.alerts.begin(first)
    store.alerts.failed(first, "channel_not_found", uncertain=False, counts=True)  # tried again in a minute
    assert store.alerts.due(NOW) == []
    assert [due.notice for due in store.alerts.due(NOW + timedelta(minutes=1))] == [FIRST, reply]
    assert store.alerts.begin(store.alerts.due(NOW + timedelta(minutes=1))[0])
    store.alerts.sent(first, Posted("#ai", "C1", "17.1", FIRST.key))
    assert [due.notice for due in store.alerts.due(NOW)] == [reply]


@pytest.mark.parametrize("tries", [0, 1])
def test_a_clock_that_was_a_year_ahead_puts_nothing_off_for_a_year(store, clock, tries):
    clock.now += timedelta(days=365)
    record(store, [OPENED], [FIRST])
    for pending in store.alerts.due(clock.now)[:tries]:
        assert store.alerts.begin(pending)
        store.alerts.failed(pending, "channel_not_found", uncertain=False, counts=True)
    clock.now = NOW
    assert [pending.notice for pending in store.alerts.due(NOW)] == [FIRST]


def test_what_slack_asks_to_wait_for_is_kept_for_all_of_its_place(store):
    elsewhere = Notice(f"{ID}.1.opened.#finance", "first", "#finance", (ID,), "opened")
    edit = Notice(f"{ID}.1.edit.1.#ai", "edit", "#ai", (ID,), "opened", about=FIRST.key)
    record(store, [OPENED], [FIRST, elsewhere, edit])
    store.alerts.put_off("#ai", NOW + timedelta(hours=1))
    store.alerts.put_off("#ai", NOW + timedelta(minutes=1))
    assert [due.notice for due in store.alerts.due(NOW + timedelta(minutes=59))] == [elsewhere]
    assert [due.notice for due in store.alerts.due(NOW + timedelta(hours=1))] == [FIRST, elsewhere, edit]
    store.alerts.put_off("#ai", NOW + timedelta(days=365))  # nobody waits so long, whatever Slack says
    assert len(store.alerts.due(NOW + timedelta(hours=6))) == 3


def test_slack_being_away_uses_up_no_attempt_and_what_it_may_have_stays_in_doubt(store, clock):
    record(store, [OPENED], [FIRST])
    for _ in range(30):
        [pending] = store.alerts.due(clock.now)
        assert store.alerts.begin(pending)
        store.alerts.failed(pending, "no answer", uncertain=True, counts=False)
        clock.now += timedelta(minutes=1)
    [pending] = store.alerts.due(clock.now)
    assert (pending.attempts, pending.begun_at) == (0, clock.now - timedelta(minutes=1))
    assert store.alerts.begin(pending)
    store.alerts.failed(pending, "503", uncertain=False, counts=False)
    assert store.alerts.due(clock.now)[0].begun_at is None


def test_what_has_no_sense_any_more_is_dropped_with_the_reason(store):
    edit = Notice(f"{ID}.1.edit.#ai", "edit", "#ai", (ID,), "resolved", about=FIRST.key)
    record(store, [OPENED], [FIRST, edit])
    store.alerts.drop(store.alerts.due(NOW)[1], "its message was deleted")
    assert [pending.notice for pending in store.alerts.due(NOW)] == [FIRST]
    assert not store.alerts.is_pending(edit.key)
    assert edit.key in store.alerts.made()
    assert store.snapshot().tables["alert_posts"].select("key", "outcome").rows() == [(edit.key, "dropped")]


def test_all_of_it_is_told_as_tables_as_of_one_instant(store):
    record(store, [OPENED], [FIRST])
    told = store.snapshot().tables
    for table in ALERT_TABLES:
        assert told[table.name].schema == table.polars_schema
    [alert] = told["alerts"].rows(named=True)
    assert (alert["alert_id"], alert["rule"], alert["state"], alert["amount"]) == (
        ID, "Search", "open", Decimal("120.000000000001"),
    )  # fmt: skip


def test_a_store_that_was_lost_is_filled_from_what_it_once_told(store, tmp_path, clock):
    reply = Notice(f"{ID}.1.updated.1.#ai", "reply", "#ai", (ID,), "updated", about=FIRST.key)
    record(store, [OPENED], [FIRST, reply])
    [first, _] = store.alerts.due(NOW)
    assert store.alerts.begin(first)
    store.alerts.sent(first, Posted("#ai", "C1", "17.1", FIRST.key))
    history = store.alerts.history({})

    with ControlStore.open(f"sqlite:///{tmp_path}/new/outlay.db", clock) as fresh:
        with fresh.lock_alerting():
            assert fresh.alerts.restore(history) == 2
            assert fresh.alerts.restore(history) == 0
        assert fresh.alerts.book() == store.alerts.book()
        assert fresh.alerts.made() == store.alerts.made()
        assert fresh.alerts.post_of(FIRST.key) == store.alerts.post_of(FIRST.key)
        [pending] = fresh.alerts.due(NOW)  # nobody knows whether the lost store sent it: it is looked for first
        assert (pending.notice, pending.begun_at) == (reply, NOW)
        for name, rows in fresh.alerts.history({}).items():
            assert rows.equals(history[name])
        assert fresh.alerts.history({name: len(rows) for name, rows in history.items()})["alert_events"].is_empty()


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize(("days", "still_due"), [(6, [FIRST.key]), (8, [])])
def test_what_was_given_up_and_is_history_by_now_is_never_sent(
    store, tmp_path, clock, monkeypatch, lost, days, still_due
):
    monkeypatch.setattr(notice_queue, "MAX_ATTEMPTS", 1)
    digest = Notice("digest.2026-W09.#ai", "digest", "#ai", (), "2026-02-23")
    record(store, [OPENED], [FIRST, *([digest] if days > 7 else [])])
    for pending in store.alerts.due(NOW):
        store.alerts.failed(pending, "channel_not_found", uncertain=False, counts=True)
    record(store, [AlertEvent(ID, "resolved", NOW, note="no longer holds")])
    clock.now += timedelta(days=days)
    if not lost:
        assert store.alerts.try_again() == len(still_due)
        assert [pending.notice.key for pending in store.alerts.due(clock.now)] == still_due
        assert store.alerts.given_up() == []
        return
    with ControlStore.open(f"sqlite:///{tmp_path}/new/outlay.db", clock) as fresh:
        with fresh.lock_alerting():
            fresh.alerts.restore(store.alerts.history({}))
        assert [pending.notice.key for pending in fresh.alerts.due(clock.now)] == still_due


def test_a_store_of_version_2_gets_the_tables_of_alerts(url):
    database = Database(url)
    with database.writing() as connection:
        for table in [table for table in METADATA.sorted_tables if table.name.startswith("alert_")][::-1]:
            table.drop(connection)
        connection.execute(SCHEMA.update().values(version=2))
    database.close()
    with ControlStore.open(url, lambda: NOW) as store:
        record(store, [OPENED], [FIRST])
        assert set(store.alerts.book()) == {ID}


@pytest.mark.slow
def test_the_book_of_twenty_thousand_events_is_read_in_a_moment(tmp_path):
    url = f"sqlite:///{tmp_path}/outlay.db"
    with ControlStore.open(url, lambda: NOW) as store:
        rows = []
        for number in range(1_000):
            condition = replace(CONDITION, key=replace(KEY, scope=f"team {number}"))
            opened, worse = (
                AlertEvent(condition.alert_id, kind, NOW, None, condition) for kind in ("opened", "updated")
            )
            rows += [opened, AlertEvent(condition.alert_id, "notified", NOW), *[worse] * 18]
        record(store, rows)
        began = time.process_time()
        book = store.alerts.book()
        took = time.process_time() - began
    assert len(book) == 1_000
    assert all(alert.updates == 18 for alert in book.values())
    assert took < 2, f"{took:.1f} s"  # a third of a second where nobody else is at work
