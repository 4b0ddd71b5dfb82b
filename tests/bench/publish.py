"""How long publishing takes: twelve months of three sources, a million charges, and how long a page then waits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl

from connectors.control import AccountClaim, ControlStore, LoadRecord
from models.catalogue import TABLES, facts
from models.table import MONEY, Table
from pipelines.lake import Lake
from pipelines.warehouse import Publication, publish
from tests.bench.measurement import Measurement, timed

SOURCES = ("openai", "anthropic", "anthropic-labs")
MONTHS = tuple(f"2025-{month:02d}" for month in range(1, 13))
ROWS_A_LOAD = 28_000
RUNS = 5


def measure() -> Iterator[Measurement]:
    with tempfile.TemporaryDirectory(prefix="outlay-bench-") as folder:
        home = Path(folder)
        lake = Lake(home / "lake")
        with ControlStore.open(f"sqlite:///{home}/control/outlay.db") as control:
            filling = timed(lambda: _fill(lake, control), 1)
            shown: list[Publication] = []
            publishing = timed(lambda: shown.append(publish(lake, control, home / "warehouse", TABLES.values())), RUNS)
            reading = timed(lambda: _read(shown[-1].file), RUNS)
    loads, rows = len(SOURCES) * len(MONTHS), len(SOURCES) * len(MONTHS) * ROWS_A_LOAD
    yield Measurement(
        "publish",
        f"{publishing.median:.2f} s",
        "< 5 s",
        f"median of {RUNS}; best {publishing.best:.2f} s; {loads} loads, {rows:,} charges",
        publishing.median < 5,
    )
    yield Measurement("lake: replace and commit", f"{rows / filling.median:,.0f} charges/s", detail="6 tables a load")
    yield Measurement(
        "open and sum by source and month", f"{reading.median * 1000:.0f} ms", "< 1 s", "as a page does",
        reading.median < 1,
    )  # fmt: skip


def _fill(lake: Lake, control: ControlStore) -> None:
    now = datetime.now(UTC)
    for source in SOURCES:
        for month in MONTHS:
            with control.lock_load(source, month):
                files = tuple(lake.replace(table, source, month, [_rows(table, source, month)]) for table in facts())
                control.commit_load(
                    LoadRecord(
                        source, month, now, now, files, issuer=source, claims=(AccountClaim(source, "org", "money"),)
                    )
                )


def _rows(table: Table, source: str, month: str) -> pl.DataFrame:
    """Plausible charges; no rows for the other tables, which cost publishing the same."""
    if table.qualified_name != "focus.cost_and_usage":
        return table.empty()
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    number = pl.int_range(ROWS_A_LOAD)
    day = pl.lit(start) + pl.duration(days=number % 28)
    known: dict[str, object] = {
        "x_Source": source, "x_BillingMonth": month, "BillingAccountId": "org", "BillingCurrency": "USD",
        "BillingPeriodStart": start, "BillingPeriodEnd": (start + timedelta(days=32)).replace(day=1),
        "ChargeCategory": "Usage", "InvoiceIssuerName": source, "ServiceProviderName": source,
    }  # fmt: skip
    cost = (number * Decimal("0.000123456789")).cast(MONEY)
    made = {
        **{name: pl.lit(value) for name, value in known.items()},
        **dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), cost),
        "ChargePeriodStart": day,
        "ChargePeriodEnd": day + pl.duration(days=1),
        "x_ModelId": pl.format("model-{}", number % 12),
        "x_ApiKeyId": pl.format("key-{}", number % 200),
    }
    schema = table.polars_schema
    return pl.select(
        **{
            name: (made.get(name, pl.lit(None))).cast(dtype) if name in made else pl.lit(None, dtype)
            for name, dtype in schema.items()
        }
    )


def _read(file: Path) -> None:
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute(
            "SELECT x_Source, x_BillingMonth, sum(BilledCost) FROM focus.cost_and_usage GROUP BY ALL"
        ).fetchall()


if __name__ == "__main__":
    for each in measure():
        print(f"{each.name:40} {each.figure:>24}   {each.aim:10} {each.detail}")
