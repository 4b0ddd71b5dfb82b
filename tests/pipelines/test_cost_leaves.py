"""What anomalies are sought in: usage by day with pools split, at its cost and at the prices that it had first."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import polars as pl

from models.economics.attribution import LEAF_SCHEMA, of_leaves
from models.economics.declared_costs import DECLARED_COSTS
from models.economics.exchange import ExchangeRates
from models.economics.pools import COSTS, Pool
from models.foresight.origin import Origin
from pipelines.cost_leaves import cost_leaves, judged_series
from pipelines.incident_cases import Foreseen, foreseen
from pipelines.marts.economics import Economics
from pipelines.settings import Settings

FIRST = date(2026, 9, 7)
LAST = FIRST + timedelta(days=20)


def leaf(day: int, cost: str, used: str | None = "1", **columns: Any) -> dict[str, Any]:
    at = datetime.combine(FIRST, datetime.min.time(), tzinfo=UTC) + timedelta(days=day)
    usual = {
        "source": "openai", "billing_month": f"{at:%Y-%m}", "day": at, "provider_name": "OpenAI",
        "issuer_name": "OpenAI", "service_name": "API", "billing_account_id": "1",
        "charge_category": "Usage", "currency": "USD", "team": "ads",
        "model": "gpt", "meter": "input", "sku_id": "in", "sku": "Input tokens", "unit": used and "Tokens",
        "charges": 1, "consumed_quantity": used and Decimal(used), "api_key_id": "k1", "api_key_name": "bot",
    }  # fmt: skip
    return dict.fromkeys(LEAF_SCHEMA) | usual | dict.fromkeys(COSTS, Decimal(cost)) | columns


def economics(*leaves: dict[str, Any], by_hand: tuple[str, ...] = (), pools: tuple[Pool, ...] = ()) -> Economics:
    rows = pl.DataFrame(list(leaves), schema=LEAF_SCHEMA)
    origin = Origin(day=LAST, held_by=(), furthest=LAST, not_by_day=by_hand)
    made = SimpleNamespace(
        leaves=rows, attributed=of_leaves(rows), declared=DECLARED_COSTS.empty(), rates=ExchangeRates.none("USD"),
        work=SimpleNamespace(pools=pools), series=SimpleNamespace(origin=origin),
    )  # fmt: skip
    return cast("Economics", made)


def told(made: Economics, *columns: str) -> list[tuple[Any, ...]]:
    return cost_leaves(made).sort("day", "team", "cost").select(columns).rows()


def test_a_cost_at_first_prices_is_what_was_used_whatever_it_costs_now():
    # a price rises from 2 to 3; another tier has a price of its own
    made = economics(
        leaf(0, "20", "10"), leaf(1, "40", "20"), leaf(2, "60", "20"), leaf(3, "5", "10", processing_tier="batch")
    )
    assert told(made, "cost", "at_first_prices") == [(20, 20), (40, 40), (60, 40), (5, 5)]
    (cost, usage), *_ = (
        judged_series(cost_leaves(made), made)
        .filter(pl.col("dimension") == "model", pl.col("day") == FIRST + timedelta(days=2))
        .select("effective_cost", "usage")
        .rows()
    )
    assert (cost, usage) == (60, 40)


def test_what_comes_by_the_month_is_left_out_and_what_comes_daily_without_a_quantity_is_not():
    fees = [
        leaf(0, "99", None, sku_id="seats"),
        leaf(1, "7", charge_category="Tax"),
        leaf(1, "8", charge_category="Credit"),
    ]
    daily = [leaf(day, "3", None, sku_id="left unused") for day in range(3)]
    assert told(economics(*fees, *daily), "cost") == [(3,), (3,), (3,)]


def test_sources_that_come_by_hand_are_left_out_beside_others_only():
    by_hand = leaf(0, "5", source="invoices")
    assert told(economics(by_hand, leaf(0, "6"), by_hand=("invoices",)), "cost") == [(6,)]
    assert told(economics(by_hand, by_hand=("invoices",)), "cost") == [(5,)]


def test_a_share_of_a_pool_has_its_part_of_the_quantity():
    pool = Pool("platform", by="direct_cost")
    rows = [leaf(0, "30", team="ads"), leaf(0, "10", team="chat"), leaf(0, "8", "4", team=None, pool="platform")]
    shares = [row for row in told(economics(*rows, pools=(pool,)), "team", "cost", "quantity", "pool") if row[3]]
    # 30 : 10 of 8 USD and 4 units
    assert [row[:3] for row in shares] == [("ads", 6, 3), ("chat", 2, 1)]


def test_a_key_goes_by_its_last_name_and_says_which_where_two_have_it():
    renamed = [leaf(0, "1"), leaf(1, "1", api_key_name="bot of ads")]
    assert set(told(economics(*renamed), "key_label")) == {("bot of ads",)}
    twins = [leaf(0, "1"), leaf(0, "1", api_key_id="k2")]
    assert set(told(economics(*twins), "key_label")) == {("bot (k1)",), ("bot (k2)",)}


def test_no_key_no_sku_and_no_model_are_no_series_and_no_team_is():
    made = economics(leaf(0, "1", team=None, api_key_id=None, api_key_name=None, model=None, sku_id=None))
    dimensions = set(judged_series(cost_leaves(made), made)["dimension"])
    assert dimensions == {"total", "vendor", "team", "component"}


def test_expected_anomalies_and_the_beginning_and_end_of_events_are_foreseen():
    settings = Settings.model_validate(
        {
            "organization": "Acme",
            "anomalies": {"expected": [{"name": "Test", "first_day": "2026-10-01", "last_day": "2026-10-02"}]},
            "forecast": {
                "events": [
                    {"name": "Pilot", "kind": "launch", "day": "2026-10-05", "change_pct": 30, "ramp_days": 10,
                     "until": "2026-10-31", "scope": {"team": "ads"}}
                ]
            },
        }
    )  # fmt: skip
    test, begins, ends = foreseen(settings)
    assert (test.name, test.first_day, test.last_day, test.direction) == (
        "Test",
        date(2026, 10, 1),
        date(2026, 10, 2),
        0,
    )
    # it grows for ten days, and is usual four weeks later; by then it is over
    assert (begins.first_day, begins.last_day, begins.direction) == (date(2026, 10, 5), date(2026, 10, 31), 1)
    assert (ends.first_day, ends.last_day, ends.direction) == (date(2026, 11, 1), date(2026, 11, 29), -1)
    days = [date(2026, 10, day) for day in (4, 5, 6)]
    assert begins.days_of({"days_told": days, "currency": "USD", "impact": Decimal(5)}) == days[1:]
    assert begins.days_of({"days_told": days, "currency": "USD", "impact": Decimal(-5)}) == []
    # 30 % of 200 are 60, and half of it more is as near as such numbers are
    assert begins.is_as_large(Decimal(90), Decimal(200), 2)
    assert not begins.is_as_large(Decimal(91), Decimal(200), 2)
    assert isinstance(begins, Foreseen)
