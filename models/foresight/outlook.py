"""Outlook: the forecasts of all series of a home, as the tables that are published.

Forecasting is `forecast`; here series become histories, known events find the series that they are of, and answers
become rows of `marts.forecasts`, `marts.month_end` and `marts.forecast_accuracy`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import dataframely as dy
import polars as pl

from models.errors import OutlayError
from models.foresight.arrears import set_apart, together
from models.foresight.event_placing import SERIES_KEY, launched, place
from models.foresight.events import Event
from models.foresight.forecast import Forecast, forecast
from models.foresight.hierarchy import Partition
from models.foresight.holiday_factors import Holidays
from models.foresight.landing import QUARTER, period_of
from models.foresight.panel import Absent
from models.foresight.past_landings import told_exactly
from models.foresight.series import DIMENSIONS, ITEMS, KEY, SERIES
from models.foresight.states import Status
from models.table import Table, money, text

MEASURES: Mapping[str, tuple[str, ...]] = {
    "effective_cost": DIMENSIONS,
    "billed_cost": ("total", "vendor", "team"),
}
"""What is forecast, and by which dimensions."""

_PAST_BY = ("total", "vendor", "team", "component")
"""Dimensions whose past landings are told."""
_OF_SERIES = ("measure", *KEY[:-1], "value_name", KEY[-1])


def _bound(side: str, level: int) -> dy.Decimal:
    return money(f"{side} end of the {level} % interval; null: nothing is known", nullable=True)


class _OfSeries(dy.Schema):
    """What names the series; not a table of its own."""

    measure = text("What is forecast", values=tuple(MEASURES))
    dimension = text("What `value` is a value of", values=DIMENSIONS)
    vendor = text("Of a SKU its vendor, else null", nullable=True)
    value = text("Which vendor, team, component, model, key or SKU; null is the total, or what has none", nullable=True)
    value_name = text("What people call it: of a key its last name; of no team `unallocated`, and so on")
    currency = text("ISO 4217 code of the amounts")


class Forecasts(_OfSeries):
    """One row per series and day ahead: what is expected, and how sure that is."""

    day = dy.Date(nullable=False, description="UTC day ahead of made_on, to the end of the next quarter")
    expected = money("What the day is expected to cost, to the cent; null: nothing is known", nullable=True)
    low_50 = _bound("Lower", 50)
    high_50 = _bound("Upper", 50)
    low_80 = _bound("Lower", 80)
    high_80 = _bound("Upper", 80)
    low_95 = _bound("Lower", 95)
    high_95 = _bound("Upper", 95)
    made_on = dy.Date(nullable=False, description="The last day with data of all sources: what it was made from")
    method = text("weighted mean of the candidates, by marts.forecast_accuracy.weight; or ended: nothing is expected")
    events = text("Known events of outlay.yaml that are in it; null: none", nullable=True)
    status = text(
        "ok; short: too few days to weigh methods by back-test, so that all weigh the same and ranges are wide; "
        "silent: nothing comes for longer than it ever paused, so that ranges reach to nothing; ended: nothing came "
        "for eight weeks; unknown: nothing is known",
        values=tuple(Status),
    )


class MonthEnd(_OfSeries):
    """One row per series and month or quarter: what it comes to at its end, if nothing is done."""

    period_kind = text("month or quarter", values=("month", "quarter"))
    period = text("2026-11 or 2026-Q4")
    first_day = dy.Date(nullable=False, description="First day of the period")
    last_day = dy.Date(nullable=False, description="Last day of the period")
    made_on = dy.Date(nullable=False, description="The last day with data of all sources: what it was made from")
    actual = money("What was spent in the period through made_on")
    expected_rest = money("Sum of what its other days are expected to cost, and assumed", nullable=True)
    assumed = money(
        "Part of expected_rest: days through made_on of sources in arrears, taken to be as their last month"
    )
    landing = money("actual + expected_rest, exactly", nullable=True)
    low_50 = _bound("Lower", 50)
    high_50 = _bound("Upper", 50)
    low_80 = _bound("Lower", 80)
    high_80 = _bound("Upper", 80)
    low_95 = _bound("Lower", 95)
    high_95 = _bound("Upper", 95)
    previous = money("What the period before came to; null where it is not all known", nullable=True)
    change = money("landing − previous", nullable=True)
    days_left = dy.Int32(nullable=False, description="Days of the period after made_on")
    status = text("As in marts.forecasts", values=tuple(Status))


class ForecastAccuracy(_OfSeries):
    """One row per series and candidate, and one of what answers, which is made of them: how far each was off when it
    was asked to forecast the past. Weights and ranges are fitted on that past, too: the future is a little harder."""

    candidate = text("A forecasting method; where chosen, weighted mean of the others, or ended")
    chosen = dy.Bool(nullable=False, description="Whether this series is forecast by it")
    weight = dy.Float64(nullable=False, description="Part of the forecast that it makes; 1 where chosen")
    reason = text("What the weights of the series are by", nullable=True)
    error = dy.Float64(
        nullable=True,
        description="Σ |error| of totals ÷ Σ of what came, by which it is weighed; null: could not be judged",
    )
    origins = dy.Int64(nullable=True, description="Earlier days that it was asked to stand on; of the chosen one")
    daily_error = dy.Float64(
        nullable=True, description="Σ absolute errors of days ÷ Σ what they cost, %; of the chosen"
    )
    month_end_error_day_5 = dy.Float64(nullable=True, description="Mean absolute error of months about day 5, %")
    month_end_error_day_10 = dy.Float64(nullable=True, description="Mean absolute error of months about day 10, %")
    month_end_error_day_15 = dy.Float64(nullable=True, description="Mean absolute error of months about day 15, %")
    month_end_error_day_20 = dy.Float64(nullable=True, description="Mean absolute error of months about day 20, %")
    coverage_80 = dy.Float64(nullable=True, description="Days inside the 80 % intervals of earlier origins, %")
    coverage_95 = dy.Float64(nullable=True, description="Days inside the 95 % intervals of earlier origins, %")
    history_days = dy.Int64(nullable=False, description="Days of history")
    made_on = dy.Date(nullable=False, description="The last day with data of all sources")
    status = text("As in marts.forecasts", values=tuple(Status))


class ForecastLandings(_OfSeries):
    """One row per series, whole month and earlier day on which its landing would have been forecast."""

    month = text("Whole month, YYYY-MM")
    about_day = dy.Int64(nullable=False, description="About which day of the month that is: 5, 10, 15 or 20")
    made_on = dy.Date(nullable=False, description="The last day that the forecast would have known")
    actual = money("What was spent in the month through made_on")
    landing = money("What the month would have been expected to come to: actual + expected rest")
    low_80 = money("Lower end of its 80 % interval, by errors known then; null: too few were", nullable=True)
    high_80 = money("Upper end of its 80 % interval; null: too few errors were known", nullable=True)
    came = money("What the month came to")
    error_pct = dy.Float64(nullable=True, description="(landing − came) ÷ came, %; null where nothing came")


class ForecastEvents(dy.Schema):
    """One row per known event, public holidays, and step of a contract that forecasts do not know."""

    name = text("Name of the event in outlay.yaml, of the holidays' place, or of the contract and its step")
    day = dy.Date(nullable=True, description="First day with an effect; null of holidays and of steps that are in none")
    in_forecasts = dy.Bool(nullable=False, description="Whether it changes any row of marts.forecasts")
    reason = text("Why it changes none; null: it does", nullable=True)
    made_on = dy.Date(nullable=False, description="The last day with data of all sources")


_GRAIN = "measure × dimension × vendor × value × currency"
FORECASTS = Table(
    "forecasts", "marts", "mart", f"{_GRAIN} × day",
    "What each day to the end of the next quarter is expected to cost, with 50, 80 and 95 % intervals.", Forecasts,
)  # fmt: skip
MONTH_END = Table(
    "month_end", "marts", "mart", f"{_GRAIN} × period",
    "Where months and quarters will land: actual so far and expected rest, with intervals of the sum.", MonthEnd,
)  # fmt: skip
FORECAST_ACCURACY = Table(
    "forecast_accuracy", "marts", "mart", f"{_GRAIN} × candidate",
    "How far off each candidate method was in back-tests, how much each weighs, and about how often intervals held.",
    ForecastAccuracy,
)  # fmt: skip

FORECAST_LANDINGS = Table(
    "forecast_landings", "marts", "mart", f"{_GRAIN} × month × made_on",
    "Where whole months would have been said to land part of the way into them, and what came.", ForecastLandings,
)  # fmt: skip
FORECAST_EVENTS = Table(
    "forecast_events", "marts", "mart", "known event",
    "Events, holidays and steps of contracts: which are in the forecasts, and why others are in none.", ForecastEvents,
)  # fmt: skip
OUTLOOK: tuple[Table, ...] = (FORECASTS, MONTH_END, FORECAST_ACCURACY, FORECAST_LANDINGS, FORECAST_EVENTS)
"""What an outlook is made of."""


@dataclass(frozen=True)
class Outlook:
    """Rows of the five tables."""

    forecasts: pl.DataFrame
    month_end: pl.DataFrame
    accuracy: pl.DataFrame
    landings: pl.DataFrame
    events: pl.DataFrame

    @property
    def tables(self) -> tuple[pl.DataFrame, ...]:
        """In the order of OUTLOOK."""
        return self.forecasts, self.month_end, self.accuracy, self.landings, self.events


NOTHING = Outlook(
    FORECASTS.empty(),
    MONTH_END.empty(),
    FORECAST_ACCURACY.empty(),
    FORECAST_LANDINGS.empty(),
    FORECAST_EVENTS.empty(),
)
"""No rows."""


def outlook(
    series: pl.DataFrame,
    made_on: date,
    known_events: Sequence[Event] = (),
    items: pl.DataFrame | None = None,
    holidays: Holidays | None = None,
    assumed: pl.DataFrame | None = None,
    untold: Mapping[str, str] | None = None,
) -> Outlook:
    """The outlook of series (`models.foresight.series.SERIES`, all through `made_on`) to the end of the next quarter.

    `items` (ITEMS, see `event_placing.items_from`) tell which part of other series an event is of.
    `assumed` (SERIES) is what sources in arrears are taken to cost until `made_on`, see `arrears`: forecasts go on from
    it as from what is known, and it is expected, not actual.
    `untold`: steps of contracts that are no known events, and why. Raises
    `ContractError` where an answer would not keep its table's promises, and `OutlayError` for awkward series.
    """
    if series.is_empty():
        return NOTHING
    not_told = pl.DataFrame(schema=SERIES) if assumed is None else assumed
    both = together(series, not_told)
    history, names = _histories(pl.concat([both, launched(series, made_on, known_events)]))
    of_days = pl.DataFrame(schema=ITEMS) if items is None else items
    placed = place(known_events, names, history, of_days, horizon_of(made_on))
    answer = forecast(
        history,
        until=horizon_of(made_on),
        absent=Absent.NO_CHARGE,
        as_of=made_on,
        known_events=placed.events,
        keys={name: {SERIES_KEY: name} for name in names["series"]},
        partitions=_partitions(names),
        holidays=holidays,
        past_of=names.filter(pl.col("dimension").is_in(_PAST_BY))["series"].to_list(),
    )
    without = {**(untold or {}), **placed.unapplied}
    landing = set_apart(answer.landing, _of_names(not_told, names))
    past = told_exactly(answer.past, _of_names(series, names))
    return _published(answer, landing, past, names, _standings(answer, known_events, holidays, without, made_on))


def _standings(
    answer: Forecast,
    known_events: Sequence[Event],
    holidays: Holidays | None,
    without: Mapping[str, str],
    made_on: date,
) -> pl.DataFrame:
    """Rows of FORECAST_EVENTS; `without`: what is in no forecast, and why."""
    named = [name for told in answer.days["events"].drop_nulls().unique() for name in [told, *told.split(", ")]]
    why = {**without, **answer.unapplied}
    if holidays is not None and holidays.name not in named:
        why[holidays.name] = "no series is known to cost less or more on such days"
    days: dict[str, date | None] = {event.name: event.day for event in known_events}
    every = {
        **days,
        **({} if holidays is None else {holidays.name: None}),
        **dict.fromkeys(without.keys() - days.keys()),
    }
    rows = [
        {"name": name, "day": day, "in_forecasts": name not in why, "reason": why.get(name), "made_on": made_on}
        for name, day in every.items()
    ]
    return FORECAST_EVENTS.check(pl.DataFrame(rows, schema=FORECAST_EVENTS.polars_schema).sort("name"))


def horizon_of(made_on: date) -> date:
    """The end of the quarter after the one of the origin."""
    this = period_of(made_on, QUARTER)
    return period_of(this.last + timedelta(days=1), QUARTER).last


def _histories(series: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Series, day and value as `forecast` takes them, and what each series is of."""
    names = series.group_by(KEY, maintain_order=True).agg(pl.col("value_name").last())
    parts = [
        names.filter(pl.col("dimension").is_in(dimensions)).with_columns(measure=pl.lit(measure))
        for measure, dimensions in MEASURES.items()
    ]
    numbered = pl.concat(parts).with_row_index("series").with_columns(pl.col("series").cast(pl.String))
    return _of_names(series, numbered), numbered.select("series", *_OF_SERIES)


