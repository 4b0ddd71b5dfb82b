"""Two reports of the same usage, joined so that neither loses a token."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from connectors.anthropic.margins import Joined, join_margins

CELLS = st.lists(
    st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from(["x", "y", "z", "", None]), st.integers(0, 10**12)),
    max_size=12,
)


def join(totals: list[tuple[str | None, str | None, int]], parts: list[tuple[str | None, str | None, int]]) -> Joined:
    left = pl.DataFrame(totals, schema={"group": pl.String, "geo": pl.String, "count": pl.Int64}, orient="row")
    right = pl.DataFrame(parts, schema={"group": pl.String, "key": pl.String, "count": pl.Int64}, orient="row")
    return join_margins(left, right, on=["group"])


def sums(rows: list[tuple[str | None, str | None, int]]) -> dict[tuple[str | None, str | None], int]:
    found: dict[tuple[str | None, str | None], int] = {}
    for group, cell, count in rows:
        if count:
            found[group, cell] = found.get((group, cell), 0) + count
    return found


def margin(joined: Joined, cell: str) -> dict[tuple[str | None, str | None], int]:
    return sums(joined.rows.select("group", cell, "count").rows())


def test_one_side_with_a_single_cell_is_exact() -> None:
    joined = join([("a", "us", 10)], [("a", "k1", 4), ("a", "k2", 6)])
    assert joined.rows.rows() == [("a", "us", "k1", 4, "exact"), ("a", "us", "k2", 6, "exact")]


def test_two_by_two_is_apportioned_along_the_north_west_corner() -> None:
    # Totals lie on [0,10) and [10,15), parts on [0,8) and [8,15): three overlaps.
    joined = join([("a", "eu", 10), ("a", "us", 5)], [("a", "k1", 8), ("a", "k2", 7)])
    assert joined.rows.rows() == [
        ("a", "eu", "k1", 8, "apportioned"),
        ("a", "eu", "k2", 2, "apportioned"),
        ("a", "us", "k2", 5, "apportioned"),
    ]


def test_what_nobody_used_is_kept_without_a_key() -> None:
    joined = join([("a", "us", 10)], [("a", "k1", 4)])
    assert joined.rows.rows() == [("a", "us", "k1", 4, "exact"), ("a", "us", None, 6, "none")]
    assert (joined.rest, joined.excess) == (6, 0)


def test_a_key_that_the_vendor_reports_as_null_is_exact_all_the_same() -> None:
    assert join([("a", "us", 10)], [("a", None, 10)]).rows.rows() == [("a", "us", None, 10, "exact")]


def test_what_exceeds_the_totals_is_left_out_and_counted() -> None:
    joined = join([("a", "us", 10)], [("a", "k1", 8), ("a", "k2", 4), ("z", "k1", 1)])
    assert joined.rows["count"].sum() == 10
    assert joined.rows["attribution"].to_list() == ["apportioned", "apportioned"]
    assert (joined.rest, joined.excess) == (0, 3)


@given(CELLS, CELLS)
def test_totals_are_always_kept_and_parts_as_far_as_totals_reach(
    totals: list[tuple[str | None, str | None, int]], parts: list[tuple[str | None, str | None, int]]
) -> None:
    joined = join(totals, parts)
    assert margin(joined, "geo") == sums(totals)
    attributed = Joined(joined.rows.filter(pl.col("attribution") != "none"), 0, 0)
    wanted, got = sums(parts), margin(attributed, "key")
    assert sum(wanted.values()) - sum(got.values()) == joined.excess
    assert all(got[cell] <= wanted[cell] for cell in got)
    assert joined.rows.filter(pl.col("attribution") == "none")["count"].sum() == joined.rest
    assert (joined.rows["count"] > 0).all()


@given(CELLS, st.randoms())
def test_equal_sums_keep_both_margins_in_whatever_order_rows_come(
    totals: list[tuple[str | None, str | None, int]], shuffler: object
) -> None:
    parts = [(group, f"key of {cell}", count) for group, cell, count in reversed(totals)]
    joined = join(totals, parts)
    assert margin(joined, "geo") == sums(totals)
    assert margin(joined, "key") == sums(parts)
    assert (joined.rest, joined.excess) == (0, 0)
    mixed = list(totals)
    shuffler.shuffle(mixed)  # pyright: ignore
    assert join(mixed, parts).rows.equals(joined.rows)
