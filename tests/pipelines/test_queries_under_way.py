"""Queries in sandboxes while they run: waited for in line, cancelled, and ended in time whoever is gone."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from pipelines import running
from pipelines.door import EVERYTHING, Grant, Limits, query, start, warm
from pipelines.errors import QueryCancelledError, QueryError, QueryLimitError, StatementRefusedError
from pipelines.running import Line

pytestmark = pytest.mark.slow

ENDLESS = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r"


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("house") / "outlay.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE SCHEMA marts")
        connection.execute("CREATE TABLE marts.tco_daily AS SELECT range AS cost, 'search' AS team FROM range(100)")
        connection.execute("CREATE VIEW marts.daily_costs AS FROM marts.tco_daily")
    return file


def alive(process_id: int) -> bool:
    """A zombie is not."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(holds, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(0.02)
    return held


def process_of(query_under_way: running.Running) -> int:
    assert until(lambda: query_under_way._sandbox is not None)
    assert query_under_way._sandbox is not None
    return query_under_way._sandbox._process.pid


def test_one_goes_on_while_it_runs_and_fetches_the_answer_later(database):
    asked = start(database, "SELECT sum(cost) AS s FROM tco_daily", grants=EVERYTHING)
    assert asked.wait(60)
    assert asked.done
    assert asked.ahead == 0
    assert asked.result().rows["s"].to_list() == [sum(range(100))]
    assert 0 < asked.seconds < 60


def test_whoever_may_see_everything_reads_views_and_tables_where_they_are(database):
    assert query(database, "FROM daily_costs", mode="sandbox", grants=EVERYTHING).rows.height == 100
    assert query(database, "SHOW TABLES", mode="sandbox", grants=EVERYTHING).rows["name"].to_list() == [
        "daily_costs",
        "tco_daily",
    ]
    for sql in ("DELETE FROM tco_daily", "FROM '/etc/passwd'", "FROM read_text('/etc/passwd')", "ATTACH 'x'"):
        with pytest.raises((StatementRefusedError, QueryError)):
            query(database, sql, mode="sandbox", grants=EVERYTHING)
    assert query(database, "SELECT count(*) AS n FROM tco_daily").rows.item() == 100


def test_no_grant_is_not_every_grant(database):
    with pytest.raises(QueryError, match="no table"):
        query(database, "FROM tco_daily", mode="sandbox", grants=())
    with pytest.raises((StatementRefusedError, QueryError)):
        query(database, "FROM tco_daily, outlay.marts.daily_costs", mode="sandbox", grants=[Grant("x.tco_daily")])


def test_a_mistake_is_raised_by_the_result(database):
    with pytest.raises(QueryError, match="bilt"):
        start(database, "SELECT bilt FROM tco_daily", grants=EVERYTHING).result()
    with pytest.raises(StatementRefusedError, match="half a character"):
        start(database, "SELECT '\ud800'", grants=EVERYTHING).result()


def test_a_cancelled_query_is_dead_at_once_and_says_so(database):
    asked = start(database, ENDLESS, grants=EVERYTHING)
    process_id = process_of(asked)
    time.sleep(1)
    assert alive(process_id)
    asked.cancel()
    assert until(lambda: not alive(process_id), 2)
    with pytest.raises(QueryCancelledError):
        asked.result()
    asked.cancel()  # nothing happens to what has ended


def test_what_has_answered_cannot_be_cancelled(database):
    asked = start(database, "SELECT 1 AS one", grants=EVERYTHING)
    asked.wait()
    asked.cancel()
    assert asked.result().rows.item() == 1


def test_only_so_many_run_the_others_know_their_place_and_too_many_are_refused(database):
    line = Line(places=1, waiting=2)
    first, second, third = (start(database, ENDLESS, grants=EVERYTHING, line=line) for _ in range(3))
    process_of(first)
    assert [asked.ahead for asked in (first, second, third)] == [0, 1, 2]
    assert (second.seconds, second.done) == (0.0, False)
    with pytest.raises(QueryLimitError, match="3 queries run or wait"):
        start(database, "SELECT 1", grants=EVERYTHING, line=line)
    second.cancel()
    assert second.wait(5)
    assert third.ahead == 1
    first.cancel()
    process_of(third)
    assert third.ahead == 0
    third.cancel()
    assert start(database, "SELECT 1 AS one", grants=EVERYTHING, line=line).result().rows.item() == 1