def _of_names(series: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """`series`, `day` and `value` of every measure."""
    of_measures = [
        series.join(names.filter(measure=measure), on=list(KEY), nulls_equal=True, maintain_order="left").select(
            "series", "day", value=measure
        )
        for measure in MEASURES
    ]
    return pl.concat(of_measures)


def _partitions(names: pl.DataFrame) -> list[Partition]:
    """Every dimension adds up to the total of its measure and currency, SKUs to their vendor."""
    found: list[Partition] = []
    for _, rows in names.group_by("measure", "currency", maintain_order=True):
        of_total = rows.filter(dimension="total")["series"]
        for (dimension,), parts in rows.filter(~pl.col("dimension").is_in(["total", "sku"])).group_by(
            "dimension", maintain_order=True
        ):
            found.append(Partition(of_total[0], str(dimension), tuple(parts["series"])))
        of_vendor = dict(rows.filter(dimension="vendor").select("value", "series").iter_rows())
        for (vendor,), skus in rows.filter(dimension="sku").group_by("vendor", maintain_order=True):
            found.append(Partition(of_vendor[vendor], "sku", tuple(skus["series"])))
    return found


def _after_another(landing: pl.DataFrame) -> pl.DataFrame:
    """What comes after a period that is not over is set against where that one will land."""
    before = pl.col("landing").shift(1).over("series", "period_kind", order_by="first_day")
    previous = pl.when(before.is_not_null()).then(before).otherwise("previous")
    return landing.with_columns(previous=previous).with_columns(change=pl.col("landing") - pl.col("previous"))


def _published(
    answer: Forecast, landing: pl.DataFrame, past: pl.DataFrame, names: pl.DataFrame, events: pl.DataFrame
) -> Outlook:
    if answer.apart:
        raise OutlayError(
            f"series of {answer.apart[0].dimension} do not add up: their histories end on different days",
            remedy="give every series through the day that the outlook is made on",
        )
    tables = (
        (FORECASTS, answer.days, ["day"]),
        (MONTH_END, _after_another(landing), ["period_kind", "first_day"]),
        (FORECAST_ACCURACY, answer.accuracy, ["candidate"]),
        (FORECAST_LANDINGS, past, ["made_on"]),
    )
    rows = [
        table.check(
            frame.join(names, on="series", maintain_order="left")
            .sort("measure", *KEY, *order, nulls_last=True)
            .select(pl.col(name).cast(dtype) for name, dtype in table.polars_schema.items())
        )
        for table, frame, order in tables
    ]
    return Outlook(rows[0], rows[1], rows[2], rows[3], events)
