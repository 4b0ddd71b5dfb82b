"""The part of Vendors that agreements tell: the register of contracts, and what is committed to each vendor."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import formats, provenance
from models.wording import counted, day_text, month_text


def next_notice(contracts: pl.DataFrame) -> list[str]:
    """The nearest day on which one can still give notice, in a sentence; none where no contract tells one."""
    today = provenance.now().date()
    ahead = contracts.filter(pl.col("notice_by") >= today)
    if ahead.is_empty():
        return []
    row = ahead.sort("notice_by", "name").row(0, named=True)
    days = counted((row["notice_by"] - today).days, "day")
    return [f"Nearest notice: **{formats.plain(row['name'])}**, by {day_text(row['notice_by'])}, in {days}."]


def show_contracts(contracts: pl.DataFrame) -> None:
    st.subheader("Contracts", anchor=False)
    if contracts.is_empty():
        st.caption("outlay.yaml names no contract. Under `contracts` it can tell rates, commits and days of notice.")
        return
    st.caption("As outlay.yaml tells them, the next day of notice first, with what was billed under each to date.")
    days = (pl.col("notice_by") - pl.lit(provenance.now().date())).dt.total_days()
    shown = contracts.with_columns(
        notice_in=pl.when(days >= 0).then(pl.format("in {} d", days)).when(days < 0).then(pl.lit("passed")),
        renewal=pl.when("renews_automatically").then(pl.lit("automatic"))
        .when(~pl.col("renews_automatically")).then(pl.lit("on request")),
    )  # fmt: skip
    columns: dict[str, Any] = {
        "name": formats.text_column("Contract", width="medium"),
        "notice_by": formats.day_column("Notice by", help="Last day to say that it shall end"),
        "notice_in": formats.written_column("That is"),
        "renewal": formats.text_column("Renewal"),
        "renews_on": formats.day_column("Renews or ends"),
        "committed_amount": formats.money_column("Committed"),
        "billed_cost": formats.money_column("Billed to date", help="Tax and credits apart"),
        "vendor": formats.text_column("Vendor"),
        "currency": formats.text_column("Currency", width="small"),
        "starts_on": formats.day_column("From"),
        "ends_on": formats.day_column("Until", help="First day on which it holds no longer"),
    }
    formats.table(shown, columns, rows=12, alt="Register of contracts: notice, renewal, amounts and terms")
    _terms(shown)


def _terms(contracts: pl.DataFrame) -> None:
    terms: dict[str, Any] = {
        "name": formats.text_column("Contract", width="medium"),
        "sla": formats.text_column("Service level"),
        "dpa_signed_on": formats.day_column("DPA signed", help="Data processing agreement; a dash: none is told"),
        "residency": formats.text_column("Regions", help="Where the vendor may process our data"),
        "rates": formats.text_column("Rates", width="large"),
    }
    said = contracts.filter(pl.any_horizontal(pl.col(list(terms)[1:]).is_not_null())).unique(
        "name", maintain_order=True
    )
    if said.is_empty():
        return
    with st.expander(f"What they say ({counted(len(said), 'contract')})"):
        formats.table(said, terms, rows=12, alt="What contracts say: service level, data processing, regions and rates")


def show_commitments(commitments: pl.DataFrame, period: str) -> None:
    if commitments.is_empty():
        return
    currencies = commitments["currency"].unique()
    currency = currencies[0] if len(currencies) == 1 else None
    st.subheader("Commitments with each vendor", anchor=False)
    st.caption(
        f"Bought ahead or promised, as billed for {month_text(period)}; each one by itself is on Commitments. A dash: "
        "no amount, or no term, is told."
    )
    formats.table(
        commitments,
        {
            "vendor": formats.text_column("Vendor", width="medium"),
            "committed_amount": formats.money_column("Committed", currency),
            "remaining": formats.money_column("Left"),
            "unused": formats.money_column("Unused in the month", help="Of those to spend nothing can be unused"),
            "next_expiry": formats.day_column("Next expires"),
            "at_stake": formats.money_column(
                "Lost or owed", help="At their ends, at the rate of the last 30 days: what expires, and true-ups"
            ),
            "commitments": formats.quantity_column("How many"),
            "kinds": formats.text_column("Of what kind", width="medium"),
            **({} if currency else {"currency": formats.text_column("Currency", width="small")}),
        },
        alt="Commitments by vendor: committed, left, unused, what expires next and what will be lost or owed",
    )
