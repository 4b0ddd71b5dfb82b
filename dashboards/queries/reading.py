"""Asking the published warehouse: one connection a version, answers remembered as long as the version is shown.

The questions themselves are in `spending` and `health`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl
import streamlit as st

from dashboards.published import Published, UnreadableError, connect

_OF_VENDOR_AND_COMPONENT = """($vendor IS NULL OR provider_name = $vendor)
    AND ($component IS NULL OR coalesce(component, 'unmatched') = $component)"""

NARROWED = f"($team IS NULL OR coalesce(team, 'unallocated') = $team) AND {_OF_VENDOR_AND_COMPONENT}"
"""The SQL of `Narrowed`, for marts that have these three columns; its values are `**narrowed.values()`."""

OF_TEAM_BEFORE_POOLS = "($team IS NULL OR coalesce(team, if(pool IS NULL, 'unallocated', '')) = $team)"
"""Of a team in marts before pools are split: what is in one is of no team yet, nor unallocated."""

NARROWED_BEFORE_POOLS = f"{OF_TEAM_BEFORE_POOLS} AND {_OF_VENDOR_AND_COMPONENT}"
"""As `NARROWED`, in marts before pools are split."""


@dataclass(frozen=True)
class Narrowed:
    """The part of all costs that is looked at: of one team (`unallocated`: of none), vendor, component (`unmatched`:
    of none); None is all of them."""

    team: str | None = None
    vendor: str | None = None
    component: str | None = None

    def values(self) -> dict[str, str | None]:
        return {"team": self.team, "vendor": self.vendor, "component": self.component}

    def __bool__(self) -> bool:
        """Whether it is less than everything."""
        return any(self.values().values())


EVERYTHING = Narrowed()


# one for each version and set of teams; the one least recently asked goes first, and is closed when nobody reads it any
# more: closing it here would end the questions that are under way
@st.cache_resource(max_entries=128, show_spinner=False)
def _connection(published: Published) -> duckdb.DuckDBPyConnection:
    return connect(published)


@st.cache_data(max_entries=2048, show_spinner=False)
def _answer(published: Published, sql: str, values: dict[str, Any]) -> pl.DataFrame:
    # a cursor of its own: sessions run in threads
    with _connection(published).cursor() as cursor:
        return cursor.sql(sql, params=values).pl()


def ask(published: Published, sql: str, **values: object) -> pl.DataFrame:
    """The answer of this version to what this person may see, amounts exact (Decimal). Raises `UnreadableError`."""
    try:
        return _answer(published, sql, values)
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
