"""What AI really costs, by whom and for what: the published marts against what the make-believe organisation knows.

Owners and components were worked out by the simulator from its own knowledge, pools by its own splitting. Pools are
split row by row in the ledger and sum by sum in the truth, so that a figure of a team may differ in its last places; a
total may not.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

pytestmark = pytest.mark.slow

COSTS = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")
HALF_A_CENT = Decimal("0.005")
OWNER = ("team", "pool", "cost_centre", "product", "use_case", "environment")
CHARGES = {
    "provider_name": "ServiceProviderName",
    "host_name": "HostProviderName",
    "issuer_name": "InvoiceIssuerName",
    "service_name": "ServiceName",
    "model": "x_ModelId",
    "charge_category": "ChargeCategory",
    "cost_status": "x_CostStatus",
    "source": "x_Source",
    "billing_month": "x_BillingMonth",
    "currency": "BillingCurrency",
    "day": "date_trunc('day', ChargePeriodStart AT TIME ZONE 'UTC')",
}
"""Dimensions of the mart that charges have themselves."""
OTHERS = ("component", "layer", "allocation", "pool", "team", "cost_centre", "product", "use_case", "environment",
          "developer_name", "region")  # fmt: skip
"""Dimensions that attribution gives."""

Key = tuple[Any, ...]


def sums(rows: list[dict[str, Any]], keys: tuple[str, ...], *costs: str) -> dict[Key, tuple[Decimal, ...]]:
    """Rows of the truth or of a query added up by `keys`; sums of nothing in every cost are left out."""
    added: defaultdict[Key, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * len(costs))
    for row in rows:
        key = tuple(row[name] for name in keys)
        added[key] = [before + Decimal(row[cost]) for before, cost in zip(added[key], costs, strict=True)]
    return {key: tuple(amounts) for key, amounts in added.items() if any(amounts)}


def agree(ours: dict[Key, tuple[Decimal, ...]], theirs: dict[Key, tuple[Decimal, ...]]) -> dict[Key, Any]:
    """What differs by half a cent or more, or is in one of the two only."""
    return {
        key: (ours.get(key), theirs.get(key))
        for key in ours.keys() | theirs.keys()
        if key not in ours
        or key not in theirs
        or any(abs(a - b) >= HALF_A_CENT for a, b in zip(ours[key], theirs[key], strict=True))
    }


def test_total_cost_is_the_sum_of_all_charges_for_every_month(ask):
    """All four costs of every source, billing month and currency, to the last place."""
    keys = ("source", "billing_month", "currency")
    costs = ", ".join(f"sum({cost}) {cost}" for cost in COSTS)
    ours = ask(
        f"""SELECT source, billing_month, currency, {costs} FROM marts.tco_daily
            WHERE origin = 'charge' GROUP BY ALL"""
    )
    charges = ask(
        """SELECT x_Source source, x_BillingMonth billing_month, BillingCurrency currency,
                  sum(BilledCost) billed_cost, sum(EffectiveCost) effective_cost, sum(ListCost) list_cost,
                  sum(ContractedCost) contracted_cost FROM focus.cost_and_usage GROUP BY ALL"""
    )
    assert len(charges) > 24
    assert sums(ours, keys, *COSTS) == sums(charges, keys, *COSTS)


@pytest.mark.parametrize("dimension", OTHERS)
def test_no_dimension_loses_or_doubles_any_cost(ask, dimension):
    costs = ", ".join(f"sum({cost}) {cost}" for cost in COSTS)
    total = ask(f"SELECT origin, billing_month, currency, {costs} FROM marts.tco_daily GROUP BY ALL")
    split = ask(f"SELECT origin, billing_month, currency, {dimension}, {costs} FROM marts.tco_daily GROUP BY ALL")
    keys = ("origin", "billing_month", "currency")
    assert sums(split, keys, *COSTS) == sums(total, keys, *COSTS)


@pytest.mark.parametrize(("dimension", "column"), CHARGES.items())
def test_what_charges_say_themselves_sums_to_the_charges(ask, dimension, column):
    costs = ", ".join(f"sum({cost}) {cost}" for cost in COSTS)
    at = f"date_trunc('day', {dimension} AT TIME ZONE 'UTC')" if dimension == "day" else dimension
    ours = ask(f"""SELECT {at} AS told, currency, {costs} FROM marts.tco_daily WHERE origin = 'charge' GROUP BY ALL""")
    charges = ask(
        f"""SELECT {column} AS told, BillingCurrency currency, sum(BilledCost) billed_cost,
                   sum(EffectiveCost) effective_cost, sum(ListCost) list_cost, sum(ContractedCost) contracted_cost
            FROM focus.cost_and_usage GROUP BY ALL"""
    )
    keys = ("told", "currency")
    assert sums(ours, keys, *COSTS) == sums(charges, keys, *COSTS)


def test_charges_have_the_component_and_the_owner_that_the_truth_says(ask, truth):
    """Before pools are split; within half a cent, since a vendor's line over several keys may be split otherwise."""
    keys = ("month", "component", "currency", *OWNER)
    ours = ask(
        f"""SELECT strftime(day AT TIME ZONE 'UTC', '%Y-%m') AS month, component, currency, {", ".join(OWNER)},
                   sum(effective_cost) effective_cost FROM marts.attributed_daily GROUP BY ALL"""
    )
    theirs = sums(truth["attributed"], keys, "effective_cost")
    assert agree(sums(ours, keys, "effective_cost"), theirs) == {}
    assert sum(row["effective_cost"] for row in ours) == sum(amount for (amount,) in theirs.values())


