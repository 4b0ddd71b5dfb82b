"""What is planted to be found is there, on its days only, costs what the truth says, and stays away without history."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.simulator.anomalies import HISTORY, planted
from connectors.simulator.organisation import SOURCES, key_named
from connectors.simulator.simulation import Simulation

AS_OF = datetime(2026, 11, 18, tzinfo=UTC)


@pytest.fixture(scope="module")
def quarter() -> Simulation:
    """1 September to 17 November 2026, as the demo of tests."""
    return Simulation(1, 3, AS_OF, clouds=True)


@pytest.fixture(scope="module")
def found(quarter: Simulation) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in quarter.truth("first")["anomalies"]}


def used(world: Simulation, source: str, key: str, day: date) -> int:
    """Input and output of a key on a day."""
    wanted = key_named(source, key).id
    usages = [usage for usage in world.usage(source, day) if usage.api_key_id == wanted]
    return sum(usage.quantities.get("input", 0) + usage.quantities.get("output", 0) for usage in usages)


def test_every_kind_is_planted_about_one_a_week(found: dict[str, dict[str, Any]]) -> None:
    assert {row["kind"] for row in found.values()} == {
        "drop", "burst", "weekend", "spike", "ramp", "level_shift", "machines_left_on", "runaway", "new_model",
        "price_change", "credit", "end",
    }  # fmt: skip
    begun = [row["first_day"] for row in found.values() if row["first_day"] >= "2026-10-06"]
    assert len(begun) == 13
    assert max(begun.count(day) for day in begun) == 2


def test_a_short_window_has_none(world: Simulation) -> None:
    month = Simulation(1, 1, datetime(2026, 10, 31, tzinfo=UTC))
    assert planted(month.calendar) == ()
    assert all(each.first_day >= world.calendar.first_day + timedelta(days=HISTORY) for each in planted(world.calendar))


def test_no_key_or_machine_has_two(quarter: Simulation) -> None:
    named = [name for each in planted(quarter.calendar) for name in (*each.targets, each.machines) if name]
    assert len(named) == len(set(named))


def test_usage_is_changed_on_its_days_and_no_other(quarter: Simulation) -> None:
    """`reranker stood still`: Tuesday 6 to Thursday 8 October, eight hundredths of what it would have been."""
    without = quarter.without("reranker stood still")
    for day in quarter.calendar.days:
        real, usual = (used(world, "openai", "search-reranker", day) for world in (quarter, without))
        assert real == pytest.approx(usual * (0.08 if date(2026, 10, 6) <= day <= date(2026, 10, 8) else 1), rel=1e-3)


def test_weekends_are_as_busy_as_fridays(quarter: Simulation) -> None:
    """24 October is a Saturday, 8 November the Sunday two weeks later."""
    days = [date(2026, 10, 24) + timedelta(days=week * 7 + sunday) for week in range(3) for sunday in (0, 1)]
    weekend = sum(used(quarter, "anthropic", "contracts-reader", day) for day in days) / 6
    fridays = sum(used(quarter, "anthropic", "contracts-reader", date(2026, 10, 23) + timedelta(days=7 * n))
                  for n in range(3)) / 3  # fmt: skip
    assert weekend == pytest.approx(fridays, rel=0.2)
    assert used(quarter, "anthropic", "contracts-reader", date(2026, 11, 14)) < fridays / 2


def test_a_ramp_grows_evenly_and_stays(quarter: Simulation) -> None:
    """The window's last billed day is 16 November; 21 days of growth begin on 24 October, 1.6 times on top at last."""
    without = quarter.without("research sends whole files")
    share = [
        used(quarter, "anthropic", "assist-research", day) / used(without, "anthropic", "assist-research", day)
        for day in (date(2026, 10, 23), date(2026, 10, 24), date(2026, 11, 2), date(2026, 11, 13), date(2026, 11, 16))
    ]
    assert share == pytest.approx([1, 1 + 1.6 / 21, 1 + 1.6 * 10 / 21, 2.6, 2.6], rel=2e-3)


def test_impact_is_what_bills_differ_by(quarter: Simulation, found: dict[str, dict[str, Any]]) -> None:
    """Summed by this test over all lines of all sources, whatever the truth looks at."""
    for name in ("evaluations ran five times", "runaway loop", "price rise", "newsletter ends", "contract begins"):
        other = quarter.without(name)
        difference = sum(
            (line.amount for source in SOURCES for day in quarter.calendar.days for line in quarter.lines(source, day)),
            Decimal(0),
        ) - sum(
            (line.amount for source in SOURCES for day in quarter.calendar.days for line in other.lines(source, day)),
            Decimal(0),
        )
        assert Decimal(found[name]["impact"]) == difference != 0, name


def test_machines_that_were_left_on_cost_two_days(found: dict[str, dict[str, Any]]) -> None:
    """Two trn1.32xlarge that rest on weekends × 48 hours × 21.50 USD."""
    row = found["Trainium left on"]
    assert (row["first_day"], row["last_day"]) == ("2026-11-07", "2026-11-08")
    assert Decimal(row["impact"]) == 2 * 48 * Decimal("21.50")
    assert row["dimension"] == "sku"


def test_two_causes_have_their_parts(found: dict[str, dict[str, Any]]) -> None:
    row = found["prototype and planner at once"]
    parts = [Decimal(cause["impact"]) for cause in row["causes"]]
    assert len(parts) == 2
    assert min(parts) > 500
    assert sum(parts) == Decimal(row["impact"])
    assert row["dimension"] == "vendor"


def test_what_is_expected_stands_in_outlay_yaml(quarter: Simulation) -> None:
    settings = quarter.configuration("http://127.0.0.1:1")
    assert settings["anomalies"]["expected"][1:] == [
        {
            "name": "Load test of search",
            "scope": {"key": key_named("openai", "search-api").id},
            "first_day": date(2026, 10, 20),
            "last_day": date(2026, 10, 22),
        }
    ]
    assert all(event["day"] > quarter.calendar.last_day for event in settings["forecast"]["events"])
