"""Self-hosting: ranges beside the API's cost, what they rest on, and no verdict alone."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from dashboards.published import begin
from models.economics.self_hosting import BREAK_EVEN
from tests.dashboards.pages import opened, table, words
from tests.dashboards.sample_warehouse import HOSTILE, Sample


def test_the_answer_is_a_range_beside_the_cost_of_the_api(published: Sample) -> None:
    """The lowest of all ways in the hopeful case, the highest of all in the cautious one."""
    said = words(opened("self_hosting"))
    assert (
        "**900.00 USD to 7,000.00 USD** for accelerators of our own, against **5,000.00 USD** through the API" in said
    )
    assert "write the 526 M output tokens of" in said
    assert "3 ways to do it, 1 cost less in every case, 1 cost less in no case, 1 cost less in some cases only." in said


def test_it_says_what_is_not_judged_and_what_is_not_ours(published: Sample) -> None:
    app = opened("self_hosting")
    assert app.info[0].proto.title == "Whether the served model does the work as well is not judged"
    said = app.info[0].value
    assert "Not our own figures but reference values: throughput of 3 ways and price per hour of 1 way." in said
    assert "no people and no network. They run at up to seven tenths of the throughput" in said
    assert "Throughput of 3 ways is one figure, without a range." in said
    assert "hour by hour" in said


def test_own_figures_are_called_ours(published: Sample) -> None:
    app = opened("self_hosting", model="gpt-5 USD")
    assert "reference values" not in app.info[0].value
    assert "**900.00 USD to 1,100.00 USD**" in words(app)
    assert [(row["price_from"], row["throughput_from"]) for row in table(app, "price_from")] == [("ours", "ours")]
    assert dict(app.query_params) == {"model": "gpt-5 USD"}


def test_every_way_has_its_row_likeliest_cheapest_first(published: Sample) -> None:
    ways = table(opened("self_hosting"), "verdict")
    assert [row["pricing_kind"] for row in ways] == ["owned", "on demand", "capacity block"]
    assert [row["self_hosted_cost"] for row in ways] == [Decimal(1000), Decimal(4800), Decimal(7000)]
    assert [row["verdict"] for row in ways] == ["self-hosting", "depends", "API"]
    assert [row["break_even_tokens"] for row in ways] == [Decimal(100_000_000), Decimal(100_000_000), None]


def test_every_assumption_has_its_source(published: Sample) -> None:
    app = opened("self_hosting")
    assert [row["price_from"] for row in table(app, "price_from")] == ["ours", "a reference value", "ours"]
    said = words(app)
    assert "our bills of 2026\\-07" in said
    assert "reference, not ours\\: MLPerf Inference" in said


def test_names_of_others_are_never_markup(published: Sample) -> None:
    app = opened("self_hosting")
    assert HOSTILE not in words(app)
    assert [row["model"] for row in table(app, "model")] == [HOSTILE, "gpt-5"]


def test_nothing_to_compare_yet(home: Path, sample: Sample) -> None:
    sample.agreements[BREAK_EVEN] = []
    sample.publish(home)
    assert "A whole month of usage, accelerators of ours and their throughput must be known." in words(
        opened("self_hosting")
    )


def test_people_of_some_teams_are_told_why_they_see_none(published: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.views.self_hosting.current", lambda: begin(teams=("search",)))
    said = words(opened("self_hosting"))
    assert "may see all teams." in said
    assert "Nothing to compare" not in said
