"""The control store's tables, in SQLAlchemy's words. Exact on SQLite and on Postgres: UTC instants, decimals as text.

A change of a table is a new version: raise `SCHEMA_VERSION`, and let `database` bring older stores up to it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

SCHEMA_VERSION = 4
"""2: issued statements. 3: alerts. 4: uploads. Older stores keep a table `outbox` that nobody reads."""
METADATA = sa.MetaData()


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept in UTC. A naive one is refused: nobody could say what it means."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class ExactDecimal(TypeDecorator[Decimal]):
    """An exact decimal as text: SQLite has no decimal and would keep a float."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else format(value, "f")

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        return None if value is None else Decimal(value)


def _key(name: str = "id") -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=True)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, Instant, nullable=nullable)


def _of_load() -> sa.Column[int]:
    return sa.Column("load_id", sa.ForeignKey("loads.id"), nullable=False, index=True)


SCHEMA = sa.Table("schema_version", METADATA, sa.Column("version", sa.Integer, nullable=False))

LOADS = sa.Table(
    "loads",
    METADATA,
    _key(),
    _text("source"),
    _text("billing_period"),
    _instant("started_at"),
    _instant("pulled_at"),
    _instant("committed_at"),
    _instant("data_through", nullable=True),
    _instant("withdrawn_at", nullable=True),
    _text("issuer", nullable=True),
    _text("period_status"),
    sa.Column("answers", sa.Integer, nullable=False),
    _text("answers_digest", nullable=True),
    sa.Index("loads_by_partition", "source", "billing_period", "id"),
    sqlite_autoincrement=True,
)

