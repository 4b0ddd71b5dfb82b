"""Unit costs against the rows they come from: tokens, accelerator-hours, units of our business, and what is idle."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.dashboards.pages import opened, shown, table, words
from tests.dashboards.sample_warehouse import HOSTILE, Sample

ALL = "all models"


def rows(sample: Sample, measure: str, *, month: str = "2026-07", currency: str = "USD") -> dict[str, dict[str, Any]]:
    """By subject."""
    wanted = {"measure": measure, "month": month, "currency": currency}
    return {row["subject"]: row for row in sample.unit_costs if wanted.items() <= row.items()}


def test_the_answer_is_the_price_of_a_million_tokens(published: Sample) -> None:
    """425.50 USD for 500 million tokens; of what goes in a quarter is cached, of all a tenth is batch."""
    said = words(opened("unit_costs"))
    assert "**0.851 USD for a million tokens** in July 2026" in said
    assert "25.0 % of what goes in is read from a cache, 10.0 % of all tokens" in said


def test_every_model_equals_its_row_and_its_month_before(published: Sample) -> None:
    of_models = table(opened("unit_costs"), "unit_cost_before")
    now, before = rows(published, "tokens_blended"), rows(published, "tokens_blended", month="2026-06")
    assert {row["subject"] for row in of_models} == set(now) - {ALL}
    for row in of_models:
        expected = now[row["subject"]]
        for name in ("effective_unit_cost", "list_unit_cost", "quantity", "effective_cost"):
            assert row[name] == expected[name], (row["subject"], name)
    by_name = {row["subject"]: row["unit_cost_before"] for row in of_models}
    assert by_name["gpt-5"] == before["gpt-5"]["effective_unit_cost"] == Decimal("0.8")
    assert by_name[HOSTILE] is None, "it was not used in June"
    assert sum(row["effective_cost"] for row in of_models) == now[ALL]["effective_cost"]


def test_kinds_of_token_stand_apart(published: Sample) -> None:
    kinds = {row["token_kind"]: row["effective_unit_cost"] for row in table(opened("unit_costs"), "token_kind")}
    assert kinds == {"input": Decimal("0.334166666667"), "output": Decimal(4)}


def test_an_hour_carries_what_was_left_unused_and_says_how_it_was_bought(published: Sample) -> None:
    hours = {row["subject"]: row for row in table(opened("unit_costs"), "pricing_kind")}
    assert hours["L4"]["pricing_kind"] == "capacity block"
    assert (hours["L4"]["effective_unit_cost"], hours["L4"]["effective_cost_per_used_unit"]) == (
        Decimal("0.825"),
        Decimal("1.1"),
    )
    assert hours["L4"]["utilisation"] == 62.5
    assert hours["H100"]["utilisation"] != hours["H100"]["utilisation"], "not measured is unknown, never nothing"


def test_a_unit_of_our_business_has_its_price(published: Sample) -> None:
    app = opened("unit_costs")
    assert shown(app, "customers").value == "12.50 USD"
    assert shown(app, "customers").delta == "for one Customer"
    assert "0.00000250 USD" in [metric.value for metric in app.metric], "a small price keeps three figures"


def test_idle_is_added_up_by_owner_and_unknown_where_not_all_was_measured(published: Sample) -> None:
    idle = {row["owner"]: row for row in table(opened("unit_costs"), "owner")}
    assert set(idle) == {"search", HOSTILE, "pool reserved", "unallocated"}
    assert (idle["search"]["unused_cost"], idle["search"]["measured_idle_cost"]) == (Decimal("11.5"), Decimal("12.25"))
    assert (idle[HOSTILE]["unused_cost"], idle[HOSTILE]["measured_idle_cost"]) == (Decimal(7), None)
    assert sum(row["used_cost"] for row in idle.values()) == sum(row["used_cost"] for row in published.idle)


def test_a_second_currency_is_chosen_and_never_added(published: Sample) -> None:
    app = opened("unit_costs", currency="EUR")
    assert "**0.810 EUR for a million tokens**" in words(app)
    assert [row["subject"] for row in table(app, "unit_cost_before")] == ["m-1"]
    assert dict(app.query_params) == {"currency": "EUR"}


def test_another_month_comes_from_the_url(published: Sample) -> None:
    app = opened("unit_costs", period="2026-06")
    assert "**0.750 USD for a million tokens** in June 2026" in words(app)
    assert "read from a cache" not in words(app), "June does not tell it"
    assert dict(app.query_params) == {"period": "2026-06"}


def test_names_of_others_are_never_markup(published: Sample) -> None:
    app = opened("unit_costs")
    assert HOSTILE not in words(app)
    assert HOSTILE not in [metric.label for metric in app.metric]
    assert HOSTILE in {row["subject"] for row in table(app, "unit_cost_before")}


def test_tokens_without_a_cost(home: Path, sample: Sample) -> None:
    sample.unit_costs = [row for row in sample.unit_costs if row["measure"] == "accelerator_hour"]
    sample.publish(home)
    assert "No token has a cost in USD in July 2026." in words(opened("unit_costs"))


def test_before_there_is_any_unit_cost(home: Path, sample: Sample) -> None:
    sample.unit_costs = []
    sample.publish(home)
    assert "No usage with a cost is known yet" in words(opened("unit_costs"))
