"""Explore: SQL through the real sandbox, the data dictionary, and the same file elsewhere."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.parts import answers
from dashboards.parts.questions import EXAMPLES, snippets
from dashboards.published import Published
from dashboards.queries import dictionary
from models.catalogue import TABLES
from pipelines.relations import comment
from tests.dashboards.pages import opened, table, words
from tests.dashboards.sample_warehouse import Sample
from tests.pipelines.hostile_statements import MARKUP, READS, WRITES

pytestmark = pytest.mark.slow


@pytest.fixture
def commented(home: Path, published: Sample) -> Path:
    """The sample with the catalogue's comments, as publishing writes them; the home."""
    with duckdb.connect(str(home / "warehouse" / "outlay-0001.duckdb")) as connection:
        for name, in_catalogue in TABLES.items():
            if (
                in_catalogue.kind in ("mart", "ops")
                and connection.execute(
                    "SELECT 1 FROM duckdb_tables() WHERE schema_name || '.' || table_name = ?", [name]
                ).fetchall()
            ):
                comment(connection, in_catalogue)
    return home


def contents(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file()}


def plain_again(markdown: str) -> str:
    """Without the signs that keep text from being Markdown."""
    return re.sub(r"\\(.)", r"\1", markdown)


def run(app: AppTest, sql: str) -> AppTest:
    """As if typed, and Run pressed; until the answer is there."""
    app.text_area(key="explore sql").set_value(sql)
    app.button(key="FormSubmitter:explore-Run").click()
    app.run()
    app.session_state["explore asked"].running.wait(60)
    return app.run()


def test_an_example_stands_ready_and_is_answered_by_plain_sums(published: Sample) -> None:
    app = opened("explore")
    assert not app.error
    run(app, app.text_area(key="explore sql").value)
    owed: dict[tuple[str, str], Decimal] = {}
    for row in published.total_costs:
        if row["reporting_currency"] == "USD" and row["reporting_effective_cost"] is not None:
            key = (row["billing_month"], row["team"] or "unallocated")
            owed[key] = owed.get(key, Decimal(0)) + row["reporting_effective_cost"]
    shown = {
        (row["billing_month"], row["team"]): Decimal(str(row["effective_cost"]).replace(",", ""))
        for row in table(app, "billing_month", "team", "effective_cost")
        if row["effective_cost"] is not None and row["currency"] == "USD"
    }
    assert shown == owed
    assert f"**{len(table(app, 'billing_month', 'team', 'effective_cost'))} rows** in" in words(app)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.question for example in EXAMPLES])
def test_every_example_works(published: Sample, example) -> None:
    app = opened("explore", sql=example.sql)
    assert app.text_area(key="explore sql").value == example.sql
    run(app, example.sql)
    assert example.table in TABLES
    if app.error:  # the sample has not every table
        assert 'schema "prices" does not exist' in plain_again(app.error[0].value)
        assert example.table == "prices.price_book"


def test_a_statement_of_a_link_is_shown_and_not_run(published: Sample) -> None:
    app = opened("explore", sql="SELECT 1 AS from_a_link")
    assert app.text_area(key="explore sql").value == "SELECT 1 AS from_a_link"
    assert "explore asked" not in app.session_state
    assert "from_a_link" not in str([frame.value.columns for frame in app.dataframe])


def test_what_was_run_is_a_link_unless_it_is_too_long(published: Sample) -> None:
    app = run(opened("explore"), "SELECT 42 AS answer")
    assert app.query_params["sql"] == "SELECT 42 AS answer"
    assert table(app, "answer") == [{"answer": 42}]
    run(app, f"SELECT 43 AS answer -- {'x' * 7000}")
    assert "sql" not in app.query_params
    assert "too long for a link" in words(app)


def test_a_query_under_way_is_cancelled_and_says_so(published: Sample) -> None:
    app = opened("explore")
    app.text_area(key="explore sql").set_value("SELECT sum(hash(range)) FROM range(1000000000000)")
    app.button(key="FormSubmitter:explore-Run").click()
    app.run()
    assert "of at most 30 seconds" in words(app)
    running = app.session_state["explore asked"].running
    app.button(key="explore cancel").click()
    app.run()
    assert running.wait(5)
    app.run()
    assert "Cancelled" in words(app)
    assert not app.error


def test_another_run_ends_the_one_before(published: Sample) -> None:
    app = opened("explore")
    app.text_area(key="explore sql").set_value("SELECT sum(hash(range)) FROM range(1000000000000)")
    app.button(key="FormSubmitter:explore-Run").click()
    app.run()
    before = app.session_state["explore asked"].running
    run(app, "SELECT 1 AS one")
    assert before.wait(5)
    assert table(app, "one") == [{"one": 1}]


