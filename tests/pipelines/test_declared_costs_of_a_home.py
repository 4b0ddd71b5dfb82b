"""`costs` of outlay.yaml as the model takes them: components by kind, owners of the invoices that take their place."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from pydantic import ValidationError

from connectors.invoices.reading import read_invoices
from models.economics.components import LAYERS, taxonomy
from models.economics.declared_costs import INVOICED_DAYS_SCHEMA, OwnedAccelerators, People, declared_costs
from pipelines.declared import component_of, declared_cost, declared_owner_rules, with_declared_components
from pipelines.reference import reference_folder
from pipelines.settings import Settings

OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
SEATS = {"name": "Seats [EU]", "kind": "subscription", "amount": 1000, "per": "month", "team": "Search"}


def settings(*costs: dict[str, Any]) -> Settings:
    return Settings.model_validate({"organization": "Example", "costs": list(costs)})


def test_each_kind_is_its_own_and_has_a_component():
    said = settings(
        {
            "name": "Rack",
            "kind": "owned_accelerators",
            "accelerator": "H100",
            "count": 8,
            "purchase_price": 300000,
            "in_service": date(2026, 1, 1),
            "life_months": 48,
        },
        {"name": "Team", "kind": "people", "annual_cost": 400000, "share_pct": 25},
        SEATS,
        {**SEATS, "name": "Tracking", "component": "training_platforms"},
    ).costs
    made = [declared_cost(cost) for cost in said]
    assert [component_of(cost) for cost in said] == [
        "owned_hardware", "people_and_overheads", "people_and_overheads", "training_platforms",
    ]  # fmt: skip
    assert isinstance(made[0], OwnedAccelerators)
    assert (made[0].accelerator, made[0].count, made[0].pue) == ("H100", 8, 1)
    assert isinstance(made[1], People)
    assert made[1].annual_cost == Decimal(400000)
    assert made[2].team == "Search"


def test_hardware_that_loses_no_value_is_a_mistake():
    rack = {
        "name": "Rack", "kind": "owned_accelerators", "accelerator": "H100", "count": 8, "purchase_price": 100,
        "residual_value": 100, "in_service": date(2026, 1, 1), "life_months": 48,
    }  # fmt: skip
    with pytest.raises(ValidationError, match="residual_value must lie below purchase_price"):
        settings(rack)


def test_charges_of_an_invoice_belong_to_whom_the_cost_belongs_and_to_its_name_alone():
    said = settings(SEATS, {**SEATS, "name": "Nobody's", "team": None})
    assert [(rule.name, dict(rule.conditions), dict(rule.says)) for rule in declared_owner_rules(said)] == [
        ("costs: Seats [EU]", {"tag:outlay:declared_cost": "Seats [[]EU]"}, {"team": "Search"})
    ]


def test_the_documented_rack_costs_what_the_document_works_out():
    """280.60 a day in April 2026, 192 accelerator-hours."""
    text = OPERATIONS.read_text("utf-8")
    example = next(block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if block.startswith("costs:"))
    said = Settings.model_validate({"organization": "Example", **yaml.safe_load(example)}).costs
    costs = [declared_cost(cost) for cost in said]
    april = date(2026, 4, 7)
    rows = declared_costs(
        costs, pl.DataFrame(schema=INVOICED_DAYS_SCHEMA), since=april, through=april, layers=LAYERS
    ).filter(pl.col("name") == "H100 rack", pl.col("day").dt.date() == april)
    assert rows.select(pl.col("effective_cost", "accelerator_hours").sum()).row(0) == (Decimal("280.60"), 192)


def test_the_documented_invoice_is_read():
    text = OPERATIONS.read_text("utf-8")
    example = next(
        block for block in re.findall(r"```csv\n(.*?)```", text, re.DOTALL) if block.startswith("invoice_id")
    )
    (invoice,) = read_invoices(example.encode(), "operations.csv")
    assert sum(line.amount for line in invoice.lines) == 1070


def test_they_have_its_component_even_their_tax():
    table = pl.read_csv(reference_folder("taxonomy") / "components.csv", infer_schema=False)
    tagged = with_declared_components(taxonomy(table), settings({**SEATS, "component": "integration"}))
    charge = {
        "provider_name": "Chat Inc", "service_name": "Chat", "sku": None, "instance_type": None,
        "charge_category": "Tax", "ai_kind": None, **{f"tag:{key}": None for key in tagged.tag_keys},
    }  # fmt: skip
    rows = [charge, {**charge, "tag:outlay:declared_cost": "Seats [EU]"}]
    found = tagged.with_components(pl.DataFrame(rows, schema=dict.fromkeys(charge, pl.String)))
    assert found["component"].to_list() == ["people_and_overheads", "integration"]
