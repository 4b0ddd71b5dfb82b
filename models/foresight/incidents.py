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

Matrix = npt.NDArray[np.float64]
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
    heads = np.arange(ordered.height) if costs.is_empty() or ordered.is_empty() else _heads(_Shares.of(ordered, costs))
    return _told(ordered, heads)


def _told(ordered: pl.DataFrame, heads: Places) -> pl.DataFrame:
    named = ordered["anomaly_id"].gather(heads)
    return ordered.select("anomaly_id", incident_id=named, is_head=pl.col("anomaly_id") == named).sort("anomaly_id")


@dataclass(frozen=True)
class _Shares:
    """What of each episode lies in the rows of another series: [series, episode].

    `of_deviation` of what the episode cost more or less than usual; zero where days or direction differ. `of_usual` of
    what its series usually cost on such days. `lift`: by how much of the usual cost it deviated. `narrower`: whether
    the series costs less; of two with the same rows it is the one with the better name. `within`: whether most days of
    the episode are days of the other one, too. `own`: the deviation itself.
    """

    of_deviation: Matrix
    of_usual: Matrix
    lift: Matrix
    narrower: Flags
    within: Flags
    own: Matrix

    @classmethod
    def of(cls, episodes: pl.DataFrame, costs: pl.DataFrame) -> _Shares:
        count = episodes.height
        usual, deviation = np.zeros((count, count)), np.zeros((count, count))
        place, of, before, now = _compared(_pairs(episodes), costs).to_numpy().T
        at = place.astype(np.int64), of.astype(np.int64)
        usual[at], deviation[at] = before, now - before
        deviation[deviation * _direction(episodes)[None, :] < 0] = 0.0
        own_usual, own = np.diagonal(usual), np.diagonal(deviation)
        has_cost = own_usual > _CENT
        of_deviation = np.divide(deviation, own, out=np.zeros_like(usual), where=own != 0)
        return cls(
            of_deviation=of_deviation,
            # of what is new every part is new: it explains nothing
            of_usual=np.divide(usual, own_usual, out=of_deviation.copy(), where=has_cost),
            lift=np.divide(np.abs(own), own_usual, out=np.full(count, np.inf), where=has_cost),
            narrower=_narrower(episodes, costs),
            within=_within(episodes),
            own=np.abs(own),
        )


def _direction(episodes: pl.DataFrame) -> Matrix:
    return np.sign(episodes["impact"].cast(pl.Float64).to_numpy())


def _within(episodes: pl.DataFrame) -> Flags:
    first, last = (episodes[name].to_physical().to_numpy() for name in ("first_day", "last_day"))
    common = np.minimum(last[:, None], last[None, :]) - np.maximum(first[:, None], first[None, :]) + 1
    return common >= _MOST * (last - first + 1)[None, :]


def _narrower(episodes: pl.DataFrame, costs: pl.DataFrame) -> Flags:
    """[i, j]: the series of i cost less than that of j in all the days of `costs`; or the same, with a better name."""
    size = np.zeros(episodes.height)
    for dimension, columns in _COLUMNS.items():
        named = episodes.filter(pl.col("dimension") == dimension).select("place", "currency", **_values(dimension))
        whole = costs.group_by("currency", *columns).agg(pl.col("cost").sum())
        met = named.join(whole, on=["currency", *columns], nulls_equal=True)
        size[met["place"].to_numpy()] = met["cost"].to_numpy()
    rank = episodes["dimension"].replace_strict(RANK, return_dtype=pl.Int64).to_numpy()
    # six places: sums of the same rows may differ in the last digit
    order = np.lexsort((np.arange(len(size)), rank, size.round(6)))
    position = order.argsort()
    return position[:, None] < position[None, :]


def _values(dimension: str, suffix: str = "") -> dict[str, pl.Expr]:
    """Where an episode says what its series has in each of its columns of costs."""
    return {name: pl.col(f"value{suffix}" if name == dimension else f"vendor{suffix}") for name in _COLUMNS[dimension]}