def test_teams_bear_what_the_truth_says_by_month_and_component(ask, truth):
    keys = ("month", "team", "component", "currency", "origin", "allocation")
    ours = ask(
        """SELECT strftime(day AT TIME ZONE 'UTC', '%Y-%m') AS month, team, component, currency, origin, allocation,
                  sum(effective_cost) effective_cost FROM marts.tco_daily GROUP BY ALL"""
    )
    assert agree(sums(ours, keys, "effective_cost"), sums(truth["tco"], keys, "effective_cost")) == {}
    for part in (("month", "currency", "origin"), ("month", "component", "currency", "origin")):
        assert sums(ours, part, "effective_cost") == sums(truth["tco"], part, "effective_cost")


def test_months_of_total_cost_are_what_the_truth_says(ask, truth):
    keys = ("month", "team", "component", "currency", "origin", "allocation")
    ours = ask("SELECT * FROM marts.tco_monthly")
    assert agree(sums(ours, keys, "effective_cost"), sums(truth["tco"], keys, "effective_cost")) == {}
    part = ("month", "currency", "origin")
    assert sums(ours, part, "effective_cost") == sums(truth["tco"], part, "effective_cost")


def test_tokens_by_model_are_those_that_the_truth_counts(ask, truth):
    """Every unit of every meter that a bill of OpenAI and Anthropic pays, and its four costs."""
    theirs = [row | {"month": row["billing_period"]} for row in truth["by_key"]]
    keys = ("month", "source", "model", "meter", "token_kind", "processing_tier")
    sources = {row["source"] for row in theirs}
    ours = [
        row for row in ask("SELECT * FROM marts.model_tokens WHERE quantity IS NOT NULL") if row["source"] in sources
    ]
    assert sums(ours, keys, "quantity") == sums(theirs, keys, "quantity")
    assert agree(sums(ours, keys, *COSTS), sums(theirs, keys, *COSTS)) == {}


