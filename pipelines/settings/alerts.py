"""`alerts` of `outlay.yaml`: which conditions are worth a message, and who is told where and when."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)

from models.control.conditions import Kind, Severity
from pipelines.settings.budgets import Names
from pipelines.settings.strict import ONE_OR_MORE, Amount, Name, Strict

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Channel = Annotated[str, StringConstraints(pattern=r"^(#[^\s#@,A-Z]{1,80}|[CG][A-Z0-9]{6,20})$")]
"""`#name`, or the id that Slack shows in a channel's details."""
Mention = Annotated[str, StringConstraints(pattern=r"^(@here|@channel|[UW][A-Z0-9]{6,20}|S[A-Z0-9]{6,20})$")]
"""@here, @channel, or the id of a user (U…) or a user group (S…): Slack mentions nobody by name."""


def _written_time(value: Any) -> Any:
    # YAML reads 22:00 as a number of base 60
    return time(value // 60, value % 60) if isinstance(value, int) and 0 <= value < 1440 else value


TimeOfDay = Annotated[time, BeforeValidator(_written_time)]


def _known_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"{value!r} is not an IANA time zone, such as Europe/London")
    return ZoneInfo(value).key


TimeZone = Annotated[str, AfterValidator(_known_zone)]


class SlackSettings(Strict):
    """A bot (token and channel: threads, edits, buttons), or a webhook, which can only post to its one channel."""

    bot_token: SecretStr | None = Field(default=None, description="Of a bot with chat:write, xoxb-…")
    app_token: SecretStr | None = Field(default=None, description="For buttons: Socket Mode, connections:write, xapp-…")
    channel: Channel | None = Field(default=None, description="Where the bot tells what no route is for")
    webhook: SecretStr | None = None
    api_url: str = Field(default="https://slack.com/api/", description="Another one for GovSlack")


class MatchSettings(Strict):
    """What something is for: whatever is given must fit."""

    kind: Annotated[tuple[Kind, ...], ONE_OR_MORE] = ()
    severity: Annotated[tuple[Severity, ...], ONE_OR_MORE] = ()
    rule: Names | None = Field(default=None, description="Name of a budget or of a rule")
    team: Names | None = None
    vendor: Names | None = None
    model: Names | None = None


_BY_DAYS = ("renewal", "commitment_running_out")
_OF_TEAMS = ("anomaly", "residency")


class RuleSettings(Strict):
    """When conditions of one kind are worth an alert. A kind without a rule has the one of its defaults.

    `minimum` and `resolves_below` are money (of an anomaly its impact, of residency and unpriced usage what it costs),
    percent (of a reconciliation difference and of a commitment that is left unused), or hours (of a stale source, over
    what is expected of it). What lies between them opens nothing and resolves nothing.
    """

    kind: Literal[
        "commitment_running_out", "commitment_unused", "renewal", "anomaly", "reconciliation", "stale_source",
        "unpriced_usage", "residency",
    ]  # fmt: skip
    name: Name | None = Field(default=None, description="Default: its kind")
    enabled: bool = True
    match: MatchSettings = MatchSettings()
    minimum: Amount | None = Field(default=None, ge=0)
    resolves_below: Amount | None = Field(default=None, ge=0)
    severities: tuple[Literal["low", "medium", "high", "critical"], ...] = Field(
        default=(), description="Of anomalies, as marts.anomalies names them; default all that count"
    )
    days_ahead: tuple[Annotated[int, Field(ge=0, le=366)], ...] = Field(
        default=(), description="Of renewals, and of commitments that run out: so many days before"
    )
    severity: Severity | None = Field(default=None, description="Default: by how much it is")

    @model_validator(mode="after")
    def _has_a_gap(self) -> RuleSettings:
        if self.resolves_below is not None and (self.minimum is None or self.resolves_below > self.minimum):
            raise ValueError("resolves_below needs a minimum, and must not be above it")
        if self.severities and self.kind != "anomaly":
            raise ValueError(f"severities are of anomalies; a {self.kind} has none")
        if self.days_ahead and self.kind not in _BY_DAYS:
            raise ValueError(f"days_ahead are of renewals and of commitments that run out; a {self.kind} has none")
        if self.minimum is not None and self.kind in _BY_DAYS:
            raise ValueError(f"a {self.kind} is told so many days_ahead, whatever it comes to; it has no minimum")
        return self

    @model_validator(mode="after")
    def _can_match(self) -> RuleSettings:
        if self.match.kind or self.match.rule:
            raise ValueError(f"match of a rule has no kind and no rule: it is of the kind {self.kind} alone")
        if self.match.team and self.kind not in _OF_TEAMS:
            raise ValueError(f"a {self.kind} is no team's, so that no team would ever match")
        return self


