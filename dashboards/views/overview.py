"""Overview: what AI costs this month, answered before anything else, then by whom, by what and by day."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboards import filters, formats, provenance
from dashboards.charts.spending import daily_stack, ranked_bars
from dashboards.filters import Choice
from dashboards.published import Published, current
from dashboards.queries import spending
from dashboards.queries.reading import total
from dashboards.queries.spending import DIMENSIONS, Dimension
from dashboards.states import guarded
from models.control.budgets import CostBasis
from models.wording import change_text, counted, day_text, money_text, month_text, share_text

_VERB: dict[CostBasis, str] = {"billed": "billed", "effective": "effective cost", "list": "at list price"}
_TITLES: dict[Dimension, str] = {"vendor": "By vendor", "model": "By model", "team": "By team"}


@dataclass(frozen=True)
class Month:
    """The month's sums: `cost` so far, `before` on the same days of the month before (None: there was none)."""

    cost: Decimal
    before: Decimal | None
    through: date | None
    behind: tuple[tuple[str, date], ...] = ()
    """Sources that reach less far, with their last day."""

    @property
    def is_whole(self) -> bool:
        return (
            self.through is not None
            and self.through.day == calendar.monthrange(self.through.year, self.through.month)[1]
        )


@guarded
def show() -> None:
    published = current()
    heading = st.empty()
    choice = filters.choose(published, "overview", "team", "vendor", "component", "currency", "basis")
    if choice is None:
        heading.title("What does AI cost us?")
        st.info(
            "The sources were pulled, and none of them told of a cost or of usage yet.",
            title="No month to show",
            icon=":material/hourglass_empty:",
        )
        provenance.show_stale(published)
        return
    heading.title(_question(choice.period), anchor=False)
    rows = spending.month_costs(
        published,
        period=choice.period,
        previous=spending.previous_period(choice.period),
        basis=choice.basis,
        currency=choice.currency,
        narrowed=choice.narrowed,
    )
    month = _month(rows)
    estimated = spending.estimates(published, period=choice.period, basis=choice.basis, currency=choice.currency)
    st.markdown(_answer(choice, month))
    _totals(published, choice, month, estimated)
    _lines(published, choice, month, estimated)
    _budgets(published, choice)
    if month.through is not None:
        _days(published, choice)
        _breakdowns(choice, rows)


def _question(period: str) -> str:
    if period == f"{provenance.now():%Y-%m}":
        return "What does AI cost us this month?"
    return f"What did AI cost us in {month_text(period)}?"


def _month(rows: pl.DataFrame) -> Month:
    before = total(rows["cost_before"]) if rows["cost_before"].ne(0).any() else None
    through: Any = rows["last_day"].max()
    reached = rows.group_by("source").agg(pl.col("last_day").max()).drop_nulls().sort("source")
    behind = reached.filter(pl.col("last_day") < through).rows() if through else []
    return Month(total(rows["cost"]), before, through, tuple(behind))


def _answer(choice: Choice, month: Month) -> str:
    if month.through is None:
        return f"Nothing is billed in {choice.currency} for {month_text(choice.period)} yet."
    spent = f"**{money_text(month.cost, choice.currency)} {_VERB[choice.basis]}**"
    span = "the whole month" if month.is_whole else f"1 to {day_text(month.through)}"
    if month.before is None:
        return f"{spent} ({span}). There is no month before to set it against."
    change = change_text(month.cost, month.before)
    days = "the whole month before" if month.is_whole else "the same days of the month before"
    return f"{spent} ({span}), {change} against {money_text(month.before, choice.currency)} on {days}."


def _totals(published: Published, choice: Choice, month: Month, estimated: pl.DataFrame) -> None:
    """Side by side and never added up: billed, accrued, notional, budget."""
    columns = st.columns(4, gap="small")
    columns[0].metric(
        "At list price" if choice.basis == "list" else choice.basis.capitalize(),
        money_text(month.cost, choice.currency),
        delta=None if month.before is None else change_text(month.cost, month.before),
        delta_color="inverse",
        delta_description=None if month.before is None else "same days before",
        help="From bills alone: no estimate is in it. Provisional until an invoice confirms it.",
        border=True,
        height="stretch",
    )
    for column, kind, meaning in (
        (columns[1], "accrued", "will be invoiced"),
        (columns[2], "notional", "will not be invoiced"),
    ):
        _estimate(column, kind, meaning, choice, estimated)
    _budget_card(columns[3], spending.budgets(published, period=choice.period))


def _estimate(column: Any, kind: str, meaning: str, choice: Choice, estimated: pl.DataFrame) -> None:
    found = estimated.filter(pl.col("kind") == kind)
    cost = found["cost"][0] if len(found) else Decimal(0)
    unpriced = int(found["unpriced"][0]) if len(found) else 0
    column.metric(
        kind.capitalize(),
        money_text(cost, choice.currency),
        delta=f"{counted(unpriced, 'reading')} without a price" if unpriced else meaning,
        delta_color="off",
        delta_arrow="off",
        help={
            "accrued": "Usage that no bill holds yet, at our prices. An estimate; not part of Billed.",
            "notional": "What seats, free use, paid capacity or refused requests would have cost. Not part of Billed.",
        }[kind],
        border=True,
        height="stretch",
    )


