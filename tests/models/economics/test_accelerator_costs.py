"""What a used accelerator-hour cost, and what idle ones cost, by hand: a reservation half of which was left unused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.economics.accelerator_costs import COMMITMENT_KINDS, accelerator_costs
from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.declared_costs import DECLARED_COSTS
from models.economics.idle_accelerators import IDLE_ACCELERATORS, idle_accelerators
from models.economics.pools import COSTS
from models.economics.unit_costs import UNIT_COSTS, accelerator_hour_costs, unit_costs
from models.economics.utilisation import ACCELERATOR_UTILISATION

DAY = datetime(2026, 9, 10, tzinfo=UTC)
KINDS = pl.DataFrame([("aws", "ri-1", "reserved")], schema=COMMITMENT_KINDS, orient="row")
NO_DECLARED = DECLARED_COSTS.empty()
NO_MEASUREMENT = ACCELERATOR_UTILISATION.empty()


def attributed(*rows: Mapping[str, Any]) -> pl.DataFrame:
    """Charges of H100s of team ml on 10 September; `cost` stands for all four costs, `hours` are accelerator-hours."""
    usual: dict[str, Any] = {
        "source": "aws", "billing_month": "2026-09", "day": DAY, "provider_name": "AWS", "host_name": "AWS",
        "issuer_name": "AWS", "billing_account_id": "1", "region": "us-east-1", "accelerator_type": "H100",
        "charge_category": "Usage", "pricing_category": "Standard", "component": "accelerator_compute", "team": "ml",
        "currency": "USD", "charges": 1,
    }  # fmt: skip
    filled: list[dict[str, Any]] = []
    for row in rows:
        told = dict(row)
        costs = dict.fromkeys(COSTS, Decimal(told.pop("cost", "0")))
        hours = told.pop("hours", None)
        told = {name: Decimal(value) if name in COSTS else value for name, value in told.items()}
        hours = {"accelerator_hours": None if hours is None else Decimal(hours)}
        filled.append({**dict.fromkeys(ATTRIBUTED_DAILY.polars_schema), **usual, **costs, **hours, **told})
    return pl.DataFrame(filled, schema=ATTRIBUTED_DAILY.polars_schema)


def reserved(cost: str, hours: str | None, **said: Any) -> dict[str, Any]:
    return {"cost": cost, "billed_cost": "0", "hours": hours, "commitment_id": "ri-1", **said}


def measured(busy: str, of: str, **said: Any) -> pl.DataFrame:
    usual = {"measurement": "dcgm", "day": DAY, "accelerator_type": "H100", "devices": 8}
    row = {**usual, "busy_hours": Decimal(busy), "measured_hours": Decimal(of), **said}
    return pl.DataFrame([{**dict.fromkeys(ACCELERATOR_UTILISATION.polars_schema), **row}],
                        schema=ACCELERATOR_UTILISATION.polars_schema)  # fmt: skip


HALF_IDLE = attributed(
    reserved("200", "100", commitment_status="Used", list_cost="690", contracted_cost="230"),
    reserved("200", "100", commitment_status="Unused", list_cost="0", contracted_cost="0"),
    reserved("0", None, charge_category="Purchase", billed_cost="12000", list_cost="12000", contracted_cost="12000"),
)
"""200 reserved hours at 2.00 in effect: 100 used, 100 left. The public price is 6.90, ours 2.30; the fee is 12,000."""


def hour(costs: pl.DataFrame) -> dict[str, Any]:
    (row,) = UNIT_COSTS.check(unit_costs([accelerator_hour_costs(costs)])).rows(named=True)
    return row


def idle(costs: pl.DataFrame) -> list[dict[str, Any]]:
    return IDLE_ACCELERATORS.check(idle_accelerators(costs)).rows(named=True)


def test_an_hour_at_its_costs_and_a_used_hour_with_what_was_left():
    """Per used hour: list 690 ÷ 100, contracted 230 ÷ 100, effective 200 ÷ 100, cash 12,000 ÷ 100.

    With the 100 unused hours that the 100 used ones bear: (200 + 200) ÷ 100 = 4.00. What nobody measured is unknown.
    """
    row = hour(accelerator_costs(HALF_IDLE, NO_DECLARED, KINDS, NO_MEASUREMENT))
    assert (row["subject"], row["host_name"], row["region"], row["pricing_kind"]) == (
        "H100", "AWS", "us-east-1", "reserved",
    )  # fmt: skip
    told = [row[f"{cost}_unit_cost"] for cost in ("list", "contracted", "effective", "billed")]
    assert told == [Decimal("6.9"), Decimal("2.3"), Decimal(2), Decimal(120)]
    assert (row["quantity"], row["unused_cost"], row["effective_cost_per_used_unit"]) == (100, 200, 4)
    assert (row["utilisation"], row["effective_cost_per_busy_unit"]) == (None, None)


def test_a_busy_hour_bears_the_hours_in_which_nothing_ran():
    """60 of 96 watched hours were busy: 0.625. 100 used hours are 62.5 busy ones: (200 + 200) ÷ 62.5 = 6.40."""
    row = hour(accelerator_costs(HALF_IDLE, NO_DECLARED, KINDS, measured("60", "96")))
    assert (row["utilisation"], row["measured_share"]) == (Decimal("0.625"), Decimal(1))
    assert row["effective_cost_per_busy_unit"] == Decimal("6.4")


def test_idle_money_by_owner():
    """Used hours cost 200; 37.5 % of them idle: 75. Left unused: 200. Together 275 of 400."""
    (row,) = idle(accelerator_costs(HALF_IDLE, NO_DECLARED, KINDS, measured("60", "96")))
    assert (row["team"], row["used_hours"], row["unused_hours"], row["busy_hours"]) == ("ml", 100, 100, Decimal("62.5"))
    assert (row["unused_cost"], row["measured_idle_cost"], row["idle_cost"]) == (200, 75, 275)


def test_what_nobody_measured_is_unknown_and_not_idle():
    (row,) = idle(accelerator_costs(HALF_IDLE, NO_DECLARED, KINDS, NO_MEASUREMENT))
    assert (row["unused_cost"], row["measured_idle_cost"], row["idle_cost"], row["utilisation"]) == (
        200,
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("measurement", "utilisation"),
    [
        (measured("1", "4"), Decimal("0.25")),
        (measured("1", "4", source="aws"), Decimal("0.25")),
        (measured("1", "4", team="ml"), Decimal("0.25")),
        (pl.concat([measured("1", "4", source="aws"), measured("3", "4", team="ml")]), Decimal("0.75")),
        (pl.concat([measured("1", "4"), measured("3", "4", team="ml", source="aws")]), Decimal("0.75")),
        (measured("1", "4", team="search"), None),
        (measured("1", "4", source="gcp"), None),
        (measured("1", "4", accelerator_type="A10"), None),
        (measured("1", "4", accelerator_type=None), None),
        (measured("0", "0"), None),
    ],
    ids=["all", "source", "team", "team before source", "both first", "another team", "another source", "another chip",
         "unknown chip", "nothing watched"],
)  # fmt: skip
def test_the_narrowest_measurement_that_fits_counts(measurement, utilisation):
    assert hour(accelerator_costs(HALF_IDLE, NO_DECLARED, KINDS, measurement))["utilisation"] == utilisation


def test_where_one_team_is_measured_and_another_is_not():
    """ml's 100 of 150 hours were measured, 0.5 busy; a busy hour of both is unknown."""
    both = pl.concat([HALF_IDLE, attributed(reserved("100", "50", commitment_status="Used", team="search"))])
    costs = accelerator_costs(both, NO_DECLARED, KINDS, measured("2", "4", team="ml"))
    row = hour(costs)
    assert (row["utilisation"], row["measured_share"]) == (Decimal("0.5"), Decimal("0.666666666667"))
    assert row["effective_cost_per_busy_unit"] is None
    assert [(each["team"], each["idle_cost"]) for each in idle(costs)] == [("ml", 300), ("search", None)]


