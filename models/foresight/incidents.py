"""Incidents: which episodes of different series show one event, and which of them names it.

A runaway key shows in its model, its team, its vendor and in the total; it must be told, and its money counted, once.
How an episode is found belongs to `anomalies`; why it happened is told by `root_cause`.

What decides is money. Of the deviation of a series on the days of its episode, how much lies in the rows that another
series has as well? If so much does that the rest deviates at most half as steeply as the whole, then the other series
explains it: three quarters of the total's surplus in a key that has a hundredth of its cost. The episode that explains
others and that none explains is the *head*. A part that merely moves with its whole (a SKU of that key) is the same
event, not its cause.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import product

import numpy as np
import numpy.typing as npt
import polars as pl

RANK: Mapping[str, int] = {
    name: place for place, name in enumerate(("key", "model", "sku", "component", "team", "vendor", "total"))
}
"""Of series with the same rows, which names the event: who ran it up, and with what, before who answers for it."""

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in RANK},
    "sku": ("vendor", "sku"),
    "total": (),
}
"""The columns of costs in which a series of each dimension has its value; a SKU is one within its vendor."""

HISTORY = timedelta(days=28)
"""What a series used to cost is told by the four weeks before the episode, weekday by weekday."""

_MOST = 0.5
"""The part of a deviation that must lie in other rows, and how much less than it the rest may then deviate at most."""
_ALL_BUT = 0.025
"""Small change, that decides nothing."""
_LIKE_ITS_WHOLE = 2.0
"""A part whose cost changed at most so many times as steeply as that of its whole moves along with it."""
_CENT = 0.01
_AT_ONCE = 10_000
"""Pairs of episodes whose days are compared at a time: some two million rows."""

Column = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def incidents(episodes: pl.DataFrame, costs: pl.DataFrame) -> pl.DataFrame:
    """`anomaly_id`, `incident_id` and `is_head` of each episode; the incident has the id of its head.

    `episodes`: `anomaly_id`, `dimension`, `vendor`, `value`, `currency`, `first_day`, `last_day`, `impact` (its sign
    is its direction). `costs`: `day` (Date), `currency`, a text column for each of vendor, team, component, model, key
    and sku (null is a value of its own), and `cost` (Float64), from HISTORY before the first episode on. Episodes of
    one incident are of one currency, go in one direction and have days in common.
    """
    ordered = episodes.sort("currency", "first_day", "anomaly_id").with_row_index("place")
    heads = (
        np.arange(ordered.height) if costs.is_empty() or ordered.is_empty() else _heads(_Shares.of_all(ordered, costs))
    )
    return _told(ordered, heads)


def _told(ordered: pl.DataFrame, heads: Places) -> pl.DataFrame:
    named = ordered["anomaly_id"].gather(heads)
    return ordered.select("anomaly_id", incident_id=named, is_head=pl.col("anomaly_id") == named).sort("anomaly_id")


@dataclass(frozen=True)
class _Shares:
    """Pairs of episodes whose series have rows in common: what of the episode `of` lies in the series of `place`.

    `of_deviation` of what the episode cost more or less than usual; zero where direction differs. `of_usual` of what
    its series usually cost on such days. `narrower`: whether the series of `place` costs less than that of `of`; of two
    with the same rows it is the one with the better name. `wider`: the opposite. `within`: whether most days of `of`
    are days of `place`, too. Of each episode by itself: its `position` from the narrowest, `own` deviation, and `lift`,
    by how much of the usual cost it deviated.
    """

    place: Places
    of: Places
    of_deviation: Column
    of_usual: Column
    narrower: Flags
    wider: Flags
    within: Flags
    position: Places
    own: Column
    lift: Column

    @classmethod
    def of_all(cls, episodes: pl.DataFrame, costs: pl.DataFrame) -> _Shares:
        count = episodes.height
        numbers = _compared(episodes, costs).to_numpy().T
        place, of = (numbers[row].astype(np.int64) for row in (0, 1))
        usual, deviation = numbers[2], numbers[3] - numbers[2]
        deviation = np.where(deviation * _direction(episodes)[of] < 0, 0.0, deviation)
        own_usual, own = np.zeros(count), np.zeros(count)
        itself = place == of
        own_usual[of[itself]], own[of[itself]] = usual[itself], deviation[itself]
        has_cost = own_usual > _CENT
        of_deviation = np.divide(deviation, own[of], out=np.zeros_like(usual), where=own[of] != 0)
        position = _position(episodes, costs)
        return cls(
            place=place,
            of=of,
            of_deviation=of_deviation,
            # of what is new every part is new: it explains nothing
            of_usual=np.divide(usual, own_usual[of], out=of_deviation.copy(), where=has_cost[of]),
            narrower=position[place] < position[of],
            wider=position[place] > position[of],
            within=_within(episodes, place, of),
            position=position,
            own=np.abs(own),
            lift=np.divide(np.abs(own), own_usual, out=np.full(count, np.inf), where=has_cost),
        )


def _direction(episodes: pl.DataFrame) -> Column:
    return np.sign(episodes["impact"].cast(pl.Float64).to_numpy())


def _within(episodes: pl.DataFrame, place: Places, of: Places) -> Flags:
    first, last = (episodes[name].to_physical().to_numpy() for name in ("first_day", "last_day"))
    common = np.minimum(last[place], last[of]) - np.maximum(first[place], first[of]) + 1
    return common >= _MOST * (last - first + 1)[of]


def _position(episodes: pl.DataFrame, costs: pl.DataFrame) -> Places:
    """From the series that costs least in all the days of `costs`; of those that cost the same, by the better name."""
    size = np.zeros(episodes.height)
    for dimension, columns in _COLUMNS.items():
        named = episodes.filter(pl.col("dimension") == dimension).select("place", "currency", **_values(dimension))
        whole = costs.group_by("currency", *columns).agg(pl.col("cost").sum())
        met = named.join(whole, on=["currency", *columns], nulls_equal=True)
        size[met["place"].to_numpy()] = met["cost"].to_numpy()
    rank = episodes["dimension"].replace_strict(RANK, return_dtype=pl.Int64).to_numpy()
    # six places: sums of the same rows may differ in the last digit
    return np.lexsort((np.arange(len(size)), rank, size.round(6))).argsort()


def _values(dimension: str) -> dict[str, pl.Expr]:
    """Where an episode says what its series has in each of its columns of costs."""
    return {name: pl.col("value" if name == dimension else "vendor") for name in _COLUMNS[dimension]}


def _compared(episodes: pl.DataFrame, costs: pl.DataFrame) -> pl.DataFrame:
    """`place`, `of`, what the rows of both usually cost on the days of `of`, and what they did cost.

    Of all that may be one event, each way round and each with itself: they have rows and days in common, and one
    direction. Only those are ever put side by side, and so many at a time, that there may be many thousands.
    """
    cells: dict[frozenset[str], pl.DataFrame] = {}
    parts: list[pl.DataFrame] = []
    for one, other in product(episodes["dimension"].unique().sort(), repeat=2):
        columns = frozenset((*_COLUMNS[one], *_COLUMNS[other]))
        if columns not in cells:
            cells[columns] = costs.group_by("currency", "day", *columns).agg(pl.col("cost").sum())
        pairs = _pairs(episodes, one, other, cells[columns].select("currency", *columns).unique())
        some = (pairs.slice(start, _AT_ONCE) for start in range(0, max(1, pairs.height), _AT_ONCE))
        each = (part.join(cells[columns], on=["currency", *columns], nulls_equal=True) for part in some)
        parts.extend(_by_weekday(met) for met in each)
    told = pl.concat(parts).with_columns(before=_usual(pl.lit(costs["day"].min())) * _such_days())
    return told.group_by("place", "of", maintain_order=True).agg(pl.col("before", "now").sum())


def _pairs(episodes: pl.DataFrame, one: str, other: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Pairs of episodes of these dimensions, with the values of the `rows` that both have."""
    told, of = (
        episodes.filter(pl.col("dimension") == dimension).select(
            "currency",
            pl.col("place").alias(place),
            pl.col("impact").cast(pl.Float64).sign().alias("direction"),
            pl.col("first_day").alias(f"first{suffix}"),
            pl.col("last_day").alias(f"last{suffix}"),
            **_values(dimension),
        )
        for dimension, place, suffix in ((one, "place", "_of_place"), (other, "of", ""))
    )
    met = told.join(rows, on=["currency", *_COLUMNS[one]], nulls_equal=True)
    both = met.join(of, on=["currency", "direction", *_COLUMNS[other]], nulls_equal=True)
    common = (pl.col("first_of_place") <= pl.col("last")) & (pl.col("first") <= pl.col("last_of_place"))
    return both.filter(common).drop("direction", "first_of_place", "last_of_place").sort("of", "place")