def test_accrued_cost_by_team_is_what_the_truth_says(ask, truth):
    keys = ("source", "billing_month", "kind", "reason", "team", "pool", "model")
    ours = ask("SELECT * FROM marts.estimated_daily WHERE kind = 'accrued' AND list_cost IS NOT NULL")
    theirs = [
        row | {"billing_month": row["billing_period"]}
        for row in truth["unpaid_usage"]
        if row["kind"] == "accrued" and row["list_cost"] is not None
    ]
    assert sums(ours, keys, "list_cost") == sums(theirs, keys, "list_cost")
    assert len({row["team"] for row in ours}) > 3


def test_usage_without_bill_or_price_by_team_is_what_the_truth_says(ask, truth):
    keys = ("month", "source", "standing", "team", "pool", "model", "meter", "processing_tier")
    ours = ask("SELECT * FROM marts.unpriced_usage WHERE standing IN ('late', 'no bill')")
    theirs = [
        row | {"month": row["billing_period"], "standing": "late" if row["kind"] == "accrued" else "no bill"}
        for row in truth["unpaid_usage"]
        if row["list_cost"] is None
    ]
    assert sums(ours, keys, "quantity") == sums(theirs, keys, "quantity") != {}


def test_owners_without_pools_are_those_of_the_bills(ask, truth):
    """All four costs by source, billing month and team; a pool's cost belongs to no team yet."""
    keys = ("source", "billing_period", "currency", "team")
    costs = ", ".join(f"sum({cost}) {cost}" for cost in COSTS)
    ours = ask(
        f"SELECT source, billing_month billing_period, currency, team, {costs} FROM marts.attributed_daily GROUP BY ALL"
    )
    assert agree(sums(ours, keys, *COSTS), sums(truth["by_team"], keys, *COSTS)) == {}


def test_declared_costs_are_what_was_declared_until_an_invoice_came(ask, truth):
    keys = ("name", "part", "month", "currency", "standing")
    ours = ask(
        """SELECT name, part, strftime(day AT TIME ZONE 'UTC', '%Y-%m') AS month, currency, standing,
                  sum(declared_cost) declared_cost,
                  sum(effective_cost) effective_cost FROM marts.declared_costs GROUP BY ALL"""
    )
    theirs = sums(truth["declared"], keys, "declared_cost")
    assert sums(ours, keys, "declared_cost") == theirs
    standings = {row["standing"] for row in truth["declared"]}
    assert standings == {"declared", "invoiced"}
    assert {row["effective_cost"] for row in ours if row["standing"] == "invoiced"} == {Decimal(0)}
    assert sum(row["effective_cost"] for row in ours) == sum(
        amount for key, (amount,) in theirs.items() if key[-1] == "declared"
    )


def test_every_component_occurs_and_what_is_unmatched_is_shown(ask):
    assert {row["component"] for row in ask("SELECT DISTINCT component FROM marts.tco_daily")} == {
        "model_apis", "accelerator_compute", "training_platforms", "orchestration", "data_infrastructure",
        "inference_serving", "integration", "networking_and_storage", "people_and_overheads", "owned_hardware", None,
    }  # fmt: skip


def test_commitments_are_paid_used_and_left_as_the_truth_says(ask, truth):
    """Over the window; the mart's months add up to it, and every kind that there is occurs."""
    rows = ask(
        """SELECT source, commitment_id, kind, sum(paid) paid, sum(used) used, sum(unused) unused,
                  arg_max(prepaid_balance, billing_month) balance
           FROM marts.commitments WHERE kind != 'spend' GROUP BY ALL"""
    )
    ours = {
        (row["source"], row["commitment_id"]): (row["paid"], row["used"], row["unused"], row["balance"]) for row in rows
    }
    parts = ("paid", "used", "unused", "prepaid_balance")
    assert ours == {
        (row["source"], row["commitment_id"]): tuple(Decimal(row[part]) for part in parts)
        for row in truth["commitments"]
    }
    assert {row["kind"] for row in ask("SELECT DISTINCT kind FROM marts.commitments")} == {
        "reservation", "savings_plan", "committed_use", "capacity_block", "provisioned_throughput", "prepaid_credits",
        "subscription", "spend",
    }  # fmt: skip


