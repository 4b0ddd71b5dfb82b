"""Which budgets and alert settings of `outlay.yaml` are mistakes: what leads nowhere, fits nothing, or is told twice.

What one setting may say by itself is checked where it is declared (`settings`); what Slack alone knows (is there such a
channel?) is asked by `outlay alerts test`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase
from itertools import combinations
from urllib.parse import urlsplit

from connectors.option_types import is_loopback
from models.control.conditions import KINDS
from models.economics.components import LAYERS
from models.economics.globs import covers
from models.wording import month_text, nearest
from pipelines.rule_checks import LineOf, Location, Mistake
from pipelines.settings import Settings
from pipelines.settings.alerts import DAYS, MatchSettings

_LISTS = ("kind", "severity", "rule", "team", "vendor", "model")
"""What a match may give, each a list of which one must fit."""


def alert_mistakes(settings: Settings, line_of: LineOf) -> Iterator[Mistake]:
    """Every mistake of budgets and of alerts. `line_of` a place, for messages of two places."""
    yield from _named_twice(settings, line_of)
    yield from _unknown_names(settings)
    yield from _slack(settings)
    yield from _destinations(settings)
    yield from _unreached(settings, line_of)
    yield from _rules(settings, line_of)
    yield from _always_quiet(settings)
    yield from _addresses(settings)


def late_mistakes(settings: Settings, today: date) -> Iterator[Mistake]:
    """Budgets by month that have run out of months."""
    for number, budget in enumerate(settings.budgets):
        if budget.budget().has_run_out(today):
            month = month_text(f"{today:%Y-%m}")
            what = f"{budget.name!r} has no amount for {month}; add it, or give an amount for all others"
            yield Mistake(("budgets", number, "amounts"), what)


def _named_twice(settings: Settings, line_of: LineOf) -> Iterator[Mistake]:
    """An alert is named by its budget or rule: one of a name."""
    budgets = {budget.name: number for number, budget in enumerate(settings.budgets)}
    for number, rule in enumerate(settings.alerts.rules):
        name = rule.name or rule.kind
        if name in budgets:
            line = line_of(("budgets", budgets[name]))
            yield Mistake(
                ("alerts", "rules", number), f"{name!r} is a budget's name already (line {line}); give another"
            )


def _matches(settings: Settings) -> Iterator[tuple[Location, MatchSettings]]:
    for part in ("rules", "routes", "maintenance", "escalation"):
        for number, each in enumerate(getattr(settings.alerts, part)):
            yield ("alerts", part, number, "match"), each.match


def _unknown_names(settings: Settings) -> Iterator[Mistake]:
    """Teams are known where there is a list of them, rules and components always; vendors and models only to costs."""
    teams = {team.name for team in settings.teams}
    rules = {budget.name for budget in settings.budgets} | {rule.name or rule.kind for rule in settings.alerts.rules}
    rules |= set(KINDS)
    for place, match in _matches(settings):
        yield from _fitting_nothing((*place, "rule"), match.rule, rules, "budget or rule")
        if teams:
            yield from _fitting_nothing((*place, "team"), match.team, teams, "team")
    for number, budget in enumerate(settings.budgets):
        place = ("budgets", number, "scope")
        yield from _fitting_nothing((*place, "component"), budget.scope.component, set(LAYERS), "component")
        if teams:
            yield from _fitting_nothing((*place, "team"), budget.scope.team, teams, "team")
            if budget.owner is not None and budget.owner not in teams:
                what = f"there is no team {budget.owner!r} under teams{nearest(budget.owner, teams)}"
                yield Mistake(("budgets", number, "owner"), what)
    for team in settings.alerts.mentions if teams else ():
        if team not in teams:
            yield Mistake(("alerts", "mentions", team), f"there is no team {team!r} under teams{nearest(team, teams)}")


def _fitting_nothing(place: Location, globs: Sequence[str] | None, names: set[str], what: str) -> Iterator[Mistake]:
    lowered = {name.lower() for name in names}
    for glob in globs or ():
        if not any(fnmatchcase(name, glob.lower()) for name in lowered):
            yield Mistake(place, f"no {what} fits {glob!r}{nearest(glob, names)}")


def _slack(settings: Settings) -> Iterator[Mistake]:
    slack, place = settings.alerts.slack, ("alerts", "slack")
    if slack.bot_token is not None and slack.webhook is not None:
        what = "a bot and a webhook would both be told; keep one of them (a route may have a webhook of its own)"
        yield Mistake((*place, "webhook"), what)
    if slack.bot_token is None and slack.channel is not None:
        what = "a channel needs a bot_token; a webhook posts to the channel that it was made for"
        yield Mistake((*place, "channel"), what)
    if slack.bot_token is None and slack.app_token is not None:
        yield Mistake((*place, "app_token"), "buttons are of messages that a bot posts; give a bot_token, too")
    takes_all = any(route.match == MatchSettings() for route in settings.alerts.routes)
    if slack.bot_token is not None and slack.channel is None and not takes_all:
        what = "what no route is for would be told nowhere; give a channel, or a last route without a match"
        yield Mistake((*place, "bot_token"), what)


def _destinations(settings: Settings) -> Iterator[Mistake]:
    """Channels need a bot, and whatever is to be told needs a place."""
    alerts, bot = settings.alerts, settings.alerts.slack.bot_token
    digest = () if alerts.weekly_digest is None else (alerts.weekly_digest,)
    named = (
        *((("alerts", "routes", number), route.channel) for number, route in enumerate(alerts.routes)),
        *((("alerts", "escalation", number), each.channel) for number, each in enumerate(alerts.escalation)),
        *((("alerts", "weekly_digest"), each.channel) for each in digest),
    )
    for place, channel in named:
        if channel is not None and bot is None:
            what = f"only a bot can post to {channel}: give alerts.slack.bot_token"
            what += ", or the route a webhook of its own" if "routes" in place else ""
            yield Mistake((*place, "channel"), what)
    nowhere = alerts.slack.channel is None and alerts.slack.webhook is None
    if digest and digest[0].channel is None and nowhere:
        yield Mistake(("alerts", "weekly_digest"), "has nowhere to go: give a channel, or one in alerts.slack")
    for number, each in enumerate(alerts.escalation):
        if each.mention is None and each.channel is None:
            what = "tells nobody who was not told before; give a mention or a channel"
            yield Mistake(("alerts", "escalation", number), what)


def _unreached(settings: Settings, line_of: LineOf) -> Iterator[Mistake]:
    """Routes before which another takes everything that they are for."""
    for (first, one), (second, other) in combinations(enumerate(settings.alerts.routes), 2):
        if not one.goes_on and _takes_all_of(one.match, other.match):
            line = line_of(("alerts", "routes", first))
            what = f"nothing reaches {other.name!r}: {one.name!r} (line {line}) takes all of it and does not go on"
            yield Mistake(("alerts", "routes", second), what)
            return


def _rules(settings: Settings, line_of: LineOf) -> Iterator[Mistake]:
    """Rules before which another of their kind judges everything, and kinds of which no rule judges the rest."""
    rules = list(enumerate(settings.alerts.rules))
    for (first, one), (second, other) in combinations(rules, 2):
        both = one.enabled and other.enabled and one.kind == other.kind
        if both and _takes_all_of(one.match, other.match):
            what = f"judges nothing: {one.name or one.kind!r} (line {line_of(('alerts', 'rules', first))}) comes first"
            yield Mistake(("alerts", "rules", second), f"{what}, and all of it matches")
    for kind in dict.fromkeys(rule.kind for _, rule in rules):
        of_kind = [(number, rule.match) for number, rule in rules if rule.kind == kind]
        if all(match != MatchSettings() for _, match in of_kind):
            what = f"of {kind} nobody would hear what does not match: add a last rule without a match"
            yield Mistake(("alerts", "rules", of_kind[-1][0]), f"{what}, or one with enabled: false if that is meant")


def _takes_all_of(one: MatchSettings, other: MatchSettings) -> bool:
    for part in _LISTS:
        wide, narrow = getattr(one, part) or (), getattr(other, part) or ()
        if wide and not (narrow and all(_is_covered(glob, wide) for glob in narrow)):
            return False
    return True


def _is_covered(glob: str, wide: Sequence[str]) -> bool:
    return any(covers(each.lower(), glob.lower()) for each in wide)


def _always_quiet(settings: Settings) -> Iterator[Mistake]:
    for number, quiet in enumerate(settings.alerts.quiet_hours):
        place = ("alerts", "quiet_hours", number)
        if set(quiet.days) == set(DAYS):
            yield Mistake((*place, "days"), "every day is quiet, so that nothing would ever be told; leave one out")
        if quiet.start == quiet.end and not quiet.days:
            yield Mistake(place, f"from {quiet.start:%H:%M} to {quiet.end:%H:%M} is no time; for whole days give days")


def _addresses(settings: Settings) -> Iterator[Mistake]:
    api = settings.alerts.slack.api_url
    if urlsplit(api).scheme != "https" and not is_loopback(api):
        yield Mistake(("alerts", "slack", "api_url"), "a token is only sent over https://")
