"""Every group of a frame is split as `money.split` would split it alone."""

from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import MoneyError
from models.ledger.money import split
from models.ledger.splitting import split_within
from models.table import MONEY

SCHEMA = {"line": pl.String, "amount": MONEY, "weight": MONEY}


def lines(*rows: tuple[str | None, object, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def shares(frame: pl.DataFrame) -> list[Decimal]:
    return split_within(frame, total="amount", weight="weight", by=["line"])["share"].to_list()


def test_groups_that_lie_mixed_are_split_apart_and_rows_keep_their_order() -> None:
    frame = lines(
        ("credit", Decimal(-1), Decimal(1)),
        ("usage", Decimal(10), Decimal(3)),
        ("credit", Decimal(-1), Decimal(1)),
        (None, Decimal("1E-12"), Decimal(0)),
        ("usage", Decimal(10), Decimal(1)),
        ("credit", Decimal(-1), Decimal(1)),
        (None, Decimal("1E-12"), Decimal(0)),
    )
    third = Decimal("-0.333333333333")
    assert shares(frame) == [
        third - Decimal("1E-12"),
        Decimal("7.5"),
        third,
        Decimal("1E-12"),
        Decimal("2.5"),
        third,
        Decimal(0),
    ]


def test_no_rows_give_no_shares() -> None:
    assert shares(lines()) == []


@pytest.mark.parametrize(
    "bad",
    [
        lines(("a", Decimal(1), Decimal(-1))),
        lines(("a", Decimal(1), None)),
        lines(("a", None, Decimal(1))),
        lines(("a", Decimal(1), Decimal(1)), ("a", Decimal(2), Decimal(1))),
    ],
    ids=["negative weight", "unknown weight", "unknown total", "two totals"],
)
def test_what_is_no_split_is_refused(bad: pl.DataFrame) -> None:
    with pytest.raises(MoneyError):
        shares(bad)


units = st.integers(-(10**37), 10**37).map(lambda value: Decimal(f"{value}E-12"))
weights = st.one_of(st.just(Decimal(0)), st.integers(0, 10**27).map(lambda value: Decimal(f"{value}E-12")))
groups = st.lists(st.tuples(units, st.lists(weights, min_size=1, max_size=4)), min_size=1, max_size=4)


@settings(max_examples=40)
@given(groups)
def test_a_frame_is_split_like_each_of_its_groups(each: list[tuple[Decimal, list[Decimal]]]) -> None:
    rows = [(str(place), total, weight) for place, (total, ws) in enumerate(each) for weight in ws]
    alone = [share for total, ws in each for share in split(total, ws)]
    assert shares(lines(*rows)) == alone


@settings(max_examples=40)
@given(units, st.lists(st.integers(10**34, 10**36).map(lambda value: Decimal(f"{value}E-12")), min_size=1, max_size=5))
def test_weights_too_wide_to_be_exact_still_sum_exactly(total: Decimal, wide: list[Decimal]) -> None:
    found = shares(lines(*(("a", total, weight) for weight in wide)))
    assert sum(map(Fraction, found)) == Fraction(total)
    for share, weight in zip(found, wide, strict=True):
        due = Fraction(total) * Fraction(weight) / sum(map(Fraction, wide))
        assert abs(Fraction(share) - due) <= abs(Fraction(total)) * Fraction(1, 10**20) + Fraction(2, 10**12)
