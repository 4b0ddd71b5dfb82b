"""Cuboids: all rows that share the values of one, two or three dimensions, such as team=search & region=us.

Which there are, which rows they hold, and which say nothing new. What they explain belongs to `root_cause`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log

import numpy as np
import numpy.typing as npt

LARGEST = 3
"""Dimensions of a cuboid at most: who reads four conditions in one sentence?"""

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cuboids:
    """Every cuboid of a set of rows that is the shortest name of its rows.

    A partition is a set of dimensions; it puts each row into one cuboid. Cuboids are numbered through, partition after
    partition, in the order of dimensions, fewest dimensions first.
    """

    partitions: list[tuple[int, ...]]
    """The dimensions of each partition, by their place."""
    groups: list[Integers]
    """Per partition: the number of the cuboid that each row lies in."""
    first: Integers
    """Number of the first cuboid of each partition, and one more: how many cuboids there are."""
    telling: npt.NDArray[np.bool_]
    """Whether a cuboid is neither all rows nor another name, of as many dimensions or fewer, for the same rows."""
    length: Floats
    """What it costs to say which cuboid is meant, in nats: of so many partitions of this size, of so many values."""

    def sums(self, amounts: Floats) -> Floats:
        """The amounts of rows, added up per cuboid."""
        return np.concatenate(
            [
                np.bincount(group - start, amounts, minlength=end - start).astype(np.float64, copy=False)
                for group, start, end in zip(self.groups, self.first[:-1], self.first[1:], strict=True)
            ]
        )

    def partition_of(self, cuboid: int) -> int:
        return int(np.searchsorted(self.first, cuboid, side="right")) - 1

    def dimensions(self, cuboid: int) -> tuple[int, ...]:
        return self.partitions[self.partition_of(cuboid)]

    def holds(self, cuboid: int) -> npt.NDArray[np.bool_]:
        """Whether each row lies in the cuboid."""
        return self.groups[self.partition_of(cuboid)] == cuboid


def cuboids(codes: Sequence[Integers]) -> Cuboids:
    """The cuboids of rows whose values are given per dimension as numbers from 0.

    A partition as fine as one of fewer dimensions is left out: where each model has one vendor, vendor & model says
    no more than model, and vendor & model & team no more than model & team. No table of hierarchies is needed.
    """
    found: dict[tuple[int, ...], tuple[Integers, int]] = {}
    for size in range(1, LARGEST + 1):
        for partition in combinations(range(len(codes)), size):
            told = _divided(partition, codes, found)
            if told is not None:
                found[partition] = told
    partitions = list(found)
    first = np.cumsum([0, *(count for _, count in found.values())])
    groups = [group + start for (group, _), start in zip(found.values(), first[:-1], strict=True)]
    return Cuboids(partitions, groups, first, _telling(groups, first), _lengths(partitions, first))


def _divided(
    partition: tuple[int, ...], codes: Sequence[Integers], found: dict[tuple[int, ...], tuple[Integers, int]]
) -> tuple[Integers, int] | None:
    """The cuboid of each row and how many there are; None where fewer dimensions divide the rows as finely."""
    if len(partition) == 1:
        code = codes[partition[0]]
        return code, int(code.max()) + 1
    coarser = [found.get(fewer) for fewer in combinations(partition, len(partition) - 1)]
    known = [each for each in coarser if each is not None]
    if len(known) < len(coarser):
        return None
    parent = found[partition[:-1]]
    last = found[partition[-1:]]
    numbers = parent[0] * last[1] + last[0]
    group, count = _numbered(numbers, parent[1] * last[1])
    return None if any(count == each[1] for each in known) else (group, count)


def _numbered(numbers: Integers, below: int) -> tuple[Integers, int]:
    """The numbers as 0, 1, 2 … in their order; without sorting where a table of them is no larger than the data."""
    if below <= 4 * len(numbers) + 1024:
        present = np.bincount(numbers, minlength=below) > 0
        place = np.cumsum(present) - 1
        return place[numbers], int(place[-1]) + 1
    values, group = np.unique(numbers, return_inverse=True)
    return group.astype(np.int64), len(values)


def _telling(groups: list[Integers], first: Integers) -> npt.NDArray[np.bool_]:
    """Equal sets of rows are found by the sum of a random number per row; the first name stays."""
    rows = len(groups[0])
    marks = np.random.default_rng(0).integers(0, 2**62, rows).astype(np.uint64)
    every = int(first[-1])
    sums = np.zeros(every, dtype=np.uint64)
    sizes = np.zeros(every, dtype=np.int64)
    for group in groups:
        np.add.at(sums, group, marks)
        sizes += np.bincount(group, minlength=every)
    _, named = np.unique(sums, return_index=True)
    telling = np.zeros(every, dtype=np.bool_)
    telling[named] = True
    return telling & (sizes < rows)


def _lengths(partitions: list[tuple[int, ...]], first: Integers) -> Floats:
    of_size = [sum(len(each) == size for each in partitions) for size in range(LARGEST + 1)]
    counts = np.diff(first)
    nats = [log(of_size[len(each)]) + log(count) for each, count in zip(partitions, counts, strict=True)]
    return np.repeat(np.array(nats), counts)