def test_a_cut_answer_says_so_and_mistakes_are_explained(published: Sample) -> None:
    app = run(opened("explore"), "FROM range(20000)")
    assert "**10,000 rows**" in words(app)
    assert "cut off there" in words(app)
    run(app, "SELECT bild FROM marts.tco_daily")
    assert 'Referenced column "bild" not found' in app.error[0].value
    assert "`SHOW ALL TABLES`" in app.error[0].value
    assert "billed_cost" in app.code[0].value


def test_amounts_are_exact_as_shown_and_in_files() -> None:
    money = pl.Decimal(38, 12)
    amounts = [Decimal("31.004000000000"), Decimal("-0.000000000001"), None, Decimal("99999999999999.123456789012")]
    rows = pl.DataFrame({"cost": pl.Series(amounts, dtype=money), "day": [None] * 4, "list": [["a"], [], None, ["b"]]})
    assert pl.read_parquet(io.BytesIO(answers.parquet(rows)))["cost"].to_list() == amounts
    lines = answers.csv(rows).decode().splitlines()
    assert lines[0] == "cost,day,list"
    assert [line.split(",")[0] for line in lines[1:]] == [
        "31.004000000000", "-0.000000000001", "", "99999999999999.123456789012",
    ]  # fmt: skip
    assert lines[1].endswith('"[""a""]"')


def test_every_kind_of_column_is_shown(published: Sample) -> None:
    app = run(
        opened("explore"),
        """SELECT 1.5::DECIMAL(38, 12) AS few, 99999999999999.123456789012::DECIMAL(38, 12) AS many,
        DATE '2026-07-01' AS day,
        TIMESTAMPTZ '2026-07-01 10:00:00+02' AS instant, TIME '10:00' AS time, [1, 2] AS list, {'a': 1.50} AS struct,
        'x'::BLOB AS bytes, NULL AS nothing, true AS yes, 170141183460469231731687303715884105727::HUGEINT AS huge,
        repeat('x', 100000) AS long, 'nan'::DOUBLE AS not_a_number, INTERVAL 1 DAY AS interval, MAP {'a': 1} AS map,
        gen.x::UUID AS uuid FROM (SELECT '6d0bd2d7-6d8b-4ad4-b1d5-0d4b6e6d3f10' AS x) AS gen""",
    )
    assert not app.error, app.error[0].value
    [row] = table(app, "few", "many")
    assert (row["few"], row["many"]) == (Decimal("1.5"), "99,999,999,999,999.123456789012")
    assert row["list"] == "[1, 2]"
    assert row["bytes"] == "78"
    assert len(row["long"]) == 2000


def test_a_publication_during_a_look_at_an_answer_says_so(home: Path, published: Sample) -> None:
    app = run(opened("explore"), "SELECT count(*) AS n FROM marts.tco_daily")
    assert not app.warning
    published.publish(home, "outlay-0002")
    app.run()
    assert "version that was published before" in app.warning[0].value


# The data dictionary


def test_the_dictionary_has_every_table_and_column_in_the_files_own_words(commented: Path) -> None:
    published = Published((commented / "warehouse" / "outlay-0001.duckdb").resolve())
    told = {row["table"]: row for row in dictionary.tables(published).iter_rows(named=True)}
    costs = TABLES["marts.tco_daily"]
    assert (told["marts.tco_daily"]["meaning"], told["marts.tco_daily"]["grain"]) == (costs.meaning, costs.grain)
    assert told["marts.tco_daily"]["rows"] == len(Sample(now=None).total_costs)  # pyright: ignore[reportArgumentType]
    columns = dictionary.columns(published).filter(pl.col("table") == "marts.tco_daily")
    assert {row["column"]: (row["null"], row["meaning"]) for row in columns.iter_rows(named=True)} == {
        name: ("yes" if column.nullable else "no", column.description)
        for name, column in costs.contract.columns().items()
    }


def test_words_are_found_wherever_they_stand(commented: Path) -> None:
    published = Published((commented / "warehouse" / "outlay-0001.duckdb").resolve())
    found = dictionary.found(published, "Exchange RATE")
    assert {("marts.tco_daily", "exchange_rate")} <= set(found.select("table", "column").rows())
    assert dictionary.found(published, "zebra [.*").is_empty()
    assert dictionary.found(published, "  ").is_empty()


def test_a_table_is_chosen_and_put_into_the_editor(commented: Path) -> None:
    app = opened("explore")
    app.selectbox(key="explore table").set_value("marts.budget_status")
    app.run()
    assert TABLES["marts.budget_status"].grain.split(" ")[0] in words(app)
    assert table(app, "column", "type", "null", "meaning")[0]["column"] == "budget"
    app.button(key="explore look").click()
    app.run()
    assert app.text_area(key="explore sql").value == "FROM marts.budget_status\nLIMIT 100"
    app.text_input(key="explore search").set_value("carried over")
    app.run()
    assert "carried_over" in {row["column"] for row in table(app, "table", "column")}


def page_of(team: str) -> AppTest:
    app = AppTest.from_string(
        f"from dashboards import published\nfrom dashboards.views import explore\n\n"
        f"published.begin(teams=({team!r},))\nexplore.show()\n",
        default_timeout=60,
    ).run()
    assert not app.exception
    return app


