"""Every hostile statement through the real sandbox process, as people who may see everything send it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.door import EVERYTHING, Grant, Limits, QueryResult, query
from pipelines.errors import DoorError, QueryError, QueryLimitError, StatementRefusedError
from tests.pipelines.hostile_statements import MARKUP, READS, SYSTEM_TABLES, UNBOUNDED, WRITES, hostile

pytestmark = pytest.mark.slow

SECRET = "not for the likes of you"
LIMITS = Limits(seconds=20, memory_mib=400, rows=1000, result_mib=8)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Path]:
    """A published file beside secrets; afterwards nothing of it is changed, and nothing has come."""
    (tmp_path / "secret.csv").write_text(f"secret\n{SECRET}\n")
    pl.DataFrame({"secret": [SECRET]}).write_parquet(tmp_path / "secret.parquet")
    pl.DataFrame({"x_Team": ["search", "chat"], "BilledCost": [1, 2]}).write_parquet(tmp_path / "charges.parquet")
    with duckdb.connect(str(tmp_path / "outlay.duckdb")) as connection:
        for schema in ("focus", "ops", "marts"):
            connection.execute(f"CREATE SCHEMA {schema}")
        view = f"SELECT * FROM read_parquet(['{tmp_path / 'charges.parquet'}'])"
        connection.execute(f"CREATE VIEW focus.cost_and_usage AS {view}")
        connection.execute("CREATE TABLE ops.loads AS SELECT 1 AS load_id, 'openai' AS source")
        connection.execute("CREATE TABLE marts.tco_daily AS SELECT 'search' AS team, 1 AS cost")
    before = contents(tmp_path)
    working_folder = set(Path.cwd().iterdir())
    yield tmp_path
    assert contents(tmp_path) == before
    assert set(Path.cwd().iterdir()) == working_folder


def contents(house: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(house.rglob("*")) if path.is_file()}


def asked(house: Path, sql: str, grants=EVERYTHING) -> QueryResult | DoorError:
    try:
        return query(house / "outlay.duckdb", hostile(house, sql), mode="sandbox", grants=grants, limits=LIMITS)
    except DoorError as error:
        return error


def asked_all(house: Path, statements: list[str], grants=EVERYTHING) -> list[tuple[str, QueryResult | DoorError]]:
    with ThreadPoolExecutor(2) as two:
        return list(zip(statements, two.map(lambda sql: asked(house, sql, grants), statements), strict=True))


def test_all_are_refused_and_nothing_is_read(house):
    for sql, outcome in asked_all(house, [*WRITES, *READS, *SYSTEM_TABLES]):
        assert isinstance(outcome, StatementRefusedError | QueryError), sql[:200]
        assert outcome.remedy
        assert SECRET not in str(outcome)
        assert "root:" not in str(outcome)
        assert "without an answer" not in str(outcome), f"the check itself broke down: {sql[:200]}"


def test_people_of_one_team_are_refused_the_same_and_see_no_other_team(house):
    grants = [Grant("focus.cost_and_usage", only={"x_Team": ("search",)})]
    assert isinstance(result := asked(house, "FROM cost_and_usage", grants), QueryResult)
    assert result.rows.rows() == [("search", 1)]
    others = [
        "FROM marts.tco_daily",
        "FROM published.focus.cost_and_usage",
        "FROM outlay.focus.cost_and_usage WHERE x_Team = 'chat'",
        "SELECT * FROM focus.cost_and_usage UNION ALL FROM ops.loads",
        "SELECT count(*) FROM focus.cost_and_usage, read_parquet('{secret}.parquet')",
    ]
    for sql, outcome in asked_all(house, [*others, *WRITES[::6], *READS[::6]], grants):
        if isinstance(outcome, QueryResult):
            assert "chat" not in str(outcome.rows.rows()), sql
            assert sql == "FROM outlay.focus.cost_and_usage WHERE x_Team = 'chat'"
            assert outcome.rows.is_empty()
        else:
            assert SECRET not in str(outcome)


@pytest.mark.parametrize("named", UNBOUNDED)
def test_what_has_no_end_is_ended_and_told_why(house, named):
    limits = Limits(seconds=4, memory_mib=400, rows=1000, result_mib=8)
    with pytest.raises(
        QueryLimitError, match=r"stopped after 4 seconds|more memory|larger than|more than the"
    ) as ended:
        query(house / "outlay.duckdb", UNBOUNDED[named], mode="sandbox", grants=EVERYTHING, limits=limits)
    assert ended.value.remedy


def test_markup_is_data_like_any_other(house):
    for sql, outcome in asked_all(house, MARKUP):
        if isinstance(outcome, QueryResult):
            assert outcome.rows.height == 1, sql
        else:
            assert isinstance(outcome, StatementRefusedError | QueryError), sql