def _by_weekday(met: pl.DataFrame) -> pl.DataFrame:
    """`place`, `of`, `weekday`, what it cost `now` and the costs that are `told` of HISTORY, the largest first."""
    within = met.filter(pl.col("day") >= pl.col("first") - HISTORY, pl.col("day") <= pl.col("last"))
    is_before = pl.col("day") < pl.col("first")
    return within.group_by("place", "of", "first", "last", weekday=pl.col("day").dt.weekday()).agg(
        told=pl.col("cost").filter(is_before).sort(descending=True), now=pl.col("cost").filter(~is_before).sum()
    )


def _usual(first_known: pl.Expr) -> pl.Expr:
    """The median of the weekday in HISTORY, as far as anything is known; days that are not told cost nothing."""
    days = pl.min_horizontal(pl.lit(HISTORY.days), (pl.col("first") - first_known).dt.total_days())
    ago = (pl.col("first").dt.weekday() - pl.col("weekday") + 6) % 7 + 1
    count = ((days - ago) // 7 + 1).clip(lower_bound=0)
    low, high = (
        pl.col("told").list.get(place.clip(lower_bound=0), null_on_oob=True).fill_null(0.0)
        for place in ((count - 1) // 2, count // 2)
    )
    return pl.when(count > 0).then((low + high) / 2).otherwise(0.0)


def _such_days() -> pl.Expr:
    """How many days of the weekday the episode has."""
    days = (pl.col("last") - pl.col("first")).dt.total_days() + 1
    ahead = (pl.col("weekday") - pl.col("first").dt.weekday() + 7) % 7
    return ((days - ahead + 6) // 7).clip(lower_bound=0)


def _heads(shares: _Shares) -> Places:
    """The place of the head of each episode's incident."""
    rest_deviates, rest_is = 1 - shares.of_deviation, 1 - shares.of_usual
    explains = shares.narrower & (rest_deviates <= _MOST * rest_is + _ALL_BUT)
    heads = _followed(_best(shares, explains, (rest_is - rest_deviates).round(2)))
    heads = _followed(_moving_along(heads, shares)[heads])
    return _followed(_told_by_several(heads, shares)[heads])


def _best(shares: _Shares, allowed: Flags, worth: Column) -> Places:
    """Of each episode the allowed place that is worth most, of equals the narrower; itself where none is."""
    place, of = shares.place[allowed], shares.of[allowed]
    order = np.lexsort((shares.position[place], -worth[allowed], of))
    best = np.arange(len(shares.position))
    whose, first = np.unique(of[order], return_index=True)
    best[whose] = place[order][first]
    return best


def _followed(towards: Places) -> Places:
    """Each place's last: where it leads to, where that leads to, and so on. Narrower always, so there is an end."""
    for _ in range(len(towards)):
        further = towards[towards]
        if (further == towards).all():
            break
        towards = further
    return towards


def _moving_along(heads: Places, shares: _Shares) -> Places:
    """Where heads go that are a part of a wider episode, on its days, and changed no more steeply: to its head.

    Only to one that deviated by more, so that no two go to each other.
    """
    place, of = shares.place, shares.of
    is_head = heads == np.arange(len(heads))
    is_alike = shares.lift[of] <= _LIKE_ITS_WHOLE * shares.lift[place]
    is_part = shares.wider & shares.within & (shares.of_deviation >= _MOST) & is_alike
    is_less = shares.own[heads][place] > shares.own[of]
    return heads[_best(shares, is_head[of] & is_part & is_less, shares.of_deviation)]


def _told_by_several(heads: Places, shares: _Shares) -> Places:
    """Heads that several narrower heads explain together: they show these events, and are no event of their own."""
    place, of = shares.place, shares.of
    is_head = heads == np.arange(len(heads))
    parts = is_head[place] & is_head[of] & shares.narrower & (shares.of_deviation > shares.of_usual)
    sums = np.bincount(of, np.where(parts, shares.of_deviation, 0.0), minlength=len(heads))
    return _best(shares, parts & (sums >= _MOST)[of], shares.of_deviation)
