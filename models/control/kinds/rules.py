"""Rules: from where on what is found of a kind is worth an alert, and the one way in which rules judge what is found.

Each kind has a rule of its own accord (`DEFAULTS`); outlay.yaml may put others in its place. What is found, and how it
is told, is in the module of the kind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TypeVar

import polars as pl

from models.control.conditions import AlertKey, Condition, Kind, Severity, Standing
from models.control.kinds.judged import Judged, found
from models.control.policy import Match

_Thing = TypeVar("_Thing")
Vendors = Mapping[str, str]
"""The vendor of each source that has one only, as charges name it: routes ask for it, whatever an issuer is called."""
NO_VENDORS: Vendors = MappingProxyType({})


@dataclass(frozen=True)
class Rule:
    """When conditions of one kind hold, for what `match` fits.

    `minimum` opens, and what is below `resolves_below` resolves; between them nothing changes. What they measure is the
    kind's: money in the condition's own currency, percent, or hours. `days_ahead`: so many days before, largest first.
    `severities`: of anomalies; none are all. `severity`: of every condition, whatever it would be by itself. `told`:
    its alerts that go on (`with_told`).
    """

    kind: Kind
    name: str
    match: Match = field(default_factory=Match)
    minimum: Decimal = Decimal(0)
    resolves_below: Decimal = Decimal(0)
    severities: tuple[str, ...] = ()
    days_ahead: tuple[int, ...] = ()
    severity: Severity | None = None
    told: frozenset[AlertKey] = frozenset()

    def standing(self, size: Decimal) -> Standing | None:
        """What `size` makes of it; None: it does not hold."""
        return "firing" if size >= self.minimum else "lingering" if size >= self.resolves_below else None


def _default(
    kind: Kind, minimum: int | str = 0, resolves_below: int | str = 0, days_ahead: tuple[int, ...] = ()
) -> Rule:
    return Rule(kind, kind, minimum=Decimal(minimum), resolves_below=Decimal(resolves_below), days_ahead=days_ahead)


DEFAULTS: Mapping[Kind, Rule] = {
    rule.kind: rule
    for rule in (
        _default("anomaly", 100, 50),
        _default("reconciliation", "0.1", "0.05"),
        _default("stale_source", 12),  # beside the day and a half after which every page says so
        _default("unpriced_usage", 1000, 500),
        _default("commitment_running_out", days_ahead=(30, 7)),
        _default("commitment_unused", 20, 15),
        _default("residency", 100, 1),
        _default("renewal", days_ahead=(60, 30, 7)),
    )
}
"""The rule of each kind that outlay.yaml says nothing of."""


def with_told(rules: Iterable[Rule], alerts: pl.DataFrame) -> list[Rule]:
    """The rules, each with those of its alerts in rows of `ops.alerts` that go on, whoever resolved them."""
    kinds = {kind: going_on(of_kind) for (kind,), of_kind in alerts.group_by("kind")}
    return [
        replace(rule, told=frozenset(key for key in kinds.get(rule.kind, ()) if key.rule == rule.name))
        for rule in rules
    ]


def going_on(alerts: pl.DataFrame) -> frozenset[AlertKey]:
    """Of rows of `ops.alerts` those that go on, whoever resolved them."""
    rows = alerts.filter((pl.col("state") != "resolved") | pl.col("is_firing"))
    return frozenset(AlertKey(*key) for key in rows.select("rule", "scope", "period", "threshold").iter_rows())


@dataclass(frozen=True)
class Candidate:
    """What holds by a rule, or not (`standing` None). The condition's own standing says nothing yet."""

    condition: Condition
    standing: Standing | None


def judge(
    rules: Sequence[Rule], things: Iterable[_Thing], tell: Callable[[_Thing, Rule], Iterable[Candidate]]
) -> dict[str, Judged]:
    """What came of each rule, by its name. A thing is judged by one rule, so that nothing is told twice: the one whose
    alert of it goes on, however its team or severity has changed since, else the first whose `match` fits it. `tell`
    says what of it may hold by a rule."""
    kept: dict[str, list[Condition]] = {rule.name: [] for rule in rules}
    for thing in things:
        name, candidates = _judging(rules, thing, tell)
        kept[name] += [replace(one.condition, standing=one.standing) for one in candidates if one.standing is not None]
    return {name: found(conditions) for name, conditions in kept.items()}


def _judging(
    rules: Sequence[Rule], thing: _Thing, tell: Callable[[_Thing, Rule], Iterable[Candidate]]
) -> tuple[str, list[Candidate]]:
    """The name of the rule that judges, and what it says of the thing."""
    for rule in rules:
        told = list(tell(thing, rule)) if rule.told else []
        if any(candidate.condition.key in rule.told for candidate in told):
            return rule.name, told
    for rule in rules:
        fitting = [candidate for candidate in tell(thing, rule) if rule.match.fits(candidate.condition)]
        if fitting:
            return rule.name, fitting
    return rules[0].name, []


FORESEEN = timedelta(days=31)
"""What is certain to hold within as long is told with the day; until then there will be another publication."""


def steps(
    rule: Rule, days_left: int, *, is_certain: bool = True, told: Collection[int] = ()
) -> list[tuple[int, Standing | None]]:
    """Each of the rule's `days_ahead`, and how it stands so many days before something.

    The nearest one that is reached fires; those before it linger: they stay where they were told, and are never told
    late. What is only foreseen may come and go: a step that was reached lingers for a quarter of it more, and while one
    that was `told` does, those before it are no news.
    """
    ahead = sorted(set(rule.days_ahead), reverse=True)
    lingers = {step: step + (0 if is_certain else max(3, step // 4)) for step in ahead}
    nearest = min((step for step in ahead if days_left <= (lingers[step] if step in told else step)), default=None)
    return [
        (
            step,
            None if days_left > lingers[step] else "firing" if step == nearest and days_left <= step else "lingering",
        )
        for step in ahead
    ]
