"""Commitments against the rows they come from: what is unused, what expires, when notice is due, how it is drawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dashboards.published import begin
from models.economics.commitments import COMMITMENT_BURN_DOWN, COMMITMENTS
from models.wording import day_text
from tests.dashboards.pages import money, opened, shown, table, words
from tests.dashboards.sample_agreements import PLAN
from tests.dashboards.sample_warehouse import HOSTILE, Sample


def bought(sample: Sample, column: str, month: str = "2026-07") -> Decimal:
    """The sum over what was bought ahead; commitments to spend are not."""
    return sum(
        (
            row[column]
            for row in sample.agreements[COMMITMENTS]
            if row["billing_month"] == month and row["currency"] == "USD" and row["kind"] != "spend"
        ),
        Decimal(0),
    )


def test_the_answer_says_what_is_unused_what_expires_and_when_notice_is_due(published: Sample) -> None:
    """(331.10 + 20.25) of (2099.60 + 520.25) is 13.4 %."""
    app = opened("commitments")
    said = words(app)
    assert bought(published, "unused") == Decimal("351.35")
    assert "**351.35 USD left unused** in July 2026, 13.4 % of what was bought ahead." in said
    assert "on 1 August 2026; 120.50 USD of it will be lost at this rate." in said
    due = datetime.now(UTC).date() + timedelta(days=30)
    assert f"by {day_text(due)}, in 30 days." in said


def test_cards_are_sums_of_rows_and_a_commitment_to_spend_counts_in_none_of_them(published: Sample) -> None:
    app = opened("commitments")
    assert shown(app, "Used").value == money(bought(published, "used"))
    assert shown(app, "Unused").value == money(bought(published, "unused"))
    assert shown(app, "Prepaid").value == money(bought(published, "prepaid_balance"))
    assert shown(app, "Owed at the end").value == "1,234.56 USD"


def test_every_commitment_has_its_row(published: Sample) -> None:
    held = {row["label"]: row for row in table(opened("commitments"), "label")}
    assert set(held) == {HOSTILE, "A year of AWS", f"savings plan …{PLAN[-8:]}"}
    plan, credits, spend = held[f"savings plan …{PLAN[-8:]}"], held[HOSTILE], held["A year of AWS"]
    assert (plan["kind"], plan["coverage_pct"]) == ("savings plan", 86.04)
    assert (credits["balance"], credits["at_stake"]) == (Decimal("479.75"), Decimal("120.5"))
    assert (spend["balance"], spend["at_stake"]) == (Decimal(50_000), Decimal("1234.56"))


def test_a_burn_down_is_drawn_for_the_commitment_of_the_url(published: Sample) -> None:
    app = opened("commitments", commitment=f"id of {HOSTILE}")
    assert "What is left of 1,000.00 USD; dashed: drawn evenly over its term." in words(app)
    assert app.selectbox[1].options == [HOSTILE], "only what was drawn of on some day can be chosen"


def test_a_second_currency_is_chosen_and_never_added(published: Sample) -> None:
    app = opened("commitments", currency="EUR")
    assert "Nothing was bought ahead in EUR for July 2026." in words(app)
    assert [row["label"] for row in table(app, "label")] == ["A year of Mistral"]
    assert shown(app, "Used").value == "0.00 EUR"
    assert dict(app.query_params) == {"currency": "EUR"}


def test_another_month_comes_from_the_url(published: Sample) -> None:
    app = opened("commitments", period="2026-06")
    assert f"**{money(bought(published, 'unused', '2026-06'))} left unused** in June 2026" in words(app)
    assert "Next expires" not in words(app), "a plan without a term never does"


def test_names_of_others_are_never_markup(published: Sample) -> None:
    said = words(opened("commitments"))
    assert HOSTILE not in said
    assert said.count("\\<script\\>") == 2


def test_nothing_is_committed(home: Path, sample: Sample) -> None:
    sample.agreements |= {COMMITMENTS: [], COMMITMENT_BURN_DOWN: []}
    sample.publish(home)
    app = opened("commitments")
    assert "No bill carries a commitment, and no contract in outlay.yaml commits to an amount." in words(app)
    assert not app.metric


def test_people_of_some_teams_are_told_why_they_see_none(published: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.views.commitments.current", lambda: begin(teams=("search",)))
    app = opened("commitments")
    assert "They are shown to people who may see all teams." in words(app)
    assert not app.metric
