"""What a million tokens and a request cost, worked out by hand; capacity is costed over its tokens, and never twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.pools import COSTS
from models.economics.token_costs import (
    ALL_MODELS,
    COVERED_TOKENS,
    NO_MODEL,
    REQUESTS,
    blended_costs,
    is_capacity,
    is_of_tokens,
    request_costs,
    token_costs,
)
from models.economics.unit_costs import UNIT_COSTS, unit_costs

MILLION = 1_000_000


def attributed(*rows: Mapping[str, Any]) -> pl.DataFrame:
    """Charges of model APIs of 10 September; `cost` stands for all four costs, `tokens` for a quantity and its unit."""
    usual: dict[str, Any] = {
        "source": "openai", "billing_month": "2026-09", "day": datetime(2026, 9, 10, tzinfo=UTC),
        "provider_name": "OpenAI", "issuer_name": "OpenAI", "billing_account_id": "org", "model": "gpt-x",
        "charge_category": "Usage", "price_status": "priced", "processing_tier": "standard", "component": "model_apis",
        "layer": "models", "currency": "USD", "charges": 1,
    }  # fmt: skip
    filled: list[dict[str, Any]] = []
    for row in rows:
        told = dict(row)
        costs = dict.fromkeys(COSTS, Decimal(told.pop("cost", "0")))
        kind, tokens = told.get("token_kind"), told.pop("tokens", None)
        counted = {"meter": kind, "unit": "Tokens" if kind else None, "consumed_quantity": tokens and Decimal(tokens)}
        filled.append({**dict.fromkeys(ATTRIBUTED_DAILY.polars_schema), **usual, **costs, **counted, **told})
    return pl.DataFrame(filled, schema=ATTRIBUTED_DAILY.polars_schema)


def covered(*rows: Mapping[str, Any]) -> pl.DataFrame:
    usual = {"source": "azure", "month": "2026-09", "token_kind": "input", "processing_tier": "standard"}
    return pl.DataFrame([{**usual, **row} for row in rows], schema=COVERED_TOKENS)


def capacity(cost: str, model: str | None = None, **said: Any) -> dict[str, Any]:
    """PTU-hours: they carry the money, and no tokens."""
    return {"source": "azure", "model": model, "cost": cost, "unit": "PTU-Hours", "price_status": "native", **said}


def table(*measures: pl.DataFrame) -> pl.DataFrame:
    return UNIT_COSTS.check(unit_costs(measures))


DAY = attributed(
    {"token_kind": "input", "tokens": 3 * MILLION, "cost": "6", "list_cost": Decimal(9)},
    {"token_kind": "cache_read", "tokens": 5 * MILLION, "cost": "1"},
    {"token_kind": "output", "tokens": 1 * MILLION, "cost": "8"},
    {"token_kind": "input", "tokens": 2 * MILLION, "cost": "2", "processing_tier": "batch"},
    {
        "token_kind": "output",
        "tokens": 1 * MILLION,
        "cost": "4",
        "processing_tier": "batch",
        "price_status": "unpriced",
    },
    {"meter": "web_searches", "cost": "3", "unit": "Requests", "consumed_quantity": Decimal(300)},
)
"""A model's day: 12 million tokens for 21 dollars, and 300 searches for 3 more."""


def test_dollars_per_million_tokens_by_kind():
    """Input 6 + 2 over 3 + 2 million: 1.60. Cached 1 ÷ 5: 0.20. Output 8 + 4 over 2 million: 6.00."""
    kinds = table(token_costs(DAY))
    assert kinds.select("token_kind", "quantity", "effective_cost", "effective_unit_cost").rows() == [
        ("cache_read", Decimal(5), Decimal(1), Decimal("0.2")),
        ("input", Decimal(5), Decimal(8), Decimal("1.6")),
        ("output", Decimal(2), Decimal(12), Decimal(6)),
    ]
    # list: (9 + 2) ÷ 5
    assert kinds["list_unit_cost"].to_list() == [Decimal("0.2"), Decimal("2.2"), Decimal(6)]
    # of output's 12 dollars 4 have no price; half of its tokens were batch
    assert kinds.filter(token_kind="output").select("priced_share", "batch_share").row(0) == (
        Decimal("0.666666666667"),
        Decimal("0.5"),
    )
    assert set(kinds["unit"]) == {"1000000 Tokens"}