class RouteSettings(Strict):
    """Who is told of what. The first route that fits is taken, and all before it that go on."""

    name: Name
    match: MatchSettings = MatchSettings()
    channel: Channel | None = None
    webhook: SecretStr | None = None
    mention: Mention | None = None
    goes_on: bool = False
    digest_at: TimeOfDay | None = Field(default=None, description="Once a day, all together, rather than at once")

    @model_validator(mode="after")
    def _leads_somewhere(self) -> RouteSettings:
        if (self.channel is None) == (self.webhook is None):
            raise ValueError("a route needs either a channel, for the bot, or a webhook of its own")
        return self


class QuietSettings(Strict):
    """When nobody is woken by anything less than `wakes`; it is told afterwards."""

    start: TimeOfDay
    end: TimeOfDay
    days: tuple[Weekday, ...] = Field(default=(), description="Quiet all day")
    wakes: Severity = "critical"

    @model_validator(mode="after")
    def _holds_something(self) -> QuietSettings:
        if self.wakes == "info":
            raise ValueError("wakes: info lets everything through at any time; give warning or critical")
        return self


class MaintenanceSettings(Strict):
    """A time in which what matches is not told; what still holds afterwards is."""

    name: Name
    first: AwareDatetime
    last: AwareDatetime
    match: MatchSettings = MatchSettings()

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> MaintenanceSettings:
        if self.last <= self.first:
            raise ValueError("last must lie after first")
        return self


class EscalationSettings(Strict):
    """What nobody took up after so many hours is told again."""

    after_hours: Annotated[Amount, Field(gt=0, le=2400)]
    match: MatchSettings = MatchSettings(severity=("critical",))
    mention: Mention | None = None
    channel: Channel | None = None


class DigestSettings(Strict):
    """Once a week: spend, forecast against budget, movers with causes, open alerts, savings found."""

    channel: Channel | None = Field(default=None, description="Default: that of alerts.slack, or its webhook")
    day: Weekday = "monday"
    at: TimeOfDay = time(9)


class AlertSettings(Strict):
    """Alerts are worked out in any case; without Slack they are on the page and the command line alone."""

    slack: SlackSettings = SlackSettings()
    time_zone: TimeZone = "UTC"
    rules: tuple[RuleSettings, ...] = ()
    routes: tuple[RouteSettings, ...] = ()
    mentions: dict[Name, Mention] = Field(default={}, description="By team: whom to mention in what it owns")
    quiet_hours: tuple[QuietSettings, ...] = ()
    maintenance: tuple[MaintenanceSettings, ...] = ()
    escalation: tuple[EscalationSettings, ...] = ()
    weekly_digest: DigestSettings | None = None
    storm_above: Annotated[int, Field(ge=1, le=50)] = 5

    @model_validator(mode="after")
    def _names_are_unique(self) -> AlertSettings:
        for what, names in (
            ("rule", [rule.name or rule.kind for rule in self.rules]),
            ("route", [route.name for route in self.routes]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]!r} is declared twice")
        return self
