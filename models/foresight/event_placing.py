"""Which series a known event moves, and by how much of each: the part of them that it is of.

An event of a team is of some of each vendor, model and key, too, and of the total. How much is told by where the costs
of its scope were in the last four weeks, of a past event in those before it, as nothing is left of what ended. So every
dimension moves by the same money, and they go on adding up. What an event does to a series is `events`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import polars as pl

from models.foresight.events import Event
from models.foresight.series import DIMENSIONS, KEY, NO_VALUE, VALUES

RECENT = timedelta(days=28)
"""Where costs were in so many days before an event, or the origin, tells what it is of."""
SMALLEST_PCT = 0.05
"""Less than so many percent of a series is no event of it."""

SERIES_KEY = "series"
"""The dimension that placed events name: one series each."""

_Parts = Mapping[tuple[str | None, str | None], float]
"""Of a scope's cost the part of each (vendor, value) of a dimension."""
_NOWHERE: _Parts = {(None, None): 1.0}
"""All of it is of no value of a dimension; of the total it is all there is."""


@dataclass(frozen=True)
class Placed:
    """Events by series, and those that no series has, with the reason."""

    events: list[Event]
    unapplied: dict[str, str]


def place(
    known: Sequence[Event], names: pl.DataFrame, history: pl.DataFrame, items: pl.DataFrame, until: date
) -> Placed:
    """`names`: `series`, `measure` and KEY of what is forecast until that day; `history`: `series`, `day` and `value`;
    `items`: rows of `models.foresight.series.ITEMS`, from `items_from` on.

    An event's scope names one dimension (a SKU with its vendor) or none, and the `currency` of an amount. A series has
    an event only where it makes a difference: not one that all its days, and all that are forecast, are after.
    """
    placed: list[Event] = []
    unapplied: dict[str, str] = {}
    begun = dict(history.group_by("series").agg(pl.col("day").min()).iter_rows())
    made_on = max((day for (day,) in history.select(pl.col("day").max()).iter_rows()), default=until)
    for event in known:
        first, last = asked_days(event, made_on)
        before = pl.col("day").is_between(first, last)
        costs = dict(history.filter(before).group_by("series").agg(pl.col("value").sum().cast(pl.Float64)).iter_rows())
        found = [
            moved
            for (_, currency), rows in names.partition_by("measure", "currency", as_dict=True).items()
            if event.scope.get("currency", currency) == currency
            for moved in _of_measure(event, rows, costs, items.filter(before, currency=currency))
        ]
        differs = _last_other_day(event, min(begun.values(), default=made_on), until)
        seen = [moved for moved in found if differs is not None and begun[moved.scope[SERIES_KEY]] <= differs]
        placed += seen
        if not seen:
            unapplied[event.name] = _why_not(event, made_on, until, is_over=differs is None or bool(found))
    return Placed(placed, unapplied)


def items_from(known: Sequence[Event], made_on: date) -> date:
    """The first day that `place` asks items of."""
    return min((asked_days(event, made_on)[0] for event in known), default=made_on)


def asked_days(event: Event, made_on: date) -> tuple[date, date]:
    """First and last of the days that tell what an event is of."""
    last = min(event.day - timedelta(days=1), made_on)
    return last - RECENT + timedelta(days=1), last


def _last_other_day(event: Event, first: date, until: date) -> date | None:
    """The last day on which the effect is not that of the end: what begins later knows nothing else. None: no day."""
    days = np.arange(np.datetime64(first), np.datetime64(until) + 1)
    strength = event.strength(days)
    others = days[strength != strength[-1]]
    return others[-1].astype(date) if len(others) else None


def _why_not(event: Event, made_on: date, until: date, *, is_over: bool) -> str:
    if event.day > until:
        return "it is after the days that are forecast"
    if is_over:
        return "all that is known of what it names is from after it"
    if event.amount_per_day is None and abs(relative_pct(event)) < SMALLEST_PCT:
        return f"it changes less than {SMALLEST_PCT} %"
    return "what it names has no cost" if event.day > made_on else "what it names had no cost in the four weeks before"


