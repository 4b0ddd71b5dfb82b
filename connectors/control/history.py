"""The control store as the tables of `ops` (`models.ledger.operations`), read at one instant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from connectors.control import alert_history, alerts, loads
from connectors.control.records import CurrentLoad
from connectors.control.tables import ATTEMPTS, CHECKS, FINDINGS, LOAD_PARTS, LOADS, NAMES, RESTATEMENTS
from models.ledger import operations, trust
from models.table import Table

_COUNTED = {
    "charges": "focus.cost_and_usage",
    "meter_readings": "usage.meter_readings",
    "bill_lines": "usage.bill_lines",
}


@dataclass(frozen=True)
class ControlSnapshot:
    """The current loads, those that locked periods are booked with, and the tables of `ops`; all of one instant.

    `tables` is by name, without `ops.publication`.
    """

    read_at: datetime
    loads: list[CurrentLoad]
    booked: list[CurrentLoad]
    tables: dict[str, pl.DataFrame]

    @property
    def data_through(self) -> datetime | None:
        """End of the last window with data, over all sources."""
        return _latest(load.data_through for load in self.loads)


def snapshot(connection: sa.Connection, now: datetime) -> ControlSnapshot:
    current = loads.current(connection)
    ids = [load.id for load in current]
    frames = {
        operations.LOADS: _loads(connection, ids),
        operations.RESTATEMENTS: _restatements(connection),
        trust.CHECKS: _checks(connection, ids),
        operations.FRESHNESS_TABLE: _freshness(connection, current, now),
        operations.FINDINGS: _findings(connection, ids),
        operations.NAMES: _names(connection),
        **alert_history.snapshot(connection, alerts.book(connection).values()),
    }
    booked = loads.booked(connection)
    return ControlSnapshot(now, current, booked, {table.name: table.check(frame) for table, frame in frames.items()})


def _frame(table: Table, rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> pl.DataFrame:
    """Rows in the table's dtypes; columns that the table does not have keep what polars makes of them."""
    schema = table.polars_schema
    return pl.DataFrame([tuple(row) for row in rows], schema={name: schema[name] for name in columns}, orient="row")


def _loads(connection: sa.Connection, current: list[int]) -> pl.DataFrame:
    counted = [
        sa.func.coalesce(sa.func.sum(LOAD_PARTS.c.rows).filter(LOAD_PARTS.c.table_name == table), 0)
        for table in _COUNTED.values()
    ]
    size = sa.func.coalesce(sa.func.sum(LOAD_PARTS.c.size_bytes), 0)
    kept = [
        "source", "billing_period", "started_at", "pulled_at", "committed_at", "withdrawn_at", "data_through",
        "issuer", "period_status", "answers",
    ]  # fmt: skip
    query = (
        sa.select(LOADS.c.id, *(LOADS.c[name] for name in kept), *counted, size)
        .join(LOAD_PARTS, LOAD_PARTS.c.load_id == LOADS.c.id, isouter=True)
        .group_by(LOADS.c.id)
        .order_by(LOADS.c.id)
    )
    rows = connection.execute(query).all()
    frame = _frame(operations.LOADS, rows, ["load_id", *kept, *_COUNTED, "size_bytes"])
    return frame.with_columns(pl.col("load_id").is_in(current).alias("is_current"))


def _restatements(connection: sa.Connection) -> pl.DataFrame:
    kept = ["day", "measure", "account_id", "project_id", "model", "before", "after", "unit"]
    rows = connection.execute(
        sa.select(
            RESTATEMENTS.c.load_id,
            RESTATEMENTS.c.replaced_load_id,
            LOADS.c.source,
            LOADS.c.billing_period,
            LOADS.c.committed_at,
            *(RESTATEMENTS.c[name] for name in kept),
        )
        .join(LOADS, LOADS.c.id == RESTATEMENTS.c.load_id)
        .order_by(RESTATEMENTS.c.id)
    ).all()
    columns = ["load_id", "replaced_load_id", "source", "billing_period", "detected_at", *kept]
    return _frame(operations.RESTATEMENTS, rows, columns).with_columns(_difference("after", "before"))


