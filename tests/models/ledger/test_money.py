"""Amounts are exact from the vendor's text on: parsing, products, quotients, splitting."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import MoneyError
from models.ledger import money
from models.ledger.money import parse_money, parse_money_column, product, quotient, split
from models.table import MONEY

UNIT = Fraction(1, 10**12)
amounts = st.integers(-(10**25), 10**25).map(lambda units: Decimal(units).scaleb(-12))
wide = st.integers(-(10**38) + 1, 10**38 - 1).map(lambda units: Decimal(f"{units}E-12"))
positive = st.integers(0, 10**38 - 1).map(lambda units: Decimal(f"{units}E-12"))


def half_even(value: Fraction) -> Fraction:
    """To the nearest 1e-12, in Python's own rational arithmetic."""
    return round(value / UNIT) * UNIT


@pytest.mark.parametrize(
    ("text", "places_shift", "value", "taken"),
    [
        ("123.78912", -2, "1.2378912", "0"),  # Anthropic's own example, in cents
        ("12.50", 0, "12.5", "0"),  # OpenAI's amount.value as it arrives
        ("6.6e-05", 0, "0.000066", "0"),
        ("0.0000000000005", 0, "0", "0.0000000000005"),  # a tie goes to the even neighbour
        ("0.0000000000015", 0, "0.000000000002", "-0.0000000000005"),
        ("0.00012345678901234567890", 0, "0.000123456789", "1.234567890E-14"),  # Azure: up to 23 places
        ("-0.0000000000004", 0, "0", "-4E-13"),
        ("1e-999999", 0, "0", "1E-999999"),
        ("99999999999999999999999999.999999999999", 0, "99999999999999999999999999.999999999999", "0"),
        (" +5. ", 0, "5", "0"),
        (7, 0, "7", "0"),
        (Decimal("-1.10"), 0, "-1.1", "0"),
    ],
)
def test_an_amount_is_read_with_what_rounding_took(
    text: str | int | Decimal, places_shift: int, value: str, taken: str
) -> None:
    assert parse_money(text, places_shift) == (Decimal(value), Decimal(taken))


def test_nothing_is_not_minus_nothing() -> None:
    assert str(parse_money("-0.00")[0]) == "0E-12"


@pytest.mark.parametrize(
    "no_money",
    [1.5, True, None, "", "n/a", "NaN", "Infinity", "-inf", "1_000", "1,000", "٣", "$5", "0x10", "1e", "1e99999999999",
     "100000000000000000000000000", "99999999999999999999999999.9999999999995", "1" * 500, 10**26,
     Decimal("NaN"), Decimal("Infinity")],
)  # fmt: skip
def test_what_is_no_exact_money_is_refused(no_money: object) -> None:
    with pytest.raises(MoneyError, match="→"):
        parse_money(no_money)  # pyright: ignore[reportArgumentType]


def test_a_column_is_read_as_its_texts_one_by_one() -> None:
    texts = ["12.5", None, "-1e-13", "0.00000000000050000001", "-2.", "+00012"]
    values, taken = parse_money_column(pl.Series("amount", texts))
    one_by_one = [None if text is None else parse_money(text) for text in texts]
    assert values.dtype == MONEY
    assert values.to_list() == [each and each[0] for each in one_by_one]
    assert [took and Decimal(took) for took in taken] == [each and each[1] for each in one_by_one]


def test_a_column_of_cents_is_shifted() -> None:
    values, taken = parse_money_column(pl.Series(["123.45", "1"]), places_shift=-2)
    assert values.to_list() == [Decimal("1.2345"), Decimal("0.01")]
    assert taken.to_list() == ["0", "0"]


def test_a_column_with_one_bad_text_names_it() -> None:
    with pytest.raises(MoneyError, match="12,50"):
        parse_money_column(pl.Series(["12.50", "12,50"]))


def test_an_empty_column_of_money() -> None:
    values, taken = parse_money_column(pl.Series([], dtype=pl.String))
    assert (values.dtype, len(values), len(taken)) == (MONEY, 0, 0)


@settings(max_examples=40)
@given(wide)
def test_every_amount_that_fits_survives_its_own_text(amount: Decimal) -> None:
    assert parse_money(str(amount)) == (amount, 0)
    assert parse_money_column(pl.Series([str(amount)]))[0].to_list() == [amount]


