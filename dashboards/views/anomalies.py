"""Anomalies: what cost something else than expected, since when, how much, why, and who has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboards import access, acting, filters, formats, provenance, visibility
from dashboards.charts.anomalies import SELECTION, incident_timeline
from dashboards.charts.foresight import expected_and_actual
from dashboards.parts import alert_actions
from dashboards.picking import picked
from dashboards.published import Published, current
from dashboards.queries import anomalies
from dashboards.queries.reading import Narrowed
from dashboards.states import guarded
from models.control.alerts import Alert
from models.control.kinds.pages import page
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
from models.wording import component_text, day_text

_COLUMNS = {
    "what": formats.text_column("What", width="medium"),
    "impact_text": formats.written_column("Impact", help="Against what these days should have cost"),
    "first_day": formats.day_column("Since"),
    "days": formats.quantity_column("Days"),
    "kind": formats.text_column("Kind", width="small"),
    "severity": formats.text_column("Severity", width="small"),
    "state": formats.text_column("State", width="small"),
    "sentence": formats.text_column("Why", width="large"),
}


@guarded
def show() -> None:
    published = current()
    st.title("What is abnormal?", anchor=False)
    detection = anomalies.detection(published)
    unknown = why_nothing_is_known(detection) if published.is_whole else None
    if unknown is not None:
        _unknown(unknown, is_failed=detection["failure"].is_not_null().any())
        provenance.show_stale(published)
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="anomalies filters"):
        narrowed = filters.choose_parts(published, "anomalies", "team", "vendor", "component")
    incidents = anomalies.incidents(published)
    made_on = detection["made_on"].max() if published.is_whole else incidents["made_on"].max()
    recent = _within(incidents, narrowed)
    recent = recent.filter(pl.col("last_day") > made_on - RECENT) if isinstance(made_on, date) else recent
    of = ", ".join(
        component_text(value) if part == "component" else value for part, value in narrowed.values().items() if value
    )
    for line in answer(recent.filter("counted"), of=of):
        st.markdown(f"**{formats.plain(line)}**")
    provenance.show_stale(published)
    shown = _with_asked(published, recent, incidents)
    clicked = _incidents(recent) if not recent.is_empty() else {}
    _judged(published, detection, made_on, narrowed)
    if not shown.is_empty():
        _incident(published, shown, clicked)


def _unknown(why: str, *, is_failed: bool) -> None:
    tell = st.error if is_failed else st.info
    tell(
        f"{formats.plain(why)} That is no sign that all is well."
        if is_failed
        else f"{formats.plain(why)} A series is judged once it has a few weeks of history.",
        title="Anomalies are not known",
        icon=":material/help:",
    )


def _within(incidents: pl.DataFrame, narrowed: Narrowed) -> pl.DataFrame:
    """Those of which most is in the chosen part."""
    wanted = [pl.col(part) == value for part, value in narrowed.values().items() if value is not None]
    return incidents.filter(*wanted) if wanted else incidents


def _with_asked(published: Published, recent: pl.DataFrame, incidents: pl.DataFrame) -> pl.DataFrame:
    """The recent ones, and that of a link however old it is and whatever filters leave out. What a link names may have
    become a part of another one since."""
    wanted = st.query_params.get("incident")
    if wanted is None:
        return recent
    found = anomalies.incident_of(published, episode=wanted) or wanted
    if found not in incidents["incident_id"]:
        st.info(
            "Its days were restated, or are of others' costs: what stands now is below.",
            title="The incident of this link is not known any more",
            icon=":material/link_off:",
        )
        return recent
    if found != wanted:
        st.session_state["anomalies incident"] = found
    if found in recent["incident_id"]:
        return recent
    return pl.concat([recent, incidents.filter(incident_id=found)])


def _judged(published: Published, detection: pl.DataFrame, made_on: Any, narrowed: Narrowed) -> None:
    for line in judged_sentences(detection):
        st.caption(formats.plain(line))
    if not published.is_whole:
        through = f"Judged through {day_text(made_on)}: " if isinstance(made_on, date) else ""
        st.caption(f"{through}what your teams cost as a whole. Incidents of keys, models and vendors are withheld.")
    told = "What outlay.yaml foresaw, and trifles, are listed and not counted."
    st.caption(f"{told} Filters go by where most of an incident's money is." if narrowed else told)


def _incidents(recent: pl.DataFrame) -> dict[str, str | None]:
    """The timeline and the table; the incidents that are marked in each."""
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
    drawn = (
        shown.sort(pl.col("impact").abs().max().over("kind"), descending=True, nulls_last=True, maintain_order=True)
        .with_columns(is_open=pl.col("standing") == "open")
        .rename({"incident_id": "incident", "what": "name"})
        .select(
            "incident", "name", "kind", "first_day", "last_day", "impact", "impact_text", "severity", "state", "is_open"
        )
    )
    event: Any = st.vega_lite_chart(
        incident_timeline(drawn),
        key="anomalies timeline",
        on_select="rerun",
        selection_mode=SELECTION,
        alt="Incidents by day and kind: the larger the more money, filled while open; the table below says the same",
    )
    st.caption("The larger, the more money; filled while open. A click on one shows it below.")
    ids = shown["incident_id"].to_list()
    row = formats.chosen_row(
        shown,
        _COLUMNS,
        key=f"anomalies list {'/'.join(ids)}",
        rows=14,
        alt="Incidents: what, impact, since when, how long, kind, severity, state and cause",
    )
    marked = event.selection.get(SELECTION) or [{}]
    return {"timeline": marked[0].get("incident"), "table": None if row is None else ids[row]}


def _incident(published: Published, incidents: pl.DataFrame, clicked: Mapping[str, str | None]) -> None:
    st.subheader("One of them", anchor=False)
    rows = {row["incident_id"]: row for row in incidents.rows(named=True)}
    labels = {key: f"{row['first_day']:%-d %b}: {name_of(row)}, {kind_text(row['kind'])}" for key, row in rows.items()}
    row = rows[picked("anomalies", "incident", "Incident", labels, clicked)]
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown(f"**{formats.plain(impact_text(row))}** · {formats.plain(state_text(row))}")
        if row["sentence"]:
            st.markdown(formats.plain(row["sentence"]))
        _days(published, row)
    with right:
        _alert(published, row)
    _causes(published, row)
    _shows_in(published, row)


def _alert(published: Published, row: Mapping[str, Any]) -> None:
    """What became of it, and the form to act on it, as on the page of alerts."""
    known = acting.standing()
    alert = _alert_of(published, row["incident_id"], known.alerts)
    if alert is not None:
        st.markdown(f"**Its alert:** {formats.plain(alert.condition.headline)}")
        alert_actions.show(alert, known, page="anomalies")
    elif row["explained_by"] is not None or not row["counted"]:
        st.caption("It has no alert: what was foreseen, and trifles, open none.")
    else:
        st.caption(
            "It has no alert: no rule asks for it, it ended before anybody was told, or no pass has seen it yet."
        )


def _alert_of(published: Published, incident: str, alerts: Mapping[str, Alert]) -> Alert | None:
    """The alert that tells of it, the one that is not resolved first: its key has an episode of the incident."""
    ids = anomalies.episodes(published, incident=incident)
    link = page("anomalies", incident=incident)
    found = [
        alert
        for alert in visibility.alerts_of(access.person(), alerts.values())
        if alert.kind == "anomaly" and (alert.key.threshold in ids or alert.condition.page == link)
    ]
    return min(found, key=lambda alert: (alert.state == "resolved", -alert.opened_at.timestamp()), default=None)


def _days(published: Published, row: dict[str, Any]) -> None:
    days = anomalies.days(published, incident=row["incident_id"])
    if days.is_empty():
        return
    st.vega_lite_chart(
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
            "name": formats.text_column("Cause", width="medium"),
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
