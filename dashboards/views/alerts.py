"""Alerts: what needs somebody, how much it is, who has it, and what to do; taken up, snoozed and resolved from here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl
import streamlit as st

from connectors.slack.message import Look, Message
from connectors.slack.messages import render
from connectors.slack.preview_html import STYLE, preview_html
from dashboards import access, acting, filters, formats, provenance, visibility
from dashboards.acting import Standing
from dashboards.charts.alerts import alert_spans
from dashboards.charts.foresight import expected_and_actual
from dashboards.parts import alert_actions
from dashboards.picking import picked
from dashboards.published import current
from dashboards.states import guarded
from models.control.alert_spans import spans
from models.control.alert_words import KIND_WORDS, NOBODY, RANKS, figure_text, listed, state_text
from models.control.alerts import Alert
from models.control.conditions import Point, Severity
from models.control.notices import Notice
from models.table import MONEY
from models.wording import counted

_SEVERITIES: dict[Severity, tuple[str, str]] = {
    "critical": ("critical", "critical"),
    "warning": ("warning", "warnings"),
    "info": ("for information", "for information"),
}
"""One, and several."""
_STATES = {
    "": "Open and lately resolved",
    "waiting": "Waiting for somebody",
    "taken": "Acknowledged or snoozed",
    "resolved": "Resolved",
}
_ROWS_DRAWN = 18


@guarded
def show() -> None:
    published = current()
    st.title("What needs somebody?", anchor=False)
    known = acting.standing()
    seen = {alert.key.alert_id: alert for alert in visibility.alerts_of(access.person(), known.alerts.values())}
    alerts = listed(seen.values(), provenance.now())
    going_on = [alert for alert in alerts if alert.state != "resolved"]
    st.markdown(f"**{formats.plain(_answer(going_on))}**")
    if not published.is_whole:
        st.caption("Alerts of your teams' own costs are listed; those of others, or of the whole, are not.")
    provenance.show_stale(published)
    asked = _asked(seen)
    if not alerts and asked is None:
        st.caption(
            "Budgets, anomalies, sources, commitments, contracts and prices are watched; see `outlay alerts test`."
        )
        return
    chosen = _filtered(alerts)
    clicked = _list(chosen) if chosen else None
    if not chosen:
        st.info("No alert is left by these filters.", icon=":material/filter_alt_off:")
    _one(known, [*chosen, *([asked] if asked and asked not in chosen else [])], clicked)
    _timeline(chosen)


def _answer(going_on: Sequence[Alert]) -> str:
    if not going_on:
        return "Nothing: no alert is open."
    counts: dict[Severity, int] = {
        severity: sum(alert.condition.severity == severity for alert in going_on) for severity in RANKS
    }
    by_severity = [counted(count, *_SEVERITIES[severity]) for severity, count in counts.items() if count]
    waiting = sum(alert.is_nobodys for alert in going_on)
    taken = "somebody has each of them" if not waiting else f"{waiting} of them nobody has taken up yet"
    verb = "is" if len(going_on) == 1 else "are"
    return f"{counted(len(going_on), 'alert')} {verb} open ({', '.join(by_severity)}); {taken}."


def _asked(seen: dict[str, Alert]) -> Alert | None:
    """The alert of a link, however long ago it was resolved, and whatever filters leave out."""
    wanted = st.query_params.get("alert")
    if wanted is not None and wanted not in seen:
        st.info(
            "It was removed, belongs to others' costs, or never was in this home. What is known stands below.",
            title="The alert of this link is not known here",
            icon=":material/link_off:",
        )
    return seen.get(wanted) if wanted is not None else None


def _filtered(alerts: Sequence[Alert]) -> list[Alert]:
    """By state, kind and owner, each kept in the URL."""
    kinds = {alert.kind: KIND_WORDS[alert.kind] for alert in sorted(alerts, key=lambda alert: KIND_WORDS[alert.kind])}
    owners = sorted({alert.condition.team for alert in alerts if alert.condition.team})
    with st.container(horizontal=True, vertical_alignment="bottom", key="alerts filters"):
        state = filters.choose_named("alerts", "state", "State", _STATES, label_visible=True)
        kind = filters.choose_named("alerts", "kind", "Kind", {"": "All kinds", **kinds}, label_visible=True)
        owner = filters.choose_named(
            "alerts", "owner", "Owner", {"": "Everybody"} | {each: each for each in owners}, label_visible=True
        )
    return [
        alert
        for alert in alerts
        if _is_in(alert, state) and kind in ("", alert.kind) and owner in ("", alert.condition.team)
    ]


def _is_in(alert: Alert, state: str) -> bool:
    match state:
        case "waiting":
            return alert.is_nobodys
        case "taken":
            return alert.state in ("acknowledged", "snoozed")
        case "resolved":
            return alert.state == "resolved"
        case _:
            return True


def _list(alerts: Sequence[Alert]) -> str | None:
    """The id of the alert whose row is marked."""
    shown = pl.DataFrame(
        {
            "severity": [alert.condition.severity for alert in alerts],
            "what": [alert.condition.headline for alert in alerts],
            "figure": [figure_text(alert.condition) for alert in alerts],
            "since": [alert.condition.since for alert in alerts],
            "owner": [alert.condition.team or NOBODY for alert in alerts],
            "state": [state_text(alert) for alert in alerts],
        }
    )
    ids = [alert.key.alert_id for alert in alerts]
    row = formats.chosen_row(
        shown,
        {
            "severity": formats.text_column("Severity", width=70),
            "what": formats.text_column("What", width=470),
            "figure": formats.written_column("How much", help="Of what was expected, allowed or agreed"),
            "since": formats.day_column("Since"),
            "owner": formats.text_column("Owner", width=100),
            "state": formats.text_column("State", width=270),
        },
        key=f"alerts list {'/'.join(ids)}",
        rows=12,
        alt="Alerts: severity, what, how much, since when, whose, and what became of them",
    )
    return None if row is None else ids[row]


def _timeline(alerts: Sequence[Alert]) -> None:
    """When the alerts of the list were open, and how soon somebody took them up."""
    # by the minute, so that the chart is not built anew at every look
    now: datetime = provenance.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    drawn = alerts[:_ROWS_DRAWN]
    names = _names(drawn)
    found = [span for span in spans(acting.events(), now) if span.alert_id in names]
    if not found:
        return
    found.sort(key=lambda span: list(names).index(span.alert_id))
    st.subheader("When they were open", anchor=False)
    st.vega_lite_chart(
        alert_spans(
            pl.DataFrame(
                {
                    "name": [names[span.alert_id] for span in found],
                    "state": [span.state for span in found],
                    "since": [span.since for span in found],
                    "until": [span.until for span in found],
                },
                schema_overrides={"since": pl.Datetime("us", "UTC"), "until": pl.Datetime("us", "UTC")},
            )
        ),
        alt="Timeline of alerts: from when until when each waited for somebody, was acknowledged, snoozed or escalated",
    )
    if len(alerts) > len(drawn):
        st.caption(f"The first {len(drawn)} of {len(alerts)} in the list are drawn.")


def _names(alerts: Sequence[Alert]) -> dict[str, str]:
    """By id what to write beside a bar; of two with one headline, each has its number."""
    names: dict[str, str] = {}
    for alert in alerts:
        headline = alert.condition.headline
        same = sum(name == headline or name.startswith(f"{headline} (") for name in names.values())
        names[alert.key.alert_id] = f"{headline} ({same + 1})" if same else headline
    return names


def _one(known: Standing, alerts: Sequence[Alert], clicked: str | None) -> None:
    if not alerts:
        return
    st.subheader("One of them", anchor=False)
    labels = {alert.key.alert_id: f"{alert.condition.headline}: {alert.condition.subject}" for alert in alerts}
    chosen = picked("alerts", "alert", "Alert", labels, {"table": clicked})
    alert = next(alert for alert in alerts if alert.key.alert_id == chosen)
    told = alert.condition
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown(f"**{formats.plain(told.headline)}**")
        for line in filter(None, (told.answer, told.cause)):
            st.markdown(formats.plain(line))
        for line in told.details:
            st.markdown(f"- {formats.plain(line)}")
        st.markdown(f"**What to do:** {formats.plain(told.to_do)}")
        if told.page:
            st.markdown(f"[See where it comes from](./{told.page})")
        _trend(alert)
    with right:
        alert_actions.show(alert, known, page="alerts")
    alert_actions.history(alert)
    with st.expander("As it looks in Slack", icon=":material/forum:"):
        st.html(f"<style>{STYLE}</style>{preview_html(_message(alert))}")


def _trend(alert: Alert) -> None:
    told, unit = alert.condition, alert.condition.currency or alert.condition.unit or ""
    if len(told.trend) < 2:
        return
    st.vega_lite_chart(
        expected_and_actual(_days(told.trend), currency=unit),
        alt=f"{told.subject} a day, with what was expected",
    )


def _days(trend: Sequence[Point]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "day": [point.day for point in trend],
            "cost": [point.actual for point in trend],
            "expected": [point.expected for point in trend],
        },
        schema={"day": pl.Date, "cost": MONEY, "expected": MONEY},
    ).with_columns(low=pl.lit(None, MONEY), high=pl.lit(None, MONEY), in_incident=pl.lit(value=False))


def _message(alert: Alert) -> Message:
    """Its first message, as alone it stands: mentions and links follow from outlay.yaml, which pages do not read."""
    alert_id = alert.key.alert_id
    return render(
        Notice(f"{alert_id}.preview", "first", "#", (alert_id,), "opened"), {alert_id: alert}, Look(is_bot=True)
    )
