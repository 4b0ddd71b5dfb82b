"""Asking the published warehouse: one connection a version, answers remembered as long as the version is shown.

The questions themselves are in `spending` and `health`.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import streamlit as st

from dashboards.published import Published, UnreadableError, connect


def _close(connection: duckdb.DuckDBPyConnection) -> None:
    connection.close()


@st.cache_resource(max_entries=4, show_spinner=False, on_release=_close)
def _connection(file: Path) -> duckdb.DuckDBPyConnection:
    return connect(Published(file))


@st.cache_data(max_entries=512, show_spinner=False)
def _answer(file: Path, sql: str, values: dict[str, Any]) -> pl.DataFrame:
    # a cursor of its own: sessions run in threads
    with _connection(file).cursor() as cursor:
        return cursor.sql(sql, params=values).pl()


def ask(published: Published, sql: str, **values: object) -> pl.DataFrame:
    """The answer of this version, amounts exact (Decimal). Raises `UnreadableError`."""
    try:
        return _answer(published.file, sql, values)
    except duckdb.Error as error:
        raise UnreadableError(
            f"{published.version} lacks what this page reads: {str(error).splitlines()[0][:200]}",
            remedy="run `outlay run` once: it publishes in the form of this version of Outlay; else `outlay doctor`",
        ) from error


def readable(component: str) -> str:
    """The SQL of a component's name as people read it: `model APIs` of `model_apis`."""
    return f"replace(replace({component}, '_', ' '), ' apis', ' APIs')"


def total(amounts: pl.Series) -> Decimal:
    """The exact sum of a column of amounts; 0 of none."""
    return sum((amount for amount in amounts if amount is not None), Decimal(0))
