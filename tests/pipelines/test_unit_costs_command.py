"""`outlay unit-costs`: a table for each measure, a dash for what is unknown, and no table where there is nothing."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from models.economics.idle_accelerators import IDLE_ACCELERATORS
from models.economics.unit_costs import MEASURES, UNIT_COSTS
from models.errors import OutlayError
from pipelines.cli import app
from pipelines.cli_unit_costs import Measure
from pipelines.relations import create_table

USUAL = {"month": "2026-09", "currency": "USD", "billed_cost": Decimal(0), "unmeasured_effective_cost": Decimal(0)}
BLENDED = {
    "measure": "tokens_blended", "subject": "gpt-x", "unit": "1000000 Tokens", "quantity": Decimal(12),
    "effective_cost": Decimal(21), "effective_unit_cost": Decimal("1.75"), "cache_hit_share": Decimal("0.5"),
}  # fmt: skip
HOUR = {
    "measure": "accelerator_hour", "subject": "H100", "host_name": "AWS", "pricing_kind": "reserved",
    "unit": "Accelerator-Hours", "quantity": Decimal(100), "effective_cost": Decimal(200),
    "effective_unit_cost": Decimal(2), "effective_cost_per_used_unit": Decimal(4),
}  # fmt: skip
IDLE = {
    "month": "2026-09", "source": "aws", "accelerator_type": "H100", "team": "search", "currency": "USD",
    "used_hours": Decimal(100), "unused_hours": Decimal(100), "used_cost": Decimal(200), "unused_cost": Decimal(200),
}  # fmt: skip


@pytest.fixture
def shown(tmp_path):
    """What the command prints, over a warehouse with these rows."""

    def show(*arguments: str, units=(BLENDED, HOUR), idle=(IDLE,)) -> str:
        (tmp_path / "warehouse").mkdir()
        with duckdb.connect(str(tmp_path / "warehouse" / "outlay.duckdb")) as warehouse:
            warehouse.execute("CREATE SCHEMA marts")
            for table, rows in ((UNIT_COSTS, [{**USUAL, **row} for row in units]), (IDLE_ACCELERATORS, idle)):
                blank = dict.fromkeys(table.polars_schema)
                create_table(
                    warehouse, table, pl.DataFrame([{**blank, **row} for row in rows], schema=table.polars_schema)
                )
        result = CliRunner().invoke(app, ["unit-costs", *arguments, "--home", str(tmp_path)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return show


def test_every_measure_can_be_asked_for():
    assert sorted(Measure) == sorted(MEASURES)


def test_a_table_for_each_measure_and_the_idle_ones(shown):
    lines = [" ".join(line.split()) for line in shown().splitlines()]
    assert "A million tokens, all kinds together, September 2026" in lines
    assert "gpt-x 12.0 M – – 1.75 USD 21.00 USD 50.0 % – – 0.00 USD" in lines
    assert "H100 AWS reserved 100 – – 2.00 USD 4.00 USD – – 200.00 USD" in lines
    assert "H100 search aws 100 100 – 200.00 USD 200.00 USD – –" in lines
    assert "– where nobody measured: see `utilisation` in docs/operations.md" in lines


def test_one_measure_of_one_month(shown):
    told = shown("--measure", "tokens_blended", "--month", "2026-09")
    assert "gpt-x" in told
    assert "H100" not in told


def test_a_month_without_any_names_those_with(shown):
    with pytest.raises(OutlayError, match="nothing of this has a unit cost in January 2025") as absent:
        shown("--month", "2025-01")
    assert absent.value.remedy == "months with unit costs: 2026-09"


def test_where_there_is_nothing_it_says_so(shown):
    assert shown(units=(), idle=()) == "nothing has a unit cost yet\n"
