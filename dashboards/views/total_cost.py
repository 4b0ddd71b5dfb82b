"""Total cost: what AI really costs in a month, by component of the stack and by team, declared costs included.

Effective cost by month of use, in the reporting currency. What finance pays is on the overview.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboards import filters, formats, provenance
from dashboards.charts.base import UNOWNED
from dashboards.charts.spending import daily_stack
from dashboards.published import Published, current
from dashboards.queries import total_cost
from dashboards.queries.spending import previous_period
from dashboards.queries.total_cost import TCO_DIMENSIONS
from dashboards.states import guarded
from models.wording import change_text, day_text, money_text, month_text, share_text


@guarded
def show() -> None:
    published = current()
    periods = total_cost.tco_periods(published)
    if not periods:
        st.title("What does AI really cost?", anchor=False)
        st.info(
            "No charge and no declared cost is known yet.", title="No month to show", icon=":material/hourglass_empty:"
        )
        provenance.show_stale(published)
        return
    heading = st.empty()
    period = filters.choose_month("total-cost", periods)
    heading.title(_question(period), anchor=False)
    sums = total_cost.totals(published, period=period).row(0, named=True)
    teams = total_cost.by_team(published, period=period, previous=previous_period(period))
    _answer(sums, teams)
    _metrics(sums)
    _notes(published, period, sums)
    _days(published, period, sums["currency"])
    _components(published, period, sums)
    _teams(teams, sums)
    _declared(published, period)


def _question(period: str) -> str:
    if period == f"{provenance.now():%Y-%m}":
        return "What does AI really cost this month?"
    return f"What did AI really cost in {month_text(period)}?"


def _answer(sums: dict[str, Any], teams: pl.DataFrame) -> None:
    owners = teams.filter((pl.col("team") != UNOWNED) & (pl.col("cost") > 0))
    dearest = (
        f" **{formats.plain(owners['team'][0])}** has the most of it, "
        f"{money_text(owners['cost'][0], sums['currency'])}."
        if len(owners)
        else ""
    )
    owned = share_text(sums["cost"] - sums["unallocated"], sums["cost"])
    st.markdown(
        f"**{money_text(sums['cost'], sums['currency'])} effective cost**, {owned} of it allocated to teams.{dearest}"
    )


def _metrics(sums: dict[str, Any]) -> None:
    figures = (
        ("From bills", "charged", "Effective cost of charges: prepaid and committed money spread over its use."),
        ("Declared", "declared", "Owned hardware, people, subscriptions and support, as outlay.yaml declares them."),
        ("Shared", "shared", "Cost of shared pools, split over teams by fixed shares or by a driver."),
        ("Unallocated", "unallocated", "No rule names a team for it. A part of the total, never spread over others."),
    )
    for column, (label, name, meaning) in zip(st.columns(len(figures), gap="small"), figures, strict=True):
        column.metric(
            label,
            money_text(sums[name], sums["currency"]),
            delta=f"{share_text(sums[name], sums['cost'])} of the total",
            delta_color="off",
            delta_arrow="off",
            help=meaning,
            border=True,
            height="stretch",
        )


def _notes(published: Published, period: str, sums: dict[str, Any]) -> None:
    """Through when, in which currency, and what no total holds."""
    lacking = [
        money_text(row["cost"], row["currency"])
        for row in total_cost.without_a_rate(published, period=period).iter_rows(named=True)
    ]
    notes = [f"Charges through {day_text(sums['last_day'])}, by month of use, in {sums['currency']}."]
    if lacking:
        notes.append(f"Not in it, for want of a rate of exchange: {', '.join(lacking)}.")
    if sums["unmatched"]:
        notes.append(f"{money_text(sums['unmatched'], sums['currency'])} belong to no component that is known.")
    st.caption(" ".join(notes))
    provenance.show_stale(published)


def _days(published: Published, period: str, currency: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Day by day", anchor=False, width="content")
        dimension = filters.choose_by("total-cost", list(TCO_DIMENSIONS))
    days = total_cost.tco_days(published, period=period, dimension=dimension)
    if days.is_empty():
        st.caption("No day of this month has a cost in the reporting currency.")
        return
    standing = total_cost.tco_standing(published, dimension=dimension)
    st.altair_chart(
        daily_stack(days, standing=standing, currency=currency),
        alt=f"Effective cost per day in {month_text(period)}, stacked by {dimension}",
    )


def _components(published: Published, period: str, sums: dict[str, Any]) -> None:
    st.subheader("Which part of the stack", anchor=False)
    components = total_cost.by_component_and_allocation(published, period=period).with_columns(
        share=_share(sums["cost"])
    )
    formats.table(
        components,
        {
            "component": formats.text_column("Component", width="medium"),
            "cost": formats.money_column("Total", sums["currency"]),
            "share": formats.percent_column("Share"),
            "direct": formats.money_column("Direct"),
            "shared": formats.money_column("Shared"),
            "unallocated": formats.money_column("Unallocated"),
        },
        rows=12,
        alt="Effective cost by component: total, share, direct, shared and unallocated",
    )


def _teams(teams: pl.DataFrame, sums: dict[str, Any]) -> None:
    st.subheader("Whose it is", anchor=False)
    shown = teams.with_columns(
        share=_share(sums["cost"]),
        change=pl.struct("cost", "cost_before").map_elements(_change, return_dtype=pl.String),
    )
    formats.table(
        shown,
        {
            "team": formats.text_column("Team", width="medium"),
            "cost_centre": formats.text_column("Cost centre"),
            "cost": formats.money_column("Total", sums["currency"]),
            "share": formats.percent_column("Share"),
            "direct": formats.money_column("Direct"),
            "shared": formats.money_column("Shared"),
            "change": formats.written_column("Change", help="Against the same days of the month before"),
        },
        rows=12,
        alt="Effective cost by team: total, share, direct and shared, change against the month before",
    )


def _declared(published: Published, period: str) -> None:
    costs = total_cost.declared(published, period=period)
    if costs.is_empty():
        return
    st.subheader("What no bill holds", anchor=False)
    st.caption("Declared in outlay.yaml, by the day. Where an invoice was imported, it counts instead.")
    formats.table(
        costs.with_columns(pl.col("kind").str.replace_all("_", " ")),
        {
            "name": formats.text_column("Cost", width="medium"),
            "kind": formats.text_column("Kind"),
            "effective_cost": formats.money_column("Counts"),
            "declared_cost": formats.money_column("Declared"),
            "currency": formats.text_column("Currency", width="small"),
            "standing": formats.text_column("Standing"),
            "vendor": formats.text_column("Vendor"),
        },
        alt="Declared costs of the month: what was declared, what counts and whether an invoice took its place",
    )


def _change(row: dict[str, Decimal]) -> str:
    return change_text(row["cost"], row["cost_before"])


def _share(whole: Decimal) -> pl.Expr:
    return pl.col("cost").cast(pl.Float64) * 100 / (float(whole) or None)
