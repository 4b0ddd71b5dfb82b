"""The sample as an organisation of teams with names that nothing else bears, so that a leak of one is seen anywhere."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.sql_text import identifier, qualified
from tests.dashboards.sample_warehouse import Sample

OURS = "search"
OTHERS = ("zebra-engineering", "okapi-support", "tapir-research", "ibex-platform")
_WAS = {
    "engineering": OTHERS[0],
    "Engineering": "Zebra project",
    "support": OTHERS[1],
    "Support desk": "Okapi project",
    "research": OTHERS[2],
    "Research": "Tapir project",
    "platform": OTHERS[3],
}
SECRETS = (*OTHERS, "Zebra project", "Okapi project", "Tapir project")
"""Words that somebody of the team `search` must never see."""


def publish(sample: Sample, home: Path) -> Path:
    """The sample, published, with other names of what is not the team `search`'s."""
    file = sample.publish(home)
    with duckdb.connect(str(file)) as connection:
        told = connection.execute(
            "SELECT schema_name, table_name, column_name FROM duckdb_columns() "
            "WHERE NOT internal AND data_type = 'VARCHAR'"
        ).fetchall()
        for schema, table, column in told:
            for was, name in _WAS.items():
                connection.execute(
                    f"UPDATE {qualified(schema, table)} SET {identifier(column)} = ? WHERE {identifier(column)} = ?",
                    [name, was],
                )
    return file
