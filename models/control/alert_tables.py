"""Alerts as tables of `ops`: how they stand, all that happened to them, and what was told of them to whom.

Only the contracts belong here; the control store fills them. `GROWING` are those that only ever grow: they lie in the
lake, too, numbered, so that a control store that was lost is filled from there.
"""

from __future__ import annotations

import dataframely as dy

from models.control.alerts import ACTS, EVENT_KINDS, STATES
from models.control.conditions import KINDS, SEVERITIES
from models.control.notices import WHATS
from models.table import Table, instant, money, text

DELIVERY_OUTCOMES = ("sent", "recovered", "dropped", "failed", "uncertain", "given up")
_OUTCOME_WORDS = (
    "sent; recovered (it was there, sent by an attempt that did not live to say so); dropped (nothing to send any "
    "more); failed; uncertain (Slack may have it); given up (failed, and not tried again)"
)


def _count(description: str, *, nullable: bool = False) -> dy.Int64:
    return dy.Int64(nullable=nullable, description=description)


class Alerts(dy.Schema):
    """One row per alert that was ever opened, as it stood when this file was published."""

    alert_id = dy.String(primary_key=True, description="Id of rule, scope, period and threshold")
    rule = text("Name of the budget or rule")
    scope = text("What of: a budget's scope, a series, a source, a commitment, a contract")
    period = text("When of: a month, a first day, a term; empty where the condition has none")
    threshold = text("Which step of the rule; empty where it has one only")
    kind = text("What kind of condition it is about", values=KINDS)
    state = text("Where it stands; open: nobody was told yet since it opened or woke", values=STATES)
    is_firing = dy.Bool(
        nullable=False, description="Whether its condition still holds; people may resolve what goes on"
    )
    severity = text("How much it matters", values=SEVERITIES)
    headline = text("What, in one line, as it was last told")
    subject = text("What it is about, in one or a few words")
    answer = text("How much over which expectation")
    cause = text("Why, as far as it was known", nullable=True)
    to_do = text("What to do about it")
    since = dy.Date(nullable=False, description="First day on which it held")
    amount = money("How much: money in currency, else a count of unit", nullable=True)
    limit = money("Over which expectation, likewise", nullable=True)
    currency = text("ISO 4217, where amount is money", nullable=True)
    unit = text("What amount counts, where it is no money", nullable=True)
    team = text("Team that owns it; null: nobody is known", nullable=True)
    vendor = text("Vendor; null: none, or several", nullable=True)
    model = text("Model; null: none, or several", nullable=True)
    page = text("Path and query of the dashboard page that shows it", nullable=True)
    episode = _count("Which opening it is, from 1")
    opened_at = instant("When this episode opened")
    changed_at = instant("When anything last happened to it")
    notified_at = instant("When it was told; null: not since it opened, woke or got more severe", nullable=True)
    updates = _count("How often other figures of it were told in this episode")
    level = _count("How far it is escalated; 0: not")
    handled_by = text("Who acted on it last in this episode", nullable=True)
    handled_at = instant("When", nullable=True)
    snoozed_until = instant("Until when nobody wants to hear of it", nullable=True)
    resolved_at = instant("When it was resolved; null: it is not", nullable=True)
    note = text("What was said with the last act, or why it is resolved", nullable=True)


class AlertEvents(dy.Schema):
    """One row per event; an alert is what its events replay to."""

    sequence = dy.Int64(primary_key=True, description="Place in the log, from 1")
    alert_id = text("Alert that it happened to")
    kind = text("What happened", values=EVENT_KINDS)
    at = instant("When")
    who = text("Who did it; null: Outlay", nullable=True)
    until = instant("End of a snooze", nullable=True)
    level = _count("Level of an escalation, from 1", nullable=True)
    note = text("What was said with it, or why it is resolved", nullable=True)
    condition = text("The condition that was told, as JSON: of opened, updated, worsened, reopened", nullable=True)


class AlertNotices(dy.Schema):
    """One row per notice: one thing to be said in one place, once."""

    sequence = dy.Int64(primary_key=True, description="In which order notices were made, from 1")
    key = text("What makes it the same notice, however often it is worked out")
    what = text("A message of its own, one about several alerts, a reply, an edit, a digest", values=WHATS)
    destination = text("Channel or webhook")
    alert_ids = text("Alerts that it tells of, as JSON")
    says = text("What it says of them")
    mention = text("Who is mentioned, as Slack writes it", nullable=True)
    about = text("Notice whose message it answers or edits", nullable=True)
    covers = text("Keys that are said with it and are never made again, as JSON")
    made_at = instant("When it was made")


class AlertPosts(dy.Schema):
    """One row per notice that came to its end: Slack has it, or there was nothing to send any more."""

    sequence = dy.Int64(primary_key=True, description="In which order notices ended, from 1")
    key = text("Key of the notice")
    outcome = text("How it ended", values=("sent", "recovered", "dropped"))
    channel = text(
        "Channel of a message of its own, empty for a webhook; null: an answer, an edit, or none", nullable=True
    )
    ts = text("Slack's name of that message in the channel, likewise", nullable=True)
    at = instant("When")


class AlertDeliveries(dy.Schema):
    """One row per attempt to send a notice."""

    key = text("Key of the notice")
    what = text("A message of its own, one about several alerts, a reply, an edit, a digest", values=WHATS)
    says = text("What it says")
    destination = text("Channel or webhook")
    alert_ids = text("Alerts that it tells of, as JSON")
    begun_at = instant("When the attempt began")
    ended_at = instant("When its end was known; null: not yet", nullable=True)
    outcome = text(_OUTCOME_WORDS, nullable=True, values=DELIVERY_OUTCOMES)
    error = text("What went wrong", nullable=True)


class AlertRequests(dy.Schema):
    """One row per thing that a person asked for."""

    request_id = dy.String(primary_key=True, description="The asker's own id: the same one twice counts once")
    alert_id = text("Alert that it is about")
    act = text("What was asked for", values=ACTS)
    who = text("Who asked")
    at = instant("When")
    until = instant("End of the snooze that was asked for", nullable=True)
    note = text("What was said with it", nullable=True)
    answered_at = instant("When it was done or refused; null: not yet", nullable=True)
    refusal = text("Why it could not be done; null: it was", nullable=True)


ALERTS = Table("alerts", "ops", "ops", "alert", "Every alert that was ever opened, as it stands.", Alerts)
ALERT_EVENTS = Table(
    "alert_events",
    "ops",
    "ops",
    "event",
    "All that happened to alerts; never changed, and in the lake, too.",
    AlertEvents,
)
ALERT_NOTICES = Table(
    "alert_notices", "ops", "ops", "notice", "What was to be told of alerts, to whom, each once.", AlertNotices
)
ALERT_POSTS = Table("alert_posts", "ops", "ops", "notice", "What was told, and which message it is.", AlertPosts)
ALERT_DELIVERIES = Table(
    "alert_deliveries", "ops", "ops", "attempt", "Each attempt to send a notice, and how it ended.", AlertDeliveries
)
ALERT_REQUESTS = Table(
    "alert_requests", "ops", "ops", "request", "What people asked for: acknowledge, snooze, resolve.", AlertRequests
)

GROWING: tuple[Table, ...] = (ALERT_EVENTS, ALERT_NOTICES, ALERT_POSTS)
"""Rows are added and never changed; `sequence` numbers them without a gap."""
ALERT_TABLES: tuple[Table, ...] = (ALERTS, *GROWING, ALERT_DELIVERIES, ALERT_REQUESTS)
