"""The search behind `root_cause`: what each cuboid, and each pair of cuboids, explains of how rows moved.

The model is told in `root_cause`. Here are numbers only: rows as arrays, cuboids by their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.foresight.cuboids import Cuboids, Floats, Integers, cuboids

_FREEDOM = 3.0
"""Degrees of freedom of the noise: heavy tails, as costs have."""
_FARTHEST = 3.0
"""Logarithm of the largest ratio told apart, twentyfold; what is new or gone lies there."""
_LEAST_NOISE = 0.02
"""Scale of noise below which rows are not told apart: 2 %."""
_REST = 0.15
"""Scale of the logarithm of the ratio of all rows in no cause: expectations are right, but for some growth."""
_WORTH_NAMING = 0.05
"""Share of all movement below which a cause is hardly worth its name …"""
_FIRMNESS = 5.0
"""… and how firmly it is refused then, in nats per power of e."""
_SENTENCE = 0.05
"""Part of the money moved by two causes below which the smaller stays a candidate."""
_PROMISING = 12
"""Cuboids taken from each list of promising ones."""
_LEADS = 3
"""Single causes beside which a second one is looked for."""
_PAIRS = 30
"""Pairs taken from each list of promising ones."""
_FITS = 4
"""Rounds of reweighting; more change no answer."""
_AT_ONCE = 1_000_000
"""Weights of rows held in memory at once."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Suspect:
    """A cuboid that may be a cause: its dimensions by place, its rows, whether the best explanation names it."""

    dimensions: tuple[int, ...]
    holds: Flags
    probability: float
    is_cause: bool


@dataclass(frozen=True)
class _Fit:
    """Sets of cuboids fitted to all rows, one set per row of `ratios`: the rest's logarithm, then each cuboid's."""

    likelihood: Floats
    ratios: Floats
    scale: Floats


def suspects(codes: Sequence[Integers], actual: Floats, expected: Floats, most: int) -> list[Suspect]:
    """The cuboids that explain best why actual is not expected: causes first, `most` in all."""
    moved = _moved(actual, expected)
    known = cuboids(codes)
    search = _Search(known, moved, actual, expected)
    sets, worth = search.explanations()
    return _told(known, sets, worth, actual - expected, most)


