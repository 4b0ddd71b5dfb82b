"""The log of alerts in the lake: added to once whatever dies when, kept by vacuum, and enough to begin anew."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb
import pytest

from connectors.control.alerts import Posted
from connectors.protocol import Surroundings
from models.control.alert_tables import ALERT_EVENTS, ALERT_TABLES, GROWING
from models.control.alerts import AlertEvent
from models.control.conditions import AlertKey, Condition
from models.control.notices import Notice
from pipelines import publishing
from pipelines.alert_history import copy_to_lake, restore
from pipelines.lake import Lake, Partition
from pipelines.run import sweep
from pipelines.warehouse import publish
from pipelines.workplace import Workplace

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONDITION = Condition(
    AlertKey("Search", "team Search", "2026-03", "100 %"), "budget", "firing", "warning", "Budget crossed", "Search",
    "120 of 100", "Ask Search", date(2026, 3, 1), amount=Decimal("120.000000000001"), currency="EUR",
)  # fmt: skip
ID = CONDITION.alert_id
OPENED = AlertEvent(ID, "opened", NOW, condition=CONDITION)
FIRST = Notice(f"{ID}.1.opened.#ai", "first", "#ai", (ID,), "opened", covers=("covered",))


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def opened(home, now=NOW):
    home.mkdir(exist_ok=True)
    return Workplace.open(home, surroundings=Surroundings(home=home, clock=lambda: now))


def record(work, events, notices=()):
    with work.control.lock_alerting():
        work.control.alerts.record(events, notices)


def tell(work):
    [pending] = work.control.alerts.due(NOW)
    assert work.control.alerts.begin(pending)
    work.control.alerts.sent(pending, Posted("#ai", "C1", "17.1", pending.notice.key))


def copied(work) -> int:
    with work.control.lock_alerting():
        return copy_to_lake(work)


def lose_the_store(home):
    for file in (home / "control").glob("*"):
        file.unlink()


def in_lake(work) -> list[tuple[int, str]]:
    return work.lake.grown(ALERT_EVENTS).sort("sequence").select("sequence", "kind").rows()


def test_each_event_goes_into_the_lake_once_and_none_is_ever_changed(home):
    with opened(home) as work:
        assert copied(work) == 0
        record(work, [OPENED], [FIRST])
        assert (copied(work), copied(work)) == (1, 0)
        tell(work)
        assert copied(work) == 1
    with opened(home, NOW + timedelta(days=40)) as work:  # of another month
        record(work, [AlertEvent(ID, "acknowledged", NOW, "ana")])
        assert copied(work) == 1
        assert in_lake(work) == [(1, "opened"), (2, "notified"), (3, "acknowledged")]
        for name, rows in work.control.alerts.history({}).items():
            [table] = [table for table in GROWING if table.name == name]
            assert work.lake.grown(table).sort("sequence").equals(rows)


def test_a_pass_that_dies_anywhere_on_the_way_is_made_good_by_the_next(home, monkeypatch):
    with opened(home) as work:
        record(work, [OPENED], [FIRST])
        tell(work)
        append = Lake.append
        for survives in range(3):  # dies before the first, the second, the third table is added to
            left = iter(range(survives))

            def dying(self, *args, left=left, **named):
                if next(left, None) is None:
                    raise KeyboardInterrupt
                append(self, *args, **named)

            monkeypatch.setattr(Lake, "append", dying)
            with pytest.raises(KeyboardInterrupt):
                copied(work)
            record(work, [AlertEvent(ID, "updated", NOW, condition=CONDITION)])
        monkeypatch.undo()
        copied(work)
        assert in_lake(work) == list(enumerate(["opened", "notified", "updated", "updated", "updated"], 1))


def test_two_who_add_the_same_do_not_add_it_twice(home):
    """The lock rules it out; should it ever be lost, Delta does."""
    with opened(home) as work:
        record(work, [OPENED])
        rows = work.control.alerts.history({})["alert_events"]
        work.lake.append(ALERT_EVENTS, Partition("outlay", "2026-03"), rows, until=1)
        assert copied(work) == 0
        assert in_lake(work) == [(1, "opened")]


def test_a_control_store_that_was_lost_is_filled_from_the_lake_and_tells_nothing_twice(home):
    with opened(home) as work:
        record(work, [OPENED], [FIRST])
        tell(work)
        copied(work)
        book, made = work.control.alerts.book(), work.control.alerts.made()
    lose_the_store(home)

    with opened(home) as work:
        assert work.control.alerts.book() == {}
        with work.control.lock_alerting():
            assert restore(work) == 2
            assert restore(work) == 0
            assert copy_to_lake(work) == 0
        assert work.control.alerts.book() == book
        assert work.control.alerts.made() == made
        assert set(made) == {FIRST.key, "covered"}
        assert work.control.alerts.due(NOW) == []
        assert work.control.alerts.post_of(FIRST.key).ts == "17.1"
        record(work, [AlertEvent(ID, "acknowledged", NOW, "ana")])
        assert copied(work) == 1


def test_what_is_published_after_the_store_was_lost_knows_what_was_told(home):
    with opened(home) as work:
        record(work, [OPENED], [FIRST])
        copied(work)
    lose_the_store(home)
    with opened(home) as work:
        file = publishing.publish(work).file
    with duckdb.connect(str(file), read_only=True) as warehouse:
        assert warehouse.sql("SELECT alert_id FROM ops.alerts").fetchall() == [(ID,)]


def test_a_store_put_back_from_a_backup_gets_what_happened_since(home):
    with opened(home) as work:
        record(work, [OPENED], [FIRST])
        copied(work)
        work.control.close()
        backup = {file.name: file.read_bytes() for file in (home / "control").glob("*")}
        tell(work)
        record(work, [AlertEvent(ID, "acknowledged", NOW, "ana")])
        copied(work)
        book = work.control.alerts.book()
    lose_the_store(home)
    for name, content in backup.items():
        (home / "control" / name).write_bytes(content)

    with opened(home) as work:
        assert work.control.alerts.book()[ID].state == "open"
        with work.control.lock_alerting():
            assert restore(work) == 2
        assert work.control.alerts.book() == book
        assert work.control.alerts.due(NOW) == []


def test_a_lake_that_was_lost_is_filled_from_the_store(home, tmp_path):
    with opened(home) as work:
        record(work, [OPENED], [FIRST])
        copied(work)
        (home / "lake").rename(tmp_path / "lost")
        with work.control.lock_alerting():
            assert restore(work) == 0
        assert copied(work) == 1


def test_sweeping_the_lake_leaves_the_log_alone(home):
    with opened(home) as work:
        record(work, [OPENED], [FIRST])
        copied(work)
        sweep(work)
        for table in GROWING:
            assert work.lake.vacuum(table, [], older_than_hours=0) == []
        assert in_lake(work) == [(1, "opened")]


def test_the_published_warehouse_tells_how_alerts_stood_then(home):
    with opened(home) as work:
        record(work, [OPENED], [FIRST])
        tell(work)
        publication = publish(work.lake, work.control, work.home.warehouse, ALERT_TABLES)
        record(work, [AlertEvent(ID, "acknowledged", NOW, "ana")])
        with duckdb.connect(str(publication.file), read_only=True) as warehouse:
            assert warehouse.sql('SELECT rule, state, amount, "limit" FROM ops.alerts').fetchall() == [
                ("Search", "notified", Decimal("120.000000000001"), None)
            ]
            told = "SELECT n.destination, p.ts FROM ops.alert_notices n JOIN ops.alert_posts p USING (key)"
            assert warehouse.sql(told).fetchall() == [("#ai", "17.1")]
            assert warehouse.sql("SELECT kind FROM ops.alert_events ORDER BY sequence").fetchall() == [
                ("opened",),
                ("notified",),
            ]
            assert warehouse.sql("SELECT outcome FROM ops.alert_deliveries").fetchall() == [("sent",)]
            assert warehouse.sql("SELECT * FROM ops.alert_requests").fetchall() == []
