"""Total cost against sums of plain Python rows: in dollars, by component and team, with what no bill holds."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dashboards.published import begin
from models.economics.commitments import COMMITMENTS
from tests.dashboards.pages import drawn, money, opened, shown, table, words
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


def test_every_component_and_team_equals_its_rows_and_totals_add_up(published: Sample) -> None:
    """`Which part of the stack` has a row for each component, a column for each team, and sums of both."""
    app = opened("total_cost")
    components = {row["component"]: row for row in table(app, "component", "total")}
    whole = components.pop("Total")
    assert set(components) == {"model APIs", "people and overheads"}, "what has no rate is told beside it"
    columns = [name for name in whole if name.startswith("column")]
    for component, row in components.items():
        name = component.lower().replace(" ", "_")
        assert row["total"] == cost(published, lambda each, name=name: each["component"] == name), name
        assert row["total"] == sum((row[name] for name in columns if row[name] is not None), Decimal(0))
    for name in columns:
        assert whole[name] == sum(row[name] for row in components.values() if row[name] is not None), name
    assert whole["total"] == sum(row["total"] for row in components.values()) == cost(published)


def test_every_team_equals_its_rows(published: Sample) -> None:
    teams = {row["name"]: row for row in table(opened("total_cost"), "cost_centre")}
    for name, row in teams.items():
        team = None if name == "unallocated" else name
        assert row["cost"] == cost(published, lambda each, team=team: each["team"] == team), name
        assert row["cost"] == row["direct"] + row["shared"]
    assert sum(row["cost"] for row in teams.values()) == cost(published)
    support = teams["support"]
    assert (support["direct"], support["shared"]) == (
        Decimal(0),
        cost(published, lambda each: each.get("pool") is not None),
    )


def test_everything_is_narrowed_to_what_the_url_asks(published: Sample) -> None:
    app = opened("total_cost", team="search", vendor="OpenAI")
    of_it = cost(published, lambda row: row["team"] == "search" and row["provider_name"] == "OpenAI")
    said = words(app)
    assert f"**{money(of_it)} effective cost** of search · OpenAI." in said
    assert [row["total"] for row in table(app, "component", "total")] == [of_it, of_it]
    assert [(row["name"], row["cost"]) for row in table(app, "cost_centre")] == [("search", of_it)]
    assert sum(row["cost"] for row in table(app, "way")) == of_it
    assert "What no bill holds" not in said, "nothing of it is declared"
    assert dict(app.query_params) == {"team": "search", "vendor": "OpenAI"}


def test_nothing_of_it_in_a_month_is_said(published: Sample) -> None:
    app = opened("total_cost", team="search", vendor="Anthropic")
    assert "No cost of search · Anthropic is known in July 2026" in words(app)
    assert not app.metric


def test_the_total_is_set_against_the_same_days_of_the_month_before(published: Sample) -> None:
    """Only Anthropic is behind: a declared cost and OpenAI have told 20 days."""
    before = cost(
        published,
        lambda row: row["day"].day <= (LAST_DAY.day - 1 if row["source"] == "anthropic" else LAST_DAY.day),
        month="2026-06",
    )
    now = cost(published)
    delta = shown(opened("total_cost"), "Total").delta
    assert delta == f"{(now - before) * 100 / before:+,.1f} % on the month before"


def test_commitments_and_idle_accelerators_stand_in_one_block(published: Sample) -> None:
    """Of what was bought ahead, not what was promised to be spent; idle is what was left, and what was measured."""
    app = opened("total_cost")
    held = [
        row for row in published.agreements[COMMITMENTS] if row["billing_month"] == "2026-07" and row["kind"] != "spend"
    ]
    for label, column in (("Committed and used", "used"), ("Committed and unused", "unused")):
        assert shown(app, label).value == money(sum((row[column] for row in held), Decimal(0)))
    assert shown(app, "Expiring unused").value == "120.50 USD"
    assert "first on 1 August 2026" in shown(app, "Expiring unused").delta
    idle = sum((row["unused_cost"] + (row["measured_idle_cost"] or 0) for row in published.idle), Decimal(0))
    assert shown(app, "Idle accelerators").value == money(idle)
    of_search = shown(opened("total_cost", team="search"), "Idle accelerators")
    assert (of_search.value, of_search.delta) == ("23.75 USD", "of search")


def test_a_team_is_set_against_the_same_days_of_the_month_before(published: Sample) -> None:
    """OpenAI has told 20 days of July, Anthropic 19: search is OpenAI's customer, engineering Anthropic's."""
    teams = {row["name"]: row for row in table(opened("total_cost"), "cost_centre")}
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
    teams = {row["name"]: row for row in table(opened("total_cost", period="2026-06"), "cost_centre")}
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


@pytest.mark.parametrize("dimension", ["component", "layer", "team", "vendor", "model", "product"])
def test_names_of_others_are_never_markup(published: Sample, dimension: str) -> None:
    app = opened("total_cost", by=dimension)
    assert HOSTILE not in words(app)
    assert HOSTILE in {row["name"] for row in table(app, "cost_centre")}


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
    assert "Nothing of it has a cost in the reporting currency." in words(app)


def test_before_there_is_any_cost(home: Path, sample: Sample) -> None:
    sample.charges, sample.declared = [], []
    sample.publish(home)
    assert "No charge and no declared cost is known yet" in words(opened("total_cost"))


def test_months_are_drawn_beside_days(published: Sample) -> None:
    app = opened("total_cost", span="months", by="team")
    assert dict(app.query_params) == {"span": "months", "by": "team"}
    values = drawn(app)
    assert {value["written_day"] for value in values} == {"May 2026", "June 2026", "July 2026"}
    whole = sum(cost(published, month=month) for month in ("2026-05", "2026-06", "2026-07"))
    assert sum(value["height"] for value in values) == pytest.approx(float(whole))


def test_a_person_of_some_teams_sees_theirs_and_no_commitment(
    published: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.views.total_cost.current", lambda: begin(teams=("search",)))
    app = opened("total_cost")
    of_search = cost(published, lambda row: row["team"] == "search")
    assert f"**{money(of_search)} effective cost**" in words(app)
    assert "Only costs of your teams are in it." in words(app)
    assert "Committed and used" not in [metric.label for metric in app.metric]
