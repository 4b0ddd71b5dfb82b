"""Anomalies: what cost something else than expected, since when, how much, and why."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import streamlit as st

from dashboards import charts, filters, formats, provenance
from dashboards.published import Published, current
from dashboards.queries import anomalies
from dashboards.queries.reading import total
from dashboards.states import guarded
from models.foresight.anomaly_tables import name_of
from models.wording import counted, day_text, money_text

_RECENT = timedelta(days=90)


@guarded
def show() -> None:
    published = current()
    st.title("What is abnormal?", anchor=False)
    found = anomalies.incidents(published)
    if found.is_empty():
        st.info(
            "Every day that can be judged cost what it should. A series is judged once it has a few weeks of history.",
            title="Nothing unusual was found",
            icon=":material/check_circle:",
        )
        provenance.show_stale(published)
        return
    made_on: date = found["made_on"][0]
    recent = found.filter(pl.col("last_day") > made_on - _RECENT)
    _answer(recent.filter("counted"))
    st.caption(
        f"Judged through {day_text(made_on)}, on effective cost of usage; tax, purchases and credits are not judged. "
        f"What outlay.yaml foresaw, and trifles, are listed and not counted."
    )
    provenance.show_stale(published)
    _incidents(recent)
    _incident(published, recent)


def _answer(counting: pl.DataFrame) -> None:
    if counting.is_empty():
        st.markdown("**No anomaly** in the last 90 days.")
        return
    for (currency,), rows in counting.group_by("currency", maintain_order=True):
        going_on = rows.filter(pl.col("standing") == "open")
        told = f"{counted(len(going_on), 'anomaly goes', 'anomalies go')} on" if len(going_on) else "None goes on"
        more = total(rows.filter(pl.col("impact") > 0)["impact"])
        less = total(rows.filter(pl.col("impact") < 0)["impact"])
        parts = [
            f"{money_text(abs(amount), str(currency))} {word}"
            for amount, word in ((more, "more"), (less, "less"))
            if amount
        ]
        st.markdown(
            f"**{told}.** {counted(len(rows), 'anomaly', 'anomalies')} in the last 90 days cost "
            f"{' and '.join(parts) or 'nothing more'} than expected."
        )


def _incidents(recent: pl.DataFrame) -> None:
    shown = recent.with_columns(
        what=_named(),
        impact_text=formats.written("impact", "currency", signed=True),
        state=pl.coalesce(
            pl.format("foreseen: {}", "explained_by"),
            pl.when(~pl.col("counted")).then(pl.lit("a trifle")),
            pl.when(pl.col("standing") == "open").then(pl.lit("goes on")),
            pl.lit("ended"),
        ),
    )
    formats.table(
        shown,
        {
            "first_day": formats.day_column("Since"),
            "days": formats.quantity_column("Days"),
            "what": formats.text_column("What", width="medium"),
            "kind": formats.text_column("Kind", width="small"),
            "impact_text": formats.written_column("Impact", help="Against what these days should have cost"),
            "severity": formats.text_column("Severity", width="small"),
            "state": formats.text_column("State", width="small"),
            "sentence": formats.text_column("Why", width="large"),
        },
        rows=14,
        alt="Incidents: since when, how long, what, kind, impact, severity, state and cause",
    )


def _named() -> pl.Expr:
    return pl.struct("dimension", "value", "value_name").map_elements(name_of, return_dtype=pl.String)


def _incident(published: Published, recent: pl.DataFrame) -> None:
    st.subheader("One of them", anchor=False)
    rows = {row["incident_id"]: row for row in recent.rows(named=True)}
    labels = {key: f"{row['first_day']:%-d %b}: {name_of(row)}, {row['kind']}" for key, row in rows.items()}
    chosen = filters.choose_named("anomalies", "incident", "Incident", labels)
    row = rows[chosen]
    if row["sentence"]:
        st.markdown(formats.plain(row["sentence"]))
    _days(published, row)
    _causes(published, row)
    _shows_in(published, row)


def _days(published: Published, row: dict[str, Any]) -> None:
    days = anomalies.days(published, incident=row["incident_id"])
    if days.is_empty():
        return
    st.altair_chart(
        charts.expected_and_actual(days, currency=row["currency"]),
        alt=f"Cost per day of {name_of(row)} beside what was expected; the incident's days are marked",
    )


def _causes(published: Published, row: dict[str, Any]) -> None:
    found = anomalies.causes(published, incident=row["incident_id"])
    if found.is_empty():
        return
    st.markdown("**Causes**")
    formats.table(
        found,
        {
            "name": formats.text_column("Cause", width="large"),
            "impact": formats.money_column("Impact", row["currency"], signed=True),
            "share": formats.percent_column("Share"),
            "expected": formats.money_column("Expected"),
            "actual": formats.money_column("Actual"),
            "volume": formats.money_column("Volume", signed=True, help="More or less was used"),
            "mix": formats.money_column("Mix", signed=True, help="Other models, cache, tiers, regions"),
            "price": formats.money_column("Price", signed=True, help="The same cost more or less per unit"),
        },
        alt="Causes of the incident: impact, share, expected and actual, and volume, mix and price in it",
    )


def _shows_in(published: Published, row: dict[str, Any]) -> None:
    series = anomalies.shows_in(published, incident=row["incident_id"])
    names = [f"{each['dimension']} {each['name']}" for each in series.rows(named=True) if each["dimension"] != "total"]
    if len(names) > 1:
        st.caption(f"It shows in {formats.plain(', '.join(names))}. Its money counts once.")
