"""The SQL door: reading queries pass, everything else is refused; nothing outside is read, nothing is written."""

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from models.catalogue import TABLES
from pipelines import running
from pipelines.door import Grant, Limits, query
from pipelines.errors import DoorError, QueryError, QueryLimitError, StatementRefusedError
from pipelines.fetching import SCHEMAS, connect, shut
from pipelines.statements import checked
from tests.pipelines.hostile_statements import BEHIND_THE_CHECK, READS, SYSTEM_TABLES, UNBOUNDED, WRITES, hostile

SECRET = "not for the likes of you"


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    """A published file with a view over a Parquet file, beside a secret that no query may read."""
    house = tmp_path_factory.mktemp("house")
    pl.DataFrame(
        {
            "x_Source": ["openai", "openai", "anthropic"],
            "x_Team": ["search", "chat", "search"],
            "BilledCost": pl.Series([Decimal("1.000000000001"), Decimal(2), Decimal(3)], dtype=pl.Decimal(38, 12)),
            "ChargePeriodStart": [datetime(2026, 1, 1, tzinfo=UTC)] * 3,
        }
    ).write_parquet(house / "charges.parquet")
    (house / "secret.csv").write_text(f"secret\n{SECRET}\n")
    pl.DataFrame({"secret": [SECRET]}).write_parquet(house / "secret.parquet")
    with duckdb.connect(str(house / "v1.duckdb")) as connection:
        connection.execute("CREATE SCHEMA focus")
        connection.execute("CREATE SCHEMA ops")
        connection.execute(
            f"CREATE VIEW focus.cost_and_usage AS SELECT * FROM read_parquet(['{house / 'charges.parquet'}'])"
        )
        connection.execute("CREATE TABLE ops.loads AS SELECT 1 AS load_id, 'openai' AS source")
    (house / "outlay.duckdb").symlink_to("v1.duckdb")
    return house


@pytest.fixture
def database(house) -> Path:
    return house / "outlay.duckdb"


def contents(house: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(house.rglob("*")) if path.is_file()}


# What passes

GOOD = [
    "SELECT sum(BilledCost) FROM focus.cost_and_usage",
    "from cost_and_usage",
    "FROM focus.cost_and_usage SELECT x_Team, sum(BilledCost) GROUP BY ALL ORDER BY ALL LIMIT 5;",
    "-- a comment\nSELECT /* in the midst */ 1 -- and at the end",
    "SELECT ';' AS semicolon, '-- no comment' AS text, $$ '; COPY x TO y' $$ AS quoted",
    "WITH t AS MATERIALIZED (SELECT 1 AS a) SELECT * FROM t UNION ALL VALUES (2)",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r",
    "SELECT x_Team, rank() OVER (PARTITION BY x_Source ORDER BY BilledCost DESC) FROM cost_and_usage QUALIFY 1 = 1",
    "SELECT * EXCLUDE (x_Team) REPLACE (BilledCost * 2 AS BilledCost) FROM cost_and_usage WHERE x_Team IN ('search')",
    "SELECT date_trunc('month', ChargePeriodStart), CASE WHEN BilledCost > 1 THEN 'a' END FROM cost_and_usage",
    "SELECT a.x_Team FROM cost_and_usage a JOIN ops.loads l ON a.x_Source = l.source CROSS JOIN range(2)",
    "FROM (PIVOT focus.cost_and_usage ON x_Team IN ('search', 'chat') USING sum(BilledCost))",
    "SELECT list_transform([1, 2], lambda x: x + 1), {'a': 1}, [1, 2][1], now() > TIMESTAMPTZ '2020-01-01', 1 IS NULL",
    "SELECT CAST(BilledCost AS DECIMAL(18, 2)), x_Team LIKE 's%', regexp_matches(x_Team, 's') FROM cost_and_usage",
    "SELECT count(*) FILTER (WHERE BilledCost BETWEEN 1 AND 2), string_agg(DISTINCT x_Team, ',') FROM cost_and_usage",
    "SELECT EXISTS (SELECT 1), (SELECT max(BilledCost) FROM cost_and_usage), coalesce(NULL, 1), NOT true",
    "FROM range(3)", "SELECT unnest([1, 2])", "SHOW TABLES", "SHOW ALL TABLES", "DESCRIBE focus.cost_and_usage",
    "DESCRIBE SELECT 1 AS a", "SUMMARIZE focus.cost_and_usage", "EXPLAIN SELECT * FROM cost_and_usage",
    "/* why */ explain\nselect 1", "SELECT * FROM information_schema.tables",
    "FROM information_schema.columns", "FROM outlay.focus.cost_and_usage", "SELECT * FROM duckdb_columns()",
    "SELECT cost_and_usage FROM cost_and_usage", "SELECT 1 AS a, 2 AS a", "SELECT INTERVAL 1 DAY AS day",
]  # fmt: skip


