"""Chance is fixed by its parts, and whole numbers are split without losing one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.simulator.draws import apportion, between, draw, happens, identifier, largest_remainder


def test_remainders_go_to_the_largest_first_and_ties_to_the_earlier() -> None:
    # 10 over 1:1:1 is 3 each and one left; 0.1 of each is a tie, the first gets it
    assert largest_remainder(10, [1, 1, 1]) == [4, 3, 3]
    # 100 over 3:3:1 = 42.86, 42.86, 14.29: the two larger remainders get the two that are left
    assert largest_remainder(100, [3, 3, 1]) == [43, 43, 14]
    assert largest_remainder(-100, [3, 3, 1]) == [-43, -43, -14]
    assert largest_remainder(7, [0, 0]) == [7, 0]


@given(st.integers(-(10**18), 10**18), st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_a_split_sums_to_the_whole_and_is_within_one_of_fair(total: int, weights: list[int]) -> None:
    parts = largest_remainder(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    if whole:
        assert all(abs(part * whole - total * weight) < whole for part, weight in zip(parts, weights, strict=True))


@given(st.integers(0, 10**15), st.lists(st.integers(0, 1000), min_size=1, max_size=60).filter(any))
def test_hours_sum_to_their_day(total: int, weights: list[int]) -> None:
    parts = apportion(total, weights)
    assert sum(parts) == total
    assert all(part >= 0 for part in parts)


def test_chance_is_the_same_in_every_version() -> None:
    # sha256("a\x1f1"), its first eight bytes, worked out with sha256sum
    assert draw("a", 1) == 0x839E11A421D370BE
    assert draw("a", 1) != draw("a1")
    assert 3 <= between(3, 5, "x") <= 5
    assert happens(1000, "x")
    assert not happens(0, "x")
    assert len(identifier("key_", 16, "x")) == 20