def test_every_kind_of_commitment_occurs_as_vendors_call_it(ask):
    kinds = {
        (row["x_Source"], row["kind"])
        for row in ask(
            """SELECT DISTINCT x_Source, CommitmentDiscountType AS kind FROM focus.cost_and_usage
               WHERE CommitmentDiscountId IS NOT NULL"""
        )
    }
    sources = {source for source, _ in kinds}
    assert sources == {"aws", "gcp", "azure", "coreweave", "invoices"}
    assert {kind for source, kind in kinds if source == "aws"} == {
        "Reserved Instance", "Savings Plan", "Capacity Block", "Provisioned Throughput",
    }  # fmt: skip
    assert ("coreweave", "Prepaid Credits") in kinds


def test_prepaid_credits_are_paid_once_drawn_down_and_expire(ask, truth):
    """Topping up has no effective cost, drawing down no billed one; what expires costs, too (rules of money, 7)."""
    ours = {
        row["id"]: (row["paid"], row["drawn"], row["expired"], row["again"])
        for row in ask(
            """SELECT CommitmentDiscountId AS id,
                      sum(BilledCost) FILTER (ChargeCategory = 'Purchase') paid,
                      coalesce(sum(EffectiveCost) FILTER (CommitmentDiscountStatus = 'Used'), 0) drawn,
                      coalesce(sum(EffectiveCost) FILTER (CommitmentDiscountStatus = 'Unused'), 0) expired,
                      sum(BilledCost) FILTER (ChargeCategory = 'Usage') again
               FROM focus.cost_and_usage WHERE x_Source = 'coreweave' GROUP BY ALL"""
        )
    }
    assert ours == {
        row["commitment_id"]: (Decimal(row["paid"]), Decimal(row["drawn"]), Decimal(row["expired"]), 0)
        for row in truth["prepaid"]
    }
    assert any(expired for _, _, expired, _ in ours.values())


def test_a_pool_is_split_in_turn_dated_and_left_alone_where_nobody_shares_it(ask):
    """Telephony goes by the tokens of a team that there is only from the middle of the window on."""
    first = ask("SELECT min(billing_month) AS month FROM marts.tco_daily")[0]["month"]
    telephony = ask(
        """SELECT billing_month, team, allocation, sum(effective_cost) cost FROM marts.tco_daily
           WHERE pool = 'telephony' AND origin = 'charge' GROUP BY ALL"""
    )
    assert {(row["team"], row["allocation"]) for row in telephony if row["billing_month"] == first} == {
        (None, "unallocated")
    }
    assert {(row["team"], row["allocation"]) for row in telephony if row["billing_month"] > first} == {
        ("voice", "shared")
    }
    pools = {row["pool"] for row in ask("SELECT DISTINCT pool FROM marts.tco_daily WHERE allocation = 'shared'")}
    assert pools == {"overheads", "model-gateway", "data-platform", "experiments", "telephony", "reserved-capacity"}


def test_euros_are_told_in_dollars_by_a_dated_rate_and_kept(ask):
    rows = ask(
        """SELECT currency, reporting_currency, count(*) FILTER (reporting_effective_cost IS NULL) untold,
                  count(DISTINCT rate_date) AS rates, min(exchange_rate) lowest, max(exchange_rate) highest
           FROM marts.tco_daily GROUP BY ALL"""
    )
    by_currency = {row["currency"]: row for row in rows}
    assert set(by_currency) == {"USD", "EUR"}
    assert {row["reporting_currency"] for row in rows} == {"USD"}
    assert {row["untold"] for row in rows} == {0}
    euro = by_currency["EUR"]
    assert euro["rates"] > 8
    assert Decimal("1.06") < euro["lowest"] < euro["highest"] < Decimal("1.10")
