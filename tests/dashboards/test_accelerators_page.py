"""Accelerators against the rows they come from: hours used and not, rates beside list, idle money by owner."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dashboards.published import begin
from tests.dashboards.pages import drawn, money, opened, shown, table, words
from tests.dashboards.sample_basics import at
from tests.dashboards.sample_warehouse import HOSTILE, Sample

Row = dict[str, Any]


def total(rows: list[Row], column: str) -> Decimal:
    return sum((row[column] or Decimal(0) for row in rows), Decimal(0))


def test_the_answer_and_cards_are_sums_of_rows(published: Sample) -> None:
    """50 hours used and 10 left: 90 for used ones, 21.50 for the others."""
    app = opened("accelerators")
    used, unused = total(published.idle, "used_cost"), total(published.idle, "unused_cost")
    assert (used, unused) == (Decimal(90), Decimal("21.5"))
    said = words(app)
    assert f"**50 accelerator-hours used** in July 2026, for {money(used)} effective cost." in said
    assert f"**{money(unused)}** went to 10 accelerator-hours that nobody used, 16.7 % of all." in said
    assert shown(app, "A used hour").value == "2.23 USD"
    assert shown(app, "A busy hour").value == "–", "not all hours were measured"
    assert shown(app, "Left unused").value == money(unused)
    assert shown(app, "Measured idle").value == money(total(published.idle, "measured_idle_cost"))


def test_a_busy_hour_is_told_where_all_hours_were_measured(home: Path, sample: Sample) -> None:
    for row in sample.idle:
        row |= {"busy_hours": Decimal(8), "utilisation": Decimal("0.8"), "measured_idle_cost": row["used_cost"] / 5}
    sample.publish(home)
    app = opened("accelerators")
    assert shown(app, "A busy hour").value == "2.79 USD", "111.50 for 40 hours"
    assert shown(app, "Utilisation").value == "80.0 %"


def test_hours_are_drawn_by_day_used_and_left_unused(published: Sample) -> None:
    july = [row for row in published.accelerators if row["billing_month"] == "2026-07"]
    is_unused = [row.get("commitment_status") == "Unused" for row in july]
    values = drawn(opened("accelerators"))
    by_name = {name: sum(value["height"] for value in values if value["name"] == name) for name in ("L4", "H100")}
    of_l4 = [row for row, unused in zip(july, is_unused, strict=True) if row["accelerator_type"] == "L4" and not unused]
    assert by_name["L4"] == float(total(of_l4, "accelerator_hours")) == 20 * 27
    assert by_name["H100"] == 160
    left = [row for row, unused in zip(july, is_unused, strict=True) if unused]
    assert sum(value["height"] for value in values if value["name"] == "left unused") == float(
        total(left, "accelerator_hours")
    )
    assert len({value["axis_day"] for value in values}) == 20


@pytest.mark.parametrize(
    ("dimension", "names"),
    [
        ("region", {"us-east-1", HOSTILE, "left unused"}),
        ("bought", {"standard", "committed", "dynamic", "left unused"}),
        ("team", {"search", HOSTILE, "pool reserved", "left unused"}),
        ("host", {"AWS", "left unused"}),
    ],
)
def test_hours_are_coloured_by_what_the_url_says(published: Sample, dimension: str, names: set[str]) -> None:
    app = opened("accelerators", hours=dimension)
    assert {value["name"] for value in drawn(app)} == names
    assert dict(app.query_params) == {"hours": dimension}


def test_months_are_drawn_beside_days(published: Sample) -> None:
    values = drawn(opened("accelerators", span="months"))
    hours = {
        month: sum(value["height"] for value in values if value["written_day"] == month)
        for month in ("June 2026", "July 2026")
    }
    assert hours == {"June 2026": 30 * 47.5, "July 2026": 20 * 47.5}


def test_our_own_accelerators_count_as_they_are_declared(home: Path, sample: Sample) -> None:
    rack = sample.declared[0] | {"accelerator_type": "H100", "accelerator_hours": Decimal(96)}
    sample.declared.append(rack | {"name": "Rack", "day": at(date(2026, 7, 4)), "kind": "owned_accelerators"})
    sample.publish(home)
    values = drawn(opened("accelerators", hours="host"))
    assert [value["height"] for value in values if value["name"] == "ourselves"] == [96]


def test_a_rate_stands_beside_its_list_price(published: Sample) -> None:
    """L4: 33 for 40 used hours with 11 left unused are 1.10; the list price is 1.65."""
    rates = {row["subject"]: row for row in table(opened("accelerators"), "list_unit_cost")}
    assert rates["L4"]["pricing_kind"] == "capacity block"
    assert rates["L4"]["effective_unit_cost"] == Decimal("0.825")
    assert rates["L4"]["effective_cost_per_used_unit"] == Decimal("1.1")
    assert rates["L4"]["discount"] == pytest.approx(-100 / 3)
    assert rates["L4"]["utilisation"] == 62.5
    assert rates["H100"]["utilisation"] != rates["H100"]["utilisation"], "not measured is unknown, never nothing"


def test_idle_is_added_up_by_owner_and_unknown_where_not_all_was_measured(published: Sample) -> None:
    idle = {row["owner"]: row for row in table(opened("accelerators"), "owner")}
    assert set(idle) == {"search", HOSTILE, "pool reserved", "unallocated"}
    assert (idle["search"]["unused_cost"], idle["search"]["measured_idle_cost"]) == (Decimal("11.5"), Decimal("12.25"))
    assert (idle[HOSTILE]["unused_cost"], idle[HOSTILE]["measured_idle_cost"]) == (Decimal(7), None)
    assert sum(row["used_cost"] for row in idle.values()) == total(published.idle, "used_cost")


def test_it_is_narrowed_to_a_team_and_a_type(published: Sample) -> None:
    app = opened("accelerators", team="search", accelerator="H100")
    assert "**10 accelerator-hours used** of search · H100 in July 2026, for 33.00 USD" in words(app)
    assert {value["name"] for value in drawn(app)} == {"H100"}
    assert [row["owner"] for row in table(app, "owner")] == ["search"]
    assert "Of all teams together." in words(app), "rates are of nobody in particular"


def test_names_of_others_are_never_markup(published: Sample) -> None:
    app = opened("accelerators", team=HOSTILE)
    assert HOSTILE not in words(app)
    assert "\\<script\\>" in words(app)


def test_nonsense_in_the_url_is_ignored(published: Sample) -> None:
    app = opened("accelerators", team="'; DROP TABLE x; --", accelerator=HOSTILE, hours="1", span="x", period="2")
    assert "**50 accelerator-hours used** in July 2026" in words(app)
    assert dict(app.query_params) == {}


def test_before_there_is_any_accelerator(home: Path, sample: Sample) -> None:
    sample.idle = []
    sample.publish(home)
    app = opened("accelerators")
    assert "No accelerator is known yet" in words(app)
    assert not app.metric


def test_people_of_some_teams_see_theirs(published: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.views.accelerators.current", lambda: begin(teams=("search",)))
    app = opened("accelerators")
    assert "**10 accelerator-hours used** in July 2026, for 33.00 USD" in words(app)
    assert {row["owner"] for row in table(app, "owner")} == {"search"}
    assert {value["name"] for value in drawn(app)} == {"H100"}
    assert "Only accelerators of your teams are in it." in words(app)
