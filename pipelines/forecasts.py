"""What the command line tells of forecasts: where months and quarters land, day by day, and how good forecasts were.

Figures come from the published warehouse; what they mean is `models.foresight.outlook`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl
from rich.text import Text

from models.errors import OutlayError
from models.foresight.origin import Origin
from models.wording import UNKNOWN, about_text, change_text, counted, day_text, nearest
from pipelines.answers import show_answer
from pipelines.console import say, show_table, stdout
from pipelines.door import query
from pipelines.forecast_grounds import origin_of
from pipelines.home import Home
from pipelines.sql_text import literal

_Row: TypeAlias = Mapping[str, Any]

_SHOWN = 20
"""Values of a dimension that get a row of their own."""
_NAMED = 8
"""How many are named in a remark."""
_ERRORS = ("daily_error", *(f"month_end_error_day_{day}" for day in (5, 10, 15, 20)), "coverage_80", "coverage_95")
_ERROR_TITLES = ("days off", "day 5", "day 10", "day 15", "day 20", "in 80 %", "in 95 %")


@dataclass(frozen=True)
class Asked:
    """What is asked: a dimension, or one `value` of it, by one of the two costs."""

    by: str
    value: str | None
    basis: str

    @property
    def where(self) -> str:
        return f"measure = {literal(f'{self.basis}_cost')} AND dimension = {literal(self.by)}"


def show_forecast(home: Home, asked: Asked, *, days: bool, accuracy: bool) -> None:
    """Tell where this month lands, what follows, and what that stands on.

    Raises `OutlayError` where nothing is forecast, or nothing of what is asked.
    """
    ends = _told(home, "month_end", f"measure = {literal(f'{asked.basis}_cost')}")
    chosen = _chosen(ends.filter(dimension=asked.by), asked)
    totals = ends.filter(dimension="total")
    for currency in _currencies(totals if asked.value is None else chosen):
        total, of_currency = (rows.filter(currency=currency) for rows in (totals, chosen))
        _say_first(_this_month(total if asked.value is None else of_currency), asked)
        if asked.value is None:
            _show_values(of_currency, total, asked)
        else:
            _show_periods(of_currency)
    if days:
        _show_days(_of_series(home, "forecasts", asked, chosen))
    if accuracy:
        _show_accuracy(_of_series(home, "forecast_accuracy", asked, chosen), asked)
    made_on: date = ends["made_on"][0]
    for remark in _remarks(home, asked, chosen, made_on):
        say(remark)


def write_forecast(home: Home, asked: Asked, *, days: bool, accuracy: bool, form: str, output: Path | None) -> None:
    """The rows behind it, as `outlay sql` would write them."""
    mart = "forecasts" if days else "forecast_accuracy" if accuracy else "month_end"
    narrowed = ""
    if asked.value is not None:
        chosen = _chosen(_told(home, "month_end", asked.where), asked)
        narrowed = f" AND {_is_one_of(chosen)}"
    show_answer(home, f"SELECT * FROM marts.{mart} WHERE {asked.where}{narrowed}", form, output)


def _told(home: Home, mart: str, where: str) -> pl.DataFrame:
    if not home.published.exists():
        raise OutlayError(f"nothing is published in {home.root} yet", remedy="run `outlay run`, or `outlay demo`")
    rows = query(home.published, f"SELECT * FROM marts.{mart} WHERE {where}").rows
    if rows.is_empty():
        raise OutlayError(
            "no forecast is published", remedy="run `outlay run`: it tells why none could be made, if that is so"
        )
    return rows


def _chosen(rows: pl.DataFrame, asked: Asked) -> pl.DataFrame:
    """Rows of the value that is asked for, by its name or identifier, in letters of any case."""
    if rows.is_empty():
        raise OutlayError(
            f"{asked.basis} cost is not forecast by {asked.by}", remedy="ask for effective cost: --basis effective"
        )
    if asked.value is None:
        return rows
    wanted = asked.value.casefold()
    for column in ("value", "value_name"):
        found = rows.filter(pl.col(column).str.to_lowercase() == wanted)
        if found.height:
            return found
    raise OutlayError(
        f"nothing is forecast of {asked.by} {asked.value!r}",
        remedy=f"ask for another one{nearest(asked.value, rows['value_name'])}",
    )


def _of_series(home: Home, mart: str, asked: Asked, chosen: pl.DataFrame) -> pl.DataFrame:
    narrowed = f" AND {_is_one_of(chosen)}" if asked.value is not None else ""
    return _told(home, mart, asked.where + narrowed)


def _is_one_of(chosen: pl.DataFrame) -> str:
    series = chosen.select("vendor", "value").unique().sort("vendor", "value").rows()
    each = [
        " AND ".join(
            f"{name} IS NOT DISTINCT FROM {_value(value)}" for name, value in zip(("vendor", "value"), row, strict=True)
        )
        for row in series
    ]
    return f"({' OR '.join(each)})"


def _value(value: str | None) -> str:
    return "NULL" if value is None else literal(value)


def _currencies(rows: pl.DataFrame) -> list[str]:
    """The dearest first."""
    sums = rows.group_by("currency").agg(pl.col("landing").sum()).sort("landing", "currency", descending=[True, False])
    return sums["currency"].to_list()


def _periods(rows: pl.DataFrame, kind: str) -> list[str]:
    return rows.filter(period_kind=kind).sort("first_day")["period"].unique(maintain_order=True).to_list()


def _this_month(rows: pl.DataFrame) -> Sequence[_Row]:
    """The rows of the month that the forecast stands in."""
    return rows.filter(period=_periods(rows, "month")[0]).sort("landing", descending=True).to_dicts()


def _say_first(rows: Sequence[_Row], asked: Asked) -> None:
    for row in rows:
        of = "" if asked.value is None else f"{row['value_name']}: "
        stdout().print(Text(of + sentence(row)), soft_wrap=True)


def sentence(row: _Row) -> str:
    """A row of `marts.month_end` in a sentence.

    `November will land at 612,400 USD (80 %: 598,000 to 630,000), 4.2 % above October; day 26 of 30.`
    """
    currency = row["currency"]
    name = _period_text(row)
    landing = about_text(row["landing"], currency)
    compared = _compared(row)
    days = (row["last_day"] - row["first_day"]).days + 1
    if not row["days_left"]:
        return f"{name} landed at {landing}{compared}."
    return (
        f"{name} will land at {landing} (80 %: {_range(row, 80)}){compared}; day {days - row['days_left']} of {days}."
    )


def _compared(row: _Row) -> str:
    before = _before_text(row)
    if row["previous"] is None or row["previous"] <= 0:
        return f"; {before} is not all known" if row["previous"] is None else ""
    share = abs(row["change"]) * 100 / row["previous"]
    if share < Decimal("0.05"):
        return f", as {before}"
    return f", {share:,.1f} % {'above' if row['change'] > 0 else 'below'} {before}"


def _period_text(row: _Row) -> str:
    return f"{row['first_day']:%B}" if row["period_kind"] == "month" else str(row["period"])


def _before_text(row: _Row) -> str:
    first: date = row["first_day"]
    if row["period_kind"] == "month":
        return f"{date(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 1):%B}"
    quarter = (first.month - 1) // 3
    return f"{first.year}-Q{quarter}" if quarter else f"{first.year - 1}-Q4"


def _range(row: _Row, level: int) -> str:
    low, high = row[f"low_{level}"], row[f"high_{level}"]
    if low is None or high is None:
        return UNKNOWN
    return f"{about_text(low, '').strip()} to {about_text(high, '').strip()}"


def _show_values(rows: pl.DataFrame, totals: pl.DataFrame, asked: Asked) -> None:
    """A row for each value of the dimension: this month, the next one and the quarter."""
    if asked.by == "total":
        _show_periods(totals)
        return
    months, quarters = _periods(totals, "month"), _periods(totals, "quarter")
    periods = [months[0], *months[1:2], *quarters[:1]]
    heads = [next(iter(totals.filter(period=period).to_dicts())) for period in periods]
    this = heads[0]
    columns = [asked.by, "spent"]
    for head in heads:
        columns += [_period_text(head), f"80 % of {_period_text(head)}"]
        columns += [_before_text(head), "change"] if head is this else []
    by_value = rows.sort("first_day").partition_by("vendor", "value", maintain_order=True)
    ordered = sorted(by_value, key=lambda part: -_of(part, periods[0]).get("landing", Decimal(0)))
    lines = [_line(part["value_name"][0], [_of(part, period) for period in periods]) for part in ordered[:_SHOWN]]
    if ordered[_SHOWN:]:
        rest = pl.concat(ordered[_SHOWN:])
        lines.append(_line(counted(len(ordered) - _SHOWN, "smaller one"), [_sum(rest, period) for period in periods]))
    lines.append(_line("total", heads))
    show_table(f"By {asked.by}, {asked.basis} cost in {this['currency']}", columns, lines, right=columns[1:])


def _of(part: pl.DataFrame, period: str) -> _Row:
    return next(iter(part.filter(period=period).to_dicts()), {})


def _sum(rows: pl.DataFrame, period: str) -> _Row:
    """Sums of several; a sum of ranges is none."""
    amounts = rows.filter(period=period).select(
        pl.col("actual", "landing").sum(),
        pl.when(pl.col("previous").is_not_null().all()).then(pl.col("previous").sum()).first(),
    )
    return {**amounts.row(0, named=True), "currency": rows["currency"][0], "low_80": None, "high_80": None}


def _line(name: str, told: Sequence[_Row]) -> list[str]:
    this, *others = told
    cells = [name, _amount(this, "actual"), _amount(this, "landing"), _range_of(this), _amount(this, "previous")]
    cells.append(change_text(this.get("landing"), this.get("previous")))
    for row in others:
        cells += [_amount(row, "landing"), _range_of(row)]
    return cells


def _amount(row: _Row, name: str) -> str:
    return about_text(row.get(name), "").strip()


def _range_of(row: _Row) -> str:
    return _range(row, 80) if row else UNKNOWN


def _show_periods(rows: pl.DataFrame) -> None:
    """One series: every month and quarter that is forecast."""
    columns = ["period", "spent", "lands at", "50 %", "80 %", "95 %", "before", "change", "days left"]
    for part in rows.sort("period_kind", "first_day").partition_by("vendor", "value", maintain_order=True):
        named = part.to_dicts()
        show_table(
            f"{named[0]['value_name']}, in {named[0]['currency']}",
            columns,
            [
                (
                    row["period"], _amount(row, "actual"), _amount(row, "landing"),
                    *(_range(row, level) for level in (50, 80, 95)), _amount(row, "previous"),
                    change_text(row["landing"], row["previous"]), row["days_left"],
                )
                for row in named
            ],
            right=columns[1:],
        )  # fmt: skip


def _show_days(rows: pl.DataFrame) -> None:
    columns = ["day", "", "expected", "50 %", "80 %", "95 %"]
    for part in rows.sort("value_name", "day").partition_by("vendor", "value", "currency", maintain_order=True):
        named = part.to_dicts()
        show_table(
            f"{named[0]['value_name']} by day, in {named[0]['currency']}; method {named[0]['method']}",
            columns,
            [
                (row["day"], f"{row['day']:%a}", _amount(row, "expected"), *(_range(row, at) for at in (50, 80, 95)))
                for row in named
            ],
            right=columns[2:],
        )


def _show_accuracy(rows: pl.DataFrame, asked: Asked) -> None:
    """The method of each series and how it did; of one series that was asked for, all candidates besides."""
    used = rows.filter("chosen").sort("value_name", "currency").to_dicts()
    columns = [asked.by, "currency", "method", *_ERROR_TITLES, "origins", "history"]
    show_table(
        "How good forecasts were, by back-test (% off; days inside the intervals)",
        columns,
        [
            (
                row["value_name"], row["currency"], row["candidate"], *(_percent(row[name]) for name in _ERRORS),
                row["origins"], counted(row["history_days"], "day"),
            )
            for row in used
        ],
        right=columns[3:],
    )  # fmt: skip
    if asked.value is None and asked.by != "total":
        return
    for part in rows.sort("chosen", "error", descending=[True, False], nulls_last=True).partition_by(
        "vendor", "value", "currency", maintain_order=True
    ):
        show_table(
            f"Candidates of {part['value_name'][0]}, in {part['currency'][0]}",
            ["candidate", "error", "weight", "by"],
            [
                (row["candidate"], _number(row["error"]), f"{row['weight']:.0%}", row["reason"] or "")
                for row in part.to_dicts()
            ],
            right=["error", "weight"],
        )


def _percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1f} %"


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.3f}"


def _remarks(home: Home, asked: Asked, chosen: pl.DataFrame, made_on: date) -> Iterator[str]:
    """What the forecast stands on, what is in it, and what is not sure of it."""
    yield f"made on {day_text(made_on)}: {_reason(origin_of(home, made_on))}"
    series = chosen.unique(["vendor", "value", "currency"], maintain_order=True)
    for status, what in (
        ("short", "too short to know it well, so that its ranges are wide"),
        ("silent", "nothing has come for longer than ever before: if it is over, tell it as an event of kind end"),
        ("ended", "nothing came for eight weeks, and that is expected to stay so"),
        ("unknown", "nothing is known"),
    ):
        names = series.filter(status=status)["value_name"].unique(maintain_order=True).to_list()
        if names:
            yield f"{what}: {_listed(names)}"
    yield from _not_told(chosen)
    known = query(home.published, "SELECT name, in_forecasts, reason FROM marts.forecast_events ORDER BY name").rows
    where = asked.where if asked.value is None else f"{asked.where} AND {_is_one_of(chosen)}"
    here = _in_it(home, where, known.filter("in_forecasts")["name"].to_list())
    if here:
        yield f"known events in it: {_listed(here)}"
    for name, why in known.filter(~pl.col("in_forecasts")).select("name", "reason").iter_rows():
        yield f"not in it, {name}: {why}"


def _not_told(chosen: pl.DataFrame) -> Iterator[str]:
    """By currency what this month is taken to have cost in days that nobody has told yet."""
    this = chosen.filter(pl.col("period") == _periods(chosen, "month")[0], pl.col("assumed") != 0)
    for currency, assumed in this.group_by("currency").agg(pl.col("assumed").sum()).sort("currency").iter_rows():
        yield f"in it, but not told yet, {about_text(assumed, currency)} of days gone by, taken to be as a month before"


def _in_it(home: Home, where: str, names: Sequence[str]) -> list[str]:
    """Known events that rows name; a name may itself hold a comma."""
    rows = query(home.published, f"SELECT DISTINCT events FROM marts.forecasts WHERE {where}").rows
    named = [f", {told}, " for told in rows["events"].drop_nulls()]
    return [name for name in names if any(f", {name}, " in told for told in named)]


def _reason(origin: Origin | None) -> str:
    return "the last day with data" if origin is None else origin.reason


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
