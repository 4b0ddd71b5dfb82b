"""A home whose warehouse holds a few tables, each with the rows that a test gives: for commands that only read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from models.table import Table
from pipelines.home import Home
from pipelines.relations import create_table


def publish_rows(folder: Path, rows: dict[Table, list[dict[str, Any]]], configuration: str = "") -> Home:
    """The home; columns that a row does not name are null."""
    home = Home.at(folder)
    home.warehouse.mkdir(parents=True)
    if configuration:
        home.configuration.write_text(configuration, encoding="utf-8")
    with duckdb.connect(str(home.published)) as connection:
        for table, told in rows.items():
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema}")
            create_table(connection, table, pl.DataFrame(told, schema=table.polars_schema))
    return home