def scope_key(event: Event) -> tuple[str, str | None, str | None]:
    """Dimension, vendor and value of the series that an event names."""
    named = [(name, value) for name, value in event.scope.items() if name != "currency"]
    if not named:
        return "total", None, None
    dimension, value = named[-1]
    return dimension, dict(named[:-1]).get("vendor"), value


def launched(series: pl.DataFrame, made_on: date, known: Sequence[Event]) -> pl.DataFrame:
    """Series of nothing, that amounts are added to which nothing has cost yet: what is launched, and what it is not
    known of in other dimensions (no vendor, no model)."""
    begun = set(series.select(KEY).unique().iter_rows())
    rows: dict[tuple[str | None, ...], dict[str, object]] = {}
    for event in known:
        named = (*scope_key(event), event.scope.get("currency"))
        if event.amount_per_day is None or named in begun:
            continue
        others = [(other, None, None, named[3]) for other in DIMENSIONS if other != named[0]]
        for key in [named, *(other for other in others if other not in begun)]:
            name = key[2] or NO_VALUE[str(key[0])]
            rows[key] = {**dict(zip(KEY, key, strict=True)), "value_name": name, "day": made_on}
    return pl.DataFrame(list(rows.values()), schema=series.schema).with_columns(
        pl.col("effective_cost", "billed_cost").fill_null(0)
    )


def _of_measure(event: Event, names: pl.DataFrame, costs: Mapping[str, float], items: pl.DataFrame) -> Iterator[Event]:
    """The event by series of one measure and currency."""
    scope = scope_key(event)
    keys = {row[:3]: row[3] for row in names.select(*KEY[:3], "series").iter_rows()}
    within = items.filter(*_fits(*scope))
    own = keys.get(scope)
    if own is None and (scope[0] in names["dimension"] or within.is_empty()):
        return
    # by billed cost there is no series of a model, and its items tell what it is of the total and of each vendor
    of_scope = float(within["effective_cost"].sum()) if own is None else costs.get(own, 0.0)
    for dimension in names["dimension"].unique(maintain_order=True):
        series = {key[1:]: name for key, name in keys.items() if key[0] == dimension}
        parts = {scope[1:]: 1.0} if dimension == scope[0] else _parts(dimension, scope, within, series, costs)
        for named, part in parts.items():
            if named in series:
                yield from _moved(event, series[named], part, of_scope, costs.get(series[named], 0.0))


def _parts(
    dimension: str,
    scope: tuple[str, str | None, str | None],
    within: pl.DataFrame,
    series: Mapping[tuple[str | None, str | None], str],
    costs: Mapping[str, float],
) -> _Parts:
    """Where the cost of a scope was, by the values of another dimension: what is not known is of no value."""
    if scope[0] == "total":
        told = {named: costs.get(name, 0.0) for named, name in series.items()}
    elif dimension == "total":
        return _NOWHERE
    else:
        vendor = pl.col("provider_name") if dimension == "sku" else pl.lit(None, dtype=pl.String)
        by = within.group_by(vendor=vendor, value=VALUES[dimension] or "").agg(pl.col("effective_cost").sum())
        told = {row[:2]: float(row[2]) for row in by.sort("vendor", "value").iter_rows()}
    total = sum(told.values())
    return {named: cost / total for named, cost in told.items()} if total > 0 else _NOWHERE


def _fits(dimension: str, vendor: str | None, value: str | None) -> list[pl.Expr]:
    column = VALUES[dimension]
    fits = [] if column is None else [pl.col(column) == value]
    return fits if vendor is None else [*fits, pl.col("provider_name") == vendor]


def _moved(event: Event, series: str, part: float, of_scope: float, cost: float) -> Iterator[Event]:
    """The event as one series has it, where it has enough of it."""
    scope = {SERIES_KEY: series}
    if event.amount_per_day is not None:
        yield replace(event, scope=scope, amount_per_day=event.amount_per_day * part)
        return
    share = min(of_scope * part / cost, 1.0) if cost > 0 else 0.0
    change = relative_pct(event) * share
    if abs(change) >= SMALLEST_PCT:
        yield replace(event, scope=scope, price_pct=None, change_pct=change)


def relative_pct(event: Event) -> float:
    """By how many percent it changes what it names."""
    stated = event.price_pct if event.price_pct is not None else event.change_pct
    return -100.0 if stated is None else stated
