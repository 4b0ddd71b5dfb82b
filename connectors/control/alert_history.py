"""The log of alerts as tables of `ops` (`models.control.alert_tables`), and back: what a store that was lost needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from connectors.control import notice_queue, tables
from models.control import alert_tables
from models.control.alerts import Alert
from models.table import Table

_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


def grown(connection: sa.Connection, after: Mapping[str, int]) -> dict[str, pl.DataFrame]:
    """Rows of each table of `alert_tables.GROWING`, by its name, with a higher number than `after` has for it."""
    return {
        alert_tables.ALERT_EVENTS.name: _rows(connection, alert_tables.ALERT_EVENTS, _EVENTS, after),
        alert_tables.ALERT_NOTICES.name: _rows(connection, alert_tables.ALERT_NOTICES, _NOTICES, after),
        alert_tables.ALERT_POSTS.name: _rows(connection, alert_tables.ALERT_POSTS, _POSTS, after),
    }


def reached(connection: sa.Connection) -> dict[str, int]:
    """By table of `alert_tables.GROWING` the number of its last row."""
    return {name: notice_queue.last_sequence(connection, stored) for name, stored in _STORED.items()}


def snapshot(connection: sa.Connection, alerts: Collection[Alert]) -> dict[Table, pl.DataFrame]:
    """All tables of alerts."""
    growing = grown(connection, {})
    return {
        alert_tables.ALERTS: pl.DataFrame(
            [_alert(alert) for alert in alerts], schema=alert_tables.ALERTS.polars_schema, orient="row"
        ),
        **{table: growing[table.name] for table in alert_tables.GROWING},
        alert_tables.ALERT_DELIVERIES: _rows(connection, alert_tables.ALERT_DELIVERIES, _DELIVERIES, {}),
        alert_tables.ALERT_REQUESTS: _rows(connection, alert_tables.ALERT_REQUESTS, _REQUESTS, {}),
    }


def fill(connection: sa.Connection, history: Mapping[str, pl.DataFrame]) -> int:
    """Add what the store does not have of `grown`'s rows; returns how many events.

    A notice without a post was made, and perhaps sent by the store that was lost: it waits with an attempt begun, so
    that it is looked for before it is sent again.
    """
    events = _missing(connection, tables.ALERT_EVENTS, history.get(alert_tables.ALERT_EVENTS.name))
    if events:
        connection.execute(tables.ALERT_EVENTS.insert(), events)
    for row in _missing(connection, tables.ALERT_NOTICES, history.get(alert_tables.ALERT_NOTICES.name)):
        notice_queue.insert(connection, row, begun_at=row["made_at"])
    for row in _missing(connection, tables.ALERT_POSTS, history.get(alert_tables.ALERT_POSTS.name)):
        notice_queue.restore_post(connection, row)
    return len(events)


def _missing(connection: sa.Connection, stored: sa.Table, rows: pl.DataFrame | None) -> list[dict[str, Any]]:
    if rows is None or rows.is_empty():
        return []
    after = notice_queue.last_sequence(connection, stored)
    return rows.filter(pl.col("sequence") > after).sort("sequence").to_dicts()


def _rows(connection: sa.Connection, table: Table, query: sa.Select[Any], after: Mapping[str, int]) -> pl.DataFrame:
    if table in alert_tables.GROWING:
        query = query.where(query.selected_columns["sequence"] > after.get(table.name, 0))
    rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=table.polars_schema, orient="row")


def _alert(alert: Alert) -> dict[str, Any]:
    told = {**vars(alert.condition), **vars(alert), **asdict(alert.key), "alert_id": alert.key.alert_id}
    return {name: told[name] for name in alert_tables.ALERTS.polars_schema}


_STORED = {
    alert_tables.ALERT_EVENTS.name: tables.ALERT_EVENTS,
    alert_tables.ALERT_NOTICES.name: tables.ALERT_NOTICES,
    alert_tables.ALERT_POSTS.name: tables.ALERT_POSTS,
}


def _columns(stored: sa.Table, table: Table, *but: str) -> list[sa.Column[Any]]:
    return [stored.c[name] for name in table.polars_schema if name in stored.c and name not in but]


_EVENTS = sa.select(*_columns(tables.ALERT_EVENTS, alert_tables.ALERT_EVENTS)).order_by(tables.ALERT_EVENTS.c.sequence)
_NOTICES = sa.select(*_columns(tables.ALERT_NOTICES, alert_tables.ALERT_NOTICES)).order_by(
    tables.ALERT_NOTICES.c.sequence
)
_POSTS = (
    sa.select(
        tables.ALERT_POSTS.c.sequence,
        tables.ALERT_NOTICES.c.key,
        *(tables.ALERT_POSTS.c[name] for name in ("outcome", "channel", "ts", "at")),
    )
    .join(tables.ALERT_NOTICES, tables.ALERT_NOTICES.c.sequence == tables.ALERT_POSTS.c.notice)
    .order_by(tables.ALERT_POSTS.c.sequence)
)
_DELIVERIES = (
    sa.select(
        *(tables.ALERT_NOTICES.c[name] for name in ("key", "what", "says", "destination", "alert_ids")),
        *(tables.ALERT_DELIVERIES.c[name] for name in ("begun_at", "ended_at", "outcome", "error")),
    )
    .join(tables.ALERT_NOTICES, tables.ALERT_NOTICES.c.sequence == tables.ALERT_DELIVERIES.c.notice)
    .order_by(tables.ALERT_DELIVERIES.c.id)
)
_REQUESTS = sa.select(*_columns(tables.ALERT_REQUESTS, alert_tables.ALERT_REQUESTS)).order_by(
    tables.ALERT_REQUESTS.c.id
)
