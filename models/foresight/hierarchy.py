"""Forecasts that add up: a total and its vendors, teams, components, models or keys; a vendor and its SKUs.

Forecasts made one by one do not sum. Each parent is told twice, by its own forecast and by the sum of its children, and
both are combined by how sure they are (weights 1/variance, Bates & Granger 1969; reconciliation with structural
variances, Wickramasuriya et al. 2019). What a child then is off its parent's sum is spread over the children by their
variance, never below zero where a child cannot be, and rounded to cents by largest remainder: on each day Σ children
= parent to the cent, and so it is for every sum of days. How series are forecast does not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.errors import OutlayError
from models.foresight.intervals import KINSHIP

CENTS = 100


@dataclass(frozen=True)
class Partition:
    """The children that together are the parent, every part of it once, by one dimension."""

    parent: str
    dimension: str
    children: tuple[str, ...]


def reconcile(
    names: Sequence[str],
    values: np.ndarray,
    deviations: np.ndarray,
    floors: np.ndarray,
    partitions: Sequence[Partition],
) -> np.ndarray:
    """(n, horizon) cents (Int64) that add up over every partition on every day.

    `values` (n, horizon) are forecasts in money, NaN for a series of which nothing is known: it stays out of sums, and
    its cents are 0. `deviations` (n, horizon) are what each may be off, `floors` (n) what it may not go below (0 or
    −∞). A parent may have several partitions; children may be parents. OutlayError where a series is a child twice
    or part of itself, or a partition names a series that is not forecast.
    """
    place = {name: at for at, name in enumerate(names)}
    order = _from_the_top(partitions, place)
    known = np.isfinite(values)
    best = np.where(known, values, 0.0)
    variance = np.where(known, np.square(np.maximum(deviations, 1e-9)), 0.0)
    for parent, dimensions in reversed(order):
        _combine(place[parent], [_places(part, place) for part in dimensions], best, variance)
    floor = np.where(np.isfinite(floors), floors, -np.inf)[:, None]
    cents = np.rint(np.maximum(best, floor) * CENTS).astype(np.int64)
    for parent, dimensions in order:
        for part in dimensions:
            children = _places(part, place)
            children = children[known[children].any(axis=1)]
            if len(children):
                whole = cents[place[parent]]
                spread = _spread(best[children] * CENTS, variance[children], floor[children], whole)
                cents[children] = _whole_cents(spread, whole)
    return cents


def _from_the_top(partitions: Sequence[Partition], place: Mapping[str, int]) -> list[tuple[str, list[Partition]]]:
    """Parents with their partitions, each parent before those that are parts of it."""
    above: dict[str, str] = {}
    below: dict[str, list[Partition]] = {}
    for part in partitions:
        below.setdefault(part.parent, []).append(part)
        for child in part.children:
            if child in above:
                raise OutlayError(
                    f"{child} is a part of {above[child]} and of {part.parent}",
                    remedy="put each series under one parent, once",
                )
            above[child] = part.parent
        unknown = [name for name in (part.parent, *part.children) if name not in place]
        if unknown:
            raise OutlayError(
                f"{part.parent} by {part.dimension} names {unknown[0]}, which is not forecast",
                remedy="forecast it too, or leave it out of the partition",
            )
    order, waiting = [], [name for name in below if name not in above]
    while waiting:
        parent = waiting.pop(0)
        order.append((parent, below[parent]))
        waiting += [child for part in below[parent] for child in part.children if child in below]
    if len(order) < len(below):
        circle = next(name for name in below if name not in {parent for parent, _ in order})
        raise OutlayError(f"{circle} is a part of itself", remedy="name parents before their parts, in no circle")
    return order


def _places(part: Partition, place: Mapping[str, int]) -> np.ndarray:
    return np.array([place[child] for child in part.children], dtype=np.int64)


def _combine(parent: int, dimensions: list[np.ndarray], best: np.ndarray, variance: np.ndarray) -> None:
    """The parent's forecast together with the mean of what its dimensions sum to, in place.

    Errors of children go together by KINSHIP. Dimensions sum the same money in other ways, so that more of them are no
    further evidence: their mean counts once.
    """
    told = [children for children in dimensions if variance[children].any()]
    if not told:
        return
    sums = np.mean([best[children].sum(axis=0) for children in told], axis=0)
    apart = np.mean([variance[children].sum(axis=0) for children in told], axis=0)
    together = np.mean([np.square(np.sqrt(variance[children]).sum(axis=0)) for children in told], axis=0)
    of_sums = np.maximum((1 - KINSHIP) * apart + KINSHIP * together, 1e-18)
    if not variance[parent].any():
        best[parent], variance[parent] = sums, of_sums
        return
    own = np.maximum(variance[parent], 1e-18)
    best[parent] = (best[parent] / own + sums / of_sums) / (1 / own + 1 / of_sums)
    variance[parent] = 1 / (1 / own + 1 / of_sums)


def _spread(amounts: np.ndarray, variance: np.ndarray, floor: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Amounts (children, horizon) moved to sum to `whole` (horizon), the difference by variance, floors kept.

    What floors keep one child from taking is taken by the others; where all are at their floor, the parent is too.
    """
    out = np.maximum(amounts, floor)
    room = np.ones_like(out, dtype=bool)
    for _ in range(len(out) + 1):
        missing = whole - out.sum(axis=0)
        share = np.where(room, variance, 0.0)
        total = share.sum(axis=0)
        even = room.sum(axis=0)
        share = np.where(total > 0, share / np.where(total > 0, total, 1.0), room / np.maximum(even, 1))
        moved = out + share * missing
        out = np.maximum(moved, floor)
        room &= moved > floor
        if (moved >= floor).all() or not room.any():
            break
    return out


def _whole_cents(amounts: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Amounts in cents as integers that sum to `whole` exactly: the largest remainders get the cents left over."""
    down = np.floor(amounts)
    left = whole - down.sum(axis=0).astype(np.int64)
    rank = np.argsort(np.argsort(-(amounts - down), axis=0, kind="stable"), axis=0, kind="stable")
    each, more = np.divmod(left, len(amounts))
    return down.astype(np.int64) + each + (rank < more)
