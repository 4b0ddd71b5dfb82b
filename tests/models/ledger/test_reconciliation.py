"""Reported against computed: each event of the make-believe organisation, with the reason worked out by hand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from models.errors import OutlayError
from models.ledger.billing import settle
from models.ledger.money import constant, product
from models.ledger.reconciliation import RECONCILIATION, reconcile

DAY = datetime(2026, 9, 10, tzinfo=UTC)
LATER = DAY + timedelta(days=10)
PRICES = {"input": "2.5", "cache_read": "1.25", "output": "10"}
"""Dollars per million tokens in a price book of one model; batch is half, geography us a tenth more."""


def by_hand(readings):
    """A rating of three prices, for what a line would cost otherwise."""
    price = pl.col("meter").replace_strict(PRICES, default=None, return_dtype=pl.String).cast(pl.Decimal(38, 12))
    tier = pl.when(pl.col("processing_tier") == "batch").then(constant("0.5")).otherwise(constant("1"))
    geography = pl.when(pl.col("inference_geo") == "us").then(constant("1.1")).otherwise(constant("1"))
    millions = product(pl.col("quantity"), constant("0.000001"))
    priced = pl.col("processing_tier").is_in(["standard", "batch"])
    return readings.with_columns(
        contracted_cost=pl.when(priced).then(product(product(product(millions, price), tier), geography))
    )


@pytest.fixture
def reconciled(bill_frame, rated_frame):
    def make(lines, readings=(), *, as_of=LATER, rate=by_hand):
        settled = settle(bill_frame(*lines), rated_frame(*readings), as_of=as_of)
        rows = RECONCILIATION.check(reconcile(settled, rate=rate))
        assert rows["reported"].sum() == settled.lines["amount"].sum()
        return rows

    return make


@pytest.fixture
def reason(reconciled):
    """The one reason of one line and its readings."""
    return lambda a_line, *readings, **options: reconciled([a_line], readings, **options)["reason"].to_list()[0]


class TestReasons:
    def test_none_where_both_agree(self, reason, line, reading):
        assert reason(line("2.5"), reading()) is None

    def test_none_where_only_our_own_last_place_differs(self, reason, line, reading):
        assert reason(line("2.500000000001"), reading()) is None

    def test_rounding_of_six_places(self, reason, line, reading):
        """123,457 tokens at 2.5 the million are 0.3086425; the vendor says 0.308643."""
        assert reason(line("0.308643"), reading(123_457)) == "rounding"

    def test_rounding_of_cents(self, reason, line, reading):
        assert reason(line("0.31"), reading(123_457)) == "rounding"

    def test_cached_tokens_billed_as_input(self, reason, line, reading):
        assert reason(line("2.5", meter="cache_read"), reading(price="1.25", meter="cache_read")) == "cache"

    def test_batch_billed_as_standard(self, reason, line, reading):
        assert reason(line("2.5"), reading(price="1.25", processing_tier="batch")) == "tier"

    def test_another_geography(self, reason, line, reading):
        assert reason(line("2.75"), reading()) == "geography"

    def test_an_unannounced_price(self, reason, line, reading):
        assert reason(line("2.9"), reading()) == "price"

    def test_without_rating_anew_it_is_a_matter_of_price(self, reason, line, reading):
        assert reason(line("2.75"), reading(), rate=None) == "price"

    def test_an_estimated_price_explains_nothing(self, reason, line, reading):
        assert reason(line("2.9"), reading(price_status="estimated")) == "unknown"

    def test_the_vendor_tells_of_its_discount(self, reason, line, reading):
        assert reason(line("2", list_amount=Decimal("2.5")), reading()) == "discount"

    def test_more_on_the_bill_than_was_metered(self, reason, line, reading):
        stated = line("5", quantity=Decimal(2000), quantity_unit="1000_tokens")
        assert reason(stated, reading()) == "missing usage"

    def test_less_on_the_bill_than_was_metered(self, reason, line, reading):
        assert reason(line("1", quantity=Decimal(400_000), quantity_unit="tokens"), reading()) == "missing bill"

    def test_less_on_the_bill_of_a_day_that_is_not_settled(self, reason, line, reading):
        assert reason(line("1"), reading(), as_of=DAY + timedelta(days=1, hours=6)) == "late"

    def test_another_currency(self, reason, line, reading):
        assert reason(line("2.5", currency="EUR"), reading()) == "currency"

    @pytest.mark.parametrize(
        ("amount", "category", "expected"),
        [("-5", "Credit", "credit"), ("5", "Tax", "tax"), ("5", "Usage", "missing usage")],
    )
    def test_lines_alone(self, reason, line, amount, category, expected):
        assert reason(line(amount, charge_category=category)) == expected


def test_two_lines_of_one_key_are_compared_together(reconciled, line, reading):
    """6 and 4 billed for usage computed at 10: no difference, nothing missing."""
    rows = reconciled([line("4", line_id="a"), line("6", line_id="b")], [reading(4_000_000)])
    said = rows.select("line_id", "match", "reported", "computed", "difference", "reason").rows()
    assert said == [("b", "matched", 10, 10, 0, None)]


def test_one_ratio_over_a_whole_day_is_a_discount(reconciled, line, reading):
    lines = [line("2.25"), line("9", meter="output"), line("0.9", model="gpt-4o-mini")]
    readings = [reading(), reading(price="10", meter="output"), reading(price="1", model="gpt-4o-mini")]
    assert reconciled(lines, readings, rate=None)["reason"].to_list() == ["discount"] * 3
    assert (
        reconciled([*lines[:2], line("0.8", model="gpt-4o-mini")], readings, rate=None)["reason"].to_list()
        == ["price"] * 3
    )


def test_an_unpriced_model_has_no_difference_and_no_reason(reconciled, line, reading):
    rows = reconciled([line("7")], [reading(price=None)])
    assert rows.select("match", "reported", "computed", "difference", "reason").rows() == [
        ("matched", Decimal(7), None, Decimal(0), None)
    ]


def test_usage_without_a_bill_is_one_row_a_day_and_thing(reconciled, reading):
    hours = [
        reading(100_000, "2.5", window_start=DAY + timedelta(hours=n), window_end=DAY + timedelta(hours=n + 1))
        for n in range(3)
    ]
    rows = reconciled([], hours)
    assert rows.select("match", "window_start", "computed", "difference", "reason", "quantity").rows() == [
        ("unmatched_usage", DAY, Decimal("0.75"), Decimal("-0.75"), "missing bill", Decimal(300_000))
    ]


def test_a_rate_function_that_reorders_is_refused(reconciled, line, reading):
    readings = [reading(), reading(5, price="10", meter="output")]
    with pytest.raises(OutlayError, match="other rows"):
        reconciled([line("9", meter=None)], readings, rate=lambda rows: by_hand(rows).reverse())
