"""Commitments: what we have committed to, how much of it is used, what expires and when notice is due.

By billing month, in the currency of the bill. A commitment to spend is no part of what is left unused: other
commitments are spent under it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboards import cards, filters, formats, links, provenance
from dashboards.charts.agreements import burn_down
from dashboards.published import Published, current
from dashboards.queries import commitments as queries
from dashboards.queries.reading import total
from dashboards.queries.vendors import contracts
from dashboards.states import guarded
from models.wording import counted, day_text, money_text, month_text, share_text

_IS_SPEND = pl.col("kind") == "spend"


@guarded
def show() -> None:
    published = current()
    st.title("What have we committed to?", anchor=False)
    if not published.is_whole:
        st.info(
            "Commitments are the organisation's: what they pay for may be any team's. They are shown to people who may "
            "see all teams.",
            title="Not of your teams alone",
            icon=":material/handshake:",
        )
        return
    periods = queries.commitment_periods(published)
    if not periods:
        st.info(
            "No bill carries a commitment, and no contract in outlay.yaml commits to an amount. Name yours under "
            "contracts there.",
            title="Nothing is committed",
            icon=":material/handshake:",
        )
        provenance.show_stale(published)
        links.show("vendors", "Contracts")
        return
    _month(published, periods)


def _month(published: Published, periods: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        period = filters.choose_month("commitments", periods)
        currency = filters.choose_currency("commitments", queries.commitment_currencies(published, period=period))
    held = queries.commitments(published, period=period, currency=currency)
    _answer(held, contracts(published), period, currency)
    _metrics(held, currency)
    through: Any = held["as_of"].max()
    st.caption(
        f"Billing month {month_text(period)}, in {currency}. Used and unused are effective cost, through "
        f"{day_text(through)}; of a commitment to spend, used is what was billed towards it, "
        "and in no sum here."
    )
    provenance.show_stale(published)
    _held(held, currency)
    _burn_down(published, held, currency)
    with st.container(horizontal=True):
        links.show("vendors", "Contracts")
        links.show("accelerators", "Accelerators", period=period)


def _answer(held: pl.DataFrame, register: pl.DataFrame, period: str, currency: str) -> None:
    bought = held.filter(~_IS_SPEND)
    unused, cost = total(bought["unused"]), total(bought["amortised_cost"])
    said = (
        f"**{money_text(unused, currency)} left unused** in {month_text(period)}, {share_text(unused, cost)} of what "
        "was bought ahead."
        if cost
        else f"Nothing was bought ahead in {currency} for {month_text(period)}."
    )
    st.markdown(" ".join([said, *_next_expiry(held, currency), *_next_notice(register)]))


def _next_expiry(held: pl.DataFrame, currency: str) -> list[str]:
    """What ends next after the last day that counts, and what of it is lost at this rate."""
    ahead = held.filter(pl.col("term_end") > pl.col("as_of")).sort("term_end", "label")
    if ahead.is_empty():
        return []
    row = ahead.row(0, named=True)
    lost, owed = row["expiring_amount"], row["true_up_projected"]
    at_stake = (
        f"; {money_text(lost, currency)} of it will be lost at this rate"
        if lost
        else f"; {money_text(owed, currency)} will be owed at this rate"
        if owed
        else ""
    )
    return [f"Next expires **{formats.plain(row['label'])}**, on {day_text(row['term_end'])}{at_stake}."]


def _next_notice(register: pl.DataFrame) -> list[str]:
    """The nearest day on which one can still give notice."""
    ahead = register.filter(pl.col("notice_by") >= _today())
    if ahead.is_empty():
        return []
    row = ahead.sort("notice_by", "name").row(0, named=True)
    days = counted((row["notice_by"] - _today()).days, "day")
    return [f"Nearest notice: **{formats.plain(row['name'])}**, by {day_text(row['notice_by'])}, in {days}."]


def _today() -> date:
    return provenance.now().date()


def _metrics(held: pl.DataFrame, currency: str) -> None:
    bought, spend = held.filter(~_IS_SPEND), held.filter(_IS_SPEND)
    cost = total(bought["amortised_cost"])
    figures = (
        ("Used", total(bought["used"]), share_text(total(bought["used"]), cost) + " of what it cost",
         "Effective cost of usage that reservations, savings plans, credits and the like paid for."),
        ("Unused", total(bought["unused"]), share_text(total(bought["unused"]), cost) + " of what it cost",
         "Effective cost of the month that nothing used."),
        ("Prepaid", total(bought["prepaid_balance"]), "paid, not of effect yet",
         "Paid from the beginning to the end of this month, less what was used and left unused by then."),
        ("Owed at the end", total(spend["true_up_projected"]), "of commitments to spend",
         "What will be missing of the committed amounts at their end, at the mean rate of the last 30 days."),
    )  # fmt: skip
    cards.show([(label, money_text(amount, currency), below, meaning) for label, amount, below, meaning in figures])


def _held(held: pl.DataFrame, currency: str) -> None:
    st.subheader("What we hold", anchor=False)
    shown = held.with_columns(
        pl.col("kind").str.replace_all("_", " "),
        pl.col("utilisation_pct", "coverage_pct").cast(pl.Float64),
        balance=pl.coalesce("remaining", "prepaid_balance"),
        at_stake=pl.coalesce("expiring_amount", "true_up_projected"),
    )
    columns = {
        "label": formats.text_column("Commitment", width="medium"),
        "used": formats.money_column("Used", currency),
        "unused": formats.money_column("Unused"),
        "utilisation_pct": formats.percent_column("Utilisation", help="Used, of used and unused"),
        "coverage_pct": formats.percent_column(
            "Coverage", help="List cost it covered, of all like usage of the same seller; a dash: not told"
        ),
        "balance": formats.money_column(
            "Left", help="Of the committed amount where it is told; else paid, and not of effect yet"
        ),
        "term_end": formats.day_column("Expires", help="First day after its term; a dash: not told"),
        "at_stake": formats.money_column(
            "Lost or owed", help="At its end, at the rate of the last 30 days; of a commitment to spend the true-up"
        ),
        "kind": formats.text_column("Kind"),
        "issuer_name": formats.text_column("Vendor"),
    }
    formats.table(shown, columns, rows=14, alt="Commitments: used, unused, utilisation, coverage, left and expiry")


def _burn_down(published: Published, held: pl.DataFrame, currency: str) -> None:
    told = queries.drawn_down(published, currency=currency)
    rows = held.filter(pl.col("commitment_id").is_in(told)).unique("commitment_id", keep="first", maintain_order=True)
    if rows.is_empty():
        return
    labels = dict(rows.select("commitment_id", "label").iter_rows())
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("How it is drawn down", anchor=False, width="content")
        chosen = filters.choose_named("commitments", "commitment", "Commitment", labels)
    days = queries.burn_down(published, commitment=chosen, currency=currency)
    whole = rows.filter(pl.col("commitment_id") == chosen)["committed_amount"][0]
    st.caption(
        "What was paid and is not of effect yet; the amount of its whole term is not told."
        if whole is None
        else f"What is left of {money_text(whole, currency)}; dashed: drawn evenly over its term."
    )
    st.vega_lite_chart(
        burn_down(days, currency=currency),
        alt=f"What is left of {labels[chosen]} by day, beside an even pace",
    )
