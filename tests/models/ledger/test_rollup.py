"""Daily costs: sums that add up, whatever the order and the chunks."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from models.ledger.billing import settle
from models.ledger.charges import to_charges
from models.ledger.rollup import DAILY_COSTS, combine, daily

DAY = datetime(2026, 9, 10, tzinfo=UTC)


@pytest.fixture
def charges(line, reading, rated_frame, bill_frame):
    """Two days, two keys, a credit and a tax line."""
    rated = rated_frame(
        reading(), reading(api_key_id="key_2"), reading(day=1), reading(3, None, model="new"), reading(day=1)
    )
    lines = bill_frame(
        line("5"), line("6", day=1), line("1", model="new"), line("-2", charge_category="Credit"),
        line("3", charge_category="Tax", model=None, meter=None),
    )  # fmt: skip
    return to_charges(settle(lines, rated, as_of=DAY + timedelta(days=9)))


def test_a_day_by_hand(charges):
    rolled = DAILY_COSTS.check(daily(charges))
    day = rolled.filter(pl.col("day") == DAY + timedelta(days=1))
    assert day.select("charges", "billed_cost", "list_cost", "consumed_quantity", "unit").rows() == [
        (2, Decimal(6), Decimal(5), Decimal(2_000_000), "Tokens")
    ]
    assert rolled.filter(pl.col("charge_category") == "Tax")["consumed_quantity"].to_list() == [None]


def test_all_four_costs_and_the_count_are_those_of_the_charges(charges):
    rolled = daily(charges)
    for name, column in (
        ("billed_cost", "BilledCost"),
        ("effective_cost", "EffectiveCost"),
        ("list_cost", "ListCost"),
        ("contracted_cost", "ContractedCost"),
        ("consumed_quantity", "ConsumedQuantity"),
    ):
        assert rolled[name].sum() == charges[column].sum()
    assert rolled["charges"].sum() == charges.height


def test_any_cut_and_any_order_give_the_same_rollup(charges):
    whole = daily(charges)
    for cut in range(charges.height + 1):
        parts = [charges.tail(charges.height - cut), charges.head(cut)]
        assert combine(daily(part) for part in parts).equals(whole)
    assert combine([]).equals(DAILY_COSTS.empty())
