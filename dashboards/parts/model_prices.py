"""The part of Models and tokens that prices tell: what other models would have cost, and what has no price."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboards import filters, formats
from dashboards.charts import models as charts
from dashboards.filters import Choice
from dashboards.published import Published
from dashboards.queries import models as queries
from dashboards.queries.reading import total
from models.wording import UNKNOWN, counted, money_text, month_text, share_text, tokens_text

_CHARTED = 10
_STANDINGS = {
    "billed": "billed",
    "free": "billed at nothing",
    "late": "bill to come",
    "no bill": "on no bill",
}


def show_instead(published: Published, choice: Choice) -> None:
    """What the usage of one model would have cost as a comparable one; of the whole organisation."""
    month = queries.repriced_month(published, period=choice.period)
    if month is None:
        if published.is_whole:
            st.subheader("What would other models have cost?", anchor=False)
            st.caption("No whole month is over in which a model was used that others are comparable to.")
        return
    used, whose = _of_vendor(queries.repriced_models(published, month=month), choice)
    labels = {_key(row): f"{row['model']} · {row['host_name']}" for row in used.iter_rows(named=True)}
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(f"What would {month_text(month)} have cost on …", anchor=False, width="content")
        chosen = filters.choose_named("models", "model", "Model that was used", labels)
    row = next(row for row in used.iter_rows(named=True) if _key(row) == chosen)
    rows = queries.candidates(published, month=month, model=row["model"], host=row["host_name"])
    _said_instead(rows, whose)
    _chart_instead(rows)
    _table_instead(rows)


def _of_vendor(used: pl.DataFrame, choice: Choice) -> tuple[pl.DataFrame, str]:
    """Those that the chosen vendor serves, all where it serves none of them; and in words whose they are."""
    team, vendor = choice.narrowed.team, choice.narrowed.vendor
    whose = f" Of all teams together{f', not of {formats.plain(team)} alone' if team else ''}."
    served = used if vendor is None else used.filter(pl.col("host_name") == vendor)
    if len(served):
        return served, whose
    return used, f"{whose} {formats.plain(vendor or '')} serves none of these models: they are of all hosts."


def _key(row: dict[str, Any]) -> str:
    return f"{row['model']} on {row['host_name']}"


def _said_instead(rows: pl.DataFrame, whose: str) -> None:
    best = rows.row(0, named=True)
    currency = best["currency"]
    other = f"**{formats.plain(best['candidate_model'])}** on {formats.plain(best['candidate_host'])}"
    share = share_text(abs(best["difference"]), best["list_cost"])
    of_what = (
        f"{tokens_text(best['compared_tokens'])} of **{formats.plain(best['model'])}** cost "
        f"{money_text(best['list_cost'], currency)} at list price"
    )
    if best["difference"] < 0:
        said = f"{of_what}; {other} would have taken {money_text(best['candidate_list_cost'], currency)}, {share} less."
    else:
        said = f"{of_what}. No comparable model is cheaper; the nearest, {other}, takes {share} more."
    st.markdown(said)
    st.caption(f"{best['assumptions']}{whose}")


def _chart_instead(rows: pl.DataFrame) -> None:
    shown = rows.filter(pl.col("list_cost") > 0).head(_CHARTED)
    if shown.is_empty():
        return
    share = (pl.col("difference") / pl.col("list_cost")).cast(pl.Float64) * 100
    st.vega_lite_chart(
        charts.instead(
            shown.select(
                pl.format("{} · {}", "candidate_model", "candidate_host").alias("name"),
                pl.col("candidate_list_cost").alias("cost"),
                "difference",
                share.alias("share"),
            ),
            currency=rows["currency"][0],
        ),
        alt="Comparable models, and by how many percent each would have cost more or less, the cheapest first",
    )


def _table_instead(rows: pl.DataFrame) -> None:
    formats.table(
        rows.with_columns(pl.col("compared_share").cast(pl.Float64) * 100),
        {
            "candidate_model": formats.text_column("Model", width="medium"),
            "candidate_host": formats.text_column("Host"),
            "candidate_developer": formats.text_column("Developed by"),
            "candidate_list_cost": formats.money_column(
                "Would have cost", rows["currency"][0], help="At public prices there, each day at its own"
            ),
            "list_cost": formats.money_column("As used", help="The same tokens at public prices, as they were used"),
            "difference": formats.money_column("Difference", signed=True, help="Below zero, the candidate is cheaper"),
            "contracted_cost": formats.money_column("Ours, as used", help="The same tokens at our prices"),
            "candidate_contracted_cost": formats.money_column(
                "At our contract there", help="A dash: no contract of ours prices it there"
            ),
            "compared_share": formats.share_column(
                "Could be priced", help="Of the tokens of the model; all costs here are of these"
            ),
        },
        rows=8,
        alt="Comparable models: what the same tokens would have cost, the difference, and the share that has a price",
    )


def unpriced_figure(column: Any, choice: Choice, unpriced: pl.DataFrame) -> None:
    """How much has no price: money where a bill tells it, and how many things have no cost at all."""
    billed = total(unpriced["billed_cost"])
    unknown = unpriced.filter(pl.col("standing").is_in(["late", "no bill"]))
    beside = "all of it is billed" if len(unpriced) else "everything has a price"
    column.metric(
        "Without a price",
        money_text(billed, choice.currency),
        delta=f"and {counted(len(unknown), 'use')} without a cost" if len(unknown) else beside,
        delta_color="off",
        delta_arrow="off",
        help="Billed for what no price list has, so it cannot be checked. What is on no bill has no cost: unknown is "
        "never zero.",
        border=True,
        height="stretch",
    )


def show_unpriced(choice: Choice, unpriced: pl.DataFrame) -> None:
    st.subheader("What has no price", anchor=False)
    if unpriced.is_empty():
        st.caption(f"Everything that was used in {month_text(choice.period)} has a price.")
        return
    st.markdown(_said_unpriced(choice, unpriced))
    formats.table(
        unpriced.with_columns(
            pl.col("standing").replace_strict(_STANDINGS, default=pl.col("standing")),
            formats.quantities("quantity", "unit"),
        ),
        {
            "model": formats.text_column("Model", width="medium"),
            "vendor": formats.text_column("Vendor"),
            "what": formats.text_column("What"),
            "tiers": formats.text_column("Tier"),
            "quantity": formats.written_column("Used"),
            "billed_cost": formats.money_column("Billed", choice.currency, help="A dash: no bill is there"),
            "standing": formats.text_column("Standing"),
            "since": formats.day_column("Since", help="First day without a price, in any month"),
            "remedy": formats.text_column("What to do", width=420),
            "cause": formats.text_column("Why", width=420),
        },
        rows=12,
        alt="Usage without a price: how much, what was billed for it, since when, and what to do",
    )


def _said_unpriced(choice: Choice, unpriced: pl.DataFrame) -> str:
    billed = total(unpriced["billed_cost"])
    said = (
        f"**{money_text(billed, choice.currency)}** is billed for what no price list has: the bill cannot be checked."
        if billed
        else "Nothing that is billed lacks a price."
    )
    tokens = _tokens(unpriced.filter(pl.col("standing").is_in(["late", "no bill"])))
    if tokens != UNKNOWN:
        said += f" {tokens} have neither a bill nor a price, and so no cost: unknown, not zero."
    return said


def _tokens(rows: pl.DataFrame) -> str:
    counted_rows = rows.filter(pl.col("unit") == "Tokens")
    amount: Decimal = total(counted_rows["quantity"])
    return tokens_text(amount) if amount else UNKNOWN
