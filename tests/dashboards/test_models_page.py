"""Models and tokens against the rows they come from: spend, unit costs, kinds, other models, and what has no price."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dashboards.published import begin
from tests.dashboards import sample_marts
from tests.dashboards.pages import money, opened, shown, table, words
from tests.dashboards.sample_warehouse import HOSTILE, Sample

ALL = "all models"
MILLION = 1_000_000
Row = dict[str, Any]


def units(sample: Sample, measure: str, *, month: str = "2026-07", currency: str = "USD") -> dict[str, Row]:
    """By subject."""
    wanted = {"measure": measure, "month": month, "currency": currency}
    return {row["subject"]: row for row in sample.unit_costs if wanted.items() <= row.items()}


def charged(sample: Sample, month: str, is_wanted: Callable[[Row], bool], currency: str = "USD") -> list[Row]:
    """Charges before pools are split: the desk's come out of one, so no team has them."""
    rows = sample_marts.attributed(sample.charges)
    return [row for row in rows if row["billing_month"] == month and row["currency"] == currency and is_wanted(row)]


def cost(rows: Iterable[Row]) -> Decimal:
    return sum((row["effective_cost"] for row in rows), Decimal(0))


def a_million(rows: list[Row]) -> Decimal:
    counted = [row for row in rows if row["charge_category"] == "Usage"]
    return (cost(counted) * MILLION / sum(row["consumed_quantity"] for row in counted)).quantize(Decimal("1e-12"))


def test_the_answer_is_what_models_cost_and_a_million_tokens(published: Sample) -> None:
    """425.50 USD for 500 million tokens are 0.851; in June 300 for 400 were 0.75."""
    app = opened("models")
    whole = cost(charged(published, "2026-07", lambda _: True))
    said = words(app)
    assert f"**{money(whole)} for models** in July 2026 (effective cost); **0.851 USD for a million tokens**" in said
    assert "+13.5 % against June 2026" in said
    dearest = cost(charged(published, "2026-07", lambda row: row["model"] == "claude-opus-4-5"))
    assert f"Dearest is **claude\\-opus\\-4\\-5** with {dearest * 100 / whole:.1f} % of it." in said


def test_cards_say_tokens_with_a_prefix_and_exactly_and_how_they_are_used(published: Sample) -> None:
    app = opened("models")
    assert shown(app, "Tokens").value == "500 M"
    assert shown(app, "Tokens").help == "Exactly 500,000,000 tokens."
    assert shown(app, "Tokens").delta == "at list 1.70 USD a million"
    assert shown(app, "Read from a cache").value == "25.0 %"
    assert shown(app, "Processed as batch").value == "10.0 %"


def test_every_model_equals_its_row_and_its_month_before(published: Sample) -> None:
    of_models = table(opened("models"), "unit_cost_before")
    now, before = units(published, "tokens_blended"), units(published, "tokens_blended", month="2026-06")
    assert {row["subject"] for row in of_models} == set(now) - {ALL}
    for row in of_models:
        expected = now[row["subject"]]
        for name in ("effective_unit_cost", "contracted_unit_cost", "list_unit_cost", "quantity", "effective_cost"):
            assert row[name] == expected[name], (row["subject"], name)
    by_name = {row["subject"]: row["unit_cost_before"] for row in of_models}
    assert by_name["gpt-5"] == before["gpt-5"]["effective_unit_cost"] == Decimal("0.8")
    assert by_name[HOSTILE] is None, "it was not used in June"
    assert sum(row["effective_cost"] for row in of_models) == now[ALL]["effective_cost"]


def test_a_team_has_the_unit_costs_of_its_own_charges(published: Sample) -> None:
    app = opened("models", team="search")
    mine = charged(published, "2026-07", lambda row: row["team"] == "search")
    assert f"**{money(cost(mine))} for models** of team search in July 2026" in words(app)
    prices = {row["subject"]: row for row in table(app, "unit_cost_before")}
    assert set(prices) == {"gpt-5", "gpt-5-mini"}
    for model, row in prices.items():
        now = [each for each in mine if each["model"] == model]
        before = charged(published, "2026-06", lambda each, of=model: (each["team"], each["model"]) == ("search", of))
        assert row["effective_unit_cost"] == a_million(now)
        assert row["list_unit_cost"] == (a_million(now) * Decimal("1.25")).quantize(Decimal("1e-12"))
        assert row["unit_cost_before"] == a_million(before)
        assert row["quantity"] * MILLION == sum(each["consumed_quantity"] for each in now)
    assert "A unit of our business" not in words(app), "those are counted of everything alone"
    assert dict(app.query_params) == {"team": "search"}


def test_by_vendor_and_by_team_with_pools_named(published: Sample) -> None:
    by_vendor = {row["subject"]: row for row in table(opened("models", by="vendor"), "unit_cost_before")}
    for vendor in ("OpenAI", "Anthropic"):
        rows = charged(
            published, "2026-07", lambda row, of=vendor: row["provider_name"] == of and row["model"] is not None
        )
        assert by_vendor[vendor]["effective_unit_cost"] == a_million(rows)
    by_team = {row["subject"]: row for row in table(opened("models", by="team"), "unit_cost_before")}
    assert set(by_team) == {"search", "engineering", "research", HOSTILE, "pool help desk", "unallocated"}
    desk = charged(published, "2026-07", lambda row: row["pool"] == "help desk")
    assert by_team["pool help desk"]["effective_unit_cost"] == a_million(desk)


