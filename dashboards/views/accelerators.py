"""Accelerators: how many hours we had, how many of them were used, what an hour costs, and what stands idle.

By month of use, in the currency of the bill. What a pool pays for is the pool's here; its teams share it in total cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboards import cards, filters, formats, links, provenance
from dashboards.charts.accelerators import hours_stack, rates_and_list
from dashboards.published import Published, current
from dashboards.queries import accelerators as queries
from dashboards.queries.accelerators import Part
from dashboards.queries.spending import previous_period
from dashboards.states import guarded
from models.wording import UNKNOWN, money_text, month_text, price_text, quantity_text, share_text

_PAGE = "accelerators"
_HOURS = "Accelerator-Hours"
_EVERY = {"team": ("Team", "All teams"), "vendor": ("Host", "All hosts"), "accelerator": ("Type", "All types")}
_COLOURED: dict[str, str] = {
    "accelerator": "Coloured by type",
    "region": "Coloured by region",
    "bought": "Coloured by pricing category",
    "team": "Coloured by owner",
    "host": "Coloured by host",
}
_SPANS = {"days": "Day by day", "months": "The last 12 months"}
_DRAWN = 12
"""How many rates are drawn; the table has all."""


@dataclass(frozen=True)
class _Looked:
    """What is looked at: a month, a currency, which accelerators."""

    period: str
    currency: str
    part: Part


@guarded
def show() -> None:
    published = current()
    st.title("Do we use the accelerators that we pay for?", anchor=False)
    looked = _choose(published)
    if looked is None:
        whose = "" if published.is_whole else " of your teams"
        st.info(
            f"No accelerator{whose} is known yet: no bill has hours of one, and outlay.yaml declares none of our own.",
            title="No month to show",
            icon=":material/memory:",
        )
        provenance.show_stale(published)
        return
    sums = queries.totals(published, period=looked.period, currency=looked.currency, part=looked.part).row(
        0, named=True
    )
    if not sums["lines"]:
        st.info(
            f"None of these in {month_text(looked.period)}, in {looked.currency}. Choose another month, or all.",
            title="Nothing of it in this month",
            icon=":material/filter_alt_off:",
        )
        return
    _answer(sums, looked)
    _metrics(sums, looked.currency)
    _notes(published, looked)
    _over_time(published, looked)
    _idle(published, looked)
    _rates(published, looked)
    with st.container(horizontal=True):
        links.show("commitments", "Commitments")
        links.show("self-hosting", "Self-hosting")


def _choose(published: Published) -> _Looked | None:
    periods = queries.accelerator_periods(published)
    if not periods:
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        period = filters.choose_month(_PAGE, periods)
        part = Part(**{name: _choose_one(published, name) for name in _EVERY})
        currency = filters.choose_currency(_PAGE, queries.accelerator_currencies(published, period=period))
    return _Looked(period, currency, part)


def _choose_one(published: Published, name: Any) -> str | None:
    label, every = _EVERY[name]
    labels = {filters.ALL: every} | {value: value for value in queries.names_of(published, name)}
    return filters.choose_named(_PAGE, name, label, labels, label_visible=True, width=170) or None


def _answer(sums: dict[str, Any], looked: _Looked) -> None:
    used, unused = sums["used_hours"], sums["unused_hours"]
    left = (
        f" **{money_text(sums['unused_cost'], looked.currency)}** went to "
        f"{quantity_text(unused, _HOURS)} that nobody used, {share_text(unused, used + unused)} of all."
        if unused or sums["unused_cost"]
        else " No commitment left an hour unused."
    )
    names = " · ".join(formats.plain(name) for name in looked.part.values().values() if name)
    of = f" of {names}" if names else ""
    st.markdown(
        f"**{quantity_text(used, _HOURS)} used**{of} in {month_text(looked.period)}, for "
        f"{money_text(sums['used_cost'], looked.currency)} effective cost.{left}"
    )


def _metrics(sums: dict[str, Any], currency: str) -> None:
    used, whole = sums["used_hours"], sums["used_cost"] + sums["unused_cost"]
    measured, busy = sums["measured_hours"], sums["busy_hours"]
    is_measured = measured is not None and measured == used and busy
    figures = (
        ("A used hour", price_text(_each(whole, used), currency), "with what was left unused",
         "Effective cost of used and unused hours, over used hours."),
        ("A busy hour", price_text(_each(whole, busy), currency) if is_measured else UNKNOWN,
         "with all idle time" if is_measured else "not all hours were measured",
         "The same over hours in which something ran, as DCGM, Prometheus or a CSV measured it."),
        ("Left unused", money_text(sums["unused_cost"], currency),
         f"{share_text(sums['unused_cost'], whole)} of the cost",
         "Effective cost of hours that commitments paid for and nobody used."),
        ("Measured idle", money_text(sums["measured_idle_cost"], currency),
         f"{share_text(measured, used)} of hours measured",
         "Effective cost of used hours in which nothing ran, of those that were measured."),
        ("Utilisation", share_text(busy, measured), "of measured hours", "Busy, of the used hours that were measured."),
    )  # fmt: skip
    cards.show(figures)


def _each(cost: Decimal, hours: Decimal | None) -> Decimal | None:
    return cost / hours if hours else None


def _notes(published: Published, looked: _Looked) -> None:
    notes = [
        f"{month_text(looked.period)} by the day of use, in {looked.currency}; accelerators of our own as declared."
    ]
    if not published.is_whole:
        notes.append("Only accelerators of your teams are in it.")
    elif looked.part.team:
        notes.append("What comes out of a pool belongs to the pool, and not to the teams that share it.")
    st.caption(" ".join(notes))
    provenance.show_stale(published)


def _over_time(published: Published, looked: _Looked) -> None:
    st.subheader("Hours over time", anchor=False)
    with st.container(horizontal=True):
        span = filters.choose_named(_PAGE, "span", "Days or months", _SPANS)
        dimension: Any = filters.choose_named(_PAGE, "hours", "Coloured by", _COLOURED)
    each = "day" if span == "days" else "month"
    hours = queries.hours(published, period=looked.period, dimension=dimension, each=each, part=looked.part)
    if hours.is_empty():
        st.caption("No bill tells the hours of these by the day.")
        return
    ranked = hours.group_by("name").agg(pl.col("hours").sum()).sort("hours", "name", descending=[True, False])
    st.vega_lite_chart(
        hours_stack(hours, standing=ranked["name"].to_list(), each=each),
        alt=f"Accelerator-hours per {each}, those used {_COLOURED[dimension].lower()}, and those left unused",
    )


def _idle(published: Published, looked: _Looked) -> None:
    idle = queries.idle(published, period=looked.period, currency=looked.currency, part=looked.part)
    st.subheader("What stands idle, and whose it is", anchor=False)
    formats.table(
        idle.with_columns(pl.col("utilisation") * 100),
        {
            "owner": formats.text_column("Owner", width=130),
            "accelerator_type": formats.text_column("Accelerator"),
            "used_cost": formats.money_column("Used hours cost", looked.currency),
            "unused_cost": formats.money_column("Left by commitments"),
            "measured_idle_cost": formats.money_column("Measured idle", help="A dash: not all hours were measured."),
            "used_hours": formats.quantity_column("Used hours"),
            "unused_hours": formats.quantity_column("Unused hours"),
            "utilisation": formats.percent_column("Busy", help="Of used hours; a dash: not all were measured."),
            "host": formats.text_column("Host"),
        },
        rows=14,
        alt="Idle accelerators by owner: money for hours that nobody used, hours used and unused",
    )


def _rates(published: Published, looked: _Looked) -> None:
    rates = queries.rates(
        published,
        period=looked.period,
        previous=previous_period(looked.period),
        currency=looked.currency,
        part=looked.part,
    )
    if rates.is_empty():
        return  # of people of some teams too: rates are of all teams together
    st.subheader("What an hour costs", anchor=False)
    whose = " Of all teams together." if looked.part.team else ""
    st.caption(
        f"Bar: a used hour, with what commitments left unused beside it. Mark: its list price.{whose} "
        "A busy hour is told where every hour was measured."
    )
    kind = pl.col("pricing_kind").str.replace_all("_", " ")
    told = rates.with_columns(
        pl.col("region").fill_null(""),
        pricing_kind=kind,
        name=pl.concat_str(pl.col("subject"), pl.lit(" "), kind, pl.lit(", "), "host", ignore_nulls=True),
        utilisation=pl.col("utilisation").cast(pl.Float64) * 100,
        discount=_against_list(),
    )
    _rates_chart(told, looked.currency)
    formats.table(
        told,
        {
            "subject": formats.text_column("Accelerator"),
            "pricing_kind": formats.text_column("Bought"),
            "effective_cost_per_used_unit": formats.unit_cost_column("Per used hour", looked.currency),
            "list_unit_cost": formats.unit_cost_column("List"),
            "host": formats.text_column("Host"),
            "region": formats.text_column("Region"),
            "effective_unit_cost": formats.unit_cost_column("Effective"),
            "effective_cost_per_busy_unit": formats.unit_cost_column("Per busy hour"),
            "discount": formats.percent_column("Against list", help="Per used hour; below zero is cheaper than list"),
            "per_used_before": formats.unit_cost_column("Month before", help="Per used hour"),
            "utilisation": formats.percent_column("Utilisation"),
            "quantity": formats.quantity_column("Used hours"),
            "effective_cost": formats.money_column("Effective cost"),
        },
        rows=20,
        alt="Cost of an accelerator-hour by type, host, region and how it was bought",
    )


def _rates_chart(told: pl.DataFrame, currency: str) -> None:
    drawn = told.filter(pl.col("effective_cost_per_used_unit").is_not_null()).head(_DRAWN)
    names = pl.col("name") + pl.when(pl.col("name").is_duplicated()).then(" " + pl.col("region")).otherwise(pl.lit(""))
    st.vega_lite_chart(
        rates_and_list(
            drawn.select(names, cost="effective_cost_per_used_unit", list="list_unit_cost"), currency=currency
        ),
        alt="Effective cost of a used accelerator-hour by type and how it was bought, beside its list price",
    )


def _against_list() -> pl.Expr:
    used, listed = (pl.col(name).cast(pl.Float64) for name in ("effective_cost_per_used_unit", "list_unit_cost"))
    return pl.when(listed > 0).then((used - listed) * 100 / listed)
