"""Known events of forecasts on budgets: which part of what an event is of lies in a budget's scope, by cost.

An event of a team concerns a budget of a vendor as far as that team's costs of the four weeks before were of it, as
`models.foresight.event_placing` has it for published series. What an event does to a series is
`models.foresight.events`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase

import polars as pl

from models.control.budgets import COST_BASES, SCOPE_COLUMNS, Budget
from models.foresight.event_placing import SERIES_KEY, SMALLEST_PCT, asked_days, relative_pct, scope_key
from models.foresight.events import Event
from models.foresight.series import VALUES

_TOLD_APART = ("key", "sku")
"""Dimensions whose costs are not told together with others."""
_NAMED = {column for dimension, column in VALUES.items() if column is not None and dimension not in _TOLD_APART}
_NAMES = sorted({"origin", "currency", *SCOPE_COLUMNS.values(), *_NAMED})
"""What a budget's scope, and what an event is of, may name."""
_COSTS = [f"{basis}_cost" for basis in COST_BASES]


@dataclass(frozen=True)
class PlacedEvents:
    """`events` as the series of budgets have them; `left_out`: by budget, those that may concern it and are not in
    its forecast, with the reason."""

    events: tuple[Event, ...] = ()
    left_out: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])


def place_on_budgets(
    known: Sequence[Event], budgets: Sequence[Budget], costs: pl.DataFrame, made_on: date
) -> PlacedEvents:
    """`costs` are `marts.tco_daily`. An event that is of nothing in a budget's scope is neither placed nor left out.

    Of what had no cost yet only its scope tells: an amount is a budget's where the budget covers all that it is of.
    """
    placed: list[Event] = []
    left_out: dict[str, dict[str, str]] = {}
    day, names = pl.col("day").dt.date(), [name for name in _NAMES if name in costs.columns]
    for event in known:
        asked = costs.lazy().filter(day.is_between(*asked_days(event, made_on)))
        rows = asked.group_by(names).agg(pl.col(*_COSTS).sum()).collect()
        for budget in budgets:
            found = _placed(event, budget, rows)
            if isinstance(found, str):
                left_out.setdefault(budget.name, {})[event.name] = found
            elif found is not None:
                placed.append(found)
    return PlacedEvents(tuple(placed), left_out)


def _placed(event: Event, budget: Budget, rows: pl.DataFrame) -> Event | str | None:
    """The event as the budget has it, by the costs that it is asked of; why it cannot be told; or None, where it has
    none of it."""
    dimension, _, value = scope_key(event)
    column = VALUES[dimension]
    if event.scope.get("currency", budget.currency) != budget.currency:
        return None
    if budget.tags or dimension in _TOLD_APART:
        return _of_whole_budget(event, budget, dimension, value)
    cost = pl.col(f"{budget.cost_basis}_cost")
    is_of_event = pl.lit(value=True) if column is None else (pl.col(column) == value).fill_null(value=False)
    within = budget.in_scope()
    of_event, of_both, of_budget = (
        rows.filter(pl.col("currency") == budget.currency)
        .select(
            of_event=cost.filter(is_of_event).sum(),
            of_both=cost.filter(is_of_event & within).sum(),
            of_budget=cost.filter(within).sum(),
        )
        .cast(pl.Float64)
        .row(0)
    )
    if of_event <= 0:
        return _of_nothing_yet(event, budget, dimension, value)
    return _part(event, budget, of_both / of_event, of_both / of_budget if of_budget > 0 else 0.0)


def _part(event: Event, budget: Budget, part: float, share: float) -> Event | None:
    """`part` of the event's costs are the budget's, and `share` of the budget's are the event's."""
    scope = {SERIES_KEY: budget.name}
    if event.amount_per_day is not None:
        return replace(event, scope=scope, amount_per_day=event.amount_per_day * part) if part > 0 else None
    change = relative_pct(event) * min(share, 1.0)
    return replace(event, scope=scope, price_pct=None, change_pct=change) if abs(change) >= SMALLEST_PCT else None


def _of_nothing_yet(event: Event, budget: Budget, dimension: str, value: str | None) -> Event | str | None:
    """Of what had no cost in the four weeks before: a share of nothing, or an amount that only scopes can place."""
    if event.amount_per_day is None:
        return None
    if set(budget.scope) - {dimension}:
        return "what it names has no cost yet, and how much of it will be this budget's is not known"
    globs = budget.scope.get(dimension, ("*",))
    covers = any(fnmatchcase((value or "").lower(), glob.lower()) for glob in globs)
    return replace(event, scope={SERIES_KEY: budget.name}) if covers else None


def _of_whole_budget(event: Event, budget: Budget, dimension: str, value: str | None) -> Event | str:
    """By tag, key and SKU costs are not told together: only what changes all that a budget covers is told of it."""
    globs = [glob.lower() for glob in budget.scope.get(dimension, ())]
    if event.amount_per_day is None and (dimension == "total" or globs == [(value or "").lower()]):
        return replace(event, scope={SERIES_KEY: budget.name})
    return "how much of it is this budget's is not told"
