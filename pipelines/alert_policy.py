"""What `alerts` of `outlay.yaml` says of who is told, as `models.control.policy` takes it.

Secrets are not looked up here: a policy names destinations, and senders know how to reach them. What is worth telling
is `alert_rules`.
"""

from __future__ import annotations

from datetime import timedelta

from models.control.policy import WEBHOOK, Escalation, Maintenance, Match, Policy, QuietHours, Route, WeeklyDigest
from pipelines.settings import Settings
from pipelines.settings.alerts import (
    DAYS,
    AlertSettings,
    EscalationSettings,
    MaintenanceSettings,
    MatchSettings,
    QuietSettings,
    RouteSettings,
    SlackSettings,
)

_BROADCASTS = {"@here": "<!here>", "@channel": "<!channel>"}


def policy_of(settings: Settings) -> Policy:
    """Who is told of what, where and when."""
    alerts = settings.alerts
    place = _default_destination(alerts.slack)
    return Policy(
        destination=place,
        routes=tuple(_route(route) for route in alerts.routes),
        quiet_hours=tuple(_quiet_hours(quiet, alerts.time_zone) for quiet in alerts.quiet_hours),
        maintenances=tuple(_maintenance(maintenance) for maintenance in alerts.maintenance),
        escalations=tuple(_escalation(escalation) for escalation in alerts.escalation),
        storm_above=alerts.storm_above,
        zone=alerts.time_zone,
        mentions={team: mention_text(mention) for team, mention in alerts.mentions.items()},
        weekly_digest=_weekly_digest(alerts, place),
    )


def match_of(match: MatchSettings) -> Match:
    """What nothing is said of fits everything."""
    return Match(
        kinds=match.kind,
        severities=match.severity,
        rules=match.rule or (),
        teams=match.team or (),
        vendors=match.vendor or (),
        models=match.model or (),
    )


def mention_text(mention: str) -> str:
    """As Slack writes it in a message: `@here` is `<!here>`, a user `<@U…>`, a user group `<!subteam^S…>`."""
    return _BROADCASTS.get(mention) or (f"<!subteam^{mention}>" if mention.startswith("S") else f"<@{mention}>")


def _mention(mention: str | None) -> str | None:
    return None if mention is None else mention_text(mention)


def _default_destination(slack: SlackSettings) -> str | None:
    if slack.bot_token is not None and slack.channel is not None:
        return slack.channel
    return None if slack.webhook is None else WEBHOOK


def _route(route: RouteSettings) -> Route:
    return Route(
        name=route.name,
        destination=route.channel or f"{WEBHOOK}:{route.name}",
        match=match_of(route.match),
        mention=_mention(route.mention),
        goes_on=route.goes_on,
        digest_at=route.digest_at,
    )


def _quiet_hours(quiet: QuietSettings, zone: str) -> QuietHours:
    days = tuple(DAYS.index(day) for day in quiet.days)
    return QuietHours(quiet.start, quiet.end, days, zone, quiet.wakes)


def _maintenance(maintenance: MaintenanceSettings) -> Maintenance:
    return Maintenance(maintenance.name, maintenance.first, maintenance.last, match_of(maintenance.match))


def _escalation(escalation: EscalationSettings) -> Escalation:
    return Escalation(
        after=timedelta(hours=float(escalation.after_hours)),
        match=match_of(escalation.match),
        mention=_mention(escalation.mention),
        destination=escalation.channel,
    )


def _weekly_digest(alerts: AlertSettings, place: str | None) -> WeeklyDigest | None:
    digest = alerts.weekly_digest
    destination = None if digest is None else digest.channel or place
    if digest is None or destination is None:
        return None
    return WeeklyDigest(destination, DAYS.index(digest.day), digest.at)
