"""Forecast: where months and quarters will land, how sure that is, and how far off such forecasts were before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import polars as pl
import streamlit as st

from dashboards import filters, formats, provenance
from dashboards.charts.foresight import forecast_band, past_landings
from dashboards.published import Published, current
from dashboards.queries import forecasts
from dashboards.queries.forecasts import ForecastDimension, Measure
from dashboards.queries.spending import Part
from dashboards.states import guarded
from models.wording import change_text, count_text, counted, day_text, money_text, month_text

_MEASURES: tuple[Measure, ...] = ("effective", "billed")
_DAYS_SHOWN = timedelta(days=62)


@dataclass(frozen=True)
class Scope:
    """What the forecast is of: one series, and how people call it (empty: of everything)."""

    dimension: ForecastDimension = "total"
    value: str = ""
    name: str = ""


EVERYTHING = Scope()


@guarded
def show() -> None:
    published = current()
    currencies = forecasts.forecast_currencies(published)
    if not currencies:
        _nothing(published)
        return
    heading = st.empty()
    heading.title("Where will this month land?", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="forecast filters"):
        measure = filters.choose_measure("forecast", _MEASURES)
        currency = filters.choose_currency("forecast", currencies)
        scopes = _scopes(published, measure, currency)
    scope = _scope_of(published, measure, currency, scopes)
    periods = forecasts.landings(published, measure=measure, currency=currency, dimension=scope.dimension)
    periods = periods.filter(value=scope.value)
    if len(scopes) > 1 or periods.is_empty():
        _none_of(scopes, measure, currency)
        provenance.show_stale(published)
    else:
        month = periods.filter(pl.col("period_kind") == "month").row(0, named=True)
        of = f" of {scope.name}" if scope.name else ""
        heading.title(f"Where will {month_text(month['period'])}{formats.plain(of)} land?", anchor=False)
        _landing(published, scope, periods, month, currency, measure)
    _each(published, measure, currency)


def _nothing(published: Published) -> None:
    st.title("Where will this month land?", anchor=False)
    if published.is_whole:
        st.info(
            "A forecast needs at least one day of costs; `outlay run` tells why there is none.",
            title="Nothing is forecast yet",
            icon=":material/hourglass_empty:",
        )
    else:
        st.info(
            "You see forecasts of your teams alone, and none of them has costs that could be forecast yet.",
            title="Nothing is forecast for your teams",
            icon=":material/hourglass_empty:",
        )
    provenance.show_stale(published)


def _scopes(published: Published, measure: Measure, currency: str) -> list[Scope]:
    """What is chosen of team, vendor, component, and model, key or SKU; forecasts are of one of them at a time."""
    narrowed = filters.choose_parts(published, "forecast", "team", "vendor", "component")
    parts: tuple[tuple[Part, str | None], ...] = (
        ("team", narrowed.team),
        ("vendor", narrowed.vendor),
        ("component", narrowed.component),
    )
    chosen = [Scope(part, value, f"{part} {filters.readable_component(value, part)}") for part, value in parts if value]
    rows = forecasts.series_names(published, measure=measure, currency=currency).rows(named=True)
    series = {f"{row['dimension']} {row['value']}": Scope(row["dimension"], row["value"], _named(row)) for row in rows}
    if series:
        labels = {"": "Of anything"} | {key: scope.name for key, scope in series.items()}
        key = filters.choose_named("forecast", "series", "Model, key or SKU", labels, label_visible=True)
        chosen += [series[key]] if key else []
    return chosen


def _named(row: dict[str, Any]) -> str:
    return f"{row['dimension']} {row['name']}" if row["value"] else row["name"]


def _scope_of(published: Published, measure: Measure, currency: str, scopes: list[Scope]) -> Scope:
    """The one that is chosen; of nothing chosen everything, or the dearest team of those that a person may see."""
    if scopes or published.is_whole:
        return scopes[0] if scopes else EVERYTHING
    teams = forecasts.landings(published, measure=measure, currency=currency, dimension="team")
    st.caption("You see forecasts of your teams, one at a time: choose another one above.")
    return Scope("team", teams["value"][0], f"team {teams['name'][0]}") if len(teams) else EVERYTHING


def _none_of(scopes: list[Scope], measure: Measure, currency: str) -> None:
    names = formats.plain(" and ".join(scope.name for scope in scopes) or "everything")
    if len(scopes) > 1:
        st.info(
            "Forecasts are made of one team, vendor, component, model, key or SKU at a time, for each by itself has a"
            " history of its own. Set all of the filters above but one back to see one.",
            title=f"There is no forecast of {names} together",
            icon=":material/filter_alt:",
        )
        return
    billed = " Billed cost is forecast as a whole, by vendor and by team; effective cost also by the rest."
    st.info(
        f"It has no {measure} cost in {currency} that could be forecast.{billed if measure == 'billed' else ''}",
        title=f"There is no forecast of {names}",
        icon=":material/hourglass_empty:",
    )


def _landing(
    published: Published, scope: Scope, periods: pl.DataFrame, month: dict[str, Any], currency: str, measure: Measure
) -> None:
    if month["landing"] is None:
        st.info("Nothing is known of it: too little was spent on it.", icon=":material/hourglass_empty:")
        return
    _answer(month, currency, measure)
    _metrics(periods, currency)
    st.caption(f"Stands on {day_text(month['made_on'])}, the last day that every daily source has told.")
    if month["assumed"]:
        st.caption(
            f"{money_text(month['assumed'], currency)} of it is of days gone by that monthly invoices and other late"
            " sources have not told yet: taken to be as in their last month, and missing in the line of what came."
        )
    provenance.show_stale(published)
    st.subheader("Day by day", anchor=False)
    _days(published, measure, currency, scope, month["made_on"])
    _ranges(periods, currency)
    _past(published, measure, currency, scope)


def _answer(month: dict[str, Any], currency: str, measure: Measure) -> None:
    verb = "billed" if measure == "billed" else "effective cost, declared costs included"
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


def _days(published: Published, measure: Measure, currency: str, scope: Scope, made_on: Any) -> None:
    of: dict[str, Any] = {"measure": measure, "currency": currency, "dimension": scope.dimension, "value": scope.value}
    ahead, before = forecasts.days_ahead(published, **of), forecasts.days_before(published, **of)
    if ahead.is_empty():
        st.caption("Nothing is known of these days.")
        return
    near = (pl.col("day") - made_on).abs() < _DAYS_SHOWN
    st.vega_lite_chart(
        forecast_band(before, ahead.filter(near), currency=currency),
        alt=f"Cost per day of {scope.name or 'everything'}: what came, what is expected, and 50, 80, 95 % bands",
    )
    events = ahead["events"].drop_nulls().unique().sort().to_list()
    told = f"Forecast by {formats.plain(ahead['method'][0].replace('_', ' '))}."
    if before.is_empty():
        told += " What came day by day is not published for it: only what is expected is drawn."
    st.caption(f"{told} Known events in it: {formats.plain('; '.join(events))}." if events else told)


def _ranges(periods: pl.DataFrame, currency: str) -> None:
    """Each month and quarter with its three ranges."""
    formats.table(
        periods.with_columns(
            pl.col("period").map_elements(_period_text, return_dtype=pl.String),
            against=pl.struct("landing", "previous").map_elements(
                lambda row: change_text(row["landing"], row["previous"]), return_dtype=pl.String
            ),
        ),
        {
            "period": formats.text_column("Period", width="small"),
            "landing": formats.money_column("Lands at", currency),
            "low_50": formats.money_column("Low, 50 %", help="Every second case lies between low and high"),
            "high_50": formats.money_column("High, 50 %"),
            "low_80": formats.money_column("Low, 80 %"),
            "high_80": formats.money_column("High, 80 %"),
            "low_95": formats.money_column("Low, 95 %"),
            "high_95": formats.money_column("High, 95 %"),
            "actual": formats.money_column("Spent so far"),
            "previous": formats.money_column("Period before"),
            "against": formats.written_column("Change"),
        },
        alt="Months and quarters: where each lands, with ranges of 50, 80 and 95 %, spent so far and the one before",
    )


def _period_text(period: str) -> str:
    return period.replace("-", " ") if "Q" in period else month_text(period)


def _past(published: Published, measure: Measure, currency: str, scope: Scope) -> None:
    """What would have been forecast of whole months part of the way into them, against what came."""
    st.subheader("Past forecasts against what came", anchor=False)
    rows = forecasts.past_landings(
        published, measure=measure, currency=currency, dimension=scope.dimension, value=scope.value
    )
    if rows.is_empty():
        st.caption("No whole month lies behind it that could have been forecast: come back after the next one.")
        return
    st.markdown(_held(rows))
    st.vega_lite_chart(
        past_landings(
            rows.sort("month", "about_day").with_columns(pl.col("month").map_elements(month_text, pl.String)),
            currency=currency,
        ),
        alt="Of each whole month what was forecast on day 5, 10, 15 and 20 with its range, and what came",
    )
    st.caption(
        "Of each month from left to right: forecast on day 5, 10, 15 and 20. Made again with what was known on those"
        " days. Methods are weighed as of today, with the hindsight of these"
        " very days: expect new months to be off a little more."
    )


def _held(rows: pl.DataFrame) -> str:
    """How often the range held, and how far off forecasts were by the day on which they were made."""
    ranged = rows.filter(pl.col("low_80").is_not_null())
    held = len(ranged.filter(pl.col("came").is_between("low_80", "high_80")))
    often = (
        f"The range of 8 cases in 10 held in **{held} of {len(ranged)}** past forecasts."
        if len(ranged)
        else "None of them had a range: too few errors were known by then."
    )
    by_day = rows.drop_nulls("error_pct").group_by("about_day").agg(pl.col("error_pct").abs().mean()).sort("about_day")
    off = ", ".join(f"{error:.1f} % on day {day}" for day, error in by_day.iter_rows())
    months = counted(rows["month"].n_unique(), "whole month")
    return f"{often} Over {months}, they were off by {off} on average." if off else often


def _each(published: Published, measure: Measure, currency: str) -> None:
    """Every series of one dimension, beside each other."""
    whole = forecasts.dimensions(measure)
    options = [each for each in whole if each != "total"] if published.is_whole else ["team"]
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Where each will land this month", anchor=False, width="content")
        dimension = cast("ForecastDimension", filters.choose_by("forecast", options))
    landings = forecasts.landings(published, measure=measure, currency=currency, dimension=dimension)
    if landings.is_empty():
        st.caption("There is none of these yet.")
        return
    _landings(landings, currency, dimension)
    _accuracy(published, measure, currency, dimension)


def _landings(landings: pl.DataFrame, currency: str, dimension: ForecastDimension) -> None:
    this_month: Any = landings.filter(pl.col("period_kind") == "month")["first_day"].min()
    is_asked = (pl.col("period_kind") == "month") & (pl.col("first_day") == this_month)
    rows = landings.filter(is_asked)
    formats.table(
        rows.with_columns(
            against=pl.struct("landing", "previous").map_elements(
                lambda row: change_text(row["landing"], row["previous"]), return_dtype=pl.String
            ),
            standing=pl.col("status").replace({"ok": None}),
        ),
        {
            "name": formats.text_column(_heading(dimension), width="medium"),
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


def _heading(dimension: ForecastDimension) -> str:
    return dimension if dimension.isupper() else dimension.capitalize()


def _accuracy(published: Published, measure: Measure, currency: str, dimension: ForecastDimension) -> None:
    st.subheader("How far off they were before", anchor=False)
    st.caption("What would have been forecast on earlier days against what came: mean error in percent.")
    formats.table(
        forecasts.accuracy(published, measure=measure, currency=currency, dimension=dimension),
        {
            "name": formats.text_column(_heading(dimension), width="medium"),
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
