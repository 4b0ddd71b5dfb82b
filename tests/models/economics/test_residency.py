"""Residency: standings by place, and what complying costs, worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.residency import ResidencyPolicy, residency
from models.ledger.prices import PriceBook, price_book

DAY = datetime(2026, 9, 10, tzinfo=UTC)
HOSTS = {"anthropic": "Anthropic", "aws": "AWS"}
IN_THE_US = ResidencyPolicy("us only", ("us", "us-*"))


@pytest.fixture(scope="module")
def book() -> PriceBook:
    """One model: 3 in and 15 out a million everywhere, ×1.1 in the US; searches 10 a thousand in either."""
    columns = ("provider", "model", "meter", "processing_tier", "context_window", "pricing_unit", "unit_price",
               "currency", "valid_from", "valid_to", "price_list", "price_status", "note", "source")  # fmt: skip
    fixed = ("USD", None, None, "public", "priced", None, "by hand")
    rows = [
        ("anthropic", "claude-x", meter, "standard", None, unit, price, *fixed)
        for meter, unit, price in (
            ("input", "1000000 Tokens", "3"),
            ("output", "1000000 Tokens", "15"),
            ("web_searches", "1000 Requests", "10"),
        )
    ]
    geography = [
        ("anthropic", "", "global", "1", None, None, "by hand"),
        ("anthropic", "", "not_available", "1", None, None, "by hand"),
        ("anthropic", "claude-x", "us", "1.1", "2026-02-01", None, "by hand"),
    ]
    places = ("provider", "model", "inference_geo", "multiplier", "valid_from", "valid_to", "source")
    match = ("provider", "position", "model", "match")

    def texts(rows: list[tuple[str | None, ...]], names: tuple[str, ...]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")

    return price_book(
        texts(rows, columns),
        texts([("anthropic", "0", "claude-x", '{"equals":"claude-x"}')], match),
        texts([("anthropic", "")], ("provider", "falls_back_on")),
        texts(geography, places),
    )


def usage(cost: str, meter: str = "input", **said: object) -> dict[str, object]:
    fixed = {
        "source": "s", "billing_month": "2026-09", "day": DAY, "provider_name": "Anthropic", "issuer_name": "Anthropic",
        "billing_account_id": "a", "charge_category": "Usage", "currency": "USD", "charges": 1, "model": "claude-x",
        "component": "model_apis", "processing_tier": "standard", "meter": meter, "consumed_quantity": Decimal(1),
    }  # fmt: skip
    costs = dict.fromkeys(("billed_cost", "effective_cost", "list_cost", "contracted_cost"), Decimal(cost))
    return {**dict.fromkeys(ATTRIBUTED_DAILY.polars_schema), **fixed, **costs, **said}


def attributed(*rows: dict[str, object]) -> pl.DataFrame:
    return ATTRIBUTED_DAILY.check(pl.DataFrame(list(rows), schema=ATTRIBUTED_DAILY.polars_schema))


def told(frame: pl.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    return frame.select(columns).rows()


def test_complying_costs_what_the_allowed_place_asks_more_with_our_discount_as_it_is(book):
    """Global usage of 60 (tokens, 20 % below list) and 10 (searches), where only the US is allowed.

    Tokens cost ×1.1 in the US: 60 × 3.3 ÷ 3 − 60 = 6. Searches cost the same: 0. So 6 more. What ran in the US is
    allowed, what is not told is of an unknown region, and only violations have a price of complying.
    """
    rows = attributed(
        usage("60", inference_geo="global", team="a"),
        usage("10", "web_searches", inference_geo="global", team="a"),
        usage("33", inference_geo="us", team="a"),
        usage("4", inference_geo="not_available", team="a"),
        usage("5", team="b"),
    )
    found = residency(rows, [IN_THE_US], book, HOSTS)
    assert told(found, "region", "standing", "team", "effective_cost", "compliance_cost", "unpriced_cost") == [
        ("global", "violation", "a", 70, 6, 0),
        ("us", "allowed", "a", 33, None, None),
        (None, "unknown region", "a", 4, None, None),
        (None, "unknown region", "b", 5, None, None),
    ]


def test_the_other_way_complying_may_save(book):
    """33 in the US; allowed is global only: 33 × 3 ÷ 3.3 − 33 = −3."""
    rows = attributed(usage("33", inference_geo="US"))
    found = residency(rows, [ResidencyPolicy("global", ("GLOBAL",))], book, HOSTS)
    assert told(found, "region", "standing", "compliance_cost") == [("US", "violation", -3)]


def test_without_a_price_complying_costs_what_nobody_knows(book):
    """Neither a place without a price list, nor a model that it does not know, nor another host is free."""
    rows = attributed(
        usage("1", inference_geo="eu"),
        usage("2", inference_geo="global", model="claude-unknown"),
        usage("3", provider_name="AWS", region="eu-west-1"),
        usage("4", None, model=None, inference_geo="global"),  # type: ignore[arg-type]
    )
    found = residency(rows, [IN_THE_US], book, HOSTS)
    assert found["standing"].unique().to_list() == ["violation"]
    assert found["compliance_cost"].null_count() == 4
    assert found["unpriced_cost"].sum() == 10


def test_a_policy_is_about_inference_in_its_scope_and_a_cloud_region_stands_where_no_place_is_told(book):
    rows = attributed(
        usage("1", provider_name="AWS", region="us-east-1", inference_geo="geo", product="care"),
        usage("2", provider_name="AWS", region="eu-west-1", inference_geo="global", product="care"),
        usage("4", provider_name="AWS", region="EU-WEST-1", product="care"),
        usage("8", product="shop", inference_geo="eu"),
        usage("16", product="care", component="networking_and_storage", model=None, region="eu-west-1"),
        usage("32", product="care", charge_category="Tax", model=None),
    )
    care = ResidencyPolicy("care", ("us*", "eu-*"), {"product": "care"})
    assert told(residency(rows, [care], book, HOSTS), "region", "standing", "effective_cost") == [
        ("EU-WEST-1", "allowed", 4),
        ("global", "violation", 2),
        ("us-east-1", "allowed", 1),
    ]
    disks = ResidencyPolicy("disks", ("us*",), {"component": "networking*"})
    assert told(residency(rows, [disks], book, HOSTS), "region", "standing", "effective_cost") == [
        ("eu-west-1", "violation", 16)
    ]


def test_every_policy_judges_for_itself_and_without_any_there_is_nothing(book):
    rows = attributed(usage("7", inference_geo="us"))
    both = residency(rows, [IN_THE_US, ResidencyPolicy("eu", ("eu*",))], book, HOSTS)
    assert told(both, "policy", "standing") == [("eu", "violation"), ("us only", "allowed")]
    assert residency(rows, [], book, HOSTS).is_empty()
