"""The data dictionary: what there is to ask, in the words that stand in the published file as COMMENTs.

It lists what a person is granted (`granted`), nothing else. Words are the same for everybody, so they are read from the
file itself; how many rows a table has is told to whoever may see all of them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Literal

import polars as pl

from dashboards import visibility
from dashboards.published import Published
from dashboards.queries.reading import ask
from pipelines.door import EVERYTHING, Grant

Grants = Collection[Grant] | Literal["everything"]

_MAY_BE_NULL = "; may be null"  # pipelines.relations ends a column's comment so


def granted(published: Published) -> Grants:
    """What this person may ask of this version."""
    return EVERYTHING if published.teams is None else visibility.grants(published.teams)


def tables(published: Published) -> pl.DataFrame:
    """One row per table and view, by name: table (with its schema), meaning, grain (null where it is not told), rows
    (null for views of the lake, and for people who do not see all), is_view."""
    told = ask(
        replace(published, teams=None),
        """
        SELECT schema_name || '.' || table_name AS "table", comment, estimated_size AS rows, false AS is_view
        FROM duckdb_tables() WHERE NOT internal
        UNION ALL BY NAME
        SELECT schema_name || '.' || view_name AS "table", comment, NULL AS rows, true AS is_view
        FROM duckdb_views() WHERE NOT internal
        ORDER BY "table"
        """,
    ).select(
        "table",
        pl.col("comment").fill_null("").str.replace(r"\s*Grain: .*$", "").alias("meaning"),
        pl.col("comment").str.extract(r"Grain: (.*?)\.?$").alias("grain"),
        pl.col("rows") if published.is_whole else pl.lit(None, pl.Int64).alias("rows"),
        "is_view",
    )
    return _only_granted(published, told)


def columns(published: Published) -> pl.DataFrame:
    """One row per column, in the order of the tables: table, column, type, null (yes, no, or null where the file does
    not say), meaning."""
    comment = pl.col("comment").fill_null("")
    told = ask(
        replace(published, teams=None),
        """
        SELECT schema_name || '.' || table_name AS "table", column_name AS "column", comment,
            replace(data_type, 'TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ') AS "type"
        FROM duckdb_columns() WHERE NOT internal ORDER BY "table", column_index
        """,
    ).select(
        "table",
        "column",
        "type",
        pl.when(comment.str.ends_with(_MAY_BE_NULL).any())
        .then(pl.when(comment.str.ends_with(_MAY_BE_NULL)).then(pl.lit("yes")).otherwise(pl.lit("no")))
        .alias("null"),
        comment.str.strip_suffix(_MAY_BE_NULL).alias("meaning"),
    )
    return _only_granted(published, told)


def found(published: Published, wanted: str) -> pl.DataFrame:
    """The columns whose table, name or meaning has all the words, whatever their case; of tables whose own words have
    them, every column. As `columns`."""
    words = wanted.lower().split()

    def has(*names: str) -> pl.Expr:
        text = pl.concat_str([pl.col(name).fill_null("") for name in names], separator=" ").str.to_lowercase()
        return pl.all_horizontal(text.str.contains(word, literal=True) for word in words)

    if not words:
        return columns(published).clear()
    whole = tables(published).filter(has("table", "meaning", "grain"))["table"].to_list()
    return columns(published).filter(has("table", "column", "meaning") | pl.col("table").is_in(whole))


def _only_granted(published: Published, told: pl.DataFrame) -> pl.DataFrame:
    grants = granted(published)
    if grants == EVERYTHING:
        return told
    some = {grant.table: grant.columns for grant in grants}
    told = told.filter(pl.col("table").is_in(list(some)))
    narrowed = [table for table, of in some.items() if of is not None]
    if "column" not in told.columns or not narrowed:
        return told
    allowed = [f"{table}.{column}" for table in narrowed for column in some[table] or ()]
    return told.filter(~pl.col("table").is_in(narrowed) | (pl.col("table") + "." + pl.col("column")).is_in(allowed))
