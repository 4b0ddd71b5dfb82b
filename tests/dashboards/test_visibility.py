"""What people of one team see of every table: their own rows, and no word of anybody else's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import duckdb
import pytest

from dashboards import visibility
from dashboards.published import Published, UnreadableError, connect
from dashboards.queries import reading
from dashboards.queries.reading import ask
from dashboards.visibility import NARROWED, PUBLIC, WITHHELD
from models.catalogue import TABLES
from models.control.access import Person, team_alone
from models.control.alerts import Alert, AlertKey
from models.control.conditions import KINDS, Kind
from pipelines import door
from pipelines.errors import DoorError
from tests.dashboards import sample_alerts, two_teams
from tests.dashboards.sample_warehouse import Sample
from tests.dashboards.two_teams import OURS, SECRETS

VIC = Person("Vic", "vic@example.com", "viewer", (OURS,))


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_teams.publish(Sample(now=datetime.now(UTC)), tmp_path_factory.mktemp("home"))


@pytest.fixture
def ours(home: Path, once: Path) -> Published:
    """The sample as the team sees it, in a file of its own."""
    return Published(Path(shutil.copy(once, home)), teams=(OURS,))


@pytest.fixture
def connection(ours: Published) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(ours) as connection:
        yield connection


def test_every_table_is_decided_once():
    decided = [*NARROWED, *PUBLIC, *WITHHELD]
    assert sorted(decided) == sorted(TABLES), "a new table needs a place in dashboards/visibility.py"


def test_columns_that_narrow_are_there():
    for name, narrowing in NARROWED.items():
        assert {narrowing.column, *narrowing.only} <= set(TABLES[name].polars_schema), name


def test_a_set_of_teams_takes_a_small_part_of_the_machine(connection: duckdb.DuckDBPyConnection):
    sql = "SELECT current_setting('threads'), current_setting('memory_limit')"
    assert connection.sql(sql).fetchall() == [(2, "512.0 MiB")]


def test_a_connection_that_is_pushed_out_is_read_to_the_end(ours: Published):
    opened = reading._connection  # pyright: ignore[reportPrivateUsage]
    cursor = opened(ours).cursor()
    opened.clear()
    assert cursor.sql("SELECT count(*) FROM marts.tco_daily").fetchall()[0][0]
    assert ask(ours, "SELECT count(*) FROM marts.tco_daily").item()


def test_no_table_says_a_word_of_other_teams(connection: duckdb.DuckDBPyConnection):
    seen: dict[str, int] = {}
    for (name,) in connection.execute(
        "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal AND database_name = 'memory'"
    ).fetchall():
        rows = connection.sql(f"FROM {name}").pl()
        seen[name] = rows.height
        told = rows.write_json()
        assert not [word for word in SECRETS if word in told], name
    assert {name for name, count in seen.items() if count} <= {*NARROWED, *PUBLIC}
    for name in ("marts.tco_daily", "marts.tco_monthly", "marts.budget_status", "marts.forecasts", "marts.anomalies"):
        assert seen[name], f"{name} should not be empty: the team has rows in it"


def test_the_team_s_costs_are_those_of_the_sample(ours: Published, sample: Sample):
    told = ask(ours, "SELECT sum(effective_cost) AS cost FROM marts.tco_daily WHERE currency = 'USD'").item()
    rows = sample.total_costs
    assert told == sum(row["effective_cost"] for row in rows if row["team"] == OURS and row["currency"] == "USD")


def test_who_may_see_everything_reads_the_file(ours: Published, sample: Sample):
    everything = replace(ours, teams=None)
    count = ask(everything, "SELECT count(*) FROM marts.tco_daily").item()
    assert count == len(sample.total_costs)
    assert count > ask(ours, "SELECT count(*) FROM marts.tco_daily").item() > 0


def test_several_teams_see_theirs_together(ours: Published):
    both = replace(ours, teams=(OURS, two_teams.OTHERS[0]))
    teams = ask(both, "SELECT DISTINCT team FROM marts.tco_daily ORDER BY team")["team"].to_list()
    assert teams == [OURS, two_teams.OTHERS[0]]


@pytest.mark.parametrize("name", ["o'hara", "' OR true --", '"', "nobody"])
def test_a_team_s_name_is_never_sql(ours: Published, name: str):
    assert ask(replace(ours, teams=(name,)), "SELECT count(*) FROM marts.tco_daily").item() == 0


def test_nothing_of_the_file_can_be_changed(connection: duckdb.DuckDBPyConnection):
    with pytest.raises(duckdb.Error):
        connection.execute("DELETE FROM published.marts.tco_daily")


def test_what_was_published_before_it_named_teams_is_empty(ours: Published):
    with duckdb.connect(str(ours.file)) as connection:
        connection.execute("ALTER TABLE marts.budget_status DROP COLUMN team")
        connection.execute("CREATE TABLE marts.new_table AS SELECT 'secret' AS team")
    assert ask(ours, "SELECT count(*) FROM marts.budget_status").item() == 0
    assert ask(ours, "SELECT count(*) FROM marts.new_table").item() == 0


def test_a_file_that_is_none_is_told(tmp_path: Path):
    (tmp_path / "broken.duckdb").write_text("not a database")
    with pytest.raises(UnreadableError):
        connect(Published(tmp_path / "broken.duckdb", teams=(OURS,)))


@pytest.mark.slow
def test_sql_sees_the_same(ours: Published):
    grants = visibility.grants((OURS,))

    def asked(sql: str) -> list[tuple[object, ...]]:
        return door.query(ours.file, sql, mode="sandbox", grants=grants).rows.rows()

    assert asked("SELECT DISTINCT team FROM marts.tco_daily") == [(OURS,)]
    assert asked("SELECT DISTINCT dimension, value FROM marts.forecasts") == [("team", OURS)]
    for sql in ("SELECT * FROM marts.contracts", "SELECT * FROM marts.daily_costs", "SELECT * FROM ops.alerts"):
        with pytest.raises(DoorError):
            asked(sql)


def test_alerts_are_of_a_team_alone_by_one_rule_in_sql_and_python():
    teams, scopes = (None, OURS, "voice"), ("everything", f"team {OURS} · model gpt-5", f"team {OURS}, voice", "")
    subjects = (f"team {OURS}", "team voice", "SKU gpt-5 input", "budget Search")
    cases = [*product(KINDS, teams, scopes, subjects)]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE cases (kind VARCHAR, team VARCHAR, scope VARCHAR, subject VARCHAR)")
        connection.executemany("INSERT INTO cases VALUES (?, ?, ?, ?)", cases)
        where = NARROWED["ops.alerts"].where
        seen = connection.execute(f"SELECT * FROM cases WHERE team = '{OURS}' AND {where}").fetchall()
    assert sorted(seen, key=str) == sorted((case for case in cases if team_alone(*case) == OURS), key=str)
    assert seen


def _alert(kind: Kind, team: str | None, scope: str, subject: str) -> Alert:
    condition = replace(
        sample_alerts.SEARCH, key=AlertKey("rule", scope, "", ""), kind=kind, team=team, subject=subject
    )
    return Alert(condition.key, kind, condition, "open", 1, sample_alerts.NOW, sample_alerts.NOW)


def test_an_alert_that_is_mostly_ours_is_not_ours_alone():
    budget = _alert("budget", OURS, f"team {OURS}", "budget Search")
    of_all = _alert("budget", OURS, "everything", "budget All AI, which the team answers for")
    mostly = _alert("anomaly", OURS, "sku x · cost · USD", "SKU gpt-5 input")
    anomaly = _alert("anomaly", OURS, f"team {OURS} · cost · USD", f"team {OURS}")
    late = _alert("stale_source", None, "openai", "openai")
    assert visibility.alerts_of(VIC, [budget, of_all, mostly, anomaly, late]) == [budget, anomaly]
    everybody = Person("Ada", "ada@example.com", "admin")
    assert len(visibility.alerts_of(everybody, [budget, of_all, mostly, anomaly, late])) == 5
