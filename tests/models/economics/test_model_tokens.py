"""Tokens by model are those of the charges, by month of use; pools keep theirs, what tells no quantity stands out."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.model_tokens import MODEL_TOKENS, model_tokens
from models.economics.pools import COSTS


def charge(cost: str, quantity: str | None = None, **more: Any) -> dict[str, Any]:
    usual = {
        "source": "openai", "billing_month": "2026-05", "day": datetime(2026, 5, 10, tzinfo=UTC),
        "provider_name": "OpenAI", "issuer_name": "OpenAI", "billing_account_id": "1", "charge_category": "Usage",
        "currency": "USD", "charges": 2, "model": "gpt-5", "meter": "input", "token_kind": "input", "unit": "Tokens",
        "component": "model_apis", "team": "search",
    }  # fmt: skip
    amounts = {"consumed_quantity": quantity and Decimal(quantity), **dict.fromkeys(COSTS, Decimal(cost))}
    return usual | amounts | more


def used(*charges: dict[str, Any]) -> list[dict[str, Any]]:
    names = ATTRIBUTED_DAILY.polars_schema
    rows = pl.DataFrame([{name: row.get(name) for name in names} for row in charges], schema=names)
    return MODEL_TOKENS.check(model_tokens(ATTRIBUTED_DAILY.check(rows))).rows(named=True)


def test_days_of_a_month_add_up_and_teams_and_pools_stay_apart():
    later = {"day": datetime(2026, 5, 31, tzinfo=UTC), "project_id": "another"}
    found = used(charge("1.5", "10"), charge("2", "5", **later), charge("9", "90", team=None, pool="gateway"))
    assert [(row["team"], row["pool"], row["quantity"], row["effective_cost"], row["charges"]) for row in found] == [
        ("search", None, 15, Decimal("3.5"), 4),
        (None, "gateway", 90, 9, 2),
    ]


def test_cost_without_a_quantity_is_told_beside_the_tokens_of_the_same():
    (row,) = used(charge("3", "10"), charge("1", None))
    assert (row["quantity"], row["effective_cost"], row["unmeasured_effective_cost"]) == (10, 4, 1)
    (fee,) = used(charge("8", None, model=None, meter=None, token_kind=None, unit=None))
    assert (fee["model"], fee["quantity"], fee["unmeasured_effective_cost"]) == (None, None, 8)


def test_what_is_no_use_of_models_is_not_there():
    machine = {"model": None, "meter": None, "token_kind": None, "component": "accelerator_compute"}
    searches = {"model": None, "meter": "web_searches", "token_kind": None, "component": None, "unit": "Requests"}
    assert [row["meter"] for row in used(charge("7", "1", **machine), charge("1", "3", **searches))] == ["web_searches"]
