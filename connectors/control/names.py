"""Dated names: which name an id bore, from when to when it was seen.

Observations may come in any order (a replay reads old answers), so a span is stretched, begun or split, never
overwritten: a renamed key keeps the name it had. Only the ends of a span are kept: where a name was left and taken
again, and the time between is told last, the days around the split go by the sight before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from connectors.control.records import ObservedName
from connectors.control.tables import NAMES

NAMES_AS_OF_SCHEMA = pl.Schema(
    {
        "kind": pl.String,
        "id": pl.String,
        "name": pl.String,
        "first_seen": pl.Datetime("us", "UTC"),
        "last_seen": pl.Datetime("us", "UTC"),
    }
)


@dataclass(frozen=True, order=True)
class Span:
    """One name from its first to its last sight."""

    first_seen: datetime
    last_seen: datetime
    name: str


def observe(connection: sa.Connection, source: str, names: Iterable[ObservedName]) -> None:
    """Fold observations into the spans that are stored."""
    by_id: dict[tuple[str, str], list[ObservedName]] = {}
    for seen in names:
        by_id.setdefault((seen.kind, seen.id), []).append(seen)
    if not by_id:
        return
    stored = _stored(connection, source)
    for (kind, name_of), observed in by_id.items():
        before = stored.get((kind, name_of), [])
        after: Sequence[Span] = before
        for seen in sorted(observed, key=lambda one: one.observed_at):
            after = with_observation(after, seen.name, seen.observed_at)
        if list(after) != before:
            _store(connection, source, kind, name_of, after)


def with_observation(spans: Sequence[Span], name: str, at: datetime) -> list[Span]:
    """The spans (sorted, disjoint) of one id after it was seen under `name` at `at`.

    At the very instant of another sight the first one told stands.
    """
    before = [span for span in spans if span.last_seen < at]
    after = [span for span in spans if span.first_seen > at]
    around = [span for span in spans if span.first_seen <= at <= span.last_seen]
    if around:
        cut = around[0]
        if cut.name == name or at in (cut.first_seen, cut.last_seen):
            return list(spans)
        # another name in the midst of a span: of the span only its ends are known
        begin, end = Span(cut.first_seen, cut.first_seen, cut.name), Span(cut.last_seen, cut.last_seen, cut.name)
        return [*before, begin, Span(at, at, name), end, *after]
    first, last = at, at
    if before and before[-1].name == name:
        first = before.pop().first_seen
    if after and after[0].name == name:
        last = after.pop(0).last_seen
    return [*before, Span(first, last, name), *after]


def as_of(connection: sa.Connection, source: str) -> pl.DataFrame:
    """Every name that the source's ids have borne (NAMES_AS_OF_SCHEMA), oldest first."""
    rows = connection.execute(
        sa.select(NAMES.c.kind, NAMES.c.name_of, NAMES.c.name, NAMES.c.first_seen, NAMES.c.last_seen)
        .where(NAMES.c.source == source)
        .order_by(NAMES.c.first_seen, NAMES.c.id)
    ).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=NAMES_AS_OF_SCHEMA, orient="row")


def _stored(connection: sa.Connection, source: str) -> dict[tuple[str, str], list[Span]]:
    spans: dict[tuple[str, str], list[Span]] = {}
    for row in connection.execute(sa.select(NAMES).where(NAMES.c.source == source)).mappings():
        span = Span(row["first_seen"], row["last_seen"], row["name"])
        spans.setdefault((row["kind"], row["name_of"]), []).append(span)
    return {key: sorted(found) for key, found in spans.items()}


def _store(connection: sa.Connection, source: str, kind: str, name_of: str, spans: Sequence[Span]) -> None:
    connection.execute(NAMES.delete().where(NAMES.c.source == source, NAMES.c.kind == kind, NAMES.c.name_of == name_of))
    connection.execute(
        NAMES.insert(),
        [
            {
                "source": source,
                "kind": kind,
                "name_of": name_of,
                "name": span.name,
                "first_seen": span.first_seen,
                "last_seen": span.last_seen,
            }
            for span in spans
        ],
    )
