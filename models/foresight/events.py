"""Known future events: what a launch, migration, price change, contract step or end does to a forecast.

An event states its effect on the level of a series from a day on: a factor (price or volume) or an amount per day, in
full at once or over a ramp, for good or until a day. That level is a function of the day, before the origin as after
it, so one rule serves past and future and nothing is applied twice: *the history is restated to the effect of the
origin, and a day ahead moves from there to its own effect.* A past event thus shifts the days before it, which the
level methods still look back on, and no day ahead; once they see only days after it, it changes nothing. An event that
only now ends is taken out again.

Several events are taken in the order of their days, percentages before amounts of the same day, whatever order they are
told in: a percentage is of what began before it. An amount that is taken away is taken from each earlier day in
proportion, so that none falls below nothing; one that is added is added to each alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

import numpy as np

from models.errors import OutlayError
from models.foresight.panel import Panel

Key = Mapping[str, str]
"""What a series is of: dimension -> value; empty for the total."""


class Kind(StrEnum):
    LAUNCH = "launch"
    MIGRATION = "migration"
    PRICE_CHANGE = "price_change"
    CONTRACT_STEP = "contract_step"
    END = "end"


@dataclass(frozen=True)
class Event:
    """One known event. Exactly one of `price_pct`, `change_pct` (both %, relative) and `amount_per_day` (the series'
    currency) is given, except that an `end` may leave out all three: nothing is charged from that day on.

    `day` is the first day with an effect; over `ramp_days` it grows evenly to its full size; after `until` it is gone.
    """

    name: str
    kind: Kind
    day: date
    scope: Key = field(default_factory=dict[str, str])
    price_pct: float | None = None
    change_pct: float | None = None
    amount_per_day: float | None = None
    ramp_days: int = 0
    until: date | None = None

    def __post_init__(self) -> None:
        effects = [self.price_pct, self.change_pct, self.amount_per_day]
        stated = sum(effect is not None for effect in effects)
        if stated != 1 and not (self.kind is Kind.END and not stated):
            raise OutlayError(
                f"event {self.name} states {stated} effects",
                remedy="give exactly one of change_pct, price_pct and amount_per_day",
            )
        if min(self.price_pct or 0, self.change_pct or 0) < -100:
            raise OutlayError(f"event {self.name} takes away more than everything", remedy="give -100 or more percent")

    def strength(self, days: Sequence[date] | np.ndarray) -> np.ndarray:
        """How much of the effect each day has: 0 before, 1 in full."""
        told = np.asarray(days, dtype="datetime64[D]")
        since = (told - np.datetime64(self.day)).astype(np.float64)
        grown = np.clip((since + 1) / max(self.ramp_days, 1), 0.0, 1.0)
        over = False if self.until is None else told > np.datetime64(self.until)
        return np.where((since < 0) | over, 0.0, grown)

    def factor(self, days: Sequence[date] | np.ndarray) -> np.ndarray:
        """What each day's amount is multiplied by; 1 where the effect is an amount."""
        if self.amount_per_day is not None:
            return np.ones(len(days))
        percent = self.price_pct if self.price_pct is not None else self.change_pct
        return 1.0 + self.strength(days) * (-100.0 if percent is None else percent) / 100

    def amount(self, days: Sequence[date] | np.ndarray) -> np.ndarray:
        """What is added to each day, in the series' currency."""
        return self.strength(days) * (self.amount_per_day or 0.0)


@dataclass(frozen=True)
class Effects:
    """What events do to the series of a panel.

    `given` is the panel as it was, `history` restated to the events' effect of the origin; a day ahead is point ×
    `factor` + `amount`, both (n, horizon); `names` are the events that change a day of each series, before the origin
    or ahead; `unapplied` those that change none of any, with the reason.
    """

    given: Panel
    history: Panel
    factor: np.ndarray
    amount: np.ndarray
    names: list[tuple[str, ...]]
    unapplied: dict[str, str]


