"""Which forecast events and expected days of `outlay.yaml` are mistakes: names that nobody declared, events told twice.

What one setting may say by itself is checked where it is declared (`settings`). What time alone makes odd stops
nothing: only `outlay config check` asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations

from models.economics.components import LAYERS
from models.wording import nearest
from pipelines.rule_checks import LineOf, Location, Mistake
from pipelines.settings import Settings
from pipelines.settings.foresight import EventSettings, SeriesScope

_HISTORY = timedelta(days=400)
"""What an event changed so long ago is in the history that forecasts are made from."""


def foresight_mistakes(settings: Settings, line_of: LineOf) -> Iterator[Mistake]:
    """Every mistake of forecast events, holidays and expected days. `line_of` a place, for messages of two places."""
    yield from _holidays(settings)
    yield from _told_twice(settings, line_of)
    for place, scope in _scopes(settings):
        yield from _unknown_names(settings, place, scope)


def late_mistakes(settings: Settings, today: date) -> Iterator[Mistake]:
    """Events that are long past."""
    for number, event in enumerate(settings.forecast.events):
        if event.day + timedelta(days=event.ramp_days) < today - _HISTORY and (event.until or date.min) < today:
            what = f"{event.name!r} is long past: what it changed is in the history by now; remove it"
            yield Mistake(("forecast", "events", number, "day"), what)


def _holidays(settings: Settings) -> Iterator[Mistake]:
    kept = settings.forecast.holidays
    if kept is None:
        return
    import holidays

    place: Location = ("forecast", "holidays")
    subdivisions = holidays.list_supported_countries().get(kept.country)
    if subdivisions is None:
        yield Mistake(
            (*place, "country"), f"no holidays are known of {kept.country!r}; write the ISO 3166 code, such as GB"
        )
    elif kept.subdivision is not None and kept.subdivision not in subdivisions:
        what = f"{kept.country} has no subdivision {kept.subdivision!r}{nearest(kept.subdivision, subdivisions)}"
        yield Mistake((*place, "subdivision"), what)


def _told_twice(settings: Settings, line_of: LineOf) -> Iterator[Mistake]:
    """Names that are taken, and events that are one: the same change of the same costs in days that both hold."""
    for part in ("forecast", "events"), ("anomalies", "expected"):
        named = getattr(getattr(settings, part[0]), part[1])
        for (first, one), (second, other) in combinations(enumerate(named), 2):
            if one.name == other.name:
                line = line_of((*part, first))
                yield Mistake((*part, second, "name"), f"{other.name!r} is told already (line {line})")
    for (first, one), (second, other) in combinations(enumerate(settings.forecast.events), 2):
        if one.name != other.name and _is_same_change(one, other):
            line = line_of(("forecast", "events", first))
            what = f"is the same change of {other.scope} as {one.name!r} (line {line}); it would count twice"
            yield Mistake(("forecast", "events", second), what)


def _is_same_change(one: EventSettings, other: EventSettings) -> bool:
    alike = [(event.scope, event.kind, event.change, event.amount_per_day, event.currency) for event in (one, other)]
    meet = (one.until is None or other.day <= one.until) and (other.until is None or one.day <= other.until)
    return alike[0] == alike[1] and meet


def _scopes(settings: Settings) -> Iterator[tuple[Location, SeriesScope]]:
    for number, event in enumerate(settings.forecast.events):
        yield ("forecast", "events", number, "scope"), event.scope
    for number, expected in enumerate(settings.anomalies.expected):
        yield ("anomalies", "expected", number, "scope"), expected.scope


def _unknown_names(settings: Settings, place: Location, scope: SeriesScope) -> Iterator[Mistake]:
    """Teams are known where there is a list of them, components always; what vendors name is known only to costs."""
    teams = {team.name for team in settings.teams}
    if scope.team is not None and teams and scope.team not in teams:
        yield Mistake((*place, "team"), f"there is no team {scope.team!r} under teams{nearest(scope.team, teams)}")
    if scope.component is not None and scope.component not in LAYERS:
        what = f"there is no component {scope.component!r}{nearest(scope.component, LAYERS)}"
        yield Mistake((*place, "component"), what)
