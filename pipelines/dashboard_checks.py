"""Which settings of `dashboard` in `outlay.yaml` are mistakes: unasked strangers, and rules of people that never hold.

What one setting may say by itself is checked where it is declared (`settings.dashboard`).
"""

from __future__ import annotations

from collections.abc import Iterator

from models.economics.globs import covers
from models.wording import nearest
from pipelines.rule_checks import LineOf, Location, Mistake
from pipelines.settings import Settings
from pipelines.settings.dashboard import PersonSettings


def dashboard_mistakes(settings: Settings, line_of: LineOf) -> Iterator[Mistake]:
    """Every mistake of it. `line_of` a place, for messages of two places."""
    dashboard = settings.dashboard
    if dashboard.sign_in is None:
        if not dashboard.is_local:
            what = f"at {dashboard.address} everybody could read it: add sign_in, or leave the address out"
            yield Mistake(("dashboard", "address"), what)
        if dashboard.people:
            yield Mistake(("dashboard", "people"), "nobody is asked who they are without sign_in; add it")
        return
    if not dashboard.people:
        yield Mistake(("dashboard", "sign_in"), "nobody would be let in: add people, such as {who: you@…, role: admin}")
    if dashboard.url is None and not dashboard.is_local:
        what = "add dashboard.url, as people open it: the provider sends them back there"
        yield Mistake(("dashboard", "sign_in"), what)
    yield from _unknown_teams(settings)
    yield from _unreached(dashboard.people, line_of)


def _unknown_teams(settings: Settings) -> Iterator[Mistake]:
    """Of teams only where there is a list of them."""
    teams = {team.name for team in settings.teams}
    for number, person in enumerate(settings.dashboard.people):
        for name in person.teams or ():
            if teams and name not in teams:
                what = f"there is no team {name!r} under teams{nearest(name, teams)}"
                yield Mistake(("dashboard", "people", number, "teams"), what)


def _unreached(people: tuple[PersonSettings, ...], line_of: LineOf) -> Iterator[Mistake]:
    """The first rule that fits holds: what an earlier one takes in whole, never holds."""
    for number, later in enumerate(people):
        earlier = next((place for place in range(number) if _takes_in(people[place], later)), None)
        if earlier is not None:
            place: Location = ("dashboard", "people", earlier)
            what = f"never holds: line {line_of(place)} takes in all of it, and the first rule that fits holds"
            yield Mistake(("dashboard", "people", number), what)


def _takes_in(earlier: PersonSettings, later: PersonSettings) -> bool:
    if earlier.who is None or later.who is None:
        return earlier.group is not None and earlier.group == later.group
    return covers(earlier.who.lower(), later.who.lower())