def _pairs(episodes: pl.DataFrame) -> pl.DataFrame:
    """Whatever may be one event, each way round and each with itself: `place` against the episode `of`."""
    told = episodes.select(
        "place", "dimension", "vendor", "value", "currency", "first_day", "last_day",
        direction=pl.col("impact").cast(pl.Float64).sign(),
    )  # fmt: skip
    return told.join(
        told.rename({name: f"{name}_of" for name in told.columns if name not in ("currency", "direction")}),
        on=["currency", "direction"],
    ).filter(pl.col("first_day") <= pl.col("last_day_of"), pl.col("first_day_of") <= pl.col("last_day"))


def _compared(pairs: pl.DataFrame, costs: pl.DataFrame) -> pl.DataFrame:
    """`place`, `of`, what the rows of both usually cost on the days of `of`, and what they did cost."""
    cells: dict[frozenset[str], pl.DataFrame] = {}
    parts: list[pl.DataFrame] = []
    for one, other in product(_COLUMNS, repeat=2):
        met = _of_dimensions(pairs, one, other)
        columns = frozenset((*_COLUMNS[one], *_COLUMNS[other]))
        if columns not in cells and met.height:
            cells[columns] = costs.group_by("currency", "day", *columns).agg(pl.col("cost").sum())
        if met.height:
            parts.append(_by_weekday(met.join(cells[columns], on=["currency", *columns], nulls_equal=True)))
    told = pl.concat(parts).with_columns(before=_usual(pl.lit(costs["day"].min())) * _such_days())
    return told.group_by("place", "of", maintain_order=True).agg(pl.col("before", "now").sum())


def _of_dimensions(pairs: pl.DataFrame, one: str, other: str) -> pl.DataFrame:
    """Pairs of these dimensions with what both have in the columns of costs.

    Two of one dimension share rows only where they are the same series; two of different vendors share none.
    """
    own, of = _values(one), _values(other, "_of")
    agree = [own[name].eq_missing(of[name]) for name in own.keys() & of.keys()]
    return pairs.filter(
        pl.col("dimension") == one, pl.col("dimension_of") == other, pl.all_horizontal(pl.lit(value=True), *agree)
    ).select("place", "currency", of="place_of", first="first_day_of", last="last_day_of", **{**own, **of})


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
    # of the same rows the narrower by name
    gain = (rest_is - rest_deviates).round(2) + 1e-6 * shares.narrower.sum(axis=1)[:, None]
    heads = _followed(_best(explains, gain))
    heads = _followed(_moving_along(heads, shares)[heads])
    return _followed(_told_by_several(heads, shares)[heads])


def _best(allowed: Flags, worth: Matrix) -> Places:
    """For each column the allowed row that is worth most; itself where none is."""
    places = np.arange(allowed.shape[0])
    best = np.where(allowed, worth, -np.inf).argmax(axis=0)
    return np.where(allowed.any(axis=0), best, places)


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
    is_head = heads == np.arange(len(heads))
    is_alike = shares.lift[None, :] <= _LIKE_ITS_WHOLE * shares.lift[:, None]
    is_part = shares.narrower.T & shares.within & (shares.of_deviation >= _MOST) & is_alike
    is_less = shares.own[heads][:, None] > shares.own[None, :]
    return heads[_best(is_head[None, :] & is_part & is_less, shares.of_deviation)]


def _told_by_several(heads: Places, shares: _Shares) -> Places:
    """Heads that several narrower heads explain together: they show these events, and are no event of their own."""
    is_head = heads == np.arange(len(heads))
    gain = shares.of_deviation - shares.of_usual
    parts = is_head[:, None] & is_head[None, :] & shares.narrower & (gain > 0)
    explained = np.where(parts, shares.of_deviation, 0.0).sum(axis=0) >= _MOST
    return _best(parts & explained[None, :], shares.of_deviation)