def _moved(actual: Floats, expected: Floats) -> Floats:
    """The logarithm of actual ÷ expected, within the farthest; a credit that turns into a cost is as good as new."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(np.abs(actual)) - np.log(np.abs(expected))
    turned = np.sign(actual) * np.sign(expected) < 0
    ratio = np.where(turned, np.sign(actual) * _FARTHEST, ratio)
    return np.clip(np.where(actual == expected, 0.0, ratio), -_FARTHEST, _FARTHEST)


class _Search:
    """Promising cuboids first, by cheap sums over all; then exact fits of those, alone and in pairs."""

    def __init__(self, known: Cuboids, moved: Floats, actual: Floats, expected: Floats) -> None:
        self._known, self._moved = known, moved
        # no row grows or falls further than ratios are told apart
        self._history = np.maximum(np.abs(expected), np.abs(actual) * np.exp(-_FARTHEST))
        self._came = np.maximum(np.abs(actual), np.abs(expected) * np.exp(-_FARTHEST))
        self._sizes = known.sums(np.ones_like(moved))
        movement = np.abs(actual - expected).sum()
        share = np.abs(known.sums(actual - expected)) / movement if movement else np.zeros(len(self._sizes))
        unworthy = _FIRMNESS * np.log1p(_WORTH_NAMING / np.maximum(share, 1e-9))
        self._cost = known.length + 0.5 * np.log(len(moved)) + unworthy

    def explanations(self) -> tuple[list[tuple[int, ...]], Floats]:
        """Sets of no, one and two cuboids, and what each is worth in nats, nothing known being 0."""
        nothing = np.zeros((1, len(self._moved)))
        empty = self._fitted(nothing, nothing)
        found = list(dict.fromkeys(self._promising(self._moved - empty.ratios[0, 0], float(empty.scale[0]))))
        holds = self._holds(found)
        singles = self._fitted(holds, np.zeros_like(holds))
        beside = self._beside(found, holds, singles)
        more = self._holds(beside)
        found, holds = [*found, *beside], np.concatenate([holds, more])
        likelihood = np.concatenate([singles.likelihood, self._fitted(more, np.zeros_like(more)).likelihood])
        cost = self._cost[found]
        worth = likelihood - empty.likelihood[0] - cost
        least_noise = float(np.min([*empty.scale, *singles.scale]))
        first, second = self._pairs(found, holds, worth, least_noise)
        pairs = self._fitted(holds[first], holds[second])
        worth_of_pairs = pairs.likelihood - empty.likelihood[0] - cost[first] - cost[second]
        sets = [(), *((each,) for each in found), *((found[a], found[b]) for a, b in zip(first, second, strict=True))]
        return sets, np.concatenate([[0.0], worth, worth_of_pairs])

    def _beside(self, found: list[int], holds: Floats, singles: _Fit) -> list[int]:
        """Cuboids not yet found that are promising once one of the best single causes is taken into account."""
        leads = np.argsort(self._cost[found] - singles.likelihood, kind="stable")[:_LEADS]
        more: list[int] = []
        for lead in leads:
            rest = self._moved - singles.ratios[lead, 0] - singles.ratios[lead, 1] * holds[lead]
            more += self._promising(rest, float(singles.scale[lead]))
        return [each for each in dict.fromkeys(more) if each not in set(found)]

    def _holds(self, found: Sequence[int]) -> Floats:
        return np.array([self._known.holds(each) for each in found], dtype=np.float64).reshape(-1, len(self._moved))

    def _promising(self, rest: Floats, scale: float) -> list[int]:
        """Cuboids whose rows moved together: counting rows, the same without odd ones, and counting money."""
        sizes, rows = self._sizes, len(rest)
        outside = np.maximum(rows - sizes, 1)
        found: list[int] = []
        for limit in (np.inf, 3.0):
            odd = np.clip(rest / scale, -limit, limit)
            sums = self._known.sums(odd - odd.mean())
            found += self._best(sums**2 * rows / (sizes * outside) / 2 - self._cost)
        # as if each row were expected where the fit puts it
        fitted = self._history * np.exp(self._moved - rest)
        missed = self._known.sums(self._came - fitted)
        found += self._best(missed**2 / np.maximum(self._known.sums(self._history), 1e-12))
        return found

    def _best(self, promise: Floats) -> list[int]:
        promise = np.where(self._known.telling, promise, -np.inf)
        some = min(_PROMISING, len(promise) - 1)
        best = np.argpartition(-promise, some)[: some + 1]
        return [int(each) for each in best if np.isfinite(promise[each])]

    def _pairs(self, found: list[int], holds: Floats, worth: Floats, scale: float) -> tuple[Integers, Integers]:
        """Places of pairs worth an exact fit: those best by least squares, and those whose members are best."""
        first, second = np.triu_indices(len(found), 1)
        products = holds @ holds.T
        along = holds @ self._moved
        own, other, shared = products[first, first], products[second, second], products[first, second]
        independent = own * other - shared**2
        apart = independent > 1e-6 * own * other
        explained = along[first] ** 2 * other - 2 * along[first] * along[second] * shared + along[second] ** 2 * own
        squares = np.where(apart, explained / np.where(apart, independent, 1) / (2 * scale**2), -np.inf)
        cost = self._cost[found]
        lists = (squares - cost[first] - cost[second], np.where(apart, worth[first] + worth[second], -np.inf))
        chosen = [place for each in lists for place in np.argsort(-each, kind="stable")[:_PAIRS] if apart[place]]
        unique = np.array(list(dict.fromkeys(chosen)), dtype=np.int64)
        return first[unique], second[unique]

    def _fitted(self, own: Floats, other: Floats) -> _Fit:
        step = max(1, _AT_ONCE // len(self._moved))
        parts = [
            self._fit(own[start : start + step], other[start : start + step])
            for start in range(0, max(len(own), 1), step)
        ]
        return _Fit(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    def _fit(self, own: Floats, other: Floats) -> tuple[Floats, Floats, Floats]:
        """As `_fit` of rows, less the money that the fit misses inside and outside the cuboids, as multiples of what
        noise would come to: a single row that carries the change is no more likely than another, but it matters."""
        likelihood, ratios, scale = _fit(self._moved, own, other)
        fitted = self._history * np.exp(ratios[:, :1] + ratios[:, 1:2] * own + ratios[:, 2:] * other)
        missed, squares = self._came - fitted, fitted**2
        both = own * other
        outside = 1 - own - other + both
        for inside in (own, other, outside):
            noise = scale * np.sqrt(_dots(squares, inside)) + _LEAST_NOISE * _dots(fitted, inside)
            odd = np.abs(_dots(missed, inside)) / np.maximum(noise, 1e-12)
            likelihood = likelihood - np.where(odd <= 1, odd**2 / 2, odd - 0.5)
        return likelihood, ratios, scale


def _fit(moved: Floats, own: Floats, other: Floats) -> tuple[Floats, Floats, Floats]:
    """Likelihood, ratios (rest, own, other; logarithms) and scale of noise, by reweighted least squares.

    A row in both cuboids has both their ratios.
    """
    sets, rows = own.shape
    weights = np.ones((sets, rows))
    scale = np.full(sets, _LEAST_NOISE)
    both = own * other
    ratios, odd = np.zeros((sets, 3)), np.zeros((sets, rows))
    for _ in range(_FITS):
        normal, along = np.empty((sets, 3, 3)), np.empty((sets, 3))
        normal[:, 0, 0] = weights.sum(axis=1) + (scale / _REST) ** 2
        normal[:, 1, 1] = normal[:, 0, 1] = normal[:, 1, 0] = _dots(weights, own)
        normal[:, 2, 2] = normal[:, 0, 2] = normal[:, 2, 0] = _dots(weights, other)
        normal[:, 1, 2] = normal[:, 2, 1] = _dots(weights, both)
        normal[:, [1, 2], [1, 2]] += 1e-9
        weights *= moved
        along[:, 0], along[:, 1], along[:, 2] = weights.sum(axis=1), _dots(weights, own), _dots(weights, other)
        ratios = np.asarray(np.linalg.solve(normal, along[:, :, None])[:, :, 0], dtype=np.float64)
        missed = moved - ratios[:, :1] - ratios[:, 1:2] * own - ratios[:, 2:] * other
        middle = np.partition(np.abs(missed), rows // 2, axis=1)[:, rows // 2]
        scale = np.maximum(1.4826 * middle, _LEAST_NOISE)
        odd = (missed / scale[:, None]) ** 2
        weights = (_FREEDOM + 1) / (_FREEDOM + odd)
    likelihood = -rows * np.log(scale) - (_FREEDOM + 1) / 2 * np.log1p(odd / _FREEDOM).sum(axis=1)
    return likelihood - 0.5 * (ratios[:, 0] / _REST) ** 2, ratios, scale


def _dots(left: Floats, right: Floats) -> Floats:
    return np.einsum("sr,sr->s", left, right)


def _told(known: Cuboids, sets: list[tuple[int, ...]], worth: Floats, impact: Floats, most: int) -> list[Suspect]:
    """Causes by what they are worth alone, then the cuboids of the next best sets."""
    order = np.argsort(-np.round(worth, 9), kind="stable")
    best = _worth_a_sentence(known, sets[order[0]], impact)
    likely = np.exp(worth - worth[order[0]])
    alone = {each[0]: value for each, value in zip(sets, worth, strict=True) if len(each) == 1}
    ranked = list(dict.fromkeys([*sorted(best, key=lambda each: -alone[each]), *_next(sets, order, best)]))[:most]
    return [
        Suspect(
            known.dimensions(each),
            known.holds(each),
            float(likely[[each in named for named in sets]].sum() / likely.sum()),
            each in best,
        )
        for each in ranked
    ]


def _worth_a_sentence(known: Cuboids, best: tuple[int, ...], impact: Floats) -> tuple[int, ...]:
    """The cuboids that hold a fair part of the money which they move together."""
    if len(best) < 2:
        return best
    first, second = counted_once([known.holds(each) for each in best])
    moved = np.abs([impact[first].sum(), impact[second].sum()])
    return tuple(each for each, part in zip(best, moved, strict=True) if part >= _SENTENCE * moved.sum())


def counted_once(holds: Sequence[Flags]) -> list[Flags]:
    """The rows of one or two causes, best first, none twice: a shared row counts with the first, but where the second
    lies wholly within the first, with the second."""
    if len(holds) < 2:
        return list(holds)
    first, second = holds
    within = not (second & ~first).any()
    return [first & ~second, second] if within else [first, second & ~first]


def _next(sets: list[tuple[int, ...]], order: Integers, best: tuple[int, ...]) -> Iterator[int]:
    """Beside a single cause first what else would be named with it; then whatever the next best sets name."""
    if len(best) == 1:
        yield from next(
            ([*each] for each in (sets[place] for place in order) if len(each) == 2 and best[0] in each), []
        )
    for place in order:
        yield from sets[place]
