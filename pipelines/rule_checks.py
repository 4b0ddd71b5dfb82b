"""Which owner rules and pools of `outlay.yaml` are mistakes, held against each other.

What one setting may say by itself is checked where it is declared (`settings`), names that nobody declared in
`name_checks`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations, pairwise
from typing import TypeAlias

from models.economics.globs import covers, is_exact
from models.economics.ownership import FROM_TAG, POOL, OwnerRule, tags_in
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
    """Every mistake of owner rules and of pools. `line_of` a place, for messages of two places."""
    rules = owner_rules(settings)
    yield from _decides_nothing(rules, line_of)
    for numbers in _alike(rules):
        yield from _overlaps_of_rules(rules, numbers, line_of)
        yield from _gaps_of_rules(rules, numbers, line_of)
    yield from _versions_of_pools(settings.shared, line_of)
    yield from _circles_of_pools(settings.shared)
    yield from _braces(rules)


def _decides_nothing(rules: Sequence[OwnerRule], line_of: LineOf) -> Iterator[Mistake]:
    """A rule before which others decide everything that it says, on all of its days."""
    for number, (rule, before) in enumerate(zip(rules, _covering(rules), strict=True)):
        deciding = {
            dimension: [(place, rules[place]) for place in before if _always_says(rules[place], dimension)]
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


def _covering(rules: Sequence[OwnerRule]) -> Iterator[list[int]]:
    """For each rule the places of those before it that fit whatever it fits.

    A rule is filed under one of its conditions, an exact one where it has any: what it covers asks the same, or at
    least of the same word. So a thousand rules are not each set against all others.
    """
    filed: dict[tuple[str, str | None], list[int]] = {}
    for number, rule in enumerate(rules):
        asked = {key for word, glob in rule.conditions.items() for key in ((word, glob), (word, None))}
        tried = sorted(place for key in asked for place in filed.get(key, ()))
        yield [place for place in tried if _fits_all_of(rules[place], rule)]
        exact = ((word, glob) for word, glob in rule.conditions.items() if is_exact(glob))
        filed.setdefault(next(exact, (next(iter(rule.conditions)), None)), []).append(number)


def _always_says(rule: OwnerRule, dimension: str) -> bool:
    return dimension in rule.dimensions and not tags_in(rule.value(dimension))


def _fits_all_of(wide: OwnerRule, narrow: OwnerRule) -> bool:
    """Whether the conditions of one fit whatever those of another fit (as far as globs tell: no false alarms)."""
    asked = narrow.conditions
    return wide.conditions.keys() <= asked.keys() and all(
        covers(glob, asked[word]) for word, glob in wide.conditions.items()
    )


def _alike(rules: Sequence[OwnerRule]) -> Iterable[list[int]]:
    """Rules that ask the same and say something of the same dimensions, several at a time."""
    alike: dict[tuple[frozenset[tuple[str, str]], tuple[str, ...]], list[int]] = {}
    for number, rule in enumerate(rules):
        alike.setdefault((frozenset(rule.conditions.items()), rule.dimensions), []).append(number)
    return (numbers for numbers in alike.values() if len(numbers) > 1)


def _overlaps_of_rules(rules: Sequence[OwnerRule], numbers: Sequence[int], line_of: LineOf) -> Iterator[Mistake]:
    """Days that two alike rules with dates claim.

    Not where the first leaves days to the other on both sides, or the other has no dates: that is an exception and its
    rule. Nor where a tag decides, for then the other is for what lacks it.
    """
    for first, second in combinations(numbers, 2):
        one, other = rules[first], rules[second]
        both = max(_days(one)[0], _days(other)[0]), min(_days(one)[1], _days(other)[1])
        is_exception = _days(other)[0] < both[0] and both[1] < _days(other)[1]
        is_shadowed = both == _days(other)  # decides nothing, and is told so
        if both[0] < both[1] and _is_dated(other) and not (is_exception or is_shadowed) and _says_all(one):
            yield Mistake(
                ("owners", second),
                f"asks the same and says as much as line {line_of(('owners', first))}, which holds "
                f"{_days_text(both)}, too, and comes first; let one end where the other begins",
            )


def _is_dated(rule: OwnerRule) -> bool:
    return rule.valid_from is not None or rule.valid_to is not None


def _says_all(rule: OwnerRule) -> bool:
    return all(_always_says(rule, dimension) for dimension in rule.dimensions)


def _gaps_of_rules(rules: Sequence[OwnerRule], numbers: Sequence[int], line_of: LineOf) -> Iterator[Mistake]:
    """Days between alike rules, where no other rule says for certain what they say."""
    stretches: list[tuple[_Days, Location]] = [(_days(rules[number]), ("owners", number)) for number in numbers]
    for mistake, gap in _gaps(stretches, "asks the same and says as much", line_of):
        if not _is_filled(gap, rules[numbers[0]], rules):
            yield mistake


def _is_filled(gap: _Days, alike: OwnerRule, rules: Sequence[OwnerRule]) -> bool:
    """Whether other rules say for certain, on all days of a gap, what the rules around it say."""
    others = [rule for rule in rules if _fits_all_of(rule, alike)]
    return not any(
        _left_over(gap, (_days(rule) for rule in others if _always_says(rule, dimension)))
        for dimension in alike.dimensions
    )


def _versions_of_pools(shared: Sequence[SharedSettings], line_of: LineOf) -> Iterator[Mistake]:
    """Versions of one pool whose dates do not meet: a gap, or days that two of them claim."""
    for name in dict.fromkeys(pool.name for pool in shared):
        versions = sorted((_days(pool), ("shared", number)) for number, pool in enumerate(shared) if pool.name == name)
        yield from (mistake for mistake, _ in _gaps(versions, f"splits the same pool {name!r}", line_of))
        for (days, earlier), (following, later) in pairwise(versions):
            if following[0] < days[1]:
                both = _days_text((following[0], min(days[1], following[1])))
                yield Mistake(later, f"pool {name!r} is split twice {both}: line {line_of(earlier)} holds there, too")


def _gaps(stretches: Sequence[tuple[_Days, Location]], what: str, line_of: LineOf) -> Iterator[tuple[Mistake, _Days]]:
    """Days between the first of some stretches and the last that none of them holds; told where they end."""
    inner = (min(days[0] for days, _ in stretches), max(days[1] for days, _ in stretches))
    for gap in _left_over(inner, (days for days, _ in stretches)):
        before = next(place for days, place in stretches if days[1] == gap[0])
        after = next(place for days, place in stretches if days[0] == gap[1])
        told = Mistake(
            after,
            f"{what} as line {line_of(before)}, and their dates leave a gap: {_days_text(gap)}; "
            "let valid_from be the valid_to of the other",
        )
        yield told, gap


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
    """Such as `2026-03-01 to 2026-03-31`; what has no first or no last day is `until` or `from` the other."""
    first, last = days[0], days[1] - timedelta(days=1)
    if first == date.min:
        return f"until {last}"
    if days[1] == date.max:
        return f"from {first} on"
    return f"{first}" if first == last else f"{first} to {last}"
