"""Tables of the catalogue as relations of a DuckDB file: views over exact Parquet files, tables of rows, and COMMENTs.

Only the translation of a `Table` into SQL belongs here; which files and rows it shows is decided in `warehouse`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import polars as pl

from models.table import Table
from pipelines.sql_text import identifier, literal, qualified

_TYPES: dict[type[pl.DataType], str] = {
    pl.String: "VARCHAR",
    pl.Boolean: "BOOLEAN",
    pl.Date: "DATE",
    pl.Int8: "TINYINT",
    pl.Int16: "SMALLINT",
    pl.Int32: "INTEGER",
    pl.Int64: "BIGINT",
    pl.Float64: "DOUBLE",
}


def sql_type(dtype: pl.DataType) -> str:
    """DuckDB's type of a column of the catalogue."""
    if isinstance(dtype, pl.Decimal):
        return f"DECIMAL({dtype.precision},{dtype.scale})"
    if isinstance(dtype, pl.Datetime):
        return "TIMESTAMPTZ" if dtype.time_zone else "TIMESTAMP"
    return _TYPES[type(dtype)]


def relation(table: Table) -> str:
    return qualified(table.schema, table.name)


def create_view(connection: duckdb.DuckDBPyConnection, table: Table, files: Sequence[Path]) -> None:
    """A view over exactly these Parquet files; a column that none of them has yet is null; no files: typed, no rows."""
    schema = table.polars_schema
    present: set[str] = set()
    source = ""
    if files:
        listed = ", ".join(literal(file) for file in files)
        source = f" FROM read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
        present = {row[0] for row in connection.execute(f"DESCRIBE SELECT *{source}").fetchall()}
    columns = ", ".join(
        identifier(name) if name in present else f"CAST(NULL AS {sql_type(dtype)}) AS {identifier(name)}"
        for name, dtype in schema.items()
    )
    connection.execute(f"CREATE VIEW {relation(table)} AS SELECT {columns}{source or ' WHERE false'}")


def create_table(connection: duckdb.DuckDBPyConnection, table: Table, rows: pl.DataFrame) -> None:
    """A real table of these rows, in the contract's types. Raises `ContractError`."""
    checked = table.check(rows)
    schema = table.polars_schema
    typed = ", ".join(f"{identifier(name)} {sql_type(dtype)}" for name, dtype in schema.items())
    connection.execute(f"CREATE TABLE {relation(table)} ({typed})")
    if checked.height:
        connection.register("incoming", checked.to_arrow(compat_level=pl.CompatLevel.oldest()))
        connection.execute(f"INSERT INTO {relation(table)} SELECT * FROM incoming")
        connection.unregister("incoming")


def comment(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """The catalogue's words for the table and each column, and of a column whether it may be null."""
    kind = "VIEW" if table.kind in ("fact", "view") else "TABLE"
    words = f"{table.meaning} Grain: {table.grain}."
    connection.execute(f"COMMENT ON {kind} {relation(table)} IS {literal(words)}")
    for name, column in table.contract.columns().items():
        meaning = f"{column.description or name}{'; may be null' if column.nullable else ''}"
        connection.execute(f"COMMENT ON COLUMN {relation(table)}.{identifier(name)} IS {literal(meaning)}")