@settings(max_examples=40)
@given(amounts, st.integers(-(10**24), 10**24).map(lambda units: Decimal(units).scaleb(-12)))
def test_a_product_is_the_exact_one_rounded_once(left: Decimal, right: Decimal) -> None:
    frame = pl.DataFrame({"left": [left], "right": [right]}, schema={"left": MONEY, "right": MONEY})
    exact = half_even(Fraction(left) * Fraction(right))
    if abs(exact) >= 10**26:
        with pytest.raises(pl.exceptions.PolarsError, match="overflow"):
            frame.select(product(pl.col("left"), pl.col("right")))
    else:
        assert Fraction(frame.select(product(pl.col("left"), pl.col("right"))).item()) == exact


@settings(max_examples=40)
@given(amounts, amounts)
def test_a_quotient_is_the_exact_one_rounded_once(left: Decimal, right: Decimal) -> None:
    frame = pl.DataFrame({"left": [left], "right": [right]}, schema={"left": MONEY, "right": MONEY})
    if right and abs(Fraction(left) / Fraction(right)) >= 10**26 - 1:
        return
    found = frame.select(quotient(pl.col("left"), pl.col("right"))).item()
    assert (found is None) if not right else (Fraction(found) == half_even(Fraction(left) / Fraction(right)))


def test_ties_of_products_and_quotients_go_to_the_even_neighbour() -> None:
    unit, halves = Decimal("1E-12"), [Decimal(text) for text in ("0.5", "1.5", "2.5", "-0.5", "-1.5", "-2.5")]
    frame = pl.DataFrame({"unit": [unit] * 6, "half": halves}, schema={"unit": MONEY, "half": MONEY})
    assert frame.select(product(pl.col("unit"), pl.col("half"))).to_series().to_list() == [
        Decimal(units).scaleb(-12) for units in (0, 2, 2, 0, -2, -2)
    ]
    thirds = pl.DataFrame({"one": [Decimal(1), Decimal("5E-12")], "by": [Decimal(3), Decimal(2)]}).cast(MONEY)
    assert thirds.select(quotient(pl.col("one"), pl.col("by"))).to_series().to_list() == [
        Decimal("0.333333333333"),
        Decimal("2E-12"),
    ]


def test_dividing_by_nothing_says_nothing() -> None:
    frame = pl.DataFrame({"cost": [Decimal(1), Decimal(1)], "by": [Decimal(0), Decimal(4)]}).cast(MONEY)
    assert frame.select(quotient(pl.col("cost"), pl.col("by"))).to_series().to_list() == [None, Decimal("0.25")]


def test_a_dollar_over_three_goes_to_the_first_by_the_last_unit() -> None:
    third = Decimal("0.333333333333")
    assert split(Decimal(1), [Decimal(1)] * 3) == [third + Decimal("1E-12"), third, third]
    assert split(Decimal(-1), [Decimal(1)] * 3) == [-third - Decimal("1E-12"), -third, -third]


def test_no_weight_at_all_is_an_equal_split_and_a_zero_weight_gets_nothing() -> None:
    assert split(Decimal(3), [Decimal(0)] * 3) == [Decimal(1)] * 3
    assert split(Decimal("1E-12"), [Decimal(0), Decimal(5), Decimal(5)]) == [0, Decimal("1E-12"), 0]


def test_twenty_years_of_days_are_split_in_the_time_of_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights are summed once, not once a weight: 7,305 days took seconds, a mistyped year never ended."""
    summed: list[int] = []

    def counted(numbers: Iterable[int]) -> int:
        read = list(numbers)
        summed.append(len(read))
        return sum(read)

    monkeypatch.setattr(money, "sum", counted, raising=False)
    assert len(split(Decimal(1), [Decimal(1)] * 7305)) == 7305
    assert sum(summed) <= 3 * 7305


@pytest.mark.parametrize("weights", [[], [Decimal(1), Decimal(-1)]])
def test_what_cannot_be_split_is_refused(weights: list[Decimal]) -> None:
    with pytest.raises(MoneyError):
        split(Decimal(1), weights)


@settings(max_examples=40)
@given(wide, st.lists(positive, min_size=1, max_size=8))
def test_shares_sum_exactly_and_none_is_a_unit_away_from_its_due(total: Decimal, weights: list[Decimal]) -> None:
    shares = split(total, weights)
    assert sum(map(Fraction, shares)) == Fraction(total)
    whole = sum(map(Fraction, weights))
    for share, weight in zip(shares, weights, strict=True):
        due = Fraction(total) * (Fraction(weight) / whole if whole else Fraction(1, len(weights)))
        assert abs(Fraction(share) - due) < UNIT