def _checks(connection: sa.Connection, current: list[int]) -> pl.DataFrame:
    kept = [
        "check", "kind", "currency", "cost_basis", "subject", "expected", "actual", "difference", "passed", "detail",
    ]  # fmt: skip
    rows = [row[1:] for row in _of_current(connection, CHECKS, kept, current)]
    return _frame(trust.CHECKS, rows, ["source", "billing_period", *kept])


def _findings(connection: sa.Connection, current: list[int]) -> pl.DataFrame:
    kept = ["kind", "detail", "count"]
    rows = _of_current(connection, FINDINGS, kept, current)
    return _frame(operations.FINDINGS, rows, ["load_id", "source", "billing_period", *kept])


def _of_current(
    connection: sa.Connection, table: sa.Table, kept: list[str], current: list[int]
) -> Sequence[sa.Row[Any]]:
    return connection.execute(
        sa.select(table.c.load_id, LOADS.c.source, LOADS.c.billing_period, *(table.c[name] for name in kept))
        .join(LOADS, LOADS.c.id == table.c.load_id)
        .where(LOADS.c.id.in_(current))
        .order_by(LOADS.c.source, LOADS.c.billing_period, table.c.id)
    ).all()


def _names(connection: sa.Connection) -> pl.DataFrame:
    columns = ["source", "kind", "id", "name", "first_seen", "last_seen"]
    rows = connection.execute(
        sa.select(
            NAMES.c.source, NAMES.c.kind, NAMES.c.name_of, NAMES.c.name, NAMES.c.first_seen, NAMES.c.last_seen
        ).order_by(NAMES.c.source, NAMES.c.kind, NAMES.c.name_of, NAMES.c.first_seen)
    ).all()
    return _frame(operations.NAMES, rows, columns)


def _freshness(connection: sa.Connection, current: list[CurrentLoad], now: datetime) -> pl.DataFrame:
    """A source fails while the last try of any of its periods did not succeed; the newest such try is shown."""
    newest = sa.select(sa.func.max(ATTEMPTS.c.id)).group_by(ATTEMPTS.c.source, ATTEMPTS.c.billing_period)
    last = (
        connection.execute(sa.select(ATTEMPTS).where(ATTEMPTS.c.id.in_(newest)).order_by(ATTEMPTS.c.id))
        .mappings()
        .all()
    )
    succeeded: dict[str, datetime] = dict(
        connection.execute(
            sa.select(ATTEMPTS.c.source, sa.func.max(ATTEMPTS.c.finished_at))
            .where(ATTEMPTS.c.outcome.in_(("committed", "unchanged")))
            .group_by(ATTEMPTS.c.source)
        ).all()
    )
    sources = sorted({load.source for load in current} | {attempt["source"] for attempt in last})
    rows: list[tuple[Any, ...]] = []
    for source in sources:
        tries = [attempt for attempt in last if attempt["source"] == source]
        wanting = [attempt for attempt in tries if attempt["outcome"] in ("held", "failed")]
        shown = (wanting or tries or [None])[-1]
        mine = [load for load in current if load.source == source]
        success = _latest([*(load.pulled_at for load in mine), succeeded.get(source)])
        stale = success is not None and success + operations.STALE_AFTER < now
        status = "failing" if wanting else "never" if success is None else "stale" if stale else "fresh"
        rows.append(
            (
                source,
                status,
                success,
                _latest(attempt["finished_at"] for attempt in tries),
                shown["outcome"] if shown else None,
                _latest(load.data_through for load in mine),
                success + operations.STALE_AFTER if success else None,
                shown["message"] if shown else None,
                shown["remedy"] if shown else None,
            )
        )
    return _frame(operations.FRESHNESS_TABLE, rows, list(operations.FRESHNESS_TABLE.polars_schema))


def _latest(instants: Iterable[datetime | None]) -> datetime | None:
    return max((instant for instant in instants if instant is not None), default=None)


def _difference(minuend: str, subtrahend: str) -> pl.Expr:
    return (pl.col(minuend).fill_null(0) - pl.col(subtrahend).fill_null(0)).cast(pl.Decimal(38, 12)).alias("difference")