def test_kinds_of_token_stand_apart(published: Sample) -> None:
    kinds = {row["subject"]: row for row in table(opened("models"), "token_kind")}
    gpt = charged(published, "2026-07", lambda row: row["model"] == "gpt-5")
    assert (kinds["gpt-5"]["token_kind"], kinds["gpt-5"]["effective_unit_cost"]) == ("input", a_million(gpt))
    assert ALL not in kinds


def test_what_another_model_would_have_cost_by_the_model_in_the_address(published: Sample) -> None:
    app = opened("models", model="gpt-5 on OpenAI")
    said = words(app)
    assert "What would June 2026 have cost on …" in said, "July is not over"
    assert "20.0 M tokens of **gpt\\-5** cost 1,000.00 USD at list price" in said
    assert "**claude\\-sonnet\\-4\\-5** on Anthropic would have taken 740.50 USD, 26.0 % less." in said
    assert "Token counts are taken as they are" in said
    others = table(app, "candidate_model")
    rows = {row["candidate_model"]: row for row in sample_marts.repriced() if row["model"] == "gpt-5"}
    assert [row["candidate_model"] for row in others] == ["claude-sonnet-4-5", HOSTILE], "cheapest first"
    for row in others:
        expected = rows[row["candidate_model"]]
        assert row["difference"] == expected["difference"]
        assert row["candidate_contracted_cost"] == expected.get("candidate_contracted_cost")
        assert row["compared_share"] == float(expected["compared_share"]) * 100


def test_a_vendor_that_serves_none_of_these_models_is_told(published: Sample) -> None:
    said = words(opened("models", vendor=HOSTILE, team="search")).replace("\\", "")
    assert f"{HOSTILE} serves none of these models: they are of all hosts." in said
    assert "Of all teams together, not of search alone." in said
    said = words(opened("models", vendor="OpenAI"))
    assert "serves none" not in said


def test_nothing_cheaper_is_said(home: Path, sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    dearer = [row for row in sample_marts.repriced() if row["difference"] > 0]
    monkeypatch.setattr(sample_marts, "repriced", lambda: dearer)
    sample.publish(home)
    assert "No comparable model is cheaper; the nearest, " in words(opened("models"))
    assert "takes 31.0 % more." in words(opened("models"))


def test_what_has_no_price_is_counted_and_never_zero(published: Sample) -> None:
    app = opened("models")
    rows = sample_marts.unpriced()
    billed = sum((row["billed_cost"] for row in rows if row["billed_cost"] is not None), Decimal(0))
    assert shown(app, "Without a price").value == money(billed)
    assert shown(app, "Without a price").delta == "and 2 uses without a cost"
    told = table(app, "standing", "remedy")
    assert [row["standing"] for row in told] == ["billed", "billed", "on no bill", "bill to come", "billed at nothing"]
    by_standing = {row["standing"]: row for row in told}
    assert by_standing["on no bill"]["billed_cost"] is None
    assert by_standing["on no bill"]["quantity"] == "1.18 B tokens"
    assert told[1]["quantity"] == "18.1 k sessions"
    assert f"{by_standing['on no bill']['since']:%Y-%m-%d}" == "2026-07-03"
    assert "1.20 B tokens have neither a bill nor a price, and so no cost" in words(app)


def test_a_unit_of_our_business_has_its_price(published: Sample) -> None:
    app = opened("models")
    assert shown(app, "customers").value == "12.50 USD"
    assert shown(app, "customers").delta == "for one customer"
    assert "0.00000250 USD" in [metric.value for metric in app.metric], "a small price keeps three figures"


def test_a_second_currency_is_chosen_and_never_added(published: Sample) -> None:
    app = opened("models", currency="EUR")
    assert "**812.50 EUR for models** in July 2026 (effective cost); **0.810 EUR for a million tokens**" in words(app)
    assert [row["subject"] for row in table(app, "unit_cost_before")] == ["m-1"]
    assert dict(app.query_params) == {"currency": "EUR"}


def test_another_month_comes_from_the_url(published: Sample) -> None:
    app = opened("models", period="2026-06")
    assert "**0.750 USD for a million tokens**" in words(app)
    assert shown(app, "Read from a cache").value == "–", "June does not tell it"
    assert "Everything that was used in June 2026 has a price." in words(app)
    assert dict(app.query_params) == {"period": "2026-06"}


def test_names_of_others_are_never_markup(published: Sample) -> None:
    app = opened("models", by="team")
    assert HOSTILE not in words(app)
    assert HOSTILE not in [metric.label for metric in app.metric]
    assert HOSTILE in {row["subject"] for row in table(app, "unit_cost_before")}


def test_a_person_of_one_team_sees_no_other(published: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.views.models.current", lambda: begin(teams=("search",)))
    app = opened("models")
    mine = charged(published, "2026-07", lambda row: row["team"] == "search")
    assert f"**{money(cost(mine))} for models**" in words(app)
    assert {row["subject"] for row in table(app, "unit_cost_before")} == {"gpt-5", "gpt-5-mini"}
    assert "What would" not in words(app), "it is told of all teams together"
    assert "A unit of our business" not in words(app)
    assert shown(app, "Without a price").value == "3,662.94 USD"


def test_a_month_without_a_cost_of_the_part_says_so(published: Sample) -> None:
    app = opened("models", team="platform")
    assert "No model cost anything in USD in July 2026 of team platform." in words(app)
    assert "No day of July 2026 has a cost of models of team platform." in words(app)
    assert shown(app, "A million tokens").value == "–"


def test_before_any_model_is_used(home: Path, sample: Sample) -> None:
    sample.charges = []
    sample.publish(home)
    assert "No model was used or paid for yet" in words(opened("models"))