def test_whoever_waits_for_a_page_that_is_gone_gets_no_turn(database, monkeypatch):
    monkeypatch.setattr(running, "_FORGOTTEN_SECONDS", 0.2)
    line = Line(places=1, waiting=2)
    first = start(database, ENDLESS, grants=EVERYTHING, line=line)
    process_of(first)
    forgotten = start(database, "SELECT 1", grants=EVERYTHING, line=line)
    time.sleep(0.5)
    first.cancel()
    assert until(forgotten._finished.is_set)
    with pytest.raises(QueryCancelledError):
        forgotten.result()


def test_a_sandbox_that_is_ready_is_used_once(database):
    warm()
    ready = running._spare
    warm()
    assert running._spare is ready
    asked = start(database, "SELECT 1", grants=EVERYTHING)
    asked.result()
    assert asked._sandbox is ready
    assert running._spare is None
    with pytest.raises(QueryCancelledError):
        warm()
        asked = start(database, ENDLESS, grants=EVERYTHING)
        process_of(asked)
        asked.cancel()
        asked.result()


def test_a_sandbox_that_died_while_it_waited_is_not_used(database):
    warm()
    assert running._spare is not None
    running._spare.end()
    running._spare._process.wait(5)
    assert start(database, "SELECT 1 AS one", grants=EVERYTHING).result().rows.item() == 1


def test_a_query_ends_in_time_also_where_its_app_is_dead(database):
    """The kernel ends it: nobody else is there to."""
    request = {"database": str(database), "sql": ENDLESS, "grants": None, "limits": {"seconds": 3, "memory_mib": 1024}}
    app = (
        "import subprocess, sys, time; "
        "p = subprocess.Popen([sys.executable, '-I', '-m', 'pipelines.sandbox'], stdin=subprocess.PIPE, "
        "stdout=subprocess.PIPE, start_new_session=True); "
        "p.stdin.write(sys.argv[1].encode()); p.stdin.close(); print(p.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", app, json.dumps(request)], stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout is not None
        process_id = int(parent.stdout.readline())
        time.sleep(1)
        parent.kill()
    assert alive(process_id)
    assert until(lambda: not alive(process_id), 15)


def test_ready_sandboxes_end_with_their_app():
    app = "from pipelines import running; running.warm(); print(running._spare._process.pid, flush=True)"
    ended = subprocess.run([sys.executable, "-c", app], capture_output=True, text=True, check=True)
    assert until(lambda: not alive(int(ended.stdout)), 15)


def test_others_are_answered_while_queries_run(database):
    """The app's own process waits without turning: another thread gets its turn at once."""
    line = Line(places=2, waiting=0)
    asked = [start(database, ENDLESS, grants=EVERYTHING, line=line) for _ in range(2)]
    for one in asked:
        process_of(one)
    gaps: list[float] = []
    stop = threading.Event()

    def turns() -> None:
        last = time.monotonic()
        while not stop.is_set():
            time.sleep(0.005)
            gaps.append(time.monotonic() - last)
            last = time.monotonic()

    other = threading.Thread(target=turns)
    other.start()
    time.sleep(2)
    stop.set()
    other.join()
    for one in asked:
        one.cancel()
    assert sorted(gaps)[len(gaps) // 2] < 0.1


@pytest.mark.parametrize("end", [signal.SIGALRM, signal.SIGXCPU])
def test_an_end_by_the_clock_is_told_as_such(end):
    with pytest.raises(QueryLimitError, match="stopped after 3 seconds"):
        running.understood(b"", -end, Limits(seconds=3))


def test_no_process_of_ours_is_left(database):
    asked = start(database, "SELECT 1", grants=EVERYTHING)
    asked.result()
    assert asked._sandbox is not None
    assert not alive(asked._sandbox._process.pid)
    assert not Path(asked._sandbox._folder.name).exists()
