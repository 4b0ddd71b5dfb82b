"""Explore: SQL on the published warehouse, for questions that no page answers, and what there is to ask.

Every statement goes through the SQL door's sandbox, over what this person is granted. One from a link stands in the
editor until somebody presses Run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

import polars as pl
import streamlit as st

from dashboards import access, formats
from dashboards.formats import plain
from dashboards.parts import answers
from dashboards.parts.questions import EXAMPLES, Example, snippets
from dashboards.published import Published, current, home
from dashboards.queries import dictionary, health
from dashboards.states import guarded, remedy
from models.errors import OutlayError
from models.wording import UNKNOWN, counted, instant_text
from pipelines.door import SANDBOX_LIMITS, QueryResult, Running, start, warm
from pipelines.errors import QueryCancelledError, QueryLimitError, StatementRefusedError

_EDITOR = "explore sql"
_ASKED = "explore asked"
_TABLE = "explore table"
_LONGEST = 100_000
_LONGEST_LINK = 6_000
_PATIENCE_SECONDS = 1.0  # most answers are there by then: nothing needs to be polled
_POLL_SECONDS = 0.7
_ALL_TABLES = "All tables"
_TITLES: dict[type[OutlayError], str] = {
    StatementRefusedError: "This is not allowed here",
    QueryLimitError: "This was stopped",
}


@dataclass(frozen=True)
class Asked:
    """A statement under way or answered, and of which version, for whom."""

    sql: str
    running: Running
    published: Published


@guarded
def show() -> None:
    published = current()
    warm()
    st.title("What else do you want to know?", anchor=False)
    tables = dictionary.tables(published)
    st.markdown(_what_there_is(published, tables))
    sql = _editor(published, tables["table"].to_list())
    if sql is not None:
        _run(published, sql)
    _answer(published)
    _dictionary(published, tables)
    if published.is_whole:
        _elsewhere()


def _what_there_is(published: Published, tables: pl.DataFrame) -> str:
    told = health.publication(published)
    when = instant_text(told["published_at"][0] if len(told) else None)
    of = "" if published.teams is None else f" of {', '.join(f'**{plain(team)}**' for team in published.teams)}"
    return (
        f"Ask in SQL: {counted(len(tables), 'table')}{of}, published {when}. "
        f"You can only read; an answer takes at most {SANDBOX_LIMITS.seconds:g} seconds "
        f"and has at most {SANDBOX_LIMITS.rows or 0:,} rows."
    )


def _editor(published: Published, tables: list[str]) -> str | None:
    """The editor with its examples; the statement where somebody pressed Run just now."""
    examples = [example for example in EXAMPLES if example.table in tables]
    st.session_state.setdefault(_EDITOR, _statement_to_begin_with(published, examples))
    st.menu_button(
        "Examples",
        examples,
        format_func=lambda example: example.question,
        key="explore example",
        on_click=_take_example,
        icon=":material/lightbulb:",
        disabled=not examples,
    )
    with st.form("explore", border=False):
        sql = st.text_area("SQL", key=_EDITOR, height=230, help="Ctrl+Enter runs it.")
        pressed = st.form_submit_button("Run", type="primary", icon=":material/play_arrow:")
    return sql if pressed else None


def _statement_to_begin_with(published: Published, examples: list[Example]) -> str:
    """The link's, else what was asked last, else the first example. It is shown, and not run."""
    asked = _asked(published)
    linked = st.query_params.get("sql", "")[:_LONGEST]
    return linked or (asked.sql if asked else examples[0].sql if examples else "SHOW ALL TABLES")


def _take_example() -> None:
    chosen: Example | None = st.session_state["explore example"]
    if chosen is not None:
        st.session_state[_EDITOR] = chosen.sql


def _take_table() -> None:
    st.session_state[_EDITOR] = f"FROM {st.session_state[_TABLE]}\nLIMIT 100"


def _run(published: Published, sql: str) -> None:
    before = st.session_state.pop(_ASKED, None)
    if before is not None:
        before.running.cancel()
    running = start(published.file, sql, grants=dictionary.granted(published), whose=access.person().signature)
    st.session_state[_ASKED] = Asked(sql, running, published)
    if len(quote(sql)) <= _LONGEST_LINK:
        st.query_params["sql"] = sql
    else:
        st.query_params.pop("sql", None)
    running.wait(_PATIENCE_SECONDS)


def _asked(published: Published) -> Asked | None:
    """What was asked last, by somebody who may see what is to be seen now."""
    asked: Asked | None = st.session_state.get(_ASKED)
    return asked if asked is not None and asked.published.teams == published.teams else None


def _answer(published: Published) -> None:
    asked = _asked(published)
    if asked is None:
        return
    if not asked.running.done:
        _under_way(asked)
        return
    try:
        result = asked.running.result()
    except OutlayError as error:
        _failed(error)
    else:
        _result(published, asked, result)


@st.fragment(run_every=_POLL_SECONDS)
def _under_way(asked: Asked) -> None:
    running = asked.running
    if running.done:
        st.rerun()
    ahead = running.ahead
    with st.container(horizontal=True, vertical_alignment="center", key="explore under way"):
        st.button("Cancel", key="explore cancel", on_click=running.cancel, icon=":material/stop:")
        if ahead:
            st.markdown(f"Waits for its turn: {counted(ahead, 'query', 'queries')} must end before.")
        else:
            st.markdown(f"Runs for {running.seconds:.0f} of at most {SANDBOX_LIMITS.seconds:g} seconds.")


