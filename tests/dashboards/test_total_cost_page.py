"""Total cost against sums of plain Python rows: in dollars, by component and team, with what no bill holds."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.pages import money, opened, shown, table, words
from tests.dashboards.sample_warehouse import HOSTILE, LAST_DAY, Sample

Row = dict[str, Any]


def cost(sample: Sample, where: Callable[[Row], bool] = lambda row: True, *, month: str = "2026-07") -> Decimal:
    """Effective cost in dollars; what has no rate is in no sum."""
    return sum(
        (
            row["reporting_effective_cost"]
            for row in sample.total_costs
            if f"{row['day']:%Y-%m}" == month and row["reporting_effective_cost"] is not None and where(row)
        ),
        Decimal(0),
    )


def test_the_total_and_its_parts_are_exact(published: Sample) -> None:
    app = opened("total_cost")
    whole = cost(published)
    assert words(app).count(f"**{money(whole)} effective cost**") == 1
    parts: dict[str, Callable[[Row], bool]] = {
        "From bills": lambda row: row["origin"] == "charge",
        "Declared": lambda row: row["origin"] == "declared",
        "Shared": lambda row: row["allocation"] == "shared",
        "Unallocated": lambda row: row["allocation"] == "unallocated",
    }
    for label, where in parts.items():
        assert shown(app, label).value == money(cost(published, where)), label
        assert shown(app, label).delta == f"{cost(published, where) * 100 / whole:.1f} % of the total"
    assert cost(published, parts["From bills"]) + cost(published, parts["Declared"]) == whole


def test_every_component_and_team_equals_its_rows(published: Sample) -> None:
    app = opened("total_cost")
    components = table(app, "component")
    assert {row["component"] for row in components} == {"model APIs", "people and overheads", "unmatched"}
    for row in components:
        name = None if row["component"] == "unmatched" else row["component"].lower().replace(" ", "_")
        assert row["cost"] == cost(published, lambda each, name=name: each["component"] == name), name
        assert row["cost"] == row["direct"] + row["shared"] + row["unallocated"]
    teams = table(app, "team")
    for row in teams:
        name = None if row["team"] == "unallocated" else row["team"]
        assert row["cost"] == cost(published, lambda each, name=name: each["team"] == name), name
        assert row["cost"] == row["direct"] + row["shared"]
    assert sum(row["cost"] for row in teams) == sum(row["cost"] for row in components) == cost(published)
    support = next(row for row in teams if row["team"] == "support")
    assert (support["direct"], support["shared"]) == (
        Decimal(0),
        cost(published, lambda each: each.get("pool") is not None),
    )


def test_a_team_is_set_against_the_same_days_of_the_month_before(published: Sample) -> None:
    """OpenAI has told 20 days of July, Anthropic 19: search is OpenAI's customer, engineering Anthropic's."""
    teams = {row["team"]: row for row in table(opened("total_cost"), "team")}
    for team, reached in (("search", LAST_DAY.day), ("engineering", LAST_DAY.day - 1)):
        now = cost(published, lambda row, team=team: row["team"] == team)
        before = cost(
            published,
            lambda row, team=team, last=reached: row["team"] == team and row["day"].day <= last,
            month="2026-06",
        )
        assert teams[team]["change"] == f"{(now - before) * 100 / before:+,.1f} %"


def test_a_whole_month_is_set_against_the_whole_month_before(published: Sample) -> None:
    """June has 30 days, May 31: all of them count."""
    teams = {row["team"]: row for row in table(opened("total_cost", period="2026-06"), "team")}
    now = cost(published, lambda row: row["team"] == "search", month="2026-06")
    before = cost(published, lambda row: row["team"] == "search", month="2026-05")
    assert teams["search"]["change"] == f"{(now - before) * 100 / before:+,.1f} %"


def test_a_currency_without_a_rate_is_told_and_in_no_sum(published: Sample) -> None:
    """Mistral's bill, and 20 days of labelling at 40 euros."""
    said = words(opened("total_cost"))
    assert f"Not in it, for want of a rate of exchange: {money(Decimal('812.5') + 20 * 40, 'EUR')}." in said


def test_a_currency_with_a_rate_is_in_the_total(home: Path, sample: Sample) -> None:
    without = cost(sample)
    sample.rates["EUR"] = Decimal("1.08")
    sample.publish(home)
    app = opened("total_cost")
    assert cost(sample) == without + Decimal("1612.5") * Decimal("1.08")
    assert f"**{money(cost(sample))} effective cost**" in words(app)
    assert "for want of a rate" not in words(app)
    assert f"{money(Decimal('812.5') * Decimal('1.08'))} belong to no component" in words(app)


def test_what_is_invoiced_counts_no_longer_as_declared(published: Sample) -> None:
    costs = {row["name"]: row for row in table(opened("total_cost"), "effective_cost", "declared_cost")}
    assert costs[HOSTILE]["standing"] == "in part invoiced"
    assert (costs[HOSTILE]["declared_cost"], costs[HOSTILE]["effective_cost"]) == (Decimal(30), Decimal(15))
    assert costs["Platform people"]["effective_cost"] == 20 * Decimal("30.125")
    assert costs["Labelling"]["currency"] == "EUR"


def test_month_and_colours_come_from_the_url_and_stay_there(published: Sample) -> None:
    app = opened("total_cost", period="2026-06", by="team")
    assert app.title[0].value == "What did AI really cost in June 2026?"
    assert f"**{money(cost(published, month='2026-06'))} effective cost**" in words(app)
    app.run()
    assert dict(app.query_params) == {"period": "2026-06", "by": "team"}


@pytest.mark.parametrize("dimension", ["component", "team", "vendor", "model"])
def test_names_of_others_are_never_markup(published: Sample, dimension: str) -> None:
    app = opened("total_cost", by=dimension)
    assert HOSTILE not in words(app)
    assert HOSTILE in {row["team"] for row in table(app, "team")}


def test_a_hostile_team_that_has_the_most_is_named_as_text(home: Path, sample: Sample) -> None:
    for row in sample.charges:
        row["team"] = HOSTILE
    sample.publish(home)
    said = words(opened("total_cost"))
    assert "has the most of it" in said
    assert HOSTILE not in said
    assert "\\<script\\>" in said


def test_only_declared_costs(home: Path, sample: Sample) -> None:
    sample.charges, sample.estimates = [], []
    sample.publish(home)
    app = opened("total_cost")
    assert shown(app, "From bills").value == "0.00 USD"
    assert shown(app, "Declared").value == money(cost(sample))
    assert "Charges through –" in words(app)


def test_only_a_currency_without_a_rate(home: Path, sample: Sample) -> None:
    sample.charges = [row for row in sample.charges if row["currency"] == "EUR"]
    sample.declared = []
    sample.publish(home)
    app = opened("total_cost")
    assert "**0.00 USD effective cost**" in words(app)
    assert "No day of this month has a cost in the reporting currency." in words(app)


def test_before_there_is_any_cost(home: Path, sample: Sample) -> None:
    sample.charges, sample.declared = [], []
    sample.publish(home)
    assert "No charge and no declared cost is known yet" in words(opened("total_cost"))
