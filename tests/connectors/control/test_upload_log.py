"""Uploads are kept whole and for ever; what happens to one is added, once, and never under somebody else's lock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from connectors.control import ControlStore
from connectors.control.database import Database
from connectors.control.errors import ControlError, LockLostError
from connectors.control.tables import METADATA, SCHEMA, SCHEMA_VERSION
from models.control.uploads import Upload, UploadKind, in_force

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)


def upload(request_id: str, kind: UploadKind = "budgets", who: str = "ana@example.com") -> Upload:
    return Upload(request_id, kind, who, NOW, "budgets.csv", f"name,amount\n{request_id},5\n", "base", "as agreed")


@pytest.fixture
def store(url: str) -> Iterator[ControlStore]:
    with ControlStore.open(url, clock=lambda: NOW + timedelta(hours=1)) as store:
        yield store


def test_an_upload_is_kept_whole_and_once(store: ControlStore):
    assert store.uploads.ask(upload("one"))
    assert not store.uploads.ask(upload("one", who="somebody else"))
    (kept,) = store.uploads.kept()
    assert (kept.number, kept.upload, kept.state, kept.events, kept.publications) == (
        1,
        upload("one"),
        "pending",
        (),
        (),
    )
    (action,) = store.newest_actions(10)
    assert (action.who, action.what, action.subject) == ("ana@example.com", "ask for budgets", "upload 1")


def test_it_is_in_somebodys_name_and_steers_no_terminal(store: ControlStore):
    with pytest.raises(ControlError, match="somebody's name"):
        store.uploads.ask(upload("one", who=" \x1b "))
    store.uploads.ask(upload("one", who="Ana\x1b[2J\n"))
    assert store.uploads.kept()[0].upload.who == "Ana [2J"


def test_it_is_answered_once_and_under_the_lock_of_publishing_only(store: ControlStore):
    for request in ("one", "two"):
        store.uploads.ask(upload(request))
    with pytest.raises(LockLostError):
        store.uploads.answer(1)
    with store.lock_publishing():
        store.uploads.answer(1)
        store.uploads.answer(2, refusal="other budgets are in force")
        for number in (1, 2):
            with pytest.raises(ControlError, match="already"):
                store.uploads.answer(number)
        with pytest.raises(ControlError, match="there is no upload 3"):
            store.uploads.answer(3)
    assert [(each.state, each.why) for each in store.uploads.kept()] == [
        ("applied", None), ("refused", "other budgets are in force")
    ]  # fmt: skip


def test_what_is_withdrawn_counts_no_longer_and_stays_in_the_log(store: ControlStore):
    for number, kind in enumerate(("budgets", "owners", "owners", "budgets"), 1):
        store.uploads.ask(upload(str(number), kind))
    with store.lock_publishing():
        for number in (1, 2, 3):
            store.uploads.answer(number)
    assert [each.number for each in in_force(store.uploads.kept())] == [1, 3]
    store.uploads.withdraw(3, who="bo", why="wrong file")
    store.uploads.withdraw(4, who="bo", why="wrong file")
    # the list of owners before it counts again
    assert [each.number for each in in_force(store.uploads.kept())] == [1, 2]
    assert [each.what for each in store.uploads.kept()[2].events] == ["applied", "withdrawn"]
    with pytest.raises(ControlError, match="withdrawn already"):
        store.uploads.withdraw(4, who="bo", why="again")
    assert len(store.uploads.kept()) == 4


def test_a_publication_says_which_uploads_it_is_made_by(store: ControlStore):
    store.uploads.ask(upload("one"))
    with store.lock_publishing() as lock:
        store.uploads.answer(1)
        files = [store.begin_publication("outlay", lock, (1,))[0] for _ in range(3)]
        without = store.begin_publication("outlay", lock)[0]
    assert store.uploads.kept()[0].publications == tuple(files)
    assert without not in files
    store.mark_removed(files[:2])
    # the first one is remembered when its file is gone
    assert store.uploads.kept()[0].publications == (files[0], files[2])


def test_an_older_store_gets_the_tables_and_keeps_what_it_has(url: str):
    with ControlStore.open(url, clock=lambda: NOW - timedelta(days=1)) as store:
        store.record_action("ana", "lock period", "openai 2026-10")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for name in ("publication_uploads", "upload_events", "uploads"):
            METADATA.tables[name].drop(connection)
        connection.execute(SCHEMA.update().values(version=3))
    engine.dispose()
    with ControlStore.open(url) as store:
        assert store.uploads.kept() == []
        assert store.uploads.ask(upload("one"))
        assert [action.what for action in store.newest_actions(10)] == ["ask for budgets", "lock period"]
    database = Database(url)
    with database.reading() as connection:
        assert connection.execute(sa.select(SCHEMA.c.version)).scalar_one() == SCHEMA_VERSION == 4
    database.close()
