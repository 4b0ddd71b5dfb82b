"""API or own accelerators: a hand-worked month of four hours, the least volume that pays, where figures come from."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, Context, Decimal, localcontext
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.economics.accelerator_usage import ACCELERATOR_RATES
from models.economics.break_even import Demand, Fleet, Range, compare, outcome
from models.economics.declared_costs import DECLARED_COSTS
from models.economics.self_hosting import break_even_rows, options
from models.economics.serving_options import (
    Measurement,
    Throughput,
    demand_of,
    owned_accelerators,
    prices_per_hour,
    served_models,
    throughput,
)
from models.errors import OutlayError
from models.ledger.metering import METER_READINGS


def tokens(*by_hour: int, cost: str = "14.40") -> Demand:
    return Demand(tuple(Decimal(each) for each in by_hour), Decimal(cost))


FOUR_HOURS = tokens(18_000, 36_000, 90_000, 0)
"""144,000 output tokens for 14.40: 100 per million, 0.0001 each."""
TEN_A_SECOND = Decimal(10)
"""36,000 tokens an hour of one accelerator."""
SCALED = Fleet(scaled=True)


def test_a_hand_worked_month_kept_running() -> None:
    """The busiest hour needs 90,000 ÷ 36,000 = 2.5, so 3 accelerators; kept running 3 × 4 h = 12 hours at 2 = 24.

    Mean 144,000 ÷ 4 ÷ 36,000 = 1. Busy 144,000 ÷ (12 × 36,000) = 1/3. Per million 24 ÷ 0.144 = 166.67; the API: 100.
    An hour at 2 is worth 36,000 × 0.0001 = 3.60 of the API's output: it pays from 2 ÷ 3.6 = 5/9 busy. At this curve a
    fleet for the peak is busy 36,000 ÷ 90,000 = 0.4 of the time at most, less than 5/9: at no volume.
    """
    found = outcome(FOUR_HOURS, TEN_A_SECOND, Decimal(2), Fleet())
    assert (found.accelerators_at_peak, found.mean_accelerators, found.accelerator_hours) == (3, 1, 12)
    assert found.utilisation == Decimal("0.333333333333")
    assert (found.cost, found.cost_per_million) == (24, Decimal("166.666666666667"))
    assert found.break_even_utilisation == Decimal("0.555555555556")
    assert found.break_even_tokens is None


def test_the_same_month_rented_by_the_hour() -> None:
    """1 + 1 + 3 + 0 = 5 accelerator-hours at 2 = 10, busy 144,000 ÷ 180,000 = 0.8, per million 69.44.

    Least volume: three busy hours with one accelerator each cost 6, what the API takes for 60,000 tokens; in the same
    shape these are 7,500 + 15,000 + 37,500, which needs 1 + 1 + 2 = 4 hours, 8, so 80,000 tokens; these are 10,000 +
    20,000 + 50,000, again 4 hours: 80,000 tokens cost 8 either way.
    """
    found = outcome(FOUR_HOURS, TEN_A_SECOND, Decimal(2), SCALED)
    assert (found.accelerators_at_peak, found.accelerator_hours, found.utilisation) == (3, 5, Decimal("0.8"))
    assert (found.cost, found.cost_per_million) == (10, Decimal("69.444444444444"))
    assert found.break_even_tokens == 80_000


def test_volume_pays_from_the_least_fleet_on_and_overheads_ask_for_more() -> None:
    """At 1 an hour one accelerator for 4 hours costs 4: 40,000 tokens, whose busiest hour of 25,000 it can serve.

    With an overhead of 3: 7 → 70,000, busiest 43,750 → two accelerators, 8 + 3 = 11 → 110,000, busiest 68,750 → two.
    """
    assert outcome(FOUR_HOURS, TEN_A_SECOND, Decimal(1), Fleet()).break_even_tokens == 40_000
    burdened = outcome(FOUR_HOURS, TEN_A_SECOND, Decimal(1), Fleet(overhead=Decimal(3)))
    assert burdened.break_even_tokens == 110_000
    # 12 hours and the overhead: 15, so an hour costs 15 ÷ 12 = 1.25 of the 3.60
    assert (burdened.cost, burdened.break_even_utilisation) == (15, Decimal("0.347222222222"))


@pytest.mark.parametrize(
    ("price", "by_hour", "least"),
    [
        # every hour alike and an accelerator-hour worth 1: overhead ÷ (1 − price) full hours, 3.6 M tokens each
        ("0.99", (3_600_000,) * 100, 3_600_000_000_000),
        ("0.995", (3_600_000,) * 100, 7_200_000_000_000),
        ("0.999", (3_600_000,) * 100, 36_000_000_000_000),
        ("0.9999", tuple(range(1_000_000, 8_000_000, 70_000)), None),
    ],
)
def test_the_volume_that_pays_is_exact_near_the_price_of_the_api(
    price: str, by_hour: tuple[int, ...], least: int | None
) -> None:
    """1,000 tokens a second are 3.6 M an hour; the API takes 1 for them. With an overhead of 10,000."""
    demand = tokens(*by_hour, cost=str(Decimal(sum(by_hour)) / 3_600_000))
    fleet = Fleet(scaled=True, overhead=Decimal(10_000))
    found = outcome(demand, Decimal(1000), Decimal(price), fleet).break_even_tokens
    assert found is not None
    assert least is None or found == least

    def gain(volume: Decimal) -> Decimal:
        with localcontext(Context(prec=60)):
            hours = (each * volume / demand.tokens / 3_600_000 for each in demand.tokens_by_hour)
            own = sum((each.to_integral_value(ROUND_CEILING) for each in hours), Decimal(0)) * Decimal(price) + 10_000
            return volume * demand.api_cost / demand.tokens - own

    assert gain(found) >= 0 > gain(found - 1)


def test_a_machine_that_is_owned_costs_all_that_stands_in_it() -> None:
    """3 at the peak, of a machine of 8: 8 × 4 h at 2 = 64. By twos in machines of 3: 4 → 6."""
    found = outcome(FOUR_HOURS, TEN_A_SECOND, Decimal(2), Fleet(lot=8))
    assert (found.accelerators_at_peak, found.accelerator_hours, found.cost) == (8, 32, 64)
    assert outcome(FOUR_HOURS, TEN_A_SECOND, Decimal(2), Fleet(together=2, lot=3)).accelerators_at_peak == 6


def test_groups_load_and_room_for_the_peak() -> None:
    """At 80 % load an accelerator gives 28,800 an hour; twice the busiest hour is 180,000: 6.25, by fours 8."""
    fleet = Fleet(together=4, load=Decimal("0.8"), peak_factor=Decimal(2))
    found = outcome(FOUR_HOURS, TEN_A_SECOND, Decimal(2), fleet)
    assert (found.accelerators_at_peak, found.accelerator_hours, found.cost) == (8, 32, 64)
    assert found.mean_accelerators == Decimal("1.25")


def test_cautious_takes_the_slow_and_dear_and_the_verdict_needs_all_cases() -> None:
    speed = Range(Decimal(5), Decimal(10), Decimal(20), "test")
    price = Range(Decimal(1), Decimal(2), Decimal(3), "test")
    found = compare(FOUR_HOURS, speed, price, SCALED)
    # cautious: 18,000 an hour → 1 + 2 + 5 hours at 3 = 24; hopeful: 72,000 → 1 + 1 + 2 hours at 1 = 4
    assert (found.cautious.cost, found.likely.cost, found.hopeful.cost) == (24, 10, 4)
    assert (found.api_cost_per_million, found.verdict) == (100, "depends")
    assert compare(tokens(18_000, 36_000, 90_000, 0, cost="25"), speed, price, SCALED).verdict == "self-hosting"
    assert compare(tokens(18_000, 36_000, 90_000, 0, cost="4"), speed, price, SCALED).verdict == "API"


@given(
    st.lists(st.integers(0, 10**7), min_size=1, max_size=12).filter(any),
    st.integers(1, 3000),
    st.decimals("0.01", "20", places=4),
    st.decimals("0.01", "500", places=2),
    st.booleans(),
)
def test_at_break_even_both_cost_the_same_and_a_little_less_does_not_pay(
    by_hour: list[int], speed: int, price: Decimal, api_cost: Decimal, scaled: bool
) -> None:
    demand = Demand(tuple(Decimal(each) for each in by_hour), api_cost)
    fleet = Fleet(scaled=scaled)
    least = outcome(demand, Decimal(speed), price, fleet).break_even_tokens
    if least is None or least > demand.tokens * 1000:
        return

    def gain(volume: Decimal) -> Decimal:
        """What self-hosting saves at a volume of the same shape."""
        factor = volume / demand.tokens
        scaled_up = Demand(tuple(each * factor for each in demand.tokens_by_hour), api_cost * factor)
        return scaled_up.api_cost - outcome(scaled_up, Decimal(speed), price, fleet).cost

    token = api_cost / demand.tokens
    assert gain(least) >= -token - Decimal("1e-9")
    assert gain(least * Decimal("0.99")) < token


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(OutlayError, match="no output tokens"):
        tokens(0, 0)
    with pytest.raises(OutlayError, match="no range"):
        Range(Decimal(2), Decimal(1), Decimal(3), "test")
    with pytest.raises(OutlayError, match="cannot be run"):
        Fleet(load=Decimal(0))


REFERENCE = pl.DataFrame(
    [
        ("llama", "H100", scenario, tokens, "16", "8", "fp8", result, "https://example.org/results")
        for scenario, tokens, result in (
            ("interactive", "16000", "r-1"),
            ("server", "32000", "r-1"),
            ("server", "40000", "r-2"),
            ("offline", "48000", "r-2"),
        )
    ],
    schema=(
        "model", "accelerator_type", "scenario", "tokens_per_second", "accelerators", "accelerators_per_node",
        "weights", "result_id", "source",
    ),
    orient="row",
)  # fmt: skip


def test_reference_throughput_is_per_accelerator_labelled_and_gives_way_to_our_own() -> None:
    """16,000 ÷ 16 = 1,000 at the least; server 2,000 and 2,500, in the middle 2,250; offline 3,000."""
    found = throughput("llama", "H100", [], REFERENCE)
    speed = found.tokens_per_second
    assert (speed.low, speed.likely, speed.high, found.together) == (1000, 2250, 3000, 8)
    assert "reference, not ours" in speed.source
    assert "r-1, r-2" in speed.source
    own = [Measurement("llama", "H100", Decimal(900), date(2026, month, 1)) for month in (5, 9)]
    measured = throughput("llama", "H100", own, REFERENCE)
    nine_hundred = Decimal(900)
    assert measured.tokens_per_second == Range(nine_hundred, nine_hundred, nine_hundred, "measured by us on 2026-09-01")
    assert measured.together == 1
    assert served_models([], REFERENCE, "H100") == ["llama"]
    assert served_models(own, REFERENCE, "H100") == ["llama"]
    with pytest.raises(OutlayError, match="how fast H100 serves gpt is not known") as error:
        throughput("gpt", "H100", [], REFERENCE)
    assert "llama" in error.value.remedy


def test_prices_are_ours_where_we_have_any_and_labelled_reference_otherwise() -> None:
    """Reserved: 300 for 60 used and 40 unused hours is 3 an hour paid for; two regions at 2 and 4, together 3.

    Owned: (1,200 depreciation + 240 electricity) ÷ 480 hours = 3.
    """
    rate = {
        "accelerator_type": "H100", "pricing_kind": "reserved", "currency": "USD",
        "hours_without_cost": Decimal(0), "billed_cost": Decimal(0), "unmeasured_effective_cost": Decimal(0),
        "purchased_effective_cost": Decimal(0),
    }  # fmt: skip
    rates = pl.DataFrame(
        [
            {**rate, "region": region, "billing_month": month, "used_hours": Decimal(used),
             "unused_hours": Decimal(unused), "effective_cost": Decimal(cost)}
            for month, region, used, unused, cost in (
                ("2026-09", "eu", 30, 20, 100), ("2026-09", "us", 30, 20, 200), ("2026-08", "us", 1, 0, 99),
            )
        ],
        schema=ACCELERATOR_RATES.polars_schema,
    )  # fmt: skip
    own = {
        "name": "our cluster", "kind": "owned_accelerators", "day": datetime(2026, 9, 1, tzinfo=UTC),
        "accelerator_type": "H100", "standing": "declared", "currency": "USD", "effective_cost": Decimal(0),
    }  # fmt: skip
    declared = pl.DataFrame(
        [
            {**own, "part": "depreciation", "accelerator_hours": Decimal(480), "declared_cost": Decimal(1200)},
            {**own, "part": "electricity", "declared_cost": Decimal(240)},
        ],
        schema=DECLARED_COSTS.polars_schema,
    )
    listed = pl.DataFrame(
        [("aws", "p5.48xlarge", "H100", "8", "us-east-1", "55.04", None, None, "USD", "test")],
        schema=dict.fromkeys(
            ("host", "instance_type", "accelerator_type", "accelerator_count", "region", "on_demand", "spot",
             "price_date", "currency", "source"),
            pl.String,
        ),
        orient="row",
    )  # fmt: skip
    found = prices_per_hour(rates, declared, listed, accelerator="H100", month="2026-09", currency="USD")
    bounds = {kind: (price.low, price.likely, price.high) for kind, price in found.items()}
    assert bounds == {
        "owned": (3, 3, 3),
        "reserved": (2, 3, 4),
        "on_demand": (Decimal("6.88"), Decimal("6.88"), Decimal("6.88")),
    }
    assert found["owned"].source == (
        "declared in outlay.yaml: our cluster (depreciation, electricity), 2026-09; for all 20 there"
    )
    assert owned_accelerators(declared, "H100", "2026-09") == 20
    assert owned_accelerators(declared, "H100", "2026-10") == 1
    assert found["reserved"].source.startswith("our bills of 2026-09: effective cost ÷ 100 hours")
    assert "reference, not ours: list price of aws p5.48xlarge us-east-1 (undated)" in found["on_demand"].source
    assert prices_per_hour(rates, declared, listed, accelerator="H100", month="2026-09", currency="EUR") == {}
    blocks = rates.with_columns(pricing_kind=pl.lit("capacity_block"))
    later = prices_per_hour(blocks, declared, listed, accelerator="H100", month="2026-11", currency="USD")
    assert later["capacity_block"].source == (
        "our bills of 2026-09 (no hours of 2026-11): effective cost ÷ 100 hours paid for, eu, us; "
        "a block that has ended is no price of today"
    )


def reading(start: datetime, hours: int, quantity: int, meter: str = "output") -> dict[str, Any]:
    return {
        "source": "prod", "billing_period": "2026-09", "provider": "openai", "stream": "usage", "window_start": start,
        "window_end": start + timedelta(hours=hours), "account_id": "a", "model": "large",
        "processing_tier": "standard", "attribution": "exact", "meter": meter, "token_kind": meter, "unit": "Tokens",
        "quantity": Decimal(quantity),
    }  # fmt: skip


def test_the_curve_is_hourly_where_usage_is_and_days_are_spread_evenly() -> None:
    first = datetime(2026, 9, 1, tzinfo=UTC)
    schema = METER_READINGS.polars_schema
    by_hour = [reading(first, 1, 500), reading(first + timedelta(hours=5), 1, 100), reading(first, 1, 999, "input")]
    demand, is_hourly = demand_of(pl.DataFrame(by_hour, schema=schema), "2026-09", Decimal(1))
    assert (len(demand.tokens_by_hour), demand.tokens, demand.busiest, is_hourly) == (720, 600, 500, True)
    # a vendor's day of Pacific time reaches into October: nothing of it is lost
    by_day = [reading(first, 24, 2400), reading(datetime(2026, 9, 30, 7, tzinfo=UTC), 24, 100)]
    demand, is_hourly = demand_of(pl.DataFrame(by_day, schema=schema), "2026-09", Decimal(1))
    assert (demand.tokens_by_hour[0], demand.tokens, is_hourly) == (100, 2500, False)


def test_the_curve_of_a_month_under_way_ends_where_usage_does() -> None:
    """Two days of 30: 48 hours; what a vendor's day reaches beyond them counts in the last."""
    first = datetime(2026, 9, 1, tzinfo=UTC)
    rows = pl.DataFrame([reading(first + timedelta(hours=47), 2, 100)], schema=METER_READINGS.polars_schema)
    demand, _ = demand_of(rows, "2026-09", Decimal(1), first + timedelta(days=2))
    assert (len(demand.tokens_by_hour), demand.tokens_by_hour[-1], demand.tokens) == (48, 100, 100)


def test_options_are_rows_of_the_mart_cheapest_first_and_only_rented_hours_follow_the_curve() -> None:
    speed = Throughput("llama", "H100", Range(TEN_A_SECOND, TEN_A_SECOND, TEN_A_SECOND, "test"), 1)
    two = Range(Decimal(2), Decimal(2), Decimal(2), "test")
    found = options(FOUR_HOURS, speed, {"owned": two, "on_demand": two}, Fleet())
    rows = break_even_rows("large", "2026-09", "USD", FOUR_HOURS, speed, found, hourly=True)
    told = rows.select("pricing_kind", "self_hosted_cost", "utilisation_pct", "break_even_tokens", "verdict").rows()
    assert told == [
        ("on_demand", 10, 80, 80_000, "self-hosting"),
        ("owned", 24, Decimal("33.3333333333"), None, "API"),
    ]
    # of eight that stand there, all are paid for: 8 × 4 h at 2
    whole = {each.kind: each.comparison.likely.cost for each in options(FOUR_HOURS, speed, {"owned": two}, Fleet(), 8)}
    assert whole == {"owned": 64}
