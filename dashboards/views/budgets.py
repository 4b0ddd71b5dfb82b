"""Budgets: which hold, which will not and when their money runs out; one in depth, and what if."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboards import filters, formats, links, provenance
from dashboards.charts.budgets import burn_up
from dashboards.charts.budgets import periods as periods_chart
from dashboards.parts import supposing
from dashboards.parts.budget_words import (
    STATES,
    basis_text,
    gone_by,
    not_reached,
    period_text,
    probability_text,
    range_text,
    state,
)
from dashboards.published import Published, current
from dashboards.queries import budgets, spending
from dashboards.states import guarded
from models.control.what_if import Supposed, Supposition, what_if
from models.table import MONEY
from models.wording import UNKNOWN, counted, day_text, money_text

_PERIODS_SHOWN = 13
_COLUMNS = {
    "budget": formats.text_column("Budget", width="medium"),
    "state": formats.text_column("State", width="small"),
    "spent": formats.money_column("Spent"),
    "budget_amount": formats.money_column("Budget"),
    "currency": formats.text_column("In", width=50, help="The currency of its amounts"),
    "used": formats.share_column("Used"),
    "landing": formats.money_column("Lands at"),
    "probability_text": formats.written_column("Exceeds", help="How likely it ends above the budget"),
    "runs_out_on": formats.day_column(
        "Money runs out",
        help="Empty: not before the period's end. Of a rolling budget: the last day of the first window that"
        " reaches it",
    ),
    "range": formats.written_column("8 cases in 10", help="Or why it is not known where it lands"),
    "crossed": formats.text_column("Threshold reached"),
    "burn_rate": st.column_config.NumberColumn(
        "Burn rate", format="%.2f ×", help="1 × uses it up exactly by the period's end; where it is watched"
    ),
    "carried": formats.money_column("Carried over", signed=True),
    "period_text": formats.text_column("Period", width="small"),
    "scope": formats.text_column("Covers", width="medium"),
    "owner": formats.text_column("Owner", width="small"),
}


@guarded
def show() -> None:
    published = current()
    st.title("Will our budgets hold?", anchor=False)
    known = budgets.budgets(published)
    if known.is_empty():
        _none(published)
        return
    rows = known.with_columns(state=pl.Series([state(row) for row in known.rows(named=True)], dtype=pl.String))
    st.markdown(_answer(rows))
    teams = {"": "All teams"} | {team: team for team in spending.names_of(published, "team")}
    team = filters.choose_named("budgets", "team", "Team", teams, label_visible=True)
    if team:
        rows = rows.filter((pl.col("team") == team) | (pl.col("owner") == team))
    provenance.show_stale(published)
    if rows.is_empty():
        st.info(
            f"No budget is of {formats.plain(team)} alone, and it answers for none; those of several teams hold its"
            " costs, too.",
            title="None of this team",
            icon=":material/filter_alt_off:",
        )
        return
    _list(rows)
    labels = {name: name for name in rows["budget"]}
    st.subheader("One of them", anchor=False)
    chosen = filters.choose_named("budgets", "budget", "Budget", labels)
    _one(published, rows.row(by_predicate=pl.col("budget") == chosen, named=True))
    links.show("changes", "Change budgets: upload a file, see what it would change, and apply it")


def _none(published: Published) -> None:
    what = "No budget is declared" if published.is_whole else "No budget is of your teams alone"
    st.info(
        "Declare one under `budgets` in outlay.yaml, or upload a file of them under Changes; the next run shows it.",
        title=f"{what}",
        icon=":material/savings:",
    )
    links.show("changes", "Upload budgets")
    provenance.show_stale(published)


def _answer(rows: pl.DataFrame) -> str:
    """How many are in which state, the worst first."""
    under_way = rows.filter(~pl.col("is_over"))
    found = [(name, under_way.filter(pl.col("state") == name).height) for name in STATES]
    said = [f"{count} {STATES[name][count != 1]}" for name, count in found if count]
    of_them = f"Of {counted(len(under_way), 'budget')} under way, " if len(under_way) != 1 else "Of the one budget, "
    return f"**{of_them}{', '.join(said)}.**" if said else "**No budget is under way.**"


def _list(rows: pl.DataFrame) -> None:
    formats.table(
        _in_words(rows),
        _COLUMNS,
        rows=12,
        alt="Budgets: state, share used, spent, amount, where they land, how likely they are exceeded and when",
    )


def _in_words(rows: pl.DataFrame) -> pl.DataFrame:
    """With the columns of the list that are written."""
    return rows.with_columns(
        pl.col("share_pct").cast(pl.Float64).alias("used"),
        pl.col("probability").map_elements(probability_text, pl.String, skip_nulls=False).alias("probability_text"),
        pl.struct("low_80", "high_80", "landing", "reason", "is_over")
        .map_elements(range_text, return_dtype=pl.String)
        .alias("range"),
        pl.col("burn_rate").cast(pl.Float64),
        _crossed().alias("crossed"),
        pl.struct("period", "period_kind").map_elements(period_text, return_dtype=pl.String).alias("period_text"),
        pl.when(pl.col("carried_over") != 0).then("carried_over").alias("carried"),
    )


def _crossed() -> pl.Expr:
    """The highest threshold that was reached, and when; null where none was."""
    told = pl.format("{} % on {}", "crossed_pct", pl.col("crossed_day").dt.strftime("%-d %b %Y"))
    return pl.when(pl.col("crossed_day").is_not_null()).then(told)


def _one(published: Published, row: dict[str, Any]) -> None:
    _cards(row)
    _facts(published, row)
    found = budgets.outlook(published, row["budget"])
    if found.is_empty() or row["landing"] is None:
        _no_landing(row)
    else:
        _burning(published, row, found.row(0, named=True))
    _history(published, row)


def _cards(row: dict[str, Any]) -> None:
    currency, columns = row["currency"], st.columns(4, gap="small")
    columns[0].metric(
        "Spent",
        money_text(row["spent"], currency),
        delta="nothing may be spent" if row["share_pct"] is None else f"{row['share_pct']:,.1f} % of the budget",
        delta_color="off",
        delta_arrow="off",
        help=f"Through {day_text(row['data_through'])}, the last day with a cost in it.",
        border=True,
        height="stretch",
    )
    columns[1].metric(
        "Left" if row["remaining"] >= 0 else "Overspent",
        money_text(abs(row["remaining"]), currency),
        delta=f"of {money_text(row['budget_amount'], currency)}",
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
    )
    columns[2].metric(
        "Lands at",
        money_text(row["landing"], currency),
        delta=range_text(row),
        delta_color="off",
        delta_arrow="off",
        help="By the end of the period; below it the range of 8 cases in 10.",
        border=True,
        height="stretch",
    )
    columns[3].metric(
        "Will be exceeded",
        probability_text(row["probability"]),
        delta=_runs_out(row),
        delta_color="off",
        delta_arrow="off",
        help="How likely the period ends above the budget.",
        border=True,
        height="stretch",
    )


def _runs_out(row: dict[str, Any]) -> str:
    if row["probability"] is None:
        return "not known"
    if row["runs_out_on"] is None:
        return "money lasts to the end"
    is_past, is_rolling = row["runs_out_on"] <= row["made_on"], row["period_kind"] == "rolling"
    on = f"{row['runs_out_on'].day} {row['runs_out_on']:%b %Y}"
    if is_rolling:
        return f"window to {on} {'reached' if is_past else 'reaches'} it"
    return f"{'ran out' if is_past else 'runs out'} on {on}"


def _facts(published: Published, row: dict[str, Any]) -> None:
    """Two columns of what it is, and of what was reached."""
    currency = row["currency"]
    carried = row["carried_over"]
    what = [
        f"Covers **{formats.plain(row['scope'])}**, {basis_text(row)}",
        f"Period **{formats.plain(period_text(row))}**: {day_text(row['first_day'])} to {day_text(row['last_day'])},"
        f" {gone_by(row)}",
        f"Owner **{formats.plain(row['owner'] or row['team'] or 'nobody is named')}**",
    ]
    if carried:
        verb = "left over from" if carried > 0 else "overspent in"
        what.append(f"Of the amount {money_text(carried, currency, signed=True)} is {verb} the period before")
    if row["other_currencies"]:
        what.append(
            f"Costs in {formats.plain(row['other_currencies'])} are in its scope and **not counted**: it is in"
            f" {currency}"
        )
    for label, events in (("Known events in the landing", "events"), ("Events left out of it", "events_left_out")):
        if row[events]:
            what.append(f"{label}: {formats.plain(row[events])}")
    left, right = st.columns(2, gap="medium")
    left.markdown("\n".join(f"- {line}" for line in what))
    right.markdown("\n".join(f"- {line}" for line in _reached(published, row)))


def _reached(published: Published, row: dict[str, Any]) -> list[str]:
    """Thresholds on what is spent and on what is expected, and burn rates, in words."""
    currency, lines = row["currency"], []
    for each in budgets.thresholds(published, row["budget"], row["period"]).rows(named=True):
        day = each["first_crossed_day"]
        reached = f"reached on **{day_text(day)}**" if day else not_reached(row)
        lines.append(f"{each['threshold_pct']} % ({money_text(each['threshold_amount'], currency)}): {reached}")
    if not row["is_over"]:
        for each in budgets.forecasts(published, row["budget"]).rows(named=True):
            likely = probability_text(each["probability"])
            lines.append(
                f"Ends above {each['of_pct']} %: **{likely}** likely; told from {each['probability_pct']} % on"
            )
        lines += [_burn(each) for each in budgets.burn_rates(published, row["budget"]).rows(named=True)]
    return lines


def _burn(each: dict[str, Any]) -> str:
    span = f"last {counted(each['days'], 'day')} to {day_text(each['last_day'])}"
    if each["rate"] is None:
        return f"Burn rate not known: {formats.plain(each['reason'])}"
    told = f"told from {each['asked_rate'].normalize():f} × on"
    since = f", since {day_text(each['since'])}" if each["since"] else ""
    return f"Burns **{each['rate']:.2f} ×** as fast as it allows ({span}); {told}{since}"


def _no_landing(row: dict[str, Any]) -> None:
    if row["is_over"]:
        why = f"It ended on {day_text(row['last_day'])}: there is nothing left to forecast."
    else:
        why = formats.plain(row["reason"] or "no budget could be forecast in this publication; see Data health")
        why = f"Where it lands is not known: {why}."
    st.info(why, icon=":material/trending_flat:")


@st.fragment
def _burning(published: Published, row: dict[str, Any], outlook: dict[str, Any]) -> None:
    days = budgets.days(published, row["budget"])
    st.subheader("How it is used up, and what if", anchor=False)
    left, right = st.columns([3, 1], gap="large")
    with right:
        st.markdown("**What if** :material/science:")
        supposition = supposing.suppose(row["budget"], outlook)
    as_it_is = what_if(outlook, days, Supposition())
    supposed = what_if(outlook, days, supposition) if supposition else None
    with left:
        if supposed is not None:
            _said(row, as_it_is, supposed)
        _chart(published, row, outlook, as_it_is, supposed)
    st.caption(
        f"Stands on {day_text(outlook['made_on'])}, the last day that every daily source has told. What if is a"
        " supposition and is kept nowhere but in this address: days to come cost volume × price as much, what is told"
        " stays, and the range grows with the expected rest."
    )


def _said(row: dict[str, Any], before: Supposed, after: Supposed) -> None:
    currency = row["currency"]
    moved = money_text(after.landing - before.landing, currency, signed=True)
    low, high = (money_text(after.bounds[name], currency) for name in ("low_80", "high_80"))
    ends = "and the money lasts" if after.runs_out_on is None else f"and it runs out on {day_text(after.runs_out_on)}"
    st.markdown(
        f"**What if:** it lands at **{money_text(after.landing, currency)}** ({moved}), between {low} and {high} in 8"
        f" cases of 10. Of {money_text(after.amount, currency)} that is exceeded with"
        f" **{probability_text(after.probability)}** (now {probability_text(before.probability)}), {ends}."
    )


def _chart(
    published: Published, row: dict[str, Any], outlook: dict[str, Any], before: Supposed, after: Supposed | None
) -> None:
    shown = before if after is None else after
    reached = budgets.thresholds(published, row["budget"], row["period"]).rows(named=True)
    limits = [(f"{each['threshold_pct']} %", shown.amount * each["threshold_pct"] / 100) for each in reached]
    if all(each["threshold_pct"] != 100 for each in reached):
        limits.append(("Budget", shown.amount))
    is_rolling = row["period_kind"] == "rolling"
    pace = [] if is_rolling else [(outlook["first_day"], Decimal(0)), (outlook["last_day"], shown.amount)]
    st.vega_lite_chart(
        burn_up(
            before.totals,
            supposed=None if after is None else after.totals,
            pace=pace,
            limits=limits,
            currency=row["currency"],
        ),
        alt=f"What is used up of the budget by day, an even pace, thresholds, and the range expected to"
        f" {day_text(outlook['last_day'])}",
    )


def _history(published: Published, row: dict[str, Any]) -> None:
    rows = budgets.periods(published, row["budget"])
    if len(rows) < 2:
        return
    st.subheader("Its periods", anchor=False)
    recent = rows.head(_PERIODS_SHOWN).reverse().select(pl.col("period").alias("name"), "spent", "budget_amount")
    left, right = st.columns([2, 3], gap="large")
    left.vega_lite_chart(
        periods_chart(recent, currency=row["currency"]),
        alt=f"Spent in each period of {row['budget']}, with what the budget was as a mark",
    )
    with right:
        formats.table(
            rows.with_columns(
                pl.col("share_pct").cast(pl.Float64).alias("used"),
                pl.when(pl.col("carried_over") != 0).then("carried_over").cast(MONEY).alias("carried"),
                _crossed().fill_null(UNKNOWN).alias("crossed"),
            ),
            {
                "period": formats.text_column("Period", width="small"),
                "used": formats.share_column("Used"),
                "spent": formats.money_column("Spent", row["currency"]),
                "budget_amount": formats.money_column("Budget"),
                "carried": formats.money_column("Carried over", signed=True),
                "remaining": formats.money_column("Left", signed=True),
                "crossed": formats.text_column("Threshold reached"),
            },
            rows=6,
            alt="Periods of the budget: share used, spent, amount, carried over, left",
        )