def _budget_card(column: Any, budgets: pl.DataFrame) -> None:
    crossed = budgets.filter((pl.col("share_pct") >= 100) | (pl.col("share_pct").is_null() & (pl.col("spent") > 0)))
    tightest = budgets.row(0, named=True) if len(budgets) else None
    column.metric(
        "Budgets",
        "none set" if tightest is None else _used(tightest["share_pct"]),
        delta="declare one in outlay.yaml"
        if tightest is None
        else f"{len(crossed)} of {counted(len(budgets), 'budget')} crossed",
        delta_color="off" if crossed.is_empty() else "red",
        delta_arrow="off",
        help="The share of the tightest budget that the month is a part of. All are listed below.",
        border=True,
        height="stretch",
    )


def _used(share_pct: Decimal | None) -> str:
    return "nothing left" if share_pct is None else f"{share_pct:,.1f} % used"


def _lines(published: Published, choice: Choice, month: Month, estimated: pl.DataFrame) -> None:
    """Coverage and freshness, beside the totals."""
    usage: Any = estimated["through"].max()
    st.caption(
        provenance.coverage_line(published, period=choice.period, currency=choice.currency)
        + "  \n"
        + provenance.freshness_line(published, costs_through=month.through, behind=month.behind, usage_through=usage)
        + _currency_note(choice)
    )
    provenance.show_stale(published)


def _currency_note(choice: Choice) -> str:
    others = [formats.plain(currency) for currency in choice.currencies if currency != choice.currency]
    if not others:
        return ""
    return f"  \nThis month has costs in {', '.join(others)} too; currencies are never added up: choose above."


def _budgets(published: Published, choice: Choice) -> None:
    budgets = spending.budgets(published, period=choice.period)
    if budgets.is_empty():
        return
    st.subheader("Budgets", anchor=False)
    shown = budgets.with_columns(
        (pl.col("share_pct").cast(pl.Float64) / 100).alias("used"),
        pl.when(pl.col("data_through").is_null())
        .then(pl.lit("No charge matches it"))
        .when(pl.col("crossed_day").is_not_null())
        .then(pl.format("{} % reached {}", "crossed_pct", pl.col("crossed_day").dt.strftime("%-d %b %Y")))
        .otherwise(pl.lit("Within"))
        .alias("state"),
    )
    formats.table(
        shown,
        {
            "budget": formats.text_column("Budget", width="medium"),
            "budget_period": formats.text_column("Period", width="small"),
            "used": formats.share_column("Used"),
            "spent": formats.money_column("Spent"),
            "budget_amount": formats.money_column("Budget amount"),
            "currency": formats.text_column("Currency", width="small"),
            "state": formats.text_column("Threshold"),
            "scope": formats.text_column("Covers"),
            "cost_basis": formats.text_column("Cost", width="small"),
        },
        alt="Budgets of the month: share used, spent, amount and when a threshold was reached",
    )


def _days(published: Published, choice: Choice) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Day by day", anchor=False, width="content")
        dimension = filters.choose_dimension("overview")
    days = spending.daily_costs(
        published,
        period=choice.period,
        basis=choice.basis,
        currency=choice.currency,
        dimension=dimension,
        narrowed=choice.narrowed,
    )
    standing = spending.standing(published, basis=choice.basis, currency=choice.currency, dimension=dimension)
    st.altair_chart(
        daily_stack(days, standing=standing, currency=choice.currency),
        alt=f"Cost per day in {month_text(choice.period)}, stacked by {dimension}",
    )


def _breakdowns(choice: Choice, rows: pl.DataFrame) -> None:
    st.subheader("Who and what", anchor=False)
    st.caption("Bar: this month. Orange mark, and change: the same days of the month before.")
    for column, dimension in zip(st.columns(3, gap="medium"), DIMENSIONS, strict=True):
        with column:
            _breakdown(choice, rows, dimension)


def _breakdown(choice: Choice, rows: pl.DataFrame, dimension: Dimension) -> None:
    whole = total(rows["cost"])
    ranked = (
        rows.group_by(pl.col(dimension).alias("name"))
        .agg(pl.col("cost", "cost_before").sum())
        .filter((pl.col("cost") != 0) | (pl.col("cost_before") != 0))
        .sort("cost", "name", descending=[True, False])
        .with_columns(
            (pl.col("cost") - pl.col("cost_before")).alias("change"),
            (pl.col("cost").cast(pl.Float64) * 100 / (float(whole) or None)).alias("share"),
        )
    )
    st.markdown(f"**{_TITLES[dimension]}**")
    st.altair_chart(
        ranked_bars(ranked.select("name", "cost", "cost_before"), currency=choice.currency),
        alt=f"Cost by {dimension}, dearest first; {_first(ranked, whole)}",
    )
    formats.table(
        ranked,
        {
            "name": formats.text_column(dimension.capitalize(), width=150),
            "cost": formats.money_column(choice.currency),
            "share": formats.percent_column("Share"),
            "change": formats.money_column("Change", signed=True, help="Against the same days of the month before"),
        },
        rows=7,
        alt=f"Cost, share and change by {dimension}",
    )


def _first(ranked: pl.DataFrame, whole: Decimal) -> str:
    if ranked.is_empty():
        return "no cost"
    return f"{ranked['name'][0]} has {share_text(ranked['cost'][0], whole)}"
