"""Which owner rules, pools, teams and declared costs of `outlay.yaml` are mistakes, held against each other.

What one setting may say by itself is checked where it is declared (`settings`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TypeAlias

from models.economics.components import LAYERS
from models.economics.globs import is_exact
from models.economics.ownership import FROM_TAG, POOL, OwnerRule, tags_in
from models.wording import nearest
from pipelines.ownership_rules import owner_rules
from pipelines.settings import Settings
from pipelines.settings.ownership import SharedSettings

Location: TypeAlias = tuple[str | int, ...]
LineOf: TypeAlias = Callable[[Location], int]
_Days: TypeAlias = tuple[date, date]
"""From a day until the day before another."""


@dataclass(frozen=True)
class Mistake:
    """What is wrong, and where in the file."""

    location: Location
    what: str


def rule_mistakes(settings: Settings, line_of: LineOf) -> Iterator[Mistake]:
    """Every mistake of owner rules, of pools, and of what names them. `line_of` a place, for messages of two places."""
    rules = owner_rules(settings)
    yield from _decides_nothing(rules, line_of)
    yield from _gaps_of_rules(rules, line_of)
    yield from _versions_of_pools(settings.shared, line_of)
    yield from _circles_of_pools(settings.shared)
    yield from _braces(rules)
    yield from _unknown_names(settings)


def _decides_nothing(rules: Sequence[OwnerRule], line_of: LineOf) -> Iterator[Mistake]:
    """A rule before which others decide everything that it says, on all of its days."""
    for number, rule in enumerate(rules):
        before = [(place, other) for place, other in enumerate(rules[:number]) if _fits_all_of(other, rule)]
        deciding = {
            dimension: [(place, other) for place, other in before if _always_says(other, dimension)]
            for dimension in rule.dimensions
        }
        if not any(_left_over(_days(rule), (_days(other) for _, other in first)) for first in deciding.values()):
            places = sorted({place for first in deciding.values() for place, _ in first})
            named = " and ".join(f"{_called(rules, place)} (line {line_of(('owners', place))})" for place in places)
            yield Mistake(
                ("owners", number),
                f"{_called(rules, number)} decides nothing: {named} {'come' if len(places) > 1 else 'comes'} first "
                "for all that it fits; move it up, narrow the other, or remove it",
            )


def _always_says(rule: OwnerRule, dimension: str) -> bool:
    return dimension in rule.dimensions and not tags_in(rule.value(dimension))


def _fits_all_of(wide: OwnerRule, narrow: OwnerRule) -> bool:
    """Whether the conditions of one fit whatever those of another fit (as far as globs tell: no false alarms)."""
    asked = narrow.conditions
    return wide.conditions.keys() <= asked.keys() and all(
        _covers(glob, asked[word]) for word, glob in wide.conditions.items()
    )


def _covers(wide: str, narrow: str) -> bool:
    """A `*` takes in whatever another glob stands for; `?` and `[…]` only what is exact."""
    if wide == narrow or is_exact(wide):
        return wide == narrow
    return (is_exact(narrow) or not re.search(r"[?\[]", wide)) and fnmatchcase(narrow, wide)


def _gaps_of_rules(rules: Sequence[OwnerRule], line_of: LineOf) -> Iterator[Mistake]:
    """Days between rules that ask the same and say something of the same dimensions."""
    alike: dict[tuple[frozenset[tuple[str, str]], tuple[str, ...]], list[int]] = {}
    for number, rule in enumerate(rules):
        alike.setdefault((frozenset(rule.conditions.items()), rule.dimensions), []).append(number)
    for numbers in alike.values():
        yield from _gaps(
            [(_days(rules[number]), ("owners", number)) for number in numbers],
            "asks the same and says as much",
            line_of,
        )


def _versions_of_pools(shared: Sequence[SharedSettings], line_of: LineOf) -> Iterator[Mistake]:
    """Versions of one pool whose dates do not meet: a gap, or days that two of them claim."""
    for name in dict.fromkeys(pool.name for pool in shared):
        versions = sorted((_days(pool), ("shared", number)) for number, pool in enumerate(shared) if pool.name == name)
        yield from _gaps(versions, f"splits the same pool {name!r}", line_of)
        for (days, earlier), (following, later) in pairwise(versions):
            if following[0] < days[1]:
                both = _days_text((following[0], min(days[1], following[1])))
                yield Mistake(later, f"pool {name!r} is split twice {both}: line {line_of(earlier)} holds there, too")


def _gaps(stretches: Sequence[tuple[_Days, Location]], what: str, line_of: LineOf) -> Iterator[Mistake]:
    """Days between the first of some stretches and the last that none of them holds; told where they end."""
    inner = (min(days[0] for days, _ in stretches), max(days[1] for days, _ in stretches))
    for gap in _left_over(inner, (days for days, _ in stretches)):
        before = next(place for days, place in stretches if days[1] == gap[0])
        after = next(place for days, place in stretches if days[0] == gap[1])
        yield Mistake(
            after,
            f"{what} as line {line_of(before)}, and their dates leave a gap: {_days_text(gap)}; "
            "let valid_from be the valid_to of the other",
        )


def _circles_of_pools(shared: Sequence[SharedSettings]) -> Iterator[Mistake]:
    """Pools that are split over one another and end in no team; each circle once, where it closes."""
    told: set[frozenset[str]] = set()
    for day in sorted({_days(pool)[0] for pool in shared}):
        goes_on: dict[str, dict[str, Location]] = {}
        for number, pool in enumerate(shared):
            if _days(pool)[0] <= day < _days(pool)[1]:
                ways = {
                    each.shared: ("shared", number, "shares", n) for n, each in enumerate(pool.shares) if each.shared
                }
                goes_on.setdefault(pool.name, {}).update(ways)
        for circle in (circle for name in goes_on for circle in _circles(goes_on, (name,))):
            if frozenset(circle) not in told:
                told.add(frozenset(circle))
                way = " → ".join((*circle, circle[0]))
                yield Mistake(
                    goes_on[circle[-1]][circle[0]],
                    f"pools are split over one another in a circle: {way}; let one of them end in teams",
                )


def _circles(goes_on: Mapping[str, Iterable[str]], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The ways from pool to pool that lead back to where a path begins."""
    for following in goes_on.get(path[-1], ()):
        if following == path[0]:
            yield path
        elif following not in path:
            yield from _circles(goes_on, (*path, following))


