"""Anomalies: what cost something else than expected, since when, how much, and why."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboards import filters, formats, provenance
from dashboards.charts.foresight import expected_and_actual
from dashboards.published import Published, current
from dashboards.queries import anomalies
from dashboards.states import guarded
from models.foresight.anomaly_tables import cause_text, name_of
from models.foresight.anomaly_words import (
    RECENT,
    answer,
    impact_text,
    judged_sentences,
    kind_text,
    state_text,
    why_nothing_is_known,
)


@guarded
def show() -> None:
    published = current()
    st.title("What is abnormal?", anchor=False)
    detection = anomalies.detection(published)
    unknown = why_nothing_is_known(detection)
    if unknown is not None:
        is_failed = detection["failure"].is_not_null().any()
        tell = st.error if is_failed else st.info
        tell(
            f"{formats.plain(unknown)} That is no sign that all is well."
            if is_failed
            else f"{formats.plain(unknown)} A series is judged once it has a few weeks of history.",
            title="Anomalies are not known",
            icon=":material/help:",
        )
        provenance.show_stale(published)
        return
    made_on = detection["made_on"].max()
    assert isinstance(made_on, date)
    recent = anomalies.incidents(published).filter(pl.col("last_day") > made_on - RECENT)
    for line in answer(recent.filter("counted")):
        st.markdown(f"**{formats.plain(line)}**")
    provenance.show_stale(published)
    if not recent.is_empty():
        _incidents(recent)
    for line in judged_sentences(detection):
        st.caption(formats.plain(line))
    if recent.is_empty():
        return
    st.caption("What outlay.yaml foresaw, and trifles, are listed and not counted.")
    _incident(published, recent)


def _incidents(recent: pl.DataFrame) -> None:
    rows = recent.rows(named=True)
    texts = {
        "what": name_of,
        "kind": lambda row: kind_text(row["kind"]),
        "impact_text": impact_text,
        "state": state_text,
    }
    shown = recent.with_columns(
        pl.Series(name, [write(row) for row in rows], dtype=pl.String) for name, write in texts.items()
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


def _incident(published: Published, recent: pl.DataFrame) -> None:
    st.subheader("One of them", anchor=False)
    rows = {row["incident_id"]: row for row in recent.rows(named=True)}
    labels = {key: f"{row['first_day']:%-d %b}: {name_of(row)}, {kind_text(row['kind'])}" for key, row in rows.items()}
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
        expected_and_actual(days, currency=row["unit"] or row["currency"]),
        alt=f"{'Usage' if row['unit'] else 'Cost'} of {name_of(row)} a day, with what was expected and its days marked",
    )


def _causes(published: Published, row: dict[str, Any]) -> None:
    found = anomalies.causes(published, incident=row["incident_id"])
    if found.is_empty() or row["measure"] == "usage":
        return
    st.markdown("**Causes**")
    formats.table(
        found.with_columns(pl.Series("name", [cause_text(cause) for cause in found.rows(named=True)], dtype=pl.String)),
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
    names = [name_of(each) for each in series.rows(named=True) if each["dimension"] != "total"]
    if len(names) > 1:
        st.caption(f"It shows in {formats.plain(', '.join(names))}. Its money counts once.")
