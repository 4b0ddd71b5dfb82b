"""Budgets: thresholds that spending reached, or probably will, and money that burns too fast.

Of several thresholds that hold, the highest fires and those below it linger: one that was passed on the same way opens
nothing, neither then nor when spending falls, and one that was told on its day stays open until its period is over. It
must not go when a higher one comes: an alert whose condition is gone is resolved, and people would hear that spending
fell. Likewise a forecast that came true, and a slow burn beside a fast one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from models.control.budgets import Budget
from models.control.conditions import AlertKey, Condition, Kind, Severity, Standing
from models.control.kinds.budget_stand import BudgetFrames, Stand, Told
from models.control.kinds.judged import Judged, found, unknown
from models.wording import counted, day_text

LETS_GO = Decimal("0.95")
"""A threshold that was reached lingers until spending falls below this part of it."""
DOUBT = 0.2
"""A forecast lingers until its probability falls so far below the one asked for."""
SEVERITIES: Sequence[tuple[int, Severity]] = ((120, "critical"), (80, "warning"), (0, "info"))
"""How grave a threshold is from so many percent on, the highest first; spending so far above its budget is as grave as
the highest, whatever thresholds there are."""
FAST_DAYS = 3
"""A burn rate over no more days than these is a fast one."""


def budget_conditions(budgets: Sequence[Budget], frames: BudgetFrames, today: date) -> dict[tuple[str, Kind], Judged]:
    """What came of each budget, by its name and the kind: of what it is not asked to tell there is nothing.

    Spending can always be judged; a forecast and a burn rate cannot without history enough. Periods are those that are
    under way, and for thresholds of spending also those whose late bills may still come.
    """
    made: dict[tuple[str, Kind], Judged] = {}
    for budget in budgets:
        of_budget = pl.col("budget") == budget.name
        rows = frames.statuses.filter(of_budget, "is_alerting").rows(named=True)
        stands = [Stand(budget, row, frames, today) for row in rows]
        for kind in kinds_of(budget):
            judged = _JUDGES[kind](stands, frames.told)
            if not stands and budget.has_run_out(today):
                judged = unknown(f"There is no amount for {day_text(today)}.")
            made[budget.name, kind] = judged
    return made


def kinds_of(budget: Budget) -> list[Kind]:
    """What a budget is asked to tell."""
    asked: Mapping[Kind, bool] = {
        "budget": True,
        "budget_forecast": bool(budget.forecast),
        "burn_rate": bool(budget.burn_rates),
    }
    return [kind for kind, is_asked in asked.items() if is_asked]


_Step = tuple[tuple[Decimal, int], Condition]
"""A condition, with what it is ordered by among those of its kind and period."""


def _highest(steps: Iterable[_Step], told: Collection[AlertKey]) -> list[Condition]:
    """In rising order. The highest that fires, or was told and lingers, stays as it is; all below it linger."""
    ordered = [condition for _, condition in sorted(steps, key=lambda step: step[0])]
    held = [n for n, each in enumerate(ordered) if each.standing == "firing" or each.key in told]
    return [replace(each, standing="lingering") if n < max(held, default=0) else each for n, each in enumerate(ordered)]


def _spending(stands: Sequence[Stand], told: Collection[AlertKey]) -> Judged:
    """Thresholds of what is spent, of each period by itself."""
    if stands and all(stand.status["data_through"] is None for stand in stands):
        return unknown("Nothing ever matched what it covers.")
    return found(condition for stand in stands for condition in _highest(_reached(stand, told), told))


def _reached(stand: Stand, told: Collection[AlertKey]) -> list[_Step]:
    """Thresholds that are reached, and those that were and that spending is only a little below."""
    held: list[_Step] = []
    for row in stand.rows(stand.frames.thresholds):
        pct, limit, crossed = row["threshold_pct"], row["threshold_amount"], row["first_crossed_day"]
        threshold = f"{pct} %"
        # what is restated, or of a rolling window, is not crossed any more when it is below
        was_reached = crossed is not None or stand.key("budget", threshold) in told
        if stand.spent > 0 and was_reached and stand.spent >= limit * LETS_GO:
            standing: Standing = "firing" if stand.spent >= limit else "lingering"
            spent = _spent(stand, pct, standing, crossed or stand.today)
            held.append(((Decimal(pct), 0), stand.condition("budget", threshold, spent)))
    return held


def _spent(stand: Stand, pct: int, standing: Standing, since: date) -> Told:
    name, when = stand.budget.name, stand.when
    over_by = stand.spent - stand.amount
    is_far_above = stand.spent * 100 >= stand.amount * SEVERITIES[0][0]
    headline = f"{name}: {stand.share} of the budget for {when} is spent"
    if over_by > 0:
        headline = f"{name} is over its budget for {when} by {stand.about(over_by)}"
    answer = f"{stand.money(stand.spent)} of the {stand.money(stand.amount)} for {when} are spent"
    if stand.budget.period == "rolling":
        answer += "."
    else:
        answer += f", with {stand.status['elapsed_pct']:.0f} % of its days over."
        answer += f" It is expected to end at {stand.landing}." if stand.landing is not None else ""
    return Told(
        standing=standing,
        severity=next(severity for least, severity in SEVERITIES if is_far_above or pct >= least),
        headline=headline,
        answer=answer,
        to_do=_SPENT_TO_DO[over_by >= 0],
        since=since,
        amount=stand.spent,
        limit=stand.amount,
    )


_SPENT_TO_DO = {
    False: "See what rose most, and decide while there is something left: slow it down, move it to a cheaper model, "
    "or raise the budget.",
    True: "Decide whether what rose most goes on: stop it, move it to a cheaper model, or raise the budget for the "
    "rest of the period.",
}


def _forecasts(stands: Sequence[Stand], told: Collection[AlertKey]) -> Judged:
    """Thresholds that will probably be exceeded; one that is reached already is told by `_spending`, and lingers."""
    held: list[_Step] = []
    for stand in _under_way(stands):
        if stand.outlook is None or stand.outlook["landing"] is None:
            why = "nothing is forecast" if stand.outlook is None else stand.outlook["reason"]
            return unknown(f"Where it will end is not known: {why}.")
        for row in stand.rows(stand.frames.forecasts):
            asked, probability = row["probability_pct"] / 100, row["probability"]
            if probability >= asked - DOUBT:
                is_news = probability >= asked and stand.spent < row["threshold_amount"]
                foreseen = _foreseen(stand, row, "firing" if is_news else "lingering")
                threshold = f"forecast {row['of_pct']} %, p {row['probability_pct']} %"
                size = (Decimal(row["of_pct"]), row["probability_pct"])
                held.append((size, stand.condition("budget_forecast", threshold, foreseen)))
    return found(_highest(held, told))


def _foreseen(stand: Stand, row: Mapping[str, Any], standing: Standing) -> Told:
    assert stand.outlook is not None
    outlook, limit = stand.outlook, row["threshold_amount"]
    of_budget = "its budget" if row["of_pct"] == 100 else f"{row['of_pct']} % of its budget"
    end = f"{stand.when} is expected to end at {stand.landing}"
    if stand.budget.period == "rolling":
        until = day_text(outlook["last_day"])
        end = f"The {counted(stand.days, 'day')} to {until} are expected to come to {stand.landing}"
    likely = _probability_text(row["probability"])
    answer = f"{end}: above {stand.money(limit)} with a probability of {likely}."
    if outlook["runs_out_on"] is not None:
        answer += f" The budget of {stand.money(stand.amount)} is used up on {day_text(outlook['runs_out_on'])}."
    return Told(
        standing=standing,
        severity="warning",
        headline=f"{stand.budget.name} will probably exceed {of_budget} for {stand.when}",
        answer=answer,
        to_do="See what rose most, and decide before it is spent: slow it down, move it to a cheaper model, or raise "
        "the budget.",
        since=outlook["made_on"],
        amount=outlook["landing"],
        limit=limit,
    )


def _probability_text(probability: float) -> str:
    """`87 %`; nothing that is to come is certain."""
    return "more than 99 %" if probability > 0.99 else f"{probability * 100:.0f} %"


def _burning(stands: Sequence[Stand], told: Collection[AlertKey]) -> Judged:
    """Burn rates that are reached; the fastest is told. One that was told and is not known any more keeps all of them
    as they are."""
    rows = [(stand, row) for stand in _under_way(stands) for row in stand.burns]
    known = [(stand, row) for stand, row in rows if row["is_firing"] is not None]
    lost = [row for stand, row in rows if row["is_firing"] is None and stand.key("burn_rate", _threshold(row)) in told]
    if lost or (not known and any(_under_way(stands))):
        why = (lost or [row for _, row in rows] or [{"reason": "nothing is told of it"}])[0]["reason"]
        return unknown(f"How fast it burns is not known: {why}.")
    held = [
        ((row["asked_rate"], -row["days"]), stand.condition("burn_rate", _threshold(row), _burnt(stand, row)))
        for stand, row in known
        if row["is_firing"] or row["is_lingering"]
    ]
    return found(_highest(held, told))


_JUDGES: Mapping[Kind, Callable[[Sequence[Stand], Collection[AlertKey]], Judged]] = {
    "budget": _spending,
    "budget_forecast": _forecasts,
    "burn_rate": _burning,
}


def _under_way(stands: Sequence[Stand]) -> list[Stand]:
    """Without those whose period is over: nothing is to come, and nothing burns."""
    return [stand for stand in stands if stand.is_under_way]


def _threshold(row: Mapping[str, Any]) -> str:
    """`3 times over 7 days`."""
    return f"{row['asked_rate'].normalize():f} times over {counted(row['days'], 'day')}"


def _burnt(stand: Stand, row: Mapping[str, Any]) -> Told:
    first_day = row["last_day"] - timedelta(days=row["days"] - 1)
    return Told(
        standing="firing" if row["is_firing"] else "lingering",
        severity="critical" if row["days"] <= FAST_DAYS else "warning",
        headline=f"{stand.budget.name} burns {row['rate']:.1f} times as fast as its budget allows",
        answer=f"{stand.money(row['spent'])} were spent from {day_text(first_day)} to {day_text(row['last_day'])}, "
        f"{row['rate']:.1f} times the {stand.money(row['allowed'])} that the budget allows in "
        f"{counted(row['days'], 'day')}; {row['confirm_rate']:.1f} times in the last "
        f"{counted(row['confirm_days'], 'day')}.",
        to_do="Find what spends it, and stop it today if nobody meant it to: a loop, a backfill, a larger model.",
        since=row["since"] or row["last_day"],
        amount=row["spent"],
        limit=row["allowed"],
    )