def _braces(rules: Sequence[OwnerRule]) -> Iterator[Mistake]:
    for number, rule in enumerate(rules):
        for what, value in rule.says.items():
            if re.search(r"[{}]", FROM_TAG.sub("", value)):
                setting = "shared" if what == POOL else what
                yield Mistake(("owners", number, setting), f"{value!r}: write {{tag:KEY}} for the value of a tag")


def _unknown_names(settings: Settings) -> Iterator[Mistake]:
    """Pools, teams and components that there are not; of teams only where there is a list of them."""
    pools = {pool.name for pool in settings.shared}
    teams = {team.name for team in settings.teams}
    for location, name in _pools_named(settings):
        if name not in pools:
            yield Mistake(location, f"there is no pool {name!r} under shared{nearest(name, pools)}")
    for location, name in _teams_named(settings):
        if teams and name not in teams and not tags_in(name):
            yield Mistake(location, f"there is no team {name!r} under teams{nearest(name, teams)}")
    for number, cost in enumerate(settings.costs):
        if cost.component is not None and cost.component not in LAYERS:
            yield Mistake(
                ("costs", number, "component"),
                f"there is no component {cost.component!r}{nearest(cost.component, LAYERS)}",
            )
    for number, owner in enumerate(settings.owners):
        if owner.component is not None and not any(fnmatchcase(name, owner.component) for name in LAYERS):
            yield Mistake(
                ("owners", number, "component"),
                f"no component fits {owner.component!r}{nearest(owner.component, LAYERS)}",
            )


def _pools_named(settings: Settings) -> Iterator[tuple[Location, str]]:
    for part, named in (("owners", settings.owners), ("costs", settings.costs)):
        for number, each in enumerate(named):
            if each.shared is not None:
                yield (part, number, "shared"), each.shared
    for number, pool in enumerate(settings.shared):
        for place, share in enumerate(pool.shares):
            if share.shared is not None:
                yield ("shared", number, "shares", place, "shared"), share.shared


def _teams_named(settings: Settings) -> Iterator[tuple[Location, str]]:
    for part, named in (("owners", settings.owners), ("costs", settings.costs)):
        for number, each in enumerate(named):
            if each.team is not None:
                yield (part, number, "team"), each.team
    for number, pool in enumerate(settings.shared):
        for place, share in enumerate(pool.shares):
            if share.team is not None:
                yield ("shared", number, "shares", place, "team"), share.team
        for place, team in enumerate(pool.among):
            yield ("shared", number, "among", place), team
    for number, budget in enumerate(settings.budgets):
        if budget.scope.team is not None:
            yield ("budgets", number, "scope", "team"), budget.scope.team


def _called(rules: Sequence[OwnerRule], number: int) -> str:
    name = rules[number].name
    return f"rule {number + 1}" if name is None else f"rule {name!r}"


def _days(dated: OwnerRule | SharedSettings) -> _Days:
    return dated.valid_from or date.min, dated.valid_to or date.max


def _left_over(wanted: _Days, stretches: Iterable[_Days]) -> list[_Days]:
    """The days wanted that no stretch holds."""
    left: list[_Days] = []
    start, end = wanted
    for first, last in sorted(stretches):
        if start < min(first, end):
            left.append((start, min(first, end)))
        start = max(start, last)
    return [*left, (start, end)] if start < end else left


def _days_text(days: _Days) -> str:
    """Of days that have a first and a last."""
    first, last = days[0], days[1] - timedelta(days=1)
    return f"{first}" if first == last else f"{first} to {last}"