def _failed(error: OutlayError) -> None:
    if isinstance(error, QueryCancelledError):
        st.info("Cancelled: the query is ended, nothing of it goes on.", icon=":material/stop_circle:")
        return
    where_else = (
        " A smaller table may answer it: `marts.tco_monthly`, `marts.tco_daily`. Whoever has the home's files asks "
        "without limits: `outlay sql`."
        if isinstance(error, QueryLimitError)
        else ""
    )
    what, _, more = re.sub(r"^\w+ Error: ", "", error.what.strip()).partition("\n")
    st.error(
        f"{plain(what)}\n\n**What to do:** {remedy(error)}.{where_else}",
        title=_TITLES.get(type(error), "The query does not work yet"),
        icon=":material/error:",
    )
    if more.strip():
        st.code(more.strip("\n"), language=None)


def _result(published: Published, asked: Asked, result: QueryResult) -> None:
    rows = result.rows
    told = f"**{counted(rows.height, 'row')}** in {asked.running.seconds:.1f} seconds"
    if result.truncated:
        told += ": the first of more, **cut off there**. Add up, or ask for fewer"
    st.markdown(f"{told}.")
    if asked.published.version != published.version:
        st.warning("This is of the version that was published before. Run it again for the newest.")
    if len(quote(asked.sql)) > _LONGEST_LINK:
        st.caption("The statement is too long for a link: who gets this page's address gets it without.")
    if rows.width and rows.height:
        unseen = answers.show(rows, alt="The answer")
        if unseen:
            st.caption(unseen)
    with st.container(horizontal=True, key="explore files"):
        for label, name, mime, made in (
            ("CSV", "answer.csv", "text/csv", answers.csv),
            ("Parquet", "answer.parquet", "application/vnd.apache.parquet", answers.parquet),
        ):
            st.download_button(
                label,
                data=lambda made=made: made(rows),
                file_name=name,
                mime=mime,
                on_click="ignore",
                icon=":material/download:",
                key=f"explore {name}",
                help="All rows of this answer, amounts exact. In CSV, text like a formula has an apostrophe before it.",
            )


def _dictionary(published: Published, tables: pl.DataFrame) -> None:
    st.subheader("What there is to ask", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="explore dictionary"):
        wanted = st.text_input("Search", key="explore search", placeholder="team, restated, price …", width=280)
        table = st.selectbox(
            "Table", [_ALL_TABLES, *tables["table"].to_list()], key=_TABLE, width=320, disabled=bool(wanted.strip())
        )
        if table != _ALL_TABLES and not wanted.strip():
            st.button("Take a look", on_click=_take_table, icon=":material/edit:", key="explore look",
                      help="Puts its first 100 rows into the editor")  # fmt: skip
    if wanted.strip():
        _found(dictionary.found(published, wanted))
    elif table == _ALL_TABLES:
        _all_tables(tables)
    else:
        _one_table(published, tables.row(by_predicate=pl.col("table") == table, named=True))


def _all_tables(tables: pl.DataFrame) -> None:
    formats.table(
        tables,
        {
            "table": formats.text_column("Table", width="medium"),
            "rows": formats.quantity_column("Rows"),
            "meaning": formats.text_column("Meaning", width="large"),
            "grain": formats.text_column("Grain", width="large"),
        },
        rows=12,
        alt="Tables and views with their meaning",
    )


def _one_table(published: Published, table: dict[str, str | int | bool | None]) -> None:
    rows = f"{table['rows']:,} rows" if table["rows"] is not None else "A view of the lake" if table["is_view"] else ""
    parts = [rows, f"one row is one {plain(str(table['grain']))}" if table["grain"] else ""]
    st.markdown(f"{plain(str(table['meaning']))}  \n{' · '.join(part for part in parts if part) or UNKNOWN}")
    told = dictionary.columns(published).filter(pl.col("table") == table["table"])
    formats.table(told, _column_columns(), rows=14, alt=f"Columns of {table['table']}")


def _found(told: pl.DataFrame) -> None:
    if told.is_empty():
        st.info("No table or column has all these words in its name or meaning.")
        return
    columns = {"table": formats.text_column("Table", width="medium"), **_column_columns()}
    formats.table(told, columns, rows=14, alt="Columns found")


def _column_columns() -> dict[str, object]:
    return {
        "column": formats.text_column("Column", width="medium"),
        "type": formats.text_column("Type", width="small"),
        "null": formats.text_column("Null", width="small", help="Whether it may be unknown"),
        "meaning": formats.text_column("Meaning", width="large"),
    }


def _elsewhere() -> None:
    st.subheader("The same file elsewhere", anchor=False)
    st.markdown(
        "It is an ordinary DuckDB file, and the link always leads to the newest version. "
        "Open it for reading only. Outside of Outlay, tables are named with their schema."
    )
    made = snippets(home() / "warehouse" / "outlay.duckdb", home(), st.session_state[_EDITOR])
    for tab, (language, code) in zip(st.tabs(list(made)), made.values(), strict=True):
        tab.code(code, language=language, wrap_lines=True)
