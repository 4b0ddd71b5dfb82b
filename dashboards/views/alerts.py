"""Alerts: what needs somebody, how much it is, who has it, and what to do; taken up, snoozed and resolved from here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl
import streamlit as st

from connectors.control.alerts import Refused
from connectors.slack.message import Look, Message
from connectors.slack.messages import render
from connectors.slack.preview_html import STYLE, preview_html
from dashboards import acting, filters, formats, provenance
from dashboards.acting import Standing
from dashboards.charts.foresight import expected_and_actual
from dashboards.published import current
from dashboards.states import guarded
from models.control.alert_words import KIND_WORDS, NOBODY, RANKS, figure_text, listed, state_text
from models.control.alerts import Act, Alert, AlertEvent, Request
from models.control.conditions import Point, Severity
from models.control.notices import Notice
from models.table import MONEY
from models.wording import counted, day_text, instant_text

_REFUSALS_SHOWN = timedelta(days=1)
SPANS = {
    "4 hours": timedelta(hours=4),
    "1 day": timedelta(days=1),
    "3 days": timedelta(days=3),
    "1 week": timedelta(weeks=1),
}
_ACTS: dict[str, Act] = {"Acknowledge": "acknowledge", "Snooze": "snooze", "Resolve": "resolve"}
_SEVERITIES: dict[Severity, tuple[str, str]] = {
    "critical": ("critical", "critical"),
    "warning": ("warning", "warnings"),
    "info": ("for information", "for information"),
}
"""One, and several."""
_ASKED = {"acknowledge": "to be acknowledged", "snooze": "to be snoozed", "resolve": "to be resolved"}


@guarded
def show() -> None:
    published = current()
    st.title("What needs somebody?", anchor=False)
    known = acting.standing()
    alerts = listed(known.alerts.values(), provenance.now())
    going_on = [alert for alert in alerts if alert.state != "resolved"]
    st.markdown(f"**{formats.plain(_answer(going_on))}**")
    provenance.show_stale(published)
    if not alerts:
        st.caption(
            "Budgets, anomalies, sources, commitments, contracts and prices are watched; see `outlay alerts test`."
        )
        return
    _list(alerts)
    labels = {alert.key.alert_id: f"{alert.condition.headline}: {alert.condition.subject}" for alert in alerts}
    st.subheader("One of them", anchor=False)
    chosen = filters.choose_named("alerts", "alert", "Alert", labels)
    _alert(known, next(alert for alert in alerts if alert.key.alert_id == chosen))


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


def _list(alerts: Sequence[Alert]) -> None:
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
    formats.table(
        shown,
        {
            "severity": formats.text_column("Severity", width="small"),
            "what": formats.text_column("What", width="large"),
            "figure": formats.written_column("How much", help="Of what was expected, allowed or agreed"),
            "since": formats.day_column("Since"),
            "owner": formats.text_column("Owner", width="small"),
            "state": formats.text_column("State", width="medium"),
        },
        rows=12,
        alt="Alerts: severity, what, how much, since when, whose, and what became of them",
    )


def _alert(known: Standing, alert: Alert) -> None:
    told, past = alert.condition, acting.past(alert)
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
        _facts(alert)
        for request in known.pending:
            if request.alert_id == told.alert_id:
                st.info(_pending(request), icon=":material/hourglass_top:")
        for refused in past.refused:
            if refused.at > provenance.now() - _REFUSALS_SHOWN:
                st.warning(_refusal(refused), icon=":material/block:")
        if alert.state != "resolved":
            _act(alert)
    _history(past.events)
    with st.expander("As it looks in Slack", icon=":material/forum:"):
        st.html(f"<style>{STYLE}</style>{preview_html(_message(alert))}")


def _facts(alert: Alert) -> None:
    told = alert.condition
    facts = (
        ("State", state_text(alert)),
        ("How much", figure_text(told)),
        ("Since", day_text(told.since)),
        ("Owner", told.team or NOBODY),
        ("Kind", f"{KIND_WORDS[told.kind]}, {told.severity}"),
        *told.facts,
    )
    lines = (f"{formats.plain(label)}: **{formats.plain(value)}**" for label, value in facts)
    with st.container(border=True):
        st.markdown("  \n".join(lines))


def _trend(alert: Alert) -> None:
    told, unit = alert.condition, alert.condition.currency or alert.condition.unit or ""
    if len(told.trend) < 2:
        return
    st.altair_chart(
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


def _pending(request: Request) -> str:
    asked = f"{formats.plain(request.who)} asked for it {_ASKED[request.act]} on {instant_text(request.at)}."
    return f"{asked} Pending: the next pass applies it."


def _refusal(refused: Refused) -> str:
    asked = refused.request
    who = f"{formats.plain(asked.who)} asked for it {_ASKED[asked.act]} on {instant_text(asked.at)}."
    return f"{who} That could not be done: {formats.plain(refused.reason)}."


def _act(alert: Alert) -> None:
    """A request in somebody's name. Who signs in is not known yet, so people say who they are."""
    with st.form(f"act on {alert.key.alert_id}", border=True):
        st.markdown("**Act on it**")
        act = st.segmented_control("What to do", list(_ACTS), default="Acknowledge", required=True)
        span = st.selectbox("How long, to snooze", list(SPANS), index=1)
        who = st.text_input("Your name", value=st.session_state.get("acting as", ""), max_chars=80)
        note = st.text_input("Note", max_chars=300, placeholder="Why; others will read it")
        sent = st.form_submit_button("Send")
    if not sent:
        return
    named = (who or "").strip()
    if not named:
        st.error("Say who you are: it is kept with what you do.", icon=":material/person:")
        return
    st.session_state["acting as"] = named
    now = provenance.now()
    wanted = _ACTS[act or "Acknowledge"]
    until = now + SPANS[span] if wanted == "snooze" else None
    acting.ask(alert, wanted, who=named, now=now, until=until, note=(note or "").strip() or None)
    st.rerun()


def _message(alert: Alert) -> Message:
    """Its first message, as alone it stands: mentions and links follow from outlay.yaml, which pages do not read."""
    alert_id = alert.key.alert_id
    return render(
        Notice(f"{alert_id}.preview", "first", "#", (alert_id,), "opened"), {alert_id: alert}, Look(is_bot=True)
    )


def _history(history: Sequence[AlertEvent]) -> None:
    st.markdown("**What became of it**")
    formats.table(
        pl.DataFrame(
            {
                "at": [event.at for event in history],
                "what": [event.kind for event in history],
                "who": [event.who or "Outlay" for event in history],
                "note": [
                    event.note or (f"until {instant_text(event.until)}" if event.until else "") for event in history
                ],
            },
            schema={"at": pl.Datetime("us", "UTC"), "what": pl.String, "who": pl.String, "note": pl.String},
        ),
        {
            "at": formats.instant_column("When"),
            "what": formats.text_column("What", width="small"),
            "who": formats.text_column("Who", width="medium"),
            "note": formats.text_column("Note", width="large"),
        },
        rows=8,
        alt="History of the alert: when, what, who",
    )
