r"""Budgets as a table of finance: a row a budget, or a row a budget and month; read into the types of outlay.yaml.

A column that a table lacks leaves of a budget in force what it is; an empty cell says the same as leaving the setting
out of outlay.yaml. Rows of one budget may stand apart; what they say besides their months must agree. `remove`: yes
takes a budget away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from pipelines import upload_cells as cells
from pipelines.settings.budgets import BudgetSettings
from pipelines.settings.strict import explained
from pipelines.upload_rows import Row, RowMistake, Rows, UploadError, written

SCOPES = ("team", "vendor", "model", "source", "component", "product", "use_case", "environment", "cost_centre")
TAG = "tag:"
_FORECAST = re.compile(r"(\d+)@(\d+)")
_BURN = re.compile(r"(\d+(?:\.\d+)?)@(\d+)(?:/(\d+))?")


def _forecast_in(cell: str) -> list[dict[str, int]]:
    found = cells.pairs_in(cell, _FORECAST, "100@80 (percent of the budget @ probability)")
    return [{"of_pct": int(one[1]), "probability_pct": int(one[2])} for one in found]


def _burn_rates_in(cell: str) -> list[dict[str, Any]]:
    found = cells.pairs_in(cell, _BURN, "2@7/1 (times as fast @ over days / confirmed over days)")
    return [{"rate": Decimal(one[1]), "days": int(one[2]), "confirm_days": int(one[3] or 1)} for one in found]


_READ: Mapping[str, Callable[[str], Any]] = {
    "amount": cells.amount_in,
    "currency": str.upper,
    "period": str.lower,
    "cost_basis": str.lower,
    **dict.fromkeys(SCOPES, cells.list_in),
    "owner": cells.text_in,
    "thresholds_pct": cells.wholes_in,
    "forecast": _forecast_in,
    "burn_rates": _burn_rates_in,
    "days": cells.whole_in,
    "first_day": cells.day_in,
    "last_day": cells.day_in,
    "growth_pct": cells.amount_in,
    "grows_from": cells.month_in,
    "carry_over": str.lower,
    "carry_over_limit_pct": cells.whole_in,
}
"""What a cell of each column says of a budget."""
COLUMNS = ("name", "amount", "month", *(column for column in _READ if column != "amount"), "remove")


@dataclass(frozen=True)
class BudgetTable:
    """Budgets of a table, in its order, each with the row that it begins in; and names to be removed, with theirs."""

    budgets: tuple[BudgetSettings, ...]
    removed: tuple[str, ...]
    first_rows: Mapping[str, int]


@dataclass
class _Asked:
    """What all rows of one budget say."""

    row: int
    said: dict[str, Any] = field(default_factory=dict[str, Any])
    of_month: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    remove: bool = False
    has_main: bool = False
    is_broken: bool = False


def read_budgets(table: Rows, name: str, now: Sequence[BudgetSettings]) -> BudgetTable:
    """The budgets of a table, laid over those of `now`. Raises `UploadError` with every mistake."""
    mistakes: list[RowMistake] = []
    asked = _asked(table, mistakes)
    present = {budget.name: budget for budget in now}
    budgets: list[BudgetSettings] = []
    for called, one in asked.items():
        if one.remove or one.is_broken:  # what does not read is told as that, not as what follows from it
            continue
        try:
            budgets.append(BudgetSettings.model_validate(_document(called, one, table.columns, present.get(called))))
        except ValidationError as error:
            mistakes += [_mistake(each, one.row) for each in error.errors(include_url=False)]
    if not asked and not mistakes:
        mistakes.append(RowMistake(0, "", "it has no row that names a budget"))
    if mistakes:
        raise UploadError(name, mistakes)
    removed = tuple(called for called, one in asked.items() if one.remove)
    return BudgetTable(tuple(budgets), removed, {called: one.row for called, one in asked.items()})


def laid_over(now: Sequence[BudgetSettings], table: BudgetTable) -> tuple[BudgetSettings, ...]:
    """Budgets of the same name in their old place, new ones behind, removed ones gone."""
    fresh = {budget.name: budget for budget in table.budgets}
    kept = [fresh.pop(budget.name, budget) for budget in now if budget.name not in table.removed]
    return (*kept, *fresh.values())


def budget_rows(budgets: Iterable[BudgetSettings]) -> str:
    """The table of these budgets, as `read_budgets` reads it."""
    budgets = tuple(budgets)
    tags = [f"{TAG}{key}" for key in sorted({key for budget in budgets for key in budget.scope.tags})]
    return written([*COLUMNS, *tags], (row for budget in budgets for row in _rows(budget)))


def _asked(table: Rows, mistakes: list[RowMistake]) -> dict[str, _Asked]:
    asked: dict[str, _Asked] = {}
    if "name" not in table.columns:
        mistakes.append(RowMistake(1, "name", "this column is missing"))
        return asked
    for row in table.rows:
        name = cells.text_in(row.cells["name"])
        if not name:
            mistakes.append(RowMistake(row.number, "name", "is missing"))
            continue
        one = asked.setdefault(name, _Asked(row.number))
        found: list[RowMistake] = []
        _take(one, row, found)
        one.is_broken |= bool(found)
        mistakes += found
    return asked


def _take(one: _Asked, row: Row, mistakes: list[RowMistake]) -> None:
    """What a row says besides what the rows before it said of the same budget."""
    month = _read(row, "month", cells.month_in, mistakes)
    amount = _read(row, "amount", cells.amount_in, mistakes)
    one.remove |= bool(_read(row, "remove", cells.yes_in, mistakes))
    if row.cells.get("month"):
        if month in one.of_month:
            mistakes.append(RowMistake(row.number, "month", f"{month} of this budget stands there twice"))
        elif amount is None and not row.cells.get("amount"):
            mistakes.append(RowMistake(row.number, "amount", "is missing"))
        elif month is not None and amount is not None:
            one.of_month[month] = amount
    elif one.has_main:
        mistakes.append(RowMistake(row.number, "name", f"this budget stands in row {one.row} already"))
    else:
        one.has_main = True
        _say(one, "amount", amount, row, mistakes)
    for column in row.cells:
        if column.startswith(TAG):
            _say(one, column, _read(row, column, cells.list_in, mistakes), row, mistakes)
        elif column in _READ and column != "amount":
            _say(one, column, _read(row, column, _READ[column], mistakes), row, mistakes)


def _read(row: Row, column: str, read: Callable[[str], Any], mistakes: list[RowMistake]) -> Any:
    """What a cell says; None where it is empty, or a mistake."""
    cell = row.cells.get(column, "")
    try:
        return read(cell) if cell else None
    except ValueError as error:
        mistakes.append(RowMistake(row.number, column, str(error)))
        return None


def _say(one: _Asked, column: str, value: Any, row: Row, mistakes: list[RowMistake]) -> None:
    if value is None:
        return
    if one.said.setdefault(column, value) != value:
        mistakes.append(RowMistake(row.number, column, f"says something else than row {one.row} of the same budget"))


def _document(name: str, one: _Asked, columns: Sequence[str], now: BudgetSettings | None) -> dict[str, Any]:
    """A budget as outlay.yaml would write it: what the table says, and of its other settings what is in force."""
    document: dict[str, Any] = {} if now is None else now.model_dump(exclude_defaults=True)
    scope: dict[str, Any] = dict(document.pop("scope", {}))
    tags: dict[str, Any] = dict(scope.pop("tags", {}))
    document["name"] = name
    for column in columns:
        place, key = (tags, column.removeprefix(TAG)) if column.startswith(TAG) else (document, column)
        place = scope if column in SCOPES else place
        if column in _READ or column.startswith(TAG):
            place.pop(key, None)
            if column in one.said:
                place[key] = one.said[column]
    if "month" in columns:
        document["amounts"] = one.of_month
    return {**document, "scope": {**scope, "tags": tags}}


def _mistake(mistake: Mapping[str, Any], row: int) -> RowMistake:
    """Of the type of outlay.yaml, in the words of `outlay config check`."""
    place = [str(part) for part in mistake["loc"]]
    column = place[0] if place else ""
    if column == "scope" and len(place) > 1:
        column = f"{TAG}{place[2]}" if place[1] == "tags" and len(place) > 2 else place[1]
    return RowMistake(row, "amount" if column == "amounts" else column, explained(mistake))


def _rows(budget: BudgetSettings) -> Iterator[dict[str, str]]:
    """One row, or a row for the amount besides the months and one for each of them."""
    whole = _cells(budget)
    months = sorted(budget.amounts.items())
    if budget.amount is not None or not months:
        yield whole
        whole = {}
    for month, amount in months:
        yield {**whole, "name": cells.text_cell(budget.name), "month": month, "amount": cells.amount_cell(amount)}
        whole = {}


def _cells(budget: BudgetSettings) -> dict[str, str]:
    said = budget.model_dump()
    steps = [f"{each.of_pct}@{each.probability_pct}" for each in budget.forecast]
    burns = [f"{each.rate:f}@{each.days}/{each.confirm_days}" for each in budget.burn_rates]
    plain = ("currency", "period", "cost_basis", "days", "first_day", "last_day", "grows_from", "carry_over")
    return {
        "name": cells.text_cell(budget.name),
        "amount": "" if budget.amount is None else cells.amount_cell(budget.amount),
        **{column: "" if said[column] is None else str(said[column]) for column in plain},
        **{column: cells.list_cell(said["scope"][column] or ()) for column in SCOPES},
        "owner": cells.text_cell(budget.owner),
        "thresholds_pct": cells.BETWEEN.join(map(str, budget.thresholds_pct)) or cells.NONE,
        "forecast": cells.BETWEEN.join(steps) or cells.NONE,
        "burn_rates": cells.BETWEEN.join(burns) or cells.NONE,
        "growth_pct": cells.amount_cell(budget.growth_pct),
        "carry_over_limit_pct": str(budget.carry_over_limit_pct),
        **{f"{TAG}{key}": cells.list_cell(globs) for key, globs in budget.scope.tags.items()},
    }
