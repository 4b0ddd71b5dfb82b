"""Locks: a living holder is named, a dead one is no holder, and who lost a lock commits nothing."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from connectors.control import ControlStore, LoadRecord
from connectors.control.database import Database
from connectors.control.errors import ControlError, LockHeldError, LockLostError
from connectors.control.locks import Locks
from connectors.control.processes import Holder, is_gone, this_process
from connectors.control.tables import LOCKS

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOLDING = """
import sys, time
from connectors.control import ControlStore
with ControlStore.open(sys.argv[1]) as store, store.lock("publish"):
    print("held", flush=True)
    time.sleep(120)
"""


@pytest.fixture
def store(url):
    with ControlStore.open(url) as store:
        yield store


def record(source: str = "openai") -> LoadRecord:
    return LoadRecord(source, "2026-01", NOW, NOW, ())


@pytest.mark.slow
def test_a_living_process_keeps_its_lock_and_a_killed_one_loses_it_at_once(url, store):
    holder = subprocess.Popen([sys.executable, "-c", HOLDING, url], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        named = rf"another run \(pid {holder.pid}, since .*\) holds 'publish'"
        with pytest.raises(LockHeldError, match=named) as held, store.lock("publish"):
            pass
        assert "wait for it" in held.value.remedy

        holder.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # dead, though its parent has not looked yet
        with store.lock("publish"):
            pass
    finally:
        holder.kill()
        holder.communicate()


def test_a_nested_lock_and_one_of_another_thread_are_refused(store):
    refused: list[Exception] = []

    def other_thread() -> None:
        try:
            with store.lock("publish"):
                pass
        except LockHeldError as error:
            refused.append(error)

    with store.lock("publish"):
        with pytest.raises(LockHeldError, match="this same process"), store.lock("publish"):
            pass
        thread = threading.Thread(target=other_thread)
        thread.start()
        thread.join()
    assert len(refused) == 1
    with store.lock("publish"):
        pass


def test_different_names_do_not_wait_for_each_other(store):
    with store.lock_load("openai", "2026-01"), store.lock_load("openai", "2026-02"), store.lock_publishing():
        pass


def test_whoever_waits_gets_the_lock_when_it_is_free(url, store):
    entered = threading.Event()
    leave = threading.Event()

    def hold() -> None:
        with ControlStore.open(url) as other, other.lock("publish"):
            entered.set()
            leave.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(20)
    threading.Timer(0.3, leave.set).start()
    with store.lock("publish", wait=20):
        pass
    thread.join()


def take(url: str, holder: Holder, *, leased_until: datetime) -> None:
    database = Database(url)
    with database.writing() as connection:
        connection.execute(
            LOCKS.insert().values(
                name="publish",
                token="theirs",
                host=holder.host,
                pid=holder.pid,
                process_started=holder.started,
                acquired_at=NOW,
                leased_until=leased_until,
            )
        )
    database.close()


def test_another_hosts_lock_holds_until_its_lease_ends(url):
    elsewhere = Holder("other-machine/1234", 1, "1")
    take(url, elsewhere, leased_until=NOW + timedelta(seconds=60))
    now = [NOW]
    with ControlStore.open(url, lambda: now[0]) as store:
        with pytest.raises(LockHeldError, match="pid 1 on other-machine") as held, store.lock("publish"):
            pass
        assert "00:01:00 UTC" in held.value.remedy
        now[0] += timedelta(seconds=61)
        with store.lock("publish"):
            pass


def test_a_process_number_that_was_given_to_another_process_is_no_sign_of_life(url):
    me = this_process()
    take(url, Holder(me.host, os.getpid(), "at another time"), leased_until=NOW + timedelta(days=1))
    with ControlStore.open(url, lambda: NOW) as store, store.lock("publish"):
        pass


def test_who_lives_and_who_does_not():
    me = this_process()
    assert is_gone(me) is False
    assert is_gone(Holder(me.host, 2**22 + 1, me.started)) is True
    assert is_gone(Holder("elsewhere", me.pid, me.started)) is None


def test_the_lease_is_renewed_while_the_lock_is_held(url):
    database = Database(url)
    locks = Locks(database, lambda: datetime.now(UTC), lease=timedelta(seconds=0.2))
    with locks.hold("publish"):
        first = lease(database)
        for _ in range(100):
            if lease(database) > first:
                break
            threading.Event().wait(0.05)
        assert lease(database) > first
    database.close()


def lease(database: Database) -> datetime:
    with database.reading() as connection:
        return connection.execute(LOCKS.select()).mappings().one()["leased_until"]


def test_nothing_is_committed_by_who_lost_the_lock_or_never_had_it(url, store):
    with pytest.raises(LockLostError):
        store.commit_load(record())

    with store.lock_load("openai", "2026-01"):
        with pytest.raises(LockLostError):
            store.commit_load(record("anthropic"))
        database = Database(url)
        with database.writing() as connection:  # as another host does that took this one for dead
            connection.execute(LOCKS.update().values(token="theirs"))
        with pytest.raises(LockLostError, match="taken over by another run"):
            store.commit_load(record())
        with database.reading() as connection:
            assert connection.execute(LOCKS.select()).mappings().one()["token"] == "theirs"
        database.close()
    assert store.current_loads() == []


def test_an_error_inside_frees_the_lock(store):
    with pytest.raises(RuntimeError), store.lock("publish"):
        raise RuntimeError
    with store.lock("publish"):
        pass


def test_a_release_that_could_not_be_written_leaves_no_lock_in_the_same_process(url, store):
    """The disk was full at that moment: the row says that we hold it, and no part of us does."""
    with store.lock("publish"), Database(url).writing() as connection:
        left = connection.execute(LOCKS.select().where(LOCKS.c.name == "publish")).mappings().one()
    with Database(url).writing() as connection:
        connection.execute(LOCKS.insert().values(dict(left)))

    with store.lock("publish"):
        pass


def test_lock_errors_are_of_the_family():
    assert issubclass(LockHeldError, ControlError)
