"""`docs/tables.md` from the catalogue: `python -m pipelines.table_docs > docs/tables.md`; a test holds them equal."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from models.catalogue import TABLES
from models.table import Table

_HEAD = """# Tables

Made from the catalogue (`models/catalogue.py`); the same words stand in the warehouse as comments. Money, prices and
quantities are DECIMAL(38, 12); instants are UTC; months are `YYYY-MM`.
"""


def document() -> str:
    """Every table with its grain and meaning, every column with its type and meaning."""
    parts = [_HEAD]
    for schema in dict.fromkeys(table.schema for table in TABLES.values()):
        parts.append(f"\n## {schema}\n")
        parts.extend("\n".join(_table(table)) for table in TABLES.values() if table.schema == schema)
    return "\n".join(parts) + "\n"


def _table(table: Table) -> Iterator[str]:
    yield f"### {table.qualified_name}\n"
    yield f"{table.meaning}\n"
    yield f"Grain: {table.grain}.\n"
    yield "| Column | Type | Null | Meaning |"
    yield "|---|---|---|---|"
    for name, column in table.contract.columns().items():
        meaning = (column.description or "").replace("|", "\\|")
        yield f"| {name} | {column.dtype} | {'yes' if column.nullable else ''} | {meaning} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(document())
