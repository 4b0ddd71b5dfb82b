"""Spreading bill lines over readings (rules of money, 6): worked examples, then properties."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.ledger.billing import independent_windows, settle

DAY = datetime(2026, 9, 10, tzinfo=UTC)
LATER = DAY + timedelta(days=10)
INPUTS = ("project_id", "api_key_id", "model", "meter", "processing_tier")


def shares(settlement):
    """What each paid reading was billed, by key and model."""
    rows = settlement.allocations.select("api_key_id", "model", "billed_cost").iter_rows()
    return {(key, model): cost for key, model, cost in rows}


class TestSpreading:
    def test_two_keys_share_a_line_by_contracted_cost_to_the_last_place(self, line, reading, rated_frame, bill_frame):
        """10.00 billed for usage that contracts at 2 and 1: two thirds and one third, summing to 10 exactly."""
        rated = rated_frame(reading(price="2"), reading(price="2", contracted="1", api_key_id="key_2"))
        settled = settle(bill_frame(line("10")), rated, as_of=LATER)
        assert shares(settled) == {
            ("key_1", "gpt-4o"): Decimal("6.666666666667"),
            ("key_2", "gpt-4o"): Decimal("3.333333333333"),
        }

    def test_one_unpriced_reading_makes_the_line_go_by_quantity(self, line, reading, rated_frame, bill_frame):
        rated = rated_frame(reading(3_000_000, "99"), reading(1_000_000, None, api_key_id="key_2"))
        settled = settle(bill_frame(line("8")), rated, as_of=LATER)
        assert shares(settled) == {("key_1", "gpt-4o"): Decimal(6), ("key_2", "gpt-4o"): Decimal(2)}

    def test_unpriced_usage_of_two_units_goes_by_blocks_of_the_price_list(self, line, reading, rated_frame, bill_frame):
        """2,000,000 tokens are 2 blocks and 3,000 searches are 3 blocks: 2 to 3."""
        rated = rated_frame(reading(2_000_000, None), reading(3_000, None, meter="web_searches", api_key_id="key_2"))
        settled = settle(bill_frame(line("5", meter=None)), rated, as_of=LATER)
        assert shares(settled) == {("key_1", "gpt-4o"): Decimal(2), ("key_2", "gpt-4o"): Decimal(3)}

    def test_usage_contracted_at_nothing_still_carries_what_is_billed_for_it(
        self, line, reading, rated_frame, bill_frame
    ):
        rated = rated_frame(reading(contracted="0"), reading(contracted="0", api_key_id="key_2"))
        settled = settle(bill_frame(line("3")), rated, as_of=LATER)
        assert set(shares(settled).values()) == {Decimal("1.5")}

    def test_free_usage_counts_and_committed_tiers_take_no_share(self, line, reading, rated_frame, bill_frame):
        claude = {"provider": "anthropic", "model": "claude-sonnet-4-5"}
        rated = rated_frame(
            reading(**claude),
            reading(price="0", api_key_id="free", **claude),
            reading(processing_tier="priority", api_key_id="committed", **claude),
            reading(0, api_key_id="nothing", **claude),
            reading(7, None, meter="requests", api_key_id="count", **claude),
        )
        settled = settle(bill_frame(line("3", meter=None, **claude)), rated, as_of=LATER)
        assert shares(settled) == {("key_1", "claude-sonnet-4-5"): Decimal(3)}
        assert sorted(settled.free["api_key_id"]) == ["count", "free", "nothing"]
        assert settled.unpaid.select("api_key_id", "kind", "reason").rows() == [("committed", "notional", "tier")]

    def test_openai_priority_is_billed_per_token_and_takes_its_share(self, line, reading, rated_frame, bill_frame):
        rated = rated_frame(reading(price="2"), reading(price="4", processing_tier="priority", api_key_id="key_2"))
        settled = settle(bill_frame(line("6")), rated, as_of=LATER)
        assert shares(settled) == {("key_1", "gpt-4o"): Decimal(2), ("key_2", "gpt-4o"): Decimal(4)}


class TestLinesAlone:
    @pytest.mark.parametrize(
        ("said", "reason"),
        [
            ({"amount": "-4"}, "credit"),
            ({"amount": "-4", "charge_category": "Credit", "model": None, "meter": None}, "credit"),
            ({"amount": "4", "charge_category": "Tax", "model": None, "meter": None}, "tax"),
            ({"amount": "4", "charge_category": "Adjustment"}, "unknown"),
            ({"amount": "4", "charge_category": "Purchase"}, "unknown"),
            ({"amount": "-4", "charge_category": "Adjustment"}, "credit"),
            ({"amount": "0", "project_id": "proj_b"}, None),
            ({"amount": "4", "project_id": "proj_b"}, "missing usage"),
            ({"amount": "4", "day": 1}, "missing usage"),
            ({"amount": "4", "account_id": "org-2"}, "missing usage"),
            ({"amount": "4", "model": None, "meter": None, "description": "Code Execution Usage"}, "missing usage"),
        ],
    )
    def test_a_line_that_pays_for_nothing_stands_alone(self, line, reading, rated_frame, bill_frame, said, reason):
        said = dict(said)
        settled = settle(bill_frame(line(said.pop("amount"), **said)), rated_frame(reading()), as_of=LATER)
        assert settled.unmatched["reason"].to_list() == [reason]
        assert settled.allocations.is_empty()
        assert settled.unpaid["reason"].to_list() == ["missing bill"]

    def test_a_line_for_free_usage_alone_disagrees_on_the_price(self, line, reading, rated_frame, bill_frame):
        settled = settle(bill_frame(line("4")), rated_frame(reading(price="0")), as_of=LATER)
        assert settled.unmatched["reason"].to_list() == ["price"]

    def test_usage_contracted_at_a_price_is_not_free_though_its_list_price_is_nothing(
        self, line, reading, rated_frame, bill_frame
    ):
        settled = settle(bill_frame(line("4")), rated_frame(reading(price="0", contracted="4")), as_of=LATER)
        assert settled.allocations["billed_cost"].to_list() == [Decimal(4)]
        assert settled.unmatched.is_empty()


class TestLinesOfOneKey:
    def test_they_pay_together_and_a_refund_stands_alone(self, line, reading, rated_frame, bill_frame):
        lines = bill_frame(
            line("4", line_id="a", description="flex", quantity=Decimal(4), quantity_unit="tokens", rounding="1E-13"),
            line("6", line_id="b", description="batch", quantity=Decimal(6), quantity_unit="tokens", rounding="2E-13"),
            line("-2", line_id="c"),
        )
        settled = settle(lines, rated_frame(reading(), reading(api_key_id="key_2")), as_of=LATER)
        assert settled.allocations["billed_cost"].to_list() == [Decimal(5), Decimal(5)]
        paying = settled.lines.row(by_predicate=pl.col("line_id") == "b", named=True)
        said = ("amount", "description", "quantity", "quantity_unit", "rounding")
        assert [paying[name] for name in said] == [10, "batch; flex", 10, "tokens", "3E-13"]
        assert settled.unmatched.select("line_id", "reason").rows() == [("c", "credit")]

    def test_what_only_one_of_them_says_is_not_said_of_both(self, line, reading, rated_frame, bill_frame):
        lines = bill_frame(
            line("4", line_id="a", quantity=Decimal(4), quantity_unit="tokens", list_amount=Decimal(5)),
            line("6", line_id="b", cost_status="invoiced"),
        )
        paying = settle(lines, rated_frame(reading()), as_of=LATER).lines.row(0, named=True)
        said = ("line_id", "cost_status", "quantity", "quantity_unit", "list_amount", "description")
        assert [paying[name] for name in said] == ["b", "provisional", None, None, None, None]

    def test_of_two_currencies_the_larger_pays_and_the_other_misses_no_usage(
        self, line, reading, rated_frame, bill_frame
    ):
        lines = bill_frame(line("1", line_id="a", currency="EUR"), line("5", line_id="b"), line("5", line_id="c"))
        settled = settle(lines, rated_frame(reading()), as_of=LATER)
        assert settled.allocations["billed_cost"].to_list() == [Decimal(10)]
        assert settled.unmatched.select("line_id", "reason").rows() == [("a", "unknown")]

    def test_without_usage_they_are_one_charge(self, line, rated_frame, bill_frame):
        settled = settle(bill_frame(line("4"), line("6")), rated_frame(), as_of=LATER)
        assert settled.unmatched.select("amount", "reason").rows() == [(10, "missing usage")]

    def test_a_line_of_nothing_that_says_more_leaves_the_usage_to_the_line_that_bills_it(
        self, line, reading, rated_frame, bill_frame
    ):
        lines = bill_frame(line("0", line_id="a", processing_tier="standard"), line("5", line_id="b"))
        rated = rated_frame(reading())
        settled = settle(lines, rated, as_of=LATER)
        assert settled.allocations["billed_cost"].to_list() == [Decimal(5)]
        assert settled.unmatched.select("line_id", "reason").rows() == [("a", None)]

    def test_a_line_of_nothing_pays_for_what_nothing_else_bills(self, line, reading, rated_frame, bill_frame):
        settled = settle(bill_frame(line("0")), rated_frame(reading()), as_of=LATER)
        assert settled.allocations["billed_cost"].to_list() == [Decimal(0)]
        assert settled.unpaid.is_empty()


class TestUnpaid:
    def test_what_may_still_be_billed_is_accrued_and_what_may_not_is_missing(self, reading, rated_frame, bill_frame):
        """Asked 49 hours after the first day ended and 25 hours after the second, with a lag of 48."""
        rated = rated_frame(reading(), reading(day=1))
        settled = settle(bill_frame(), rated, as_of=DAY + timedelta(days=3, hours=1))
        assert settled.unpaid.select("kind", "reason").rows() == [("notional", "missing bill"), ("accrued", "late")]


def test_days_that_one_line_spans_are_settled_together(line, bill_frame):
    lines = bill_frame(line("1"), line("9", day=1, window_end=DAY + timedelta(days=3)), line("1", day=3))
    days = [DAY + timedelta(days=n) for n in range(4)]
    assert independent_windows(lines, days) == [
        (days[0], days[1]),
        (days[1], days[3]),
        (days[3], days[3] + timedelta(days=1)),
    ]


_AMOUNTS = st.decimals(min_value=-100, max_value=100, places=12, allow_nan=False)
_LINES = st.lists(
    st.fixed_dictionaries(
        {
            "amount": _AMOUNTS.map(str),
            "day": st.integers(0, 2),
            "project_id": st.sampled_from(["proj_a", "proj_b", None]),
            "api_key_id": st.sampled_from(["key_1", None]),
            "model": st.sampled_from(["gpt-4o", "gpt-4o-2024-08-06", None]),
            "meter": st.sampled_from(["input", "output", None]),
            "processing_tier": st.sampled_from(["batch", None, None]),
            "charge_category": st.sampled_from(["Usage", "Usage", "Usage", "Credit", "Tax"]),
        }
    ),
    max_size=8,
)
_READINGS = st.lists(
    st.fixed_dictionaries(
        {
            "tokens": st.integers(0, 5_000_000),
            "price": st.sampled_from(["2.5", "2.5", "0", None]),
            "day": st.integers(0, 2),
            "project_id": st.sampled_from(["proj_a", "proj_b"]),
            "api_key_id": st.sampled_from(["key_1", "key_2", None]),
            "model": st.sampled_from(["gpt-4o", "gpt-4o-2024-08-06"]),
            "meter": st.sampled_from(["input", "output", "requests"]),
            "processing_tier": st.sampled_from(["standard", "batch"]),
        }
    ),
    max_size=12,
)


class TestProperties:
    @settings(max_examples=40, deadline=None)
    @given(said_lines=_LINES, said_readings=_READINGS)
    def test_nothing_is_lost_made_or_paid_twice(
        self, line, reading, rated_frame, bill_frame, said_lines, said_readings
    ):
        lines = bill_frame(*(line(**said) for said in said_lines))
        rated = rated_frame(*(reading(**said, price_model="gpt-4o") for said in said_readings)).with_columns(
            user_id=pl.int_range(pl.len()).cast(pl.String)
        )
        settled = settle(lines, rated, as_of=LATER)

        paid = settled.allocations.group_by("line").agg(pl.col("billed_cost").sum())
        spread = settled.lines.join(paid, on="line")
        assert spread["billed_cost"].equals(spread["amount"])
        assert sorted([*spread["line"], *settled.unmatched["line"]]) == list(range(settled.lines.height))
        assert settled.lines["amount"].sum() == lines["amount"].sum()

        kept = (settled.allocations, settled.unpaid, settled.free)
        assert sorted(user for frame in kept for user in frame["user_id"]) == sorted(rated["user_id"])

        exempt = (pl.col("list_unit_price") == 0) | (pl.col("quantity") == 0) | (pl.col("meter") == "requests")
        assert settled.allocations.filter(exempt).is_empty()
        assert settled.allocations.filter(pl.col("billed_cost") < 0).is_empty()

        both = settled.allocations.join(settled.lines, on="line", suffix="_of_line")
        for name in INPUTS:
            said = pl.col(f"{name}_of_line")
            same = pl.col(name) == said
            if name == "model":
                same |= pl.col("price_model") == said
            assert both.filter(said.is_not_null() & ~same.fill_null(value=False)).is_empty()

    @settings(max_examples=15, deadline=None)
    @given(said_lines=_LINES, said_readings=_READINGS)
    def test_day_by_day_is_the_same_as_all_at_once(
        self, line, reading, rated_frame, bill_frame, said_lines, said_readings
    ):
        lines = bill_frame(*(line(**said, line_id=str(place)) for place, said in enumerate(said_lines)))
        rated = rated_frame(*(reading(**said, user_id=str(place)) for place, said in enumerate(said_readings)))
        whole = settle(lines, rated, as_of=LATER)
        by_day = []
        for start, end in independent_windows(lines, [DAY + timedelta(days=n) for n in range(3)]):
            within = pl.col("window_start").is_between(start, end, closed="left")
            by_day.append(settle(lines.filter(within), rated.filter(within), as_of=LATER))

        def who_pays(settlement):
            named = settlement.lines.select("line", "line_id")
            return settlement.allocations.join(named, on="line").select("line_id", "user_id", "billed_cost")

        parts = pl.concat([who_pays(settlement) for settlement in by_day])
        assert parts.sort("user_id").equals(who_pays(whole).sort("user_id"))
        for name, columns in (("unmatched", ["line_id", "reason"]), ("unpaid", ["user_id", "kind", "reason"])):
            parts = pl.concat([getattr(settlement, name).select(columns) for settlement in by_day])
            assert parts.sort(columns).equals(getattr(whole, name).select(columns).sort(columns))
