"""Names: people read names, rows keep ids, and a name is the one that stood at that day.

A renamed or deleted key keeps, on the days before, the name it had then. Where names come from is the
connectors' matter; where they are remembered, the control store's.
"""

from __future__ import annotations

import polars as pl

KNOWN_NAMES_SCHEMA = pl.Schema(
    {"kind": pl.String, "id": pl.String, "name": pl.String, "first_seen": pl.Datetime("us", "UTC")}
)
"""One row per name that an id has borne: kind is project, api_key, user or account; since when it was seen."""

_NAMED = {
    "project": ("project_id", "project_name"),
    "api_key": ("api_key_id", "api_key_name"),
    "user": ("user_id", "user_name"),
}


def with_names(frame: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """`frame` with its name columns filled from `names` (KNOWN_NAMES_SCHEMA).

    For a row that ends at *t*: the name last seen first at or before *t*, else the earliest known. An id that was
    never named keeps a null name.
    """
    for kind, (id_column, name_column) in _NAMED.items():
        if id_column in frame.columns and name_column in frame.columns:
            frame = _fill(frame, names.filter(pl.col("kind") == kind), id_column, name_column)
    return frame


def _fill(frame: pl.DataFrame, names: pl.DataFrame, id_column: str, name_column: str) -> pl.DataFrame:
    """Looks names up once per distinct id and instant, not per row."""
    columns = frame.columns
    asked = frame.select(pl.col(id_column).alias("id"), "window_end").drop_nulls().unique().sort("window_end")
    since = names.select("id", "first_seen", pl.col("name").alias("then")).sort("first_seen")
    earliest = since.unique("id", keep="first", maintain_order=True).select("id", pl.col("then").alias("earliest"))
    found = (
        asked.join_asof(
            since, left_on="window_end", right_on="first_seen", by="id", strategy="backward", check_sortedness=False
        )
        .join(earliest, on="id", how="left")
        .select(pl.col("id").alias(id_column), "window_end", pl.coalesce("then", "earliest").alias(name_column))
    )
    return (
        frame.drop(name_column)
        .join(found, on=[id_column, "window_end"], how="left", maintain_order="left")
        .select(columns)
    )