@pytest.mark.parametrize("sql", GOOD)
def test_reading_passes(database, sql):
    assert query(database, sql).rows.width > 0


def test_results_are_exact_and_in_utc(database):
    result = query(
        database, "SELECT sum(BilledCost) AS s, min(ChargePeriodStart) AS t, sum(7::BIGINT) AS n FROM cost_and_usage"
    )
    assert result.rows.rows() == [(Decimal("6.000000000001"), datetime(2026, 1, 1, tzinfo=UTC), Decimal(21))]
    assert result.rows.schema["s"] == pl.Decimal(38, 12)


def test_two_columns_of_one_name_and_intervals_do_not_surprise(database):
    rows = query(database, "SELECT 1 AS a, 2 AS a, INTERVAL 1 DAY AS i").rows
    assert rows.columns == ["a", "a_2", "i"]
    assert rows["i"].to_list() == ["1 day"]


@pytest.mark.parametrize("sql", SYSTEM_TABLES)
def test_tables_of_the_system_are_no_tables_of_ours(database, sql):
    with pytest.raises((StatementRefusedError, QueryError)) as refused:
        checked(sql)
    assert "SHOW ALL TABLES" in refused.value.remedy or "WITH" in str(refused.value)
    with pytest.raises((StatementRefusedError, QueryError)):
        query(database, sql)


def test_schemas_and_names_are_those_of_the_catalogue():
    assert set(SCHEMAS) == {table.schema for table in TABLES.values()}
    assert checked("FROM outlay.Focus.cost_and_usage").tables == {("Focus", "cost_and_usage")}
    assert checked("FROM budget_status JOIN Daily_Costs USING (x)").tables == {
        ("", "budget_status"),
        ("", "Daily_Costs"),
    }
    with pytest.raises(QueryError, match="no table 'budget_status'"):
        checked("FROM budget_status", tables=["focus.cost_and_usage"])


# What does not


@pytest.mark.parametrize("sql", WRITES + READS)
def test_hostile_statements_are_refused_and_leave_everything_as_it_was(house, database, sql):
    before = contents(house)
    working_folder = set(Path.cwd().iterdir())

    with pytest.raises((StatementRefusedError, QueryError)) as refused:
        query(database, hostile(house, sql), limits=Limits(seconds=20))

    assert SECRET not in str(refused.value)
    assert refused.value.remedy
    assert contents(house) == before
    assert set(Path.cwd().iterdir()) == working_folder


@pytest.mark.parametrize("sql", BEHIND_THE_CHECK)
def test_even_a_statement_that_the_check_let_through_reaches_nothing(house, tmp_path, sql):
    """The second wall: what holds should DuckDB's parser and our list be wrong."""
    before = contents(house)
    with connect(Limits(), str(tmp_path)) as connection:
        connection.execute(f"ATTACH '{house / 'v1.duckdb'}' AS outlay (READ_ONLY)")
        connection.execute("USE outlay")
        shut(connection, [str(house / "charges.parquet")])
        assert connection.execute("SELECT count(*) FROM focus.cost_and_usage").fetchall() == [(3,)]
        told = ""
        with pytest.raises(duckdb.Error):
            told = str(connection.execute(hostile(house, sql).replace("{house}", str(house))).fetchall())
    assert SECRET not in told
    assert contents(house) == before


def test_variables_of_python_are_no_tables(database):
    charges = pl.DataFrame({"secret": [SECRET]})
    with pytest.raises(QueryError):
        query(database, "SELECT * FROM charges")
    assert charges.height == 1


def test_no_warehouse_yet_says_how_to_get_one(tmp_path):
    with pytest.raises(QueryError, match="nothing is published yet"):
        query(tmp_path / "outlay.duckdb", "SELECT 1")


@pytest.mark.parametrize("named", ["endless recursion", "cross join", "long range", "memory bomb"])
def test_the_owner_is_not_left_hanging(database, named):
    with pytest.raises(QueryLimitError):
        query(database, UNBOUNDED[named], limits=Limits(seconds=1, memory_mib=200))


def test_more_rows_than_allowed_are_cut_and_said_so(database):
    result = query(database, "FROM range(100000)", limits=Limits(rows=25))
    assert (result.rows.height, result.truncated) == (25, True)
    assert not query(database, "FROM range(25)", limits=Limits(rows=25)).truncated


def test_a_mistake_is_explained_without_a_stack_trace(database):
    with pytest.raises(QueryError, match="BilledCost") as mistaken:
        query(database, "SELECT BildCost FROM focus.cost_and_usage")
    assert "SHOW ALL TABLES" in mistaken.value.remedy