def test_what_no_team_owns_is_as_busy_as_all_whom_a_measurement_names():
    """A pool's hours: 1 of 4 busy for ml, 3 of 4 for search: 4 of 8."""
    pooled = HALF_IDLE.with_columns(team=pl.lit(None, dtype=pl.String), pool=pl.lit("gpus"))
    both = pl.concat([measured("1", "4", team="ml"), measured("3", "4", team="search")])
    (row,) = idle(accelerator_costs(pooled, NO_DECLARED, KINDS, both))
    assert (row["pool"], row["utilisation"], row["idle_cost"]) == ("gpus", Decimal("0.5"), 300)


def test_how_hours_were_bought():
    rows = attributed(
        {"cost": "5", "hours": "1"},
        {"cost": "2", "hours": "1", "pricing_category": "Dynamic"},
        {"cost": "3", "hours": "1", "commitment_id": "sp-7"},
        {"cost": "4", "hours": "1", "capacity_status": "Unused"},
        reserved("2", "1", commitment_status="Used"),
    )
    costs = accelerator_costs(rows, NO_DECLARED, KINDS, NO_MEASUREMENT)
    assert costs.select("pricing_kind", "used_hours", "unused_hours", "effective_cost", "unused_cost").rows() == [
        ("committed", 1, 0, 3, 0), ("on_demand", 1, 1, 5, 4), ("reserved", 1, 0, 2, 0), ("spot", 1, 0, 2, 0),
    ]  # fmt: skip


