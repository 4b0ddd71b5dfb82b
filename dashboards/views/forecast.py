"""Forecast: where months and quarters will land, how sure that is, and how far off such forecasts were before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import streamlit as st

from dashboards import filters, formats, provenance
from dashboards.charts.foresight import forecast_band
from dashboards.published import Published, current
from dashboards.queries import forecasts
from dashboards.queries.forecasts import ForecastDimension, Measure
from dashboards.states import guarded
from models.wording import change_text, count_text, counted, day_text, money_text, month_text

_MEASURES: tuple[Measure, ...] = ("effective", "billed")
_DAYS_SHOWN = timedelta(days=62)


@guarded
def show() -> None:
    published = current()
    currencies = forecasts.forecast_currencies(published)
    if not currencies:
        st.title("Where will this month land?", anchor=False)
        st.info(
            "A forecast needs at least one day of costs; `outlay run` tells why there is none.",
            title="Nothing is forecast yet",
            icon=":material/hourglass_empty:",
        )
        provenance.show_stale(published)
        return
    heading = st.empty()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = filters.choose_measure("forecast", _MEASURES)
        currency = filters.choose_currency("forecast", currencies)
    periods = forecasts.landings(published, measure=measure, currency=currency, dimension="total")
    month = periods.filter(pl.col("period_kind") == "month").row(0, named=True)
    heading.title(f"Where will {month_text(month['period'])} land?", anchor=False)
    _answer(month, currency, measure)
    _metrics(periods, currency)
    st.caption(f"Stands on {day_text(month['made_on'])}, the last day that every daily source has told.")
    if month["assumed"]:
        st.caption(
            f"{money_text(month['assumed'], currency)} of it is of days gone by that monthly invoices and other late"
            " sources have not told yet: taken to be as in their last month, and missing in the line of what came."
        )
    provenance.show_stale(published)
    dimension = _dimension(measure)
    landings = forecasts.landings(published, measure=measure, currency=currency, dimension=dimension)
    _days(published, measure, currency, dimension, landings)
    _landings(landings, currency, dimension)
    _accuracy(published, measure, currency, dimension)


def _answer(month: dict[str, Any], currency: str, measure: Measure) -> None:
    verb = "billed" if measure == "billed" else "effective cost"
    landing = f"**{money_text(month['landing'], currency)} {verb}**"
    likely = f"between {money_text(month['low_80'], currency)} and {money_text(month['high_80'], currency)}"
    held = "a range of which about 80 in 100 held"
    st.markdown(f"{landing}, {likely}, {held}; {counted(month['days_left'], 'day')} to go. {_against(month, currency)}")


def _against(month: dict[str, Any], currency: str) -> str:
    if month["previous"] is None:
        return "There is no whole month before to set it against."
    if not month["previous"]:
        return "Nothing was spent in the month before."
    change = change_text(month["landing"], month["previous"])
    return f"{change} against the month before, which came to {money_text(month['previous'], currency)}."


def _metrics(periods: pl.DataFrame, currency: str) -> None:
    shown = [row for kind in ("month", "quarter") for row in periods.filter(period_kind=kind).head(2).rows(named=True)]
    for column, row in zip(st.columns(len(shown), gap="small"), shown, strict=True):
        column.metric(
            month_text(row["period"]) if row["period_kind"] == "month" else row["period"].replace("-", " "),
            money_text(row["landing"], currency),
            delta=f"{count_text(row['low_80'])} to {count_text(row['high_80'])}",
            delta_color="off",
            delta_arrow="off",
            help=f"{money_text(row['actual'], currency)} of it is spent. Below it the range of 8 cases in 10.",
            border=True,
            height="stretch",
        )


def _dimension(measure: Measure) -> ForecastDimension:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Day by day", anchor=False, width="content")
        return filters.choose_by("forecast", forecasts.dimensions(measure))


def _days(
    published: Published, measure: Measure, currency: str, dimension: ForecastDimension, landings: pl.DataFrame
) -> None:
    labels = dict(landings.select("value", "name").unique(maintain_order=True).iter_rows())
    value = "" if dimension == "total" else filters.choose_named("forecast", "of", dimension.capitalize(), labels)
    ahead = forecasts.days_ahead(published, measure=measure, currency=currency, dimension=dimension, value=value)
    before = forecasts.days_before(published, measure=measure, currency=currency, dimension=dimension, value=value)
    if ahead.is_empty() or before.is_empty():
        st.caption("Nothing is known of these days.")
        return
    made_on: Any = landings["made_on"][0]
    near = (pl.col("day") - made_on).abs() < _DAYS_SHOWN
    st.altair_chart(
        forecast_band(before.filter(near), ahead.filter(near), currency=currency),
        alt=f"Cost per day of {labels.get(value, 'everything')}: what came, what is expected, and 50, 80, 95 % bands",
    )
    events = ahead["events"].drop_nulls().unique().sort().to_list()
    told = f"Forecast by {formats.plain(ahead['method'][0].replace('_', ' '))}."
    st.caption(f"{told} Known events in it: {formats.plain('; '.join(events))}." if events else told)


def _landings(landings: pl.DataFrame, currency: str, dimension: ForecastDimension) -> None:
    st.subheader("Where each will land this month" if dimension != "total" else "Month by month", anchor=False)
    this_month: Any = landings.filter(pl.col("period_kind") == "month")["first_day"].min()
    is_asked = (pl.col("period_kind") == "month") & (pl.col("first_day") == this_month)
    whole = dimension == "total"
    rows = landings.with_columns(name="period") if whole else landings.filter(is_asked)
    formats.table(
        rows.with_columns(
            against=pl.struct("landing", "previous").map_elements(
                lambda row: change_text(row["landing"], row["previous"]), return_dtype=pl.String
            ),
            standing=pl.col("status").replace({"ok": None}),
        ),
        {
            "name": formats.text_column("Period" if whole else dimension.capitalize(), width="medium"),
            "landing": formats.money_column("Lands at", currency),
            "low_80": formats.money_column("Low, 80 %"),
            "high_80": formats.money_column("High, 80 %"),
            "actual": formats.money_column("Spent so far"),
            "previous": formats.money_column("Period before"),
            "against": formats.written_column("Change"),
            "standing": formats.text_column(
                "Note",
                help="short: too few days to weigh methods by. silent: no cost for longer than ever before. "
                "ended: no cost for eight weeks",
            ),
        },
        rows=12,
        alt=f"Landing of this month by {dimension}: amount, 80 % range, spent so far, month before, change",
    )


def _accuracy(published: Published, measure: Measure, currency: str, dimension: ForecastDimension) -> None:
    st.subheader("How far off it was before", anchor=False)
    st.caption(
        "About what would have been forecast on earlier days, in percent. Methods are weighed as of today, with the"
        " hindsight of these very days: expect new months to be off a little more."
    )
    formats.table(
        forecasts.accuracy(published, measure=measure, currency=currency, dimension=dimension),
        {
            "name": formats.text_column(dimension.capitalize(), width="medium"),
            "method": formats.text_column("Method"),
            "day_5": formats.percent_column("Month, from day 5", help="Mean error of the month's total"),
            "day_10": formats.percent_column("Day 10"),
            "day_15": formats.percent_column("Day 15"),
            "day_20": formats.percent_column("Day 20"),
            "daily_error": formats.percent_column("Single days"),
            "coverage_80": formats.percent_column("Inside 80 %", help="Days that came within the 80 % band"),
            "coverage_95": formats.percent_column("Inside 95 %"),
            "history_days": formats.quantity_column("Days known"),
        },
        rows=12,
        alt=f"Back-tested error and coverage of the chosen method by {dimension}",
    )
