"""Budgets against plain sums of the sample, what is supposed against arithmetic; and little to show."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.parts.budget_words import gone_by, not_reached
from tests.dashboards import sample_warehouse
from tests.dashboards.pages import money, opened, shown, table, words
from tests.dashboards.sample_basics import HOSTILE, LAST_DAY
from tests.dashboards.sample_budgets import A_DAY, NO_LANDING
from tests.dashboards.sample_warehouse import BUDGETS, Sample

WHOLE = "AI, whole company"
DAYS_LEFT = 11


def spent(sample: Sample) -> Decimal:
    """Of the whole company's budget: what is billed in dollars for July."""
    rows = [row for row in sample.charges if (row["billing_month"], row["currency"]) == ("2026-07", "USD")]
    return sum((row["billed_cost"] for row in rows), Decimal(0))


def page(**query: str) -> AppTest:
    app = opened("budgets", **query)
    assert not app.error
    return app


def test_each_budget_has_its_state_landing_and_the_day_on_which_it_runs_out(published: Sample) -> None:
    app = page()
    rows = {row["budget"]: row for row in table(app, "budget", "state")}
    assert set(rows) == {budget.name for budget in BUDGETS}
    whole = rows[WHOLE]
    assert (whole["spent"], whole["landing"]) == (spent(published), spent(published) + DAYS_LEFT * A_DAY)
    left = Decimal(2500) - spent(published)
    assert whole["runs_out_on"].date() == LAST_DAY + timedelta(days=int(left / A_DAY) + 1)
    assert whole["state"] == "likely over"
    assert whole["used"] == pytest.approx(float(spent(published)) / 25, abs=0.005), "percent of 2,500"
    assert whole["crossed"].startswith("80 % on")
    assert (rows["Typo"]["state"], rows["Typo"]["range"]) == ("not known", NO_LANDING)
    assert "**Of 5 budgets under way, 1 will probably be exceeded" in words(app)
    assert "1 cannot be forecast.**" in words(app)


def test_one_budget_in_depth_is_chosen_by_the_url(published: Sample) -> None:
    app = page(budget=WHOLE)
    assert shown(app, "Spent").value == money(spent(published))
    assert shown(app, "Left").value == money(2500 - spent(published))
    assert shown(app, "Lands at").value == money(spent(published) + DAYS_LEFT * A_DAY)
    assert shown(app, "Will be exceeded").delta.startswith("runs out on")
    said = words(app)
    assert "80 % (2,000.00 USD): reached on **" in said
    assert "100 % (2,500.00 USD): not reached" in said
    assert "Costs in EUR are in its scope and **not counted**" in said
    assert "Burns **1.25 ×** as fast as it allows" in said
    assert "Known events in the landing: Voice launch" in said
    assert [row["period"] for row in table(app, "period", "remaining")] == ["2026-07", "2026-06", "2026-05"]
    assert dict(app.query_params) == {"budget": WHOLE} or dict(app.query_params) == {}


def test_what_if_comes_from_the_url_is_labelled_and_stays_there(published: Sample) -> None:
    """A fifth more at half the price from the 26th on: six days at 0.6 of what is expected."""
    query = {"budget": WHOLE, "volume": "20", "price": "-50", "amount": "3300", "since": "2026-07-26"}
    app = page(**query)
    landing = spent(published) + DAYS_LEFT * A_DAY - 6 * A_DAY * Decimal("0.4")
    said = words(app)
    assert f"**What if:** it lands at **{money(landing)}** (-{money(6 * A_DAY * Decimal('0.4'))})" in said
    assert "Of 3,300.00 USD" in said and "kept nowhere but in this address" in said
    assert {name: app.query_params[name] for name in ("volume", "price", "amount", "since")} == {
        name: query[name] for name in ("volume", "price", "amount", "since")
    }
    # the cards are what is, whatever is supposed
    assert shown(app, "Lands at").value == money(spent(published) + DAYS_LEFT * A_DAY)
    app.slider(key=f"budgets volume of {WHOLE}").set_value(0).run()
    assert "volume" not in app.query_params
    app.button(key=f"budgets reset of {WHOLE}").click().run()
    assert "**What if:** it lands" not in words(app)
    assert not {"volume", "price", "amount", "since"} & set(app.query_params)


def test_a_supposition_is_of_one_budget(published: Sample) -> None:
    app = page(budget=WHOLE, volume="50")
    assert "**What if:** it lands" in words(app)
    app.selectbox(key="budgets budget").select("Search").run()
    assert not app.exception
    assert "**What if:** it lands" not in words(app)
    assert "volume" not in app.query_params


@pytest.mark.parametrize("nonsense", ["NaN", "1e99", "-91", "<script>", "9" * 500, "", "2026-13-45"])
def test_nonsense_in_the_url_supposes_nothing(published: Sample, nonsense: str) -> None:
    app = page(budget=WHOLE, volume=nonsense, price=nonsense, since=nonsense)
    assert "**What if:** it lands" not in words(app)


def test_why_there_is_no_landing_is_told(published: Sample) -> None:
    app = page(budget="Typo")
    assert f"Where it lands is not known: {NO_LANDING}" in words(app)
    assert (shown(app, "Lands at").value, shown(app, "Will be exceeded").value) == ("–", "–")
    assert not app.slider


def test_a_rolling_budget_and_a_quarter_can_be_supposed_too(published: Sample) -> None:
    for name in ("Last week", "Models, quarter"):
        assert "**What if:** it lands" in words(page(budget=name, volume="10"))


def test_a_rolling_budget_says_which_window_and_how_many_of_its_days_are_not_told() -> None:
    row = {"period_kind": "rolling", "last_day": date(2026, 11, 28), "made_on": date(2026, 11, 26), "elapsed_pct": 100}
    assert gone_by(row) == "2 days of it not told yet, so what is spent is short of them"
    assert gone_by(row | {"made_on": date(2026, 11, 28)}) == "all of its days told"
    assert gone_by(row | {"period_kind": "month"}) == "100 % of it gone by"
    assert not_reached(row) == "not reached by what is told of the window to 28 November 2026"


def test_a_rolling_budget_is_never_gone_by(published: Sample) -> None:
    app = page(budget="Last week")
    assert "of it gone by" not in words(app)
    assert " on " not in shown(app, "Will be exceeded").delta


def test_budgets_of_a_team(published: Sample) -> None:
    assert [row["budget"] for row in table(page(team="search"), "budget", "state")] == ["Search"]
    none = page(team="engineering")
    assert "No budget is of engineering alone" in words(none)


def test_names_are_never_markup(home: Path, sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = replace(BUDGETS[0], name=HOSTILE, owner=HOSTILE, scope={"team": (HOSTILE, "search")})
    monkeypatch.setattr(sample_warehouse, "BUDGETS", (hostile,))
    sample.publish(home)
    app = page(budget=HOSTILE, volume="10")
    assert HOSTILE not in words(app)
    assert [row["budget"] for row in table(app, "budget", "state")] == [HOSTILE]
    assert "Of the one budget" in words(app)


def test_without_a_budget_it_says_how_to_have_one(home: Path, sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_warehouse, "BUDGETS", ())
    sample.publish(home)
    assert "Declare one under `budgets` in outlay.yaml" in words(page())


def test_before_anything_is_published_it_says_what_to_run(home: Path) -> None:
    assert [code.value for code in page().code] == ["outlay demo", "outlay init\noutlay run"]
