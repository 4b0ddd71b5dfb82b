"""Series of business units: read exactly, and explained where they cannot be."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import polars as pl
import pytest

from pipelines.drivers import drivers
from pipelines.home import Home
from pipelines.settings.measures import DriverSettings


def driver(**said):
    return DriverSettings(**{"name": "customers", "unit": "Customer", **said})


def read(tmp_path, **said):
    series, problems = drivers([driver(**said)], Home.at(tmp_path))
    assert problems == []
    return series[0].values.rows() if series else None


def mistake(tmp_path, **said) -> str:
    series, problems = drivers([driver(**said)], Home.at(tmp_path))
    assert series == []
    (problem,) = problems
    assert problem.remedy
    assert problem.source == "driver 'customers'"
    return problem.what


EXPECTED = [(date(2026, 9, 1), Decimal("12.5")), (date(2026, 9, 2), Decimal(7))]


def test_a_csv_is_exact_and_in_order(tmp_path):
    (tmp_path / "customers.csv").write_text("value,day,note\n7,2026-09-02,x\n12.50,2026-09-01,\n")
    assert read(tmp_path, file="customers.csv") == EXPECTED
    assert read(tmp_path, file=str(tmp_path / "customers.csv")) == EXPECTED


@pytest.mark.parametrize("days", [pl.Date, pl.Datetime("us", "UTC"), pl.String])
def test_a_parquet_of_dates_instants_or_text(tmp_path, days):
    frame = pl.DataFrame(EXPECTED, schema={"day": pl.Date, "value": pl.Decimal(20, 2)}, orient="row")
    told = pl.col("day").cast(pl.String) if days == pl.String else pl.col("day").cast(days)
    frame.with_columns(told).write_parquet(tmp_path / "customers.parquet")
    assert read(tmp_path, file="customers.parquet") == EXPECTED


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("day\n2026-09-01\n", "customers.csv: column 'value' is missing"),
        ("day,value\n2026-09-01,1\n2026-09-01,2\n2026-09-02,1\n", "customers.csv row 2, 3: tells of a day that stands"),
        ("day,value\n2026-09-01,1\n2026-09-02,-2\n", "customers.csv row 3: has a value below 0"),
        ("day,value\n1.9.2026,1\n", "customers.csv row 2: has no day such as 2026-09-30"),
        ("day,value\n2026-09-01,\n", "customers.csv row 2: has no value"),
        ("day,value\n2026-09-01,many\n", "customers.csv row 2: value 'many' is no number"),
        ("", "customers.csv cannot be read"),
    ],
)
def test_a_csv_that_cannot_be_read_says_which_row(tmp_path, text, says):
    (tmp_path / "customers.csv").write_text(text)
    assert says in mistake(tmp_path, file="customers.csv")


def test_a_file_that_is_not_there_and_binary_fractions(tmp_path):
    assert "is not there" in mistake(tmp_path, file="customers.csv")
    pl.DataFrame({"day": [date(2026, 9, 1)], "value": [0.1]}).write_parquet(tmp_path / "customers.parquet")
    assert "value is a binary fraction (Float64)" in mistake(tmp_path, file="customers.parquet")


def publish(tmp_path) -> None:
    (tmp_path / "warehouse").mkdir()
    with duckdb.connect(str(tmp_path / "warehouse" / "outlay.duckdb")) as warehouse:
        warehouse.execute("CREATE SCHEMA usage")
        warehouse.execute("CREATE TABLE usage.meter_readings (day DATE, value DECIMAL(38, 12))")
        warehouse.execute(
            "INSERT INTO usage.meter_readings VALUES ('2026-09-02', 3), ('2026-09-02', 4), ('2026-09-01', 12.5)"
        )


COUNTED = "SELECT day, sum(value) AS value FROM usage.meter_readings GROUP BY day"


def test_sql_asks_what_is_published(tmp_path):
    publish(tmp_path)
    assert read(tmp_path, sql=COUNTED) == EXPECTED


def test_before_anything_is_published_sql_knows_nothing(tmp_path):
    assert read(tmp_path, sql=COUNTED) is None


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("DROP TABLE usage.meter_readings", "a statement that is no plain query"),
        ("SELECT * FROM read_csv('/etc/passwd')", "read_csv"),
        ("SELECT day, value::DOUBLE AS value FROM usage.meter_readings", "binary fraction"),
        ("SELECT day FROM usage.meter_readings", "the query's answer: column 'value' is missing"),
        ("SELECT days, value FROM usage.meter_readings", "days"),
        ("SELECT day, value FROM usage.meter_readings", "row 1, 2: tells of a day that stands there twice"),
    ],
)
def test_sql_goes_through_the_door(tmp_path, sql, says):
    publish(tmp_path)
    assert says in mistake(tmp_path, sql=sql)
