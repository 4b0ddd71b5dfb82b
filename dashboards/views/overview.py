"""Overview: what AI costs this month, answered before anything else, then by whom, by what and by day."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import polars as pl
import streamlit as st

from dashboards import access, acting, cards, filters, formats, links, provenance, visibility
from dashboards.charts.overview import months as months_chart
from dashboards.charts.spending import daily_stack, ranked_bars
from dashboards.filters import Choice
from dashboards.parts.overview_cards import alerts_card, budget_card, change_card, landing_card
from dashboards.published import Published, current
from dashboards.queries import budgets, overview, spending
from dashboards.queries.reading import total
from dashboards.queries.spending import DIMENSIONS, Dimension
from dashboards.states import guarded
from models.control.alert_words import NOBODY, figure_text, order
from models.control.alerts import Alert
from models.control.budgets import CostBasis
from models.control.conditions import Severity
from models.foresight.change import reasons, sentence
from models.wording import UNKNOWN, change_text, counted, day_text, money_text, month_text, share_text

_MOVERS, _ALERTS = 4, 3
_COLOURS: dict[Severity, Any] = {"critical": "red", "warning": "orange", "info": "blue"}
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
        _nothing(heading, published)
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
    month = _month(rows, has_before=spending.previous_period(choice.period) in spending.periods(published))
    asked: dict[str, Any] = {"period": choice.period, "currency": choice.currency, "narrowed": choice.narrowed}
    st.markdown(_answer(choice, month))
    estimated = overview.estimates(published, basis=choice.basis, **asked)
    _totals(choice, month, estimated)
    changed = overview.change(published, **asked)
    alerts = _open_alerts()
    landed = overview.landing(published, basis=choice.basis, **asked)
    _standing(published, choice, month, landed, changed, alerts)
    _trust(published, choice, month, estimated)
    cards.drawn_first((published, choice))
    provenance.show_stale(published)
    if month.through is not None:
        left, right = st.columns([3, 2], gap="large")
        with left:
            _causes(choice, changed, overview.movers(published, **asked), rows)
        with right:
            _months(choice, month, overview.months(published, basis=choice.basis, **asked))
    _alerts(alerts)
    if month.through is not None:
        _days(published, choice)
        _breakdowns(choice, rows, has_before=month.before is not None)


def _nothing(heading: Any, published: Published) -> None:
    heading.title("What does AI cost us?", anchor=False)
    if published.is_whole:
        st.info(
            "The sources were pulled, and none of them told of a cost or of usage yet.",
            title="No month to show",
            icon=":material/hourglass_empty:",
        )
    else:
        st.info("No cost and no usage is of your teams yet.", title="No month to show", icon=":material/group:")
    provenance.show_stale(published)


def _question(period: str) -> str:
    if period == f"{provenance.now():%Y-%m}":
        return "What does AI cost us this month?"
    return f"What did AI cost us in {month_text(period)}?"


def _month(rows: pl.DataFrame, *, has_before: bool) -> Month:
    before = total(rows["cost_before"]) if has_before else None
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


def _totals(choice: Choice, month: Month, estimated: pl.DataFrame) -> None:
    """Side by side and never added up: billed, accrued, notional; and how far they reach."""
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
    usage: Any = estimated["through"].max()
    late = f"{counted(len(month.behind), 'source')} behind" if month.behind else "all sources"
    columns[3].metric(
        "Data through",
        UNKNOWN if month.through is None else f"{month.through.day} {month.through:%b %Y}",
        delta=late if usage is None else f"{late}; usage to {usage.day} {usage:%b}",
        delta_color="off",
        delta_arrow="off",
        help="The last day that a bill tells of; usage without a bill may reach further, and is accrued.",
        border=True,
        height="stretch",
    )


def _estimate(column: Any, kind: str, meaning: str, choice: Choice, estimated: pl.DataFrame) -> None:
    found = estimated.filter(pl.col("kind") == kind)
    cost = found["cost"][0] if len(found) else Decimal(0)  # None: nothing of it has a price
    unpriced = int(found["unpriced"][0]) if len(found) else 0
    without = f"{'at least: ' if cost is not None else ''}{counted(unpriced, 'reading')} without a price"
    pools = "" if choice.narrowed.team is None else " Before shared pools are split."
    column.metric(
        kind.capitalize(),
        money_text(cost, choice.currency),
        delta=without if unpriced else meaning,
        delta_color="off",
        delta_arrow="off",
        help={
            "accrued": "Usage that no bill holds yet, at our prices. An estimate; not part of Billed.",
            "notional": "What seats, free use, paid capacity or refused requests would have cost. Not part of Billed.",
        }[kind]
        + pools,
        border=True,
        height="stretch",
    )


def _standing(
    published: Published,
    choice: Choice,
    month: Month,
    landed: pl.DataFrame,
    changed: pl.DataFrame,
    alerts: Sequence[Alert],
) -> None:
    columns = st.columns(4, gap="small")
    landing_card(columns[0], choice, landed)
    budget_card(columns[1], choice, budgets.of_month(published, choice.period), landed)
    change_card(columns[2], choice, month.cost, month.before, changed)
    alerts_card(columns[3], alerts)


def _trust(published: Published, choice: Choice, month: Month, estimated: pl.DataFrame) -> None:
    """Proofs, coverage and freshness in one line."""
    usage: Any = estimated["through"].max()
    parts = [
        provenance.freshness_line(published, costs_through=month.through, behind=month.behind, usage_through=usage)
    ]
    if published.is_whole:  # proofs and measures are of all costs
        held, failed = overview.proofs(published).row(0)
        whole = held + failed
        proven = f"**{counted(failed, 'proof')} of {whole:,} do not hold**" if failed else f"All {held:,} proofs hold"
        covered = provenance.coverage_line(published, period=choice.period, currency=choice.currency)
        parts = [f"{':material/error:' if failed else ':material/verified:'} {proven}", covered, *parts]
    st.caption(" · ".join(parts) + _currency_note(choice))


def _causes(choice: Choice, changed: pl.DataFrame, moved: pl.DataFrame, rows: pl.DataFrame) -> None:
    st.subheader("Why it changed", anchor=False)
    if len(changed):
        told = sentence(changed.row(0, named=True), choice.currency, what="Effective cost")
        pools = "" if choice.narrowed.team is None else "; before shared pools are split, so without its share of them"
        st.markdown(f"{formats.plain(told[:-1])}, against the same days of the month before{pools}.")
    elif choice.narrowed:
        st.caption("Causes are told for all costs, by team or by component; not for this choice.")
    else:
        st.caption("There is no month before to take a change apart against.")
    if len(moved):
        _movers(choice, _with_causes(moved, choice.currency))
        links.show("total-cost", "Total cost, down to single charges", period=choice.period)
        return
    by_model = (
        rows.group_by(pl.format("{} · {}", "team", "model").alias("name"))
        .agg(pl.col("cost").sum().alias("cost_after"), pl.col("cost_before").sum())
        .with_columns((pl.col("cost_after") - pl.col("cost_before")).alias("change"), why=pl.lit(None, pl.String))
        .filter(pl.col("change") != 0)
        .sort("change", "name", descending=[True, False])
    )
    if len(by_model) > 2 * _MOVERS:
        by_model = pl.concat([by_model.head(_MOVERS), by_model.tail(_MOVERS)])
    if len(by_model) and rows["cost_before"].ne(0).any():
        _movers(choice, by_model)


def _months(choice: Choice, month: Month, rows: pl.DataFrame) -> None:
    st.subheader("Month by month", anchor=False)
    st.vega_lite_chart(
        months_chart(rows, chosen=choice.period, currency=choice.currency),
        alt=f"Cost of the last {counted(len(rows), 'month')}, up to {month_text(choice.period)}",
    )
    if not month.is_whole:
        st.caption(f"{month_text(choice.period)} is told up to {day_text(month.through)}.")


def _with_causes(moved: pl.DataFrame, currency: str) -> pl.DataFrame:
    least = [abs(row["change"]) / 10 for row in moved.rows(named=True)]
    why = [
        "; ".join(reasons(row, currency, signed=True, least=floor)[:2])
        for row, floor in zip(moved.rows(named=True), least, strict=True)
    ]
    return moved.with_columns(why=pl.Series(why, dtype=pl.String))


def _movers(choice: Choice, moved: pl.DataFrame) -> None:
    formats.table(
        moved,
        {
            "name": formats.text_column("Moved most", width="medium"),
            "change": formats.money_column("Change", choice.currency, signed=True),
            "why": formats.text_column("Because", width="large"),
        },
        rows=2 * _MOVERS,
        alt="Teams and models whose cost rose and fell most, by how much and why",
    )


def _open_alerts() -> list[Alert]:
    """Those that this person may see and that are not resolved, the worst first."""
    seen = visibility.alerts_of(access.person(), acting.standing().alerts.values())
    return sorted((alert for alert in seen if alert.state != "resolved"), key=order)


def _alerts(alerts: Sequence[Alert]) -> None:
    if not alerts:
        return
    st.subheader("What needs somebody", anchor=False)
    for alert in alerts[:_ALERTS]:
        told = alert.condition
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(told.severity, color=_COLOURS[told.severity], width="content")
            figure = figure_text(told)
            amount = "" if figure == UNKNOWN else f" · {formats.plain(figure)}"
            whose = formats.plain(told.team or NOBODY)
            st.markdown(
                f"[{formats.plain(told.headline)}](./alerts?alert={quote(told.alert_id)}){amount} · {whose}",
                width="content",
            )
    if len(alerts) > _ALERTS:
        links.show("alerts", f"All {len(alerts)} alerts")


def _currency_note(choice: Choice) -> str:
    others = [formats.plain(currency) for currency in choice.currencies if currency != choice.currency]
    if not others:
        return ""
    return f"  \nThis month has costs in {', '.join(others)} too; currencies are never added up: choose above."


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
    st.vega_lite_chart(
        daily_stack(days, standing=standing, currency=choice.currency),
        alt=f"Cost per day in {month_text(choice.period)}, stacked by {dimension}",
    )


def _breakdowns(choice: Choice, rows: pl.DataFrame, *, has_before: bool) -> None:
    st.subheader("Who and what", anchor=False)
    if has_before:
        st.caption("Bar: this month. Orange mark, and change: the same days of the month before.")
    for column, dimension in zip(st.columns(3, gap="medium"), DIMENSIONS, strict=True):
        with column:
            _breakdown(choice, rows, dimension, has_before=has_before)


def _breakdown(choice: Choice, rows: pl.DataFrame, dimension: Dimension, *, has_before: bool) -> None:
    whole = total(rows["cost"])
    ranked = (
        rows.group_by(pl.col(dimension).alias("name"))
        .agg(pl.col("cost", "cost_before").sum())
        .filter((pl.col("cost") != 0) | (pl.col("cost_before") != 0))
        .sort("cost", "name", descending=[True, False])
        .with_columns(pl.when(has_before).then("cost_before").alias("cost_before"))
        .with_columns(
            (pl.col("cost") - pl.col("cost_before")).alias("change"),
            (pl.col("cost").cast(pl.Float64) * 100 / (float(whole) or None)).alias("share"),
        )
    )
    st.markdown(f"**{_TITLES[dimension]}**")
    st.vega_lite_chart(
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