def test_dollars_per_million_tokens_blended():
    """21 ÷ 12 million = 1.75. Cache: 5 of 3 + 5 + 2 million read = 0.5. Batch: 3 of 12 = 0.25. Priced: 17 of 21."""
    rows = table(blended_costs(DAY, covered())).rows(named=True)
    assert [row["subject"] for row in rows] == [ALL_MODELS, "gpt-x"]
    for row in rows:
        assert row["effective_unit_cost"] == Decimal("1.75")
        assert (row["cache_hit_share"], row["batch_share"]) == (Decimal("0.5"), Decimal("0.25"))
        assert row["priced_share"] == Decimal("0.809523809524")


def test_a_request_costs_all_that_its_model_costs():
    """21 of tokens + 3 of searches over 480 requests: 0.05."""
    asked = pl.DataFrame([("openai", "2026-09", "gpt-x", Decimal(480))], schema=REQUESTS, orient="row")
    (row,) = table(request_costs(DAY, covered(), asked)).rows(named=True)
    assert (row["quantity"], row["effective_cost"], row["effective_unit_cost"]) == (480, 24, Decimal("0.05"))
    assert row["unit"] == "Requests"


def test_costs_of_sources_that_tell_no_requests_are_divided_by_none():
    both = pl.concat([DAY, DAY.with_columns(source=pl.lit("elsewhere"))])
    asked = pl.DataFrame([("openai", "2026-09", "gpt-x", Decimal(480))], schema=REQUESTS, orient="row")
    assert table(request_costs(both, covered(), asked))["effective_cost"].to_list() == [Decimal(24)]


def test_a_charge_that_tells_no_tokens_is_in_no_price_by_kind():
    rows = attributed(
        {"token_kind": "output", "tokens": MILLION, "cost": "8"},
        {"token_kind": "output", "cost": "-1", "charge_category": "Credit"},
    )
    (row,) = table(token_costs(rows)).rows(named=True)
    assert (row["effective_unit_cost"], row["unmeasured_effective_cost"]) == (Decimal(8), Decimal(-1))
    # blended it is what a million tokens of the model cost in the end
    assert table(blended_costs(rows, covered()))["effective_unit_cost"].to_list() == [Decimal(7), Decimal(7)]


def test_capacity_is_costed_over_the_tokens_that_it_served():
    """PTUs cost 90 (10 of them left unused); 20 million tokens of gpt-a and 10 of gpt-b ran on them, at no charge.

    gpt-a: 90 × 2/3 = 60 ÷ 20 = 3.00; gpt-b: 30 of capacity + 5 of tokens charged elsewhere, over 10 + 1 million.
    """
    charges = attributed(
        capacity("80"), capacity("10", commitment_id="ptu-1", commitment_status="Unused", pricing_category="Committed"),
        {"source": "azure", "model": "gpt-b", "token_kind": "input", "tokens": MILLION, "cost": "5"},
    )  # fmt: skip
    ran = covered(
        {"model": "gpt-a", "quantity": Decimal(20 * MILLION)}, {"model": "gpt-b", "quantity": Decimal(10 * MILLION)}
    )
    rows = table(blended_costs(charges, ran)).select("subject", "quantity", "effective_cost", "effective_unit_cost")
    assert rows.rows() == [
        (ALL_MODELS, Decimal(31), Decimal(95), Decimal("3.064516129032")),
        ("gpt-a", Decimal(20), Decimal(60), Decimal(3)),
        ("gpt-b", Decimal(11), Decimal(35), Decimal("3.181818181818")),
    ]


def test_capacity_of_a_named_model_stays_with_it():
    """Of 40 + 30, the 40 are gpt-a's own; the 30 that name no model go to the only other model that ran."""
    charges = attributed(capacity("40", "gpt-a"), capacity("30"))
    ran = covered({"model": "gpt-a", "quantity": Decimal(MILLION)}, {"model": "gpt-b", "quantity": Decimal(MILLION)})
    costs = dict(table(blended_costs(charges, ran)).select("subject", "effective_cost").iter_rows())
    assert costs == {ALL_MODELS: Decimal(70), "gpt-a": Decimal(40), "gpt-b": Decimal(30)}


