"""Total cost: what AI really costs in a month, by component of the stack, vendor and team, declared costs included.

Effective cost by month of use, in the reporting currency. What finance pays is on the overview. The way from a sum down
to its charges is in `lineage`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboards import cards, filters, formats, links, provenance
from dashboards.charts.base import OTHER, UNOWNED
from dashboards.charts.spending import daily_stack
from dashboards.filters import Choice
from dashboards.parts import lineage
from dashboards.published import Published, current
from dashboards.queries import total_cost as queries
from dashboards.queries.spending import previous_period
from dashboards.queries.total_cost import TcoDimension
from dashboards.states import guarded
from models.wording import UNKNOWN, change_text, day_text, money_text, month_text, share_text

_PAGE = "total-cost"
_NAMES: dict[TcoDimension, str] = {
    "component": "component",
    "layer": "layer of the stack",
    "vendor": "vendor",
    "team": "team",
    "model": "model",
    "product": "product",
    "use_case": "use case",
    "environment": "environment",
}
_COLOURED = {name: f"Coloured by {words}" for name, words in _NAMES.items()}
_SPANS = {"days": "Day by day", "months": "The last 12 months"}
_ACROSS = {name: f"By {_NAMES[name]}" for name in ("team", "vendor", "product", "use_case", "environment")}
_ALL = "Total"
_COLUMNS = 7
"""How many names a table has side by side; the others are one column."""


@guarded
def show() -> None:
    published = current()
    heading = st.empty()
    choice = filters.choose(published, _PAGE, "team", "vendor", "component", periods=queries.tco_periods(published))
    if choice is None:
        heading.title("What does AI really cost?", anchor=False)
        _nothing(published)
        return
    heading.title(_question(choice.period), anchor=False)
    previous, currency = previous_period(choice.period), queries.reporting_currency(published)
    sums = queries.totals(published, period=choice.period, previous=previous, narrowed=choice.narrowed)
    month = sums.row(0, named=True) | {"currency": currency}
    if not month["lines"]:
        st.info(
            f"No cost of {_of(choice)} is known in {month_text(choice.period)}. Choose another month, or all.",
            title="Nothing of it in this month",
            icon=":material/filter_alt_off:",
        )
        provenance.show_stale(published)
        return
    _page(published, choice, month, previous)


def _nothing(published: Published) -> None:
    if published.is_whole:
        said = "No charge and no declared cost is known yet."
    else:
        said = "No cost of your teams is known yet. What comes out of no team's budget is not shown to you."
    st.info(said, title="No month to show", icon=":material/hourglass_empty:")
    provenance.show_stale(published)


def _page(published: Published, choice: Choice, month: dict[str, Any], previous: str) -> None:
    teams = queries.by_name(
        published, period=choice.period, previous=previous, dimension="team", narrowed=choice.narrowed
    )
    _answer(choice, month, teams)
    _metrics(month)
    _notes(published, choice, month)
    _over_time(published, choice, month["currency"])
    _waste(published, choice)
    _cells(published, choice, month, previous)
    _teams(teams, month)
    lineage.show(published, choice, month["currency"])
    _declared(published, choice)


def _question(period: str) -> str:
    if period == f"{provenance.now():%Y-%m}":
        return "What does AI really cost this month?"
    return f"What did AI really cost in {month_text(period)}?"


def _of(choice: Choice) -> str:
    """What is looked at, for a sentence: `search · OpenAI`."""
    narrowed = choice.narrowed
    component = narrowed.component and filters.readable_component(narrowed.component)
    return " · ".join(formats.plain(name) for name in (narrowed.team, narrowed.vendor, component) if name)


def _answer(choice: Choice, month: dict[str, Any], teams: pl.DataFrame) -> None:
    owners = teams.filter((pl.col("name") != UNOWNED) & (pl.col("cost") > 0))
    dearest = (
        f" **{formats.plain(owners['name'][0])}** has the most of it, "
        f"{money_text(owners['cost'][0], month['currency'])}."
        if len(owners) and not choice.narrowed.team
        else ""
    )
    owned = (
        ""
        if choice.narrowed.team
        else f", {share_text(month['cost'] - month['unallocated'], month['cost'])} of it allocated to teams"
    )
    of = f" of {_of(choice)}" if choice.narrowed else ""
    st.markdown(f"**{money_text(month['cost'], month['currency'])} effective cost**{of}{owned}.{dearest}")


def _metrics(month: dict[str, Any]) -> None:
    currency = month["currency"]
    figures = (
        ("Total", "cost", _against(month), "Effective cost, against the same days of the month before."),
        ("From bills", "charged", None, "Effective cost of charges: prepaid and committed money spread over its use."),
        ("Declared", "declared", None,
         "Owned hardware, people, subscriptions and support, as outlay.yaml declares them."),
        ("Shared", "shared", None, "Cost of shared pools, split over teams by fixed shares or by a driver."),
        ("Unallocated", "unallocated", None, "No rule names a team for it. In the total, never spread over others."),
    )  # fmt: skip
    cards.show(
        [
            (
                label,
                money_text(month[name], currency),
                below or f"{share_text(month[name], month['cost'])} of the total",
                meaning,
            )
            for label, name, below, meaning in figures
        ]
    )


def _against(month: dict[str, Any]) -> str:
    return f"{change_text(month['cost'], month['cost_before'])} on the month before"


def _notes(published: Published, choice: Choice, month: dict[str, Any]) -> None:
    """Through when, in which currency, and what no total holds."""
    lacking = [
        money_text(row["cost"], row["currency"])
        for row in queries.without_a_rate(published, period=choice.period, narrowed=choice.narrowed).iter_rows(
            named=True
        )
    ]
    notes = [
        f"Charges through {day_text(month['last_day'])}, by month of use, in {month['currency']}: other currencies are"
        " turned into it at dated rates."
    ]
    if lacking:
        notes.append(f"Not in it, for want of a rate of exchange: {', '.join(lacking)}.")
    if month["unmatched"]:
        notes.append(f"{money_text(month['unmatched'], month['currency'])} belong to no component that is known.")
    if not published.is_whole:
        notes.append("Only costs of your teams are in it.")
    st.caption(" ".join(notes))
    provenance.show_stale(published)


def _over_time(published: Published, choice: Choice, currency: str) -> None:
    st.subheader("Over time", anchor=False)
    with st.container(horizontal=True):
        span = filters.choose_named(_PAGE, "span", "Days or months", _SPANS)
        dimension: Any = filters.choose_named(_PAGE, "by", "Coloured by", _COLOURED)
    ask = queries.tco_days if span == "days" else queries.tco_months
    rows = ask(published, period=choice.period, dimension=dimension, narrowed=choice.narrowed)
    if rows.is_empty():
        st.caption("Nothing of it has a cost in the reporting currency.")
        return
    each = "day" if span == "days" else "month"
    when = f"in {month_text(choice.period)}" if span == "days" else f"to {month_text(choice.period)}"
    st.vega_lite_chart(
        daily_stack(rows, standing=queries.tco_standing(published, dimension=dimension), currency=currency, each=each),
        alt=f"Effective cost per {each} {when}, stacked by {_NAMES[dimension]}",
    )


def _cells(published: Published, choice: Choice, month: dict[str, Any], previous: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Which part of the stack", anchor=False, width="content")
        across: Any = filters.choose_named(_PAGE, "across", "Side by side", _ACROSS)
    asked: Any = {"period": choice.period, "narrowed": choice.narrowed}
    names, rows = _pivot(queries.cells(published, down="component", across=across, **asked))
    components = queries.by_name(published, dimension="component", previous=previous, **asked)
    changes = [
        *components.select(pl.col("name").alias("component"), change=_CHANGE).iter_rows(),
        (_ALL, change_text(month["cost"], month["cost_before"])),
    ]
    formats.table(
        rows.with_columns(change=pl.col("component").replace_strict(dict(changes), default=UNKNOWN)),
        {
            "component": formats.text_column("Component", width="medium"),
            "total": formats.money_column("Total", month["currency"]),
            "change": formats.written_column("Change", help="Against the same days of the month before"),
            **{f"column {place}": formats.money_column(name) for place, name in enumerate(names)},
        },
        rows=14,
        alt=f"Effective cost by component and {_NAMES[across]}, with totals",
    )


def _pivot(cells: pl.DataFrame) -> tuple[list[str], pl.DataFrame]:
    """The names side by side, dearest first, and a row for each component (`component`, `total`, `column 0`, …) with
    their sums as the last one. What is in no column of its own is in `everything else`."""
    ranked = cells.group_by("across").agg(pl.col("cost").sum()).sort("cost", "across", descending=[True, False])
    names = ranked["across"].to_list()
    if len(names) > _COLUMNS + 1:
        names = [*names[:_COLUMNS], OTHER]
    kept = pl.col("across").is_in(names)
    folded = cells.with_columns(across=pl.when(kept).then("across").otherwise(pl.lit(OTHER)))
    of_column = [
        pl.when((pl.col("across") == name).any()).then(pl.col("cost").filter(pl.col("across") == name).sum())
        .alias(f"column {place}")
        for place, name in enumerate(names)
    ]  # fmt: skip
    sums = [pl.col("cost").sum().alias("total"), *of_column]
    parts = (
        folded.group_by(pl.col("name").alias("component"))
        .agg(sums)
        .sort("total", "component", descending=[True, False])
    )
    whole = folded.select(pl.lit(_ALL).alias("component"), *sums)
    return names, pl.concat([parts, whole], how="vertical_relaxed")


def _teams(teams: pl.DataFrame, month: dict[str, Any]) -> None:
    st.subheader("Whose it is, and what changed", anchor=False)
    formats.table(
        teams.with_columns(share=_share(month["cost"]), change=_CHANGE),
        {
            "name": formats.text_column("Team", width="medium"),
            "cost_centre": formats.text_column("Cost centre"),
            "cost": formats.money_column("Total", month["currency"]),
            "share": formats.percent_column("Share"),
            "direct": formats.money_column("Direct"),
            "shared": formats.money_column("Shared"),
            "cost_before": formats.money_column("Before", help="The same days of the month before"),
            "change": formats.written_column("Change", help="Against the same days of the month before"),
        },
        rows=12,
        alt="Effective cost by team: total, share, direct and shared, change against the month before",
    )


def _change(row: dict[str, Decimal]) -> str:
    return change_text(row["cost"], row["cost_before"])


_CHANGE = pl.struct("cost", "cost_before").map_elements(_change, return_dtype=pl.String)


def _share(whole: Decimal) -> pl.Expr:
    return pl.col("cost").cast(pl.Float64) * 100 / (float(whole) or None)


def _waste(published: Published, choice: Choice) -> None:
    """What was bought ahead and not used, and accelerators that stand idle."""
    idle = queries.idle_accelerators(published, period=choice.period, team=choice.narrowed.team)
    held = queries.commitments(published, period=choice.period) if published.is_whole else None
    if idle.is_empty() and (held is None or held.is_empty()):
        return
    st.subheader("Commitments and waste", anchor=False)
    figures = [] if held is None or held.is_empty() else _of_commitments(held)
    if len(idle):
        whose = f"of {formats.plain(choice.narrowed.team)}" if choice.narrowed.team else "left unused, or not busy"
        meaning = "Hours that commitments left, which are part of unused too, and measured idle time."
        figures.append(("Idle accelerators", _amounts(idle, "idle_cost"), whose, meaning))
    cards.show(figures)
    if choice.narrowed and figures[1:]:
        st.caption("Commitments are those of the whole organisation: they belong to no team or component.")
    with st.container(horizontal=True):
        if held is not None:
            links.show("commitments", "Commitments", period=choice.period)
        links.show("accelerators", "Accelerators", period=choice.period)


def _of_commitments(held: pl.DataFrame) -> list[tuple[str, str, str, str]]:
    row = held.row(0, named=True)
    cost = row["used"] + row["unused"]
    until: Any = held["next_expiry"].min()
    below = "at this rate" if until is None else f"at this rate, first on {day_text(until)}"
    return [
        ("Committed and used", _amounts(held, "used"), f"{share_text(row['used'], cost)} of what it cost",
         "Effective cost of what reservations, savings plans, credits and the like paid for."),
        ("Committed and unused", _amounts(held, "unused"), f"{share_text(row['unused'], cost)} of what it cost",
         "Effective cost of the month that nothing used."),
        ("Expiring unused", _amounts(held, "expiring"), below,
         "What will be lost when commitments end, at the mean rate of the last 30 days."),
    ]  # fmt: skip


def _amounts(rows: pl.DataFrame, column: str) -> str:
    """`331.10 USD + 12.00 EUR`: currencies are not added up; what is nothing is left out beside others."""
    said = [
        money_text(row[column], row["currency"])
        for place, row in enumerate(rows.iter_rows(named=True))
        if row[column] or place == 0
    ]
    return " + ".join(said)


def _declared(published: Published, choice: Choice) -> None:
    costs = queries.declared(published, period=choice.period, team=choice.narrowed.team)
    if costs.is_empty() or choice.narrowed.vendor or choice.narrowed.component:
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