def test_somebody_of_one_team_is_granted_and_told_of_nothing_else(commented: Path, published: Sample) -> None:
    app = page_of("search")
    listed = table(app, "table", "rows")
    assert "marts.tco_daily" in {row["table"] for row in listed}
    assert "marts.unit_costs" not in {row["table"] for row in listed}
    assert not app.tabs, "where the file lies is for people who may see all of it"
    assert str(commented) not in words(app)
    run(app, "SELECT DISTINCT team FROM marts.tco_daily")
    assert table(app, "team") == [{"team": "search"}]
    run(app, "SELECT sum(reporting_effective_cost) AS cost FROM marts.tco_daily")
    owed = sum(row["reporting_effective_cost"] or 0 for row in published.total_costs if row["team"] == "search")
    assert Decimal(str(table(app, "cost")[0]["cost"]).replace(",", "")) == owed
    for sql in (
        "FROM marts.unit_costs",
        "FROM outlay.marts.unit_costs",
        "FROM published.marts.tco_daily",
        "SHOW DATABASES",
        "SELECT sql FROM duckdb_views()",
    ):
        run(app, sql)
        assert app.error, sql
    run(app, "SELECT table_name FROM information_schema.tables")
    assert "unit_costs" not in str(table(app, "table_name"))


def test_an_answer_for_everybody_is_not_shown_to_somebody_of_one_team(published: Sample) -> None:
    app = AppTest.from_string(
        "import streamlit as st\nfrom dashboards import published\nfrom dashboards.views import explore\n\n"
        "published.begin(teams=st.session_state.get('teams'))\nexplore.show()\n",
        default_timeout=60,
    ).run()
    run(app, "SELECT DISTINCT team AS of_everybody FROM marts.tco_daily")
    assert len(table(app, "of_everybody")) > 1
    app.session_state["teams"] = ("search",)
    app.run()
    assert "of_everybody" not in str([list(frame.value.columns) for frame in app.dataframe])


# The same file elsewhere


def test_snippets_do_what_they_say(home: Path, published: Sample, tmp_path: Path) -> None:
    sql = "SELECT count(*) AS n, 'it''s \"quoted\" \\ here' AS text\nFROM marts.tco_daily"
    made = snippets(home / "warehouse" / "outlay.duckdb", home, sql)
    count = len(published.total_costs)
    python = subprocess.run([sys.executable, "-c", made["Python"][1]], capture_output=True, text=True, check=True)
    assert str(count) in python.stdout
    polars = f"{made['Polars'][1]}\nprint(answer.rows())"
    told = subprocess.run([sys.executable, "-c", polars], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == str([(count, 'it\'s "quoted" \\ here')])
    folder = tmp_path / "of the shell"
    folder.mkdir()
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    subprocess.run(["bash", "-c", made["outlay"][1]], cwd=folder, env={"PATH": path}, check=True, capture_output=True)
    assert pl.read_parquet(folder / "answer.parquet").rows() == [(count, 'it\'s "quoted" \\ here')]


def test_the_duckdb_snippet_hands_the_statement_over_as_it_is(tmp_path: Path) -> None:
    """By a shell of its own in the place of DuckDB's, which is installed apart."""
    told = tmp_path / "duckdb"
    told.write_text('#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done\n[ "$3" ] || cat\n')
    told.chmod(0o755)
    for sql in ("SELECT 'it''s' AS \"$HOME\"\nFROM `x`", "SELECT 1\nSQL\nrm -rf x"):
        _, code = snippets(tmp_path / "a file.duckdb", tmp_path, sql)["DuckDB"]
        shown = subprocess.run(
            ["bash", "-c", code], capture_output=True, text=True, check=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}
        ).stdout
        assert shown.startswith(f"-readonly\n{tmp_path / 'a file.duckdb'}\n")
        assert sql in shown


# Hostile statements, through the page


def test_hostile_statements_are_answered_in_words_and_change_nothing(home: Path, published: Sample) -> None:
    app = opened("explore")
    before = contents(home)
    for sql in [*WRITES[::5], *READS[::5], "SELECT '\0'", "SELECT * FROM '/etc/passwd'"]:
        run(app, sql.replace("{secret}", str(home / "secret")).replace("{out}", str(home / "out")))
        assert not app.exception, sql[:100]
        assert app.error, sql[:100]
        assert "What to do" in app.error[0].value
        assert "root:" not in words(app)
    assert contents(home) == before


def test_markup_in_answers_and_mistakes_is_never_markdown_or_html(published: Sample) -> None:
    app = opened("explore")
    for sql in MARKUP:
        run(app, sql)
        assert not app.exception, sql
        for mark in ("<script", "<img", "](http", "](javascript", "**bold**", ":material/home:"):
            assert mark not in words(app).replace("\\<", ""), sql
