"""What a budget would come to if more or less were used, at another price or with another amount: a supposition.

Pure, and exact but for the probability, from a row of `marts.budget_outlook` and its days in `marts.budget_days`:
nothing is forecast anew, and without a change it is the outlook itself. Two things are assumed. Every day that is still
to come, from the one that the change begins on, costs volume × price times as much as expected; what was told of
a day stays. And how sure the rest is does not change: its interval grows and shrinks with the expected rest, as it
does where errors are a share of what is expected. Nothing here is ever kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Any

import polars as pl

from models.control.budget_days import running_totals, runs_out_on
from models.control.budgets import DIGITS
from models.foresight.landing import BOUNDS, probability_above
from models.table import MONEY

_LAST_PLACE = Decimal(1).scaleb(-MONEY.scale)
_NOTHING = Decimal(0)


@dataclass(frozen=True)
class Supposition:
    """More or less volume and price in percent (-100 or above) from the day `since` on, and another budget amount;
    None: as they are, from the first day to come on."""

    volume_pct: Decimal = _NOTHING
    price_pct: Decimal = _NOTHING
    amount: Decimal | None = None
    since: date | None = None

    @property
    def factor(self) -> Decimal:
        """What a day to come costs, in units of what is expected."""
        return (1 + self.volume_pct / 100) * (1 + self.price_pct / 100)

    def __bool__(self) -> bool:
        """Whether anything is supposed; a day without a change is nothing."""
        return self.factor != 1 or self.amount is not None


@dataclass(frozen=True)
class Supposed:
    """What comes of it, as in `marts.budget_outlook`. `bounds` by their names there: low_50, …, high_95.

    `totals`: day, spent, expected, low_80, high_80: what is used up by the end of each day of the period, of a rolling
    budget in its last days. `spent` through the last day with data, the others from it on. At the end the band is that
    of the landing; before, it has opened as far as the rest has come.
    """

    amount: Decimal
    landing: Decimal
    bounds: Mapping[str, Decimal]
    probability: float
    runs_out_on: date | None
    totals: pl.DataFrame


_TOTALS: dict[str, Any] = {"day": pl.Date, **dict.fromkeys(("spent", "expected", "low_80", "high_80"), MONEY)}


def what_if(outlook: Mapping[str, Any], days: pl.DataFrame, supposition: Supposition) -> Supposed:
    """Of one budget: its row of `marts.budget_outlook`, which must have a landing, and its rows of
    `marts.budget_days`."""
    with localcontext(DIGITS):
        told = _Days.of(outlook, days)
        amount = outlook["budget_amount"] if supposition.amount is None else supposition.amount
        ahead = told.ahead(supposition)
        added = sum(ahead.values(), _NOTHING) - told.rest
        landing = outlook["landing"] + added
        scale = 1 + added / told.rest if told.rest else Decimal(1)
        bounds = {name: told.at_least(_moved(outlook, name, landing, scale)) for name in BOUNDS}
        frame = pl.DataFrame([{"landing": landing, **bounds}], schema=dict.fromkeys(("landing", *BOUNDS), MONEY))
        return Supposed(
            amount,
            landing,
            bounds,
            probability_above(frame, pl.Series([amount], dtype=MONEY)).item(),
            runs_out_on(told.before | ahead, amount, told.made_on, told.window_days),
            _totals(told, ahead, landing, bounds),
        )


@dataclass(frozen=True)
class _Days:
    """The days of one budget. `before`: what each through `made_on` counts; `spent` and `expected` of those after it;
    `rest`: what these are expected to count; `least`: what is spent for good (None: credits may lower it)."""

    made_on: date
    window_days: int | None
    before: dict[date, Decimal]
    told: Mapping[date, Decimal]
    expected: Mapping[date, Decimal]
    rest: Decimal
    least: Decimal | None

    @classmethod
    def of(cls, outlook: Mapping[str, Any], days: pl.DataFrame) -> _Days:
        made_on = outlook["made_on"]
        rows = days.select("day", "spent", "assumed", "expected").rows()
        told = {day: spent for day, spent, _, _ in rows if day > made_on and spent is not None}
        expected = {day: expected for day, _, _, expected in rows if expected is not None}
        rest = sum((max(cost, told.get(day, cost)) for day, cost in expected.items()), _NOTHING)
        rest += sum((cost for day, cost in told.items() if day not in expected), _NOTHING)
        least = outlook["actual"] + outlook["assumed"] + sum(told.values(), _NOTHING)
        is_rolling = outlook["period_kind"] == "rolling"
        return cls(
            made_on,
            (outlook["last_day"] - outlook["first_day"]).days + 1 if is_rolling else None,
            {day: (spent or _NOTHING) + assumed for day, spent, assumed, _ in rows if day <= made_on},
            told,
            expected,
            rest,
            least if all(outlook[name] >= least for name in BOUNDS) else None,
        )

    def ahead(self, supposition: Supposition) -> dict[date, Decimal]:
        """What each day after `made_on` counts; what is told of one already does not get cheaper."""
        since, factor = supposition.since or date.min, supposition.factor
        costs = dict(self.told)
        for day, cost in self.expected.items():
            supposed = (cost * factor).quantize(_LAST_PLACE) if day >= since else cost
            costs[day] = max(supposed, self.told.get(day, supposed))
        return dict(sorted(costs.items()))

    def at_least(self, bound: Decimal) -> Decimal:
        """A bound; where those of the outlook are never below what is spent, none is."""
        return bound if self.least is None else max(bound, self.least)


def _moved(outlook: Mapping[str, Any], name: str, landing: Decimal, scale: Decimal) -> Decimal:
    """A bound of the outlook, about another landing."""
    return landing + ((outlook[name] - outlook["landing"]) * scale).quantize(_LAST_PLACE)


def _totals(
    told: _Days, ahead: Mapping[date, Decimal], landing: Decimal, bounds: Mapping[str, Decimal]
) -> pl.DataFrame:
    """`Supposed.totals`."""
    rows: list[tuple[date, Decimal | None, Decimal | None, Decimal | None, Decimal | None]] = []
    rest, come = sum(ahead.values(), _NOTHING), _NOTHING
    begins = date.min if told.window_days is None else told.made_on - timedelta(days=told.window_days)
    for day, total in running_totals(told.before | dict(ahead), told.window_days):
        if begins < day < told.made_on:
            rows.append((day, total, None, None, None))
        if day < told.made_on:
            continue
        come += ahead.get(day, _NOTHING)
        opened = come / rest if rest else Decimal(day == max(ahead, default=day))
        low, high = (
            (total + (bounds[name] - landing) * opened).quantize(_LAST_PLACE) for name in ("low_80", "high_80")
        )
        rows.append((day, total if day == told.made_on else None, total, low, high))
    return pl.DataFrame(rows, schema=_TOTALS, orient="row")