def test_hours_without_a_cost_and_costs_without_hours_are_in_no_price():
    """10 h for 50; 5 h that a plan covers, whose cost the report does not tell; 7 for a machine of unknown hours."""
    rows = attributed(
        {"cost": "50", "hours": "10"},
        {"cost": "0", "hours": "5", "commitment_id": "sp-7", "list_cost": "30"},
        {"cost": "7"},
    )
    told = {row["pricing_kind"]: row for row in UNIT_COSTS.check(unit_costs([
        accelerator_hour_costs(accelerator_costs(rows, NO_DECLARED, KINDS, NO_MEASUREMENT))
    ])).rows(named=True)}  # fmt: skip
    assert (told["on_demand"]["effective_unit_cost"], told["on_demand"]["unmeasured_effective_cost"]) == (5, 7)
    assert (told["committed"]["quantity"], told["committed"]["effective_unit_cost"]) == (0, None)


def test_accelerators_of_our_own_cost_what_was_declared():
    """8 stood there a day, 192 hours: 100 written off + 44 of power = 0.75 an hour; a quarter busy: 3.00."""
    usual = {"name": "cluster", "kind": "owned_accelerators", "day": DAY, "accelerator_type": "H100", "team": "ml",
             "standing": "declared", "currency": "USD"}  # fmt: skip
    parts = [
        {"part": "depreciation", "effective_cost": Decimal(100), "accelerator_hours": Decimal(192)},
        {"part": "electricity", "effective_cost": Decimal(44)},
    ]
    filled = [
        {**dict.fromkeys(DECLARED_COSTS.polars_schema), **usual, "declared_cost": part["effective_cost"], **part}
        for part in parts
    ]
    declared = pl.DataFrame(filled, schema=DECLARED_COSTS.polars_schema)
    row = hour(accelerator_costs(attributed(), declared, KINDS, measured("48", "192", source="declared")))
    assert (row["pricing_kind"], row["quantity"], row["effective_unit_cost"]) == ("owned", 192, Decimal("0.75"))
    assert (row["list_cost"], row["list_unit_cost"], row["contracted_cost"]) == (None, None, None)
    assert row["effective_cost_per_busy_unit"] == 3


AMOUNT = st.decimals(0, 10_000, places=4, allow_nan=False).map(str)
ROWS = st.fixed_dictionaries(
    {
        "cost": AMOUNT,
        "hours": AMOUNT | st.none(),
        "charge_category": st.sampled_from(["Usage", "Usage", "Purchase", "Credit"]),
        "commitment_id": st.sampled_from([None, "ri-1", "sp-2"]),
        "commitment_status": st.sampled_from([None, "Used", "Unused"]),
        "team": st.sampled_from(["ml", "search", None]),
        "region": st.sampled_from(["us-east-1", None]),
    }
)


@settings(max_examples=50)
@given(st.lists(ROWS, min_size=1, max_size=10), st.integers(0, 100))
def test_every_dollar_is_used_unused_or_unmeasured_once(rows, busy):
    """Σ effective + unused + unmeasured = Σ of the charges; and both tables are of the same hours and dollars."""
    charges = attributed(*rows)
    costs = accelerator_costs(charges, NO_DECLARED, KINDS, measured(str(busy), "100"))
    hours = UNIT_COSTS.check(unit_costs([accelerator_hour_costs(costs)]))
    owners = IDLE_ACCELERATORS.check(idle_accelerators(costs))
    parts = hours.select("effective_cost", "unused_cost", "unmeasured_effective_cost").sum().row(0)
    assert sum(parts) == charges["effective_cost"].sum()
    assert parts[:2] == (owners["used_cost"].sum(), owners["unused_cost"].sum())
    assert hours["quantity"].sum() == owners["used_hours"].sum()
    for row in hours.rows(named=True):
        if row["quantity"]:
            assert abs(row["effective_unit_cost"] * row["quantity"] - row["effective_cost"]) < Decimal("1e-7")
