"""Estimates go to whom the rules of charges say, as far as estimates tell what a rule asks; nothing of them is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from models.economics.attribution import ATTRIBUTED_DAILY, Attribution
from models.economics.estimated import ESTIMATED_DAILY, estimated_daily, owned_estimates
from models.economics.ownership import OwnerRule
from models.economics.unpriced import UNPRICED_USAGE, unpriced_usage
from models.ledger.estimates import USAGE_ESTIMATES
from pipelines.reference import model_developers, taxonomy

NOON = datetime(2026, 9, 2, 12, tzinfo=UTC)


def reading(project: str, cost: str | None, **more: Any) -> dict[str, Any]:
    amounts = {"list_cost": cost and Decimal(cost) * 2, "contracted_cost": cost and Decimal(cost)}
    usual = {
        "source": "openai", "billing_period": "2026-09", "provider": "openai", "stream": "usage/completions",
        "window_start": NOON, "window_end": NOON + timedelta(hours=1), "account_id": "org", "project_id": project,
        "model": "gpt-5", "processing_tier": "standard", "meter": "input", "unit": "Tokens", "quantity": Decimal(100),
        "kind": "accrued", "reason": "late", "price_status": "priced" if cost else "unpriced", "currency": "USD",
    }  # fmt: skip
    return usual | amounts | more


def owned(*readings: dict[str, Any], rules: tuple[OwnerRule, ...] = ()) -> pl.DataFrame:
    names = USAGE_ESTIMATES.polars_schema
    rows = pl.DataFrame([{name: row.get(name) for name in names} for row in readings], schema=names)
    return owned_estimates(USAGE_ESTIMATES.check(rows).lazy(), Attribution(taxonomy(), model_developers(), rules))


def days(*readings: dict[str, Any], rules: tuple[OwnerRule, ...] = ()) -> list[dict[str, Any]]:
    return ESTIMATED_DAILY.check(estimated_daily(owned(*readings, rules=rules))).rows(named=True)


def test_projects_go_to_teams_and_pools_and_what_only_a_bill_tells_fits_nothing():
    rules = (
        OwnerRule({"tag:team": "*"}, {"team": "{tag:team}"}),
        OwnerRule({"project": "p1"}, {"team": "search", "product": "find"}),
        OwnerRule({"project": "p2"}, {"pool": "gateway"}),
        OwnerRule({"project": "p4"}, {"team": "ads"}),
    )
    found = days(
        reading("p1", "3"), reading("p1", "4.5"), reading("p1", None), reading("p2", "1"), reading("p3", "8"),
        reading("p4", None), rules=rules,
    )  # fmt: skip
    told = {
        row["project_id"]: (
            row["team"], row["pool"], row["contracted_cost"], row["list_cost"], row["readings"],
            row["unpriced_readings"],
        )
        for row in found
    }  # fmt: skip
    assert told == {
        "p1": ("search", None, Decimal("7.5"), 15, 3, 1),
        "p2": (None, "gateway", 1, 2, 1, 0),
        "p3": (None, None, 8, 16, 1, 0),
        "p4": ("ads", None, None, None, 1, 1),  # nothing of it has a price: unknown, not zero
    }


def test_vendor_service_and_component_are_those_of_its_charges():
    (row,) = days(reading("p1", "3"), rules=(OwnerRule({"service": "OpenAI API"}, {"team": "search"}),))
    assert (row["provider_name"], row["service_name"], row["component"], row["team"]) == (
        "OpenAI", "OpenAI API", "model_apis", "search",
    )  # fmt: skip


def test_keys_and_users_that_rules_ask_for_are_asked():
    rules = (OwnerRule({"api_key": "ci-*"}, {"team": "platform"}), OwnerRule({"user": "eva"}, {"team": "search"}))
    found = days(
        reading("p1", "3", api_key_id="k1", api_key_name="ci-tests"), reading("p1", "4", user_name="eva"),
        reading("p1", "5"), rules=rules,
    )  # fmt: skip
    assert {row["team"]: row["contracted_cost"] for row in found} == {"platform": 3, "search": 4, None: 5}


def test_a_day_reaches_to_the_end_of_its_last_window_and_kinds_stay_apart():
    later = {"window_start": NOON + timedelta(hours=6), "window_end": NOON + timedelta(hours=7)}
    found = days(reading("p1", "3"), reading("p1", "4", **later), reading("p1", "9", kind="notional", reason="tier"))
    assert [(row["kind"], row["contracted_cost"], row["through"].hour, row["day"].hour) for row in found] == [
        ("accrued", 7, 19, 0),
        ("notional", 9, 13, 0),
    ]


def test_what_has_no_price_is_listed_with_what_to_do_and_the_bill_to_come_apart():
    rows = UNPRICED_USAGE.check(
        unpriced_usage(
            ATTRIBUTED_DAILY.empty(),
            owned(reading("p1", None), reading("p1", None, kind="notional", reason="tier"), reading("p1", "3")),
        )
    )
    assert {row["standing"]: (row["quantity"], row["billed_cost"]) for row in rows.rows(named=True)} == {
        "late": (100, None),
        "no bill": (100, None),
    }
    assert all(rows["remedy"].str.len_chars() > 10)
