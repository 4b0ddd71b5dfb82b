"""The truth agrees with itself, and holds each awkward event where it should be, and nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.simulator.bills import Line
from connectors.simulator.organisation import SOURCES, key_named, project_named
from connectors.simulator.simulation import Simulation
from connectors.simulator.truth import NOTABLE, shares

COSTS = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")
Rows = list[dict[str, Any]]


def summed(rows: Rows, *by: str) -> dict[tuple[Any, ...], dict[str, Decimal]]:
    sums: dict[tuple[Any, ...], dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(COSTS, Decimal(0)))
    for row in rows:
        for cost in COSTS:
            sums[tuple(row[name] for name in by)][cost] += Decimal(row[cost])
    return dict(sums)


def lines(world: Simulation, source: str, state: str = "first") -> list[Line]:
    return [line for day in world.calendar.days for line in world.lines(source, day, state)]


def test_keys_and_unmatched_bills_are_all_of_the_bill(truth: dict[str, Any]) -> None:
    whole = summed(truth["costs"], "source", "billing_period")
    keys = summed(truth["by_key"], "source", "billing_period")
    for line in truth["unmatched_bills"]:
        for cost in COSTS:
            keys[line["source"], line["billing_period"]][cost] += Decimal(line["amount"])
    assert keys == whole


def test_teams_and_the_unallocated_are_all_of_the_bill(truth: dict[str, Any]) -> None:
    by = ("source", "billing_period")
    assert summed(truth["by_team"], *by) == summed(truth["costs"], *by)
    assert None in {row["team"] for row in truth["by_team"]}


def test_billed_is_the_sum_of_what_the_vendors_charge(world: Simulation, truth: dict[str, Any]) -> None:
    for source in SOURCES:
        billed = sum(Decimal(row["billed_cost"]) for row in truth["billed"] if row["source"] == source)
        assert billed == sum(line.amount for line in lines(world, source)) > 0


def test_charged_and_unpaid_tokens_are_all_tokens_used(truth: dict[str, Any]) -> None:
    used: Counter[tuple[str, str, str]] = Counter()
    for row in [*truth["tokens"], *(row for row in truth["unpaid_usage"] if row["token_kind"])]:
        used[row["source"], row["billing_period"], row["token_kind"]] += row["tokens"]
    assert used == {
        (row["source"], row["billing_period"], row["token_kind"]): row["tokens"] for row in truth["used_tokens"]
    }
    by_key: Counter[tuple[str, str, str]] = Counter()
    for row in truth["by_key"]:
        if row["token_kind"]:
            by_key[row["source"], row["billing_period"], row["token_kind"]] += row["tokens"]
    assert by_key == {
        (row["source"], row["billing_period"], row["token_kind"]): row["tokens"] for row in truth["tokens"]
    }


def test_residuals_and_rounding_are_the_whole_difference(truth: dict[str, Any]) -> None:
    """Only priced lines can differ; unpriced and unmatched ones have list = contracted = billed."""
    whole = sum(Decimal(row["billed_cost"]) - Decimal(row["contracted_cost"]) for row in truth["costs"])
    parts = sum(Decimal(row["difference"]) for row in [*truth["residuals"], *truth["rounding"]])
    assert parts == whole


def test_every_residual_has_a_reason_and_rounding_has_none(world: Simulation, truth: dict[str, Any]) -> None:
    assert {row["reason"] for row in truth["residuals"]} == {"cache", "price"}
    for source in SOURCES:
        for line in lines(world, source):
            if line.computed is not None:
                assert (abs(line.amount - line.computed) >= NOTABLE) == (line.reason in ("cache", "price"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_difference_is_near_the_edge_of_a_cent(seed: int) -> None:
    """Whatever rule decides what "agrees to the cent" means, it finds the same lines."""
    world = Simulation(seed, 1, datetime(2026, 7, 31, tzinfo=UTC))
    for line in lines(world, "openai"):
        if line.computed is not None:
            difference = abs(line.amount - line.computed)
            assert difference < Decimal("0.000001") or difference > Decimal("0.02"), line


def test_cached_input_at_the_full_rate_costs_ten_times_as_much(truth: dict[str, Any]) -> None:
    rows = [row for row in truth["residuals"] if row["reason"] == "cache"]
    assert {(row["model"], row["token_kind"], row["processing_tier"]) for row in rows} == {
        ("gpt-5.1", "cache_read", "standard")
    }
    assert len({row["day"] for row in rows}) == 2
    for row in rows:
        # 1.25 against 0.125 a million
        assert abs(Decimal(row["reported"]) - 10 * Decimal(row["computed"])) < Decimal("0.0001")


def test_usage_that_no_bill_pays_says_why(world: Simulation, truth: dict[str, Any]) -> None:
    reasons = {
        (row["source"], row["kind"], row["reason"], row["model"] if row["kind"] == "notional" else None)
        for row in truth["unpaid_usage"]
    }
    assert reasons == {
        ("anthropic", "notional", "missing bill", "claude-fable-5-2"),
        ("anthropic", "notional", "tier", "claude-opus-5-5"),
        *((source, "accrued", "late", None) for source in SOURCES),
    }
    late = {row["day"] for row in truth["unpaid_usage"] if row["reason"] == "late"}
    assert late == {str(world.calendar.last_day)} == {"2026-11-19"}


def test_unmatched_bills_are_the_credit_and_code_execution(truth: dict[str, Any]) -> None:
    kinds = Counter(
        (row["source"], row["charge_category"], row["reason"], row["description"]) for row in truth["unmatched_bills"]
    )
    assert kinds["openai", "Credit", "credit", "promotional credit"] == 1
    assert kinds["anthropic", "Adjustment", "missing usage", "Code Execution Usage"] == 16
    assert len(kinds) == 2


def test_the_contract_begins_in_the_middle_and_is_billed(world: Simulation) -> None:
    begins = world.calendar.contract_day
    ratios = {
        (line.day >= begins): line.computed / sum(paid.list_cost or 0 for paid in line.pays)
        for line in lines(world, "anthropic")
        if line.model == "claude-sonnet-4-6" and line.computed
    }
    assert ratios == {False: 1, True: Decimal("0.88")}
    rates = world.contract_rates()[0]["rates"]
    assert rates == [{"provider": "anthropic", "model": "claude-sonnet-4-6", "discount_pct": 12, "valid_from": begins}]


def test_labs_report_gives_list_and_discounted_amounts(world: Simulation) -> None:
    for line in lines(world, "anthropic-labs"):
        assert line.amount == line.list_amount * Decimal("0.9") == line.computed
        assert line.amount == line.amount.quantize(Decimal("1e-12"))


def test_a_shared_line_is_split_by_contracted_cost(world: Simulation) -> None:
    """Four keys use claude-opus-5-5 or the like in one workspace; Anthropic bills the workspace."""
    workspace = project_named("anthropic", "Claude Code").id
    shared = next(
        line
        for line in lines(world, "anthropic")
        if line.project_id == workspace and line.model == "claude-opus-5-5" and line.meter == "cache_read"
    )
    assert len(shared.pays) == 3
    parts = shares(shared)
    assert sum(parts) == shared.amount
    for paid, part in zip(shared.pays, parts, strict=True):
        fair = shared.amount * paid.quantity / shared.quantity
        assert abs(part - fair) < Decimal("1e-12")


def test_the_second_pull_restates_one_model_a_vendor(world: Simulation) -> None:
    second = world.truth("second")
    assert [(row["source"], row["model"]) for row in second["restated"]] == [
        ("openai", "gpt-5-mini"),
        ("anthropic", "claude-haiku-4-5-20251001"),
    ]
    grown, shrunk = second["restated"]
    assert Decimal(grown["billed_after"]) > Decimal(grown["billed_before"])
    assert shrunk["tokens_after"] < shrunk["tokens_before"]
    assert {row["reason"] for row in second["residuals"]} == {"cache", "price"}


def test_names_keep_what_they_were(truth: dict[str, Any]) -> None:
    renamed = {row["name_in_rows"]: row["name_second"] for row in truth["names"]}
    assert renamed == {
        "search-reranker": "search-reranker-blue",
        "newsletter-old": None,
        "intake-batch": "intake-batch-v2",
    }


def test_the_loop_runs_for_six_hours_on_one_key(world: Simulation) -> None:
    day = world.calendar.loop_day
    key = key_named("openai", "lab-agents").id
    hours = [
        sum(
            usage.quantities.get("output", 0)
            for usage in world.usage_of_hour("openai", hour)
            if usage.api_key_id == key
        )
        for hour in (datetime(day.year, day.month, day.day, hour, tzinfo=UTC) for hour in range(24))
    ]
    quiet = max(hours[:2] + hours[8:])
    assert all(loud > 5 * quiet for loud in hours[2:8])


@pytest.mark.parametrize("as_of", [datetime(2026, 3, day, 9, tzinfo=UTC) for day in (1, 2, 3)])
def test_a_month_that_has_hardly_begun(as_of: datetime) -> None:
    world = Simulation(5, 1, as_of)
    assert world.billing_periods == (["2026-02"] if as_of.day == 1 else ["2026-03"])
    assert world.calendar.last_day == as_of.date() - timedelta(days=1)
    assert all(row["source"] in SOURCES for row in world.truth()["costs"])
    assert world.configuration("http://127.0.0.1:1")["budgets"][0]["amount"] >= 1


def test_a_time_zone_and_a_month_are_needed() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Simulation(1, 1, datetime(2026, 3, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="one month"):
        Simulation(1, 0, datetime(2026, 3, 1, tzinfo=UTC))
