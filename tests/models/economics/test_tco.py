"""Total cost of ownership: pools split over teams and declared costs, to the last place, by hand and at random."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.declared_costs import DECLARED_COSTS
from models.economics.exchange import RATE_SCHEMA, ExchangeRates
from models.economics.pools import COSTS, Pool, Share
from models.economics.tco import TCO_DAILY, tco_daily
from models.errors import OutlayError

SINCE_MAY = date(2026, 5, 1)


def attributed(*rows: Mapping[str, object]) -> pl.DataFrame:
    """Attributed charges of 10 May 2026 in dollars; `cost` stands for all four costs."""
    usual: dict[str, object] = {
        "source": "aws", "billing_month": "2026-05", "day": datetime(2026, 5, 10, tzinfo=UTC), "provider_name": "AWS",
        "issuer_name": "AWS", "billing_account_id": "1", "charge_category": "Usage", "currency": "USD", "charges": 1,
    }  # fmt: skip
    filled = []
    for row in rows:
        cost = Decimal(str(row.get("cost", "0")))
        filled.append({**dict.fromkeys(ATTRIBUTED_DAILY.polars_schema), **usual, **dict.fromkeys(COSTS, cost), **row})
        filled[-1].pop("cost", None)
    return pl.DataFrame(filled, schema=ATTRIBUTED_DAILY.polars_schema)


def declared(*rows: Mapping[str, object]) -> pl.DataFrame:
    usual: dict[str, object] = {
        "name": "engineers", "kind": "people", "part": "people", "day": datetime(2026, 5, 10, tzinfo=UTC),
        "component": "people_and_overheads", "layer": "people", "standing": "declared", "currency": "USD",
    }  # fmt: skip
    filled = [{**dict.fromkeys(DECLARED_COSTS.polars_schema), **usual, **row} for row in rows]
    return pl.DataFrame(filled, schema=DECLARED_COSTS.polars_schema)


def total(
    charges: pl.DataFrame,
    costs: pl.DataFrame | None = None,
    *pools: Pool,
    centres: dict[str, str] | None = None,
    rates: ExchangeRates | None = None,
) -> pl.DataFrame:
    made = tco_daily(
        charges,
        DECLARED_COSTS.empty() if costs is None else costs,
        pools=pools,
        cost_centres=centres or {},
        rates=rates or ExchangeRates.none("USD"),
    )
    return TCO_DAILY.check(made)


def told(frame: pl.DataFrame) -> list[tuple[str, str | None, str | None, str]]:
    """allocation, pool, team and effective cost in plain digits."""
    rows = frame.select("allocation", "pool", "team", "effective_cost").sort("allocation", "pool", "team").rows()
    return [(*owner, f"{amount.normalize():f}") for *owner, amount in rows]


def test_a_pool_is_split_by_direct_cost_to_the_last_place():
    """10.00 over teams with 1, 1 and 1 of direct cost: 3.333333333334 goes to the first by name, the rest is equal.

    10e12 units ÷ 3 = 3 333 333 333 333, remainder 1: the one unit left goes to the earliest of equal remainders.
    """
    charges = attributed(
        {"team": "ads", "cost": "1"},
        {"team": "chat", "cost": "1"},
        {"team": "search", "cost": "1"},
        {"pool": "platform", "cost": "10.00"},
    )
    assert told(total(charges, None, Pool("platform", "direct_cost"))) == [
        ("direct", None, "ads", "1"),
        ("direct", None, "chat", "1"),
        ("direct", None, "search", "1"),
        ("shared", "platform", "ads", "3.333333333334"),
        ("shared", "platform", "chat", "3.333333333333"),
        ("shared", "platform", "search", "3.333333333333"),
    ]


def test_a_pool_goes_on_to_another_pool_and_from_there_to_teams():
    """100.00 of the platform: 40 % to ads = 40; 60 % to ml = 60, split by tokens 3 000 : 1 000, so 45 and 15.

    ml has 20 of its own: 15 and 5.
    """
    charges = attributed(
        {"team": "chat", "token_kind": "input", "consumed_quantity": Decimal(2000)},
        {"team": "chat", "token_kind": "output", "consumed_quantity": Decimal(1000)},
        {"team": "search", "token_kind": "input", "consumed_quantity": Decimal(1000)},
        {"team": "search", "meter": "images", "consumed_quantity": Decimal(9_999_999)},
        {"pool": "platform", "cost": "100.00"},
        {"pool": "ml", "cost": "20.00"},
    )
    platform = Pool("platform", "fixed", (Share(Decimal(40), team="ads"), Share(Decimal(60), pool="ml")))
    split = total(charges, None, platform, Pool("ml", "tokens")).filter(pl.col("allocation") == "shared")
    assert told(split) == [
        ("shared", "ml", "chat", "60"),
        ("shared", "ml", "search", "20"),
        ("shared", "platform", "ads", "40"),
    ]


def test_each_version_of_a_pool_holds_on_its_own_days_and_a_gap_stays_unallocated():
    before = Pool("p", "fixed", (Share(Decimal(100), team="old"),), valid_to=SINCE_MAY)
    after = Pool("p", "fixed", (Share(Decimal(100), team="new"),), valid_from=date(2026, 5, 3))
    charges = attributed(
        *({"pool": "p", "cost": "1", "day": day} for day in (
            datetime(2026, 4, 30, 23, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC), datetime(2026, 5, 3, tzinfo=UTC)
        ))
    )  # fmt: skip
    assert told(total(charges, None, before, after)) == [
        ("shared", "p", "new", "1"),
        ("shared", "p", "old", "1"),
        ("unallocated", "p", None, "1"),
    ]


def test_a_driver_counts_in_the_month_of_the_day():
    june = datetime(2026, 6, 1, tzinfo=UTC)
    charges = attributed(
        {"team": "ads", "cost": "5"},
        {"team": "chat", "cost": "5", "day": june, "billing_month": "2026-05"},
        {"pool": "p", "cost": "2"},
        {"pool": "gone", "cost": "2"},
    )
    shared = total(charges, None, Pool("p", "direct_cost")).filter(pl.col("pool").is_not_null())
    assert told(shared) == [("shared", "p", "ads", "2"), ("unallocated", "gone", None, "2")]


EUROS_OF_MAY = ExchangeRates(
    "USD",
    pl.DataFrame(
        [
            (date(2026, 5, 1), "EUR", "USD", Decimal("1.1"), "ECB"),
            (date(2026, 5, 20), "EUR", "USD", Decimal("1.3"), "ECB"),
        ],
        schema=RATE_SCHEMA,
        orient="row",
    ),
)


def test_direct_cost_is_weighed_in_the_reporting_currency_each_day_by_its_rate():
    """chat's euros: 10 × 1.1 + 10 × 1.3 = 24 dollars, beside ads' 6: 1 to 4, of costs in any currency."""
    charges = attributed(
        {"team": "ads", "cost": "6"},
        {"team": "chat", "cost": "10", "currency": "EUR"},
        {"team": "chat", "cost": "10", "currency": "EUR", "day": datetime(2026, 5, 20, tzinfo=UTC)},
        {"pool": "p", "cost": "5"},
        {"pool": "p", "cost": "20", "currency": "JPY"},
    )
    people = declared({"pool": "p", "currency": "EUR", "effective_cost": Decimal(10), "declared_cost": Decimal(10)})
    shared = total(charges, people, Pool("p", "direct_cost"), rates=EUROS_OF_MAY).filter(pl.col("pool") == "p")
    assert shared.select("currency", "team", "effective_cost").sort("currency", "team").rows() == [
        ("EUR", "ads", 2), ("EUR", "chat", 8),
        ("JPY", "ads", 4), ("JPY", "chat", 16),
        ("USD", "ads", 1), ("USD", "chat", 4),
    ]  # fmt: skip


def test_a_month_in_one_currency_needs_no_rate_to_share_costs_in_another():
    charges = attributed(
        {"team": "ads", "cost": "3", "currency": "EUR"},
        {"team": "chat", "cost": "1", "currency": "EUR"},
        {"pool": "p", "cost": "8"},
    )
    shared = total(charges, None, Pool("p", "direct_cost")).filter(pl.col("pool") == "p")
    assert told(shared) == [("shared", "p", "ads", "6"), ("shared", "p", "chat", "2")]


def test_where_a_rate_is_unknown_a_currency_weighs_for_costs_in_it_alone():
    """Euros of which no rate is known: nobody can say what ads' are beside chat's, nor who shares yen."""
    charges = attributed(
        {"team": "ads", "cost": "5"},
        {"team": "chat", "cost": "1", "currency": "EUR"},
        *({"pool": "p", "cost": "2", "currency": currency} for currency in ("USD", "EUR", "JPY")),
    )
    shared = total(charges, None, Pool("p", "direct_cost")).filter(pl.col("pool") == "p")
    assert shared.select("currency", "team", "allocation").sort("currency").rows() == [
        ("EUR", "chat", "shared"), ("JPY", None, "unallocated"), ("USD", "ads", "shared"),
    ]  # fmt: skip


def test_who_is_not_among_those_who_share_or_had_more_taken_off_than_billed_shares_nothing():
    charges = attributed(
        {"team": "ads", "cost": "900"},
        {"team": "chat", "cost": "3"},
        {"team": "refunded", "cost": "-50"},
        {"pool": "p", "cost": "8"},
    )
    shared = total(charges, None, Pool("p", "direct_cost", among=("chat", "refunded")))
    assert told(shared.filter(pl.col("pool") == "p")) == [("shared", "p", "chat", "8")]


def test_idle_accelerator_hours_move_no_cost():
    charges = attributed(
        {"team": "ads", "accelerator_hours": Decimal(3)},
        {"team": "chat", "accelerator_hours": Decimal(1), "commitment_status": "Used"},
        {"team": "chat", "accelerator_hours": Decimal(50), "commitment_status": "Unused"},
        {"team": "chat", "accelerator_hours": Decimal(50), "capacity_status": "Unused"},
        {"pool": "p", "cost": "-4"},
    )
    shared = total(charges, None, Pool("p", "accelerator_hours")).filter(pl.col("pool") == "p")
    assert told(shared) == [("shared", "p", "ads", "-3"), ("shared", "p", "chat", "-1")]


def test_declared_costs_bill_nothing_and_give_way_to_an_invoice():
    costs = declared(
        {"team": "ads", "declared_cost": Decimal(7), "effective_cost": Decimal(7)},
        {"standing": "invoiced", "declared_cost": Decimal(9), "effective_cost": Decimal(0), "vendor": "Acme"},
    )
    row = total(attributed(), costs, centres={"ads": "4711"}).row(0, named=True)
    amounts = {name: int(row[name]) for name in COSTS}
    assert amounts == {"billed_cost": 0, "effective_cost": 7, "list_cost": 7, "contracted_cost": 7}
    assert (row["origin"], row["provider_name"], row["service_name"], row["cost_centre"]) == (
        "declared", "ourselves", "engineers", "4711",
    )  # fmt: skip
    assert total(attributed(), costs).height == 1


def test_a_cost_centre_that_a_rule_says_goes_before_the_teams_own():
    charges = attributed({"team": "ads", "cost_centre": "1000", "cost": "1"}, {"team": "chat", "cost": "1"})
    assert total(charges, None, centres={"ads": "9", "chat": "8"})["cost_centre"].to_list() == ["1000", "8"]


def test_pools_in_a_circle_are_an_error_and_no_loop():
    pools = [
        Pool("a", "fixed", (Share(Decimal(100), pool="b"),)),
        Pool("b", "fixed", (Share(Decimal(50), pool="a"), Share(Decimal(50), team="t"))),
    ]
    with pytest.raises(OutlayError, match="circle"):
        total(attributed({"pool": "a", "cost": "1"}), None, *pools)


amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=12, allow_nan=False)
owners = st.sampled_from([("ads", None), ("chat", None), (None, None), (None, "fixed"), (None, "driven"), (None, "no")])
days = st.dates(min_value=date(2026, 4, 1), max_value=date(2026, 6, 30))


@given(
    rows=st.lists(st.tuples(owners, days, st.sampled_from(["USD", "EUR"]), amounts, amounts, amounts), max_size=12),
    driver=st.sampled_from(["direct_cost", "tokens", "accelerator_hours"]),
    pct=st.decimals(min_value=Decimal("0.001"), max_value=99, places=3),
    among=st.sampled_from([(), ("ads",), ("nobody",)]),
)
def test_what_is_allocated_and_what_is_not_sum_to_the_total(rows, driver, pct, among):
    charges = attributed(
        *(
            {
                "team": team, "pool": pool, "day": datetime(day.year, day.month, day.day, tzinfo=UTC),
                "billed_cost": first, "effective_cost": second, "list_cost": third, "contracted_cost": first,
                "currency": currency, "token_kind": "input", "consumed_quantity": abs(third),
                "accelerator_hours": abs(first),
            }
            for (team, pool), day, currency, first, second, third in rows
        )
    )  # fmt: skip
    fixed = Pool("fixed", "fixed", (Share(pct, team="ads"), Share(100 - pct, pool="driven")))
    split = total(charges, None, fixed, Pool("driven", driver, among=among, valid_from=SINCE_MAY))

    def sums(frame: pl.DataFrame) -> list[tuple[object, ...]]:
        return frame.group_by("billing_month", "day", "currency").agg(pl.col(COSTS).sum()).sort(pl.all()).rows()

    assert sums(split) == sums(charges)
    assert split.filter(pl.col("allocation") == "unallocated")["team"].null_count() == (
        split.filter(pl.col("allocation") == "unallocated").height
    )
