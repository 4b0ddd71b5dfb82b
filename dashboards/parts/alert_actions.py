"""What can be done about one alert, the same on the page of alerts and on that of what it is about: what was asked for
and waits, what could not be done, and the form to acknowledge, snooze or resolve it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl
import streamlit as st

from connectors.control.alerts import Refused
from dashboards import access, acting, formats, provenance, visibility
from dashboards.acting import Standing
from models.control.access import Person
from models.control.alert_words import KIND_WORDS, NOBODY, figure_text, state_text
from models.control.alerts import Act, Alert, AlertEvent, Request
from models.wording import day_text, instant_text

SPANS = {
    "4 hours": timedelta(hours=4),
    "1 day": timedelta(days=1),
    "3 days": timedelta(days=3),
    "1 week": timedelta(weeks=1),
    "1 month": timedelta(days=30),
}
_ACTS: dict[str, Act] = {"Acknowledge": "acknowledge", "Snooze": "snooze", "Resolve": "resolve"}
_ASKED: dict[Act, str] = {
    "acknowledge": "to be acknowledged",
    "snooze": "to be snoozed",
    "resolve": "to be resolved",
}
_MEANT: dict[Act, str] = {
    "acknowledge": "Somebody is at it: it is not told again unless it gets worse.",
    "snooze": "It is quiet until then, and comes back if it still holds.",
    "resolve": "It is over; it opens again only after it was away.",
}
_REFUSALS_SHOWN = timedelta(days=1)


def show(alert: Alert, known: Standing, *, page: str) -> None:
    """How it stands and the form, or why this person has none; `page` keeps the widgets of two pages apart."""
    with st.container(border=True):
        st.markdown("  \n".join(_facts(alert)))
    for request in known.pending:
        if request.alert_id == alert.key.alert_id:
            st.info(_pending(request), icon=":material/hourglass_top:")
    for refused in acting.past(alert).refused:
        if refused.at > provenance.now() - _REFUSALS_SHOWN:
            st.warning(_refusal(refused), icon=":material/block:")
    person = access.person()
    if alert.state == "resolved":
        st.caption("It is resolved: there is nothing to do. It opens again if it comes back.")
    elif not person.may_act_on(visibility.team_of(alert)):
        st.caption(_why_not(person))
    else:
        _form(alert, person, page)


def _facts(alert: Alert) -> list[str]:
    told = alert.condition
    facts = (
        ("State", state_text(alert)),
        ("How much", figure_text(told)),
        ("Since", day_text(told.since)),
        ("Owner", told.team or NOBODY),
        ("Kind", f"{KIND_WORDS[told.kind]}, {told.severity}"),
        *told.facts,
    )
    return [f"{formats.plain(label)}: **{formats.plain(value)}**" for label, value in facts]


def _why_not(person: Person) -> str:
    if not person.may("act on alerts"):
        return (
            f"You may look at alerts, not act on them: {formats.plain(person.signature)} is {person.role} here. "
            "Editors and admins may; `dashboard.people` of outlay.yaml says who is."
        )
    return "It is of others' costs, too: you may act on alerts of your own teams alone."


def _pending(request: Request) -> str:
    asked = f"{formats.plain(request.who)} asked for it {_ASKED[request.act]} on {instant_text(request.at)}."
    return f"{asked} Pending: the next pass applies it."


def _refusal(refused: Refused) -> str:
    asked = refused.request
    who = f"{formats.plain(asked.who)} asked for it {_ASKED[asked.act]} on {instant_text(asked.at)}."
    return f"{who} That could not be done: {formats.plain(refused.reason)}."


def _form(alert: Alert, person: Person, page: str) -> None:
    """A request in the person's name; the span is asked for where there is one."""
    of = f"{page} {alert.key.alert_id}"
    with st.container(border=True, key=f"{page} act"):
        st.markdown("**Act on it**")
        chosen = st.segmented_control("What to do", list(_ACTS), default="Acknowledge", required=True, key=f"act {of}")
        act = _ACTS[chosen or "Acknowledge"]
        st.caption(_MEANT[act])
        span = st.selectbox("How long", list(SPANS), index=1, key=f"span {of}") if act == "snooze" else None
        note = st.text_input("Note", max_chars=300, placeholder="Why; others will read it", key=f"note {of}")
        sent = st.button(f"{chosen or 'Acknowledge'} as {formats.plain(person.signature)}", key=f"send {of}")
    if sent:
        now = provenance.now()
        until = now + SPANS[span] if span else None
        acting.ask(alert, act, who=person.signature, now=now, until=until, note=(note or "").strip() or None)
        st.rerun()


def history(alert: Alert) -> None:
    """What became of it, as a table."""
    rows: Sequence[AlertEvent] = acting.past(alert).events
    st.markdown("**What became of it**")
    formats.table(
        pl.DataFrame(
            {
                "at": [event.at for event in rows],
                "what": [event.kind for event in rows],
                "who": [event.who or "Outlay" for event in rows],
                "note": [event.note or (f"until {instant_text(event.until)}" if event.until else "") for event in rows],
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
