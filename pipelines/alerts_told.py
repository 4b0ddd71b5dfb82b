"""`outlay alerts list` and `show`: alerts as they stand in the control store, with their history and what was sent.

What an alert is belongs to `models.control.alerts`; who is told, and what, to `alerting`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.control.alerts import AlertLog
from connectors.errors import ConfigurationError
from models.control.alert_words import KIND_WORDS, NOBODY, SHOWN, figure_text, listed, order, state_text
from models.control.alerts import STATES, Alert, AlertEvent
from models.control.conditions import KINDS, Condition
from models.errors import OutlayError
from models.wording import counted, day_text, instant_text
from pipelines.console import Fact, say, show_facts, show_table
from pipelines.workplace import Workplace


@dataclass(frozen=True)
class Asked:
    """Which alerts: of a kind, in a state, of a team; `everything`: also what was resolved long ago."""

    kind: str | None = None
    state: str | None = None
    team: str | None = None
    everything: bool = False

    def check(self) -> None:
        """Raises `ConfigurationError` for a kind or state that there is not."""
        for what, word, known in (("kind", self.kind, KINDS), ("state", self.state, STATES)):
            if word is not None and word not in known:
                raise ConfigurationError(f"there is no {what} {word!r}", remedy=f"one of {', '.join(known)}")

    def wants(self, alert: Alert) -> bool:
        return (
            self.kind in (None, alert.kind)
            and self.state in (None, alert.state)
            and self.team in (None, alert.condition.team)
        )


def show_alerts(work: Workplace, asked: Asked) -> None:
    """A line for each alert, what is not resolved and gravest first."""
    asked.check()
    wanted = sorted(filter(asked.wants, work.control.alerts.book().values()), key=order)
    shown = wanted if asked.everything else listed(wanted, work.surroundings.clock())
    going_on = sum(alert.state != "resolved" for alert in wanted)
    say(f"{counted(going_on, 'alert')} not resolved, {counted(len(wanted) - going_on, 'alert')} resolved")
    if shown:
        show_table(
            None,
            ("alert", "severity", "what", "about", "figure", "since", "owner", "state"),
            [_row(alert) for alert in shown],
            right=("figure",),
        )
    if len(wanted) > len(shown):
        say(f"{len(wanted) - len(shown)} resolved more than {SHOWN.days} days ago: `outlay alerts list --all`")


def _row(alert: Alert) -> tuple[object, ...]:
    told = alert.condition
    return (
        told.alert_id,
        told.severity,
        told.headline,
        told.subject,
        figure_text(told),
        f"{told.since:%Y-%m-%d}",
        told.team or NOBODY,
        state_text(alert),
    )


def find(book: Mapping[str, Alert], alert_id: str) -> Alert:
    """The alert of that id, or of the only one that begins so. Raises `OutlayError` where there is none, or several."""
    alike = [alert for key, alert in book.items() if key.startswith(alert_id.lower())]
    if len(alike) == 1:
        return alike[0]
    if alike:
        raise OutlayError(
            f"{alert_id!r} begins the names of {counted(len(alike), 'alert')}",
            remedy="write more of it; `outlay alerts list` has them whole",
        )
    raise OutlayError(
        f"there is no alert {alert_id!r}",
        remedy="`outlay alerts list --all` names them",
    )


def show_alert(work: Workplace, alert_id: str) -> None:
    """One alert whole: what it says, what became of it, and where it was told."""
    log = work.control.alerts
    alert = find(log.book(), alert_id)
    condition = alert.condition
    show_facts(f"{condition.headline}: {condition.subject}", list(_facts(alert)))
    say(condition.answer)
    for line in filter(None, (condition.cause, *condition.details, f"To do: {condition.to_do}")):
        say(line)
    show_table("What became of it", ("when", "what", "who", "note"), _became(log, condition.alert_id))
    _show_sent(log, condition.alert_id)


def _became(log: AlertLog, alert_id: str) -> list[Sequence[object]]:
    """What happened to it, and what people asked for that could not be done, as it came."""
    rows = [(logged.event.at, _event_row(logged.event)) for logged in log.events(alert_id=alert_id)]
    for refused in log.refused(alert_id):
        asked = refused.request
        rows.append((refused.at, (instant_text(refused.at), "refused", asked.who, refused.reason)))
    return [row for _, row in sorted(rows, key=lambda each: each[0])]


def _show_sent(log: AlertLog, alert_id: str) -> None:
    """Every attempt to tell of it."""
    sent = [each for each in log.deliveries() if alert_id in each.notice.alert_ids]
    if sent:
        show_table(
            "What was sent",
            ("begun", "what", "where", "outcome", "error"),
            [
                (
                    instant_text(each.begun_at),
                    each.notice.says,
                    each.notice.destination,
                    each.outcome or "not known yet",
                    each.error,
                )
                for each in sent
            ],
        )


def _facts(alert: Alert) -> Iterator[Fact]:
    condition = alert.condition
    yield "alert", condition.alert_id, str(alert.key)
    yield "kind", KIND_WORDS[condition.kind], condition.severity
    yield "figure", figure_text(condition), ""
    yield "since", day_text(condition.since), ""
    yield "owner", condition.team or NOBODY, ""
    yield "state", state_text(alert), alert.note or ""
    for label, value in condition.facts:
        yield label.lower(), value, ""


def _event_row(event: AlertEvent) -> Sequence[object]:
    until = f"until {instant_text(event.until)}" if event.until else None
    level = f"level {event.level}" if event.level else None
    figure = figure_text(event.condition) if isinstance(event.condition, Condition) else None
    note = "; ".join(filter(None, (event.note, until, level, figure)))
    return instant_text(event.at), event.kind, event.who or "Outlay", note
