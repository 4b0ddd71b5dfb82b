"""Who answers for what: the truth of owners, pools and declared costs, with figures worked out by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.simulator.clouds.clouds import Clouds
from connectors.simulator.clouds.lines import Accelerators, Account, Charge, Tokens, midnight
from connectors.simulator.declared import declared_days, part_of
from connectors.simulator.events import Calendar
from connectors.simulator.invoices import invoice_charges
from connectors.simulator.measures import measure_files
from connectors.simulator.organisation import COST_CENTRES, PROJECTS
from connectors.simulator.owner_rules import owners, shared
from connectors.simulator.ownership import Spend, owner_of, spend_of_usage
from connectors.simulator.simulation import Simulation
from connectors.simulator.tco_truth import Attribution
from pipelines.settings import Settings

CALENDAR = Calendar.of(2, datetime(2026, 11, 20, 14, 30, tzinfo=UTC))
DAY = date(2026, 10, 7)
LAST_PLACE = Decimal("1e-12")
COMPONENTS = {
    "model_apis", "accelerator_compute", "training_platforms", "orchestration", "data_infrastructure",
    "inference_serving", "integration", "networking_and_storage", "people_and_overheads", "owned_hardware",
}  # fmt: skip


def charge(amount: str, team: str | None, component: str | None, **more: Any) -> Charge:
    """An AWS charge of October in an account of that team."""
    cost = Decimal(amount)
    account = Account(f"account-{team}", "an account", team)
    day = more.pop("day", DAY)
    return Charge(
        "aws", "2026-10", "payer", account, midnight(day), "Usage", cost, cost, cost, cost, component=component, **more
    )


def borne(*charges: Charge) -> dict[tuple[str | None, str], Decimal]:
    """What teams bear of charges, by team and allocation."""
    attribution = Attribution(CALENDAR)
    for each in charges:
        attribution.add_charge(each)
    sums: dict[tuple[str | None, str], Decimal] = defaultdict(Decimal)
    for row in attribution.tco():
        sums[row["team"], row["allocation"]] += Decimal(row["effective_cost"])
    return dict(sums)


def test_overheads_are_shared_by_direct_cost():
    """100 of tax over 300 and 100: 75 and 25. A team whose month is less than nothing bears none of it."""
    assert borne(
        charge("300", "data", "model_apis"),
        charge("100", "search", "model_apis"),
        charge("-20", "support", "model_apis"),
        charge("100", None, "people_and_overheads"),
    ) == {
        ("data", "direct"): 300,
        ("data", "shared"): 75,
        ("search", "direct"): 100,
        ("search", "shared"): 25,
        ("support", "direct"): -20,
    }


def test_overheads_are_shared_by_dollars_whatever_was_billed():
    """20 euros of data are 20 × 1.25 = 25 dollars on that day, beside 75 of search: of 8 euros of tax 2 and 6."""
    attribution = Attribution(CALENDAR, [(date(2026, 10, 5), Decimal("1.25")), (date(2026, 10, 12), Decimal(9))])
    for each in (
        charge("20", "data", "model_apis", currency="EUR"),
        charge("75", "search", "model_apis"),
        charge("8", None, "people_and_overheads", currency="EUR"),
    ):
        attribution.add_charge(each)
    shared = {row["team"]: Decimal(row["effective_cost"]) for row in attribution.tco() if row["allocation"] == "shared"}
    assert shared == {"data": 2, "search": 6}


def test_gateways_are_shared_by_tokens_and_capacity_by_used_hours():
    """Tokens 3 to 1; hours 2 to 6, of which idle ones do not count."""

    def hours(number: int, *, used: bool) -> Accelerators:
        return Accelerators("L4", "us-east-1", "reserved", Decimal(number), used)

    found = borne(
        charge("1", "data", "model_apis", tokens=Tokens("m", "input", "standard", 3000)),
        charge("1", "search", "model_apis", tokens=Tokens("m", "output", "standard", 1000)),
        charge("1", "data", "accelerator_compute", accelerators=hours(2, used=True)),
        charge("1", "search", "accelerator_compute", accelerators=hours(6, used=True)),
        charge("1", "search", "accelerator_compute", accelerators=hours(50, used=False)),
        charge("40", None, "integration"),
        charge("80", None, "accelerator_compute"),
    )
    assert found["data", "shared"] == 30 + 20
    assert found["search", "shared"] == 10 + 60


def test_a_pool_hands_on_to_another_and_is_split_in_another_way_from_a_day_on():
    """100 before voice is a team: 70 to data, 30 to overheads, which data and search share half and half. After it: 50
    to data, 30 to search, 20 to overheads."""
    for day, data, search in ((CALENDAR.voice_day - timedelta(1), 85, 15), (CALENDAR.voice_day, 60, 40)):
        found = borne(
            charge("10", "data", "model_apis", day=day),
            charge("10", "search", "model_apis", day=day),
            charge("100", None, "orchestration", service="AmazonMWAA", day=day),
        )
        assert (found["data", "shared"], found["search", "shared"]) == (data, search)


def test_a_pool_that_nobody_shares_stays_unallocated():
    """Telephony goes by tokens of voice, which has none."""
    found = borne(charge("10", "data", "model_apis"), charge("7", "support", "orchestration", service="AmazonStates"))
    assert found == {("data", "direct"): 10, (None, "unallocated"): 7}


def test_a_third_is_split_to_the_last_place():
    found = borne(
        *(charge("1", team, "model_apis") for team in ("data", "search", "support")),
        charge("0.000000000100", None, "people_and_overheads"),
    )
    shares = [found[team, "shared"] for team in ("data", "search", "support")]
    assert shares == [Decimal("34e-12"), Decimal("33e-12"), Decimal("33e-12")]


@pytest.mark.parametrize(
    ("spend", "team", "pool"),
    [
        (Spend("openai", DAY, project="Platform Sandbox"), None, None),
        (Spend("openai", DAY, project="Data Lab", home="data", model="gpt-6.5-nova-preview"), "engineering", None),
        (Spend("aws", DAY, home="support", caller="agents", component="model_apis"), "engineering", None),
        (Spend("aws", DAY, home="search", tags={"user_team": "catalogue"}), "catalogue", None),
        (Spend("aws", DAY, home="data", component="people_and_overheads"), None, "overheads"),
        (Spend("azure", DAY, region="westeurope", component="accelerator_compute"), "marketing", None),
        (Spend("azure", DAY, component="accelerator_compute"), None, "reserved-capacity"),
        (Spend("coreweave", DAY, component="accelerator_compute"), "data", None),
        (Spend("anthropic-labs", DAY, component="model_apis"), "engineering", None),
        (Spend("gcp", DAY, component=None), None, None),
    ],
)
def test_the_most_particular_knowledge_wins(spend, team, pool):
    owner = owner_of(spend, CALENDAR)
    assert (owner.team, owner.pool) == (team, pool)
    assert owner.cost_centre == COST_CENTRES.get(team or "")


def test_voice_line_changes_its_team_on_a_day():
    project = next(project.id for project in PROJECTS if project.name == "Voice Line")
    found = [
        owner_of(spend_of_usage("openai", day, project), CALENDAR)
        for day in (CALENDAR.voice_day - timedelta(1), CALENDAR.voice_day)
    ]
    assert [(owner.team, owner.cost_centre) for owner in found] == [("support", "CC-210"), ("voice", "CC-215")]
    assert {owner.product for owner in found} == {"customer-care"}


def test_every_component_is_made_somewhere_and_some_charges_have_none():
    made = {charge.component for charge in Clouds(11, CALENDAR).charges("first")}
    assert COMPONENTS - made == {"owned_hardware"}
    assert None in made


def test_every_kind_of_rule_is_written():
    said = {name for rule in owners(CALENDAR, clouds=True) for name in rule}
    assert said >= {
        "team", "shared", "cost_centre", "product", "use_case", "environment", "source", "account", "project",
        "api_key", "user", "model", "service", "component", "region", "tags", "valid_from",
    }  # fmt: skip
    assert {pool["by"] for pool in shared(CALENDAR)} == {"fixed", "direct_cost", "tokens", "accelerator_hours"}
    assert any("shared" in share for pool in shared(CALENDAR) for share in pool.get("shares", ()))


def test_a_rack_is_written_off_by_the_day_and_pays_for_power_and_place():
    """(276 000 − 24 000) ÷ 1461 days; 10.2 kW × 1.25 × 24 h × 0.14 = 42.84; 1900 ÷ 31 in October."""
    day = CALENDAR.rack_day + timedelta(3)
    rack = {told.part: told.amount for told in declared_days(CALENDAR, day, None)
            if (told.day, told.team) == (day, "data")}  # fmt: skip
    assert day.month == 10
    assert abs(rack["depreciation"] - Decimal(252_000) / 1461) < LAST_PLACE
    assert rack["electricity"] == Decimal("42.84")
    assert abs(rack["colocation"] - Decimal(1900) / 31) < LAST_PLACE


@pytest.mark.parametrize("days", [28, 30, 31, 365, 1461])
def test_shares_of_days_sum_to_the_whole(days):
    assert sum(part_of(Decimal("1562.50"), position, days) for position in range(days)) == Decimal("1562.50")


def test_people_cost_a_share_of_a_year_by_the_day():
    """540 000 a year at 60 % is 324 000; 31 days of October are 324 000 × 31 ÷ 365."""
    told = [
        told.amount
        for told in declared_days(CALENDAR, date(2026, 10, 31), None)
        if told.name == "AI platform group" and told.day >= date(2026, 10, 1)
    ]
    assert round(sum(told), 9) == round(Decimal(324_000) * 31 / 365, 9)


def test_seats_count_once_declared_or_invoiced():
    declared = list(declared_days(CALENDAR, date(2026, 11, 20), "2026-10"))
    seats = {(f"{told.day:%Y-%m}", told.counts) for told in declared if told.name == "Claude Team"}
    assert seats == {("2026-10", False), ("2026-11", True)}
    assert all(told.counts for told in declared if told.name != "Claude Team")
    charges = invoice_charges(CALENDAR)
    assert sum(charge.billed for charge in charges) == Decimal("1562.50") + Decimal("113.28")
    assert sum(charge.effective for charge in charges if charge.category != "Tax") == Decimal("1562.50")
    assert len(charges) == 1 + 31 + 1


def test_a_window_of_one_month_has_no_invoice_yet():
    assert invoice_charges(Calendar.of(1, datetime(2026, 11, 20, tzinfo=UTC))) == []


@pytest.fixture(scope="module")
def whole() -> Mapping[str, Any]:
    """The truth of the second pull with all bills."""
    return Simulation(11, 2, datetime(2026, 11, 20, 14, 30, tzinfo=UTC), clouds=True).truth("second")


def added(rows: list[dict[str, Any]], *by: str) -> dict[tuple[Any, ...], Decimal]:
    sums: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[tuple(row[name] for name in by)] += Decimal(row["effective_cost"])
    return dict(sums)


def test_splitting_neither_loses_nor_adds_anything(whole):
    charges = [row for row in whole["tco"] if row["origin"] == "charge"]
    by = ("month", "component", "currency")
    assert added(charges, *by) == added(whole["attributed"], *by)
    assert added(charges, "currency") == added(whole["costs"], "currency")
    assert added(whole["attributed"], "currency", "team") == added(whole["by_team"], "currency", "team")


def test_declared_costs_of_the_whole_are_those_that_count(whole):
    counted = [row for row in whole["tco"] if row["origin"] == "declared"]
    declared = [
        {**row, "effective_cost": row["declared_cost"]} for row in whole["declared"] if row["standing"] == "declared"
    ]
    assert added(counted, "month", "currency") == added(declared, "month", "currency")


def test_every_component_currency_and_way_of_allocation_occurs(whole):
    assert {row["component"] for row in whole["tco"]} == {*COMPONENTS, None}
    assert {row["currency"] for row in whole["tco"]} == {"USD", "EUR"}
    assert {row["allocation"] for row in whole["tco"]} == {"direct", "shared", "unallocated"}
    assert {row["team"] for row in whole["tco"]} == {*COST_CENTRES, None}


@pytest.mark.parametrize("days", [1, 2, 3])
def test_a_month_that_has_hardly_begun_is_whole_too(days: int, tmp_path: Path):
    world = Simulation(5, 1, datetime(2026, 3, days, 9, tzinfo=UTC), clouds=True)
    world.write_clouds(tmp_path)
    world.write_measures(tmp_path / "measures")
    truth = world.truth()
    assert added(truth["tco"], "origin")[("charge",)] == sum(Decimal(row["effective_cost"]) for row in truth["costs"])
    assert Settings.model_validate(world.configuration("http://127.0.0.1:1", tmp_path)).contracts


def test_the_whole_configuration_is_one_and_names_the_measures_that_are_written(tmp_path: Path):
    world = Simulation(11, 2, datetime(2026, 11, 20, tzinfo=UTC), clouds=True)
    document = yaml.safe_load(yaml.safe_dump(world.configuration("http://127.0.0.1:1", tmp_path)))
    settings = Settings.model_validate(document)
    assert [source.name for source in settings.sources[-3:]] == ["saas", "coreweave", "invoices"]
    named = [part["file"] for part in (*document["drivers"], *document["utilisation"]) if "file" in part]
    assert {Path(name).name for name in (*named, document["reporting"]["rates"])} == {
        name for name, _ in measure_files(11, world.calendar)
    }
    counted = next(driver for driver in settings.drivers if driver.name == "requests")
    assert f"source = '{counted.scope['source']}'" in str(counted.sql), "cost of what was counted, and of nothing else"