LOAD_PARTS = sa.Table(
    "load_parts",
    METADATA,
    _key(),
    _of_load(),
    _text("table_name"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("load_id", "table_name"),
)

PERIOD_LOCKS = sa.Table(
    "period_locks",
    METADATA,
    _key(),
    _text("source"),
    _text("billing_period"),
    _of_load(),
    _instant("locked_at"),
    _text("who"),
    sa.UniqueConstraint("source", "billing_period"),
)

LOAD_FILES = sa.Table("load_files", METADATA, _key(), _of_load(), _text("table_name"), _text("path"))

RESTATEMENTS = sa.Table(
    "restatements",
    METADATA,
    _key(),
    _of_load(),
    sa.Column("replaced_load_id", sa.ForeignKey("loads.id"), nullable=True),
    sa.Column("day", sa.Date, nullable=False),
    _text("measure"),
    sa.Column("before", ExactDecimal, nullable=True),
    sa.Column("after", ExactDecimal, nullable=True),
    _text("unit"),
    _text("account_id", nullable=True),
    _text("project_id", nullable=True),
    _text("model", nullable=True),
)

CHECKS = sa.Table(
    "checks",
    METADATA,
    _key(),
    _of_load(),
    _text("check"),
    _text("kind"),
    _text("currency", nullable=True),
    _text("cost_basis", nullable=True),
    _text("subject", nullable=True),
    sa.Column("expected", ExactDecimal, nullable=False),
    sa.Column("actual", ExactDecimal, nullable=False),
    sa.Column("difference", ExactDecimal, nullable=False),
    sa.Column("passed", sa.Boolean, nullable=True),
    _text("detail", nullable=True),
)

FINDINGS = sa.Table(
    "findings",
    METADATA,
    _key(),
    _of_load(),
    _text("kind"),
    _text("detail"),
    sa.Column("count", sa.BigInteger, nullable=False),
)

NAMES = sa.Table(
    "names",
    METADATA,
    _key(),
    _text("source"),
    _text("kind"),
    _text("name_of"),
    _text("name"),
    _instant("first_seen"),
    _instant("last_seen"),
    sa.Index("names_by_id", "source", "kind", "name_of", "first_seen"),
)

CLAIMS = sa.Table(
    "claims",
    METADATA,
    _text("issuer"),
    _text("account_id"),
    _text("billing_period"),
    _text("role"),
    _text("source"),
    _of_load(),
    sa.PrimaryKeyConstraint("issuer", "account_id", "billing_period", "role"),
)

LOCKS = sa.Table(
    "locks",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    _text("token"),
    _text("host"),
    sa.Column("pid", sa.Integer, nullable=False),
    _text("process_started"),
    _instant("acquired_at"),
    _instant("leased_until"),
)

ATTEMPTS = sa.Table(
    "attempts",
    METADATA,
    _key(),
    _text("source"),
    _text("billing_period"),
    _instant("started_at"),
    _instant("finished_at"),
    _text("outcome"),
    _text("message", nullable=True),
    _text("remedy", nullable=True),
    sa.Column("load_id", sa.ForeignKey("loads.id"), nullable=True),
    sa.Index("attempts_by_partition", "source", "billing_period", "id"),
)

PUBLICATIONS = sa.Table(
    "publications",
    METADATA,
    _key(),
    _text("file"),
    _instant("started_at"),
    _instant("published_at", nullable=True),
    _instant("removed_at", nullable=True),
)

PUBLICATION_LOADS = sa.Table(
    "publication_loads",
    METADATA,
    sa.Column("publication_id", sa.ForeignKey("publications.id"), primary_key=True),
    sa.Column("load_id", sa.ForeignKey("loads.id"), primary_key=True),
)

ACTIONS = sa.Table(
    "actions", METADATA, _key(), _text("who"), _instant("at"), _text("what"), _text("subject"), _text("detail")
)

UPLOADS = sa.Table(
    "uploads",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("request_id", sa.Text, nullable=False, unique=True),
    _text("kind"),
    _text("who"),
    _instant("at"),
    _text("file_name"),
    _text("content"),
    _text("digest"),
    _text("base"),
    _text("note", nullable=True),
)
"""Whole tables that people asked for. Neither these rows nor those of what happened to them are ever changed."""

UPLOAD_EVENTS = sa.Table(
    "upload_events",
    METADATA,
    _key(),
    sa.Column("upload", sa.ForeignKey("uploads.number"), nullable=False, index=True),
    _text("what"),
    _instant("at"),
    _text("who", nullable=True),
    _text("reason", nullable=True),
)

PUBLICATION_UPLOADS = sa.Table(
    "publication_uploads",
    METADATA,
    sa.Column("upload", sa.ForeignKey("uploads.number"), primary_key=True),
    sa.Column("publication_id", sa.ForeignKey("publications.id"), primary_key=True),
)

STATEMENTS = sa.Table(
    "statements",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    _text("team"),
    _text("month"),
    _instant("issued_at"),
    _text("issued_by"),
    _text("publication"),
    sa.Column("whole_month", sa.Boolean, nullable=False),
    _text("page"),
    _text("page_sha256"),
    _text("lines"),
    _text("lines_sha256"),
    sa.UniqueConstraint("team", "month"),
)

STATEMENT_AMOUNTS = sa.Table(
    "statement_amounts",
    METADATA,
    _key(),
    sa.Column("number", sa.ForeignKey("statements.number"), nullable=False, index=True),
    _text("section"),
    _text("concerned_month"),
    _text("currency"),
    sa.Column("effective_cost", ExactDecimal, nullable=False),
    _text("reporting_currency"),
    sa.Column("reporting_effective_cost", ExactDecimal, nullable=True),
)

ALERT_EVENTS = sa.Table(
    "alert_events",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    _text("alert_id"),
    _text("kind"),
    _instant("at"),
    _text("who", nullable=True),
    _instant("until", nullable=True),
    sa.Column("level", sa.Integer, nullable=True),
    _text("note", nullable=True),
    _text("condition", nullable=True),
    sa.Index("alert_events_by_alert", "alert_id", "sequence"),
)
"""Sequence numbers are given here, not by the database: they go into the lake and come back from it."""

ALERT_NOTICES = sa.Table(
    "alert_notices",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    _text("what"),
    _text("destination"),
    _text("alert_ids"),
    _text("says"),
    _text("mention", nullable=True),
    _text("about", nullable=True),
    _text("covers"),
    _instant("made_at"),
    _text("state"),
    sa.Column("attempts", sa.Integer, nullable=False),
    _instant("next_at"),
    _instant("begun_at", nullable=True),
    _text("last_error", nullable=True),
    sa.Index("alert_notices_by_state", "state", "sequence"),
)

ALERT_NOTICE_KEYS = sa.Table(
    "alert_notice_keys",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("notice", sa.ForeignKey("alert_notices.sequence"), nullable=False),
)
"""Every key that was ever made, a notice's own and those that it covers: none is made twice."""

ALERT_POSTS = sa.Table(
    "alert_posts",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("notice", sa.ForeignKey("alert_notices.sequence"), nullable=False, unique=True),
    _text("outcome"),
    _text("channel", nullable=True),
    _text("ts", nullable=True),
    _instant("at"),
)

ALERT_DELIVERIES = sa.Table(
    "alert_deliveries",
    METADATA,
    _key(),
    sa.Column("notice", sa.ForeignKey("alert_notices.sequence"), nullable=False, index=True),
    _instant("begun_at"),
    _instant("ended_at", nullable=True),
    _text("outcome", nullable=True),
    _text("error", nullable=True),
)

ALERT_REQUESTS = sa.Table(
    "alert_requests",
    METADATA,
    _key(),
    sa.Column("request_id", sa.Text, nullable=False, unique=True),
    _text("alert_id"),
    _text("act"),
    _text("who"),
    _instant("at"),
    _instant("until", nullable=True),
    _text("note", nullable=True),
    _instant("answered_at", nullable=True),
    _text("refusal", nullable=True),
)