def test_a_statement_knows_what_it_reads():
    statement = checked("SELECT a.x FROM focus.cost_and_usage a JOIN ops.loads USING (source)")
    assert statement.tables == {("focus", "cost_and_usage"), ("ops", "loads")}
    assert {"x", "source"} <= statement.words
    assert not statement.names_all_columns
    assert checked("SELECT a FROM focus.cost_and_usage a").names_all_columns
    assert checked("FROM focus.cost_and_usage NATURAL JOIN ops.loads").names_all_columns


# The sandbox: one process for each query, so few queries say much

GRANTS = [Grant("focus.cost_and_usage", columns=("x_Team", "BilledCost"), only={"x_Team": ("search",)})]


def in_sandbox(database: Path, sql: str, **more):
    more.setdefault("limits", Limits(seconds=60, memory_mib=400, rows=1000, result_mib=8))
    return query(database, sql, mode="sandbox", grants=GRANTS, **more)


@pytest.mark.slow
def test_in_the_sandbox_only_granted_rows_columns_and_tables_are_there(database):
    assert in_sandbox(database, "SELECT * FROM cost_and_usage ORDER BY 2").rows.rows() == [
        ("search", Decimal("1.000000000001")),
        ("search", Decimal(3)),
    ]
    assert in_sandbox(database, "SELECT sum(BilledCost) FROM focus.cost_and_usage").rows.item() == Decimal(
        "4.000000000001"
    )
    assert in_sandbox(database, "SELECT count(*) FROM focus.cost_and_usage").rows.item() == 2
    assert in_sandbox(database, "SHOW TABLES").rows["name"].to_list() == ["cost_and_usage"]
    for sql in ("FROM ops.loads", "SELECT x_Source FROM cost_and_usage", "FROM published.focus.cost_and_usage"):
        with pytest.raises((StatementRefusedError, QueryError)):
            in_sandbox(database, sql)


@pytest.mark.slow
@pytest.mark.parametrize("sql", ["FROM pg_catalog.pg_settings", "FROM duckdb_settings"])
def test_in_the_sandbox_the_system_has_no_tables_either(database, sql):
    with pytest.raises((StatementRefusedError, QueryError)):
        in_sandbox(database, sql)


def test_processor_time_of_the_sandbox_ends_after_its_time_and_is_told_as_such():
    confine = (
        "import resource; from pipelines.sandbox import _confine, Limits; _confine(Limits(seconds=1.5)); "
        "print(resource.getrlimit(resource.RLIMIT_CPU))"
    )
    confined = subprocess.run([sys.executable, "-c", confine], capture_output=True, text=True, check=True)
    assert confined.stdout.strip() == "(8, 13)"  # two threads for 1.5 seconds, and 5 to spare
    with pytest.raises(QueryLimitError, match=r"stopped after 1\.5 seconds"):
        running.understood(b"", -signal.SIGXCPU, Limits(seconds=1.5))


@pytest.mark.slow
@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO '{out}'",
        "WITH x AS (COPY (SELECT 1) TO '{out}') SELECT 1",
        "FROM '{secret}.parquet'",
        "SELECT 1; ATTACH '{out}'",
        "SELECT " + "(" * 3000 + "1" + ")" * 3000,
    ],
    ids=["copy", "copy in a query", "file", "two statements", "deep"],
)
def test_the_sandbox_refuses_what_the_owner_may_not_do_either(house, database, sql):
    before = contents(house)
    with pytest.raises((StatementRefusedError, QueryError)):
        in_sandbox(database, hostile(house, sql))
    assert contents(house) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "seconds", "says"),
    [
        (
            "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
            3,
            "stopped after",
        ),
        ("SELECT list(repeat('x', 100000) || range) FROM range(10000000)", 60, "more memory"),
        ("SELECT repeat('x', 100000) || range FROM range(1000)", 60, "larger than"),
    ],
    ids=["endless", "memory", "a large result"],
)
def test_the_sandbox_is_ended_in_time(database, sql, seconds, says):
    with pytest.raises(QueryLimitError, match=says):
        in_sandbox(database, sql, limits=Limits(seconds=seconds, memory_mib=400, rows=1000, result_mib=8))


@pytest.mark.slow
def test_the_sandbox_gets_no_secrets_and_can_write_no_file(house, database, monkeypatch):
    monkeypatch.setenv("OPENAI_ADMIN_KEY", SECRET)
    started: list[dict] = []
    popen = running.subprocess.Popen

    def watched(*args, **settings):
        started.append(settings)
        return popen(*args, **settings)

    monkeypatch.setattr(running.subprocess, "Popen", watched)
    in_sandbox(database, "SELECT 1")
    assert SECRET not in json.dumps(started[0]["env"])
    assert not Path(started[0]["cwd"]).exists()


def test_door_errors_are_of_one_family():
    assert issubclass(QueryLimitError, DoorError)