def effects(panel: Panel, horizon: int, events: Sequence[Event], keys: Mapping[str, Key]) -> Effects:
    """Events on the series that they concern, and by the same money on those that contain them.

    An event of scope S concerns a series whose key has all of S: a factor applies to it as it is, an amount only to the
    series whose key is S itself. Series that S has all the key of, and more (the total, for a team), move by the money
    that the series of S itself moves by; its point forecast is not known here, so its mean of the last 28 days stands
    for it. Other series are not touched: how much of another dimension an event concerns is not known.
    """
    n, days = panel.values.shape
    names: list[list[str]] = [[] for _ in range(n)]
    made = Effects(panel, panel, np.ones((n, horizon)), np.zeros((n, horizon)), [() for _ in range(n)], {})
    if panel.origin is None or not events:
        return replace(made, unapplied={event.name: "the history has no dates" for event in events})
    past = np.datetime64(panel.origin) - np.arange(days)[::-1]
    ahead = np.datetime64(panel.origin) + np.arange(1, horizon + 1)
    values = panel.values.copy()
    own, having = _by_item(panel.names, keys)
    for event in sorted(events, key=_in_order):
        exact, inside, around = _concerned(event, own, having)
        if not exact and (around or not inside):
            made.unapplied[event.name] = "no series of exactly its scope is forecast"
        move_past, move_ahead = np.zeros(days), np.zeros(horizon)
        for at in exact + inside:
            restated, ratio, added = _moved(event, values[at], past, ahead)
            if _changes(restated - values[at], ratio - 1, added):
                names[at].append(event.name)
            if at in exact:
                move_past += np.nan_to_num(restated - values[at])
                move_ahead += _recent_level(restated) * (ratio - 1) + added
            values[at] = restated
            made.factor[at] *= ratio
            made.amount[at] = made.amount[at] * ratio + added
        for at in around if exact and _changes(move_past, move_ahead) else []:
            values[at] += move_past
            made.amount[at] += move_ahead
            names[at].append(event.name)
    heard = [tuple(dict.fromkeys(each)) for each in names]
    history = Panel(panel.names, values, panel.origin, panel.step)
    return replace(made, history=history, names=heard, unapplied=_unheard(events, heard, made.unapplied))


def _in_order(event: Event) -> tuple[date, bool]:
    return event.day, event.amount_per_day is not None


def _unheard(events: Sequence[Event], heard: Sequence[tuple[str, ...]], told: Mapping[str, str]) -> dict[str, str]:
    """Events that change nothing, with what is told of them as the reason."""
    changing = {name for names in heard for name in names}
    return {
        event.name: told.get(event.name, "it changes no day of the history or the forecast")
        for event in events
        if event.name not in changing
    }


def _changes(*moves: np.ndarray) -> bool:
    """Whether any of them moves a day."""
    return any(np.abs(np.nan_to_num(move)).max(initial=0.0) > 0 for move in moves)


def _concerned(
    event: Event, own: Sequence[frozenset[tuple[str, str]]], having: Mapping[tuple[str, str] | None, list[int]]
) -> tuple[list[int], list[int], list[int]]:
    """Series of exactly the event's scope, those within it (none for an amount, which is not theirs), those around."""
    scope = frozenset(event.scope.items())
    near = sorted({at for item in (*scope, None) for at in having.get(item, ())})
    within = (near if scope else range(len(own))) if event.amount_per_day is None else ()
    return (
        [at for at in near if own[at] == scope],
        [at for at in within if own[at] > scope],
        [at for at in near if own[at] < scope],
    )


def _recent_level(values: np.ndarray) -> float:
    """Mean of what is known of the last four weeks; 0 where nothing is."""
    known = values[-28:][np.isfinite(values[-28:])]
    return float(known.mean()) if len(known) else 0.0


def _by_item(
    names: Sequence[str], keys: Mapping[str, Key]
) -> tuple[list[frozenset[tuple[str, str]]], dict[tuple[str, str] | None, list[int]]]:
    """The key of each series, and series by what they have in it, those of an empty one by None: of thousands few
    concern an event."""
    own = [frozenset(keys.get(name, {}).items()) for name in names]
    having: dict[tuple[str, str] | None, list[int]] = {}
    for at, items in enumerate(own):
        for item in items or (None,):
            having.setdefault(item, []).append(at)
    return own, having


def _moved(
    event: Event, values: np.ndarray, past: np.ndarray, ahead: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The history restated to the event's effect of the origin; from there factor and amount of each day ahead."""
    factor_past, factor_ahead = event.factor(past), event.factor(ahead)
    amount_past, amount_ahead = event.amount(past), event.amount(ahead)
    at_origin = factor_past[-1]
    # days on which an event took everything away cannot be restated; nor can a level of nothing be left again
    restated = values * np.where(factor_past > 0, at_origin / np.where(factor_past > 0, factor_past, 1.0), 1.0)
    restated = _level_moved(restated, amount_past)
    ratio = factor_ahead / at_origin if at_origin > 0 else np.ones(len(ahead))
    return restated, ratio, amount_ahead - amount_past[-1]


def _level_moved(values: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """The days as they would be with the amount of the last one: fewer in proportion, more alike."""
    started = int(np.argmax(amounts != 0))
    # the level without it: of the days before it, or if there are none of the last days
    level = _recent_level(values[:started]) if started else max(_recent_level(values) - amounts[-1], 0.0)
    before = level + amounts
    left = max(level + amounts[-1], 0.0) / np.where(before > 0, before, 1.0)
    return np.where((amounts[-1] < amounts) & (before > 0), values * left, values + amounts[-1] - amounts)
