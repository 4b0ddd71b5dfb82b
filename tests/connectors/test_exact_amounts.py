"""Floats of an export are read as the numbers that their texts write, however they are read."""

from decimal import Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from connectors.exports.amounts import with_exact_amounts

PRICES = st.decimals(min_value=-3000, max_value=3000, places=10, allow_nan=False)
QUANTITIES = st.integers(min_value=-(10**15), max_value=10**15)
ANY = st.floats(min_value=-1e20, max_value=1e20, allow_nan=False)


@given(st.lists(st.one_of(PRICES.map(float), QUANTITIES.map(float), ANY, st.none()), min_size=1, max_size=40))
def test_a_float_is_the_number_that_its_text_writes(values):
    floats, found = with_exact_amounts(pl.DataFrame({"c": values}, schema={"c": pl.Float64}), "a", ["c"])
    texts = pl.DataFrame({"c": pl.Series(values, dtype=pl.Float64).cast(pl.String)})
    as_text, told = with_exact_amounts(texts, "a", ["c"])
    assert floats["c"].to_list() == as_text["c"].to_list()
    assert found == told


def test_amounts_as_bills_have_them():
    frame = pl.DataFrame({"c": [0.1, 0.0000001234, 1.6823086974, 123456789.25, -2.5e-7, None, float("nan")]})
    exact, found = with_exact_amounts(frame, "a", ["c"])
    written = ["0.1", "0.0000001234", "1.6823086974", "123456789.25", "-0.00000025", None, None]
    assert exact["c"].to_list() == [None if text is None else Decimal(text) for text in written]
    assert [finding.kind for finding in found] == ["nan_amounts"]


def test_a_number_of_more_places_is_rounded_once_and_told():
    exact, found = with_exact_amounts(pl.DataFrame({"c": [0.1234567890123456]}), "a", ["c"])
    assert exact["c"].to_list() == [Decimal("0.123456789012")]
    assert [finding.kind for finding in found] == ["rounded_amounts"]