def test_capacity_whose_tokens_nobody_counted_stands_apart():
    """40 of no model and 30 of gpt-a served tokens that nobody told: gpt-a's own million for 5 costs 5."""
    charges = attributed(
        capacity("40"), capacity("30", "gpt-a"),
        {"source": "azure", "model": "gpt-a", "token_kind": "input", "tokens": MILLION, "cost": "5"},
    )  # fmt: skip
    rows = table(blended_costs(charges, covered()))
    assert rows.select("subject", "effective_cost", "effective_unit_cost", "unmeasured_effective_cost").rows() == [
        (ALL_MODELS, Decimal(5), Decimal(5), Decimal(70)),
        ("gpt-a", Decimal(5), Decimal(5), Decimal(30)),
        (NO_MODEL, Decimal(0), None, Decimal(40)),
    ]


def test_tokens_that_no_capacity_pays_do_not_make_others_cheaper():
    charges = attributed({"source": "azure", "model": "gpt-a", "token_kind": "input", "tokens": MILLION, "cost": "5"})
    rows = table(blended_costs(charges, covered({"model": "gpt-a", "quantity": Decimal(9 * MILLION)})))
    assert set(rows["effective_unit_cost"]) == {Decimal(5)}


AMOUNTS = st.decimals(-1000, 1000, places=6, allow_nan=False)
CHARGES = st.one_of(
    st.fixed_dictionaries(
        {
            "source": st.sampled_from(["azure", "openai"]),
            "model": st.sampled_from(["gpt-a", "gpt-b", None]),
            "token_kind": st.sampled_from(["input", "output", "cache_read"]),
            "tokens": st.integers(0, 10**12) | st.none(),
            "cost": AMOUNTS,
        }
    ),
    st.builds(capacity, AMOUNTS, st.sampled_from(["gpt-a", "gpt-c", None])),
    st.fixed_dictionaries({"model": st.sampled_from(["gpt-a", None]), "meter": st.just("images"), "cost": AMOUNTS}),
    st.fixed_dictionaries({"model": st.none(), "charge_category": st.just("Tax"), "cost": AMOUNTS}),
)


@settings(max_examples=50)
@given(
    st.lists(CHARGES, min_size=1, max_size=12),
    st.dictionaries(st.sampled_from(["gpt-a", "gpt-b", "gpt-d"]), st.integers(0, 10**12), max_size=3),
)
def test_blended_cost_and_what_is_not_of_tokens_are_the_whole_of_model_apis(charges, tokens):
    """Σ over models = the row of all models; with what is neither tokens nor capacity it is Σ of the component.

    What capacity costs whose tokens nobody counted is among it once, apart.
    """
    rows = attributed(*charges)
    ran = covered(*({"model": model, "quantity": Decimal(count)} for model, count in tokens.items()))
    blended = table(blended_costs(rows, ran))
    beside = rows.filter(~is_of_tokens() & ~is_capacity())
    models = blended.filter(pl.col("subject") != ALL_MODELS).select(*COSTS, "unmeasured_effective_cost").sum()
    assert models.equals(blended.filter(subject=ALL_MODELS).select(*COSTS, "unmeasured_effective_cost").sum())
    whole = rows.filter(component="model_apis")["effective_cost"].sum()
    assert (
        models["effective_cost"][0] + models["unmeasured_effective_cost"][0] + beside["effective_cost"].sum() == whole
    )


@settings(max_examples=50)
@given(st.lists(CHARGES, min_size=1, max_size=12))
def test_unit_cost_times_quantity_is_the_cost_within_rounding(charges):
    """A quotient is rounded to 12 places: times the quantity it is off by half a unit of them at most."""
    rows = attributed(*charges)
    for row in table(token_costs(rows), blended_costs(rows, covered())).rows(named=True):
        unit_cost, quantity = row["effective_unit_cost"], row["quantity"]
        assert (unit_cost is None) == (quantity == 0)
        if unit_cost is not None:
            assert abs(unit_cost * quantity - row["effective_cost"]) <= quantity * Decimal("0.5e-12")
